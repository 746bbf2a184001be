"""The archive's own members: readme, structure and links, and their contents read by offset and digest."""

from __future__ import annotations

import hashlib
import io
import tarfile
import zlib

import pytest
from kit.specimen import Specimen
from kit.trees import TIME_NS

from pybackup.container.own_files import own_files
from pybackup.container.read import open_listing
from pybackup.model.listing import Listing

from .conftest import Opener

ALL = [b".pybackup/README.txt", b".pybackup/structure.tar", b".pybackup/links.tar"]


def test_all_are_found_with_what_is_in_them(small: Specimen, opened: Opener, listing: Listing) -> None:
    found = list(own_files(opened(small.data), listing))
    assert [own.path for own in found] == ALL
    for own in found:
        content = small.data[own.offset : own.offset + own.n_bytes]
        assert zlib.crc32(content) == own.crc
        assert own.digest in (b"", hashlib.sha256(content).digest())
        assert own.mode == 0o644
    readme, structure, links = (small.data[own.offset : own.offset + own.n_bytes] for own in found)
    assert b"7z" in readme
    with tarfile.open(fileobj=io.BytesIO(structure)) as tar:
        assert {"tree/dangling", "tree/deep", "tree/pipe"} <= set(tar.getnames())
    with tarfile.open(fileobj=io.BytesIO(links)) as tar:
        assert {info.name for info in tar if info.islnk()} == {"tree/text", "tree/zlink"}
    assert found[0].digest == b""
    assert all(own.digest for own in found[1:])
    assert {own.mtime for own in found} == {found[0].mtime}
    assert found[0].mtime == TIME_NS // 10**9


@pytest.mark.parametrize("number", range(3))
def test_one_whose_header_is_damaged_is_left_out(
    small: Specimen, opened: Opener, listing: Listing, number: int
) -> None:
    headers = [small.place("locator"), *(place for place in small.places if place.name == "other header")]
    hurt = bytearray(small.data)
    hurt[headers[number].start + 3] ^= 64
    found = [own.path for own in own_files(opened(bytes(hurt)), listing)]
    assert found == [path for path in ALL if path != ALL[number]]


def test_an_archive_cut_before_them_has_the_first_only(small: Specimen, opened: Opener) -> None:
    file = opened(small.data[: small.place("other header").start])
    assert [own.path for own in own_files(file, open_listing(file))] == ALL[:1]
