"""What happens to media, as seeded models: the same model, seed and volume give the same damage.

A `Strike` says what happens to a volume; it is planned from its layout alone. `write_copy` makes the copy that it
happens to, with bytes put in, taken out or cut off, and `overwrite` damages sectors of that. Neither holds more than
a few MB.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from pybackup.layout.guard import Geometry
from pybackup.parity.stream.dealing import Numbers, runs
from pybackup.parity.stream.volume import Readable, Sectors, VolumeWriter, Writable, places
from pybackup.sector import SECTOR

from .forecast import both_ends

_SCRATCH_SECTORS = (4, 64)
# Bytes are put in and taken out in a few places, fewer in small volumes: each costs what lies around it, too.
_PLACES = 4
_SECTORS_OF_A_PLACE = 256
# A shorter stretch between two places, or beside an end, may not be found again where it has moved to.
_NEAR_SECTORS = 16
_STEP_SECTORS = 512
_STEP_BYTES = _STEP_SECTORS * SECTOR


class Model(StrEnum):
    """Kinds of damage."""

    FLIPS = "flips"
    SCATTERED = "scattered"
    BURST = "burst"
    SCRATCHES = "scratches"
    START = "start"
    END = "end"
    BOTH = "both"
    TRUNCATE = "truncate"
    INSERT = "insert"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Splice:
    """At an offset of the file bytes are taken out, and others put in."""

    offset: int
    removed_bytes: int
    inserted_bytes: int


@dataclass(frozen=True)
class Strike:
    """Damage to a volume.

    Attributes
    ----------
    lost
        Sectors of which nothing is left, or not all.
    near
        Sectors that are whole, but may not be found again where bytes moved.
    splices
        Ascending offsets of the file as it was.
    flips
        Only one byte of each sector that is lost changes.
    seed
        Of the bytes that change or are put in.
    """

    lost: Numbers
    near: Numbers = field(default_factory=lambda: np.zeros(0, np.int64))
    splices: Sequence[Splice] = ()
    flips: bool = False
    seed: int = 0


def plan_strike(geometry: Geometry, model: Model, sectors: int, seed: int) -> Strike:
    """Return damage to so many sectors.

    Parameters
    ----------
    sectors
        At most those of the volume are lost, and those of the protected file where a model is about its ends. Of
        bytes put in or taken out it is the length.
    """
    rng = np.random.default_rng([seed, list(Model).index(model)])
    total = geometry.sectors
    of_file = geometry.before_sectors if geometry.sidecar else total
    ended = min(sectors, of_file)
    if model in (Model.INSERT, Model.DELETE):
        return _spliced(geometry, model, sectors, rng, seed)
    if model is Model.TRUNCATE:
        start = (of_file - ended) * SECTOR
        cut = Splice(start, _file_bytes(geometry) - start, 0)
        return Strike(np.arange(of_file - ended, of_file), splices=(cut,))
    if model is Model.START:
        lost = np.arange(ended)
    elif model is Model.END:
        lost = np.arange(of_file - ended, of_file)
    elif model is Model.BOTH:
        lost = both_ends(of_file, ended)
    elif model is Model.BURST:
        length = min(sectors, total)
        lost = int(rng.integers(total - length + 1)) + np.arange(length)
    elif model is Model.SCRATCHES:
        lost = _scratched(total, min(sectors, total), rng)
    else:
        lost = np.sort(rng.choice(total, min(sectors, total), replace=False))
    return Strike(lost.astype(np.int64), flips=model is Model.FLIPS, seed=seed)


def _scratched(total: int, left: int, rng: np.random.Generator) -> Numbers:
    """Runs of some sectors anywhere, until they are so many; the last may be shorter."""
    least, most = _SCRATCH_SECTORS
    lengths = rng.integers(least, most + 1, left // least + 1)
    ends = np.minimum(np.cumsum(lengths), left)
    lengths = np.diff(ends, prepend=0)
    lengths = lengths[lengths > 0]
    good_before = np.sort(rng.integers(0, total - left + 1, len(lengths)))
    return np.repeat(good_before, lengths) + np.arange(left)


def _spliced(geometry: Geometry, model: Model, sectors: int, rng: np.random.Generator, seed: int) -> Strike:
    size = _file_bytes(geometry)
    n_places = max(1, min(_PLACES, geometry.sectors // _SECTORS_OF_A_PLACE))
    # By odd numbers of bytes: what follows lies across sectors.
    share = min(sectors * SECTOR, size) // n_places
    counts = np.maximum(share - rng.integers(0, min(SECTOR, share), n_places), 1)
    removed = counts if model is Model.DELETE else np.zeros_like(counts)
    kept_before = np.sort(rng.integers(0, size - int(removed.sum()) + 1, n_places))
    offsets = kept_before + np.cumsum(removed) - removed
    splices = [
        Splice(offset, count, 0) if model is Model.DELETE else Splice(offset, 0, count)
        for offset, count in zip(offsets.tolist(), counts.tolist(), strict=True)
    ]
    of_file = -(-size // SECTOR)
    lost, near = np.zeros(of_file, bool), np.zeros(of_file, bool)
    for splice in splices:
        end = splice.offset + splice.removed_bytes
        first, last = splice.offset // SECTOR, -(-end // SECTOR)
        lost[first:last] = True
        near[max(0, first - _NEAR_SECTORS) : last + _NEAR_SECTORS] = True
    return Strike(np.flatnonzero(lost), np.flatnonzero(near & ~lost), splices, seed=seed)


def _file_bytes(geometry: Geometry) -> int:
    return geometry.before_bytes if geometry.sidecar else geometry.volume_bytes


def write_copy(source: Readable, target: Writable, splices: Sequence[Splice], seed: int) -> None:
    """Write a copy of a file, with bytes put in, taken out or cut off."""
    rng = np.random.default_rng(seed)
    at = written = 0
    for splice in [*splices, Splice(source.size, 0, 0)]:
        for start in range(at, splice.offset, _STEP_BYTES):
            data = source.read_at(start, min(_STEP_BYTES, splice.offset - start))
            target.write_at(written, data)
            written += len(data)
        for start in range(0, splice.inserted_bytes, _STEP_BYTES):
            data = rng.bytes(min(_STEP_BYTES, splice.inserted_bytes - start))
            target.write_at(written, data)
            written += len(data)
        at = splice.offset + splice.removed_bytes


def overwrite(volume: Sectors, writer: VolumeWriter, damage: Strike) -> None:
    """Do to the sectors of a copy, in place, what happens to those that are lost: zeros, or one other byte.

    A sector of zeros becomes one of ones: none is spared since it was empty.
    """
    if damage.splices:
        return
    rng = np.random.default_rng(damage.seed)
    for _, first, count in runs(damage.lost):
        for start in range(first, first + count, _STEP_SECTORS):
            step = min(_STEP_SECTORS, first + count - start)
            data = np.frombuffer(volume.read(start, step), np.uint8).reshape(-1, SECTOR).copy()
            if damage.flips:
                _flip(data, _filled(volume.geometry, start, step), rng)
            else:
                data[:] = np.where(data.any(axis=1), 0, 0xFF)[:, np.newaxis]
            writer.write(start, data.tobytes())


def _flip(data: NDArray[np.uint8], filled: NDArray[np.int64], rng: np.random.Generator) -> None:
    places = rng.integers(0, filled)
    data[np.arange(len(data)), places] ^= rng.integers(1, 256, len(data), dtype=np.uint8)


def _filled(geometry: Geometry, first: int, count: int) -> NDArray[np.int64]:
    """How many bytes of each sector are in a file; the last one of a part is filled up with zeros that are not."""
    filled = np.full(count, SECTOR, np.int64)
    for place in places(geometry, first, count, sidecar=geometry.sidecar):
        filled[place.first + place.sectors - 1 - first] -= place.sectors * SECTOR - place.n_bytes
    return filled
