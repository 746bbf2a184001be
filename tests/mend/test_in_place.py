"""Mending files where they lie: only what is meant, only where nothing is lost by it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kit.damage import overwritten
from kit.protected import NO_PARITY, Specimen, bad_sectors, is_repairable, shards_of, with_own_stream

from pybackup.errors import UsageError
from pybackup.mend.in_place import can_be_mended_in_place, check_target, mend_in_place, refuse_to_cut
from pybackup.monitor import Monitor

from .conftest import Surveyor


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_bad_sectors_are_written_and_nothing_gets_worse(
    own: Specimen, surveyor: Surveyor, room: Path, data: st.DataObject
) -> None:
    numbers = [number for number, shard in enumerate(shards_of(own.geometry)) if shard[0] != "guard"]
    bad = data.draw(st.sets(st.sampled_from(numbers), max_size=90))
    hurt = overwritten(own.data, sorted(bad))
    surveyed = surveyor(hurt + b"more" * data.draw(st.integers(0, 9)))
    assert can_be_mended_in_place(surveyed)
    check_target(surveyed)
    refuse_to_cut(surveyed)
    inode = os.stat(room / "copy0").st_ino
    mended = mend_in_place(surveyed, surveyed.in_place(), Monitor())
    after = (room / "copy0").read_bytes()
    assert os.stat(room / "copy0").st_ino == inode
    assert len(after) == len(own.data)
    left = set(bad_sectors(own, after))
    assert left <= bad
    if is_repairable(own.geometry, bad):
        assert (left, len(mended.sectors)) == (set(), len(bad))


def test_what_is_cut_off_grows_back(own: Specimen, surveyor: Surveyor, room: Path) -> None:
    surveyed = surveyor(own.data[:-7000])
    mend_in_place(surveyed, surveyed.in_place(), Monitor())
    assert (room / "copy0").read_bytes() == own.data


def test_a_file_and_its_sidecar_mend_each_other(beside: Specimen, surveyor: Surveyor, room: Path) -> None:
    stream = next(n for n, shard in enumerate(shards_of(beside.geometry)) if shard[0] == "parity")
    at = (stream - beside.geometry.before_sectors) * 2048
    (room / "plain").write_bytes(overwritten(beside.data, [5, 6]))
    (room / "plain.xpar").write_bytes(beside.sidecar[:at] + bytes(2048) + beside.sidecar[at + 2048 :])
    surveyed = surveyor(room / "plain")
    mend_in_place(surveyed, surveyed.in_place(), Monitor())
    assert (room / "plain").read_bytes() == beside.data
    assert (room / "plain.xpar").read_bytes() == beside.sidecar


def test_other_copies_help_and_stay_as_they_are(own: Specimen, surveyor: Surveyor, room: Path) -> None:
    half = own.sectors // 2
    second = overwritten(own.data, range(half, own.sectors - 20))
    surveyed = surveyor(overwritten(own.data, range(20, half)), second)
    mend_in_place(surveyed, surveyed.in_place(), Monitor())
    assert (room / "copy0").read_bytes() == own.data
    assert (room / "copy1").read_bytes() == second


def test_what_has_moved_cannot_be_mended_where_it_lies(own: Specimen, surveyor: Surveyor) -> None:
    assert not can_be_mended_in_place(surveyor(b"?" * 100 + own.data))
    check_target(surveyor(b"?" * 100 + own.data))


def test_an_image_around_a_volume_is_not_replaced_by_it(own: Specimen, surveyor: Surveyor) -> None:
    with pytest.raises(UsageError, match="what is protected begins at byte 100000 of it"):
        check_target(surveyor(b"?" * 100_000 + own.data))


def test_a_sidecar_named_first_is_not_replaced_by_its_file(beside: Specimen, surveyor: Surveyor) -> None:
    with pytest.raises(UsageError, match="is a sidecar; name the file that it protects first"):
        check_target(surveyor(beside.sidecar, beside.data))


def test_a_file_of_which_hardly_anything_belongs_is_not_replaced(own: Specimen, surveyor: Surveyor) -> None:
    with pytest.raises(UsageError, match="hardly anything of it is known to belong"):
        check_target(surveyor(b"stranger" * 50_000, own.data))


def test_much_behind_the_end_is_not_cut_off(own: Specimen, surveyor: Surveyor, room: Path) -> None:
    with pytest.raises(UsageError, match="behind its end would be cut off"):
        refuse_to_cut(surveyor(own.data + b"words" * 20_000))
    other = with_own_stream(room, NO_PARITY, os.urandom(20 * 2048)).data
    filled = own.data + bytes(-len(own.data) % 2048)
    with pytest.raises(UsageError, match=f"another protected archive, of {len(other)} bytes, begins at byte"):
        refuse_to_cut(surveyor(filled + other))
