"""Archives that mean harm, and a child with limits in which they are read."""

from __future__ import annotations

import hashlib
import io
import json
import lzma
import multiprocessing
import os
import resource
import signal
import zlib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from pybackup.container.write import ArchiveWriter
from pybackup.host.output import Output
from pybackup.layout import index
from pybackup.model.content import Bare, Packed, PackedPiece, Piece, Ready, Whole
from pybackup.model.entry import Entry, Kind
from pybackup.model.member import Method

MEMORY = 3 << 30
SECONDS = 120
ID = b"hostile!"


def piece(path: bytes, data: bytes = b"harm", **lies: Any) -> PackedPiece:
    """A file that is stored, with any field of its packed form changed."""
    archive = bytes(32) + data
    packed = Packed(archive, len(data), len(data), Method.COPY, 0, hashlib.sha256(data).digest())
    entry = Entry(path, Kind.FILE, 0o644, size=lies.pop("size", len(data)))
    return PackedPiece(Piece(entry, b"", whole=Whole()), packed._replace(**lies))


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


# A name ends at a NUL in a tar header, and that is what the file is called when the index is refused for its NUL.
TAME = ("NUL",)


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
