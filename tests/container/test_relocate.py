"""Members that lie elsewhere than an index says, after bytes came in or were lost."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kit.specimen import Specimen

from pybackup.container.relocate import is_in_place, relocate
from pybackup.model.listing import Listing

from .conftest import Opener


def _unfound(small: Specimen, data: bytes, found: Listing) -> set[bytes]:
    """Files that are whole in ``data`` and of a member of which no place that is told holds it."""
    lost = set()
    for stored in found:
        for was, member in zip(small.stored[stored.entry.path].members, stored.members, strict=True):
            whole = small.data[was.offset : was.offset + was.packed_bytes]
            places = (member.offset, *member.others)
            if whole in data and not any(data[place : place + len(whole)] == whole for place in places):
                lost.add(stored.entry.path)
    return lost


def test_what_is_in_place_stays_as_it_is(small: Specimen, opened: Opener, listing: Listing) -> None:
    assert is_in_place(opened(small.data), listing)
    assert relocate(opened(small.data), listing) is listing


@pytest.mark.parametrize("at", [0, 6000, 12_000, 18_000])
@pytest.mark.parametrize("n_bytes", [1, 100, 512, 4096])
def test_behind_inserted_bytes(small: Specimen, opened: Opener, listing: Listing, at: int, n_bytes: int) -> None:
    data = small.data[:at] + b"?" * n_bytes + small.data[at:]
    assert not is_in_place(opened(data), listing)
    found = relocate(opened(data), listing)
    assert _unfound(small, data, found) == set()
    assert [stored.entry for stored in found] == [stored.entry for stored in listing]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(start=st.integers(0, 22_000), n_bytes=st.integers(1, 6000), put=st.integers(0, 3000))
def test_whatever_is_whole_is_found(
    small: Specimen, opened: Opener, listing: Listing, start: int, n_bytes: int, put: int
) -> None:
    data = small.data[:start] + b"!" * put + small.data[start + n_bytes :]
    assert _unfound(small, data, relocate(opened(data), listing, sample=False)) == set()


def test_one_without_its_header_is_as_far_on_as_others(small: Specimen, opened: Opener, listing: Listing) -> None:
    """Its digest is told nowhere any more."""
    header = small.place("content header", 3).start
    data = b"?" * 300 + small.data[:header] + bytes(512) + small.data[header + 512 :]
    assert _unfound(small, data, relocate(opened(data), listing)) == set()


def test_nothing_left_leaves_the_places_said(opened: Opener, listing: Listing) -> None:
    for data in (b"", bytes(60_000)):
        assert not is_in_place(opened(data), listing)
        found = relocate(opened(data), listing)
        assert [stored.members for stored in found] == [stored.members for stored in listing]


def test_hostile_copies_of_a_member_are_few_places(small: Specimen, opened: Opener, listing: Listing) -> None:
    place = small.place("content header", -1)
    copies = small.data[place.start : place.end] * 500
    found = relocate(opened(b"?" * 9 + small.data + copies), listing)
    most = max(1 + len(member.others) for stored in found for member in stored.members)
    assert most <= 16
    assert _unfound(small, b"?" * 9 + small.data, found) == set()
