"""Planning discs: how many a tree takes, how full they get and how long it lasts, before anything is written."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from pybackup.compress.methods import Profile, is_stored, method_for
from pybackup.compress.pack import PackJob, pack
from pybackup.errors import UsageError
from pybackup.host.workers import bounded_workers
from pybackup.make.capacity import body_limit
from pybackup.make.plan import Plan, settings_of
from pybackup.make.plan_copies import CopiesAhead, Costs
from pybackup.make.plan_set import segment_for
from pybackup.make.recovery_room import shard_limit_of
from pybackup.model.entry import Kind
from pybackup.model.member import Method
from pybackup.model.source import Planned
from pybackup.monitor import Monitor
from pybackup.parity.stream.geometry import ParityOptions
from pybackup.tree.content import data_extents

# What a file, a directory with files, and anything else add to an archive besides packed content: see DESIGN.md.
_FILE_BYTES = 1000
_DIRECTORY_BYTES = 2700
_BARE_BYTES = 640
# Of what each volume repeats: an entry of the structure, and one of the index of all volumes before.
_STRUCTURE_BYTES = 512
_INDEX_BYTES = 80
_LEAST_HOLED_BYTES = 1 << 16
_SAMPLES = 192
_SAMPLE_BYTES = 1 << 18
# Part of a volume that stays empty since nothing fits there.
_UNFILLED = 0.01
_MOST_DISCS = 100_000
_MB = 1_000_000
# Bytes a second that drives usually write, and read back, by the size of the medium: 24x CD, 8x DVD, 4x BD.
_SPEEDS = ((900 * _MB, 3.6 * _MB), (9_000 * _MB, 10.8 * _MB), (1 << 62, 18.0 * _MB))


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a tree comes to in an archive; sizes in bytes.

    Attributes
    ----------
    data_bytes
        What of the content is no hole.
    ratio
        Packed data over data, of the samples.
    seconds
        How long it takes to compress everything, at the speed of the samples.
    entries
        What is planned; a file with holes is as long there as its data.
    """

    files: int
    directories: int
    content_bytes: int
    data_bytes: int
    body_bytes: int
    ratio: float
    seconds: float
    entries: Sequence[Planned]


@dataclass(frozen=True, slots=True)
class PlannedDisc:
    """One disc; sizes in bytes.

    ``copies_bytes`` of what is used are second copies of files on the disc before.
    """

    medium_bytes: int
    used_bytes: int
    burn_seconds: float
    recovery: bool = False
    copies_bytes: int = 0

    @property
    def fill(self) -> float:
        """The part of the disc that is used."""
        return self.used_bytes / self.medium_bytes


def estimate(plan: Plan, monitor: Monitor) -> Estimate:
    """Pack samples of what would be archived, and return what all of it comes to."""
    holed = _with_holes(plan.entries)
    entries = [_as_long_as_its_data(planned, holed) for planned in plan.entries] if holed else plan.entries
    files = [planned for planned in entries if planned.entry.kind is Kind.FILE and planned.entry.size]
    content = sum(planned.entry.size for planned in files)
    raw, weights, weighed = 0, 0, 0.0
    began = time.monotonic()
    monitor.begin("sample", 0, min(content, _SAMPLES * _SAMPLE_BYTES))
    for planned, offset, weight in _samples(files, content):
        taken, shrunk = _pack(planned, holed.get(planned.path), offset, plan.options.profile)
        raw += taken
        if taken:
            # Not by its length: a short file stands for as many bytes as a part of a long one.
            weights, weighed = weights + weight, weighed + weight * shrunk / taken
        monitor.advance(0, taken)
    monitor.end()
    seconds = time.monotonic() - began
    ratio = weighed / weights if weights else 1.0
    with_files = {planned.entry.parent for planned in files}
    directories = sum(planned.entry.kind is Kind.DIRECTORY for planned in plan.entries)
    bare = len(plan.entries) - plan.files
    body = round(content * ratio) + _FILE_BYTES * plan.files + _DIRECTORY_BYTES * len(with_files) + _BARE_BYTES * bare
    workers = bounded_workers(plan.options.workers, task_bytes=plan.options.task_bytes)
    whole = seconds * content / raw / workers if raw else 0.0
    return Estimate(plan.files, directories, plan.n_bytes, content, body, ratio, whole, entries)


def _with_holes(entries: Sequence[Planned]) -> dict[bytes, list[tuple[int, int]]]:
    """Where the data of those files is that have holes worth a look, by their paths on the disk."""
    large = [one for one in entries if one.entry.kind is Kind.FILE and one.entry.size >= _LEAST_HOLED_BYTES]
    found = ((one, data_extents(one.path, one.entry.size)) for one in large)
    return {one.path: extents for one, extents in found if extents != [(0, one.entry.size)]}


def _as_long_as_its_data(planned: Planned, holed: Mapping[bytes, Sequence[tuple[int, int]]]) -> Planned:
    extents = holed.get(planned.path)
    if extents is None:
        return planned
    return replace(planned, entry=replace(planned.entry, size=sum(length for _, length in extents)))


def _samples(files: Sequence[Planned], content: int) -> Iterator[tuple[Planned, int, int]]:
    """Files, offsets and weights, spread evenly over all bytes: each byte is as likely as any other to be looked at."""
    step = max(content / _SAMPLES, 1.0)
    wanted, passed = step / 2, 0
    for planned in files:
        hits: dict[int, int] = {}
        while wanted < passed + planned.entry.size:
            at = int(wanted - passed) // _SAMPLE_BYTES * _SAMPLE_BYTES
            hits[at] = hits.get(at, 0) + 1
            wanted += step
        passed += planned.entry.size
        for at, weight in hits.items():
            yield planned, at, weight


def _pack(
    planned: Planned, extents: Sequence[tuple[int, int]] | None, offset: int, profile: Profile
) -> tuple[int, int]:
    """How many bytes there were, and how many are left of them; none for what cannot be read now.

    Parameters
    ----------
    extents
        Where its data is, if it has holes.
    offset
        In its data.
    """
    try:
        with open(planned.path, "rb") as file:
            head = file.read(64)
            file.seek(offset if extents is None else _place_of(offset, extents))
            data = file.read(_SAMPLE_BYTES)
    except OSError:
        return 0, 0
    name = os.path.basename(planned.entry.path)
    method = Method.COPY if is_stored(name, profile) else method_for(head)
    done = pack(PackJob(data, name, 0, 0, method, profile.compression))
    return len(data), done.stream_bytes


def _place_of(offset: int, extents: Sequence[tuple[int, int]]) -> int:
    """Where in a file a byte of its data lies."""
    for start, length in extents:
        if offset < length:
            return start + offset
        offset -= length
    raise ValueError("no byte of the data")


def shard_limit(
    plan: Plan, first_bytes: Sequence[int], medium_bytes: int, *, second_copies: Fraction = Fraction(0)
) -> int:
    """Return how long the content of a volume may be where recovery volumes follow, which are no larger than others.

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
        structure_bytes=_STRUCTURE_BYTES * sum(entry.kind is not Kind.FILE for entry in entries),
        settings_bytes=len(settings_of(plan)),
        second_copies=second_copies,
    )


def _copies_ahead(
    plan: Plan, found: Estimate, first_bytes: Sequence[int], medium_bytes: int, share: Fraction
) -> CopiesAhead | None:
    """What tells of the second copies on discs of these sizes; None where there are to be none."""
    if not share:
        return None
    costs = Costs(found.ratio, _FILE_BYTES, _DIRECTORY_BYTES, _BARE_BYTES)
    segment_bytes = segment_for(min((*first_bytes, medium_bytes)), plan.options.segment_bytes)
    return CopiesAhead(found.entries, costs, share=share, segment_bytes=segment_bytes)


def plan_discs(
    plan: Plan,
    found: Estimate,
    *,
    first_bytes: Sequence[int],
    medium_bytes: int,
    recovery: int = 0,
    second_copies: Fraction = Fraction(0),
) -> list[PlannedDisc]:
    """Return the discs that a set takes.

    Parameters
    ----------
    found
        What the plan comes to.
    first_bytes, medium_bytes
        What the first discs take, and all others.
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
    discs: list[PlannedDisc] = []
    largest = before = at = 0
    while at < found.body_bytes:
        medium = first_bytes[len(discs)] if len(discs) < len(first_bytes) else medium_bytes
        limit = body_limit(medium, parity, entries=told)
        repeated = _STRUCTURE_BYTES * (entries - found.files) + round(
            _INDEX_BYTES * found.files * at / found.body_bytes
        )
        takes = int(min(limit, shard_bytes or limit) * (1 - _UNFILLED)) - repeated
        if takes <= 0 or len(discs) > _MOST_DISCS:
            raise UsageError(f"discs of {medium:,} bytes are too small for this tree")
        again = copies.of(before, at, medium, takes) if copies and discs else 0
        held = min(found.body_bytes - at, takes - again)
        before, at = at, at + held
        body = held + again + repeated
        largest = max(largest, body)
        used = medium if _fills(parity) else round(medium * body / limit)
        discs.append(PlannedDisc(medium, used, 2 * used / _speed(medium), copies_bytes=again))
    # A shard as long as the longest body, the indexes of all, and parity as far as there is room.
    dressed = medium_bytes / body_limit(medium_bytes, parity, entries=entries)
    used = min(medium_bytes, round(largest * dressed * (1 + _UNFILLED)))
    return discs + [PlannedDisc(medium_bytes, used, 2 * used / _speed(medium_bytes), True)] * recovery


def _fills(parity: ParityOptions | None) -> bool:
    return parity is not None and parity.amount.rest


def _speed(medium_bytes: int) -> float:
    return next(speed for most, speed in _SPEEDS if medium_bytes <= most)
