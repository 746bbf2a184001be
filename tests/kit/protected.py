"""Protected volumes of random bytes, and where each of their sectors belongs, counted one by one."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path

from pybackup.host.output import Output
from pybackup.jobs.repair import repair
from pybackup.layout.guard import Geometry, GuardSector
from pybackup.make.seal import OwnStream
from pybackup.make.sidecar import Protected, protect_file
from pybackup.mend.repaired import Repaired
from pybackup.monitor import Monitor
from pybackup.parity.stream.amount import Amount
from pybackup.parity.stream.geometry import ParityOptions
from pybackup.sector import SECTOR

from .memory import fast_directory

Shard = tuple[str, int, int]
"""What a sector is: "data" or "parity", its group and its number in it; or "guard", 0 and its number."""

NO_PARITY = ParityOptions(Amount())
SMALL_GROUPS = ParityOptions(Amount(share=Fraction(1, 5)), group_sectors=48)
_CHANCE = random.Random("unlike all damage")
BEFORE, AFTER = _CHANCE.randbytes(260 * SECTOR), _CHANCE.randbytes(17 * SECTOR + 700)


@dataclass(frozen=True, slots=True)
class Specimen:
    """A volume: ``sidecar`` is empty where the stream is in ``data``."""

    data: bytes
    sidecar: bytes
    geometry: Geometry

    @property
    def sectors(self) -> int:
        """Of the whole volume."""
        return self.geometry.sectors


def whole_of(geometry: Geometry, data: bytes, sidecar: bytes = b"") -> bytes:
    """All sectors by number: a file and its sidecar in one, each sector whole."""
    if geometry.sidecar:
        data = data[: geometry.before_bytes].ljust(geometry.before_sectors * SECTOR, b"\0")
        return data + sidecar.ljust(geometry.stream_bytes, b"\0")[: geometry.stream_bytes]
    return data[: geometry.volume_bytes].ljust(geometry.sectors * SECTOR, b"\0")


def with_own_stream(directory: Path, options: ParityOptions, before: bytes, after: bytes = b"") -> Specimen:
    """A file with its stream in it."""
    path = directory / "own"
    with Output(os.fsencode(path), replace=True) as output:
        stream = OwnStream(options, output)
        n_bytes = stream.reserve(len(before), len(after))
        output.write(before + bytes(n_bytes) + after)
        stream.fill(Monitor())
        output.publish()
    data = path.read_bytes()
    path.unlink()
    return Specimen(data, b"", GuardSector.unpack(data[len(before) : len(before) + SECTOR]).geometry)


def with_sidecar(directory: Path, options: ParityOptions, data: bytes) -> Specimen:
    """A file and its sidecar."""
    path, sidecar = directory / "plain", directory / "plain.xpar"
    path.write_bytes(data)
    done = protect(path, sidecar, options)
    specimen = Specimen(data, sidecar.read_bytes(), done.geometry)
    path.unlink()
    sidecar.unlink()
    return specimen


def protect(path: Path, sidecar: Path, options: ParityOptions) -> Protected:
    """`protect_file` by the paths of the tests; an earlier sidecar is replaced, if it may be."""
    return protect_file(os.fsencode(path), os.fsencode(sidecar), options, overwrite=True, monitor=Monitor())


def mended(paths: Iterable[Path], output: Path | None, maps: Iterable[Path] = ()) -> Repaired:
    """`repair` by the paths of the tests; what an earlier one made under that name is gone."""
    if output is not None and output.name == "whole":
        output.unlink(missing_ok=True)
        output.with_name("whole.xpar").unlink(missing_ok=True)
    target = None if output is None else os.fsencode(output)
    return repair([*map(os.fsencode, paths)], target, maps=[*map(os.fsencode, maps)], monitor=Monitor())


def shards_of(geometry: Geometry) -> list[Shard]:
    """What each sector is, by number, as FORMAT.md deals them: slowly, one after the other."""
    data: list[Shard] = []
    for sector in range(geometry.data_sectors):
        if geometry.groups:
            index = (sector - geometry.origin) % geometry.data_sectors
            turn, within = divmod(index, geometry.run)
            row, group = divmod(turn, geometry.groups)
            data.append(("data", group, row * geometry.run + within))
        else:
            data.append(("data", 0, sector))
    parity: list[Shard] = []
    for first in range(0, geometry.parity_shards, max(1, geometry.run)):
        for group in range(geometry.groups):
            shards = range(first, min(first + geometry.run, geometry.parity_shards))
            parity += [("parity", group, shard) for shard in shards]
    guards: list[Shard] = [("guard", 0, number) for number in range(geometry.guard_sectors)]
    front, spread, back = guards[: geometry.front], guards[geometry.front :][: geometry.spread], []
    if geometry.back:
        back = guards[-geometry.back :]
    inner: list[Shard] = []
    done = 0
    for number, guard in enumerate(spread, 1):
        before = number * len(parity) // (len(spread) + 1)
        inner += [*parity[done:before], guard]
        done = before
    inner += parity[done:]
    start = geometry.before_sectors
    return data[:start] + front + inner + back + data[start:]


def erasures(geometry: Geometry, bad: Iterable[int]) -> Counter[int]:
    """How many shards each group misses if these sectors are bad."""
    shards = shards_of(geometry)
    return Counter(shards[number][1] for number in bad if shards[number][0] != "guard")


def bad_sectors(specimen: Specimen, data: bytes, sidecar: bytes = b"") -> list[int]:
    """The sectors that differ from those of the specimen."""
    good = whole_of(specimen.geometry, specimen.data, specimen.sidecar)
    now = whole_of(specimen.geometry, data, sidecar)
    return [at // SECTOR for at in range(0, len(good), SECTOR) if good[at : at + SECTOR] != now[at : at + SECTOR]]


def is_repairable(geometry: Geometry, bad: Iterable[int]) -> bool:
    """Whether parity suffices in every group, and enough guard sectors are left."""
    numbers = set(bad)
    shards = shards_of(geometry)
    guards = Counter(
        number % geometry.guard_groups
        for kind, _, number in (shard for at, shard in enumerate(shards) if at not in numbers)
        if kind == "guard"
    )
    enough = all(guards[group] >= geometry.table_shards for group in range(geometry.guard_groups))
    if not geometry.groups:
        return enough and all(shards[number][0] == "guard" for number in numbers)
    return enough and max(erasures(geometry, numbers).values(), default=0) <= geometry.parity_shards


@cache
def the_own() -> Specimen:
    """A file with its stream, in several groups, bytes behind the stream."""
    with fast_directory() as base:
        return with_own_stream(base, SMALL_GROUPS, BEFORE, AFTER)


@cache
def the_beside() -> Specimen:
    """A file whose last sector is not whole, and its sidecar."""
    with fast_directory() as base:
        return with_sidecar(base, SMALL_GROUPS, BEFORE + AFTER)
