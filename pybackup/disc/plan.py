"""Planning discs: how many a tree takes, and how full they get, before anything is written."""

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

# Part of a volume that stays empty, besides half of the segment that does not fit any more.
_UNFILLED = 0.006
_MOST_DISCS = 100_000
_MB = 1_000_000
# Bytes a second that drives usually write, and read back, by the size of the medium: 24x CD, 8x DVD, 4x BD.
_SPEEDS = ((900 * _MB, 3.6 * _MB), (9_000 * _MB, 10.8 * _MB), (1 << 62, 18.0 * _MB))


@dataclass(frozen=True, slots=True)
class PlannedDisc:
    """One disc of a plan; sizes in bytes.

    Of ``used_bytes``, ``copies_bytes`` are second copies of files that are on the disc before.
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
    """Return how long the body of a volume may be, so that the recovery volumes of the set fit its discs.

    Parameters
    ----------
    second_copies
        Which share of each volume they may take.

    Raises
    ------
    UsageError
        A disc takes too little.
    """
    sizes = (*first_bytes, medium_bytes)
    entries = [planned.entry for planned in plan.entries]
    return shard_limit_of(
        entries,
        sizes,
        segment_bytes=segment_for(min(sizes), plan.options.segment_bytes),
        structure_bytes=STRUCTURE_BYTES * sum(entry.kind is not Kind.FILE for entry in entries),
        settings_bytes=len(settings_of(plan)),
        second_copies=second_copies,
    )


def _copies_ahead(
    plan: Plan, found: Estimate, first_bytes: Sequence[int], medium_bytes: int, share: Fraction
) -> CopiesAhead | None:
    """A forecast of the second copies on discs of these sizes; None where there are to be none."""
    if not share:
        return None
    segment_bytes = segment_for(min((*first_bytes, medium_bytes)), plan.options.segment_bytes)
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
    """Return the discs that a set will take, in order.

    Parameters
    ----------
    found
        How large the archive will be.
    first_bytes, medium_bytes
        Capacity of the first discs, each, and of all others.
    recovery
        How many recovery volumes follow.
    second_copies
        Which share of each volume they may take.

    Raises
    ------
    UsageError
        A disc takes too little.
    """
    parity, entries = plan.options.parity, len(plan.entries)
    shard_bytes = shard_limit(plan, first_bytes, medium_bytes, second_copies=second_copies) if recovery else None
    copies = _copies_ahead(plan, found, first_bytes, medium_bytes, second_copies)
    # On a disc the second copies are told of, too.
    told = entries * (2 if copies else 1)
    segment_bytes = segment_for(min((*first_bytes, medium_bytes)), plan.options.segment_bytes)
    body_bytes = found.body_bytes + found.usual.segment_bytes * _more_segments(found.entries, segment_bytes)
    # Second copies are counted without what further segments add.
    plain = found.body_bytes / max(body_bytes, 1)
    left_empty = round(_next_segment_bytes(found.entries, segment_bytes) * min(found.ratio, 1.0) / 2)
    discs: list[PlannedDisc] = []
    largest = before = at = 0
    while at < body_bytes:
        medium = first_bytes[len(discs)] if len(discs) < len(first_bytes) else medium_bytes
        limit = body_limit(medium, parity, entries=told)
        repeated = STRUCTURE_BYTES * (entries - found.files) + round(SET_INDEX_BYTES * found.files * at / body_bytes)
        takes = int(min(limit, shard_bytes or limit) * (1 - _UNFILLED)) - left_empty - repeated
        # Directories that were open when the disc before was full are there once more.
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
    # A shard as long as the longest body, the indexes of all, and parity as far as there is room.
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
    """Return the fewest and the most discs for data that the estimate allows; arguments as for `plan_discs`."""

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
    """How many segments there are beside the first one of each file."""
    sizes = (one.entry.size for one in entries if one.entry.kind is Kind.FILE and one.entry.size > segment_bytes)
    return sum(-(-size // segment_bytes) - 1 for size in sizes)


def _next_segment_bytes(entries: Sequence[Planned], segment_bytes: int) -> float:
    """How long that segment is on average in which a volume gets full: one that is longer is so more often."""
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
