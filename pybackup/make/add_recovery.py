"""Adding recovery volumes to a finished set, when it is made or years later."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

from pybackup.archive.find import Volume, find_volumes
from pybackup.archive.measure import header_of, measure
from pybackup.archive.suffixes import OWN_SUFFIX
from pybackup.archive.volume_set import VolumeSet, gather
from pybackup.check.verify import verify
from pybackup.errors import Damaged, Exists, UsageError
from pybackup.host.directories import files_in
from pybackup.host.output import Destination
from pybackup.host.readers import Readers
from pybackup.layout.recovery import Body
from pybackup.mend.bodies import settled_place
from pybackup.mend.copies import whole_file
from pybackup.mend.health import State
from pybackup.mend.survey import phase_of_survey, survey
from pybackup.model.volume import VolumeInfo, VolumeKind
from pybackup.monitor import Monitor, Phase

from .cover_archives import are_no_set, each_once, is_recovery, named, those_of
from .recovery_volumes import MadeRecoveryVolume, RecoveryGroup, default_group, make_recovery, phase_of_recovery

_MEASURE = "measure volumes"


@dataclass(frozen=True, slots=True)
class RecoveryOptions:
    """Which recovery volumes to make.

    Attributes
    ----------
    count
        How many to make.
    directory
        The directory for them; None for that of the first data volume.
    volume_bytes
        The maximum length of each in bytes; None for the size of the largest data volume.
    first
        The number of the first one; None for the number after the highest found among the given files and in the
        directory.
    work_dir
        The directory for temporary files; None for ``directory``.
    overwrite
        Replace existing files.
    as_archives
        Take volumes of sets for archives of no set, too.
    """

    count: int
    directory: bytes | None = None
    volume_bytes: int | None = None
    first: int | None = None
    work_dir: bytes | None = None
    overwrite: bool = False
    as_archives: bool = False


@dataclass(frozen=True, slots=True)
class AddedRecovery:
    """The recovery volumes that were made, and how many data volumes they protect."""

    made: Sequence[MadeRecoveryVolume]
    info: VolumeInfo
    data_volumes: int
    protected_bytes: int


def add_recovery(paths: Sequence[bytes], options: RecoveryOptions, *, monitor: Monitor) -> AddedRecovery:
    """Make further recovery volumes for a set, or for archives that are no set; existing ones stay unchanged.

    Parameters
    ----------
    paths
        Files, images, devices or directories with all data volumes and any recovery volumes made before; or with
        archives that are no set, of which the recovery volumes note the order that they come in here.

    Raises
    ------
    UsageError
        The volumes are of different sets, or a data volume is missing; or a recovery volume of that number exists; or
        the size is too small.
    Damaged
        A data volume is damaged, or has changed since earlier recovery volumes were made.
    EnvironmentFailed
        A recovery volume cannot be written, or was read back differently.
    """
    volumes, recovery, is_new = _at_hand(paths, options, monitor)
    monitor.plan(_phases(volumes))
    for volume in volumes:
        _check_whole(volume, monitor)
    bodies: Sequence[Body] = measure_all(volumes, monitor)
    if is_new:
        volumes, bodies = named(volumes, bodies)
    for volume in recovery:
        bodies = _checked_same(volume, volumes, bodies)
    info = volumes[0].info
    assert info is not None
    directory = options.directory
    if directory is None:
        directory = os.path.dirname(volumes[0].path) or b"."
    first = options.first or _next_number([*recovery, *_beside(directory, info.set_id)])
    group = default_group(volumes, first, options.count)
    if options.volume_bytes is not None:
        group = replace(group, volume_bytes=options.volume_bytes)
    to = Destination(directory, options.work_dir, options.overwrite, Readers.of(volume.path for volume in volumes))
    made = make_recovery(volumes, bodies, group, to, monitor=monitor)
    return AddedRecovery(made, info, len(volumes), sum(body.n_bytes for body in bodies))


def _phases(volumes: Sequence[Volume]) -> list[Phase]:
    """Return the phases of `add_recovery`, for `Monitor.plan`."""
    n_bytes = sum(volume.n_bytes for volume in volumes)
    looks = [phase_of_survey(volume.n_bytes) for volume in volumes]
    return [*looks, Phase(_MEASURE, n_bytes), phase_of_recovery(n_bytes)]


def complete_with_recovery(
    paths: Sequence[bytes], count: int, to: Destination, *, monitor: Monitor
) -> list[tuple[MadeRecoveryVolume, bool]]:
    """Make the first recovery volumes of a set that has just been made; those that an earlier run finished are kept.

    Parameters
    ----------
    paths
        The paths of all data volumes.

    Returns
    -------
    list[tuple[MadeRecoveryVolume, bool]]
        Each recovery volume, and whether it existed already.

    Raises
    ------
    Exists
        Another file has the name of a recovery volume.
    UsageError
        The volumes are too small for recovery volumes.
    EnvironmentFailed
        A recovery volume cannot be written, or did not read back as written.
    """
    volume_set = gather(find_volumes(paths).volumes, monitor)
    volumes = [volume_set.data[number] for number in sorted(volume_set.data)]
    bodies = measure_all(volumes, monitor)
    group = default_group(volumes, 1, count)
    there = {
        number: MadeRecoveryVolume(found.path, found.info, found.n_bytes)
        for number in group.numbers
        if (found := _finished(volume_set, group, number, to, bodies, monitor)) and found.info
    }
    left = [number for number in group.numbers if number not in there]
    made = {}
    if left:
        done = make_recovery(volumes, bodies, group, to, numbers=left, monitor=monitor)
        made = {one.info.number: one for one in done}
    return [(there.get(number) or made[number], number in there) for number in group.numbers]


def _finished(
    volume_set: VolumeSet, group: RecoveryGroup, number: int, to: Destination, bodies: Sequence[Body], monitor: Monitor
) -> Volume | None:
    """Return the recovery volume of a number if it exists exactly as it would be made; else None."""
    info = VolumeInfo(volume_set.info.set_id, volume_set.info.name, number, VolumeKind.RECOVERY)
    path = to.path(info.file_name)
    if not os.path.isfile(path):
        return None
    for volume in find_volumes([path]).volumes:
        if _is_recovery_of(volume, volume_set.info.set_id):
            header = header_of(volume)
            same = header.bodies == bodies and volume.info and RecoveryGroup.of(header, volume.info) == group
            if same and header.number == number:
                _check_whole(volume, monitor)
                return volume
    if not to.replace:
        raise Exists(f"{os.fsdecode(path)}: exists, but is not a recovery volume of the present data volumes")
    return None


def measure_all(volumes: Sequence[Volume], monitor: Monitor) -> list[Body]:
    """Return the id, length and hash of each data volume's body, by reading them."""
    monitor.begin(_MEASURE, 0, sum(volume.n_bytes for volume in volumes))
    bodies = [measure(volume, monitor) for volume in volumes]
    monitor.end()
    return bodies


def _at_hand(
    paths: Sequence[bytes], options: RecoveryOptions, monitor: Monitor
) -> tuple[list[Volume], list[Volume], bool]:
    """Return the data volumes in order, their recovery volumes, and whether the former are archives of no set yet."""
    found = find_volumes(paths)
    if found.unclear:
        name = os.fsdecode(found.unclear[0])
        raise Damaged(f"{name}: is not a volume, or is damaged; in the latter case run 'pybackup rebuild' first")
    data = [volume for volume in found.volumes if not is_recovery(volume)]
    recovery = [volume for volume in found.volumes if is_recovery(volume)]
    if not data:
        raise UsageError("no data volume is among these, and no other archive")
    if options.as_archives or are_no_set(data):
        data = each_once(data, monitor)
        recovery = those_of(recovery, data, monitor)
        if not recovery:
            return data, [], True
    volume_set = gather([*data, *recovery], monitor)
    if volume_set.last is None:
        raise UsageError(
            f"the last volume of {volume_set.info.name} is not among these; recovery volumes need all of them"
        )
    if volume_set.missing:
        raise UsageError(
            f"not among these: {volume_set.labels(volume_set.missing)}; recovery volumes need all data volumes"
        )
    volumes = [volume_set.data[number] for number in sorted(volume_set.data)]
    return volumes, list(volume_set.recovery.values()), False


def _check_whole(volume: Volume, monitor: Monitor) -> None:
    """Refuse a damaged data volume, as a recovery volume made of it would be useless."""
    with ExitStack() as stack:
        surveyed = survey([whole_file(volume.path, stack)], monitor, realign=False)
        if surveyed is not None:
            whole = settled_place(surveyed) is not None
        else:
            whole = volume.fills_file and verify(volume.path, monitor=monitor).state is State.INTACT
    if not whole:
        raise Damaged(f"{volume.name}: is damaged; first repair it with 'pybackup repair' or 'pybackup rebuild'")


def _checked_same(recovery: Volume, volumes: Sequence[Volume], bodies: Sequence[Body]) -> Sequence[Body]:
    """Refuse data volumes that differ from those of which an existing recovery volume was made; return what it says."""
    header = header_of(recovery)
    for volume, was, body in zip(volumes, header.bodies, bodies, strict=False):
        if (was.archive_id, was.n_bytes, was.digest) != (body.archive_id, body.n_bytes, body.digest):
            label = volume.info.label if volume.info else volume.name
            raise Damaged(f"{label}: has changed since {recovery.name} was made")
    if len(header.bodies) != len(bodies):
        raise Damaged(f"{recovery.name}: was made of {len(header.bodies)} data volumes, but there are {len(bodies)}")
    return header.bodies


def _beside(directory: bytes, set_id: bytes) -> list[Volume]:
    """Return the recovery volumes of the set that are in the directory for the new ones."""
    if not os.path.isdir(directory):
        return []
    names = files_in(directory, OWN_SUFFIX)
    return [volume for volume in find_volumes(names).volumes if _is_recovery_of(volume, set_id)]


def _is_recovery_of(volume: Volume, set_id: bytes) -> bool:
    info = volume.info
    return info is not None and info.kind is VolumeKind.RECOVERY and info.set_id == set_id


def _next_number(recovery: Iterable[Volume]) -> int:
    ends = [(header := header_of(volume)).first + header.count for volume in recovery]
    return max(ends, default=1)
