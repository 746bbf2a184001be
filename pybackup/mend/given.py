"""Taking in the volumes of a set as they are given: whole or damaged, renamed, doubled, in images; known by content."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

from pybackup.archive.find import FoundFile, Volume, look_into, volumes_in
from pybackup.archive.volume_set import gather
from pybackup.container.notes import archive_start, archive_start_by_members
from pybackup.errors import UsageError
from pybackup.host.directories import files_in
from pybackup.host.storage import Destination
from pybackup.layout.recovery import RecoveryHeader
from pybackup.model.problem import Problem, Trouble
from pybackup.model.volume import VolumeInfo, VolumeKind, volume_id
from pybackup.monitor import Monitor

from .alike import Alike, once, sort_out
from .bodies import Held, hold
from .copies import whole_file
from .find_shard import ShardHeld, find_shard
from .unusable import Unusable

_SUFFIX = b".xtar"
# Recovery volumes that a volume without readable index may be.
_MOST_RECOVERY = 1 << 10


@dataclass(slots=True)
class Taken:
    """The volumes of one set that are at hand, by number.

    Attributes
    ----------
    info
        Of any volume of the set: its id and its name.
    header
        What a recovery volume tells of the set; None where none is left that does.
    volumes
        Those that could be opened, by kind and number: as they were given, or mended.
    finished
        Files that were not given, and that an earlier run left where this one writes.
    """

    info: VolumeInfo
    data: dict[int, Held] = field(default_factory=dict)
    recovery: dict[int, ShardHeld] = field(default_factory=dict)
    header: RecoveryHeader | None = None
    volumes: dict[tuple[VolumeKind, int], Volume] = field(default_factory=dict)
    finished: set[bytes] = field(default_factory=set)

    def info_of(self, kind: VolumeKind, number: int) -> VolumeInfo:
        """Return what a volume is called."""
        return VolumeInfo(self.info.set_id, self.info.name, number, kind)


def take_in(files: Sequence[FoundFile], to: Destination, *, stack: ExitStack, monitor: Unusable) -> Taken:
    """Find out which volumes of a set there are, and put those that are damaged together in temporary files.

    Parameters
    ----------
    to
        Where what is rebuilt will appear. Volumes of the set that are there already count as given.
    stack
        Closes and removes all of it in the end.

    Raises
    ------
    UsageError
        They are of several sets, or of none.
    """
    info = _one_set(volume for file in files for volume in file.volumes)
    finished = list(_finished(to.directory, info)) if info else []
    groups, silent = sort_out(once([*files, *finished]))
    for file in silent:
        monitor.refuse(file.path, "nothing of a volume is in it")
    there = {file.path for file in finished} - {file.path for file in files}
    found: dict[bytes, list[tuple[Held, Volume | None]]] = {}
    for group in groups:
        _tell_of_doubles(group, monitor)
        held = _hold_best(group, there, to.scratch, stack, monitor)
        for one, volume in _settled(held, group):
            archive_id = volume.info.archive_id if volume and volume.info else group.archive_id
            found.setdefault(archive_id, []).append((one, volume))
    info = _one_set(volume for several in found.values() for _, volume in several if volume and volume.info)
    if info is None:
        raise UsageError("no volume of a set is whole enough to tell which set it is; add one that is")
    taken = Taken(info, finished=there)
    _sort(taken, found, monitor)
    return taken


def _hold_best(group: Alike, finished: set[bytes], work_dir: bytes, stack: ExitStack, monitor: Monitor) -> Held:
    """What copies of a volume come to together; one that an earlier run finished, if it is still whole, comes first."""
    start = next((file.volumes[0].offset for file in group.files if file.volumes), None)
    for several in ([path for path in group.paths if path in finished], group.paths):
        if several:
            copies = [whole_file(path, stack) for path in several]
            held = hold(copies, start, work_dir=work_dir, stack=stack, monitor=monitor)
            if several is group.paths or not (held.work or held.unknown):
                break
    return held


def _finished(directory: bytes, info: VolumeInfo) -> Iterator[FoundFile]:
    """The volumes of the set that an earlier run, which was interrupted, left where this one writes."""
    if not os.path.isdir(directory):
        return
    for entry in files_in(directory):
        file = look_into(entry) if entry.endswith(_SUFFIX) else FoundFile(entry)
        for volume in file.volumes[:1]:
            said = volume.info
            if said and said.set_id == info.set_id and said.file_name == os.path.basename(entry):
                yield file


def _one_set(volumes: Iterable[Volume]) -> VolumeInfo | None:
    """What all of them are volumes of; None for no volumes.

    Raises
    ------
    UsageError
        That is not one set.
    """
    first: Volume | None = None
    for volume in volumes:
        if volume.info is None:
            raise UsageError(f"{volume.name}: is no volume of a set")
        if first is None:
            first = volume
        elif first.info and volume.info.set_id != first.info.set_id:
            raise UsageError(f"{volume.name}: is of another set than {first.name}")
    return first.info if first else None


def _tell_of_doubles(group: Alike, monitor: Monitor) -> None:
    first = group.files[0]
    for file in group.files[1:]:
        info = file.volumes[0].info if file.volumes else None
        label = info.label if info else "the same volume"
        monitor.note(f"{os.fsdecode(file.path)}: {label} once more, beside {os.fsdecode(first.path)}")


def _settled(held: Held, group: Alike) -> Iterator[tuple[Held, Volume | None]]:
    """The archives in what is held; where each begins is known from now on, as well as it can be."""
    if held.work is None:
        volumes = next((file.volumes for file in group.files if file.path == held.paths[0]), ())
    else:
        held.work.output.flush()
        volumes = tuple(volumes_in(held.work.output.temporary))
    for volume in volumes:
        yield replace(held, start=volume.offset), volume
    if not volumes:
        start = held.start if held.work is None else archive_start(held.file)
        yield replace(held, start=start or 0, is_placed=held.work is None or start is not None), None


def _sort(taken: Taken, found: dict[bytes, list[tuple[Held, Volume | None]]], monitor: Unusable) -> None:
    """Tell data from recovery volumes, and which is which."""
    recovery_ids = {
        volume_id(taken.info.set_id, VolumeKind.RECOVERY, number): number for number in range(1, _MOST_RECOVERY)
    }
    for archive_id, several in found.items():
        known = next((volume.info for _, volume in several if volume and volume.info), None)
        if known and known.kind is VolumeKind.RECOVERY:
            recovery_ids[archive_id] = known.number
        if archive_id in recovery_ids:
            _take_recovery(taken, several, monitor)
    data_ids = {body.archive_id: number for number, body in enumerate(taken.header.bodies if taken.header else (), 1)}
    for archive_id, several in found.items():
        known = next((volume.info for _, volume in several if volume and volume.info), None)
        number = data_ids.get(archive_id, known.number if known and known.kind is VolumeKind.DATA else 0)
        if taken.header and number > len(taken.header.bodies):
            reason = f"says that it is volume {number} of a set of {len(taken.header.bodies)}"
            monitor.problem(Problem(several[0][0].paths[0], Trouble.REFUSED, reason))
            continue
        several = [one for one in several if _place(taken, number, one[0])]
        if number and several:
            # One that is whole is better than any other; the first is as good as those that are damaged, too.
            held, volume = min(several, key=lambda one: (one[0].unknown, one[0].work is not None))
            taken.data[number] = held
            if volume:
                taken.volumes[VolumeKind.DATA, number] = volume
        elif archive_id not in recovery_ids:
            reason = "too little is left of it to tell which volume it is, or where that begins"
            monitor.refuse(found[archive_id][0][0].paths[0], reason)


def _place(taken: Taken, number: int, held: Held) -> bool:
    """Whether it is known where a data volume begins in what is held; with its own parity, that is at its start."""
    if not held.is_placed and held.work and taken.header and 0 < number <= len(taken.header.bodies):
        held.is_placed = held.work.is_of(taken.header.bodies[number - 1].n_bytes)
        start = None if held.is_placed else _start_by_members(taken, number, held)
        if start is not None:
            held.start, held.is_placed = start, True
    return held.is_placed


def _start_by_members(taken: Taken, number: int, held: Held) -> int | None:
    """Where a volume begins, by any member of it, as another volume of the set tells where that lies."""
    tables = gather(list(taken.volumes.values()), Monitor()).tables if taken.volumes else {}
    if number not in tables:
        return None
    rows, paths = tables[number]
    members = [member for row, path in enumerate(paths) for member in rows.stored(row, path).members]
    offsets = {member.digest: member.offset for member in members}
    return archive_start_by_members(held.file, offsets)


def _take_recovery(taken: Taken, several: Sequence[tuple[Held, Volume | None]], monitor: Unusable) -> None:
    for held, volume in several:
        shard = find_shard(held, taken.info.set_id)
        if shard is None:
            reason = "a recovery volume of which too little is left to be used"
            monitor.refuse(held.paths[0], reason)
            continue
        if taken.header is not None and taken.header.bodies != shard.header.bodies:
            reason = "a recovery volume that was made of other volumes than the first one"
            monitor.problem(Problem(held.paths[0], Trouble.REFUSED, reason))
            continue
        taken.header = taken.header or shard.header
        number = shard.header.number
        if number not in taken.recovery or taken.recovery[number].held.work is not None:
            taken.recovery[number] = shard
            if volume:
                taken.volumes[VolumeKind.RECOVERY, number] = volume
