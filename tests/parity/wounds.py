"""What may happen to a volume, and what must come of it."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from dataclasses import dataclass

from damage.fast_disk import fast_directory

from pybackup.errors import Damaged, PybackupError
from pybackup.jobs.repair import Repaired
from pybackup.layout.guard import SECTOR

from .specimens import Specimen, bad_sectors, erasures, is_repairable, mended, overwritten, shards_of


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


def check(specimen: Specimen, result: Result, bad: list[int]) -> None:
    """The outcome that was to be expected, where these sectors were bad and nothing has moved."""
    geometry = specimen.geometry
    if result.done is None:
        assert isinstance(result.refused, Damaged)
        kinds = shards_of(geometry)
        assert sum(kinds[number][0] == "guard" for number in bad) > geometry.guard_recovery
        return
    left = bad_sectors(specimen, result.data, result.sidecar)
    assert result.done.left == len(left), "said to be right, and is not"
    assert result.done.complete == is_whole(specimen, result)
    # A sector of which only zeros are cut off is damaged, and nothing of it is lost.
    assert result.done.damaged - len(bad) in (0, 1)
    misses = erasures(geometry, bad)
    beyond = {group for group, count in misses.items() if count > geometry.parity_shards}
    assert result.done.groups_beyond == len(beyond)
    kinds = shards_of(geometry)
    assert left == [number for number in bad if kinds[number][0] != "guard" and kinds[number][1] in beyond]
    lost = result.done.left_extents
    for number in left:
        if number < geometry.before_sectors:
            assert lost.within(number * SECTOR, (number + 1) * SECTOR).n_bytes > 0
    assert result.done.complete == is_repairable(geometry, bad)


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
