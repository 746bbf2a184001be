"""Which sectors are good in which copy, sector by sector against what was damaged."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kit.damage import overwritten
from kit.protected import NO_PARITY, Specimen, shards_of, with_own_stream

from pybackup.errors import Damaged, UsageError
from pybackup.mend.copies import open_copies
from pybackup.mend.survey import extents_of, phase_of_survey, survey
from pybackup.monitor import Monitor, Noted
from pybackup.parity.mend.copies import NO_ORIGIN
from pybackup.sector import SECTOR

from .conftest import Surveyor

fixtures = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])


def _shards(specimen: Specimen) -> list[int]:
    """Numbers of all sectors but guard sectors, which are not damaged here."""
    return [number for number, shard in enumerate(shards_of(specimen.geometry)) if shard[0] != "guard"]


@fixtures
@given(st.data())
def test_a_sector_is_good_where_its_bytes_are(own: Specimen, surveyor: Surveyor, data: st.DataObject) -> None:
    numbers = _shards(own)
    hurt = [data.draw(st.sets(st.sampled_from(numbers), max_size=60)) for _ in range(2)]
    found = surveyor(*(overwritten(own.data, sorted(bad)) for bad in hurt))
    assert set(np.flatnonzero(found.survey.where == NO_ORIGIN).tolist()) == hurt[0] & hurt[1]
    assert set(np.flatnonzero(~found.in_place()).tolist()) == hurt[0]
    assert set(np.flatnonzero(~found.good_in(0)).tolist()) == hurt[0]
    # Of the second copy that is taken which the first lacks.
    assert set(np.flatnonzero(found.good_in(1)).tolist()) == hurt[0] - hurt[1]
    assert found.geometry == own.geometry
    assert not found.moved().any()


@pytest.mark.parametrize("shift", [1, 512, SECTOR, 3 * SECTOR + 7])
def test_what_has_moved_is_good_and_not_in_place(own: Specimen, surveyor: Surveyor, shift: int) -> None:
    found = surveyor(b"?" * shift + own.data)
    assert len(found.survey.missing) == 0
    assert found.shift_of_first() == shift
    # What only parity knew anew would be in place.
    assert found.moved().sum() == own.sectors
    assert not found.in_place().any()


def test_bytes_behind_the_end_are_told(own: Specimen, surveyor: Surveyor) -> None:
    n_bytes = own.geometry.volume_bytes
    assert surveyor(own.data).behind_end() == (n_bytes, n_bytes)
    assert surveyor(own.data + b"x" * 300).behind_end() == (n_bytes, n_bytes + 300)
    # In an image around the volume nothing is behind it that should not be.
    image = surveyor(b"?" * SECTOR + own.data + b"x" * 300)
    assert image.behind_end() == (image.given[0].file.size,) * 2


def test_an_end_that_is_cut_off_is_not_in_place_though_it_was_zeros(own: Specimen, surveyor: Surveyor) -> None:
    found = surveyor(own.data[:-5000])
    last = found.geometry.sectors - 1
    assert not found.in_place()[[last, last - 1]].any()


def test_a_sidecar_comes_with_its_file(beside: Specimen, room: Path, surveyor: Surveyor) -> None:
    (room / "plain").write_bytes(overwritten(beside.data, [7]))
    (room / "plain.xpar").write_bytes(beside.sidecar)
    found = surveyor(room / "plain")
    assert [number for number, _ in found.targets] == [0, 1]
    assert np.flatnonzero(~found.in_place()).tolist() == [7]
    assert [os.path.basename(copy.path) for copy in found.given] == [b"plain", b"plain.xpar"]


def test_nothing_that_is_protected_is_none(room: Path) -> None:
    for data in (b"words", bytes(50_000)):
        (room / "f").write_bytes(data)
        with open_copies([os.fsencode(room / "f")]) as copies:
            assert survey(copies, Monitor()) is None


def test_too_few_guard_sectors_tell_nothing(room: Path) -> None:
    """Of one so large that it takes several to tell all sums."""
    large = with_own_stream(room, NO_PARITY, os.urandom(2000 * SECTOR))
    guards = [number for number, shard in enumerate(shards_of(large.geometry)) if shard[0] == "guard"]
    left = large.geometry.table_shards - 1
    assert left
    (room / "f").write_bytes(overwritten(large.data, guards[left:]))
    with open_copies([os.fsencode(room / "f")]) as copies, pytest.raises(Damaged):
        survey(copies, Monitor())


def test_copies_of_different_volumes_are_refused(own: Specimen, room: Path) -> None:
    (room / "one").write_bytes(own.data)
    (room / "two").write_bytes(with_own_stream(room, NO_PARITY, b"another one" * SECTOR).data)
    with (
        open_copies([os.fsencode(room / name) for name in ("one", "two")]) as copies,
        pytest.raises(UsageError, match="two: is another volume than"),
    ):
        survey(copies, Monitor())


def test_a_copy_of_which_nothing_belongs_is_noted(own: Specimen, surveyor: Surveyor) -> None:
    heard = Noted()
    found = surveyor(own.data, b"stranger" * 10_000, monitor=heard)
    assert (found.belongs(0), found.belongs(1)) == (True, False)
    assert any("copy1: nothing in it is known to belong to this volume" in note for note in heard.notes)


def test_extents_are_those_of_the_protected_file(own: Specimen, beside: Specimen) -> None:
    for specimen in (own, beside):
        geometry = specimen.geometry
        marked = np.zeros(geometry.sectors, bool)
        assert not extents_of(geometry, marked)
        marked[:] = True
        # All of the file: of a sidecar nothing.
        assert extents_of(geometry, marked).ranges == ((0, len(specimen.data)),)
    marked = np.zeros(own.geometry.sectors, bool)
    marked[[3, 4, 9, own.geometry.sectors - 1]] = True
    last = (own.geometry.sectors - 1) * SECTOR
    assert extents_of(own.geometry, marked).ranges == (
        (3 * SECTOR, 5 * SECTOR),
        (9 * SECTOR, 10 * SECTOR),
        (last, len(own.data)),
    )


def test_its_phase_is_as_long_as_what_is_read() -> None:
    assert (phase_of_survey(5).title, phase_of_survey(5).work) == ("check sectors", 5)
