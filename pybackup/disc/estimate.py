"""Estimating how large an archive of a tree will be: samples of its content are compressed, the rest is calculated."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pybackup.compress.methods import Profile, is_stored, method_for
from pybackup.compress.pack import PackJob, pack
from pybackup.container.cost import EntryCosts
from pybackup.host.workers import bounded_workers
from pybackup.make.plan import Plan
from pybackup.model.entry import Kind
from pybackup.model.member import Method
from pybackup.model.source import Planned
from pybackup.monitor import Monitor
from pybackup.tree.holes import data_extents

_LEAST_HOLED_BYTES = 1 << 16
_SAMPLES = 192
_SAMPLE_BYTES = 1 << 18
# Errors that the samples do not show, as fractions: of the whole estimate, and of the headers and indexes of entries,
# which compress better where entries are alike.
_UNTOLD, _UNTOLD_OF_ENTRIES = 0.01, 0.08


@dataclass(frozen=True, slots=True)
class Estimate:
    """How large an archive of a tree will be; sizes in bytes.

    Attributes
    ----------
    content_bytes
        Length of all files.
    data_bytes
        Length of all files without the holes of sparse files.
    body_bytes
        Length of the archive without parity.
    usual
        The cost of entries, with the compression ratio of the samples.
    seconds
        How long compressing everything takes, at the speed of the samples.
    entries
        The planned entries; the size of a sparse file is that of its data.
    error
        How far ``body_bytes`` may be off, as a fraction of it: twice the standard error of the samples, and an
        allowance for errors that samples do not show.
    """

    files: int
    directories: int
    content_bytes: int
    data_bytes: int
    body_bytes: int
    usual: EntryCosts
    seconds: float
    entries: Sequence[Planned]
    error: float = 0.0

    @property
    def ratio(self) -> float:
        """The compressed length of the samples divided by their length."""
        return self.usual.ratio


def estimate(plan: Plan, monitor: Monitor) -> Estimate:
    """Compress samples of the content that would be archived, and return how large the archive would be.

    Files that cannot be read are left out of the samples.
    """
    holed = _with_holes(plan.entries)
    entries = [_as_long_as_its_data(planned, holed) for planned in plan.entries] if holed else plan.entries
    files = [planned for planned in entries if planned.entry.kind is Kind.FILE and planned.entry.size]
    content = sum(planned.entry.size for planned in files)
    raw, samples = 0, _Mean()
    began = time.monotonic()
    monitor.begin("sample", 0, min(content, _SAMPLES * _SAMPLE_BYTES))
    for planned, offset, weight in _samples(files, content):
        taken, shrunk = _pack(planned, holed.get(planned.path), offset, plan.options.profile)
        raw += taken
        if taken:
            # Weighted by the sampling points in it, not by its length: each point stands for the same number of bytes.
            samples.add(weight, shrunk / taken)
        monitor.advance(0, taken)
    monitor.end()
    seconds = time.monotonic() - began
    ratio = samples.value if samples.weight else 1.0
    with_files = {planned.entry.parent for planned in files}
    directories = sum(planned.entry.kind is Kind.DIRECTORY for planned in plan.entries)
    usual = EntryCosts(ratio, plan.options.profile.bundle_bytes)
    of_files = (planned.entry for planned in entries if planned.entry.kind is Kind.FILE)
    added = usual.besides_content(of_files, len(with_files), len(plan.entries) - plan.files)
    body = round(content * ratio) + added
    workers = bounded_workers(plan.options.workers, task_bytes=plan.options.task_bytes)
    whole = seconds * content / raw / workers if raw else 0.0
    error = _UNTOLD + (_UNTOLD_OF_ENTRIES * added + 2 * samples.deviation * content) / max(body, 1)
    return Estimate(plan.files, directories, plan.n_bytes, content, body, usual, whole, entries, error)


def _with_holes(entries: Sequence[Planned]) -> dict[bytes, list[tuple[int, int]]]:
    """Return the data ranges (offset, length) of sparse files by path on the disk; short files count as not sparse."""
    large = [one for one in entries if one.entry.kind is Kind.FILE and one.entry.size >= _LEAST_HOLED_BYTES]
    found = ((one, data_extents(one.path, one.entry.size)) for one in large)
    return {one.path: extents for one, extents in found if extents != [(0, one.entry.size)]}


def _as_long_as_its_data(planned: Planned, holed: Mapping[bytes, Sequence[tuple[int, int]]]) -> Planned:
    extents = holed.get(planned.path)
    if extents is None:
        return planned
    return replace(planned, entry=replace(planned.entry, size=sum(length for _, length in extents)))


def _samples(files: Sequence[Planned], content: int) -> Iterator[tuple[Planned, int, int]]:
    """Yield files, offsets of samples in their data and weights, spread evenly over the bytes of all files together."""
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
    """Return the length of a sample and its compressed length, in bytes; (0, 0) if the file cannot be read.

    Parameters
    ----------
    extents
        The data ranges (offset, length) of a sparse file; None for a file without holes.
    offset
        Where the sample begins, in bytes of data.
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
    """Return the offset in a sparse file of the data byte with the given number."""
    for start, length in extents:
        if offset < length:
            return start + offset
        offset -= length
    raise ValueError("no byte of the data")


class _Mean:
    """The weighted mean of measured values, and its standard error."""

    def __init__(self) -> None:
        self.weight = 0
        self._sum = self._squares = 0.0

    def add(self, weight: int, value: float) -> None:
        """Add a value that counts ``weight`` times."""
        self.weight += weight
        self._sum += weight * value
        self._squares += weight * value * value

    @property
    def value(self) -> float:
        """The mean of all values."""
        return self._sum / self.weight

    @property
    def deviation(self) -> float:
        """The standard error of the mean; 0 without values."""
        if not self.weight:
            return 0.0
        return math.sqrt(max(0.0, self._squares / self.weight - self.value**2) / self.weight)
