"""Extracting: plan what goes where, then directories, files in parallel, links, directories' metadata."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Protocol

from pybackup.archive.matching import may_match_more, select
from pybackup.archive.open import OpenArchive
from pybackup.archive.selection import Choice, choose
from pybackup.compress.unpack import decode
from pybackup.errors import Damaged, FormatError, UsageError
from pybackup.host.joined import Place, open_place
from pybackup.host.storage import ArchiveFile
from pybackup.host.workers import bounded_workers, make_executor, surviving
from pybackup.layout.sparse import SparseReader
from pybackup.model.display import display
from pybackup.model.entry import Kind
from pybackup.model.listing import Listing
from pybackup.model.member import Member, Stored
from pybackup.model.problem import Problem, Trouble
from pybackup.monitor import Monitor, Once
from pybackup.tree.place import PlaceOptions, StagedFile, Target

from .course import Restoration, most_tasks
from .whole import Placed, Where, place_batch, place_segment, said_of_all

_ZEROS = 1 << 20


@dataclass(frozen=True, slots=True)
class ExtractOptions:
    """How to extract.

    Attributes
    ----------
    strip_components
        So many leading components are cut off each path; what has no more of them is left out.
    workers
        Processes; None for one a processor, 1 for none beside this one.
    """

    place: PlaceOptions = field(default_factory=PlaceOptions)
    strip_components: int = 0
    workers: int | None = None


class Archive(Protocol):
    """Where the bytes of an archive are, and what it holds."""

    @property
    def place(self) -> Place:
        """For workers to open."""
        ...

    @property
    def listing(self) -> Listing:
        """All its entries."""
        ...


@dataclass(frozen=True, slots=True)
class ExtractPlan:
    """Exactly what an extraction will do: entries under the paths they get in the target.

    ``everything`` is false where what was asked for is all there, whatever else of the archive is lost;
    ``doubts`` are those of the listing that concern what was asked for.
    """

    archive: Place
    target: bytes
    entries: Choice
    listing: Listing
    everything: bool
    options: ExtractOptions
    files: int
    n_bytes: int
    doubts: Sequence[Problem] = ()


@dataclass(frozen=True, slots=True)
class Extracted:
    """What came of it: files placed, their bytes, and how many files of the plan were not.

    ``spared`` are those placed that are damaged where they were written first, and came from a second copy.
    """

    files: int
    n_bytes: int
    unplaced: int
    way: str
    complete: bool
    spared: int = 0


def plan_extract(
    archive: Archive, patterns: Sequence[bytes], target: bytes, options: ExtractOptions, monitor: Monitor
) -> ExtractPlan:
    """Choose the entries that match, with the directories above them.

    Raises
    ------
    UsageError
        A pattern matches nothing.
    """
    return plan_rows(archive, select(archive.listing, patterns), patterns, target, options)


def plan_rows(
    archive: Archive, rows: Sequence[int], patterns: Sequence[bytes], target: bytes, options: ExtractOptions
) -> ExtractPlan:
    """Return the plan for rows of a listing that match the patterns; raises as `plan_extract`."""
    listing = archive.listing
    entries = choose(listing, rows, strip=options.strip_components)
    if options.strip_components:
        _check_distinct(entries)
    if rows and not entries:
        raise UsageError(
            "nothing is left to extract",
            option="strip_components",
            hint=f"cuts {options.strip_components} off each path, and none has more",
        )
    files = n_bytes = 0
    for stored in entries.of(Kind.FILE):
        files += 1
        n_bytes += stored.entry.size
    paths = {listing.paths[row] for row in entries.rows} if listing.doubts else set()
    doubts = [doubt for doubt in listing.doubts if doubt.path in paths]
    everything = not patterns or any(may_match_more(listing, pattern) for pattern in patterns)
    return ExtractPlan(archive.place, target, entries, listing, everything, options, files, n_bytes, doubts)


def _check_distinct(entries: Choice) -> None:
    """Refuse that two entries get one path, when components are cut off; directories may become one."""
    seen: dict[bytes, int] = {}
    for row in entries.rows:
        path = entries.path(row)
        other = seen.setdefault(path, row)
        if other != row and not entries.kind(row) == entries.kind(other) == Kind.DIRECTORY:
            both = f"{display(entries.listing.paths[other])} and {display(entries.listing.paths[row])}"
            raise UsageError(
                f"{both} would both become {display(path)}; cut off fewer components, or extract them apart"
            )


def perform_extract(plan: ExtractPlan, *, executor: Executor | None = None, monitor: Monitor) -> Extracted:
    """Place everything of the plan that can be read; what cannot is a problem.

    Raises
    ------
    EnvironmentFailed
        The target cannot be written, or the workers died.
    """
    monitor = Once(monitor)
    with ExitStack() as stack:
        if executor is None:
            tasks = most_tasks(plan.files, plan.n_bytes)
            executor = stack.enter_context(make_executor(plan.options.workers, tasks=tasks, monitor=monitor))
        monitor.begin("extract", plan.files, plan.n_bytes)
        target = stack.enter_context(Target(plan.target, plan.options.place, monitor))
        file = stack.enter_context(open_place(plan.archive))
        extraction = _Extraction(plan, file, target, executor, monitor)
        with surviving():
            extraction.run()
        monitor.end()
    listing = plan.listing
    for doubt in plan.doubts:
        monitor.problem(doubt)
    if plan.everything and not listing.complete:
        monitor.problem(Problem(b"", Trouble.LOST, listing.incompleteness))
    done = extraction
    return Extracted(done.files, done.n_bytes, len(done.lost), listing.way.value, listing.complete, done.spared)


class _Extraction(Restoration[Placed, str]):
    """The state of one extraction: each file whole, or not there."""

    def __init__(
        self, plan: ExtractPlan, file: ArchiveFile, target: Target, executor: Executor, monitor: Monitor
    ) -> None:
        super().__init__(plan.entries, target, executor, 2 * bounded_workers(plan.options.workers), monitor)
        self._file = file
        self._where = Where(plan.archive, plan.target, plan.options.place)
        self.files = 0
        self.n_bytes = 0
        self.spared = 0

    def submit_batch(self, batch: Sequence[Stored]) -> Future[Placed]:
        return self.executor.submit(place_batch, self._where, batch)

    def submit_segment(self, staged: StagedFile, offset: int, member: Member) -> Future[str]:
        return self.executor.submit(place_segment, self._where, staged.directory, staged.temporary, offset, member)

    def is_settled(self, stored: Stored) -> bool:
        if self.is_in_place(self._file, stored):
            if stored.entry.kind is Kind.FILE:
                self.files += 1
                self.n_bytes += stored.entry.size
            return True
        if stored.fault:
            self._lose(stored, stored.fault)
        return bool(stored.fault) or super().is_settled(stored)

    def unstaged(self, stored: Stored) -> None:
        self.lost.add(stored.entry.path)

    def batch_done(self, batch: Sequence[Stored], placed: Placed) -> None:
        self.hand_on(placed.notes, placed.problems)
        self.lost.update(placed.unplaced)
        self.files += len(batch) - len(placed.unplaced)
        self.spared += placed.spared
        self.n_bytes += sum(stored.entry.size for stored in batch if stored.entry.path not in self.lost)

    def segments_done(self, stored: Stored, staged: StagedFile, faults: Sequence[str]) -> None:
        fault = next(filter(None, faults), "")
        if fault:
            staged.discard()
            self._lose(stored, fault)
        elif staged.commit():
            self.files += 1
            self.n_bytes += stored.entry.size
        else:
            self.lost.add(stored.entry.path)

    def _lose(self, stored: Stored, reason: str) -> None:
        self.monitor.problem(Problem(stored.entry.path, Trouble.LOST, reason))
        self.lost.add(stored.entry.path)


def read_content(
    archive: OpenArchive, path: bytes, *, mend: Callable[[Stored], Archive | None] | None = None
) -> Iterator[bytes]:
    """Yield the content of one file, each segment checked before any of it is handed out.

    Parameters
    ----------
    mend
        Is asked once, where a segment is lost, for a better archive to go on from; None where it has none.

    Raises
    ------
    UsageError
        There is no file of that path.
    Damaged
        Its next segment is lost.
    """
    stored = _file_of(archive.listing, path)
    if stored.fault:
        raise Damaged(stored.fault)
    pieces = _segments(archive, stored, path, mend or _without_mending)
    return _filled(pieces, stored.entry.size) if stored.sparse else pieces


def _file_of(listing: Listing, path: bytes) -> Stored:
    rows = {found: row for row, found in enumerate(listing.paths)}
    stored = listing.stored(rows[path]) if path in rows else None
    if stored and stored.entry.kind is Kind.HARDLINK and stored.entry.target in rows:
        stored = listing.stored(rows[stored.entry.target])
    if stored is None or stored.entry.kind is not Kind.FILE:
        raise UsageError(f"{path.decode(errors='backslashreplace')}: no file of that path in the archive")
    return stored


def _without_mending(stored: Stored) -> Archive | None:
    return None


def _segments(
    archive: OpenArchive, stored: Stored, path: bytes, mend: Callable[[Stored], Archive | None]
) -> Iterator[bytes]:
    file, members = archive.file, stored.members
    with ExitStack() as stack:
        for number in range(len(members)):
            try:
                piece = _first_whole(file, [members[number], *stored.spares])
            except FormatError:
                better, mend = mend(stored), _without_mending
                if better is None:
                    raise
                file = stack.enter_context(open_place(better.place))
                better_one = _file_of(better.listing, path)
                members = better_one.members
                piece = _first_whole(file, [members[number], *better_one.spares])
            yield piece


def _first_whole(file: ArchiveFile, members: Sequence[Member]) -> bytes:
    """The content of the first of members that hold the same; raises `FormatError` where each is damaged."""
    faults = []
    for member in members:
        try:
            return b"".join(decode(file, member))
        except FormatError as error:
            faults.append(str(error))
    raise Damaged(said_of_all(faults))


def _filled(pieces: Iterable[bytes], size: int) -> Iterator[bytes]:
    """A sparse stream as its file is: holes as zeros."""
    reader = SparseReader(size)
    at = 0
    for piece in pieces:
        for offset, data in reader.feed(piece):
            yield from _zeros(offset - at)
            yield data
            at = offset + len(data)
    reader.finish()
    yield from _zeros(size - at)


def _zeros(count: int) -> Iterator[bytes]:
    while count > 0:
        yield bytes(min(count, _ZEROS))
        count -= _ZEROS
