"""Copies with lost and inserted bytes, laid over their volume: what is intact is found, and nothing wrong is.

The judge knows the bytes: it compares every stretch with the volume, and finds the runs that are intact with
`bytes.find`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kit.thorough import so_many

from pybackup.layout.sums import sector_sums
from pybackup.model.extents import Extents
from pybackup.parity.mend.align import Stretch, _needed_anchors, align
from pybackup.sector import SECTOR

MIB = 1 << 20


@dataclass(frozen=True)
class Volume:
    """A volume, and the numbers whose sums are known."""

    data: bytes = field(repr=False)
    unknown: frozenset[int] = frozenset()

    @cached_property
    def padded(self) -> bytes:
        return self.data + bytes(-len(self.data) % SECTOR)

    def sector(self, number: int) -> bytes:
        return self.padded[number * SECTOR : (number + 1) * SECTOR]

    @cached_property
    def numbers(self) -> list[int]:
        return [number for number in range(len(self.padded) // SECTOR) if number not in self.unknown]

    @cached_property
    def anchors(self) -> frozenset[int]:
        """Sectors known, unlike all others, and more than one byte repeated."""
        places: dict[bytes, list[int]] = {}
        for number in self.numbers:
            places.setdefault(self.sector(number), []).append(number)
        return frozenset(found[0] for data, found in places.items() if len(found) == 1 and len(set(data)) > 1)

    @cached_property
    def sums(self) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], np.ndarray[tuple[int], np.dtype[np.uint32]]]:
        numbers = np.array(self.numbers, np.int64)
        return numbers, sector_sums(self.padded, numbers, numbers * SECTOR)

    def align(self, copy: bytes, unread: Extents | None = None) -> list[Stretch]:
        """Align, and judge what must hold of every result."""
        unread = unread or Extents()
        done: list[int] = []

        def read_at(offset: int, n_bytes: int) -> bytes:
            assert 0 <= offset <= offset + n_bytes <= len(copy)
            assert not unread.within(offset, offset + n_bytes)
            return copy[offset : offset + n_bytes]

        found = align(read_at, len(copy), *self.sums, unread=unread, progress=done.append)
        assert sum(done) == len(copy)
        assert min(done) >= 0
        assert found == sorted(set(found), key=lambda stretch: (stretch.copy_offset, stretch.first_sector))
        for stretch in found:
            start, n_bytes = stretch.first_sector * SECTOR, stretch.sectors * SECTOR
            at = stretch.copy_offset
            assert 0 <= at < len(copy)
            assert n_bytes > 0
            assert copy[at : at + n_bytes].ljust(n_bytes, b"\0") == self.padded[start : start + n_bytes]
            assert self.unknown.isdisjoint(range(stretch.first_sector, stretch.first_sector + stretch.sectors))
            assert not unread.within(at, at + n_bytes)
        return found

    def found(self, copy: bytes, unread: Extents | None = None) -> set[int]:
        """The numbers of all sectors that are found."""
        return {
            number
            for stretch in self.align(copy, unread)
            for number in range(stretch.first_sector, stretch.first_sector + stretch.sectors)
        }

    def intact(self, copy: bytes, unread: Extents | None = None) -> set[int]:
        """The anchors that are in the copy, in a run of at least three."""
        unread = unread or Extents()
        tail = bytes(0 if unread.within(len(copy) - 1, len(copy)) else SECTOR - 1)
        places: dict[int, set[int]] = {}
        for number in self.anchors:
            at = (copy + tail).find(self.sector(number))
            while at >= 0:
                if not unread.within(at, at + SECTOR):
                    places.setdefault(number, set()).add(at)
                at = (copy + tail).find(self.sector(number), at + 1)
        runs = (
            (number, number + 1, number + 2)
            for number, offsets in places.items()
            for at in offsets
            if at + SECTOR in places.get(number + 1, ()) and at + 2 * SECTOR in places.get(number + 2, ())
        )
        return {number for run in runs for number in run}


# Kinds of sectors: unlike all others, zeros, one of three that recur, a head before zeros, zeros before a tail.
KINDS = "uuuuzrht"


def make_volume(runs: list[tuple[str, int]], seed: int, short: int, unknown: frozenset[int]) -> Volume:
    random = np.random.default_rng(seed)
    recurring = [random.bytes(SECTOR) for _ in range(3)]
    parts = []
    for kind, length in runs:
        for _ in range(length):
            cut = int(random.integers(1, SECTOR))
            parts.append(
                {
                    "u": random.bytes(SECTOR),
                    "z": bytes(SECTOR),
                    "r": recurring[cut % 3],
                    "h": random.bytes(cut) + bytes(SECTOR - cut),
                    "t": bytes(SECTOR - cut) + random.bytes(cut),
                }[kind]
            )
    data = b"".join(parts)
    return Volume(data[: len(data) - short], unknown)


volumes = st.builds(
    make_volume,
    runs=st.lists(st.tuples(st.sampled_from(KINDS), st.integers(1, 40)), min_size=1, max_size=10),
    seed=st.integers(0, 2**32),
    short=st.sampled_from([0, 0, 1, 700, SECTOR - 1]),
    unknown=st.frozensets(st.integers(0, 200), max_size=4),
)

lengths = st.sampled_from([1, 2, 3, 511, 512, 1_000, SECTOR - 1, SECTOR, SECTOR + 1, 5_000, 8 * SECTOR, 50_000])
places = st.one_of(st.floats(0, 1), st.integers(0, 200))
edits = st.lists(
    st.tuples(st.sampled_from(["insert", "delete", "overwrite", "zero", "swap", "repeat"]), places, lengths, places),
    max_size=5,
)


def place(copy: bytes, at: float | int) -> int:
    """A float is a part of the copy, an integer a sector's begin."""
    return min(len(copy), int(at * len(copy)) if isinstance(at, float) else at * SECTOR)


def edited(copy: bytes, edit: tuple[str, float | int, int, float | int], seed: int) -> bytes:
    kind, where, length, other = edit
    at = place(copy, where)
    garbage = np.random.default_rng(seed).bytes(length)
    if kind == "insert":
        return copy[:at] + garbage + copy[at:]
    if kind == "delete":
        return copy[:at] + copy[at + length :]
    if kind in ("overwrite", "zero"):
        return copy[:at] + (garbage if kind == "overwrite" else bytes(length))[: len(copy) - at] + copy[at + length :]
    low, high = sorted((at, place(copy, other)))
    if kind == "repeat":
        return copy[:high] + copy[low:]
    return copy[:low] + copy[high : high + length] + copy[low:high] + copy[high + length :]


@settings(
    max_examples=so_many(60, 150),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(volume=volumes, edits=edits, unread=st.lists(st.tuples(places, lengths), max_size=3))
def test_all_that_is_intact_is_found_and_nothing_else(
    volume: Volume, edits: list[tuple[str, float | int, int, float | int]], unread: list[tuple[float | int, int]]
) -> None:
    copy = volume.data
    for seed, edit in enumerate(edits):
        copy = edited(copy, edit, seed)
    if not copy:
        return
    holes = Extents.of((place(copy, at), min(len(copy), place(copy, at) + length)) for at, length in unread)
    assert volume.found(copy, holes) >= volume.intact(copy, holes)


@pytest.fixture(scope="module")
def big() -> Volume:
    """20 MB, with zeros, with 400 sectors that are there twice, and with guard sectors whose sums are not known."""
    data = bytearray(np.random.default_rng(7).bytes(10_000 * SECTOR - 300))
    data[1_000 * SECTOR : 1_500 * SECTOR] = bytes(500 * SECTOR)
    for number in range(0, 10_000, 97):
        data[number * SECTOR : (number + 1) * SECTOR - 300] = bytes(SECTOR - 300)
    data[7_000 * SECTOR : 7_400 * SECTOR] = data[6_000 * SECTOR : 6_400 * SECTOR]
    return Volume(bytes(data), frozenset({*range(3_000, 3_010), *range(500, 9_500, 250)}))


def n_lost(volume: Volume, copy: bytes, unread: Extents | None = None) -> int:
    return len(set(volume.numbers) - volume.found(copy, unread))


MIDDLE = 5_001 * SECTOR + 1_234
LENGTHS = [1, 1_000, SECTOR, 5 * MIB, 5 * MIB + 1]


def test_an_intact_copy_is_one_stretch_between_unknown_sectors(big: Volume) -> None:
    found = big.align(big.data)
    assert n_lost(big, big.data) == 0
    assert all(stretch.copy_offset == stretch.first_sector * SECTOR for stretch in found)
    assert len(found) == 37


@pytest.mark.parametrize("length", LENGTHS)
def test_inserted_bytes(big: Volume, length: int) -> None:
    garbage = np.random.default_rng(1).bytes(length)
    assert n_lost(big, big.data[:MIDDLE] + garbage + big.data[MIDDLE:]) == 1
    assert n_lost(big, garbage + big.data) == 0
    assert n_lost(big, big.data[: 1_200 * SECTOR] + bytes(length) + big.data[1_200 * SECTOR :]) == 0


@pytest.mark.parametrize("length", LENGTHS)
def test_deleted_bytes(big: Volume, length: int) -> None:
    touched = {number for number in big.numbers if (number + 1) * SECTOR > MIDDLE and number * SECTOR < MIDDLE + length}
    assert n_lost(big, big.data[:MIDDLE] + big.data[MIDDLE + length :]) <= len(touched)
    assert n_lost(big, big.data[length:]) <= 1 + length // SECTOR
    assert n_lost(big, big.data[:-length]) <= 1 + length // SECTOR


def test_many_places(big: Volume) -> None:
    random = np.random.default_rng(2)
    at, pieces = 0, []
    for number in range(20):
        end = (number + 1) * MIB - 77
        pieces += [big.data[at:end], random.bytes(int(random.integers(1, 9_000)))]
        at = end + int(random.integers(0, 3_000))
    copy = b"".join([*pieces, big.data[at:]])
    assert n_lost(big, copy) <= 20 * 3


@pytest.mark.parametrize("unaligned", [0, 1, 1_999])
def test_a_fragment_from_the_middle(big: Volume, unaligned: int) -> None:
    start = 8_000 * SECTOR + unaligned
    inside = {number for number in big.numbers if start <= number * SECTOR and number < 8_100}
    assert big.found(big.data[start : 8_100 * SECTOR]) == inside


@pytest.mark.parametrize("block", [16 * SECTOR, MIB, 3 * MIB + 5])
def test_blocks_in_reversed_order(big: Volume, block: int) -> None:
    copy = b"".join(reversed([big.data[at : at + block] for at in range(0, len(big.data), block)]))

    def home(number: int) -> int | None:
        first, last = number * SECTOR // block, ((number + 1) * SECTOR - 1) // block
        return first if first == last and number in big.anchors else None

    pairs = {number for number in range(9_998) if home(number) is not None and home(number) == home(number + 1)}
    assert len(pairs) > 8_000
    assert big.found(copy) >= pairs | {number + 1 for number in pairs}


def test_damage_besides(big: Volume) -> None:
    copy = bytearray(big.data[:MIDDLE] + b"x" + big.data[MIDDLE:])
    random = np.random.default_rng(5)
    hit = random.choice(len(copy), 1_000, replace=False)
    for at in hit.tolist():
        copy[at] ^= 1
    lost = n_lost(big, bytes(copy))
    assert lost <= 1_001
    assert lost > 800
    copy[3 * MIB : 5 * MIB] = random.bytes(2 * MIB)
    assert n_lost(big, bytes(copy)) <= lost + 2 * MIB // SECTOR + 1


def test_every_second_and_third_sector_damaged(big: Volume) -> None:
    copy = bytearray(b"shift" + big.data)
    for number in range(9_999):
        if number % 5 in (0, 2, 3):
            copy[number * SECTOR + 100] ^= 1
    assert n_lost(big, bytes(copy)) <= 6_000


def test_a_foreign_copy_has_nothing(big: Volume) -> None:
    assert big.align(np.random.default_rng(8).bytes(20 * MIB)) == []
    assert big.align(b"abc" * (2 * MIB)) == []


def test_a_zeroed_copy_has_the_zeros_in_their_place(big: Volume) -> None:
    found = big.align(bytes(len(big.data)))
    assert {stretch.copy_offset - stretch.first_sector * SECTOR for stretch in found} == {0}


def test_unreadable_places_are_left_alone(big: Volume) -> None:
    holes = Extents.of([(0, 5_000), (4 * MIB, 5 * MIB + 1), (len(big.data) - 10, len(big.data))])
    assert n_lost(big, big.data, holes) <= holes.n_bytes // SECTOR + 6
    assert n_lost(big, b"x" + big.data, holes) <= holes.n_bytes // SECTOR + 6
    assert big.align(big.data, Extents.of([(0, len(big.data))])) == []


@pytest.mark.parametrize("zeros", [0, 1, SECTOR - 1, SECTOR])
def test_the_last_sector_ends_with_the_copy(zeros: int) -> None:
    volume = Volume(np.random.default_rng(9).bytes(20 * SECTOR - 1_500))
    assert volume.found(volume.data + bytes(zeros)) == set(range(20))
    assert volume.found(b"more" + volume.data + bytes(zeros)) == set(range(20))
    assert volume.found(volume.data + b"x" + bytes(zeros)) == set(range(19))


def test_a_lone_sector_counts_only_at_a_known_shift() -> None:
    volume = Volume(np.random.default_rng(10).bytes(100 * SECTOR))
    garbage = np.random.default_rng(11).bytes(40 * SECTOR)
    assert volume.found(garbage[:5_001] + volume.sector(50) + garbage) == set()
    assert volume.found(garbage[: 50 * SECTOR] + volume.sector(40) + garbage) == {40}
    run = volume.data[70 * SECTOR : 72 * SECTOR]
    lone = volume.sector(80)
    assert volume.found(garbage[:5_001] + run + garbage[: 8 * SECTOR] + lone + garbage) == {70, 71, 80}
    assert volume.found(garbage[:5_001] + run + garbage[: 8 * SECTOR + 1] + lone + garbage) == {70, 71}


@pytest.mark.parametrize("copy", [b"", b"\0", bytes(SECTOR), b"x" * 10_000])
@pytest.mark.parametrize("data", [b"", b"x", b"x" * SECTOR, bytes(3 * SECTOR)])
def test_the_smallest_volumes_and_copies(data: bytes, copy: bytes) -> None:
    found = align(lambda offset, n_bytes: copy[offset : offset + n_bytes], len(copy), *Volume(data).sums)
    expected = [n for n in range(-(-len(data) // SECTOR)) if n * SECTOR < len(copy)]
    padded = copy + bytes(SECTOR)
    expected = [n for n in expected if padded[n * SECTOR : (n + 1) * SECTOR] == Volume(data).sector(n)]
    covered = [n for s in found for n in range(s.first_sector, s.first_sector + s.sectors)]
    assert covered == expected


def test_how_many_must_agree_grows_with_the_chance_of_an_accident() -> None:
    assert _needed_anchors(20 * MIB, 10_000) == 2
    assert _needed_anchors(200 * MIB, 100_000) == 2
    assert _needed_anchors(700 * MIB, 350_000) == 3
    assert _needed_anchors(1 << 40, 1 << 29) == 3
