"""Surveying the given volumes of a set, which are identified by content: damaged or not, renamed, twice, in images."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

from pybackup.archive.by_headers import clear_up
from pybackup.archive.covered import as_covered, covered, files_as_covered, info_at
from pybackup.archive.find import FoundFile, Volume, look_into, volumes_in
from pybackup.archive.volume_set import gather
from pybackup.container.begin import begin_by_rows
from pybackup.container.notes import archive_start
from pybackup.errors import UsageError
from pybackup.host.directories import files_in
from pybackup.host.output import Destination
from pybackup.layout.recovery import RecoveryHeader
from pybackup.model.problem import Problem, Trouble
from pybackup.model.volume import VolumeInfo, VolumeKind, volume_id
from pybackup.monitor import Monitor, Phase

from .alike import Alike, once, sort_out
from .assemble import phases_of_images
from .bodies import SurveyedVolume, survey_volume
from .copies import length_of, whole_file
from .find_shard import FoundShard, find_shard, header_of_archives
from .refused_files import RefusedFiles

_SUFFIX = b".xtar"
_REBUILD_WORK = 3  # for a byte of a volume, of which reading and hashing it is 1
# How many numbers of recovery volumes are tried for a volume without a readable index.
_MOST_RECOVERY = 1 << 10


@dataclass(slots=True)
class SurveyedSet:
    """The volumes of one set that were given or found, by number.

    Attributes
    ----------
    info
        That of any volume of the set: its id and its name.
    header
        The header of a recovery volume, which describes the set; None if none is left.
    volumes
        The volumes that could be opened, by kind and number: as they were given, or mended.
    finished
        Files that were not given, but are results of an earlier run in the output directory.
    """

    info: VolumeInfo
    data: dict[int, SurveyedVolume] = field(default_factory=dict)
    recovery: dict[int, FoundShard] = field(default_factory=dict)
    header: RecoveryHeader | None = None
    volumes: dict[tuple[VolumeKind, int], Volume] = field(default_factory=dict)
    finished: set[bytes] = field(default_factory=set)

    def info_of(self, kind: VolumeKind, number: int) -> VolumeInfo:
        """Return the `VolumeInfo` of a volume of this set; of a covered archive, what its recovery volumes say."""
        if kind is VolumeKind.DATA and self.header and self.header.is_of_archives:
            bodies = self.header.bodies
            if number <= len(bodies):
                return info_at(self.info.set_id, bodies, number)
        return VolumeInfo(self.info.set_id, self.info.name, number, kind)


def survey_set(
    files: Sequence[FoundFile], to: Destination, *, stack: ExitStack, then: Sequence[Phase] = (), monitor: RefusedFiles
) -> SurveyedSet:
    """Find out which volumes of a set there are, and assemble damaged ones in temporary files.

    Archives of no set that a recovery volume among them covers count as the volumes of one.

    Parameters
    ----------
    to
        The directory for rebuilt volumes. Volumes of the set that are there already count as given.
    stack
        Closes and removes all temporary files at its end.
    then
        The phases of the work with restored volumes, for `Monitor.plan`.

    Raises
    ------
    UsageError
        The files belong to several sets, or to none.
    """
    archives = covered(volume for file in files for volume in file.volumes)
    files = files_as_covered(files, archives)
    # Nothing is said of archives of no set while a file may be the damaged recovery volume that covers them.
    is_clear = all(file.volumes for file in files)
    info = _one_set((volume for file in files for volume in file.volumes), is_strict=is_clear)
    if info is None:
        files = clear_up(files)
        info = _one_set((volume for file in files for volume in file.volumes), is_strict=is_clear)
    finished = list(_finished(to.directory, info, archives)) if info else []
    groups, silent = sort_out(once([*files, *finished]))
    for file in silent:
        monitor.refuse(file.path, "nothing of a volume is in it")
    there = {file.path for file in finished} - {file.path for file in files}
    found: dict[bytes, list[tuple[SurveyedVolume, Volume | None]]] = {}
    monitor.plan([*phases_of_images([group.paths for group in groups]), *_phases_across(groups), *then])
    for group in groups:
        _tell_of_doubles(group, monitor)
        surveyed = _hold_best(group, there, to.scratch, stack, monitor)
        for one, volume in _settled(surveyed, group):
            said = volume.info.archive_id if volume and volume.info else volume.listing.archive_id if volume else b""
            archive_id = said or group.archive_id
            found.setdefault(archive_id, []).append((one, volume))
    told = [volume for several in found.values() for _, volume in several if volume]
    archives |= covered(told)
    told = as_covered(told, archives)
    info = _one_set(told, is_strict=False) or info or _of_headers(found)
    if info is None:
        _one_set(told)
        raise UsageError("no volume of a set is whole enough to tell which set it is; add one that is")
    surveyed_set = SurveyedSet(info, finished=there)
    _sort(surveyed_set, found, monitor)
    return surveyed_set


def _of_headers(found: dict[bytes, list[tuple[SurveyedVolume, Volume | None]]]) -> VolumeInfo | None:
    """Return the set that a recovery volume of archives is of, by the header of its shard alone."""
    for several in found.values():
        for surveyed, volume in several:
            header = None if volume else header_of_archives(surveyed)
            if header is not None:
                return info_at(header.set_id, header.bodies, 1)
    return None


def _phases_across(groups: Sequence[Alike]) -> list[Phase]:
    """Return the phases of `SetRows.restore`, if anything is lost."""
    n_bytes = sum(length_of(group.paths[0]) for group in groups)
    return [Phase("rebuild", _REBUILD_WORK * n_bytes), Phase("check", n_bytes // len(groups))] if groups else []


def _hold_best(
    group: Alike, finished: set[bytes], work_dir: bytes, stack: ExitStack, monitor: Monitor
) -> SurveyedVolume:
    """Survey the copies of a volume, first the result of an earlier run, if that is still intact."""
    start = next((file.begin for file in group.files if file.volumes and not file.is_sought), None)
    for several in ([path for path in group.paths if path in finished], group.paths):
        if several:
            copies = [whole_file(path, stack) for path in several]
            surveyed = survey_volume(copies, start, work_dir=work_dir, stack=stack, monitor=monitor)
            if several is group.paths or not (surveyed.work or surveyed.unknown):
                break
    return surveyed


def _finished(directory: bytes, info: VolumeInfo, archives: Mapping[bytes, VolumeInfo]) -> Iterator[FoundFile]:
    """Yield the volumes of the set that an interrupted earlier run has finished in the output directory."""
    if not os.path.isdir(directory):
        return
    for entry in files_in(directory):
        file = look_into(entry) if entry.endswith(_SUFFIX) else FoundFile(entry)
        for volume in file.volumes[:1]:
            said = archives.get(volume.listing.archive_id, volume.info)
            if said and said.set_id == info.set_id and said.file_name == os.path.basename(entry):
                yield file


def _one_set(volumes: Iterable[Volume], *, is_strict: bool = True) -> VolumeInfo | None:
    """Return the `VolumeInfo` of the first volume; None for no volumes.

    Unless ``is_strict``, archives that belong to no set are skipped.

    Raises
    ------
    UsageError
        They do not belong to one set.
    """
    first: Volume | None = None
    for volume in volumes:
        if volume.info is None:
            if not is_strict:
                continue
            raise UsageError(f"{volume.name}: is no volume of a set")
        if first is None:
            first = volume
        elif first.info and volume.info.set_id != first.info.set_id:
            raise UsageError(f"{volume.name}: belongs to another set than {first.name}")
    return first.info if first else None


def _tell_of_doubles(group: Alike, monitor: Monitor) -> None:
    first = group.files[0]
    for file in group.files[1:]:
        info = file.volumes[0].info if file.volumes else None
        label = info.label if info else "the same volume"
        monitor.note(f"{os.fsdecode(file.path)}: {label} once more, beside {os.fsdecode(first.path)}")


def _settled(surveyed: SurveyedVolume, group: Alike) -> Iterator[tuple[SurveyedVolume, Volume | None]]:
    """Yield the archives in a surveyed volume, each with the place where it begins, if that can be found."""
    if surveyed.work is None:
        volumes = next((file.volumes for file in group.files if file.path == surveyed.paths[0]), ())
    else:
        surveyed.work.output.flush()
        volumes = tuple(volumes_in(surveyed.work.output.temporary))
    volumes = [volume for volume in volumes if volume.offset >= 0]
    for volume in volumes:
        yield replace(surveyed, start=volume.offset), volume
    if not volumes:
        start = surveyed.start if surveyed.work is None else archive_start(surveyed.file)
        yield replace(surveyed, start=start or 0, is_placed=surveyed.work is None or start is not None), None


def _sort(
    surveyed_set: SurveyedSet, found: dict[bytes, list[tuple[SurveyedVolume, Volume | None]]], monitor: RefusedFiles
) -> None:
    """Sort volumes into data and recovery volumes, by number."""
    recovery_ids = {
        volume_id(surveyed_set.info.set_id, VolumeKind.RECOVERY, number): number for number in range(1, _MOST_RECOVERY)
    }
    for archive_id, several in found.items():
        known = next((volume.info for _, volume in several if volume and volume.info), None)
        if known and known.kind is VolumeKind.RECOVERY:
            recovery_ids[archive_id] = known.number
        if archive_id in recovery_ids:
            _take_recovery(surveyed_set, several, monitor)
    data_ids = {
        body.archive_id: number
        for number, body in enumerate(surveyed_set.header.bodies if surveyed_set.header else (), 1)
    }
    for archive_id, several in found.items():
        known = next((volume.info for _, volume in several if volume and volume.info), None)
        is_data = known is not None and known.kind is VolumeKind.DATA and known.set_id == surveyed_set.info.set_id
        number = data_ids.get(archive_id, known.number if known and is_data else 0)
        if surveyed_set.header and number > len(surveyed_set.header.bodies):
            reason = f"says that it is volume {number} of a set of {len(surveyed_set.header.bodies)}"
            monitor.problem(Problem(several[0][0].paths[0], Trouble.REFUSED, reason))
            continue
        several = [one for one in several if _place(surveyed_set, number, one[0])]
        if number and several:
            # An intact one is better than any other; of damaged ones the first is taken.
            surveyed, volume = min(several, key=lambda one: (one[0].unknown, one[0].work is not None))
            surveyed_set.data[number] = surveyed
            if volume:
                info = volume.info if is_data else surveyed_set.info_of(VolumeKind.DATA, number)
                surveyed_set.volumes[VolumeKind.DATA, number] = replace(volume, info=info)
        elif archive_id not in recovery_ids:
            reason = "too little is left of it to tell which volume it is, or where that begins"
            monitor.refuse(found[archive_id][0][0].paths[0], reason)


def _place(surveyed_set: SurveyedSet, number: int, surveyed: SurveyedVolume) -> bool:
    """Return whether the start of a data volume is known; one with its own parity begins at byte 0."""
    if (
        not surveyed.is_placed
        and surveyed.work
        and surveyed_set.header
        and 0 < number <= len(surveyed_set.header.bodies)
    ):
        surveyed.is_placed = surveyed.work.is_of(surveyed_set.header.bodies[number - 1].n_bytes)
        start = None if surveyed.is_placed else _start_by_rows(surveyed_set, number, surveyed)
        if start is not None:
            surveyed.start, surveyed.is_placed = start, True
    return surveyed.is_placed


def _start_by_rows(surveyed_set: SurveyedSet, number: int, surveyed: SurveyedVolume) -> int | None:
    """Return where a volume begins, by a member or container whose offset is known from another volume of the set."""
    tables = gather(list(surveyed_set.volumes.values()), Monitor()).tables if surveyed_set.volumes else {}
    if number not in tables:
        return None
    return begin_by_rows(surveyed.file, tables[number][0])


def _take_recovery(
    surveyed_set: SurveyedSet, several: Sequence[tuple[SurveyedVolume, Volume | None]], monitor: RefusedFiles
) -> None:
    for surveyed, volume in several:
        shard = find_shard(surveyed, surveyed_set.info.set_id)
        if shard is None:
            reason = "a recovery volume of which too little is left to be used"
            monitor.refuse(surveyed.paths[0], reason)
            continue
        if surveyed_set.header is not None and surveyed_set.header.bodies != shard.header.bodies:
            reason = "a recovery volume that was made of other volumes than the first one"
            monitor.problem(Problem(surveyed.paths[0], Trouble.REFUSED, reason))
            continue
        surveyed_set.header = surveyed_set.header or shard.header
        number = shard.header.number
        if number not in surveyed_set.recovery or surveyed_set.recovery[number].volume.work is not None:
            surveyed_set.recovery[number] = shard
            if volume:
                surveyed_set.volumes[VolumeKind.RECOVERY, number] = volume
