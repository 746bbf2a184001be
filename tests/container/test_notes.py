"""Headers with a note are found at any byte, across any boundary of reading, and only where they are whole."""

from __future__ import annotations

import pytest
from kit.specimen import Specimen

from pybackup.container.notes import archive_id_in, archive_start, notes_in
from pybackup.layout.note import Note, Role
from pybackup.model.listing import Listing

from .conftest import Opener

STEP = 4 << 20


def _expected(small: Specimen) -> list[int]:
    return [place.start for place in small.places if place.name.endswith("header") or place.name == "locator"]


@pytest.mark.parametrize("before", [0, 1, 511, 2048])
def test_all_headers_at_any_byte(small: Specimen, opened: Opener, before: int) -> None:
    found = list(notes_in(opened(b"x" * before + small.data)))
    assert [at - before for at, _ in found] == _expected(small)
    for at, said in found:
        assert said == Note.unpack(small.data[at - before : at - before + 512])


@pytest.mark.parametrize("before", [STEP - 1, STEP - 157, STEP - 158, STEP - 511, STEP - 512, STEP])
def test_a_header_across_the_steps_of_reading_is_found_once(small: Specimen, opened: Opener, before: int) -> None:
    found = list(notes_in(opened(bytes(before) + small.data)))
    assert [at - before for at, _ in found] == _expected(small)


def test_what_is_damaged_or_cut_is_none(small: Specimen, opened: Opener) -> None:
    hurt = bytearray(small.data)
    hurt[300] ^= 1
    assert [at for at, _ in notes_in(opened(bytes(hurt)))] == _expected(small)[1:]
    assert list(notes_in(opened(small.data[:511]))) == []
    assert list(notes_in(opened(small.data[1:512]))) == []
    assert list(notes_in(opened(b"\0XTN" * 5000))) == []


def test_the_id_and_the_start_by_the_first_whole_header(small: Specimen, opened: Opener, listing: Listing) -> None:
    shifted = opened(b"y" * 700 + small.data)
    assert archive_id_in(shifted) == listing.archive_id
    assert archive_start(shifted) == 700
    without = opened(b"y" * 700 + bytes(512) + small.data[512:])
    assert archive_id_in(without) == listing.archive_id
    assert archive_start(without) is None
    assert (archive_id_in(opened(b"nothing")), archive_start(opened(b""))) == (b"", None)


def test_roles_are_told(small: Specimen, opened: Opener) -> None:
    roles = [said.role for _, said in notes_in(opened(small.data))]
    assert roles[0] is Role.LOCATOR
    assert roles.count(Role.CONTAINER) == 3
    alone = [stored for stored in small.stored.values() if not stored.bundled]
    assert roles.count(Role.CONTENT) == sum(len(stored.members) for stored in alone)
    assert roles.count(Role.BUNDLE) == 3
