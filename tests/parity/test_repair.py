"""Repairing real files: everything below the limit comes back, nothing beyond it is claimed to be right."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kit.damage import deceiving, overwritten
from kit.memory import fast_directory
from kit.protected import (
    AFTER,
    BEFORE,
    NO_PARITY,
    SMALL_GROUPS,
    Specimen,
    bad_sectors,
    shards_of,
    the_beside,
    the_own,
    with_own_stream,
    with_sidecar,
)
from kit.thorough import so_many

from pybackup.errors import PybackupError, UsageError
from pybackup.parity.stream.geometry import ParityOptions
from pybackup.sector import SECTOR

from .wounds import DAMAGE, Damage, check, is_whole, repaired


@settings(max_examples=so_many(50, 150), deadline=None)
@given(st.lists(st.sampled_from(DAMAGE), min_size=1, max_size=3), st.integers(0, 2**32), st.booleans())
def test_damage_in_place(damages: list[Damage], seed: int, in_place: bool) -> None:
    own = the_own()
    chance = random.Random(seed)
    data = own.data
    for damage in damages:
        data = damage(data, chance)
    check(own, repaired(data, in_place=in_place), data)


@settings(max_examples=so_many(50, 150), deadline=None)
@given(
    st.lists(st.sampled_from(DAMAGE), max_size=2),
    st.lists(st.sampled_from(DAMAGE), max_size=2),
    st.integers(0, 2**32),
    st.booleans(),
)
def test_damage_to_a_file_and_its_sidecar(
    damages: list[Damage], to_sidecar: list[Damage], seed: int, in_place: bool
) -> None:
    beside = the_beside()
    chance = random.Random(seed)
    data, sidecar = beside.data, beside.sidecar
    for damage in damages:
        data = damage(data, chance)
    for damage in to_sidecar:
        sidecar = damage(sidecar, chance)
    check(beside, repaired(data, sidecar, in_place=in_place), data, sidecar)


@pytest.mark.parametrize("in_place", [False, True])
@pytest.mark.parametrize("fill", ["zeros", "garbage"])
def test_the_limit_of_each_group(own: Specimen, fill: str, in_place: bool) -> None:
    """All groups at the limit, then one of them one past it: the others are repaired."""
    geometry, chance = own.geometry, random.Random(11)
    assert geometry.groups >= 6
    members: dict[int, list[int]] = {group: [] for group in range(geometry.groups)}
    for number, (kind, group, _) in enumerate(shards_of(geometry)):
        if kind != "guard":
            members[group].append(number)
    bad = [number for group in members.values() for number in chance.sample(group, geometry.parity_shards)]
    garbage = chance if fill == "garbage" else None
    data = overwritten(own.data, bad, garbage)
    result = repaired(data, in_place=in_place)
    assert is_whole(own, result)
    check(own, result, data)
    worse = [*bad, next(number for number in members[3] if number not in bad)]
    data = overwritten(own.data, worse, garbage)
    result = repaired(data, in_place=in_place)
    assert result.done is not None
    assert (result.done.left, result.done.groups_beyond) == (geometry.parity_shards + 1, 1)
    check(own, result, data)


def test_sectors_that_cannot_be_repaired_are_as_they_were_found(own: Specimen) -> None:
    bad = range(200)
    data = overwritten(own.data, bad, random.Random(3))
    for in_place in (False, True):
        result = repaired(data, in_place=in_place)
        assert result.done is not None
        for number in bad_sectors(own, result.data):
            assert result.data[number * SECTOR : (number + 1) * SECTOR] == data[number * SECTOR : (number + 1) * SECTOR]


@pytest.mark.parametrize("in_place", [False, True])
def test_lost_parity_is_made_again(own: Specimen, in_place: bool) -> None:
    geometry = own.geometry
    kinds = shards_of(geometry)
    parity = [number for number, (kind, _, _) in enumerate(kinds) if kind == "parity"]
    guards = [number for number, (kind, _, _) in enumerate(kinds) if kind == "guard"]
    bad = sorted(parity + guards[geometry.table_shards :])
    result = repaired(overwritten(own.data, bad), in_place=in_place)
    assert is_whole(own, result)
    assert result.done is not None
    assert result.done.mended == len(bad)


@pytest.mark.parametrize("in_place", [False, True])
def test_intact_volume(own: Specimen, beside: Specimen, in_place: bool) -> None:
    for specimen in (own, beside):
        result = repaired(specimen.data, specimen.sidecar, in_place=in_place)
        assert is_whole(specimen, result)
        assert result.done is not None
        assert (result.done.damaged, result.done.mended, result.done.left) == (0, 0, 0)


@pytest.mark.parametrize("n_bytes", [1, 700, 2047, 2048, 2049, 4096, 100_001])
def test_tiny_files_and_their_sidecars(n_bytes: int) -> None:
    content = random.Random(n_bytes).randbytes(n_bytes)
    with fast_directory() as base:
        specimen = with_sidecar(base, ParityOptions(), content)
    number = (n_bytes - 1) // SECTOR
    for data in (overwritten(content, [number]), overwritten(content, [0], random.Random(1)), content[:-1]):
        assert is_whole(specimen, repaired(data, specimen.sidecar))
        in_place = repaired(data, specimen.sidecar, in_place=True)
        # Of a file of one sector nothing is left that tells it from a file that is none of the sidecar's.
        hopeless = number == 0
        assert is_whole(specimen, in_place) or (hopeless and isinstance(in_place.refused, PybackupError))
    assert is_whole(specimen, repaired(content, overwritten(specimen.sidecar, [0, 1])))


def test_zeros_that_are_cut_off_grow_back() -> None:
    """The last sector is filled up with zeros where it ends early: it looks whole without the zeros it had."""
    with fast_directory() as base:
        for specimen in (
            with_own_stream(base, SMALL_GROUPS, BEFORE, bytes(3000)),
            with_own_stream(base, SMALL_GROUPS, BEFORE, bytes(2048)),
            with_own_stream(base, NO_PARITY, BEFORE, bytes(512)),
            with_sidecar(base, SMALL_GROUPS, BEFORE + bytes(512)),
            with_sidecar(base, NO_PARITY, BEFORE + bytes(512)),
        ):
            for gone in (1, 511):
                for in_place in (False, True):
                    result = repaired(specimen.data[:-gone], specimen.sidecar, in_place=in_place)
                    assert is_whole(specimen, result)
                    assert result.done is not None
                    assert result.done.damaged == 1


@pytest.mark.parametrize("junk", [b"x", b"junk" * 2000, bytes(5 * SECTOR)])
@pytest.mark.parametrize("options", [SMALL_GROUPS, NO_PARITY])
def test_bytes_behind_the_end_are_no_part_of_it(options: ParityOptions, junk: bytes) -> None:
    with fast_directory() as base:
        volumes = [with_own_stream(base, options, BEFORE, AFTER), with_sidecar(base, options, BEFORE + AFTER)]
    for specimen in volumes:
        result = repaired(specimen.data + junk, specimen.sidecar)
        assert is_whole(specimen, result)
        assert result.done is not None
        assert result.done.damaged == 0
        result = repaired(specimen.data + junk, specimen.sidecar, in_place=True)
        # What was appended is cut off: all bytes are what they were.
        assert is_whole(specimen, result)


@pytest.mark.parametrize("sidecar", [False, True])
def test_much_behind_the_end_is_not_cut_off_in_place(sidecar: bool) -> None:
    with fast_directory() as base:
        specimen = with_sidecar(base, NO_PARITY, BEFORE) if sidecar else with_own_stream(base, NO_PARITY, BEFORE)
    data = specimen.data + b"another thing" * 10_000
    result = repaired(data, specimen.sidecar, in_place=True)
    assert isinstance(result.refused, UsageError)
    assert "would be cut off" in str(result.refused)
    assert (result.data, result.sidecar) == (data, specimen.sidecar)
    assert is_whole(specimen, repaired(data, specimen.sidecar))
    # Zeros are what drives add.
    assert is_whole(specimen, repaired(specimen.data + bytes(300_000), specimen.sidecar, in_place=True))


def test_an_archive_behind_another_is_not_cut_off_in_place(own: Specimen) -> None:
    with fast_directory() as base:
        other = with_own_stream(base, NO_PARITY, AFTER[: 16 * SECTOR])
    for data in (own.data + other.data, overwritten(own.data, [4]) + other.data):
        result = repaired(data, in_place=True)
        assert isinstance(result.refused, UsageError)
        assert "another protected archive" in str(result.refused)
        assert result.data == data


@pytest.mark.parametrize("in_place", [False, True])
@pytest.mark.parametrize("more", [-1, 0, 3])
def test_sums_that_deceive(own: Specimen, more: int, in_place: bool) -> None:
    """Some deceive, others are bad beyond doubt: up to the limit all comes back, past it none is said to be good."""
    geometry = own.geometry
    group = [number for number, shard in enumerate(shards_of(geometry)) if shard[:2] == ("data", 2)]
    bad = group[: geometry.parity_shards + more]
    data = bytearray(overwritten(own.data, bad[3:], random.Random(1)))
    for number in bad[:3]:
        data[number * SECTOR : (number + 1) * SECTOR] = deceiving(own.data[number * SECTOR : (number + 1) * SECTOR])
    result = repaired(bytes(data), in_place=in_place)
    check(own, result, bytes(data))
    assert is_whole(own, result) == (more <= 0)
    assert result.done is not None
    assert result.done.left == (len(bad) if more > 0 else 0)


@pytest.mark.parametrize("in_place", [False, True])
def test_sums_that_deceive_where_there_is_no_parity(in_place: bool) -> None:
    with fast_directory() as base:
        specimen = with_own_stream(base, NO_PARITY, BEFORE)
    for numbers in ([5], [5, 77]):
        data = bytearray(specimen.data)
        for number in numbers:
            data[number * SECTOR : (number + 1) * SECTOR] = deceiving(
                specimen.data[number * SECTOR : (number + 1) * SECTOR]
            )
        result = repaired(bytes(data), in_place=in_place)
        assert result.done is not None
        assert result.done.left == len(numbers)
        assert bad_sectors(specimen, result.data) == numbers
