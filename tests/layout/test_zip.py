"""Records of a zip, read by Python's zipfile and by unzip's own reckoning of times."""

from __future__ import annotations

import io
import stat
import struct
import time
import zipfile
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pybackup.layout.zip import DEFLATED, LOCAL, STORED, ZipMember, end_of_zip, holds_time

names = st.text(st.characters(codec="utf-8", exclude_characters="\0\\/"), min_size=1, max_size=30).map(str.encode)


def _whole(member: ZipMember, data: bytes) -> bytes:
    """A zip of one member."""
    head = member.local() + data
    record = member.central(0)
    return head + record + end_of_zip(1, len(head), len(record))


@given(names, st.binary(max_size=300), st.integers(0, 0o7777), st.integers(315_532_800, (1 << 31) - 1), st.booleans())
def test_a_member_is_read_as_it_was_written(name: bytes, content: bytes, mode: int, mtime: int, is_large: bool) -> None:
    member = ZipMember(name, stat.S_IFREG | mode, 5, 4_000_000_000, mtime, STORED, is_large)
    sealed = member.written(zlib.crc32(content), len(content), len(content))
    # It may be filled in when the content is written.
    assert len(member.local()) == len(sealed.local())
    with zipfile.ZipFile(io.BytesIO(_whole(sealed, content))) as archive:
        (info,) = archive.infolist()
        assert archive.read(info) == content
    assert (info.filename.encode(), info.external_attr >> 16) == (name, stat.S_IFREG | mode)
    assert info.date_time == (*time.gmtime(mtime)[:5], time.gmtime(mtime)[5] // 2 * 2)
    assert struct.pack("<2sHBi", b"UT", 5, 1, mtime) in info.extra
    assert struct.pack("<2sHBBIBI", b"ux", 11, 1, 4, 5, 4, 4_000_000_000) in info.extra


@pytest.mark.parametrize("size", [(1 << 32) - 2, (1 << 32) - 1, 1 << 32, 1 << 40])
def test_sizes_and_offsets_beyond_32_bits(size: int) -> None:
    member = ZipMember(b"huge", 0o100644, 0, 0, 0, DEFLATED, True).written(7, size - 1, size)
    record = member.central(size + 5)
    # Only the directory is real; zipfile takes what stands before it for granted.
    end = end_of_zip(1, 0, len(record))
    with zipfile.ZipFile(io.BytesIO(record + end)) as archive:
        (info,) = archive.infolist()
    assert (info.file_size, info.compress_size, info.header_offset, info.CRC) == (size, size - 1, size + 5, 7)


@pytest.mark.parametrize("records", [65_534, 65_535, 70_000])
def test_more_records_than_16_bits_count(records: int) -> None:
    record = ZipMember(b"f", 0o100644, 0, 0, 0, STORED).central(0)
    data = record * records
    with zipfile.ZipFile(io.BytesIO(data + end_of_zip(records, 0, len(data)))) as archive:
        assert len(archive.infolist()) == records


def test_a_name_that_is_no_text_is_bytes_of_no_known_encoding() -> None:
    flags = [LOCAL.unpack_from(ZipMember(name, 0, 0, 0, 0).local())[2] for name in (b"a", "\u00e9".encode(), b"\xff")]
    assert flags == [0, 0x800, 0]


@pytest.mark.parametrize(
    ("seconds", "held", "expected"),
    [
        (-1, False, (1980, 1, 1, 0, 0, 0)),
        (0, True, (1980, 1, 1, 0, 0, 0)),
        ((1 << 31) - 1, True, (2038, 1, 19, 3, 14, 6)),
        (1 << 31, False, (2038, 1, 19, 3, 14, 8)),
        (1 << 40, False, (2107, 12, 31, 23, 59, 58)),
        (1 << 62, False, (2107, 12, 31, 23, 59, 58)),
        (-(1 << 62), False, (1980, 1, 1, 0, 0, 0)),
    ],
)
def test_times_from_1980_to_2107(seconds: int, held: bool, expected: tuple[int, ...]) -> None:
    assert holds_time(seconds) == held
    with zipfile.ZipFile(io.BytesIO(_whole(ZipMember(b"f", 0o100644, 0, 0, seconds, STORED), b""))) as archive:
        assert archive.infolist()[0].date_time == expected
