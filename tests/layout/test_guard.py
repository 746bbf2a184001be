"""The guard sector: any one tells the shape of its volume, and contradicts itself nowhere."""

from __future__ import annotations

import hashlib
import struct
import zlib
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kit.thorough import so_many

from pybackup.codes.form import supports
from pybackup.errors import Damaged, Refused
from pybackup.layout.guard import MAX_SHARDS, PAYLOAD_BYTES, Geometry, GuardSector, has_code
from pybackup.sector import SECTOR

from .values import changed, put, u32, u64

SHAPE = Geometry(
    before_bytes=10 * SECTOR,
    after_bytes=3000,
    groups=3,
    data_shards=4,
    parity_shards=2,
    run=1,
    guard_groups=1,
    front=1,
    spread=6,
    back=1,
)
SIDECAR = replace(SHAPE, before_bytes=10 * SECTOR + 1, after_bytes=0, sidecar=True)
DIGEST = bytes(range(32))
GUARD = GuardSector(SHAPE, DIGEST, 7, bytes(range(240)) * 8)


def resealed(data: bytes, offset: int, value: bytes) -> bytes:
    """The sector with this in its head and a checksum that fits: sealed by the same rule in other words."""
    sector = put(data, offset, value)
    return put(sector, 124, zlib.crc32(sector[:124] + sector[128:]).to_bytes(4, "little"))


@st.composite
def geometries(draw: st.DrawFn) -> Geometry:
    """Geometries of all kinds: those that `plan_geometry` makes and many that it does not."""
    sidecar = draw(st.booleans())
    before = draw(st.integers(1, 1 << 40)) if sidecar else draw(st.integers(1, 1 << 29)) * SECTOR
    after = 0 if sidecar else draw(st.integers(0, 1 << 40))
    data = -(-before // SECTOR) + -(-after // SECTOR)
    groups = run = data_shards = parity_shards = 0
    if draw(st.booleans()):
        run = draw(st.integers(1, 300))
        groups = draw(st.integers(-(-data // 20_000), 1 << 20))
        runs = -(-data // run)
        data_shards = min(data, -(-runs // groups) * run)
        most = MAX_SHARDS // 2 if data_shards <= MAX_SHARDS // 2 else 1
        parity_shards = draw(st.integers(1, most))
    slices = -(-(data + groups * parity_shards) // 480)
    guard_groups = -(-slices // draw(st.integers(1, 16_384)))
    table_shards = -(-slices // guard_groups)
    front, back = (draw(st.integers(0, 9)) * guard_groups for _ in range(2))
    spread = max(draw(st.integers(0, 3)), table_shards) * guard_groups
    origin = draw(st.just(0) | st.integers(0, min(-(-before // SECTOR), 1 << 32) - 1))
    return Geometry(
        before, after, groups, data_shards, parity_shards, run, guard_groups, front, spread, back, sidecar, origin
    )


def test_guard_is_the_golden_one() -> None:
    data = GUARD.pack()
    assert len(data) == SECTOR
    numbers = (7, 20480, 3000), (3, 4, 2, 1, 1, 1, 6, 1)
    expected = b"XTPARITY" + b"\1\0\0\0" + struct.pack("<IQQ", *numbers[0]) + DIGEST + struct.pack("<8I", *numbers[1])
    assert data[:96] == expected
    assert data[96:124] == bytes(28)
    dealt = GuardSector(replace(SHAPE, origin=9), DIGEST, 7, bytes(1920)).pack()
    assert dealt[96:124] == struct.pack("<I", 9) + bytes(24)
    assert data[124:128] == zlib.crc32(data[:124] + data[128:]).to_bytes(4, "little")
    assert data[128:] == bytes(range(240)) * 8
    assert hashlib.sha256(data).hexdigest() == "6e15b51b4277e92290b56f8645bd9d39d865d5cfa3871f15619b66cce1532a2d"


def test_guard_of_a_sidecar_says_so() -> None:
    data = GuardSector(SIDECAR, DIGEST, 0, bytes(PAYLOAD_BYTES)).pack()
    assert data[9] == 1
    assert GuardSector.unpack(data).geometry.sidecar


@given(geometries(), st.binary(min_size=32, max_size=32), st.integers(0, 2**32), st.binary(min_size=8, max_size=8))
def test_guard_comes_back(geometry: Geometry, digest: bytes, number: int, payload: bytes) -> None:
    guard = GuardSector(geometry, digest, number % geometry.guard_sectors, payload * (PAYLOAD_BYTES // 8))
    data = guard.pack()
    assert GuardSector.unpack(data) == guard
    assert GuardSector.unpack(data).pack() == data


def test_any_changed_byte_is_refused() -> None:
    for place, damaged in changed(GUARD.pack(), (0x01, 0xFF)):
        with pytest.raises((Damaged, Refused)):
            GuardSector.unpack(damaged)
        # A guard that is damaged must not look like one of a later version, but for the one byte that says so.
        if place != 8:
            with pytest.raises(Damaged):
                GuardSector.unpack(damaged)


@pytest.mark.parametrize("length", [0, 7, 128, SECTOR - 1, SECTOR + 1])
def test_wrong_length_is_refused_for_it(length: int) -> None:
    with pytest.raises(Damaged, match="cut"):
        GuardSector.unpack(GUARD.pack().ljust(length, b"\0")[:length])


REFUSED = {
    "version 0": (8, b"\0", "version 0"),
    "version 2": (8, b"\2", "version 2"),
    "unknown flag": (9, b"\2", "reserved"),
    "all flags": (9, b"\xff", "reserved"),
    "reserved byte": (10, b"\1", "reserved"),
    "last reserved byte": (11, b"\x80", "reserved"),
    "origin where there is no sector before the stream": (96, u32(10), "dealt from none"),
    "origin as large as can be": (96, 4 * b"\xff", "dealt from none"),
    "reserved at the end": (100, b"\1", "reserved"),
    "last reserved at the end": (123, b"\1", "reserved"),
    "number beyond the last": (12, u32(8), "beyond the last"),
    "greatest number": (12, 4 * b"\xff", "beyond the last"),
    "no bytes": (16, bytes(16), "of no bytes"),
    "more bytes than can be": (16, 8 * b"\xff", "more than there can be"),
    "more bytes behind than can be": (24, 8 * b"\xff", "more than there can be"),
    "stream within a sector": (16, u64(10 * SECTOR + 1), "within a sector"),
    "sidecar with bytes behind it": (9, b"\1", "behind a sidecar"),
    "one group less": (64, u32(2), "do not hold the volume"),
    "one group more": (64, u32(4), "do not hold the volume"),
    "no groups, and parity": (64, u32(0), "do not hold the volume"),
    "as many groups as can be": (64, 4 * b"\xff", "do not hold the volume"),
    "too few data shards": (68, u32(3), "do not hold the volume"),
    "too many data shards": (68, u32(5), "do not hold the volume"),
    "no data shards": (68, u32(0), "do not hold the volume"),
    "no parity shards": (72, u32(0), "do not hold the volume"),
    "parity without code": (72, u32(MAX_SHARDS - 3), "than the field"),
    "as many parity shards as can be": (72, 4 * b"\xff", "than the field"),
    "no run": (76, u32(0), "do not hold the volume"),
    "other run": (76, u32(3), "do not hold the volume"),
    "no guard groups": (80, u32(0), "do not hold the table"),
    "guard groups that do not divide": (80, u32(3), "do not hold the table"),
    "more guard groups than guards": (80, u32(9), "do not hold the table"),
    "guards that have no code": (84, u32(MAX_SHARDS), "more slices than the field"),
}


@pytest.mark.parametrize(("offset", "value", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_breaks_a_rule_is_refused_for_it(offset: int, value: bytes, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        GuardSector.unpack(resealed(GUARD.pack(), offset, value))


def test_too_few_guards_for_the_table_are_refused_for_it() -> None:
    with pytest.raises(Refused, match="do not hold the table"):
        replace(SHAPE, front=0, spread=0, back=0)
    large = Geometry(1000 * SECTOR, 0, 0, 0, 0, 0, 1, 3, 0, 0)
    assert (large.table_shards, large.guard_recovery) == (3, 0)
    with pytest.raises(Refused, match="do not hold the table"):
        replace(large, front=2)


def test_magic_and_checksum_are_looked_at_before_anything_else() -> None:
    with pytest.raises(Damaged, match="no guard"):
        GuardSector.unpack(resealed(GUARD.pack(), 0, b"x"))
    with pytest.raises(Damaged, match="checksum differs"):
        GuardSector.unpack(put(GUARD.pack(), 12, u32(8)))
    with pytest.raises(Damaged, match="checksum differs"):
        GuardSector.unpack(put(GUARD.pack(), 2047, b"\0"))


def test_no_parity_needs_no_groups() -> None:
    shape = replace(SHAPE, groups=0, data_shards=0, parity_shards=0, run=0, spread=0)
    guard = GuardSector(shape, DIGEST, 1, bytes(PAYLOAD_BYTES))
    assert GuardSector.unpack(guard.pack()) == guard
    assert shape.stream_sectors == 2


@settings(max_examples=so_many(100, 300))
@given(st.data())
def test_every_forged_shape_is_refused_or_holds_what_it_says(data: st.DataObject) -> None:
    """Whatever eight numbers stand there, nothing but `Refused` comes of it, and what is taken adds up."""
    small = st.integers(0, 12) | st.integers(0, 2**32 - 1)
    fields = b"".join(u32(data.draw(small)) for _ in range(8))
    try:
        shape = GuardSector.unpack(resealed(put(GUARD.pack(), 64, fields), 12, u32(0))).geometry
    except Refused:
        return
    assert shape.groups * shape.data_shards >= shape.data_sectors or not shape.groups
    assert shape.table_shards * shape.guard_groups * 480 >= shape.sums
    assert (shape.table_shards + shape.guard_recovery) * shape.guard_groups == shape.guard_sectors
    assert shape.sectors == shape.data_sectors + shape.groups * shape.parity_shards + shape.guard_sectors


def test_has_code_is_what_the_code_supports() -> None:
    edges = {1 << power for power in range(17)}
    counts = sorted({edge + step for edge in edges for step in (-1, 0, 1)} - {0} | {3 << 13, 57_344, 61_440, 70_000})
    for data in counts:
        assert has_code(data, 0)
        for parity in counts:
            assert has_code(data, parity) == supports(data, parity), (data, parity)
