"""What may happen to a volume, and what must come of it."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from dataclasses import dataclass

from kit.damage import overwritten
from kit.memory import fast_directory
from kit.protected import Specimen, bad_sectors, erasures, is_repairable, mended, shards_of, whole_of

from pybackup.errors import Damaged, PybackupError
from pybackup.layout.guard import Geometry
from pybackup.mend.repaired import Repaired
from pybackup.sector import SECTOR


@dataclass(frozen=True, slots=True)
class Result:
    """What a repair left, and what it said; ``done`` is None where it was refused."""

    done: Repaired | None
    refused: PybackupError | None
    data: bytes
    sidecar: bytes


def repaired(data: bytes, sidecar: bytes = b"", *, in_place: bool = False) -> Result:
    """Repair a file that is made for it; what is given must not change."""
    with fast_directory() as base:
        path, beside, output = base / "damaged", base / "damaged.xpar", base / "whole"
        path.write_bytes(data)
        if sidecar:
            beside.write_bytes(sidecar)
        done = refused = None
        try:
            done = mended([path], None if in_place else output)
        except PybackupError as error:
            refused = error
        if in_place:
            output = path
        else:
            assert path.read_bytes() == data, "the source was changed"
            assert not sidecar or beside.read_bytes() == sidecar, "the sidecar was changed"
        made = output.with_name(output.name + ".xpar")
        assert [name for name in os.listdir(base) if name.endswith(".partial")] == []
        return Result(
            done,
            refused,
            output.read_bytes() if output.exists() else b"",
            made.read_bytes() if made.exists() else b"",
        )


def is_whole(specimen: Specimen, result: Result) -> bool:
    return (result.data, result.sidecar) == (specimen.data, specimen.sidecar)


def check(specimen: Specimen, result: Result, data: bytes, sidecar: bytes = b"") -> None:
    """The outcome that was to be expected where these bytes were given, and nothing in them has moved."""
    geometry = specimen.geometry
    kinds = shards_of(geometry)
    bad = bad_sectors(specimen, data, sidecar)
    if result.done is None:
        assert isinstance(result.refused, Damaged)
        assert sum(kinds[number][0] == "guard" for number in bad) > geometry.guard_recovery
        return
    left = bad_sectors(specimen, result.data, result.sidecar)
    assert len(left) <= result.done.left, "said to be right, and is not"
    for number in left:
        if number < geometry.before_sectors:
            extents = result.done.left_extents.within(number * SECTOR, (number + 1) * SECTOR)
            assert extents.n_bytes > 0, "not said to be lost"
    # A sector of which only zeros are cut off is damaged, and nothing of it is lost.
    assert result.done.damaged - len(bad) in (0, 1)
    if result.done.complete:
        assert is_whole(specimen, result)
    else:
        assert not is_repairable(geometry, bad)
    lost = [number for number in bad if kinds[number][0] != "guard"]
    beyond = _beyond(geometry, lost)
    assert result.done.left <= sum(kinds[number][1] in beyond for number in lost)
    assert {kinds[number][1] for number in left} <= beyond
    # The sum of a sector that has one wrong byte puts it right where parity does not suffice.
    hard = [number for number in lost if not _has_one_wrong_byte(specimen, number, data, sidecar)]
    sure = _beyond(geometry, hard)
    assert len(sure) <= result.done.groups_beyond <= len(beyond)
    assert {number for number in hard if kinds[number][1] in sure} <= set(left)


def _beyond(geometry: Geometry, bad: list[int]) -> set[int]:
    return {group for group, count in erasures(geometry, bad).items() if count > geometry.parity_shards}


def _has_one_wrong_byte(specimen: Specimen, number: int, data: bytes, sidecar: bytes) -> bool:
    start, end = number * SECTOR, (number + 1) * SECTOR
    good = whole_of(specimen.geometry, specimen.data, specimen.sidecar)[start:end]
    now = whole_of(specimen.geometry, data, sidecar)[start:end]
    return sum(one != other for one, other in zip(good, now, strict=True)) == 1


Damage = Callable[[bytes, random.Random], bytes]


def flips(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.choice((1, 5, 40))):
        changed[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def scattered(data: bytes, chance: random.Random) -> bytes:
    n_sectors = -(-len(data) // SECTOR)
    numbers = chance.sample(range(n_sectors), int(n_sectors * chance.choice((0.02, 0.08, 0.12, 0.2, 0.5))))
    return overwritten(data, numbers, chance if chance.random() < 0.5 else None)


def burst(data: bytes, chance: random.Random) -> bytes:
    n_sectors = -(-len(data) // SECTOR)
    length = int(n_sectors * chance.choice((0.01, 0.1, 0.14, 0.3)))
    start = chance.randrange(n_sectors - length)
    return overwritten(data, range(start, start + length), chance if chance.random() < 0.5 else None)


def scratches(data: bytes, chance: random.Random) -> bytes:
    for _ in range(chance.choice((3, 8, 12))):
        start, length = chance.randrange(len(data)), chance.randrange(1, 4 * SECTOR)
        gone = chance.randbytes(length)[: len(data) - start]
        data = data[:start] + gone + data[start + len(gone) :]
    return data


def no_start(data: bytes, chance: random.Random) -> bytes:
    gone = chance.randrange(1, int(len(data) * 0.14))
    return bytes(gone) + data[gone:]


def no_end(data: bytes, chance: random.Random) -> bytes:
    gone = chance.randrange(1, int(len(data) * 0.14))
    return data[:-gone] + bytes(gone)


def no_ends(data: bytes, chance: random.Random) -> bytes:
    gone = len(data) // 15
    return bytes(gone) + data[gone:-gone] + bytes(gone)


def cut(data: bytes, chance: random.Random) -> bytes:
    return data[: -chance.randrange(1, int(len(data) * 0.16))]


DAMAGE: tuple[Damage, ...] = (flips, scattered, burst, scratches, no_start, no_end, no_ends, cut)


def inserted(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data))
    return data[:at] + chance.randbytes(chance.choice((1, 100, SECTOR, 5000, 20 * SECTOR))) + data[at:]


def deleted(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data))
    return data[:at] + data[at + chance.choice((1, 100, SECTOR, 5000, 12 * SECTOR)) :]
