"""Planning an archive: its options, the plan, and what follows from both: settings, id, mtime and access rights."""

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
SIGNED = "signed_from_bytes"
"""In settings: files from this length on have signatures."""


LeaveOut = Callable[[Iterable[Planned], Callable[[Excluded], None]], Iterator[Planned]]
"""Given the planned entries, yields those that go into the archive, in tree order, and calls its second argument for
each of the others."""


@dataclass(frozen=True, slots=True)
class CreateOptions:
    """How to create an archive.

    Attributes
    ----------
    profile
        How files are compressed.
    segment_bytes
        The length of the segments that longer files are split into.
    parity
        How much parity; None for neither parity nor checksums of sectors.
    one_file_system
        Leave out directories on other file systems than their source.
    comment
        A text for people that is stored in the archive.
    workers
        The number of processes that compress; None for one per processor, 1 for this process alone.
    work_dir
        The directory for the unfinished archive; None for that of the finished one.
    overwrite
        Replace an existing archive, and its sidecar.
    run
        The run of a chain that the archive belongs to; None for no chain.
    signed_from_bytes
        The archive gets signatures of files from this length on, if they are stored whole; None for no signatures.
    signatures
        The directory in which signatures are kept, too; None for none.
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
    signed_from_bytes: int | None = None
    signatures: bytes | None = None

    @property
    def task_bytes(self) -> int:
        """The memory in bytes that a worker takes: a segment, its compressed form, and the next segment."""
        return 3 * max(self.segment_bytes, MIB)

    @property
    def window_bytes(self) -> int:
        """The bytes of content in memory at a time: a segment for each worker, and one that is being read."""
        return (bounded_workers(self.workers, task_bytes=self.task_bytes) + 1) * max(self.segment_bytes, MIB)


@dataclass(frozen=True, slots=True)
class Plan:
    """Exactly what creating an archive will do.

    Attributes
    ----------
    output
        The path of the archive.
    entries, excluded
        The entries to be stored, in tree order, and those that were left out.
    ancestry, earlier
        The archives that this one builds on, and what they hold of the tree; None and empty if there are none.
    formers
        By path, for large files that changed: the earlier content that is reused.
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
        """The length of the content of all files, in bytes."""
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
    """Walk the sources and return the plan of an archive.

    Parameters
    ----------
    earlier
        Earlier archives, whose files are left out.
    leave_out
        Decides which of the files found are left out; only where there are no earlier archives to tell of them.

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
    ancestry = earlier.ancestry
    on = ancestry if ancestry.volumes else None
    return Plan(output, entries, excluded, options, on, earlier.tables, earlier.formers)


class _Unread(Relay):
    """A monitor that remembers which paths could not be read, and passes everything on."""

    def __init__(self, monitor: Monitor) -> None:
        super().__init__(monitor)
        self.paths: set[bytes] = set()

    def problem(self, problem: Problem) -> None:
        """Pass a problem on."""
        if problem.trouble is Trouble.UNREADABLE:
            self.paths.add(problem.path)
        super().problem(problem)


def structures(entries: Iterable[Entry]) -> tuple[Iterator[bytes], Iterator[bytes]]:
    """Return two tars of entries without content, in pieces: that of all except hard links, and that of hard links."""
    bare = [entry for entry in entries if entry.kind is not Kind.FILE]
    links = (entry for entry in bare if entry.kind is Kind.HARDLINK)
    return write_structure(entry for entry in bare if entry.kind is not Kind.HARDLINK), write_structure(links)


def settings_of(plan: Plan, **more: object) -> bytes:
    """Return the settings that are stored in the archive and shown by ``info``, as JSON; ``more`` are further ones.

    They must be the same in two runs over the same tree with the same versions of libraries.
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
    if options.signed_from_bytes is not None:
        settings[SIGNED] = options.signed_from_bytes
    return json.dumps({**settings, **more}, sort_keys=True).encode()


def _newest(plan: Plan) -> int:
    return max((planned.entry.mtime_ns for planned in plan.entries), default=0)


def own_time(plan: Plan) -> int:
    """Return the mtime, in nanoseconds since 1970, of the archive's own members: that of the first source.

    The current time would change the bytes of the archive, and tar complains about times in the future.
    """
    return plan.entries[0].entry.mtime_ns if plan.entries else 0


def identify(plan: Plan, **more: object) -> bytes:
    """Return the id of an archive, a hash of its plan, so that the same tree gives the same bytes.

    The versions of libraries do not affect it, as an interrupted set may be continued with other versions.
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
    """Return the users who may read everything that is to be archived, by the permissions in the tree."""
    readers = Readers()
    # Sorted so that directories come before their contents and each is looked at once: a selection has a source for
    # each of its files.
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
