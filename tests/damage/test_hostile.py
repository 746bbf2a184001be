"""Archives that mean harm, every checksum of them right: refused and named, nothing outside of the target touched.

Each is extracted, listed, verified and unpacked in a child with a limit on its memory and on its time.
"""

from __future__ import annotations

import hashlib
import io
import json
import lzma
import multiprocessing
import os
import resource
import signal
import stat
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from kit.snapshot import snapshot

from pybackup.archive.open import open_archive
from pybackup.check.info import info
from pybackup.check.verify import verify
from pybackup.codes import rs255 as codeword
from pybackup.container.write import ArchiveWriter
from pybackup.errors import PybackupError
from pybackup.host.output import Output
from pybackup.layout import index, note, ustar
from pybackup.layout.note import Note, Role
from pybackup.model.content import Bare, Packed, PackedPiece, Piece, Ready, Whole
from pybackup.model.entry import Entry, Kind
from pybackup.model.member import Method
from pybackup.monitor import Monitor
from pybackup.restore.plan import RestoreOptions, plan_restore
from pybackup.restore.run import run as restore
from pybackup.restore.unpack import unpack
from pybackup.standalone import rescue
from pybackup.tree.place import PlaceOptions

MEMORY = 3 << 30
SECONDS = 120
ID = b"hostile!"
SECRET = b"outside of the target"


def piece(path: bytes, data: bytes = b"harm", **lies: Any) -> PackedPiece:
    """A file that is stored, with any field of its packed form changed."""
    archive = bytes(32) + data
    packed = Packed(archive, len(data), len(data), Method.COPY, 0, hashlib.sha256(data).digest())
    entry = Entry(path, Kind.FILE, 0o644, size=lies.pop("size", len(data)))
    return PackedPiece(Piece(entry, b"", whole=Whole()), replace(packed, **lies))


def bare(path: bytes, kind: Kind, **fields: Any) -> Bare:
    return Bare(Entry(path, kind, 0o755 if kind is Kind.DIRECTORY else 0o644, **fields))


def write(path: Path, items: list[Ready]) -> None:
    with Output(os.fsencode(path), replace=True) as output:
        writer = ArchiveWriter(output, archive_id=ID, readme=b"harmless\n", mtime_ns=0)
        for _ in writer.write(items):
            pass
        writer.close(structure=(), links=(), settings=json.dumps({"format": 1}).encode())
        output.publish()


@cache
def bomb(raw_bytes: int) -> tuple[bytes, bytes]:
    """An LZMA2 stream of so many zeros, and the digest of what it says it is."""
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 0}]
    encoder = lzma.LZMACompressor(format=lzma.FORMAT_RAW, filters=filters)
    out = io.BytesIO()
    for _ in range(raw_bytes >> 20):
        out.write(encoder.compress(bytes(1 << 20)))
    out.write(encoder.flush())
    return out.getvalue(), hashlib.sha256(b"").digest()


def bombs() -> Iterator[tuple[str, list[Ready]]]:
    stream, digest = bomb(1 << 29)
    common: dict[str, Any] = {
        "data": bytes(32) + stream,
        "stream_bytes": len(stream),
        "method": Method.LZMA2,
        "digest": digest,
    }
    yield "more than it says", [piece(b"f", size=10, raw_bytes=10, dictionary_bytes=1 << 20, **common)]
    yield "says to be huge", [piece(b"f", size=1 << 50, raw_bytes=1 << 50, dictionary_bytes=1 << 20, **common)]
    yield "says a segment", [piece(b"f", size=1 << 28, raw_bytes=1 << 28, dictionary_bytes=1 << 20, **common)]
    yield "dictionary", [piece(b"f", size=10, raw_bytes=10, dictionary_bytes=1 << 40, **common)]
    squeezed = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = squeezed.compress(bytes(1 << 28)) + squeezed.flush()
    common = {"data": bytes(32) + data, "stream_bytes": len(data), "method": Method.DEFLATE, "digest": digest}
    yield "deflate", [piece(b"f", size=3, raw_bytes=3, **common)]


def lies() -> Iterator[tuple[str, list[Ready]]]:
    yield "size above its members", [piece(b"f", size=1000)]
    yield "size below its members", [piece(b"f", size=1)]
    yield "raw bytes above", [piece(b"f", size=1000, raw_bytes=1000)]
    yield "stream beyond the end", [piece(b"f", stream_bytes=1 << 40)]
    yield "digest of something else", [piece(b"f", digest=bytes(32))]


def paths() -> Iterator[tuple[str, list[Ready]]]:
    yield "dots", [bare(b"..", Kind.DIRECTORY), piece(b"../evil")]
    yield "dots within", [bare(b"a", Kind.DIRECTORY), bare(b"a/..", Kind.DIRECTORY), piece(b"a/../evil")]
    yield "NUL", [piece(b"a\0b")]
    yield "empty", [piece(b"")]
    yield "one dot", [piece(b".")]
    yield "long name", [piece(b"n" * 70_000)]
    yield "twice", [piece(b"f"), piece(b"f", b"other")]
    yield "file and directory", [bare(b"f", Kind.DIRECTORY), piece(b"f"), piece(b"g")]
    yield (
        "through a link",
        [
            bare(b"d", Kind.SYMLINK, target=b"../outside"),
            bare(b"d", Kind.DIRECTORY),
            piece(b"d/secret"),
        ],
    )
    yield (
        "link beside its directory",
        [
            bare(b"d", Kind.DIRECTORY),
            piece(b"d/evil"),
            bare(b"d", Kind.SYMLINK, target=b"../outside"),
        ],
    )
    yield "hard link out", [bare(b"h", Kind.HARDLINK, target=b"../outside/secret")]
    yield "absolute hard link", [bare(b"h", Kind.HARDLINK, target=b"/etc/passwd")]
    yield (
        "hard link through a link",
        [
            bare(b"d", Kind.SYMLINK, target=b"../outside"),
            bare(b"h", Kind.HARDLINK, target=b"d/secret"),
        ],
    )
    yield "device", [bare(b"mem", Kind.CHARACTER, device=(1, 1))]
    yield "setuid attribute", [bare(b"x", Kind.DIRECTORY, xattrs={b"trusted.\0x": b"y"})]


CASES: dict[str, Callable[[], Iterator[tuple[str, list[Ready]]]]] = {"bombs": bombs, "lies": lies, "paths": paths}


def in_child(job: Callable[[], Any]) -> Any:
    """What ``job`` returns in a process that may take no more memory and time than this."""
    receiver, sender = multiprocessing.Pipe(duplex=False)
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
            signal.alarm(4 * SECONDS)
            sender.send(job())
            status = 0
        except BaseException as error:
            sender.send(f"{type(error).__name__}: {error}")
        finally:
            os._exit(status)
    sender.close()
    try:
        result = receiver.recv()
    except EOFError:
        result = "killed: it hung or took too much memory"
    receiver.close()
    os.waitpid(pid, 0)
    return result


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


# A name ends at a NUL in a tar header, and that is what the file is called when the index is refused for its NUL.
TAME = ("NUL",)


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


def without_indexes(data: bytes, damaged: str) -> bytes:
    """The archive with the magic of its indexes gone, so that headers and structure have to do."""
    changed = bytearray(data)
    at = 0
    while damaged != "whole" and (at := data.find(index.HEAD_MAGIC, at)) >= 0:
        head = index.Head.unpack(data[at : at + index.HEAD.size])
        if head.scope == index.TREE or damaged == "without any index":
            changed[at : at + head.total_bytes] = bytes(head.total_bytes)
        at += 8
    return bytes(changed)


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
