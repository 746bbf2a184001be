"""Planning discs: how many a tree will need, and how full each gets, before anything is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from pybackup.container.cost import SET_INDEX_BYTES, STRUCTURE_BYTES
from pybackup.errors import UsageError
from pybackup.make.capacity import body_limit
from pybackup.make.plan import Plan, settings_of
from pybackup.make.plan_copies import CopiesAhead
from pybackup.make.plan_set import segment_for
from pybackup.make.recovery_room import shard_limit_of
from pybackup.model.entry import Kind
from pybackup.model.source import Planned
from pybackup.parity.stream.geometry import ParityOptions

from .estimate import Estimate

# Fraction of a volume that stays empty, besides half of the segment that no longer fits.
_UNFILLED = 0.006
_MOST_DISCS = 100_000
_MB = 1_000_000
# Pairs of the largest medium in bytes and the usual speed of its drives in bytes per second: 24x CD, 8x DVD, 4x BD.
_SPEEDS = ((900 * _MB, 3.6 * _MB), (9_000 * _MB, 10.8 * _MB), (1 << 62, 18.0 * _MB))


@dataclass(frozen=True, slots=True)
class PlannedDisc:
    """One disc of a plan; sizes in bytes.

    Attributes
    ----------
    burn_seconds
        How long burning and reading back take.
    copies_bytes
        How much of ``used_bytes`` are second copies of files of the previous disc.
    """

    medium_bytes: int
    used_bytes: int
    burn_seconds: float
    recovery: bool = False
    copies_bytes: int = 0

    @property
    def fill(self) -> float:
        """The fraction of the disc that is used."""
        return self.used_bytes / self.medium_bytes


def shard_limit(
    plan: Plan, first_bytes: Sequence[int], medium_bytes: int, *, second_copies: Fraction = Fraction(0)
) -> int:
    """Return the maximum length in bytes of a volume's body for which recovery volumes of the set fit its discs.

    Parameters
    ----------
    first_bytes, medium_bytes
        Capacities of the first discs, and of each further one, in bytes.
    second_copies
        The fraction of each volume that second copies may take.

    Raises
    ------
    UsageError
        A disc is too small.
    """
    entries = [planned.entry for planned in plan.entries]
    return shard_limit_of(
        entries,
        (*first_bytes, medium_bytes),
        segment_bytes=_segment_bytes(plan, first_bytes, medium_bytes),
        structure_bytes=STRUCTURE_BYTES * sum(entry.kind is not Kind.FILE for entry in entries),
        settings_bytes=len(settings_of(plan)),
        second_copies=second_copies,
    )


def _segment_bytes(plan: Plan, first_bytes: Sequence[int], medium_bytes: int) -> int:
    """Return the length of segments that a set on discs of these capacities will have."""
    return segment_for(min((*first_bytes, medium_bytes)), plan.options.segment_bytes)


def _copies_ahead(
    plan: Plan, found: Estimate, first_bytes: Sequence[int], medium_bytes: int, share: Fraction
) -> CopiesAhead | None:
    """Return the forecast of second copies on discs of these sizes; None if there are to be none."""
    if not share:
        return None
    segment_bytes = _segment_bytes(plan, first_bytes, medium_bytes)
    return CopiesAhead(found.entries, found.usual, share=share, segment_bytes=segment_bytes)


def plan_discs(
    plan: Plan,
    found: Estimate,
    *,
    first_bytes: Sequence[int],
    medium_bytes: int,
    recovery: int = 0,
    second_copies: Fraction = Fraction(0),
) -> list[PlannedDisc]:
    """Return the discs that a set will need, in order, recovery discs last.

    Parameters
    ----------
    found
        The estimate of the archive's size.
    first_bytes, medium_bytes
        Capacities of the first discs, and of each further one, in bytes.
    recovery
        How many recovery volumes follow the data volumes.
    second_copies
        The fraction of each volume that second copies may take.

    Raises
    ------
    UsageError
        A disc is too small.
    """
    parity, entries = plan.options.parity, len(plan.entries)
    shard_bytes = shard_limit(plan, first_bytes, medium_bytes, second_copies=second_copies) if recovery else None
    copies = _copies_ahead(plan, found, first_bytes, medium_bytes, second_copies)
    # INDEX.TXT.gz on a disc lists second copies as well.
    told = entries * (2 if copies else 1)
    segment_bytes = _segment_bytes(plan, first_bytes, medium_bytes)
    body_bytes = found.body_bytes + found.usual.segment_bytes * _more_segments(found.entries, segment_bytes)
    # The forecast of second copies counts bytes without the headers of further segments.
    plain = found.body_bytes / max(body_bytes, 1)
    left_empty = round(_next_segment_bytes(found.entries, segment_bytes) * min(found.ratio, 1.0) / 2)
    discs: list[PlannedDisc] = []
    largest = before = at = 0
    while at < body_bytes:
        medium = first_bytes[len(discs)] if len(discs) < len(first_bytes) else medium_bytes
        limit = body_limit(medium, parity, entries=told)
        repeated = STRUCTURE_BYTES * (entries - found.files) + round(SET_INDEX_BYTES * found.files * at / body_bytes)
        takes = int(min(limit, shard_bytes or limit) * (1 - _UNFILLED)) - left_empty - repeated
        # Directories still open when the previous disc was full are repeated on this one.
        takes -= 2 * found.usual.directory_bytes if discs else 0
        if takes <= 0 or len(discs) > _MOST_DISCS:
            raise UsageError(f"discs of {medium:,} bytes are too small for this tree")
        again = copies.of(round(before * plain), round(at * plain), medium, takes) if copies and discs else 0
        held = min(body_bytes - at, takes - again)
        before, at = at, at + held
        body = held + again + repeated
        largest = max(largest, body)
        used = medium if _fills(parity) else round(medium * body / limit)
        discs.append(PlannedDisc(medium, used, 2 * used / _speed(medium), copies_bytes=again))
    # A recovery disc has a shard as long as the longest body, all indexes, and parity as far as there is room.
    dressed = medium_bytes / body_limit(medium_bytes, parity, entries=entries)
    used = min(medium_bytes, round(largest * dressed * (1 + _UNFILLED)))
    return discs + [PlannedDisc(medium_bytes, used, 2 * used / _speed(medium_bytes), True)] * recovery


def fewest_and_most(
    plan: Plan,
    found: Estimate,
    *,
    first_bytes: Sequence[int],
    medium_bytes: int,
    recovery: int = 0,
    second_copies: Fraction = Fraction(0),
) -> tuple[int, int]:
    """Return the least and the greatest number of data discs within the estimate's error; arguments as `plan_discs`."""

    def number(part: float) -> int:
        other = replace(found, body_bytes=round(found.body_bytes * part))
        discs = plan_discs(
            plan,
            other,
            first_bytes=first_bytes,
            medium_bytes=medium_bytes,
            recovery=recovery,
            second_copies=second_copies,
        )
        return len(discs) - recovery

    return number(max(0.0, 1 - found.error)), number(1 + found.error)


def _more_segments(entries: Sequence[Planned], segment_bytes: int) -> int:
    """Return the number of segments of all files, without the first segment of each."""
    sizes = (one.entry.size for one in entries if one.entry.kind is Kind.FILE and one.entry.size > segment_bytes)
    return sum(-(-size // segment_bytes) - 1 for size in sizes)


def _next_segment_bytes(entries: Sequence[Planned], segment_bytes: int) -> float:
    """Return the mean length in bytes of the segment that a volume's end falls into: longer ones are hit more often."""
    content = squares = 0
    for size in (one.entry.size for one in entries if one.entry.kind is Kind.FILE):
        whole, rest = divmod(size, segment_bytes)
        content += size
        squares += whole * segment_bytes**2 + rest**2
    return squares / max(content, 1)


def _fills(parity: ParityOptions | None) -> bool:
    return parity is not None and parity.amount.rest


def _speed(medium_bytes: int) -> float:
    return next(speed for most, speed in _SPEEDS if medium_bytes <= most)
