"""Planning an archive: its options, the plan, and what follows from these: settings, id, time, who may read it."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pybackup.compress import raw_deflate
from pybackup.compress.methods import DEFAULT_SEGMENT_BYTES, MIB, Compression, Profile, check_segment
from pybackup.container.earlier import EarlierTable
from pybackup.container.structure import write_structure
from pybackup.host.readers import Readers
from pybackup.host.workers import bounded_workers
from pybackup.model.content import Former
from pybackup.model.earlier import Ancestry
from pybackup.model.entry import Entry, Kind
from pybackup.model.problem import Problem, Trouble
from pybackup.model.run import RunMark
from pybackup.model.source import Candidate, Excluded, Judge, Planned, Source
from pybackup.monitor import Monitor, Relay
from pybackup.parity.stream.geometry import ParityOptions
from pybackup.tree.walk import walk

from .baseline import EarlierArchives

FORMAT_VERSION = 2


LeaveOut = Callable[[Iterable[Planned], Callable[[Excluded], None]], Iterator[Planned]]
"""Yields of what is planned, in tree order, what goes into the archive, and tells what does not."""


@dataclass(frozen=True, slots=True)
class CreateOptions:
    """How to create an archive.

    Attributes
    ----------
    parity
        How much parity; None for neither parity nor checksums of sectors.
    workers
        How many processes; None for one per processor, 1 for this one alone.
    work_dir
        The directory of the unfinished archive; None for that of the finished one.
    overwrite
        Replace an archive that has the name, and its sidecar.
    run
        The run of a chain that makes it; None for no chain.
    """

    profile: Profile = field(default_factory=Profile)
    segment_bytes: int = DEFAULT_SEGMENT_BYTES
    parity: ParityOptions | None = field(default_factory=ParityOptions)
    one_file_system: bool = False
    comment: str = ""
    workers: int | None = None
    work_dir: bytes | None = None
    overwrite: bool = False
    run: RunMark | None = None

    @property
    def task_bytes(self) -> int:
        """The memory that a worker takes in bytes: a segment, its compressed form, and a segment that waits."""
        return 3 * max(self.segment_bytes, MIB)

    @property
    def window_bytes(self) -> int:
        """How many raw bytes are in work at a time: a segment for each worker, and one that is being read."""
        return (bounded_workers(self.workers, task_bytes=self.task_bytes) + 1) * max(self.segment_bytes, MIB)


@dataclass(frozen=True, slots=True)
class Plan:
    """Exactly what a creation will do.

    Attributes
    ----------
    ancestry, earlier
        The archives that this one builds on, and what they hold of the tree; None and empty if there are none.
    formers
        Of large files that changed, by path: what of them is stored again.
    """

    output: bytes
    entries: Sequence[Planned]
    excluded: Sequence[Excluded]
    options: CreateOptions
    ancestry: Ancestry | None = None
    earlier: Sequence[EarlierTable] = ()
    formers: Mapping[bytes, Former] = field(default_factory=dict)

    @property
    def files(self) -> int:
        """The number of regular files, without hard links."""
        return sum(planned.entry.kind is Kind.FILE for planned in self.entries)

    @property
    def n_bytes(self) -> int:
        """The bytes of their content."""
        return sum(planned.entry.size for planned in self.entries)


def plan_create(
    sources: Iterable[Source],
    output: bytes,
    *,
    judge: Judge | None,
    earlier: EarlierArchives | None = None,
    leave_out: LeaveOut | None = None,
    options: CreateOptions,
    monitor: Monitor,
) -> Plan:
    """Walk the sources and return the plan.

    Parameters
    ----------
    earlier
        Earlier archives, whose files are left out.
    leave_out
        Decides which of the files found are left out; only without earlier archives.

    Raises
    ------
    UsageError
        A source does not exist, or two have the same name; or the options contradict each other.
    """
    check_segment(options.segment_bytes)
    excluded: list[Excluded] = []
    found = walk(
        sources,
        judge=_without(output, judge),
        on_excluded=excluded.append,
        one_file_system=options.one_file_system,
        monitor=(heard := _Unread(monitor)),
    )
    if earlier is None:
        wanted = found if leave_out is None else leave_out(found, excluded.append)
        return Plan(output, list(wanted), excluded, options)
    entries = list(earlier.without(found, excluded.append))
    earlier.keep(heard.paths)
    return Plan(output, entries, excluded, options, earlier.ancestry, earlier.tables, earlier.formers)


class _Unread(Relay):
    """A monitor that remembers what could not be read."""

    def __init__(self, monitor: Monitor) -> None:
        super().__init__(monitor)
        self.paths: set[bytes] = set()

    def problem(self, problem: Problem) -> None:
        """Pass a problem on."""
        if problem.trouble is Trouble.UNREADABLE:
            self.paths.add(problem.path)
        super().problem(problem)


def structures(entries: Iterable[Entry]) -> tuple[Iterator[bytes], Iterator[bytes]]:
    """Return the two tars of entries without content: all but hard links, and hard links."""
    bare = [entry for entry in entries if entry.kind is not Kind.FILE]
    links = (entry for entry in bare if entry.kind is Kind.HARDLINK)
    return write_structure(entry for entry in bare if entry.kind is not Kind.HARDLINK), write_structure(links)


def settings_of(plan: Plan, **more: object) -> bytes:
    """Return the settings in the archive, which ``info`` shows, as JSON.

    Nothing in them may differ between two runs over the same tree with the same libraries.
    """
    stored = plan.options.profile.compression is Compression.STORE
    return _as_json(plan, **({} if stored else {"deflate": raw_deflate.writer()}), **more)


def _as_json(plan: Plan, **more: object) -> bytes:
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
    if plan.ancestry is not None:
        settings["builds_on"] = plan.ancestry.settings()
    if options.run is not None:
        settings |= options.run.settings()
    return json.dumps({**settings, **more}, sort_keys=True).encode()


def _newest(plan: Plan) -> int:
    return max((planned.entry.mtime_ns for planned in plan.entries), default=0)


def own_time(plan: Plan) -> int:
    """Return the mtime of the archive's own members: that of the first source, as tar complains about future times."""
    return plan.entries[0].entry.mtime_ns if plan.entries else 0


def identify(plan: Plan, **more: object) -> bytes:
    """Return the id of an archive, made from what goes in, so that the same tree gives the same bytes.

    The versions of libraries have no part in it, as an interrupted set may be continued with others.
    """
    digest = hashlib.sha256(_as_json(plan, **more))
    for planned in plan.entries:
        entry = planned.entry
        digest.update(b"%d %d %d %d " % (entry.kind, entry.mode, entry.mtime_ns, entry.size) + entry.path + b"\0")
    for table in plan.earlier:
        digest.update(table.digest())
    for path, former in plan.formers.items():
        digest.update(path + b"\0" + former.digest + b"".join(former.segments))
    return digest.digest()[:8]


def readers_of(entries: Iterable[Planned]) -> Readers:
    """Return who may read everything that is to be archived, by the permissions in the tree."""
    readers = Readers()
    # Directories before what lies in them, so that each is asked once: a selection has a source for each of its files.
    for path in sorted({planned.source.path.rstrip(b"/") or b"/" for planned in entries}):
        readers.add_above(path)
    for planned in entries:
        entry = planned.entry
        if entry.kind in (Kind.FILE, Kind.DIRECTORY):
            directory = entry.kind is Kind.DIRECTORY
            readers.add(entry.mode, entry.owner.gid, directory=directory)
    return readers


def _without(output: bytes, judge: Judge | None) -> Judge | None:
    """Return a judge that also leaves out the archive that is being made."""
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
