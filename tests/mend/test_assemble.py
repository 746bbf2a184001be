"""A volume put together in temporary files: from copies, from parity, and never taken for whole when it is not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kit.damage import overwritten
from kit.protected import NO_PARITY, Specimen, bad_sectors, is_repairable, shards_of, with_own_stream

from pybackup.host.scratch import Scratch
from pybackup.mend.assemble import assembled, phases_of_images, phases_of_mending, tell_of_others
from pybackup.mend.surveyed import Surveyed
from pybackup.model.problem import Trouble
from pybackup.monitor import Monitor

from .conftest import Surveyor


def _assembled(surveyed: Surveyed, room: Path) -> tuple[list[bytes], int, int]:
    """The files, how many sectors were mended, and in how many groups too much is missing."""
    with assembled(surveyed, lambda _: Scratch(os.fsencode(room / "work")), Monitor()) as (outputs, mended):
        contents = [Path(os.fsdecode(output.temporary)).read_bytes() for output in outputs]
        result = contents, len(mended.sectors), len(mended.beyond)
    assert list((room / "work").iterdir()) == []
    return result


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_what_parity_suffices_for_comes_back_and_no_more_than_is_missing_is_wrong(
    own: Specimen, surveyor: Surveyor, room: Path, data: st.DataObject
) -> None:
    numbers = [number for number, shard in enumerate(shards_of(own.geometry)) if shard[0] != "guard"]
    bad = data.draw(st.sets(st.sampled_from(numbers), max_size=90))
    (content,), mended, beyond = _assembled(surveyor(overwritten(own.data, sorted(bad))), room)
    if is_repairable(own.geometry, bad):
        assert (content, mended, beyond) == (own.data, len(bad), 0)
    else:
        assert beyond > 0
        assert set(bad_sectors(own, content)) <= bad


def test_from_two_copies_and_parity(own: Specimen, surveyor: Surveyor, room: Path) -> None:
    """A third is bad in each, in another place: only where both are bad parity has to help."""
    third = own.sectors // 3
    copies = (overwritten(own.data, range(third)), overwritten(own.data, range(third - 4, 2 * third)))
    (content,), mended, _ = _assembled(surveyor(*copies), room)
    assert content == own.data
    assert mended == 4


def test_what_has_moved_is_put_back(own: Specimen, surveyor: Surveyor, room: Path) -> None:
    half = len(own.data) // 2
    (content,), _, _ = _assembled(surveyor(own.data[:half] + b"?" * 777 + own.data[half:]), room)
    assert content == own.data


def test_a_sidecar_is_made_too(beside: Specimen, surveyor: Surveyor, room: Path) -> None:
    (room / "plain").write_bytes(overwritten(beside.data, [3, 4]))
    (room / "plain.xpar").write_bytes(beside.sidecar)
    contents, mended, _ = _assembled(surveyor(room / "plain"), room)
    assert contents == [beside.data, beside.sidecar]
    assert mended == 2


def test_a_flipped_bit_is_put_right_where_parity_does_not_suffice(
    own: Specimen, surveyor: Surveyor, room: Path
) -> None:
    """By the sums of its sector alone: 70 in one group."""
    shards = shards_of(own.geometry)
    group = [n for n, shard in enumerate(shards) if shard[:2] == ("data", 0)]
    assert len(group) > own.geometry.parity_shards
    hurt = bytearray(own.data)
    for number in group[: own.geometry.parity_shards + 3]:
        hurt[number * 2048 + 100] ^= 8
    (content,), _, _ = _assembled(surveyor(bytes(hurt)), room)
    assert content == own.data


def test_phases_of_one_volume_have_its_mending_and_of_several_none(room: Path) -> None:
    for name, n_bytes in (("a", 100), ("b", 70), ("c", 30)):
        (room / name).write_bytes(bytes(n_bytes))
    paths = {name: os.fsencode(room / name) for name in "abc"}
    one = phases_of_images([[paths["a"], paths["b"]]])
    assert [(phase.title, phase.work) for phase in one] == [
        ("check sectors", 170),
        *((phase.title, phase.work) for phase in phases_of_mending(100)),
    ]
    several = phases_of_images([[paths["a"], paths["b"]], [paths["c"]]])
    assert [phase.work for phase in several] == [170, 30]
    assert phases_of_images([]) == []


def test_another_archive_in_a_copy_is_a_problem_that_says_where(
    own: Specimen, beside: Specimen, surveyor: Surveyor, room: Path
) -> None:
    quiet = Monitor()
    tell_of_others(surveyor(own.data), quiet)
    assert quiet.problems == []
    heard = Monitor()
    other = with_own_stream(room, NO_PARITY, os.urandom(40 * 2048)).data
    tell_of_others(surveyor(own.data + bytes(-len(own.data) % 2048) + other), heard)
    at = len(own.data) + -len(own.data) % 2048
    (problem,) = heard.problems
    assert problem.trouble is Trouble.REFUSED
    assert f"of {len(other)} bytes, begins at byte {at} of it" in problem.reason
    assert f"'tail -c +{at + 1}'" in problem.reason


def test_numbers_are_those_of_the_sectors(own: Specimen, surveyor: Surveyor, room: Path) -> None:
    with assembled(
        surveyor(overwritten(own.data, [5, 9])), lambda _: Scratch(os.fsencode(room / "work")), Monitor()
    ) as (_, mended):
        assert mended.sectors.tolist() == [5, 9]


@pytest.mark.parametrize("n_bytes", [0, 5])
def test_mending_reads_more_than_once(n_bytes: int) -> None:
    assert sum(phase.work for phase in phases_of_mending(n_bytes)) >= 3 * n_bytes
