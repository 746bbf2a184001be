"""Bytes that are lost or inserted: all behind them has moved, and comes back as well."""

from __future__ import annotations

import random
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kit.damage import overwritten
from kit.memory import fast_directory
from kit.protected import (
    NO_PARITY,
    SMALL_GROUPS,
    Specimen,
    bad_sectors,
    the_beside,
    the_own,
    with_own_stream,
    with_sidecar,
)

from pybackup.errors import Damaged, UsageError
from pybackup.parity.stream.amount import Amount
from pybackup.parity.stream.geometry import ParityOptions
from pybackup.sector import SECTOR

from .wounds import Damage, deleted, flips, inserted, is_whole, repaired

RANDOM = random.Random("unlike the others")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([inserted, deleted, flips]), min_size=1, max_size=3), st.integers(0, 2**32))
def test_bytes_inserted_and_deleted(damages: list[Damage], seed: int) -> None:
    own = the_own()
    chance = random.Random(seed)
    data = own.data
    for damage in damages:
        data = damage(data, chance)
    for in_place in (False, True):
        result = repaired(data, in_place=in_place)
        if result.done is None:
            assert isinstance(result.refused, UsageError if in_place else Damaged)
            assert not in_place or result.data == data
            continue
        left = bad_sectors(own, result.data)
        # Guesses are written where nothing better is known, and are not said to be right.
        assert len(left) <= result.done.left
        assert result.done.left == len(left) or not in_place
        # What is bad after realigning is few: the sectors that were cut through, what is gone, and what was flipped.
        if flips not in damages:
            assert left == []
            assert result.data[: len(own.data)] == own.data


@settings(max_examples=40, deadline=None)
@given(st.sampled_from([inserted, deleted]), st.booleans(), st.integers(0, 2**32), st.booleans())
def test_bytes_inserted_into_and_deleted_from_file_or_sidecar(
    damage: Damage, to_sidecar: bool, seed: int, in_place: bool
) -> None:
    beside = the_beside()
    chance = random.Random(seed)
    data, sidecar = beside.data, beside.sidecar
    if to_sidecar:
        sidecar = damage(sidecar, chance)
    else:
        data = damage(data, chance)
    result = repaired(data, sidecar, in_place=in_place)
    if isinstance(result.refused, UsageError):
        # All of the file has moved: it may be a part of something larger.
        assert in_place
        assert not to_sidecar
        assert result.data == data
        return
    assert result.done is not None
    assert result.done.left == 0
    assert result.data[: len(beside.data)] == beside.data
    assert result.sidecar[: len(beside.sidecar)] == beside.sidecar


@pytest.mark.parametrize("lost", [1, 2048, 5000])
@pytest.mark.parametrize("where", ["start", "end"])
@pytest.mark.parametrize("in_place", [False, True])
def test_sidecar_without_its_start_or_end(beside: Specimen, where: str, lost: int, in_place: bool) -> None:
    sidecar = beside.sidecar[lost:] if where == "start" else beside.sidecar[:-lost]
    data = overwritten(beside.data, [3, 90])
    result = repaired(data, sidecar, in_place=in_place)
    assert is_whole(beside, result)


@pytest.mark.parametrize("n_sectors", [3, 9, 15])
@pytest.mark.parametrize("options", [SMALL_GROUPS, NO_PARITY])
def test_bytes_lost_from_a_small_file_move_all_of_it(options: ParityOptions, n_sectors: int) -> None:
    """Too few sectors to tell from damage by their number; that the size is another tells it."""
    content = RANDOM.randbytes(n_sectors * SECTOR + 99)
    with fast_directory() as base:
        specimen = with_sidecar(base, options, content)
    for data in (content[1:], b"x" + content, content[:700] + content[701:]):
        result = repaired(data, specimen.sidecar)
        assert result.done is not None
        left = bad_sectors(specimen, result.data, result.sidecar)
        assert left == ([0] if not specimen.geometry.groups and data[:1] != b"x" else [])
        assert result.done.left == len(left)


def test_a_large_sidecar_that_moved_is_written_anew() -> None:
    """In place its sectors would be overwritten before they are read."""
    options = ParityOptions(Amount(share=Fraction(1)), group_sectors=700)
    with fast_directory() as base:
        specimen = with_sidecar(base, options, random.Random(12).randbytes(3000 * SECTOR))
    sidecar = specimen.sidecar[:5000] + specimen.sidecar[9000:]
    result = repaired(overwritten(specimen.data, [1, 2]), sidecar, in_place=True)
    assert is_whole(specimen, result)


def test_a_file_longer_than_the_sector_sums_of_one_step() -> None:
    with fast_directory() as base:
        specimen = with_own_stream(base, ParityOptions(), random.Random(13).randbytes(5000 * SECTOR))
    data = specimen.data[:3_000_001] + specimen.data[3_000_500:]
    for in_place in (False, True):
        assert is_whole(specimen, repaired(data, in_place=in_place))


def test_content_that_is_there_twice(tmp_path: Path) -> None:
    """Found first in its second place, an odd distance away; what follows the insertion is looked for once more."""
    half = random.Random(5).randbytes(300_001)
    options = ParityOptions(Amount(share=Fraction(1, 20)), sidecar=True)
    beside = with_sidecar(tmp_path, options, half + half)
    hurt = beside.data[:120_000] + bytes(range(100)) + beside.data[120_000:]
    result = repaired(hurt, beside.sidecar)
    assert result.done is not None
    assert result.done.left == 0
    assert result.data == beside.data


def test_content_that_repeats_itself(tmp_path: Path) -> None:
    """No sector is like no other: how far it moved is told by the size of the file."""
    data = (bytes(range(250)) * 12)[:3000] * 300
    options = ParityOptions(Amount(share=Fraction(1, 20)), sidecar=True)
    beside = with_sidecar(tmp_path, options, data)
    for hurt in (data[:400_000] + RANDOM.randbytes(700) + data[400_000:], data[:400_000] + data[400_700:]):
        result = repaired(hurt, beside.sidecar)
        assert result.done is not None
        assert result.done.left == 0
        assert result.data == data


@pytest.mark.parametrize("n_bytes", [1, 2048, 100_000])
@pytest.mark.parametrize("in_place", [False, True])
def test_what_was_inserted_is_not_said_to_be_appended(own: Specimen, n_bytes: int, in_place: bool) -> None:
    at = len(own.data) * 3 // 4
    result = repaired(own.data[:at] + RANDOM.randbytes(n_bytes) + own.data[at:], in_place=in_place)
    assert is_whole(own, result)
    assert result.done is not None
    assert result.done.appended_bytes == 0
    result = repaired(own.data[:at] + RANDOM.randbytes(n_bytes) + own.data[at:] + b"appended", in_place=in_place)
    assert result.done is not None
    assert result.done.appended_bytes == 8
