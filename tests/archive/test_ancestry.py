"""Which archives are a chain: one of them builds on all the others, each of them whole, or in one volume at least."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pybackup.archive.ancestry import ancestry, head_of
from pybackup.archive.find import Volume
from pybackup.model.earlier import Ancestry, EarlierVolume
from pybackup.model.listing import FoundRows, Listing, Way
from pybackup.model.volume import VolumeInfo


def an_id(number: int) -> bytes:
    return bytes(7) + bytes([number])


def archive(number: int, *on: int, set_id: int = 0) -> Volume:
    """Return an archive, or a volume of a set, that builds on those with certain numbers."""
    told = Ancestry([EarlierVolume(an_id(earlier), f"archive {earlier}") for earlier in on], 1)
    settings = {"builds_on": told.settings()} if on else {}
    listing = Listing([], FoundRows([]), Way.TREE, an_id(number), 0, settings=settings)
    return Volume(b"%d.xtar" % number, 0, 0, VolumeInfo(an_id(set_id), "set", number) if set_id else None, listing)


def test_an_archive_alone_builds_on_nothing() -> None:
    assert ancestry(archive(1).listing.settings) is None
    assert head_of([archive(1)]) is None
    assert head_of([]) is None


def test_what_it_builds_on_is_told_by_its_settings() -> None:
    told = ancestry(archive(3, 1, 2).listing.settings)
    assert told is not None
    assert [volume.archive_id for volume in told.volumes] == [an_id(1), an_id(2)]


@pytest.mark.parametrize("settings", [{"builds_on": 1}, {"builds_on": {"archives": [{"id": "x"}], "files": 1}}])
def test_what_cannot_be_is_nothing(settings: dict[str, object]) -> None:
    assert ancestry(settings) is None


def test_the_last_one_is_found_in_any_order() -> None:
    first, second, third = archive(1), archive(2, 1), archive(3, 1, 2)
    for given in ([first, second, third], [third, second, first], [second, third, first]):
        assert head_of(given) == [third]
    assert head_of([first, third]) == [third]


def test_archives_of_which_one_is_a_stranger_are_no_chain() -> None:
    assert head_of([archive(1), archive(2, 1), archive(9)]) is None
    assert head_of([archive(2, 1), archive(3, 1)]) is None


def test_a_copy_is_no_archive_of_its_own() -> None:
    first, second = archive(1), archive(2, 1)
    copy = replace(second, path=b"copy.xtar")
    assert head_of([first, second, copy]) == [second, copy]


def test_all_volumes_of_a_set_are_one_archive() -> None:
    """A set is built on if any of its volumes is; all of its volumes are the head if any of them builds on others."""
    old = [archive(1, set_id=50), archive(2, set_id=50)]
    new = [archive(3, set_id=60), archive(4, 2, set_id=60)]
    assert head_of([*old, *new]) == new
