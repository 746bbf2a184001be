"""Members behind the tree: what an archive has of entries without content, and where these members are."""

from __future__ import annotations

import pytest
from kit.specimen import Specimen, make_archive

from pybackup.container.read import open_listing
from pybackup.container.skeleton import end_of_tree, own_members, read_skeleton
from pybackup.errors import Damaged
from pybackup.model.entry import Kind
from pybackup.model.listing import Listing

from .conftest import Opener


def test_the_tree_ends_where_the_members_for_stock_tools_begin(
    small: Specimen, opened: Opener, listing: Listing
) -> None:
    assert end_of_tree(opened(small.data), listing) == small.place("other header").start


def test_all_entries_without_content_are_there_as_the_index_has_them(
    small: Specimen, opened: Opener, listing: Listing
) -> None:
    entries = {entry.path: entry for entry in read_skeleton(opened(small.data), listing)}
    expected = {stored.entry.path: stored.entry for stored in listing if stored.entry.kind is not Kind.FILE}
    assert entries == expected


def test_what_is_damaged_is_left_out_and_nothing_else(small: Specimen, opened: Opener, listing: Listing) -> None:
    place = small.place("structure")
    whole = {entry.path: entry for entry in read_skeleton(opened(small.data), listing)}
    for at in range(place.start + 20, place.end, 512):
        hurt = bytearray(small.data)
        hurt[at] ^= 1
        left = {entry.path: entry for entry in read_skeleton(opened(bytes(hurt)), listing)}
        assert len(whole) - len(left) <= 1
        assert left.items() <= whole.items()


def test_a_damaged_header_ends_them(small: Specimen, opened: Opener, listing: Listing) -> None:
    for number, count in ((0, 0), (1, len(read_skeleton(opened(small.data), listing)) - 2)):
        hurt = bytearray(small.data)
        hurt[small.place("other header", number).start] ^= 1
        assert len(read_skeleton(opened(bytes(hurt)), listing)) == count
    file = opened(small.data[: small.place("structure").start + 2048])
    assert 0 < len(read_skeleton(file, listing)) < count


def test_own_members_by_name(small: Specimen, opened: Opener, listing: Listing) -> None:
    found = own_members(opened(small.data), listing)
    assert list(found) == [b".pybackup/structure.tar", b".pybackup/links.tar"]
    offset, n_bytes = found[b".pybackup/structure.tar"]
    assert (offset, offset + n_bytes) == (small.place("structure").start, small.place("structure").end)


def test_what_cannot_be_told_is_damaged(small: Specimen, opened: Opener, listing: Listing) -> None:
    with pytest.raises(Damaged):
        end_of_tree(opened(b"x" + small.data[1:]), listing)
    with pytest.raises(Damaged):
        own_members(opened(small.data[: small.place("other header", 1).start]), listing)


def test_an_archive_of_nothing_but_entries(opened: Opener, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No member, no container: the tree ends behind the first member."""
    top = tmp_path_factory.mktemp("bare") / "tree"
    (top / "empty").mkdir(parents=True)
    (top / "link").symlink_to("empty")
    data = make_archive(top, top.parent / "a.xtar")
    file = opened(data)
    listing = open_listing(file)
    assert data[end_of_tree(file, listing) :][:23] == b".pybackup/structure.tar"
    assert [entry.path for entry in read_skeleton(file, listing)] == [b"tree", b"tree/empty", b"tree/link"]
