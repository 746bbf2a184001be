"""The parity of a larger volume, from that of a smaller one whose data sectors are the first of its own.

The code is linear: the parity of a group is the sum of what each of its shards adds to it. So where a volume is known,
with its stream, and becomes a part of another, as that of a disc, only what is added or differs needs encoding; sums
follow from sums, since in these a number can be replaced. What a stretch of shards adds takes no more than they do.

In the high form parity is at the points from 0 to m, data behind it. Let shards be at points a + W, where W are the
points from 0 to b, a power of two, and a a multiple of that; and Q the polynomial of degree < b with these values. By
the formula of FORMAT.md, "The code", they add Q(x) s_m(a) / s_b(x + a) to the parity at x, since all s_t have the
derivative 1; see `transform` for these. The values of Q at x < m are what the low form makes of those at W.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from pybackup.codes.codec import encode
from pybackup.codes.field import PERIOD, Indexes, Symbols, logarithms, powers, product_table, scaled
from pybackup.codes.form import Form, form_of, pow2
from pybackup.codes.stripes import Bytes, bytes_of, stripes, symbols_of
from pybackup.codes.transform import evaluate, interpolate
from pybackup.errors import Damaged
from pybackup.host.memory import give_back
from pybackup.layout.sums import moved_sums, sector_sums
from pybackup.sector import SECTOR

from .dealing import Dealing
from .guarding import Sums, empty_table, guard_sectors
from .shards import read_shards, write_shards
from .volume import Sectors, VolumeWriter

# Times as many points as there are shards, before a stretch of them is cut in two.
_LOOSE = 2
# Points: so that a table of products is worth it, as many are multiplied by each.
_LEAST_BLOCK = 128
# Symbols multiplied by one constant from which on a table of all its products is made.
_TABLE_SYMBOLS = 1 << 13


@dataclass(frozen=True, slots=True)
class GrowthSteps:
    """How much is done at a time; none of these changes a byte of the stream.

    Attributes
    ----------
    stripe_bytes
        Of the parity of a group; there are five arrays of that size at a time.
    rows, sectors
        Moved at once from table to table; read at once.
    """

    stripe_bytes: int = 1 << 20
    rows: int = 1 << 15
    sectors: int = 1024


USUAL_STEPS = GrowthSteps()


class Growth:
    """The stream of a volume in the making, from that of a smaller one.

    Parameters
    ----------
    small, rows
        The smaller volume, and its table. Of its stream the parity is read, and checked.
    large
        Has the geometry that `pybackup.parity.stream.geometry.grown` returns for it.
    writer
        Gets the sectors of the stream, in no order.
    kept
        So many data sectors, from the origin on, are those of the smaller volume; none of them is read.
    """

    def __init__(
        self,
        small: Sectors,
        rows: Sums,
        large: Sectors,
        writer: VolumeWriter,
        *,
        kept: int,
        steps: GrowthSteps = USUAL_STEPS,
    ) -> None:
        self._small = small
        self._large = large
        self._writer = writer
        self._kept = kept
        self._steps = steps
        self._dealing = Dealing(large.geometry)
        self._table = empty_table(large.geometry)
        self._sums = self._table[: large.geometry.sums]
        origin, data_sectors = large.geometry.origin, small.geometry.data_sectors
        for first in range(0, kept, steps.rows):
            numbers = np.arange(first, min(first + steps.rows, kept), dtype=np.int64)
            self._sums[numbers + origin] = moved_sums(rows[numbers], numbers, numbers + origin)
        self._parity_sums = rows[data_sectors : small.geometry.sums].copy()

    def encode(self, *, progress: Callable[[int], None]) -> None:
        """Write the parity. The data sectors that are not kept are read, and must be complete.

        Parameters
        ----------
        progress
            Called with the number of bytes of parity made since the last call.

        Raises
        ------
        Damaged
            The parity of the smaller volume is not what its sums say.
        OSError
            A medium cannot be read.
        """
        shape = self._large.geometry
        for begin, end in ((shape.origin + self._kept, shape.data_sectors), (0, shape.origin)):
            for first in range(begin, end, self._steps.sectors):
                last = min(first + self._steps.sectors, end)
                numbers = self._dealing.table_numbers(first, last)
                self._sums[first:last] = sector_sums(read_shards(self._large, numbers).reshape(-1).data, numbers)
        for group in range(shape.groups):
            self._add(group, self._known_parity(group), *self._difference(group))
            progress(shape.parity_shards * SECTOR)

    def change(self, number: int, before: bytes, after: bytes) -> None:
        """Take into account that a data sector has changed since `encode`; raises `OSError` as that."""
        shape, numbers = self._large.geometry, np.array([number])
        rows = self._dealing.table_rows(numbers)
        self._sums[rows] = sector_sums(after, numbers)
        if shape.groups:
            group = int(self._dealing.groups_of(rows)[0])
            shard = int(np.flatnonzero(self._dealing.data_numbers(group) == number)[0])
            changed = np.frombuffer(before, np.uint8) ^ np.frombuffer(after, np.uint8)
            parity = read_shards(self._large, self._dealing.parity_numbers(group))
            self._add(group, parity, shard, changed[None])

    def finish(self, digest: bytes) -> None:
        """Write the guard sectors.

        Parameters
        ----------
        digest
            SHA-256 of the protected bytes, from the origin on.
        """
        give_back()
        at = self._dealing.guard_numbers
        for number, sector in guard_sectors(self._large.geometry, digest, self._table):
            self._writer.write(int(at[number]), sector)

    def _known_parity(self, group: int) -> Bytes:
        """The first shards of the parity of a group in the smaller volume, checked."""
        at = Dealing(self._small.geometry)
        numbers = at.parity_numbers(group)[: self._large.geometry.parity_shards]
        parity = read_shards(self._small, numbers)
        expected = self._parity_sums[at.table_rows(numbers) - self._small.geometry.data_sectors]
        if (sector_sums(parity.reshape(-1).data, numbers) != expected).any():
            raise Damaged("parity that is not what its checksums say")
        return parity

    def _difference(self, group: int) -> tuple[int, Bytes]:
        """The number of the first data shard of a group that may differ; and all from that on, XOR the smaller's."""
        first = int(np.searchsorted(self._dealing.dealt(group), self._kept))
        changed = read_shards(self._large, self._dealing.data_numbers(group)[first:])
        before = read_shards(self._small, Dealing(self._small.geometry).data_numbers(group)[first:])
        changed[: len(before)] ^= before
        return first, changed

    def _add(self, group: int, parity: Bytes, first: int, changed: Bytes) -> None:
        """Write the parity of a group, with what changes of some of its data shards add to it."""
        shape = self._large.geometry
        form = form_of(shape.data_shards, shape.parity_shards)
        add_parity(parity, changed, first, form, stripe_bytes=self._steps.stripe_bytes)
        numbers = self._dealing.parity_numbers(group)
        write_shards(self._writer, numbers, parity)
        self._sums[self._dealing.table_rows(numbers)] = sector_sums(parity.reshape(-1).data, numbers)


def add_parity(
    parity: Bytes, shards: Bytes, first: int, form: Form, *, stripe_bytes: int = USUAL_STEPS.stripe_bytes
) -> None:
    """Add to the parity of a group, in place, what some of its data shards add to it.

    Parameters
    ----------
    parity
        Shape (p, width): of all other shards, these being zeros.
    shards
        Shape (n, width), the data shards from number ``first`` on.
    form
        Of the group: the high one.
    stripe_bytes
        Of the parity at a time.
    """
    for columns in stripes(parity.shape[1], len(parity), stripe_bytes):
        symbols = symbols_of(np.ascontiguousarray(shards[:, columns]))
        start = form.data_start + first
        for low, high in _blocks(start, start + len(shards), form.chunk):
            added = _added_by(symbols[low - start : high - start], low, len(parity), form.chunk)
            parity[:, columns] ^= bytes_of(added)


def _blocks(start: int, end: int, chunk: int) -> Iterator[tuple[int, int]]:
    """Cut points into stretches that are most of an aligned block of a power of two, which is no more than a chunk."""
    if start >= end:
        return
    size = _block_of(start, end)
    if size <= min(chunk, _LOOSE * pow2(end - start)):
        yield start, end
        return
    middle = (end - 1) // (size // 2) * (size // 2)
    yield from _blocks(start, middle, chunk)
    yield from _blocks(middle, end, chunk)


def _block_of(start: int, end: int) -> int:
    """Size of the smallest aligned block that has all these points."""
    return int(1 << (start ^ (end - 1)).bit_length())


def _added_by(values: Symbols, start: int, parity_count: int, chunk: int) -> Symbols:
    """What shards at points ``start`` and on, within one block, add to each shard of the parity."""
    size = max(_block_of(start, start + len(values)), min(chunk, _LEAST_BLOCK))
    base = start // size * size
    work = np.zeros((size, values.shape[1]), np.uint16)
    work[start - base : start - base + len(values)] = values
    interpolate(work, base)
    evaluate(work, 0)
    added = work[:parity_count]
    if parity_count > size:
        more = encode(bytes_of(work), max(parity_count - size, size))
        added = np.concatenate((added, symbols_of(more[: parity_count - size])))
    blocks = np.arange(-(-parity_count // size))
    logs = logarithms()[base // chunk] - logarithms()[base // size ^ blocks]
    _scale(added, size, logs % PERIOD)
    return added


def _scale(values: Symbols, rows: int, logs: Indexes) -> None:
    """Multiply each so many rows by the next constant, of which the logarithms are given; in place."""
    if rows * values.shape[1] >= _TABLE_SYMBOLS:
        for number, constant in enumerate(powers()[logs].tolist()):
            part = values[number * rows : (number + 1) * rows]
            part[:] = np.take(product_table(constant), part, mode="clip")
        return
    of_rows = np.repeat(logs, rows)[: len(values)]
    step = max(1, _TABLE_SYMBOLS // values.shape[1])
    for first in range(0, len(values), step):
        values[first : first + step] = scaled(values[first : first + step], of_rows[first : first + step, None])
