"""The notes of files in a bundle, and the 7z header behind their streams."""

from __future__ import annotations

import io
import lzma
import zlib
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import py7zr
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pybackup.errors import Damaged
from pybackup.layout import bundle, sevenzip_bundle
from pybackup.layout.bundle import FileNote
from pybackup.layout.sevenzip_bundle import BundledFile
from pybackup.model.member import Method

from .values import ARCHIVE_ID, changed, put

PLAIN = (
    FileNote(900, 2000, Method.LZMA2, 12, True, 0o640, -1_000_000_001, b"\0\1\2\3", b"name.txt"),
    FileNote(70, 70, Method.COPY, 0, False, 0o777, 1_600_000_000_123_456_789, b"\xff\xfe\xfd\xfc", b"another"),
)
CONTAINER = 7
GOLDEN = (
    "00585446" "4cceeaf2" "0123456789abcdef" "07000000" "750000" "02" "5b00"
)  # fmt: skip
_SIZES = st.integers(0, bundle.MAX_BYTES)
_TIMES = st.integers(-(2**63), 2**63 - 1)


@st.composite
def notes(draw: st.DrawFn) -> FileNote:
    method = draw(st.sampled_from(Method))
    stream = draw(_SIZES)
    raw = stream if method is Method.COPY else draw(_SIZES)
    name = draw(st.binary(min_size=1, max_size=255)).replace(b"/", b"_").replace(b"\0", b"_")
    digest = draw(st.binary(min_size=4, max_size=4))
    packing = draw(st.integers(0, 24)), draw(st.booleans()), draw(st.integers(0, 0o7777)), draw(_TIMES)
    return FileNote(stream, raw, method, *packing, digest, b"x" if name in (b".", b"..") else name)


def packed(files: Sequence[FileNote] = PLAIN, *, fast: bool = False) -> bytes:
    return bundle.pack_notes(files, ARCHIVE_ID, CONTAINER, fast=fast)


def resealed(data: bytes) -> bytes:
    return put(data, 4, zlib.crc32(data[8:]).to_bytes(4, "little"))


def test_notes_are_the_golden_ones() -> None:
    data = packed()
    assert data[: bundle.HEAD.size].hex() == GOLDEN
    decoder = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 16}])
    plain = decoder.decompress(data[bundle.HEAD.size :])
    assert decoder.unused_data == b"\0\1\2\3\xff\xfe\xfd\xfc"
    assert plain[:13].hex() == "0246000000000000003e000300"  # 900 and 70, from 70 on
    assert plain.endswith(b"name.txtanother")


@given(st.lists(notes(), min_size=1, max_size=70), st.binary(max_size=40), st.booleans())
def test_notes_come_back_whatever_follows_them(files: list[FileNote], behind: bytes, fast: bool) -> None:
    streams = sum(file.stream_bytes for file in files)
    assume(streams < bundle.MAX_BYTES - 100_000)
    data = packed(files, fast=fast)
    found: list[FileNote] = []
    starts: list[int] = []
    at = 0
    while at < len(data):
        block = bundle.unpack_notes(data[at:] + behind)
        assert (block.archive_id, block.container) == (ARCHIVE_ID, CONTAINER)
        assert len(block.files) <= bundle.MOST_FILES
        starts += [at + start for start in block.starts]
        found += block.files
        at += block.n_bytes
    assert at == len(data)
    assert found == files
    assert starts == list(accumulate((file.stream_bytes for file in files[:-1]), initial=len(data)))


def test_block_right_before_its_streams_is_found() -> None:
    data = packed([PLAIN[0]._replace(name=b"%d" % number) for number in range(40)])
    before = bundle.notes_before(bundle.MAGIC + b"and more" + data)
    assert before is not None
    assert [file.name for file in before.files] == [b"%d" % number for number in range(32, 40)]
    assert bundle.notes_before(data + b"\0") is None
    assert bundle.notes_before(data[:-1]) is None
    assert bundle.notes_before(b"") is None


def test_notes_with_any_byte_changed_are_refused() -> None:
    for _, data in changed(packed()):
        with pytest.raises(Damaged):
            bundle.unpack_notes(data)


@pytest.mark.parametrize("length", range(len(packed())))
def test_cut_notes_are_refused(length: int) -> None:
    with pytest.raises(Damaged, match=r"cut|too short"):
        bundle.unpack_notes(packed()[:length])


REFUSED = {
    "stream within the notes": (20, b"\x10\0\0", "within"),
    "no files": (23, b"\0", "number of them"),
    "more files than a block has": (23, b"\x21", "number of them"),
    "one file more than there is": (23, b"\3", "decompress|longer or shorter|column|index"),
}


@pytest.mark.parametrize(("offset", "value", "reason"), REFUSED.values(), ids=REFUSED)
def test_head_that_breaks_a_rule_is_refused_for_it(offset: int, value: bytes, reason: str) -> None:
    with pytest.raises(Damaged, match=reason):
        bundle.unpack_notes(resealed(put(packed(), offset, value)))


WRONG = {
    "negative length": ({"stream_bytes": -1}, "length"),
    "length beyond what an offset can tell": ({"stream_bytes": 1 << 24}, "length"),
    "content beyond measure": ({"raw_bytes": 1 << 24}, "length"),
    "unknown method": ({"method": 8}, "method"),
    "dictionary of 32 MiB": ({"dictionary": 25}, "dictionary"),
    "stored with two lengths": ({"method": Method.COPY, "raw_bytes": 899}, "contradict"),
    "mode beyond permissions": ({"mode": 0o10000}, "mode"),
    "time beyond 64 bits": ({"mtime_ns": 1 << 63}, "time"),
    "no name": ({"name": b""}, "name"),
    "name of the directory": ({"name": b"."}, "name"),
    "name of the one above": ({"name": b".."}, "name"),
    "slash in the name": ({"name": b"a/b"}, "name"),
    "NUL in the name": ({"name": b"a\0b"}, "name"),
    "name that is too long": ({"name": b"n" * 256}, "name"),
    "flag of a sparse file": ({"changed": 0.5}, "flag"),
    "flag of a file in a bundle": ({"changed": 2}, "flag"),
}


@pytest.mark.parametrize(("fields", "reason"), WRONG.values(), ids=WRONG)
def test_file_that_breaks_a_rule_is_refused_for_it(fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(Damaged, match=reason):
        bundle.unpack_notes(packed([PLAIN[0]._replace(**fields), PLAIN[1]]))


@given(st.integers(0, 2**64 - 1))
def test_number_of_7z_is_as_py7zr_reads_it(value: int) -> None:
    data = sevenzip_bundle.number(value)
    assert py7zr.archiveinfo.read_uint64(io.BytesIO(data)) == value


_contents = st.lists(st.binary(max_size=50), min_size=1, max_size=40)


@given(_contents, st.integers(0, 2**40), st.booleans())
def test_bundle_is_opened_by_py7zr(contents: list[bytes], seconds: int, fast: bool) -> None:
    files = [
        BundledFile(b"f%d" % n, 0o640, seconds * 100, len(data), len(data), Method.COPY, 0, zlib.crc32(data))
        for n, data in enumerate(contents)
    ]
    start, tail = sevenzip_bundle.pack_header(files, fast=fast)
    with py7zr.SevenZipFile(io.BytesIO(start + b"".join(contents) + tail)) as opened:
        assert opened.getnames() == [file.name.decode() for file in files]
        opened.reset()
        found = opened.files
        assert [each.uncompressed for each in found] == [len(data) for data in contents]


@pytest.mark.parametrize(
    ("name", "is_taken"),
    [
        (b"a", True), (b".bashrc", True), (b"-x @(1), #2=%+_.md", True), (b"n" * 255, True),
        (b"", False), (b" a", False), (b"a ", False), (b"a.", False), (b"..", False), (b"a\\b", False),
        (b"a\nb", False), (b"caf\xc3\xa9", False), (b"caf\xe9", False), (b"a*", False), (b"a?", False),
        (b"n" * 256, False), (b".xtar.notes", False), (b".xtar.files.0", False), (b".xtra", True),
    ],
)  # fmt: skip
def test_names_that_all_tools_take(name: bytes, is_taken: bool) -> None:
    assert sevenzip_bundle.takes_name(name) is is_taken
