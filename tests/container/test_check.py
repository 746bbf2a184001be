"""The bytes of an archive against its hashes: every byte counts, and nothing is suspected that is right."""

from __future__ import annotations

import random

import pytest
from kit.specimen import Specimen

from pybackup.container.check import Checked, check_bytes
from pybackup.container.regions import CheckedContainer, HashedMember, covered
from pybackup.host.storage import ArchiveFile
from pybackup.model.listing import Listing
from pybackup.model.member import Container

from .conftest import Opener


def _check(file: ArchiveFile, listing: Listing) -> Checked:
    return check_bytes(file, listing, progress=lambda n_bytes: None)


def test_a_whole_archive_has_no_damage_and_no_suspects(small: Specimen, opened: Opener, listing: Listing) -> None:
    told: list[int] = []
    checked = check_bytes(opened(small.data), listing, progress=told.append)
    assert checked == Checked((), ())
    assert not any(checked.is_suspect(at) for at in (0, 20_000, len(small.data)))
    # Indexes, the first member and the end are small, and are not counted.
    assert 0.5 * len(small.data) < sum(told) <= len(small.data)


def test_each_wrong_byte_is_damage_and_what_it_touches_is_suspect(
    small: Specimen, opened: Opener, listing: Listing
) -> None:
    """In every structure its first and last byte, and one between."""
    chance = random.Random(5)
    for place in small.places:
        for at in {place.start, place.end - 1, chance.randrange(place.start, place.end)}:
            hurt = bytearray(small.data)
            hurt[at] ^= 1 << chance.randrange(8)
            checked = _check(opened(bytes(hurt)), listing)
            assert checked.damage, (place, at)
            assert not (place.name in ("stream", "7z head", "7z tail") and not checked.is_suspect(at)), (place, at)
            # What differs in one container says nothing against the files of others.
            touched = {path for path, streams in small.streams.items() if any(a <= at < b for a, b in streams)}
            assert all(checked.is_suspect(small.streams[path][0][0]) for path in touched)
            if place.name == "stream":
                assert sum(end - start for start, end in checked.suspects) < len(small.data) // 2


@pytest.mark.parametrize("cut", [1, 1024, 3000, 20_000, 34_000, 35_327])
def test_what_was_cut_off_is_damage(small: Specimen, opened: Opener, listing: Listing, cut: int) -> None:
    checked = _check(opened(small.data[:-cut]), listing)
    assert checked.damage
    if cut > 4000:
        # Nothing vouches for what lies outside of known containers any more.
        assert checked.is_suspect(0)


def test_what_stands_behind_the_end_is_told(small: Specimen, opened: Opener, listing: Listing) -> None:
    (more,) = _check(opened(small.data + b"x"), listing).damage
    assert more == f"{len(small.data) + 1} bytes long, and {len(small.data)} were written"
    twice = _check(opened(small.data * 2), listing)
    assert twice.damage[1].startswith(f"another archive begins at byte {len(small.data)}:")
    assert twice.suspects == ()


def test_other_files_are_no_archive(opened: Opener, listing: Listing) -> None:
    for data in (b"", bytes(40_000), random.Random(6).randbytes(40_000)):
        checked = _check(opened(data), listing)
        assert checked.damage
        assert checked.is_suspect(0) == bool(data)


class _Worn(ArchiveFile):
    """A medium that cannot be read in one sector."""

    bad = range(0)

    def read_at(self, offset: int, count: int) -> bytes:
        if offset < self.bad.stop and self.bad.start < offset + count:
            raise OSError(5, "Input/output error")
        return super().read_at(offset, count)


@pytest.mark.parametrize("place", ["stream", "own index body", "tree index body", "structure", "padding"])
def test_sectors_that_cannot_be_read_are_damage_and_end_nothing(
    small: Specimen, opened: Opener, listing: Listing, place: str
) -> None:
    with _Worn(opened(small.data).path) as file:
        sector = small.place(place, -1).start // 2048
        file.bad = range(sector * 2048, (sector + 1) * 2048)
        checked = _check(file, listing)
    assert any("Input/output error" in words for words in checked.damage)


def test_a_first_sector_that_cannot_be_read(small: Specimen, opened: Opener, listing: Listing) -> None:
    with _Worn(opened(small.data).path) as file:
        file.bad = range(2048)
        checked = _check(file, listing)
    assert checked.damage == ("the first header is damaged",)
    assert checked.is_suspect(0)
    assert checked.is_suspect(len(small.data) - 1)


def test_suspects_are_half_open() -> None:
    checked = Checked((), ((10, 20), (20, 21), (40, 50)))
    assert [at for at in range(60) if checked.is_suspect(at)] == [*range(10, 21), *range(40, 50)]


def test_each_byte_up_to_the_index_belongs_to_one_region_or_has_a_hash_of_its_own(
    small: Specimen, opened: Opener, listing: Listing
) -> None:
    """Containers that are nested, and members for stock tools in the root."""
    parts = [
        CheckedContainer(container, region_end=container.offset + container.n_bytes)
        for _, container in listing.containers
    ]
    end = max(part.region_end for part in parts)
    root = CheckedContainer(Container(0, end, 0), region_end=end)
    found = list(covered(opened(small.data), [root, *parts], 512))
    members = [each for each in found if isinstance(each, HashedMember)]
    extents = [each[:2] for each in found if not isinstance(each, HashedMember)]
    extents += [(each.start, each.start + -(-each.n_bytes // 512) * 512) for each in members]
    assert len(parts) > 1
    assert all(low < high for low, high in extents)
    ordered = sorted(extents)
    assert [ordered[0][0], *(high for _, high in ordered)] == [*(low for low, _ in ordered), ordered[-1][1]]
