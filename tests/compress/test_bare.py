"""A bare ``.7z``: read back as it was written; damaged or hostile, refused and never believed."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pybackup.compress.bare import BareMember, decode_bare, read_bare
from pybackup.compress.methods import MAX_SEGMENT_BYTES, Compression
from pybackup.compress.pack import PackJob, pack
from pybackup.compress.sevenzip import wrap
from pybackup.errors import FormatError
from pybackup.host.storage import ArchiveFile
from pybackup.layout.sevenzip import START, STREAM_OFFSET, StartHeader
from pybackup.model.member import Method

CONTENT = b"What was written must come back.\n" * 300


def packed(method: Method = Method.LZMA2, content: bytes = CONTENT, name: bytes = b"a.txt") -> bytes:
    return pack(PackJob(content, name, 0o640, 1_600_000_000_123_456_700, method, Compression.DEFAULT)).data


@contextmanager
def as_file(data: bytes, room: Path) -> Iterator[ArchiveFile]:
    path = room / "bare"
    path.write_bytes(data)
    with ArchiveFile(os.fsencode(path)) as file:
        yield file


@pytest.mark.parametrize("method", Method)
@pytest.mark.parametrize("content", [b"", b"x", CONTENT], ids=["empty", "tiny", "text"])
def test_what_was_written_is_read(room: Path, method: Method, content: bytes) -> None:
    level = Compression.FAST if method is Method.DEFLATE else Compression.DEFAULT
    job = PackJob(content, b"a.txt", 0o640, 1_600_000_000_123_456_700, method, level)
    written = pack(job)
    with as_file(bytes(512) + written.data, room) as file:
        bare = read_bare(file, 512)
        assert b"".join(decode_bare(file, bare)) == content
    assert (bare.name, bare.mode, bare.mtime_ns) in {(name, 0o640, job.mtime_ns) for name in (b"a.txt", b"f")}
    member = bare.member
    assert (member.method, member.stream_bytes) == (written.method, written.stream_bytes)
    assert (member.raw_bytes, member.packed_bytes) == (len(content), len(written.data))


def test_every_method_is_known_by_its_coders(room: Path) -> None:
    for method in Method:
        dictionary = 0 if method in (Method.COPY, Method.DEFLATE) else 1 << 20
        data = wrap(b"12345", bytes(1 << 20), name=b"n", mode=0o600, mtime_ns=0, method=method, dictionary=dictionary)
        with as_file(data, room) as file:
            member = read_bare(file, 0).member
        assert (member.method, member.dictionary_bytes, member.raw_bytes) == (method, dictionary, 1 << 20)


def resealed(data: bytes, stream_bytes: int) -> bytes:
    """The ``.7z`` with both CRCs of its headers put right."""
    tail = data[STREAM_OFFSET + stream_bytes :]
    fields = START.pack(*START.unpack(data[: START.size])[:6], zlib.crc32(tail))
    fields = fields[:8] + zlib.crc32(fields[12:]).to_bytes(4, "little") + fields[12:]
    return fields + data[START.size :]


def read(data: bytes, room: Path) -> tuple[BareMember, bytes] | None:
    with as_file(data, room) as file:
        try:
            bare = read_bare(file, 0)
            return bare, b"".join(decode_bare(file, bare))
        except FormatError:
            return None


def test_any_flipped_byte_is_refused_or_harmless(room: Path) -> None:
    data = packed()
    for at in range(len(data)):
        changed = bytearray(data)
        changed[at] ^= 0x10
        found = read(bytes(changed), room)
        # The minor version is not covered by a CRC, and tells nothing.
        assert found is None or (at == 7 and found[1] == CONTENT)


@pytest.mark.parametrize("method", [Method.COPY, Method.LZMA2, Method.X86_LZMA2])
def test_resealed_headers_that_lie_never_give_wrong_content(room: Path, method: Method) -> None:
    content = CONTENT if method is not Method.COPY else os.urandom(100)
    data = packed(method, content)
    stream_bytes = StartHeader.unpack(data[: START.size]).stream_bytes
    assert resealed(data, stream_bytes) == data
    for at in range(STREAM_OFFSET + stream_bytes, len(data)):
        for value in (0, 1, 7, 0x21, 0x7F, 0x80, 0xC0, 0xFE, 0xFF):
            changed = bytearray(data)
            changed[at] = value
            found = read(resealed(bytes(changed), stream_bytes), room)
            assert found is None or found[1] == content
            if found is not None:
                assert found[0].member.dictionary_bytes <= MAX_SEGMENT_BYTES


def test_cut_end_headers_are_refused(room: Path) -> None:
    data = packed()
    stream_bytes = StartHeader.unpack(data[: START.size]).stream_bytes
    tail_bytes = len(data) - STREAM_OFFSET - stream_bytes
    for length in range(1, tail_bytes):
        fields = list(START.unpack(data[: START.size]))
        fields[5] = length
        cut = START.pack(*fields) + data[START.size : STREAM_OFFSET + stream_bytes + length]
        assert read(resealed(cut, stream_bytes), room) is None


def test_a_dictionary_asks_for_no_more_memory_than_the_content_has(room: Path) -> None:
    data = wrap(b"12345", b"six", name=b"n", mode=0o600, mtime_ns=0, method=Method.LZMA2, dictionary=1 << 22)
    with as_file(data, room) as file:
        assert read_bare(file, 0).member.dictionary_bytes == 4096


def test_a_content_of_no_honest_length_is_refused(room: Path) -> None:
    data = packed(Method.COPY, b"hello, hello, hello")
    stream_bytes = StartHeader.unpack(data[: START.size]).stream_bytes
    at = data.rindex(b"\x0c\x13")  # the length of the unpacked stream
    changed = data[: at + 1] + b"\xf0\xff\xff\xff\xff" + data[at + 2 :]
    fields = list(START.unpack(changed[: START.size]))
    fields[5] += 4
    assert read(resealed(START.pack(*fields) + changed[START.size :], stream_bytes), room) is None
