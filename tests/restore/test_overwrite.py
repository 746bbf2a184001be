"""Files in the target are replaced by restored ones, also a directory by a file and the reverse."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

import pybackup
from pybackup.archive.open import open_archive
from pybackup.host.temporaries import is_temporary
from pybackup.mend.mended import MendedArchive
from pybackup.model.entry import Entry, Kind
from pybackup.model.listing import FoundRows, Listing, Way
from pybackup.model.member import Stored
from pybackup.model.problem import Trouble
from pybackup.monitor import Monitor
from pybackup.restore.plan import RestoreOptions, plan_restore, plan_salvage
from pybackup.restore.run import run
from pybackup.tree.place import Overwrite, PlaceOptions

BIG = 9 << 20


def was_file_now_directory(top: Path) -> None:
    (top / "x").write_bytes(b"file")


def was_directory_now_file(top: Path) -> None:
    (top / "x/deep/deeper").mkdir(parents=True)
    (top / "x/deep/file").write_bytes(b"below")


def make_file(top: Path) -> None:
    (top / "x").write_bytes(b"file")


def make_big_file(top: Path) -> None:
    (top / "x").write_bytes(os.urandom(BIG))


def make_link(top: Path) -> None:
    (top / "x").symlink_to("y")


def make_hard_link(top: Path) -> None:
    (top / "a").write_bytes(b"file")
    os.link(top / "a", top / "x")


def make_directory(top: Path) -> None:
    (top / "x/in").mkdir(parents=True)
    (top / "x/in/file").write_bytes(b"in it")


def made(base: Path, make: Callable[[Path], None]) -> tuple[Path, Path]:
    """A tree and an archive of it."""
    top = base / "new/top"
    top.mkdir(parents=True)
    make(top)
    pybackup.create([top], base / "a.xtar", workers=1, segment_size=4 << 20, monitor=Monitor())
    return top, base / "a.xtar"


def told(top: Path) -> dict[str, tuple[bool, bytes | str]]:
    found = {}
    for path in sorted(top.rglob("*")):
        content = os.readlink(path) if path.is_symlink() else b"" if path.is_dir() else path.read_bytes()
        found[str(path.relative_to(top))] = (path.is_dir(), content)
    return found


@pytest.mark.parametrize("verb", ["extract", "salvage"])
@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize(
    ("before", "now"),
    [
        (was_file_now_directory, make_directory),
        *((was_directory_now_file, make) for make in (make_file, make_big_file, make_link, make_hard_link)),
    ],
)
def test_another_kind_is_replaced(
    tmp_path: Path, verb: str, workers: int, before: Callable[[Path], None], now: Callable[[Path], None]
) -> None:
    top, archive = made(tmp_path, now)
    out = tmp_path / "out"
    (out / "top").mkdir(parents=True)
    before(out / "top")
    place = PlaceOptions(Overwrite.ALWAYS)
    monitor = Monitor()
    with open_archive(os.fsencode(archive)) as opened:
        if verb == "extract":
            options = RestoreOptions(place, workers=workers)
            run(plan_restore(opened, (), os.fsencode(out), options), monitor=monitor)
        else:
            how = RestoreOptions(place=place, workers=workers)
            run(
                plan_salvage(MendedArchive(opened.place, opened.listing, None), os.fsencode(out), how),
                monitor=monitor,
            )
    assert not monitor.problems
    assert told(out / "top") == told(top)


@pytest.mark.parametrize("verb", ["extract", "salvage"])
def test_without_always_both_stay(tmp_path: Path, verb: str) -> None:
    _, archive = made(tmp_path, make_file)
    out = tmp_path / "out"
    (out / "top").mkdir(parents=True)
    was_directory_now_file(out / "top")
    before = told(out)
    monitor = Monitor()
    if verb == "extract":
        pybackup.extract(archive, out, workers=1, monitor=monitor)
    else:
        pybackup.salvage([archive], out, workers=1, monitor=monitor)
    assert [problem.trouble for problem in monitor.problems] == [Trouble.EXISTS]
    assert told(out) == before


@pytest.mark.parametrize("verb", ["extract", "salvage"])
def test_no_entry_replaces_what_the_same_archive_has(tmp_path: Path, verb: str) -> None:
    """A hostile archive has a path that is a file or a link, and also a directory."""
    top, archive = made(tmp_path, make_directory)
    with open_archive(os.fsencode(archive)) as opened:
        rows = list(opened.listing)
        inner = next(stored for stored in rows if stored.entry.path == b"top/x/in/file")
        clash = [
            Stored(Entry(b"top/x", Kind.SYMLINK, target=b"elsewhere")),
            Stored(Entry(b"top/x/in", Kind.FILE, size=inner.entry.size), inner.members),
        ]
        paths = [stored.entry.path for stored in (*rows, *clash)]
        listing = Listing(paths, FoundRows([*rows, *clash]), Way.TREE, b"", len(paths))
        place, monitor, out = PlaceOptions(Overwrite.ALWAYS), Monitor(), tmp_path / "out"
        if verb == "extract":
            opened.listing = listing
            plan = plan_restore(opened, (), os.fsencode(out), RestoreOptions(place, workers=1))
            run(plan, monitor=monitor)
        else:
            run(
                plan_salvage(
                    MendedArchive(opened.place, listing, None),
                    os.fsencode(out),
                    RestoreOptions(place=place, workers=1),
                ),
                monitor=monitor,
            )
    assert told(out / "top") == told(top)
    assert {(problem.path, problem.trouble) for problem in monitor.problems} == {
        (b"top/x", Trouble.REFUSED),
        (b"top/x/in", Trouble.REFUSED),
    }
    fd = os.open(out / "top", os.O_RDONLY)
    assert not [name for name in os.listdir(fd) if is_temporary(os.fsencode(name), fd)]
    os.close(fd)
