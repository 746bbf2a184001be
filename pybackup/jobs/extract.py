"""Extracting: plan what goes where, then directories, files in parallel, links, directories' metadata."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future
from contextlib import ExitStack, closing
from dataclasses import dataclass, field

from pybackup.compress.unpack import decode
from pybackup.container.listing import Listing
from pybackup.errors import Damaged, UsageError
from pybackup.host.monitor import Monitor
from pybackup.host.workers import default_workers, make_executor, surviving
from pybackup.layout.sparse import SparseReader
from pybackup.model.entry import Kind
from pybackup.model.member import Stored
from pybackup.model.problem import Problem, Trouble
from pybackup.tree.place import PlaceOptions, StagedFile, Target

from .choice import Choice, choose
from .inflight import in_order
from .inspect import OpenArchive, select
from .restoring import Placed, Where, place_batch, place_segment

_BATCH_BYTES = 4 << 20
_BATCH_FILES = 128
_ZEROS = 1 << 20
_LINKS = tuple(kind for kind in Kind if kind not in (Kind.FILE, Kind.DIRECTORY))


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


@dataclass(frozen=True, slots=True)
class ExtractPlan:
    """Exactly what an extraction will do: entries under the paths they get in the target.

    ``everything`` is false where what was asked for is all there, whatever else of the archive is lost;
    ``doubts`` are those of the listing that concern what was asked for.
    """

    archive: bytes
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
    """What came of it: files placed, their bytes, and how many files of the plan were not."""

    files: int
    n_bytes: int
    unplaced: int
    way: str
    complete: bool


def plan_extract(
    archive: OpenArchive, patterns: Sequence[bytes], target: bytes, options: ExtractOptions, monitor: Monitor
) -> ExtractPlan:
    """Choose the entries that match, with the directories above them.

    Raises
    ------
    UsageError
        A pattern matches nothing.
    """
    listing = archive.listing
    rows = select(listing, patterns)
    entries = choose(listing, rows, strip=options.strip_components)
    if rows and not entries:
        raise UsageError(f"--strip-components {options.strip_components} leaves nothing to extract")
    files = n_bytes = 0
    for stored in entries.of(Kind.FILE):
        files += 1
        n_bytes += stored.entry.size
    paths = {listing.paths[row] for row in entries.rows} if listing.doubts else set()
    doubts = [doubt for doubt in listing.doubts if doubt.path in paths]
    everything = not patterns or any(_may_match_more(listing, pattern) for pattern in patterns)
    return ExtractPlan(archive.path, target, entries, listing, everything, options, files, n_bytes, doubts)


def _may_match_more(listing: Listing, pattern: bytes) -> bool:
    """Whether a pattern could match entries that are not known any more."""
    if listing.complete:
        return False
    found = [row for row, path in enumerate(listing.paths) if path == pattern]
    return not found or listing.rows.kinds[found[0]] == Kind.DIRECTORY


def perform_extract(plan: ExtractPlan, *, executor: Executor | None = None, monitor: Monitor) -> Extracted:
    """Place everything of the plan that can be read; what cannot is a problem.

    Raises
    ------
    EnvironmentFailed
        The target cannot be written, or the workers died.
    """
    with ExitStack() as stack:
        if executor is None:
            workers = 1 if plan.files < 2 else plan.options.workers or default_workers()
            executor = stack.enter_context(make_executor(workers))
        monitor.begin("extract", plan.files, plan.n_bytes)
        target = stack.enter_context(Target(plan.target, plan.options.place, monitor))
        extraction = _Extraction(plan, target, executor, monitor)
        with surviving():
            extraction.run()
        monitor.end()
    listing = plan.listing
    for doubt in plan.doubts:
        monitor.problem(doubt)
    if plan.everything and not listing.complete:
        monitor.problem(Problem(b"", Trouble.LOST, _unknown(listing)))
    done = extraction
    return Extracted(done.files, done.n_bytes, len(done.lost), listing.way.value, listing.complete)


def _unknown(listing: Listing) -> str:
    if listing.expected is None:
        return "nothing is left that says how many entries there were; some may be missing"
    return f"{abs(listing.expected - len(listing))} of {listing.expected} entries are not even known by name"


class _Extraction:
    """The state of one extraction."""

    def __init__(self, plan: ExtractPlan, target: Target, executor: Executor, monitor: Monitor) -> None:
        self._plan = plan
        self._target = target
        self._executor = executor
        self._monitor = monitor
        self._where = Where(plan.archive, plan.target, plan.options.place)
        self._limit = 2 * (plan.options.workers or default_workers())
        self.files = 0
        self.n_bytes = 0
        self.lost: set[bytes] = set()

    def run(self) -> None:
        chosen = self._plan.entries
        directories = [stored.entry for stored in chosen.of(Kind.DIRECTORY)]
        for entry in directories:
            self._target.make_directory(entry)
        self._files(chosen.of(Kind.FILE))
        self._target.unplaced.update(self.lost)
        for stored in chosen.of(*_LINKS):
            self._target.place_link(stored.entry)
        # Deepest first: in tree order a directory stands before all that lies in it.
        for entry in reversed(directories):
            if entry.path not in self._target.unplaced:
                self._target.finish_directory(entry)

    def _files(self, files: Iterable[Stored]) -> None:
        with closing(in_order(self._tasks(files), self._limit)) as results:
            for task, result in results:
                task.finish(self, result)

    def _tasks(self, files: Iterable[Stored]) -> Iterator[tuple[_Batch | _Segment, Future[Placed | str]]]:
        batch: list[Stored] = []
        n_bytes = 0
        for stored in files:
            self._monitor.working_on(stored.entry.path)
            if stored.fault:
                self._lose(stored, stored.fault)
            elif len(stored.members) > 1 and not stored.sparse:
                yield from self._segments(stored)
            else:
                batch.append(stored)
                n_bytes += stored.entry.size
            if n_bytes >= _BATCH_BYTES or len(batch) >= _BATCH_FILES:
                yield _Batch(batch), self._executor.submit(place_batch, self._where, batch)
                batch, n_bytes = [], 0
        if batch:
            yield _Batch(batch), self._executor.submit(place_batch, self._where, batch)

    def _segments(self, stored: Stored) -> Iterator[tuple[_Batch | _Segment, Future[Placed | str]]]:
        staged = self._target.begin_file(stored.entry)
        if staged is None:
            self._unplaced(stored)
            return
        shared = _Shared(stored, staged, len(stored.members))
        offset = 0
        for member in stored.members:
            arguments = (self._where, stored.entry.parent, staged.temporary, offset, member)
            yield _Segment(shared, member.raw_bytes), self._executor.submit(place_segment, *arguments)
            offset += member.raw_bytes

    def _lose(self, stored: Stored, reason: str) -> None:
        self._monitor.problem(Problem(stored.entry.path, Trouble.LOST, reason))
        self._unplaced(stored)

    def _unplaced(self, stored: Stored) -> None:
        self.lost.add(stored.entry.path)
        self._monitor.advance(1, stored.entry.size)

    def batch_done(self, batch: Sequence[Stored], placed: Placed) -> None:
        for problem in placed.problems:
            self._monitor.problem(problem)
        self.lost.update(placed.unplaced)
        self.files += len(batch) - len(placed.unplaced)
        self.n_bytes += sum(stored.entry.size for stored in batch if stored.entry.path not in self.lost)
        self._monitor.advance(len(batch), sum(stored.entry.size for stored in batch))

    def segment_done(self, shared: _Shared, raw_bytes: int, fault: str) -> None:
        shared.left -= 1
        shared.fault = shared.fault or fault
        self._monitor.advance(shared.left == 0, raw_bytes)
        if shared.left:
            return
        stored = shared.stored
        if shared.fault:
            shared.staged.discard()
            self._monitor.problem(Problem(stored.entry.path, Trouble.LOST, shared.fault))
            self.lost.add(stored.entry.path)
        elif shared.staged.commit():
            self.files += 1
            self.n_bytes += stored.entry.size
        else:
            self.lost.add(stored.entry.path)


@dataclass(slots=True)
class _Shared:
    """A file whose segments several tasks decode."""

    stored: Stored
    staged: StagedFile
    left: int
    fault: str = ""


@dataclass(frozen=True, slots=True)
class _Batch:
    files: Sequence[Stored]

    def finish(self, extraction: _Extraction, result: Placed | str) -> None:
        assert isinstance(result, Placed)
        extraction.batch_done(self.files, result)


@dataclass(frozen=True, slots=True)
class _Segment:
    shared: _Shared
    raw_bytes: int

    def finish(self, extraction: _Extraction, result: Placed | str) -> None:
        assert isinstance(result, str)
        extraction.segment_done(self.shared, self.raw_bytes, result)


def read_content(archive: OpenArchive, path: bytes) -> Iterator[bytes]:
    """Yield the content of one file, each segment checked before any of it is handed out.

    Raises
    ------
    UsageError
        There is no file of that path.
    Damaged
        Its next segment is lost.
    """
    listing = archive.listing
    rows = {found: row for row, found in enumerate(listing.paths)}
    stored = listing.stored(rows[path]) if path in rows else None
    if stored and stored.entry.kind is Kind.HARDLINK and stored.entry.target in rows:
        stored = listing.stored(rows[stored.entry.target])
    if stored is None or stored.entry.kind is not Kind.FILE:
        raise UsageError(f"{path.decode(errors='backslashreplace')}: no file of that path in the archive")
    if stored.fault:
        raise Damaged(stored.fault)
    pieces = (b"".join(decode(archive.file, member)) for member in stored.members)
    return _filled(pieces, stored.entry.size) if stored.sparse else pieces


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
