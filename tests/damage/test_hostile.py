"""Archives that mean harm, every checksum of them right: refused and named, nothing outside of the target touched.

Each is extracted, listed, verified and unpacked in a child with a limit on its memory and on its time.
"""

from __future__ import annotations

import hashlib
import lzma
import os
import stat
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from kit.hostile import CASES, ID, TAME, bare, in_child, piece, without_indexes, write
from kit.snapshot import snapshot

from pybackup.archive.open import open_archive
from pybackup.check.info import info
from pybackup.check.verify import verify
from pybackup.codes import rs255 as codeword
from pybackup.errors import PybackupError
from pybackup.layout import index, note, ustar
from pybackup.layout.note import Note, Role
from pybackup.model.content import Ready
from pybackup.model.entry import Kind
from pybackup.monitor import Monitor
from pybackup.restore.plan import RestoreOptions, plan_restore
from pybackup.restore.run import run as restore
from pybackup.restore.unpack import unpack
from pybackup.standalone import rescue
from pybackup.tree.place import PlaceOptions

SECRET = b"outside of the target"


def said_of(archive: Path, target: Path) -> dict[str, list[str]]:
    """What each job says of an archive; all but `PybackupError` comes through."""
    path = os.fsencode(archive)
    said: dict[str, list[str]] = {}

    def run(name: str, job: Callable[[Monitor], object]) -> None:
        monitor = Monitor()
        try:
            job(monitor)
        except PybackupError as error:
            said[name] = [str(error)]
        else:
            said[name] = [f"{problem.path[:80]!r} {problem.reason}" for problem in monitor.problems]

    def extract(monitor: Monitor) -> None:
        with open_archive(path) as opened:
            options = RestoreOptions(place=PlaceOptions(), workers=1)
            restore(plan_restore(opened, (), os.fsencode(target), options), monitor=monitor)

    def judge(monitor: Monitor) -> None:
        verdict = verify(path, deep=True, workers=1, monitor=monitor)
        said["state"] = [verdict.state.value]

    run("extract", extract)
    run("list", lambda monitor: info(path))
    run("verify", judge)
    run("unpack", lambda monitor: unpack(path, os.fsencode(target) + b"-unpacked", monitor=monitor))
    return said


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[Path]:
    """A directory beside the target that nothing may touch."""
    place = tmp_path / "outside"
    place.mkdir()
    (place / "secret").write_bytes(SECRET)
    before = snapshot(os.fsencode(place))
    yield place
    assert snapshot(os.fsencode(place)) == before
    left = {path.name for path in tmp_path.iterdir()}
    assert left <= {"outside", "a.xtar", "target", "target-unpacked"}


@pytest.mark.parametrize("kind", CASES)
@pytest.mark.parametrize("damaged", ["whole", "without its tree index", "without any index"])
def test_hostile(kind: str, damaged: str, tmp_path: Path, outside: Path) -> None:
    archive, target = tmp_path / "a.xtar", tmp_path / "target"
    for name, items in CASES[kind]():
        try:
            write(archive, items)
        except (PybackupError, ValueError, OverflowError):
            continue  # the writer itself refuses: another test of its own
        archive.write_bytes(without_indexes(archive.read_bytes(), damaged))
        said = in_child(lambda: said_of(archive, target))
        assert isinstance(said, dict), (name, said)
        assert said["extract"] or name in TAME, name
        for left in (path for path in target.rglob("*") if path.is_file() and not path.is_symlink()):
            assert left.read_bytes() in (b"harm", b"other"), (name, left)
        assert not any(stat.S_ISCHR(path.lstat().st_mode) for path in target.rglob("*"))
        for place in (target, tmp_path / "target-unpacked"):
            remove(place)


def remove(place: Path) -> None:
    if place.is_dir():
        for path in sorted(place.rglob("*"), reverse=True):
            if path.is_dir() and not path.is_symlink():
                path.rmdir()
            else:
                path.unlink()
        place.rmdir()


def sealed_index(plain: bytes, **fields: Any) -> bytes:
    """An index with any columns, its digests and parity right."""
    body = lzma.compress(plain, format=lzma.FORMAT_RAW, filters=[{"id": lzma.FILTER_LZMA2, "preset": 0, "pb": 0}])
    head = index.Head(index.TREE, 32, ID, 0, 0, 0, 0, len(plain), len(body), hashlib.sha256(body).digest()[:16])
    head = replace(head, **fields)
    return b"".join((head.pack(index.HEAD_MAGIC), body, codeword.protect(body), head.pack(index.FOOT_MAGIC)))


@pytest.mark.parametrize(
    "blob",
    [
        sealed_index(bytes(100), entries=2**32 - 1),
        sealed_index(bytes(60 << 20), entries=50 << 20),
        sealed_index(bytes(1000), entries=10, plain_bytes=1 << 60),
        sealed_index(bytes(1000), digests=2**32 - 1),
        sealed_index(b"\xff" * 1000, entries=10),
        sealed_index(bytes(9 * 9) + b"\xff" * 4096, entries=1 << 20, plain_bytes=9 * 9 + 4096),
    ],
    ids=["2^32-1 entries", "entries of nothing", "2^60 bytes", "2^32-1 digests", "columns of 255 planes", "noise"],
)
def test_hostile_indexes(blob: bytes, tmp_path: Path, outside: Path) -> None:
    archive = tmp_path / "a.xtar"
    write(archive, [piece(b"f")])
    data = archive.read_bytes()
    locator = Note.unpack(data[: ustar.BLOCK])
    start = locator.raw_bytes
    end = start + ustar.padded(len(blob)) + len(ustar.END)
    changed = replace(locator, stream_bytes=len(blob), file_bytes=end)
    header = replace(ustar.Header.unpack(data[: ustar.BLOCK]), linkname=changed.pack()).pack()
    archive.write_bytes(note.seal(header) + data[ustar.BLOCK : start] + blob + bytes(end - start - len(blob)))
    said = in_child(lambda: said_of(archive, tmp_path / "target"))
    assert isinstance(said, dict), said
    assert said["state"] != ["intact"]
    # Its own index is as good.
    assert (tmp_path / "target" / "f").read_bytes() == b"harm"


def test_a_container_within_itself(tmp_path: Path, outside: Path) -> None:
    archive = tmp_path / "a.xtar"
    write(archive, [bare(b"d", Kind.DIRECTORY), piece(b"d/f")])
    data = without_indexes(archive.read_bytes(), "without any index")
    changed = bytearray(data)
    for at in range(0, len(data), ustar.BLOCK):
        try:
            said = Note.unpack(data[at : at + ustar.BLOCK])
        except PybackupError:
            continue
        if said.role is Role.CONTAINER:
            itself = replace(said, container=said.raw_bytes)
            header = replace(ustar.Header.unpack(data[at : at + ustar.BLOCK]), linkname=itself.pack()).pack()
            changed[at : at + ustar.BLOCK] = note.seal(header)
    archive.write_bytes(bytes(changed))
    said_by = in_child(lambda: said_of(archive, tmp_path / "target"))
    assert isinstance(said_by, dict), said_by
    assert said_by["extract"]
    assert [path.name for path in (tmp_path / "target").rglob("f")] == ["f"]


@pytest.mark.parametrize(
    "lies",
    [{"raw_bytes": 2**64 - 1}, {"raw_bytes": 0}, {"stream_bytes": 2**64 - 1}, {"stream_bytes": 1}],
    ids=["offset beyond all", "no offset", "length beyond all", "too short"],
)
def test_locators_that_lie(lies: dict[str, Any], tmp_path: Path) -> None:
    archive = tmp_path / "a.xtar"
    write(archive, [piece(b"f")])
    data = archive.read_bytes()
    changed = replace(Note.unpack(data[: ustar.BLOCK]), **lies)
    header = replace(ustar.Header.unpack(data[: ustar.BLOCK]), linkname=changed.pack()).pack()
    archive.write_bytes(note.seal(header) + data[ustar.BLOCK :])
    said = in_child(lambda: said_of(archive, tmp_path / "target"))
    assert isinstance(said, dict), said
    assert said["state"] == ["repairable"]
    assert (tmp_path / "target" / "f").read_bytes() == b"harm"


def test_an_index_longer_than_its_head_says(tmp_path: Path) -> None:
    archive = tmp_path / "a.xtar"
    write(archive, [piece(b"f")])
    data = archive.read_bytes()
    locator = Note.unpack(data[: ustar.BLOCK])
    start, size = locator.raw_bytes, locator.stream_bytes
    blob = data[start : start + size]
    blob = blob[: -index.HEAD.size] + bytes(512) + blob[-index.HEAD.size :]
    said = replace(Note.unpack(data[start - ustar.BLOCK : start]), raw_bytes=len(blob), data_crc=zlib.crc32(blob))
    own = ustar.Header.unpack(data[start - ustar.BLOCK : start])
    own_block = note.seal(replace(own, size=len(blob), linkname=said.pack()).pack())
    end = start + ustar.padded(len(blob)) + len(ustar.END)
    first = replace(locator, stream_bytes=len(blob), file_bytes=end)
    header = note.seal(replace(ustar.Header.unpack(data[: ustar.BLOCK]), linkname=first.pack()).pack())
    body = header + data[ustar.BLOCK : start - ustar.BLOCK] + own_block + blob
    archive.write_bytes(body + bytes(end - len(body)))
    result = in_child(lambda: said_of(archive, tmp_path / "target"))
    assert isinstance(result, dict), result
    assert result["state"] != ["intact"]
    assert (tmp_path / "target" / "f").read_bytes() == b"harm"


@pytest.mark.parametrize("way", ["extract", "salvage", "rescue.py extract", "rescue.py salvage"])
@pytest.mark.parametrize(
    "links",
    [{b"h": b"secret"}, {b"a": b"b", b"b": b"secret"}, {b"b": b"secret", b"c": b"b"}, {b"h": b"d/secret"}],
    ids=["a link", "a link to a later link", "a link to an earlier link", "in a directory of the archive"],
)
def test_a_hard_link_leads_only_to_what_is_the_archives(way: str, links: dict[bytes, bytes], tmp_path: Path) -> None:
    """What stood in the target before is nobody's to link to: a secret would get a second name, and be given away."""
    archive, target = tmp_path / "a.xtar", tmp_path / "target"
    items: list[Ready] = [bare(b"d", Kind.DIRECTORY), piece(b"f"), bare(b"sound", Kind.HARDLINK, target=b"f")]
    write(archive, [*items, *(bare(name, Kind.HARDLINK, target=to) for name, to in links.items())])
    (target / "d").mkdir(parents=True)
    for secret in (target / "secret", target / "d/secret"):
        secret.write_bytes(SECRET)
    paths = [os.fsdecode(archive), "--to", os.fsdecode(target)]
    if way.startswith("rescue.py"):
        command = [sys.executable, "-I", rescue.__file__, way.split()[1], *paths]
    else:
        command = [sys.executable, "-m", "pybackup", way, *paths]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 1
    assert b"was not restored" in done.stdout + done.stderr
    assert (target / "sound").stat().st_ino == (target / "f").stat().st_ino
    assert [path.stat().st_nlink for path in (target / "secret", target / "d/secret")] == [1, 1]
    assert not any((target / os.fsdecode(name)).exists() for name in links)
