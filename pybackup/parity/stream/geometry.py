"""Planning the geometry of a volume: how many groups, how large, how many guard sectors."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from pybackup.codes.form import form_of, pow2
from pybackup.errors import UsageError
from pybackup.layout.guard import MAX_SHARDS, SLICE_SUMS, Geometry, has_code
from pybackup.sector import SECTOR

from .amount import DEFAULT_AMOUNT, Amount

# The code needs a power of two for the parity, so 57,344 + 8,192 and 61,440 + 4,096 are the largest groups.
DEFAULT_GROUP_SECTORS = MAX_SHARDS
_MAX_RUN = 256
# An error of one run at either end of a burst, of 64 that a group's parity is cut into.
_RUNS_OF_PARITY = 64
_MAX_TABLE_SHARDS = 1 << 14
# So many guard sectors and their table have a code; with much parity most of them are no part of the table.
_MAX_GUARD_SHARDS = 1 << 15
# Every guard sector of a small volume would fit into the damage that its parity stands.
_FEW_PARITY_SECTORS = 12
# Spread over the parity, so that with a tenth of them gone they are the table once more.
_SPREAD = Fraction(5, 4)
# Of what a loss of both ends leaves of them, where it takes the front and the back, too.
_SPARE = Fraction(11, 10)
# From 1000 % on guards need not outlast the parity: they would be more than it.
_MAX_FRACTION = Fraction(10, 11)
# Standard deviations at which a group is likely to be lost, and at which its guards are not.
_GROUP_DEVIATIONS = 3
_GUARD_DEVIATIONS = 4


@dataclass(frozen=True, slots=True)
class ParityOptions:
    """How much parity, and where.

    Attributes
    ----------
    sidecar
        The stream is a file of its own.
    group_sectors
        The most sectors of a group; memory is in proportion to it.
    """

    amount: Amount = DEFAULT_AMOUNT
    sidecar: bool = False
    group_sectors: int = DEFAULT_GROUP_SECTORS


def plan_geometry(
    before_bytes: int,
    after_bytes: int,
    amount: Amount,
    *,
    sidecar: bool = False,
    group_sectors: int = DEFAULT_GROUP_SECTORS,
) -> Geometry:
    """Return the geometry for so many protected bytes.

    Parameters
    ----------
    group_sectors
        The most sectors of a group, data and parity; memory is in proportion to it.

    Raises
    ------
    UsageError
        There is nothing to protect, or the amount or the group size cannot be had.
    """
    if before_bytes + after_bytes <= 0:
        raise UsageError("an empty file needs no parity")
    if not 2 <= group_sectors <= MAX_SHARDS:
        raise UsageError(f"a group has 2 to {MAX_SHARDS} sectors, not {group_sectors}")
    if amount.rest:
        raise UsageError("'fill' is for volumes, whose size is known; say fill:SIZE")
    plan = _Plan(before_bytes, after_bytes, sidecar, group_sectors)
    if amount.share is not None:
        return plan.of(max(1, -(-plan.data_sectors * amount.share.numerator // amount.share.denominator)))
    if amount.n_bytes is not None:
        return plan.of(max(1, amount.n_bytes // SECTOR))
    if amount.fill_bytes is not None:
        return plan.filling(amount.fill_bytes)
    return plan.of(0)


def grown(
    shape: Geometry, before_bytes: int, after_bytes: int, *, origin: int, most_bytes: int | None = None
) -> Geometry | None:
    """Return the geometry of a larger volume whose parity is that of a smaller one, and a little: see `growing`.

    Parameters
    ----------
    shape
        Of the smaller one, whose data sectors are the first to be dealt in the larger one, too.
    origin
        The data sector of the larger one with which they begin.
    most_bytes
        How long the stream may be: where it has to be shorter, groups get fewer parity shards, the first of those.

    Returns
    -------
    Geometry or None
        None where there is none: the groups are too large for the code, or so few shards are those of another code.
    """
    plan = _Plan(before_bytes, after_bytes, origin=origin)
    if not shape.groups:
        bare = plan.guarded(0, 0, 0, 0)
        return bare if most_bytes is None or bare.stream_bytes <= most_bytes else None
    data_shards = min(plan.data_sectors, -(-plan.data_sectors // (shape.run * shape.groups)) * shape.run)
    if not form_of(shape.data_shards, shape.parity_shards).high or not has_code(data_shards, shape.parity_shards):
        return None
    fits, parity_shards = None, shape.parity_shards
    # Of as many shards as one more than half, rounded up to a power of two, the first ones are the same.
    low, high = pow2(shape.parity_shards) // 2, shape.parity_shards + 1
    while high - low > 1:
        found = plan.guarded(shape.groups, data_shards, parity_shards, shape.run)
        if most_bytes is None or found.stream_bytes <= most_bytes:
            fits, low = found, parity_shards
        else:
            high = parity_shards
        parity_shards = (low + high) // 2
    return fits


@dataclass(frozen=True, slots=True)
class _Plan:
    before_bytes: int
    after_bytes: int
    sidecar: bool = False
    group_sectors: int = DEFAULT_GROUP_SECTORS
    origin: int = 0

    @property
    def data_sectors(self) -> int:
        return -(-self.before_bytes // SECTOR) + -(-self.after_bytes // SECTOR)

    def of(self, parity_sectors: int) -> Geometry:
        """The geometry for at least so many parity sectors: the groups have equal parity."""
        if not parity_sectors:
            return self.guarded(0, 0, 0, 0)
        groups = min(self.data_sectors, -(-(self.data_sectors + parity_sectors) // self.group_sectors))
        while True:
            parity_shards = -(-parity_sectors // groups)
            # No group is without data: its parity would protect nothing.
            longest = min(_MAX_RUN, parity_shards // _RUNS_OF_PARITY, self.data_sectors // groups)
            run = 1 if groups == 1 else max(1, longest)
            runs = -(-self.data_sectors // run)
            data_shards = min(self.data_sectors, -(-runs // groups) * run)
            fits = data_shards + parity_shards <= self.group_sectors
            if fits and has_code(data_shards, parity_shards):
                return self.guarded(groups, data_shards, parity_shards, run)
            if groups >= self.data_sectors:
                raise UsageError("more parity than a group can hold; ask for less")
            groups = min(groups + 1 + groups // 64, self.data_sectors)

    def filling(self, total_bytes: int) -> Geometry:
        """The geometry of the largest volume that is no larger than ``total_bytes``."""
        least = self.of(0)
        if least.volume_bytes > total_bytes:
            raise UsageError(
                f"{least.volume_bytes} bytes are needed without any parity, and fill:{total_bytes} is less"
            )
        low, high = 0, total_bytes // SECTOR + 1
        while high - low > 1:
            middle = (low + high) // 2
            if self._fits(middle, total_bytes):
                low = middle
            else:
                high = middle
        return self.of(low)

    def _fits(self, parity_sectors: int, total_bytes: int) -> bool:
        try:
            return self.of(parity_sectors).volume_bytes <= total_bytes
        except UsageError:
            return False

    def guarded(self, groups: int, data_shards: int, parity_shards: int, run: int) -> Geometry:
        """The geometry with these groups, and guard sectors that outlast them."""
        parity_sectors = groups * parity_shards
        sums = self.data_sectors + parity_sectors
        slices = -(-sums // SLICE_SUMS)
        fraction = min(Fraction(parity_sectors, sums), _MAX_FRACTION)
        guard_groups = -(-slices // min(_MAX_TABLE_SHARDS, int(_MAX_GUARD_SHARDS * (1 - fraction))))
        table_shards = -(-slices // guard_groups)
        slices = table_shards * guard_groups
        spread = 0
        if parity_sectors:
            spread = max(
                int(slices * max(_SPREAD, _SPARE * fraction / (1 - fraction))),
                min(parity_sectors, _FEW_PARITY_SECTORS),
                (_outlasting(table_shards, float(fraction), sums // groups) - 2 * table_shards) * guard_groups,
            )
            spread = -(-spread // guard_groups) * guard_groups
        return Geometry(
            self.before_bytes,
            self.after_bytes,
            groups,
            data_shards,
            parity_shards,
            run,
            guard_groups,
            slices,
            spread,
            slices,
            self.sidecar,
            self.origin,
        )


def _outlasting(table_shards: int, fraction: float, group_sectors: int) -> int:
    """How many shards a guard group needs not to be the first to fail where sectors are lost at random.

    Parameters
    ----------
    table_shards
        Any so many of them are enough.
    fraction, group_sectors
        Of a group of parity: which part of it may be lost, and its size. A small one is likely to fail before that
        part of the volume is lost, since by chance it is hit harder.
    """
    lost = max(0.0, fraction - _GROUP_DEVIATIONS * math.sqrt(fraction * (1 - fraction) / group_sectors))
    # shards * (1 - lost) - deviations * sqrt(shards * lost * (1 - lost)) = table_shards, for the root of shards.
    swing = _GUARD_DEVIATIONS * math.sqrt(lost * (1 - lost))
    root = (swing + math.sqrt(swing * swing + 4 * (1 - lost) * table_shards)) / (2 * (1 - lost))
    return math.ceil(root * root)
