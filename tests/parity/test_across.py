"""The code across volumes: what FORMAT says it is, the same from either engine, and any patterns of lost sectors."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kit.decoder import decode
from kit.engines import ENGINES, random_bytes

from pybackup.codes.across import Across, has_code_across
from pybackup.codes.codec import Engine, NumpyEngine
from pybackup.codes.field import PERIOD, Symbols, inverse, logarithms, multiply, powers
from pybackup.codes.stripes import Bytes
from pybackup.parity.mend.columns import Losses, Shard, encode_across, fill_across, sectors_of
from pybackup.sector import SECTOR

COUNTS = [
    (1, 1),
    (1, 4),
    (2, 1),
    (2, 3),
    (3, 1),
    (3, 4),
    (4, 5),
    (5, 1),
    (7, 9),
    (8, 2),
    (10, 1),
    (10, 3),
    (16, 2),
    (17, 2),
]


class Memory:
    """A file in memory."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    @property
    def size(self) -> int:
        return len(self.data)

    def read_at(self, offset: int, count: int) -> bytes:
        return self.data[offset : offset + count]

    def read_what_is_left(self, offset: int, count: int) -> bytes:
        return self.read_at(offset, count)


def shard(data: bytes) -> Shard:
    """A shard with something else before it and behind it."""
    return Shard(Memory(b"x" * SECTOR + data + b"behind"), SECTOR, len(data))


def low_form(data: Bytes, count: int) -> list[bytes]:
    """Recovery shards by FORMAT 20.6, where so many are declared that the form is the low one."""
    k = len(data)
    declared = max(count, 2 * k)
    return decode(k, declared, {row: data[row].tobytes() for row in range(k)})[k : k + count]


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)
@pytest.mark.parametrize(("bodies", "count"), COUNTS)
def test_shards_are_those_of_the_document(engine: Engine, bodies: int, count: int) -> None:
    data = random_bytes(bodies, 192)
    made = Across(bodies, engine).encode(data, range(count))
    assert [row.tobytes() for row in made] == low_form(data, count)


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)
@pytest.mark.parametrize(("bodies", "count"), COUNTS)
def test_a_shard_does_not_depend_on_how_many_there_are(engine: Engine, bodies: int, count: int) -> None:
    data = random_bytes(bodies, 128)
    code = Across(bodies, engine)
    together = code.encode(data, range(count))
    for number in range(count):
        assert np.array_equal(code.encode(data, [number])[0], together[number])
    assert np.array_equal(code.encode(data, range(count))[::-1], code.encode(data, range(count)[::-1]))
    assert np.array_equal(code.encode(data, [*range(count), 40])[:count], together)


def test_one_volume_is_its_own_shard() -> None:
    data = random_bytes(1, 640)
    assert all(np.array_equal(row, data[0]) for row in Across(1).encode(data, range(5)))


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)
@pytest.mark.parametrize(("bodies", "count"), [(1, 2), (2, 3), (3, 2), (5, 3), (6, 1)])
def test_any_that_are_enough_tell_the_others(engine: Engine, bodies: int, count: int) -> None:
    data = random_bytes(bodies, 64)
    code = Across(bodies, engine)
    shards = code.encode(data, range(count))
    for lost in range(1, min(bodies, count) + 1):
        for rows in itertools.combinations(range(bodies), lost):
            for numbers in itertools.combinations(range(count), lost):
                damaged = data.copy()
                damaged[list(rows)] = 0xA5
                code.fill(damaged, np.array(rows), shards[list(numbers)], numbers)
                assert np.array_equal(damaged, data)


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)
def test_many_lost_of_many(engine: Engine) -> None:
    data = random_bytes(60, 128)
    code = Across(60, engine)
    numbers = [*range(3, 43, 2), 90]
    shards = code.encode(data, numbers)
    lost = np.arange(5, 26)
    damaged = data.copy()
    damaged[lost] = 0
    code.fill(damaged, lost, shards, numbers)
    assert np.array_equal(damaged, data)


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)
@pytest.mark.parametrize(
    ("bodies", "numbers"), [(1, [65534]), (3, [65531]), (3, [64999, 7]), (5, [0, 300, 30_000, 65_000])]
)
def test_shards_of_any_number_are_the_same_by_factors(engine: Engine, bodies: int, numbers: list[int]) -> None:
    """A few shards of high numbers are sums of products; slowly, all those before them are made, too."""
    data = random_bytes(bodies, 128)
    code = Across(bodies, engine)
    slow = code._encoded(data, numbers)
    assert np.array_equal(code.encode(data, numbers), slow)
    lost = np.arange(min(bodies, len(numbers)))
    damaged = data.copy()
    damaged[lost] = 0xA5
    code.fill(damaged, lost, slow, numbers)
    assert np.array_equal(damaged, data)


def test_a_high_number_makes_no_other_shard() -> None:
    """The engine is asked for products of ones alone, whatever the length of the bodies."""
    engine = Counting()
    code = Across(3, engine)
    code.encode(random_bytes(3, 1 << 20), [64999])
    assert engine.coded_bytes <= 65536 * 64


class Counting(NumpyEngine):
    """Counts the bytes of the shards it is asked for."""

    coded_bytes = 0

    def encode(self, data: Bytes, parity_count: int) -> Bytes:
        self.coded_bytes += parity_count * data.shape[1]
        return super().encode(data, parity_count)


def test_too_few_are_refused() -> None:
    code = Across(3)
    data = random_bytes(3, 64)
    with pytest.raises(ValueError, match="2 volumes are missing, 1 recovery volumes are there"):
        code.fill(data, np.array([0, 1]), code.encode(data, [0]), [0])


def test_the_field_has_an_end() -> None:
    assert has_code_across(10, 65536 - 16)
    assert not has_code_across(10, 65536 - 15)
    assert not has_code_across(0, 1)
    assert has_code_across(32768, 1)
    assert not has_code_across(32769, 1)
    with pytest.raises(ValueError, match="across 32769"):
        Across(32769)
    with pytest.raises(ValueError, match="no recovery shard 65520 of 10"):
        Across(10).encode(random_bytes(10, 64), [65520])


def lengths(chance: random.Random, bodies: int) -> list[int]:
    return [chance.choice([0, 1, SECTOR, chance.randrange(1, 9 * SECTOR)]) for _ in range(bodies)]


def encoded(code: Across, bodies: Sequence[bytes], numbers: Sequence[int]) -> tuple[list[bytes], int]:
    parts: list[list[bytes]] = [[] for _ in numbers]
    seen = [0]

    def progress(count: int) -> None:
        seen[0] += count

    for offset, rows in encode_across(code, [shard(body) for body in bodies], numbers, progress):
        for part, row in zip(parts, rows, strict=True):
            assert sum(map(len, part)) == offset
            part.append(row.tobytes())
    return [b"".join(part) for part in parts], seen[0]


@pytest.mark.parametrize("step", [1, 2, 100])
def test_bodies_of_different_lengths_are_filled_up(monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    monkeypatch.setattr("pybackup.parity.mend.columns._step_sectors", lambda rows: step)
    bodies = [b"", b"a", random_bytes(1, 5 * SECTOR + 1).tobytes(), random_bytes(1, 2 * SECTOR).tobytes()]
    made, seen = encoded(Across(4), bodies, [0, 2])
    assert seen == sum(map(len, bodies))
    filled = np.zeros((4, 6 * SECTOR), np.uint8)
    for row, body in zip(filled, bodies, strict=True):
        row[: len(body)] = np.frombuffer(body, np.uint8)
    assert made == [row.tobytes() for row in Across(4).encode(filled, [0, 2])]


def test_losses_are_told_as_they_were_put() -> None:
    losses = Losses(2, 21)
    lost = np.array([True, False, True, False, False] * 4 + [True])
    losses.put(1, lost)
    losses.put(0, lost[:3])
    assert losses.of(1).tolist() == np.flatnonzero(lost).tolist()
    assert losses.of(0).tolist() == [0, 2]
    assert losses.window(8, 9).tolist() == [[False] * 9, lost[8:17].tolist()]
    losses.found(1, np.array([0, 2, 20]))
    assert losses.of(1).tolist() == np.flatnonzero(lost)[2:-1].tolist()
    assert losses.count(1) == 6
    losses.put(1, lost[:0])
    assert losses.count(1) == 0


@settings(max_examples=60, deadline=None)
@given(
    bodies=st.integers(1, 7),
    count=st.integers(0, 5),
    seed=st.integers(0, 1 << 20),
    share=st.sampled_from([0.05, 0.3, 0.7]),
)
def test_each_column_is_restored_for_itself(bodies: int, count: int, seed: int, share: float) -> None:
    """Scattered losses on all shards at once: a column comes back if no more are lost in it than there are shards."""
    chance = random.Random(seed)
    originals = [chance.randbytes(length) for length in lengths(chance, bodies)]
    code = Across(bodies)
    shards, _ = encoded(code, originals, range(count))
    sectors = sectors_of(max(map(len, originals)))
    losses = Losses(bodies + count, sectors)
    copies = [bytearray(data) for data in [*originals, *shards]]
    lost = np.zeros((bodies + count, sectors), bool)
    for row, copy in enumerate(copies):
        for sector in range(sectors_of(len(copy))):
            if chance.random() < share:
                lost[row, sector] = True
                end = min((sector + 1) * SECTOR, len(copy))
                copy[sector * SECTOR : end] = bytes([0xA5]) * (end - sector * SECTOR)
        losses.put(row, lost[row, : sectors_of(len(copy))])

    def write(row: int, first: int, data: Bytes) -> None:
        part = data.tobytes()[: len(copies[row]) - first * SECTOR]
        assert not any(data.tobytes()[len(part) :]), "zeros fill up"
        copies[row][first * SECTOR : first * SECTOR + len(part)] = part

    rows = [shard(bytes(copy)) for copy in copies]
    beyond = fill_across(code, rows, range(count), losses, write, lambda _: None)
    hopeless = (lost.sum(axis=0) > count) & lost[:bodies].any(axis=0)
    assert beyond == hopeless.sum()
    for row, original in enumerate(originals):
        assert losses.of(row).tolist() == np.flatnonzero(lost[row] & hopeless).tolist()
        for sector in range(sectors_of(len(original))):
            place = slice(sector * SECTOR, (sector + 1) * SECTOR)
            if not (lost[row, sector] and hopeless[sector]):
                assert copies[row][place] == original[place]


def test_windows_and_steps_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pybackup.parity.mend.columns._WINDOW_SECTORS", 16)
    monkeypatch.setattr("pybackup.parity.mend.columns._step_sectors", lambda rows: 3)
    bodies = [random_bytes(1, 50 * SECTOR - row, row).tobytes() for row in range(4)]
    shards, _ = encoded(Across(4), bodies, range(2))
    losses = Losses(6, 50)
    for row in (1, 5):
        losses.put(row, np.ones(50, bool))
    losses.put(2, np.arange(50) % 7 == 3)
    found = bytearray(len(bodies[1])), bytearray(b"\xa5" * len(bodies[2]))

    def write(row: int, first: int, data: Bytes) -> None:
        start = first * SECTOR
        part = data.tobytes()[: len(found[row - 1]) - start]
        found[row - 1][start : start + len(part)] = part

    rows = [shard(bodies[0]), None, shard(bodies[2]), shard(bodies[3]), shard(shards[0]), None]
    assert fill_across(Across(4), rows, [0, 1], losses, write, lambda _: None) == 7  # two lost, one shard
    losses.put(5, np.zeros(50, bool))
    rows[5] = shard(shards[1])
    assert fill_across(Across(4), rows, [0, 1], losses, write, lambda _: None) == 0
    assert found[0] == bodies[1]
    for sector in range(3, 50, 7):
        place = slice(sector * SECTOR, (sector + 1) * SECTOR)
        assert found[1][place] == bodies[2][place]


def test_inverse_is_one() -> None:
    def times(left: Symbols, right: Symbols) -> list[list[int]]:
        made = np.bitwise_xor.reduce(multiply(left[:, :, None], right[None, :, :]), axis=1)
        return [[int(value) for value in row] for row in made]

    for count in (1, 2, 5):
        matrix = random_bytes(count, 2 * count).view(np.uint16)
        assert times(matrix, inverse(matrix)) == np.eye(count, dtype=int).tolist()
    swapped = np.array([[0, 3], [7, 0]], np.uint16)
    assert times(swapped, inverse(swapped)) == [[1, 0], [0, 1]]
    three = powers()[PERIOD - logarithms()[3]]
    assert inverse(swapped)[1, 0] == three
    with pytest.raises(ValueError, match="without inverse"):
        inverse(np.array([[1, 2], [1, 2]], np.uint16))
