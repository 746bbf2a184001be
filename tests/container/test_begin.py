"""Where an archive begins, with bytes before it, without its start, without its first header, or with none at all."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from kit.archives import archive
from kit.specimen import Specimen, make_specimen
from kit.trees import plant_every_kind

from pybackup.container.begin import begin_by_rows, begin_of
from pybackup.model.listing import FoundRows, Listing

from .conftest import Opener

NOISE = random.Random(3).randbytes(5000)


@pytest.mark.parametrize("before", [0, 1, 511, 512, 3000, 5000])
@pytest.mark.parametrize("behind", [0, 7, 700])
def test_between_other_bytes(small: Specimen, opened: Opener, before: int, behind: int) -> None:
    assert begin_of(opened(NOISE[:before] + small.data + NOISE[:behind])) == before


@pytest.mark.parametrize("cut", [1, 512, 4000, 12_000, 18_900])
def test_a_start_that_was_cut_off_lies_before_the_file(small: Specimen, opened: Opener, cut: int) -> None:
    assert begin_of(opened(small.data[cut:])) == -cut


@pytest.mark.parametrize("before", [0, 100, 1024])
def test_without_its_first_header_its_indexes_tell(small: Specimen, opened: Opener, before: int) -> None:
    hurt = bytes(512) + small.data[512:]
    assert begin_of(opened(NOISE[:before] + hurt)) == before


@pytest.mark.parametrize("place", ["tree index body", "end"])
def test_with_an_end_that_is_damaged(small: Specimen, opened: Opener, place: str) -> None:
    cut = small.place(place, -1).start + 1
    assert begin_of(opened(NOISE[:99] + small.data[:cut])) == 99


@pytest.mark.parametrize("data", [b"", b"x", NOISE, bytes(100_000), b"ustar\0" * 3000])
def test_what_has_nothing_of_an_archive_begins_at_its_first_byte(opened: Opener, data: bytes) -> None:
    assert begin_of(opened(data)) == 0


def test_of_two_it_is_the_one_most_is_left_of(small: Specimen, opened: Opener, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = make_specimen(plant_every_kind(tmp_path / "other"), tmp_path / "other.xtar").data
    assert begin_of(opened(NOISE[:60] + other[:9000] + NOISE[:77] + small.data)) == 60 + 9000 + 77
    assert begin_of(opened(NOISE[:60] + other + NOISE[:77] + small.data[: len(small.data) // 2])) == 60


@pytest.mark.parametrize("shift", [0, 333, -7000])
def test_the_start_by_any_member_left(small: Specimen, opened: Opener, shift: int) -> None:
    files = [stored for stored in small.stored.values() if any(member.raw_bytes for member in stored.members)]
    data = b"z" * shift + small.data if shift >= 0 else small.data[-shift:]
    assert begin_by_rows(opened(data), FoundRows(files)) == shift
    member = files[0].members[0]._replace(digest=bytes(32))
    assert begin_by_rows(opened(data), FoundRows([files[0]._replace(members=(member,))])) is None
    last = max(files, key=lambda stored: stored.members[0].offset)
    assert begin_by_rows(opened(data), FoundRows([last])) == shift
    assert begin_by_rows(opened(b"nothing"), FoundRows(files)) is None


@pytest.mark.parametrize("left", ["container header", "own index"])
def test_the_start_by_any_container_left(small: Specimen, opened: Opener, listing: Listing, left: str) -> None:
    data = bytearray(small.data)
    for place in small.places:
        if not place.name.startswith(left):
            data[place.start : place.end] = bytes(place.end - place.start)
    assert begin_by_rows(opened(b"z" * 700 + data), listing.rows) == 700


@pytest.mark.parametrize("bundle_bytes", [0, 1 << 17])
def test_the_start_by_whatever_of_an_archive_is_left(tmp_path: Path, opened: Opener, bundle_bytes: int) -> None:
    for number in range(60):
        path = tmp_path / f"tree/d{number % 5}/{number}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(random.Random(number).randbytes(3000))
    archive([tmp_path / "tree"], tmp_path / "a.xtar", bundle_bytes=bundle_bytes, with_parity=False)
    data = (tmp_path / "a.xtar").read_bytes()
    # Within a bundle too: its notes are gone, and its streams without a name.
    for cut in range(1000, len(data) * 4 // 5, 9973):
        assert begin_of(opened(data[cut:])) == -cut
