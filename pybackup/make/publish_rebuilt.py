"""Publishing the restored volumes of a set: each gets the same parity and end as before, and is read back."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial

from pybackup.archive.find import Volume, volumes_in
from pybackup.archive.volume_set import gather
from pybackup.check.verify import verify
from pybackup.errors import Damaged, EnvironmentFailed
from pybackup.host.output import Destination
from pybackup.host.scratch import Scratch
from pybackup.layout.recovery import Body
from pybackup.mend.across import SetRows
from pybackup.mend.bodies import SurveyedVolume
from pybackup.mend.survey_set import SurveyedSet
from pybackup.model.problem import Problem, Trouble
from pybackup.model.volume import VolumeInfo, VolumeKind
from pybackup.monitor import Aside, Monitor, Phase

from .complete_volume import complete_volume
from .rebuilt import Outcome, Rebuilt, RebuiltVolume
from .recovery_volumes import RecoveryGroup, default_group, make_recovery, phase_of_recovery
from .seal import Unsealed, phases_of_seal, seal

_COPY_BYTES = 1 << 20
NO_RECOVERY = "no recovery volume was given, or too little is left of it; with one, lost volumes could be restored"


def publish_restored(
    rows: SetRows, to: Destination, stack: ExitStack, monitor: Monitor, *, keep_partial: bool, with_recovery: bool
) -> Rebuilt:
    """Restore lost and damaged volumes by the recovery volumes, and publish them.

    Parameters
    ----------
    stack
        At its end open files are closed, and volumes that were not published are discarded.
    keep_partial
        Also publish data volumes that could only be restored in part.
    with_recovery
        Also make lost recovery volumes again.

    Raises
    ------
    EnvironmentFailed
        A volume cannot be written, or did not read back as written.
    """
    return _RestoredPublisher(rows, to, stack, monitor).run(keep_partial, with_recovery)


def publish_mended(surveyed_set: SurveyedSet, to: Destination, stack: ExitStack, monitor: Monitor) -> Rebuilt:
    """Publish data volumes that were repaired by their own parity and by copies, where there is no recovery volume.

    Raises
    ------
    Damaged
        No data volume can be identified.
    EnvironmentFailed
        As `publish_restored`.
    """
    return _MendedPublisher(surveyed_set, to, stack, monitor).run()


class _RestoredPublisher:
    """Publishes volumes restored by recovery volumes."""

    def __init__(self, rows: SetRows, to: Destination, stack: ExitStack, monitor: Monitor) -> None:
        self._rows, self._monitor = rows, monitor
        self._to, self._stack = to, stack

    def run(self, keep_partial: bool, with_recovery: bool) -> Rebuilt:
        """Restore the volumes and publish them."""
        rows = self._rows
        first, lost, right = rows.restore()
        self._monitor.plan(self._phases([rows.bodies[row].n_bytes for row in right], lost if with_recovery else ()))
        results = [
            self._finish(row, first[row], right=row in right, keep_partial=keep_partial)
            if row in first
            else self._whole(row)
            for row in range(len(rows.bodies))
        ]
        needed, helpful = rows.what_would_help() if len(right) < len(first) else (0, [])
        recovery = self._finish_recovery(results, lost) if with_recovery else []
        return Rebuilt([*results, *recovery], needed, helpful)

    def _phases(self, lengths: Sequence[int], recovery: Sequence[int]) -> list[Phase]:
        """Return the phases of sealing bodies of the given lengths, and of making recovery volumes again."""
        bodies = sum(body.n_bytes for body in self._rows.bodies)
        seals = [phase for n_bytes in lengths for phase in phases_of_seal(n_bytes, parity=True)]
        return [*seals, *([phase_of_recovery(bodies)] if recovery else ())]

    def _whole(self, row: int) -> RebuiltVolume:
        path = self._rows.surveyed_set.data[row + 1].paths[0]
        return RebuiltVolume(self._rows.data_info(row), path, path, Outcome.WHOLE)

    def _finish(self, row: int, lost_sectors: int, *, right: bool, keep_partial: bool) -> RebuiltVolume:
        """Publish a data volume whose body was restored, or with ``keep_partial`` one that is still damaged."""
        info, body, surveyed = (
            self._rows.data_info(row),
            self._rows.bodies[row],
            self._rows.surveyed_set.data.get(row + 1),
        )
        given, left = surveyed.paths[0] if surveyed else None, self._rows.lost_sectors(row)
        if not right and not keep_partial:
            return RebuiltVolume(info, given, None, Outcome.BEYOND, (lost_sectors, left))
        output = self._rows.outputs[row] if surveyed is None else _whole_output(surveyed, body, self._to, self._stack)
        if right:
            is_dressed = surveyed and surveyed.work and output is surveyed.work.output and surveyed.work.is_complete
            path = _seal(output, None if is_dressed else body, self._to, info, self._monitor)
        else:
            path = self._to.publish(output, info.file_name)
        outcome = Outcome.REBUILT if right else Outcome.BEYOND
        return RebuiltVolume(info, given, path, outcome, (lost_sectors, left))

    def _finish_recovery(self, results: Sequence[RebuiltVolume], lost: Sequence[int]) -> list[RebuiltVolume]:
        """Make lost recovery volumes again, from data volumes that are all whole now."""
        made = self._mended_alone(lost)
        lost = [number for number in lost if number not in made]
        if lost and all(one.outcome is not Outcome.BEYOND for one in results):
            volumes = [self._volume_at(one) for one in results]
            for group in self._groups(volumes):
                wanted = [number for number in lost if number in group.numbers]
                if wanted:
                    done = make_recovery(
                        volumes,
                        self._rows.bodies,
                        group,
                        self._to,
                        numbers=wanted,
                        monitor=self._monitor,
                    )
                    made |= {one.info.number: one.path for one in done}
        return [self._recovery_result(number, made, lost) for number in self._rows.siblings]

    def _mended_alone(self, lost: Sequence[int]) -> dict[int, bytes]:
        """Publish recovery volumes that were repaired by their own parity, and return their paths by number."""
        found: dict[int, bytes] = {}
        for number in lost:
            shard = self._rows.surveyed_set.recovery.get(number)
            work = shard.volume.work if shard else None
            if shard and work and work.is_complete and shard.volume.start == 0 and work.is_of(shard.volume.length or 0):
                found[number] = _seal(work.output, None, self._to, self._rows.recovery_info(number), self._monitor)
        return found

    def _groups(self, volumes: Sequence[Volume]) -> list[RecoveryGroup]:
        """Return the groups in which recovery volumes were made, by one volume of each, or else the default group."""
        found: dict[int, RecoveryGroup] = {}
        for number, shard in self._rows.surveyed_set.recovery.items():
            volume = self._rows.surveyed_set.volumes.get((VolumeKind.RECOVERY, number))
            first, count = shard.header.first, shard.header.count
            if volume and volume.info:
                found[first] = RecoveryGroup.of(shard.header, volume.info)
            else:
                found.setdefault(first, default_group(volumes, first, count))
        return list(found.values())

    def _recovery_result(self, number: int, made: dict[int, bytes], lost: Sequence[int]) -> RebuiltVolume:
        info, shard = self._rows.recovery_info(number), self._rows.surveyed_set.recovery.get(number)
        given = shard.volume.paths[0] if shard else None
        if number not in lost and number not in made:
            return RebuiltVolume(info, given, given, Outcome.WHOLE)
        path = made.get(number)
        return RebuiltVolume(info, given, path, Outcome.REBUILT if path else Outcome.BEYOND)

    def _volume_at(self, result: RebuiltVolume) -> Volume:
        assert result.path is not None
        if result.outcome is Outcome.WHOLE:
            return self._rows.surveyed_set.volumes[VolumeKind.DATA, result.info.number]
        volume = next(volumes_in(result.path), None)
        if volume is None:
            raise EnvironmentFailed(
                f"{os.fsdecode(result.path)}: was written, but cannot be read; is the disk failing?"
            )
        return replace(volume, info=result.info)


def _whole_output(surveyed: SurveyedVolume, body: Body, to: Destination, stack: ExitStack) -> Scratch:
    """Return a temporary file with a repaired volume: the one it was repaired in, or a copy out of a disc image."""
    if surveyed.work and surveyed.start == 0 and surveyed.work.is_of(body.n_bytes):
        return surveyed.work.output
    output = stack.enter_context(Scratch(to.scratch))
    for at in range(0, body.n_bytes, _COPY_BYTES):
        output.write(surveyed.file.read_what_is_left(surveyed.start + at, min(_COPY_BYTES, body.n_bytes - at)))
    return output


def _seal(output: Scratch, body: Body | None, to: Destination, info: VolumeInfo, monitor: Monitor) -> bytes:
    """Publish an intact volume, and return its path; if ``body`` is given, parity and end are first appended to it."""
    stream = complete_volume(output, body) if body else None
    publish = partial(to.publish, output, info.file_name)
    seal(Unsealed(output, publish, stream.fill if stream else None), monitor=monitor)
    return to.path(info.file_name)


class _MendedPublisher:
    """Publishes data volumes repaired by their own parity and by copies, where there is no recovery volume."""

    def __init__(self, surveyed_set: SurveyedSet, to: Destination, stack: ExitStack, monitor: Monitor) -> None:
        self._set, self._to = surveyed_set, to
        self._stack, self._monitor = stack, monitor

    def run(self) -> Rebuilt:
        """Publish the repaired volumes, and return the result for each volume that is known."""
        volumes = [volume for (kind, _), volume in self._set.volumes.items() if kind is VolumeKind.DATA]
        volume_set = gather(volumes, Monitor()) if volumes else None
        known = max([*self._set.data, volume_set.known if volume_set else 0])
        if not known:
            raise Damaged(f"{self._set.info.name}: these are too damaged to identify any data volume; add one")
        results = [self._result(number) for number in range(1, known + 1)]
        if any(one.outcome is Outcome.BEYOND for one in results):
            self._tell(NO_RECOVERY)
        elif volume_set is None or volume_set.last is None:
            self._tell(f"whether any volume follows {results[-1].info.label} is not known")
        return Rebuilt(results, 0, [])

    def _tell(self, reason: str) -> None:
        self._monitor.problem(Problem(b"", Trouble.LOST, f"{self._set.info.name}: {reason}"))

    def _result(self, number: int) -> RebuiltVolume:
        info, surveyed = self._set.info_of(VolumeKind.DATA, number), self._set.data.get(number)
        if surveyed is None:
            return RebuiltVolume(info, None, None, Outcome.BEYOND)
        given, length = surveyed.paths[0], surveyed.length
        if surveyed.work is None:
            # If it is not intact, nothing here can repair it.
            whole = not surveyed.unknown or verify(given, workers=1, monitor=Aside(self._monitor)).state == "intact"
            return RebuiltVolume(info, given, given if whole else None, Outcome.WHOLE if whole else Outcome.BEYOND)
        left = int(surveyed.lost(0, length).sum()) if length else 0
        if not length or left:
            return RebuiltVolume(info, given, None, Outcome.BEYOND, (left, left))
        self._to.check([info.file_name])
        body = Body(info.archive_id, length, b"")
        output = _whole_output(surveyed, body, self._to, self._stack)
        is_dressed = output is surveyed.work.output and surveyed.work.is_complete
        path = _seal(output, None if is_dressed else body, self._to, info, self._monitor)
        return RebuiltVolume(info, given, path, Outcome.REBUILT)
