"""Resuming an interrupted creation of a set: which volumes are finished, and where the next one begins."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pybackup.archive.suffixes import OWN_SUFFIX
from pybackup.container.frames import Carry
from pybackup.container.read import open_listing, read_locator
from pybackup.errors import Damaged, FormatError, UsageError
from pybackup.host.directories import files_in
from pybackup.host.storage import ArchiveFile
from pybackup.layout import names
from pybackup.model.entry import Entry, Kind, directories_above, tree_key
from pybackup.model.member import Stored
from pybackup.model.problem import Problem, Trouble
from pybackup.model.source import Planned
from pybackup.model.volume import VolumeInfo, VolumeKind
from pybackup.monitor import Monitor

from .second_copies import is_candidate, share_text

if TYPE_CHECKING:
    from .plan import Plan
    from .plan_set import SetOptions

PACKED_TIGHT = "tight"
SECOND_COPIES = "second_copies"


@dataclass(frozen=True, slots=True)
class Finished:
    """A finished data volume, complete according to its index.

    Attributes
    ----------
    blob
        Its encoded tree index.
    rows
        The rows of that index.
    containers
        The paths of directories that have a container in it.
    n_bytes
        Its length with parity.
    again
        The paths of files in it that are second copies of files in the previous volume.
    """

    path: bytes
    info: VolumeInfo
    settings: Mapping[str, Any]
    blob: bytes
    rows: Sequence[Stored]
    containers: frozenset[bytes]
    n_bytes: int
    again: frozenset[bytes] = frozenset()

    @property
    def files(self) -> int:
        """The number of files that end in it, without second copies."""
        return sum(row.entry.kind is Kind.FILE and not _goes_on(row) for row in self.rows) - len(self.again)

    def behind(self, before: Finished) -> Finished:
        """Return this volume with ``again`` set, given the previous volume."""
        if SECOND_COPIES not in self.settings:
            return self
        there = {row.entry.path for row in before.rows if is_candidate(row)}
        again = frozenset(row.entry.path for row in self.rows if is_candidate(row) and row.entry.path in there)
        return replace(self, again=again)


@dataclass(frozen=True, slots=True)
class Resumption:
    """Where the creation of a set continues.

    Attributes
    ----------
    set_id
        The id of the set; empty if there are no volumes yet.
    carry
        The member names that the finished volumes hand on.
    blobs
        The encoded tree indexes of the finished volumes.
    entries
        The entries still to be read, in tree order.
    path, segment
        The file of which finished volumes hold a part, and how many of its segments they hold; an empty path for none.
    finished
        The finished volumes, by number.
    complete
        Whether all data volumes are finished.
    """

    set_id: bytes
    carry: Carry
    blobs: Sequence[bytes]
    entries: Iterable[Planned]
    path: bytes = b""
    segment: int = 0
    finished: Sequence[Finished] = ()
    complete: bool = False


def find_finished(directory: bytes, name: str) -> list[Finished]:
    """Return the finished data volumes of a set in a directory, by number.

    Raises
    ------
    UsageError
        A volume is missing between them, or belongs to another set than volume 1.
    """
    found = {done.info.number: done for done in _volumes_in(directory, os.fsencode(name))}
    first = found.get(1)
    if first is None:
        return []
    volumes: list[Finished] = []
    for number, done in sorted(found.items()):
        if done.info.set_id != first.info.set_id:
            raise UsageError(f"{os.fsdecode(done.path)}: belongs to another set than {os.fsdecode(first.path)}")
        if number != len(volumes) + 1:
            missing = VolumeInfo(first.info.set_id, name, len(volumes) + 1).file_name
            raise UsageError(f"{os.fsdecode(os.path.join(directory, missing))}: is missing, but later volumes exist")
        volumes.append(done.behind(volumes[-1]) if volumes else done)
    return volumes


def _volumes_in(directory: bytes, name: bytes) -> Iterator[Finished]:
    for path in files_in(directory, OWN_SUFFIX):
        if os.path.basename(path).startswith(name + b"-"):
            with ArchiveFile(path) as file:
                done = _finished(path, file)
            if done:
                yield done


def _finished(path: bytes, file: ArchiveFile) -> Finished | None:
    try:
        locator = read_locator(file) if file.size else None
        if locator is None:
            return None
        listing = open_listing(file)
        info = VolumeInfo.of_settings(listing.settings)
        if info is None or info.kind is not VolumeKind.DATA:
            return None
        blob = file.read_at(locator.raw_bytes, locator.stream_bytes)
    except (FormatError, OSError) as error:
        raise Damaged(f"{os.fsdecode(path)}: the set cannot be continued after this volume: {error}") from error
    rows = [listing.stored(row) for row in range(len(listing))]
    containers = frozenset(listing.paths[row] for row, _ in listing.containers)
    return Finished(path, info, listing.settings, blob, rows, containers, file.size)


def resume(plan: Plan, finished: Sequence[Finished], to: SetOptions, monitor: Monitor) -> Resumption:
    """Return where the creation of a set continues after the finished volumes.

    Files in these that have changed since are problems for the monitor.

    Raises
    ------
    UsageError
        The finished volumes were made with other options.
    """
    if not finished:
        return Resumption(b"", Carry(), (), plan.entries)
    _check_alike(plan, finished, to)
    last = finished[-1]
    if not last.rows:
        raise UsageError(f"{os.fsdecode(last.path)}: is empty, so the set cannot be continued after it; remove it")
    row = last.rows[-1]
    planned = {one.entry.path: one.entry for one in plan.entries}
    _tell_of_changes(planned, finished, b"" if to.tight else tree_key(row.entry.path), monitor)
    path, segment = row.entry.path if _goes_on(row) else b"", 0
    if path and _is_same(planned.get(path), row.entry):
        segment = row.numbers[-1] + 1
    behind = tree_key(row.entry.path)
    there = {row.entry.path for done in finished for row in done.rows} if to.tight else set()
    entries = [
        one
        for one in plan.entries
        if one.entry.path == path or (one.entry.path not in there if to.tight else tree_key(one.entry.path) > behind)
    ]
    blobs = [done.blob for done in finished]
    return Resumption(
        last.info.set_id,
        _carry(finished, row, everywhere=to.tight),
        blobs,
        entries,
        path,
        segment,
        finished,
        last.info.last,
    )


def _check_alike(plan: Plan, finished: Sequence[Finished], to: SetOptions) -> None:
    parity = plan.options.parity
    wanted = {
        "compression": plan.options.profile.compression.value,
        "segment_bytes": plan.options.segment_bytes,
        "comment": plan.options.comment,
        "pack": PACKED_TIGHT if to.tight else None,
        SECOND_COPIES: share_text(to.second_copies) if to.second_copies else None,
        **(plan.options.run.settings() if plan.options.run else {"run": None}),
    }
    for done in finished:
        name = os.fsdecode(done.path)
        for key, value in wanted.items():
            if done.settings.get(key) != value:
                raise UsageError(f"{name}: was made with another {key}: {done.settings.get(key)!r}, not {value!r}")
        if done.info.parity != (str(parity.amount) if parity else "none"):
            raise UsageError(f"{name}: was made with parity {done.info.parity}; resume with the same")
        if done.info.volume_bytes != to.size_of(done.info.number):
            raise UsageError(f"{name}: was made to fit {done.info.volume_bytes} bytes; resume with the same sizes")


def _tell_of_changes(
    planned: Mapping[bytes, Entry], finished: Sequence[Finished], until: bytes, monitor: Monitor
) -> None:
    there = {row.entry.path: row for done in finished for row in done.rows}
    for path, entry in planned.items():
        row = there.get(path)
        if entry.kind is not Kind.FILE or tree_key(path) > until:
            continue
        if row is None:
            monitor.problem(Problem(path, Trouble.CHANGED, "is new since its volume was written; it is not in the set"))
        elif not _is_same(entry, row.entry) and not _goes_on(row):
            monitor.problem(
                Problem(path, Trouble.CHANGED, "changed after its volume was written; the set has the earlier content")
            )


def _carry(finished: Sequence[Finished], last: Stored, *, everywhere: bool) -> Carry:
    """Return the member names that the last volume would have handed on, derived from the indexes.

    With ``everywhere`` those of all directories, since files held back for a later volume may be in any of them.
    """
    with_container = frozenset().union(*(done.containers for done in finished))
    chain = sorted(with_container, key=tree_key) if everywhere else _chain(last.entry)
    children = _children(finished, {b"", *chain})
    containers: dict[bytes, tuple[bytes, names.Names]] = {}
    member_names = {b"": b""}
    of_file = None
    for directory in [b"", *chain]:
        if directory and directory not in with_container:
            continue
        taken = names.Names()
        for row in children[directory]:
            entry = row.entry
            if entry.kind is Kind.DIRECTORY and entry.path in with_container:
                member_names[entry.path] = taken.claim_directory(entry.name) + b"/" + names.CONTAINER
            elif entry.kind is Kind.FILE and not row.bundled:
                segments = row.segments or len(row.members)
                claimed = taken.claim_file(
                    entry.name, segments=segments, sparse=row.sparse, has_base=bool(row.base_digest)
                )
                of_file = claimed if entry.path == last.entry.path and _goes_on(last) else of_file
        containers[directory] = member_names[directory], taken
    return Carry(containers, of_file)


def _chain(entry: Entry) -> list[bytes]:
    """Return the paths of the directories that were open when the entry had been written."""
    return directories_above(entry.path) + [entry.path] * (entry.kind is Kind.DIRECTORY)


def _children(finished: Sequence[Finished], directories: set[bytes]) -> dict[bytes, list[Stored]]:
    """Return the entries of each of these directories, without repetitions, in the order their members got names.

    A directory gets a name when its container is opened, which may be later than its row if its files waited.
    """
    found: dict[bytes, dict[bytes, Stored]] = {directory: {} for directory in directories}
    for done in finished:
        for row in done.rows:
            parent = row.entry.parent
            listed_only = row.entry.kind is Kind.DIRECTORY and row.entry.path not in done.containers
            if parent in found and not listed_only:
                found[parent].setdefault(row.entry.path, row)
    return {directory: list(rows.values()) for directory, rows in found.items()}


def _goes_on(row: Stored) -> bool:
    """Return whether further segments of the file are in later volumes."""
    return bool(row.numbers) and row.numbers[-1] + 1 < row.segments


def _is_same(one: Entry | None, other: Entry) -> bool:
    return one is not None and (one.size, one.mtime_ns) == (other.size, other.mtime_ns)
