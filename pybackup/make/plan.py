"""Creating an archive: plan what goes in, then read, compress, write, check, publish."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import ExitStack, closing
from dataclasses import dataclass, field

from pybackup.compress.methods import DEFAULT_SEGMENT_BYTES, MIB, Profile, check_segment
from pybackup.compress.stage import compress, most_batches
from pybackup.container.read import read_locator
from pybackup.container.structure import write_structure
from pybackup.container.write import ArchiveWriter
from pybackup.errors import UsageError
from pybackup.host.readers import Readers
from pybackup.host.storage import ArchiveFile, Output, check_outputs
from pybackup.host.workers import bounded_workers, make_executor, surviving
from pybackup.layout.readme import README
from pybackup.model.content import Bare, PackedPiece, Ready
from pybackup.model.entry import Entry, Kind
from pybackup.model.source import Candidate, Excluded, Judge, Planned, Source
from pybackup.monitor import Monitor
from pybackup.parity.stream.geometry import ParityOptions
from pybackup.parity.stream.sidecar import SIDECAR_SUFFIX, check_sidecar
from pybackup.tree.content import read_contents
from pybackup.tree.walk import walk

from .seal import OwnStream, Unsealed, seal
from .sidecar import begin_sidecar

FORMAT_VERSION = 1


@dataclass(frozen=True, slots=True)
class CreateOptions:
    """How to create an archive.

    Attributes
    ----------
    parity
        None for neither parity nor checksums of sectors.
    workers
        Processes; None for one a processor, 1 for none beside this one.
    work_dir
        Where the unfinished archive lies; None for beside the finished one.
    overwrite
        Replace an archive that has the name, and its sidecar.
    """

    profile: Profile = field(default_factory=Profile)
    segment_bytes: int = DEFAULT_SEGMENT_BYTES
    parity: ParityOptions | None = field(default_factory=ParityOptions)
    one_file_system: bool = False
    comment: str = ""
    workers: int | None = None
    work_dir: bytes | None = None
    overwrite: bool = False

    @property
    def task_bytes(self) -> int:
        """What compressing takes in memory at a time: a segment, what it becomes, and one that waits."""
        return 3 * max(self.segment_bytes, MIB)

    @property
    def window_bytes(self) -> int:
        """How many raw bytes are compressed at a time: a segment for each worker, and one that is read meanwhile."""
        return (bounded_workers(self.workers, task_bytes=self.task_bytes) + 1) * max(self.segment_bytes, MIB)


@dataclass(frozen=True, slots=True)
class Plan:
    """Exactly what a creation will do."""

    output: bytes
    entries: Sequence[Planned]
    excluded: Sequence[Excluded]
    options: CreateOptions

    @property
    def files(self) -> int:
        """Regular files, hard links not counted."""
        return sum(planned.entry.kind is Kind.FILE for planned in self.entries)

    @property
    def n_bytes(self) -> int:
        """Their content."""
        return sum(planned.entry.size for planned in self.entries)


@dataclass(frozen=True, slots=True)
class Created:
    """What came of it; sizes in bytes."""

    path: bytes
    entries: int
    files: int
    content_bytes: int
    archive_bytes: int


def plan_create(
    sources: Iterable[Source], output: bytes, *, judge: Judge | None, options: CreateOptions, monitor: Monitor
) -> Plan:
    """Walk the sources and return the plan.

    Raises
    ------
    UsageError
        A source does not exist, or two have the same name; or the options contradict each other.
    """
    check_segment(options.segment_bytes)
    excluded: list[Excluded] = []
    entries = list(
        walk(
            sources,
            judge=_without(output, judge),
            on_excluded=excluded.append,
            one_file_system=options.one_file_system,
            monitor=monitor,
        )
    )
    return Plan(output, entries, excluded, options)


def workers_for(plan: Plan, monitor: Monitor) -> Executor:
    """Return the processes that a creation has a use for."""
    options = plan.options
    tasks = most_batches(plan.files, plan.n_bytes, options.segment_bytes)
    return make_executor(options.workers, tasks=tasks, task_bytes=options.task_bytes, monitor=monitor)


def perform_create(
    plan: Plan, *, executor: Executor | None = None, last_use: bool = False, monitor: Monitor
) -> Created:
    """Write the archive that ``plan`` describes, and publish it when it has been read back.

    Parameters
    ----------
    executor
        Runs the work instead of ``plan.options.workers`` processes.
    last_use
        Shut that executor down when all is compressed, so that its memory is free for parity.

    Raises
    ------
    Exists
        The output's name is taken, and what has it is not to be replaced.
    UsageError
        By something that is no archive.
    EnvironmentFailed
        The output cannot be written, or the workers died.
    """
    replace, readers = plan.options.overwrite, readers_of(plan.entries)
    check_output(plan.output, replace=replace)
    parity, sidecar = plan.options.parity, plan.output + SIDECAR_SUFFIX
    if parity and parity.sidecar:
        check_sidecar(sidecar, replace=replace)
    with ExitStack() as stack:
        if executor is None:
            # Forked before anything large is held.
            executor, last_use = stack.enter_context(workers_for(plan, monitor)), True
        directory = plan.options.work_dir
        output = stack.enter_context(Output(plan.output, work_dir=directory, replace=replace, readers=readers))
        stream = OwnStream(parity, output) if parity and not parity.sidecar else None
        with surviving():
            created = _write(plan, output, stream, executor, monitor)
        if last_use:
            executor.shutdown()
        together = [Unsealed(output, output.publish, stream.fill if stream else None)]
        if parity and parity.sidecar:
            output.flush()
            _, beside = begin_sidecar(
                output.temporary,
                sidecar,
                parity,
                work_dir=directory,
                overwrite=replace,
                readers=readers,
                stack=stack,
            )
            # The archive gets its name when what protects it has.
            together.insert(0, beside)
        seal(*together, monitor=monitor)
    return created


def _write(plan: Plan, output: Output, stream: OwnStream | None, executor: Executor, monitor: Monitor) -> Created:
    """Write all of the archive but its parity stream, for which there is room."""
    options = plan.options
    settings = settings_of(plan)
    writer = ArchiveWriter(output, archive_id=identify(plan, settings), readme=README, mtime_ns=own_time(plan))
    monitor.begin("create", plan.files, plan.n_bytes)
    pieces = read_contents(plan.entries, segment_bytes=options.segment_bytes, monitor=monitor)
    count = Count()
    window = options.window_bytes
    with closing(compress(pieces, profile=options.profile, executor=executor, window_bytes=window)) as ready:
        for item in writer.write(ready):
            count.add(item, monitor)
    structure, links = structures(count.bare)
    writer.close(
        structure=structure,
        links=links,
        settings=settings,
        reserve=stream.reserve if stream else None,
    )
    monitor.end()
    return Created(plan.output, count.files + len(count.bare), count.files, count.content_bytes, output.tell())


@dataclass(slots=True)
class Count:
    """What has been written so far, as the monitor is told of it."""

    bare: list[Entry] = field(default_factory=list)
    files: int = 0
    content_bytes: int = 0
    unfinished_bytes: int = 0

    def add(self, item: Ready, monitor: Monitor) -> None:
        """Take one more item."""
        if isinstance(item, Bare):
            monitor.working_on(item.entry.path)
            self.bare.append(item.entry)
        elif isinstance(item, PackedPiece):
            done = item.piece.whole is not None
            if item.piece.segment == 0:
                monitor.working_on(item.piece.entry.path)
                self.unfinished_bytes = 0  # of a file that changed and begins anew
            self.unfinished_bytes += item.packed.raw_bytes
            step = item.packed.raw_bytes
            if done:
                size = item.piece.entry.size
                self.files += 1
                self.content_bytes += size
                # Holes are done too, as the plan counted them.
                step += size - self.unfinished_bytes
            monitor.advance(done, step)


def structures(entries: Iterable[Entry]) -> tuple[Iterator[bytes], Iterator[bytes]]:
    """Return the two tars of what has no content: of all but hard links, and of these."""
    bare = [entry for entry in entries if entry.kind is not Kind.FILE]
    links = (entry for entry in bare if entry.kind is Kind.HARDLINK)
    return write_structure(entry for entry in bare if entry.kind is not Kind.HARDLINK), write_structure(links)


def settings_of(plan: Plan, **more: object) -> bytes:
    """Return what ``info`` tells; nothing in it may differ between two runs over the same tree."""
    options = plan.options
    sources = dict.fromkeys(planned.source.name.decode(errors="backslashreplace") for planned in plan.entries)
    settings = {
        "format": FORMAT_VERSION,
        "sources": list(sources)[:1000],
        "newest_ns": _newest(plan),
        "compression": options.profile.compression.value,
        "segment_bytes": options.segment_bytes,
        "comment": options.comment,
    }
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    if epoch.isdigit():
        settings["date"] = int(epoch)
    return json.dumps({**settings, **more}, sort_keys=True).encode()


def _newest(plan: Plan) -> int:
    return max((planned.entry.mtime_ns for planned in plan.entries), default=0)


def own_time(plan: Plan) -> int:
    """Return the time of the own members: the first source's, as one file of the future makes tar complain."""
    return plan.entries[0].entry.mtime_ns if plan.entries else 0


def identify(plan: Plan, settings: bytes) -> bytes:
    """Return an id made of what goes in, so that the same tree gives the same bytes."""
    digest = hashlib.sha256(settings)
    for planned in plan.entries:
        entry = planned.entry
        digest.update(b"%d %d %d %d " % (entry.kind, entry.mode, entry.mtime_ns, entry.size) + entry.path + b"\0")
    return digest.digest()[:8]


def readers_of(entries: Iterable[Planned]) -> Readers:
    """Return who may read all that is planned to be archived, where it lies now."""
    readers = Readers()
    for source in {planned.source.path: planned.source for planned in entries}.values():
        readers.add_above(source.path)
    for planned in entries:
        entry = planned.entry
        if entry.kind in (Kind.FILE, Kind.DIRECTORY):
            directory = entry.kind is Kind.DIRECTORY
            readers.add(entry.mode, entry.owner.gid, directory=directory)
    return readers


def check_output(path: bytes, *, replace: bool = False) -> None:
    """Refuse a name that is taken, and to replace what is no archive: a slip of the hand must not cost a photo."""
    check_outputs([path], replace=replace)
    if os.path.isfile(path):
        with ArchiveFile(path) as file:
            if file.size and read_locator(file) is None:
                raise UsageError(f"{os.fsdecode(path)}: exists and is no archive; remove it or choose another name")


def _without(output: bytes, judge: Judge | None) -> Judge | None:
    """The judge, who also leaves out the archive in the making."""
    try:
        status = os.stat(output)
    except OSError:
        return judge
    itself = (status.st_dev, status.st_ino)

    def judged(candidate: Candidate) -> str | None:
        if (candidate.status.st_dev, candidate.status.st_ino) == itself:
            return "the archive itself"
        return judge(candidate) if judge else None

    return judged
