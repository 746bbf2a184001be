"""Sectors with one byte put right where parity does not suffice: taken with care, and verify says what repair does."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from fractions import Fraction
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kit.damage import deceiving, overwritten
from kit.memory import fast_directory
from kit.protected import AFTER, BEFORE, NO_PARITY, Specimen, shards_of, the_own, with_own_stream, with_sidecar

from pybackup.errors import Damaged
from pybackup.layout.sums import sector_sums
from pybackup.mend.health import Health, State, assess
from pybackup.monitor import Monitor
from pybackup.parity.mend import patched, rehearse
from pybackup.parity.mend.copies import Copy, Survey
from pybackup.parity.mend.flips import propose
from pybackup.parity.mend.rebuild import choices
from pybackup.parity.stream.amount import Amount
from pybackup.parity.stream.geometry import ParityOptions
from pybackup.sector import SECTOR

from .wounds import DAMAGE, Damage, is_whole, repaired

ONE_PARITY = ParityOptions(Amount(share=Fraction(1, 10)), group_sectors=11)
GROUP = 2


@cache
def bare() -> Specimen:
    """Checksums and no parity."""
    with fast_directory() as base:
        return with_own_stream(base, NO_PARITY, BEFORE, AFTER)


@cache
def thin() -> Specimen:
    """One parity sector a group, which is the XOR of the others."""
    with fast_directory() as base:
        return with_own_stream(base, ONE_PARITY, BEFORE, AFTER)


@cache
def large() -> Specimen:
    """All in one group."""
    with fast_directory() as base:
        return with_own_stream(base, ParityOptions(Amount(share=Fraction(1, 5))), BEFORE, AFTER)


def members(specimen: Specimen, kind: str, group: int = GROUP) -> list[int]:
    return [number for number, shard in enumerate(shards_of(specimen.geometry)) if shard[:2] == (kind, group)]


def sector(data: bytes, number: int) -> bytes:
    return data[number * SECTOR : (number + 1) * SECTOR]


def hurt(
    specimen: Specimen, *, gone: list[int], flipped: list[int], wrong: list[int], bits: int = 1, wrong_bits: int = 0x21
) -> bytes:
    """Sectors that are overwritten, that have one wrong byte, and that only look so."""
    data = bytearray(overwritten(specimen.data, gone, random.Random(1)))
    for number in wrong:
        looks_so = bytearray(deceiving(sector(specimen.data, number)))
        looks_so[1500] ^= 0x21 ^ wrong_bits
        data[number * SECTOR : (number + 1) * SECTOR] = looks_so
    for number in flipped:
        data[number * SECTOR + 99 + number % 7] ^= bits
    return bytes(data)


def state_of(data: bytes) -> Health:
    with fast_directory() as base:
        path = base / "damaged"
        path.write_bytes(data)
        health = assess(os.fsencode(path), Monitor())
    assert isinstance(health, Health)
    return health


def agree(specimen: Specimen, data: bytes, expected: State) -> Health:
    """Verify says this, and that is what repair makes of it, in place and not."""
    health = state_of(data)
    assert health.state is expected
    for in_place in (False, True):
        result = repaired(data, in_place=in_place)
        assert result.done is not None
        assert result.done.complete == (expected is State.REPAIRABLE)
        assert result.done.groups_beyond == health.beyond
        assert is_whole(specimen, result) == (expected is State.REPAIRABLE)
    return health


@pytest.mark.parametrize("in_parity", [1, 3, 99])
@pytest.mark.parametrize("more", [1, 2])
def test_flips_in_parity_sectors_count_too(in_parity: int, more: int) -> None:
    """Beyond the parity by one or two, and flips in so many of the parity sectors."""
    own = the_own()
    data, parity = members(own, "data"), members(own, "parity")[:in_parity]
    gone = data[: len(members(own, "parity")) + more - len(parity)]
    enough = len(parity) >= more
    health = agree(own, hurt(own, gone=gone, flipped=parity, wrong=[]), State.REPAIRABLE if enough else State.BEYOND)
    assert int(health.missing[GROUP]) == own.geometry.parity_shards + (0 if enough else more)


def test_all_of_the_data_flipped_and_all_of_the_parity_gone() -> None:
    own = the_own()
    data, parity = members(own, "data"), members(own, "parity")
    agree(own, hurt(own, gone=parity, flipped=data, wrong=[]), State.REPAIRABLE)


@pytest.mark.parametrize("false", [1, 2])
@pytest.mark.parametrize("bits", [1, 0x81])
@pytest.mark.parametrize("true", [3, 5, 7])
def test_false_proposals_do_not_spoil_a_group(true: int, bits: int, false: int) -> None:
    """Whether or not the true ones are told from them by their bits; one is needed."""
    own = the_own()
    data, p = members(own, "data"), own.geometry.parity_shards
    bad = data[: p + 1]
    assert len(bad) >= true + false
    wrong, flipped, gone = bad[:false], bad[false : false + true], bad[false + true :]
    agree(own, hurt(own, gone=gone, flipped=flipped, wrong=wrong, bits=bits), State.REPAIRABLE)


@pytest.mark.parametrize("more", [1, 20, 40])
def test_a_false_proposal_among_many(more: int) -> None:
    """More ways to take some of them than are tried, and it looks likelier than all others."""
    specimen = large()
    data, parity = members(specimen, "data", 0), members(specimen, "parity", 0)
    bad = data[3 : 3 + len(parity) + more - 5] + parity[2:7]
    chance = random.Random(more)
    chance.shuffle(bad)
    damaged = hurt(specimen, gone=bad[61:], flipped=bad[1:61], wrong=bad[:1], bits=0x18, wrong_bits=0x10)
    agree(specimen, damaged, State.REPAIRABLE)


def test_a_false_proposal_that_looks_likelier_than_true_ones() -> None:
    own = the_own()
    bad = members(own, "data")[: own.geometry.parity_shards + 2]
    data = hurt(own, gone=bad[5:], flipped=bad[1:5], wrong=bad[:1], bits=0x81, wrong_bits=0x10)
    agree(own, data, State.REPAIRABLE)


def test_a_false_proposal_that_is_needed() -> None:
    own = the_own()
    bad = members(own, "data")[: own.geometry.parity_shards + 3]
    data = hurt(own, gone=bad[3:], flipped=bad[1:3], wrong=bad[:1])
    health = agree(own, data, State.BEYOND)
    assert int(health.missing[GROUP]) == len(bad)


def test_other_groups_are_repaired_where_one_is_not() -> None:
    own = the_own()
    p = own.geometry.parity_shards
    first, second = members(own, "data", 1)[: p + 1], members(own, "data", 3)[: p + 1]
    data = hurt(own, gone=first[2:] + second[1:], flipped=first[1:2], wrong=first[:1] + second[:1])
    health = agree(own, data, State.BEYOND)
    assert (int(health.missing[1]), int(health.missing[3])) == (p, p + 1)
    assert sorted(health.missing)[-3:-1] == [0, p]


def test_flips_without_parity_need_the_checksum_of_the_whole() -> None:
    specimen = bare()
    guard = next(number for number, shard in enumerate(shards_of(specimen.geometry)) if shard[0] == "guard")
    for bad in ([5], [5, 77, specimen.sectors - 1], [5, guard]):
        agree(specimen, hurt(specimen, gone=[], flipped=bad, wrong=[]), State.REPAIRABLE)
    agree(specimen, hurt(specimen, gone=[guard], flipped=[], wrong=[]), State.REPAIRABLE)
    agree(specimen, hurt(specimen, gone=[], flipped=[], wrong=[5]), State.BEYOND)
    agree(specimen, hurt(specimen, gone=[], flipped=[6], wrong=[5]), State.BEYOND)
    agree(specimen, hurt(specimen, gone=[7], flipped=[6], wrong=[]), State.BEYOND)


def test_flips_in_a_file_and_in_a_sidecar_without_parity() -> None:
    with fast_directory() as base:
        specimen = with_sidecar(base, NO_PARITY, BEFORE + AFTER)
    with fast_directory() as base:
        path, beside = base / "damaged", base / "damaged.xpar"
        beside.write_bytes(specimen.sidecar)
        for place, wrong in ((99, False), (len(specimen.data) - 1, False), (SECTOR * 5, True)):
            data = bytearray(specimen.data)
            data[place] ^= 4
            if wrong:
                data[5 * SECTOR : 6 * SECTOR] = deceiving(sector(specimen.data, 5))
            path.write_bytes(data)
            health = assess(os.fsencode(path), Monitor())
            assert isinstance(health, Health)
            assert health.state is (State.BEYOND if wrong else State.REPAIRABLE)
            assert is_whole(specimen, repaired(bytes(data), specimen.sidecar)) != wrong


def test_one_parity_sector_confirms_nothing() -> None:
    """It agrees with its sum whatever the proposal is: the checksum of the whole has to tell."""
    specimen = thin()
    assert specimen.geometry.parity_shards == 1
    data, parity = members(specimen, "data"), members(specimen, "parity")
    other = members(specimen, "data", 4)[:1]
    for bad in (data[:2], [*data[:1], *parity]):
        agree(specimen, hurt(specimen, gone=[], flipped=bad, wrong=[]), State.REPAIRABLE)
        for number in (0, 1):
            left = [bad[1 - number]]
            agree(specimen, hurt(specimen, gone=left + other, flipped=[bad[number]], wrong=[]), State.REPAIRABLE)
            agree(specimen, hurt(specimen, gone=left + other, flipped=[], wrong=[bad[number]]), State.BEYOND)
    # Two that confirm each other need no checksum of the whole, which cannot be had where another group is lost.
    lost = members(specimen, "data", 5)[:2]
    agree(specimen, hurt(specimen, gone=lost, flipped=data[:2], wrong=[]), State.BEYOND)
    result = repaired(hurt(specimen, gone=lost, flipped=data[:2], wrong=[]))
    assert all(sector(result.data, number) == sector(specimen.data, number) for number in data)


def test_nothing_is_rehearsed_or_read_again_where_parity_suffices(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise AssertionError("called")

    monkeypatch.setattr("pybackup.mend.health.rehearse", fail)
    monkeypatch.setattr(rehearse, "is_right", fail)
    monkeypatch.setattr(patched, "digest_of", fail)
    own = the_own()
    assert state_of(own.data).state is State.INTACT
    assert state_of(bare().data).state is State.INTACT
    few = members(own, "data")[: own.geometry.parity_shards]
    assert state_of(hurt(own, gone=few, flipped=[], wrong=[])).state is State.REPAIRABLE


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from([the_own, thin, bare, large]),
    st.lists(st.sampled_from(DAMAGE), max_size=2),
    st.integers(0, 40),
    st.integers(0, 2**32),
    st.booleans(),
)
def test_verify_says_what_repair_does(
    made: Callable[[], Specimen], damages: list[Damage], flipped: int, seed: int, in_place: bool
) -> None:
    specimen, chance = made(), random.Random(seed)
    data = bytearray(specimen.data)
    for damage in damages:
        data = bytearray(damage(bytes(data), chance))
    for _ in range(flipped):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    with fast_directory() as base:
        (base / "damaged").write_bytes(data)
        health = assess(os.fsencode(base / "damaged"), Monitor())
    result = repaired(bytes(data), in_place=in_place)
    if not isinstance(health, Health):
        assert isinstance(result.refused, Damaged)
        return
    assert result.done is not None
    assert result.done.complete == (health.state is not State.BEYOND)
    assert result.done.groups_beyond == health.beyond
    assert is_whole(specimen, result) == result.done.complete


class Bytes:
    """A file in memory."""

    def __init__(self, data: bytes) -> None:
        self.data, self.size = data, len(data)

    def read_at(self, offset: int, count: int) -> bytes:
        return self.data[offset : offset + count]

    read_what_is_left = read_at


def test_the_copy_with_fewest_wrong_bits_is_proposed() -> None:
    own = the_own()
    survey = Survey.of(own.geometry, sector_sums(own.data.ljust(own.sectors * SECTOR, b"\0"), np.arange(own.sectors)))
    false = hurt(own, gone=[], flipped=[9], wrong=[3, 8], bits=3, wrong_bits=0x21)
    true = hurt(own, gone=[8], flipped=[3, 9], wrong=[], bits=0x80)
    for copies in ((false, true), (true, false)):
        proposals = propose([Copy(Bytes(data)) for data in copies], survey, np.array([3, 8, 9]))
        assert proposals.numbers.tolist() == [3, 8, 9]
        assert proposals.bits.tolist() == [1, 2, 1]
        assert proposals.data[0].tobytes() == sector(own.data, 3)
        assert proposals.data[1].tobytes() != sector(own.data, 8)
        assert proposals.data[2].tobytes() == sector(own.data, 9)


@pytest.mark.parametrize(("count", "needed"), [(1, 1), (6, 5), (5, 2), (40, 39), (60, 50), (500, 480), (60_000, 9)])
def test_choices(count: int, needed: int) -> None:
    made = [chosen.tolist() for chosen in choices(count, needed)]
    assert made == [chosen.tolist() for chosen in choices(count, needed)]
    assert len(made) <= 32
    assert made[0] == list(range(needed))
    for chosen in made:
        assert len(set(chosen)) == len(chosen) == needed
        assert set(chosen) <= set(range(count))
    if count <= 24 * (count - needed):
        assert all(any(wrong not in chosen for chosen in made) for wrong in range(count))
