"""Sectors with one wrong byte, put right by their sums alone.

The CRC-32 of a sector with one wrong byte differs from its sum by a value that place and error tell: of 2,048 times 255
such values nearly all occur once. So a bit that flipped needs no parity. But of 8,000 sectors with other damage one
would be put right wrongly, so what is corrected here is a proposal: who takes it has to check more than the sum.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from pybackup.layout.sums import sector_sums
from pybackup.parity.stream.dealing import Numbers, runs
from pybackup.sector import SECTOR

from .copies import Copy, Survey, read_sectors

_STEP_SECTORS = 1024
_VALUES = 255


@dataclass(frozen=True, slots=True)
class Proposals:
    """Proposals: what damaged sectors would be with one byte put right.

    Attributes
    ----------
    numbers
        Of the sectors, ascending: shape (n,).
    data
        What they would be: shape (n, 2048).
    bits
        How many of the byte are wrong, 1 to 8: shape (n,). One is what happens; of damage that only looks so, one in
        32 has no more.
    """

    numbers: Numbers
    data: NDArray[np.uint8]
    bits: NDArray[np.int64]

    def rows_of(self, numbers: Numbers) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
        """Return which of ``numbers`` there is a proposal for, and the row of each that has one."""
        if not len(self.numbers):
            return np.zeros(len(numbers), bool), np.zeros(0, np.intp)
        rows = np.minimum(np.searchsorted(self.numbers, numbers), len(self.numbers) - 1)
        found = self.numbers[rows] == numbers
        return found, rows[found]


NO_PROPOSALS = Proposals(np.zeros(0, np.int64), np.zeros((0, SECTOR), np.uint8), np.zeros(0, np.int64))


def propose(copies: Sequence[Copy], survey: Survey, numbers: Numbers) -> Proposals:
    """Return those of the sectors ``numbers``, good nowhere, that one byte in one of the copies makes good.

    Where copies differ, the one with the fewest wrong bits is taken.
    """
    left = numbers
    parts = [NO_PROPOSALS]
    for copy in copies:
        for shift in copy.shifts:
            certain = [np.zeros(0, np.int64)]
            for index, first, count in runs(left):
                for start in range(0, count, _STEP_SECTORS):
                    some = left[index + start : index + min(start + _STEP_SECTORS, count)]
                    raw = read_sectors(copy.file, (first + start) * SECTOR + shift, len(some))
                    part = _proposed(np.frombuffer(raw, np.uint8).reshape(-1, SECTOR), some, survey)
                    certain.append(part.numbers[part.bits == 1])
                    if len(part.numbers):
                        parts.append(part)
            # Nothing better than one bit can follow.
            left = np.setdiff1d(left, np.concatenate(certain), assume_unique=True)
    return _best(parts)


def _proposed(sectors: NDArray[np.uint8], numbers: Numbers, survey: Survey) -> Proposals:
    good, right = correct(sectors, numbers, survey.sums[numbers])
    bits = np.unpackbits(right ^ sectors[good], axis=1).sum(axis=1, dtype=np.int64)
    return Proposals(numbers[good], right, bits)


def _best(parts: Sequence[Proposals]) -> Proposals:
    """All of them, of each sector the one with the fewest wrong bits, of equal ones the first."""
    numbers = np.concatenate([part.numbers for part in parts])
    bits = np.concatenate([part.bits for part in parts])
    order = np.lexsort((bits, numbers))
    _, first = np.unique(numbers[order], return_index=True)
    kept = order[first]
    return Proposals(numbers[kept], np.concatenate([part.data for part in parts])[kept], bits[kept])


def correct(
    sectors: NDArray[np.uint8], numbers: Numbers, sums: NDArray[np.uint32]
) -> tuple[NDArray[np.bool_], NDArray[np.uint8]]:
    """Return which sectors (n, 2048) one byte makes agree with their sums, and what they are then (m, 2048)."""
    differences, places = _differences()
    difference = sector_sums(sectors.tobytes(), numbers) ^ sums
    at = np.minimum(np.searchsorted(differences, difference), len(differences) - 1)
    good = differences[at] == difference
    # What was overwritten by one value has many wrong bytes, whatever the sum says.
    good &= (sectors != sectors[:, :1]).any(axis=1)
    where, error = places[at[good]] // _VALUES, places[at[good]] % _VALUES + 1
    right = sectors[good]
    right[np.arange(len(right)), where] ^= error.astype(np.uint8)
    return good, right


@cache
def _differences() -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """What one wrong byte does to a CRC-32, ascending, and its place times 255 and its XOR less 1."""
    step = np.array([zlib.crc32(bytes([value])) ^ zlib.crc32(b"\0") for value in range(256)], np.uint32)
    table = np.zeros((SECTOR, _VALUES), np.uint32)
    table[-1] = step[1:]
    for place in range(SECTOR - 1, 0, -1):
        table[place - 1] = step[table[place] & 0xFF] ^ (table[place] >> 8)
    values, first, counts = np.unique(table.reshape(-1), return_index=True, return_counts=True)
    return values[counts == 1], first[counts == 1].astype(np.int64)
