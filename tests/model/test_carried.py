"""What is carried from one catalogue to another: when anything was last known of a medium."""

from __future__ import annotations

import dataclasses
from itertools import product

import pytest

from pybackup.model.carried import Carried, CarriedMedium, CarriedVolume
from pybackup.model.catalogued import Medium, MediumState, MediumType, NewVolume, VolumeSort
from pybackup.model.filed import Filed


@pytest.mark.parametrize(("seen", "checked", "changed"), list(product((None, 0, 3, 7), repeat=3)))
def test_last_told_of_is_the_latest_of_what_is_known(
    seen: int | None, checked: int | None, changed: int | None
) -> None:
    medium = CarriedMedium("a", MediumType.DISC, seen_ns=seen, checked_ns=checked, changed_ns=changed)
    known = [moment for moment in (seen, checked, changed) if moment is not None]
    assert medium.told_ns == max(known, default=0)


def test_its_fields_are_those_of_a_medium_but_for_what_a_catalogue_numbers() -> None:
    of_medium = {field.name for field in dataclasses.fields(Medium)} - {"id", "volume"}
    carried = {field.name for field in dataclasses.fields(CarriedMedium)}
    assert carried - of_medium == {"changed_ns", "checks"}
    assert of_medium <= carried


def test_a_new_one_is_there_and_nothing_is_known_of_it() -> None:
    medium = CarriedMedium("a", MediumType.FILE)
    assert (medium.state, medium.told_ns, medium.checks) == (MediumState.OK, 0, ())


def test_rows_are_gone_through_again_and_again() -> None:
    volume = CarriedVolume(NewVolume(b"id", VolumeSort.ARCHIVE, "a"), 5, ())
    carried = Carried(volume, [Filed(b"a", 1, 2, 3, 4)])
    assert [list(carried.rows) for _ in range(2)] == [[Filed(b"a", 1, 2, 3, 4)]] * 2
