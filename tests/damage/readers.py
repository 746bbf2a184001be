"""All that reads an archive, side by side: which names it knows, which files it brings back, none of them wrong."""

from __future__ import annotations

import contextlib
import io
import os
import random
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from kit.memory import fast_directory

import pybackup
from pybackup.errors import PybackupError
from pybackup.model.problem import Problem
from pybackup.monitor import Monitor
from pybackup.standalone import rescue

MIB = 1 << 20
VOLUME_BYTES = {"set": (270_000, 260_000), "set of ten": (370_000,)}
IMAGE_SECTORS = 40


@dataclass(frozen=True)
class Subject:
    """What gets damaged: files that are one archive or one set, and the contents of the tree by their names.

    Attributes
    ----------
    more
        Recovery volumes.
    has_parity
        Some readers can mend it, if only single bytes by the sums of sectors, and rescue.py cannot.
    """

    files: Mapping[str, bytes]
    contents: Mapping[str, bytes]
    more: Mapping[str, bytes]
    has_parity: bool

    @property
    def data(self) -> bytes:
        """The one file."""
        (data,) = self.files.values()
        return data


@dataclass(frozen=True)
class Read:
    """What a reader brought back whole, what it knows by name, and what it said."""

    right: frozenset[str]
    known: frozenset[str]
    problems: tuple[Problem, ...]
    refusal: str = ""

    @property
    def said(self) -> str:
        """Its words."""
        return "; ".join([self.refusal, *(f"{problem.path!r}: {problem.reason}" for problem in self.problems)])


@cache
def subject(kind: str) -> Subject:
    """A small tree, packed as ``kind`` says: bare, shifted, sums, parity, image, set, set of ten, or a bare one."""
    with fast_directory() as base:
        top = _plant(base / "tree", 480 if "ten" in kind else 80)
        contents = _contents(base)
        more: dict[str, bytes] = {}
        quiet = Monitor()
        parity = None if "bare" in kind else {"sums": "none", "shifted": None}.get(kind, "10%")
        made = base / "made"
        if "set" in kind:
            *first, then = VOLUME_BYTES[kind.removeprefix("bare ")]
            pybackup.create_set(
                [top],
                made,
                then,
                name="docs",
                first_volumes=first,
                recovery_volumes=1,
                segment_size=MIB,
                parity=parity,
                workers=1,
                monitor=quiet,
            )
            more = {path.name: path.read_bytes() for path in made.glob("*-R*")}
        else:
            made.mkdir()
            pybackup.create([top], made / "a.xtar", segment_size=MIB, parity=parity, workers=1, monitor=quiet)
        if kind.endswith("image"):
            pybackup.disc_build([made / "a.xtar"], to=base / "disc", monitor=quiet)
            made = base / "disc"
        files = {path.name: path.read_bytes() for path in sorted(made.iterdir()) if path.name not in more}
        if kind == "shifted":
            files = {name: bytes(IMAGE_SECTORS * 2048) + data for name, data in files.items()}
        assert not quiet.problems
        return Subject(files, contents, more, parity is not None or kind.endswith("image"))


def _plant(top: Path, files: int) -> Path:
    chance = random.Random(11)
    for number in range(files):
        path = top / f"d{number % 5}" / f"e{number % 2}" / f"file{number}"
        path.parent.mkdir(parents=True, exist_ok=True)
        size = chance.choice((0, 90, 700, 3000, chance.randrange(16_000)))
        words = b"%d words and %d more\n" % (number, number * number)
        path.write_bytes(chance.randbytes(size) if number % 2 else words * (size // 20))
    # Two segments, the first of which compresses to nothing; a sparse file; one with two names; a long name.
    (top / "large").write_bytes(bytes(MIB) + chance.randbytes(30_000))
    with (top / "d1" / "sparse").open("wb") as file:
        file.truncate(1 << 18)
        file.seek(1 << 17)
        file.write(chance.randbytes(5000))
    os.link(top / "d1" / "e1" / "file1", top / "zlink")
    (top / "d2" / ("long" * 30)).write_bytes(b"a name that no ustar header holds")
    for path in top.rglob("*"):
        os.utime(path, ns=(0, 1_700_000_000_123_456_789))
    return top


def _contents(base: Path) -> dict[str, bytes]:
    return {
        os.path.relpath(os.path.join(directory, name), base): Path(directory, name).read_bytes()
        for directory, _, names in os.walk(base)
        for name in names
    }


def write(directory: Path, files: Mapping[str, bytes]) -> list[Path]:
    """Write files to an empty directory."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    for name, data in files.items():
        (directory / name).write_bytes(data)
    return [directory / name for name in files]


@contextlib.contextmanager
def _said(to: Path) -> Iterator[list[str]]:
    refused: list[str] = []
    try:
        yield refused
    except PybackupError as error:
        refused.append(f"{type(error).__name__}: {error}")


def read(how: str, paths: Sequence[Path], to: Path, contents: Mapping[str, bytes]) -> Read:
    """What ``how`` does of extract, salvage, list, rescue extract and rescue salvage; nothing of it may be wrong."""
    assert not to.exists()
    monitor = Monitor()
    known: frozenset[str] = frozenset()
    with _said(to) as refused:
        if how == "extract":
            pybackup.extract(paths, to, workers=1, monitor=monitor)
        elif how == "salvage":
            pybackup.salvage(paths, to, workers=1, monitor=monitor)
        elif how == "list":
            known = frozenset(os.fsdecode(stored.entry.path) for stored in pybackup.list(paths, monitor=monitor))
        else:
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as said:
                status = rescue.main([how.split()[1], *map(os.fspath, paths), "--to", os.fspath(to)])
            refused += [said.getvalue()] if status > 1 else []
    found = _contents(to) if to.exists() else {}
    shutil.rmtree(to, ignore_errors=True)
    wrong = [name for name, data in found.items() if name in contents and contents[name] != data]
    assert wrong == [], how
    right = frozenset(name for name in found if name in contents)
    return Read(right, known or right, tuple(monitor.problems), "".join(refused))


def read_by_all(paths: Sequence[Path], to: Path, subject: Subject) -> dict[str, Read]:
    """What each reader makes of files, of which all that is promised holds."""
    reads = {
        how: read(how, paths, to, subject.contents)
        for how in ("extract", "salvage", "list", "rescue extract", "rescue salvage")
    }
    agreeing = [("extract", "salvage"), ("salvage", "extract"), ("rescue extract", "extract")]
    agreeing += [("rescue extract", "rescue salvage"), ("rescue salvage", "rescue extract")]
    agreeing += [] if subject.has_parity else [("extract", "rescue extract")]
    for one, other in agreeing:
        assert missing(reads, one, other) == [], f"{other} lacks {missing(reads, one, other)}: {reads[other].said}"
    assert sorted(reads["extract"].right - reads["list"].known) == [], f"list: {reads['list'].said}"
    return reads


def missing(reads: Mapping[str, Read], there: str, not_there: str) -> list[str]:
    """The files that one reader brings back, and another does not."""
    return sorted(reads[there].right - reads[not_there].right)
