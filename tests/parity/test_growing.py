"""The stream of a larger volume from that of a smaller one is the stream that encoding all of it gives."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pybackup.codes.codec import encode
from pybackup.codes.form import form_of
from pybackup.errors import Damaged
from pybackup.layout.guard import MAX_SHARDS, Geometry
from pybackup.layout.sums import moved_sums, sector_sums
from pybackup.parity.stream.amount import Amount, parse_amount
from pybackup.parity.stream.find import find
from pybackup.parity.stream.geometry import grown, plan_geometry
from pybackup.parity.stream.growing import USUAL_STEPS, Growth, GrowthSteps, add_parity
from pybackup.parity.stream.guarding import read_slices
from pybackup.parity.stream.protect import digest_of, protect
from pybackup.parity.stream.volume import Sectors, VolumeWriter
from pybackup.sector import SECTOR


class Bytes:
    """A file in memory."""

    def __init__(self, content: bytes) -> None:
        self.content = bytearray(content)

    @property
    def size(self) -> int:
        return len(self.content)

    def read_at(self, offset: int, count: int) -> bytes:
        return bytes(self.content[offset : offset + count])

    read_what_is_left = read_at

    def write_at(self, offset: int, data: bytes) -> None:
        self.content[offset : offset + len(data)] = data


def protected(geometry: Geometry, before: bytes, after: bytes) -> Bytes:
    """The volume, with the stream that encoding all of it gives."""
    file = Bytes(before + bytes(geometry.stream_bytes) + after)
    protect(Sectors(geometry, file), VolumeWriter(geometry, file), progress=lambda count: None)
    return file


@dataclass(frozen=True)
class Case:
    """A smaller volume of which the first ``kept`` sectors are in the larger one from ``origin`` on.

    ``late``: sectors of the larger one that are written when all others have been encoded.
    """

    data_sectors: int
    after_bytes: int
    kept: int
    origin: int
    more: int
    more_after_bytes: int
    amount: str
    group_sectors: int
    late: tuple[int, ...] = ()


CASES = st.builds(
    Case,
    data_sectors=st.integers(1, 700),
    after_bytes=st.sampled_from([0, 1024, 5000]),
    kept=st.integers(0, 700),
    origin=st.integers(0, 90),
    more=st.integers(0, 90),
    more_after_bytes=st.sampled_from([0, 2048, 3000]),
    amount=st.sampled_from(["1 %", "5 %", "10 %", "45 %", "90 %", "none"]),
    group_sectors=st.sampled_from([20, 100, 300, MAX_SHARDS]),
    late=st.lists(st.integers(0, 800), max_size=4).map(tuple),
)


def grow(case: Case, most_bytes: int | None = None, steps: GrowthSteps = USUAL_STEPS) -> tuple[Bytes, Bytes] | None:
    """The larger volume by growing, and by encoding all of it; None where it does not grow."""
    random = np.random.default_rng(case.data_sectors)
    amount = parse_amount(case.amount.replace(" ", ""))
    shape = plan_geometry(case.data_sectors * SECTOR, case.after_bytes, amount, group_sectors=case.group_sectors)
    small = protected(shape, random.bytes(shape.before_bytes), random.bytes(shape.after_bytes))
    kept = min(case.kept, shape.before_sectors)
    before = random.bytes(case.origin * SECTOR) + small.content[: kept * SECTOR]
    # Longer than the smaller one by its sectors behind the stream, at least.
    longer = shape.data_sectors - kept + case.more
    before += random.bytes(longer * SECTOR)
    after = random.bytes(case.more_after_bytes)
    larger = grown(shape, len(before), len(after), origin=case.origin, most_bytes=most_bytes)
    if larger is None:
        return None
    by_encoding = protected(larger, before, after)
    by_growing = Bytes(before + bytes(larger.stream_bytes) + after)
    volume = Sectors(larger, by_growing)
    found = find([small])
    assert found is not None
    rows = read_slices(found.geometry, found.payloads)
    growth = Growth(Sectors(shape, small), rows, volume, VolumeWriter(larger, by_growing), kept=kept, steps=steps)
    late = sorted(set(case.late) & (set(range(case.origin)) | set(range(case.origin + kept, larger.before_sectors))))
    for number in late:
        by_growing.write_at(number * SECTOR, bytes(SECTOR))
    growth.encode(progress=lambda count: None)
    for number in late:
        sector = before[number * SECTOR : (number + 1) * SECTOR]
        by_growing.write_at(number * SECTOR, sector)
        growth.change(number, bytes(SECTOR), sector)
    growth.finish(digest_of(volume, progress=lambda count: None))
    return by_growing, by_encoding


@settings(max_examples=60, deadline=None)
@given(CASES)
def test_growing_gives_what_encoding_gives(case: Case) -> None:
    both = grow(case)
    if both is not None:
        assert both[0].content == both[1].content


@pytest.mark.parametrize("kept", range(40, 49))
@pytest.mark.parametrize("more", range(5))
def test_whatever_is_left_over_of_its_steps(kept: int, more: int) -> None:
    for after in (0, 1024, 2048, 3000):
        for origin in range(4):
            case = Case(50, 1024, kept, origin, more, after, "20 %", 20)
            both = grow(case, steps=GrowthSteps(stripe_bytes=700, rows=5, sectors=4))
            assert both is not None
            assert both[0].content == both[1].content


PLAIN = Case(500, 1024, 480, 20, 30, 0, "10 %", 300, late=(3, 505))


@pytest.mark.parametrize("amount", ["none", "1 %", "10 %", "45 %"])
def test_it_grows(amount: str) -> None:
    both = grow(replace(PLAIN, amount=amount, group_sectors=MAX_SHARDS))
    assert both is not None
    assert both[0].content == both[1].content


def test_with_less_room_it_has_the_first_shards_of_the_parity() -> None:
    shape = plan_geometry(500 * SECTOR, 1024, parse_amount("10%"), group_sectors=300)
    whole = grown(shape, 600 * SECTOR, 0, origin=20)
    assert whole is not None
    assert whole.parity_shards == shape.parity_shards
    fewer = grown(shape, 600 * SECTOR, 0, origin=20, most_bytes=whole.stream_bytes - 1)
    assert fewer is not None
    assert 0 < whole.stream_bytes - fewer.stream_bytes <= (shape.groups + 2) * SECTOR
    both = grow(PLAIN, most_bytes=whole.stream_bytes - 1)
    assert both is not None
    assert both[0].content == both[1].content


def test_so_little_room_that_the_code_is_another() -> None:
    shape = plan_geometry(500 * SECTOR, 1024, parse_amount("10%"), group_sectors=MAX_SHARDS)
    assert grown(shape, 600 * SECTOR, 0, origin=20, most_bytes=20 * SECTOR) is None


def test_more_parity_than_data_does_not_grow() -> None:
    shape = plan_geometry(100 * SECTOR, 1024, parse_amount("300%"), group_sectors=MAX_SHARDS)
    assert grown(shape, 200 * SECTOR, 0, origin=20) is None


def test_groups_that_are_full_do_not_grow() -> None:
    shape = plan_geometry(57_344 * SECTOR, 0, Amount(n_bytes=8192 * SECTOR))
    assert (shape.groups, shape.data_shards, shape.parity_shards) == (1, 57_344, 8192)
    assert grown(shape, 57_345 * SECTOR, 0, origin=1) is None


def test_damaged_parity_is_not_grown_from() -> None:
    small = plan_geometry(200 * SECTOR, 1024, parse_amount("10%"))
    file = protected(small, bytes(range(256)) * 1600, bytes(1024))
    found = find([file])
    assert found is not None
    rows = read_slices(found.geometry, found.payloads)
    file.content[(small.before_sectors + small.front) * SECTOR + 7] ^= 1
    larger = grown(small, 230 * SECTOR, 0, origin=10)
    assert larger is not None
    made = Bytes(bytes(larger.volume_bytes))
    growth = Growth(Sectors(small, file), rows, Sectors(larger, made), VolumeWriter(larger, made), kept=200)
    with pytest.raises(Damaged, match="not what its checksums say"):
        growth.encode(progress=lambda count: None)


@pytest.mark.parametrize(
    ("data", "parity", "first", "count"),
    [
        (3, 2, 1, 2),
        (7, 1, 3, 4),
        (100, 10, 0, 100),
        (500, 100, 3, 80),
        (513, 64, 400, 113),
        (5000, 33, 4000, 1000),
        (2000, 900, 1013, 30),
        (4000, 3000, 3960, 40),
    ],
)
def test_what_shards_add_is_what_encoding_them_alone_gives(data: int, parity: int, first: int, count: int) -> None:
    shards = np.random.default_rng(data).integers(0, 256, (data, 128), dtype=np.uint8)
    others = shards.copy()
    others[first : first + count] = 0
    found = encode(others, parity)
    add_parity(found, shards[first : first + count], first, form_of(data, parity))
    assert (found == encode(shards, parity)).all()


@given(st.binary(min_size=SECTOR, max_size=SECTOR), st.integers(0, (1 << 62) - 1), st.integers(0, (1 << 62) - 1))
def test_a_sum_moves_to_another_number(sector: bytes, number: int, other: int) -> None:
    one, two = np.array([number]), np.array([other])
    assert moved_sums(sector_sums(sector, one), one, two).tolist() == sector_sums(sector, two).tolist()
