"""A bundle read by its own headers alone: as it was written; damaged or hostile, refused and never believed."""

from __future__ import annotations

import os
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pybackup.compress.bare import decode_bare
from pybackup.compress.bare_bundle import is_bundle, read_bundle
from pybackup.compress.methods import MAX_SEGMENT_BYTES, Compression
from pybackup.compress.pack import PackJob, pack
from pybackup.container.bundles import Bundle, file_bytes
from pybackup.errors import FormatError
from pybackup.host.storage import ArchiveFile
from pybackup.layout.sevenzip import START, STREAM_OFFSET, StartHeader
from pybackup.model.content import PackedPiece, Piece, Whole
from pybackup.model.entry import NOBODY, Entry, Kind
from pybackup.model.member import Method

ARCHIVE_ID = bytes(range(8))
TIME_NS = 1_600_000_000_123_456_700
Contents = dict[str, tuple[Method, bytes]]
FEW: Contents = {
    "text": (Method.LZMA2, b"What was written must come back.\n" * 300),
    "none": (Method.COPY, b""),
    "program": (Method.X86_LZMA2, b"\x7fELF" + b"\xe8\x10\x20\0\0call" * 200),
    "stored": (Method.COPY, os.urandom(100)),
    "last": (Method.COPY, b""),
}


def made(contents: Contents) -> Bundle:
    bundle = Bundle(NOBODY)
    for number, (name, (method, data)) in enumerate(contents.items()):
        job = PackJob(data, name.encode(), 0o640, TIME_NS, method, Compression.DEFAULT, bundled=True)
        entry = Entry(b"d/" + name.encode(), Kind.FILE, 0o640 + number % 4, NOBODY, TIME_NS + 100 * number, len(data))
        bundle.add(PackedPiece(Piece(entry, b"", whole=Whole()), pack(job)), (0, 0))
    return bundle


def packed(contents: Contents) -> bytes:
    return made(contents).pack(ARCHIVE_ID, 7)[0]


def read(data: bytes, path: Path) -> Contents | None:
    """What is in a bundle at byte 512 of a file; None where it is refused."""
    path.write_bytes(bytes(512) + data)
    found: Contents = {}
    with ArchiveFile(os.fsencode(path)) as file:
        try:
            for bare in read_bundle(file, 512):
                assert bare.member.dictionary_bytes <= MAX_SEGMENT_BYTES
                found[bare.name.decode()] = bare.member.method, b"".join(decode_bare(file, bare))
        except FormatError:
            return None
    return found


def contents(found: Contents | None) -> dict[str, bytes] | None:
    return None if found is None else {name: data for name, (_, data) in found.items()}


@given(
    st.dictionaries(
        st.from_regex(r"[a-z]{1,20}", fullmatch=True),
        st.tuples(st.sampled_from(Method), st.binary(max_size=300)),
        min_size=1,
        max_size=70,
    )
)
def test_what_was_written_is_read_and_no_longer_than_was_said(
    tmp_path_factory: pytest.TempPathFactory, files: Contents
) -> None:
    bundle = made(files)
    data, starts = bundle.pack(ARCHIVE_ID, 7)
    assert len(data) <= bundle.bound_bytes - 2 * 512
    assert len(starts) == len(files)
    assert contents(read(data, tmp_path_factory.getbasetemp() / "bundle")) == contents(files)


def test_long_names_and_times_of_all_kinds_are_within_the_bound() -> None:
    bundle = Bundle(NOBODY)
    for number in range(300):
        name = bytes(97 + (number * 7 + at * at) % 26 for at in range(255))
        data = os.urandom(number)
        packed = pack(PackJob(data, name, 0o640, 0, Method.COPY, Compression.DEFAULT, bundled=True))
        entry = Entry(name, Kind.FILE, number, NOBODY, int.from_bytes(os.urandom(7), "little"), number)
        item = PackedPiece(Piece(entry, b"", whole=Whole()), packed)
        before = bundle.bound_bytes
        bundle.add(item, (0, 0))
        assert bundle.bound_bytes == before + file_bytes(entry, len(data))
        assert len(bundle.pack(ARCHIVE_ID, 7)[0]) <= bundle.bound_bytes - 2 * 512


def test_times_and_modes_are_read(tmp_path: Path) -> None:
    (tmp_path / "bundle").write_bytes(packed(FEW))
    with ArchiveFile(os.fsencode(tmp_path / "bundle")) as file:
        stream_bytes = StartHeader.unpack(file.read_at(0, STREAM_OFFSET)).stream_bytes
        assert is_bundle(file, 0, stream_bytes)
        found = read_bundle(file, 0)
    assert [(bare.mode, bare.mtime_ns) for bare in found] == [
        (0o640 + number % 4, TIME_NS + 100 * number) for number in range(5)
    ]


def test_any_flipped_byte_is_refused_or_harmless(tmp_path: Path) -> None:
    data = packed(FEW)
    for at in range(len(data)):
        changed = bytearray(data)
        changed[at] ^= 0x10
        found = read(bytes(changed), tmp_path / "bundle")
        # Notes are not looked at here, nor is the minor version.
        assert contents(found) in (None, contents(FEW))


def resealed(data: bytes, stream_bytes: int) -> bytes:
    """The bundle with the CRCs of its start header put right."""
    tail = data[STREAM_OFFSET + stream_bytes :]
    fields = START.pack(*START.unpack(data[: START.size])[:6], zlib.crc32(tail))
    return fields[:8] + zlib.crc32(fields[12:]).to_bytes(4, "little") + fields[12:] + data[START.size :]


def test_resealed_headers_that_lie_never_give_wrong_content(tmp_path: Path) -> None:
    data = packed(FEW)
    stream_bytes = StartHeader.unpack(data[: START.size]).stream_bytes
    assert resealed(data, stream_bytes) == data
    for at in range(STREAM_OFFSET + stream_bytes, len(data)):
        for value in (0, 1, 7, 0x21, 0x7F, 0x80, 0xC0, 0xFE, 0xFF):
            changed = bytearray(data)
            changed[at] = value
            found = read(resealed(bytes(changed), stream_bytes), tmp_path / "bundle")
            assert contents(found) in (None, contents(FEW))
