"""Rebuilding the volumes of a set that are lost or damaged, from what is left of all of them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from pybackup.archive.find import Volume, find_volumes, volumes_in
from pybackup.archive.volume_set import gather
from pybackup.check.verify import verify
from pybackup.errors import Damaged
from pybackup.host.readers import Readers
from pybackup.host.storage import Destination, Scratch, environment
from pybackup.layout.recovery import Body
from pybackup.make.dress import dress_again
from pybackup.make.recovery_volumes import Together, make_recovery, together_by_default
from pybackup.make.seal import Unsealed, seal
from pybackup.mend.across import SetRows
from pybackup.mend.bodies import Held
from pybackup.mend.given import Taken, take_in
from pybackup.mend.unusable import Unusable
from pybackup.model.problem import Problem, Trouble
from pybackup.model.volume import VolumeInfo, VolumeKind
from pybackup.monitor import Aside, Monitor

_COPY_BYTES = 1 << 20
_NO_RECOVERY = "no recovery volume is among these, or too little is left of it; one would help"


class Outcome(StrEnum):
    """What became of a volume."""

    WHOLE = "whole"
    REBUILT = "rebuilt"
    BEYOND = "beyond"


@dataclass(frozen=True, slots=True)
class RebuiltVolume:
    """What became of one volume of the set.

    Attributes
    ----------
    given
        Where it was found; None for one that was not there at all.
    path
        Where it is now, whole; None where that is nowhere.
    lost_sectors
        Of its body, at first and in the end.
    """

    info: VolumeInfo
    given: bytes | None
    path: bytes | None
    outcome: Outcome
    lost_sectors: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What came of a rebuilding.

    Attributes
    ----------
    volumes
        All volumes of the set that are known of: data volumes first, each kind by number.
    needed, helpful
        So many more volumes bring back what is lost, out of these, which were not given; none where damage lies so
        that only better copies help.
    """

    volumes: Sequence[RebuiltVolume]
    needed: int
    helpful: Sequence[VolumeInfo]

    @property
    def complete(self) -> bool:
        """Whether all volumes of the set are whole."""
        return all(volume.outcome is not Outcome.BEYOND for volume in self.volumes)


def rebuild(
    paths: Sequence[bytes],
    directory: bytes,
    *,
    work_dir: bytes | None = None,
    overwrite: bool = False,
    keep_partial: bool = False,
    with_recovery: bool = True,
    monitor: Monitor,
) -> Rebuilt:
    """Write every volume of a set that is lost or damaged, as far as the others bring it back.

    Where no recovery volume is left that tells of the others, damaged ones are mended by their own parity and copies.
    Files that are too damaged to be used are problems, or notes where all volumes are there and enough were not given.

    Parameters
    ----------
    paths
        All volumes that are left, in any order: files, images, devices, directories of them.
    directory
        Where the volumes appear, under their first names; made. What is whole is not copied there. Those that an
        interrupted run has finished there count as given.
    overwrite
        Replace files there that have such a name and are none of the whole volumes.
    keep_partial
        Also give their names to data volumes of which some is lost: there are zeros in their place then.
    with_recovery
        Make recovery volumes again, too.

    Raises
    ------
    UsageError
        The volumes are of several sets.
    Exists
        One that would be written.
    Damaged
        No recovery volume is left that tells of the others, and parts are to be kept, or nothing else tells of any
        data volume.
    EnvironmentFailed
        A volume cannot be written, or was not read back as it was written.
    """
    to = Destination(directory, work_dir, overwrite, Readers.of(paths))
    with environment(directory), Unusable(monitor) as heard, ExitStack() as stack:
        taken = take_in(find_volumes(paths, thorough=True).files, to, stack=stack, monitor=heard)
        if taken.header is None:
            if keep_partial:
                # Parts can be had from what was given.
                raise Damaged(f"{taken.info.name}: {_NO_RECOVERY}")
            return _Alone(taken, to, stack, monitor).run()
        rows = SetRows(taken, taken.header, to, stack, heard)
        done = _Finishing(rows, to, stack, monitor).run(keep_partial, with_recovery)
        if done.complete:
            heard.settle(sum(one.given is None or one.given in taken.finished for one in done.volumes))
        return done


class _Finishing:
    """Publishes what was restored."""

    def __init__(self, rows: SetRows, to: Destination, stack: ExitStack, monitor: Monitor) -> None:
        self._rows, self._monitor = rows, monitor
        self._to, self._stack = to, stack

    def run(self, keep_partial: bool, with_recovery: bool) -> Rebuilt:
        """Restore, and do all that follows."""
        rows = self._rows
        first, lost, right = rows.restore()
        results = [
            self._finish(row, first[row], right=row in right, keep_partial=keep_partial)
            if row in first
            else self._whole(row)
            for row in range(len(rows.bodies))
        ]
        needed, helpful = rows.what_would_help() if len(right) < len(first) else (0, [])
        recovery = self._finish_recovery(results, lost) if with_recovery else []
        return Rebuilt([*results, *recovery], needed, helpful)

    def _whole(self, row: int) -> RebuiltVolume:
        path = self._rows.taken.data[row + 1].paths[0]
        return RebuiltVolume(self._rows.data_info(row), path, path, Outcome.WHOLE)

    def _finish(self, row: int, lost_sectors: int, *, right: bool, keep_partial: bool) -> RebuiltVolume:
        """Publish a data volume whose body is right."""
        info, body, held = self._rows.data_info(row), self._rows.bodies[row], self._rows.taken.data.get(row + 1)
        given, left = held.paths[0] if held else None, self._rows.lost_sectors(row)
        if not right and not keep_partial:
            return RebuiltVolume(info, given, None, Outcome.BEYOND, (lost_sectors, left))
        output = self._rows.outputs[row] if held is None else _whole_output(held, body, self._to, self._stack)
        if right:
            is_dressed = held and held.work and output is held.work.output and held.work.is_complete
            path = _seal(output, None if is_dressed else body, self._to, info, self._monitor)
        else:
            path = self._to.publish(output, info.file_name)
        outcome = Outcome.REBUILT if right else Outcome.BEYOND
        return RebuiltVolume(info, given, path, outcome, (lost_sectors, left))

    def _finish_recovery(self, results: Sequence[RebuiltVolume], lost: Sequence[int]) -> list[RebuiltVolume]:
        """Make lost recovery volumes again, of data volumes that are whole by now."""
        made = self._mended_alone(lost)
        lost = [number for number in lost if number not in made]
        if lost and all(one.outcome is not Outcome.BEYOND for one in results):
            volumes = [self._volume_at(one) for one in results]
            for together in self._together(volumes):
                wanted = [number for number in lost if number in together.numbers]
                if wanted:
                    done = make_recovery(
                        volumes,
                        self._rows.bodies,
                        together,
                        self._to,
                        numbers=wanted,
                        monitor=self._monitor,
                    )
                    made |= {one.info.number: one.path for one in done}
        return [self._recovery_result(number, made, lost) for number in self._rows.siblings]

    def _mended_alone(self, lost: Sequence[int]) -> dict[int, bytes]:
        """Publish recovery volumes that are whole again by their own parity, and what was restored of them."""
        found: dict[int, bytes] = {}
        for number in lost:
            shard = self._rows.taken.recovery.get(number)
            work = shard.held.work if shard else None
            if shard and work and work.is_complete and shard.held.start == 0 and work.is_of(shard.held.length or 0):
                found[number] = _seal(work.output, None, self._to, self._rows.recovery_info(number), self._monitor)
        return found

    def _together(self, volumes: Sequence[Volume]) -> list[Together]:
        """The runs that recovery volumes were made in, as one of each tells, or as they are made by default."""
        found: dict[int, Together] = {}
        for number, shard in self._rows.taken.recovery.items():
            volume = self._rows.taken.volumes.get((VolumeKind.RECOVERY, number))
            first, count = shard.header.first, shard.header.count
            if volume and volume.info:
                found[first] = Together.of(shard.header, volume.info)
            else:
                found.setdefault(first, together_by_default(volumes, first, count))
        return list(found.values())

    def _recovery_result(self, number: int, made: dict[int, bytes], lost: Sequence[int]) -> RebuiltVolume:
        info, shard = self._rows.recovery_info(number), self._rows.taken.recovery.get(number)
        given = shard.held.paths[0] if shard else None
        if number not in lost and number not in made:
            return RebuiltVolume(info, given, given, Outcome.WHOLE)
        path = made.get(number)
        return RebuiltVolume(info, given, path, Outcome.REBUILT if path else Outcome.BEYOND)

    def _volume_at(self, result: RebuiltVolume) -> Volume:
        assert result.path is not None
        if result.outcome is Outcome.WHOLE:
            return self._rows.taken.volumes[VolumeKind.DATA, result.info.number]
        return next(volumes_in(result.path))


def _whole_output(held: Held, body: Body, to: Destination, stack: ExitStack) -> Scratch:
    """The file of a volume that was damaged: the temporary one; of an image a copy of the volume in it."""
    if held.work and held.start == 0 and held.work.is_of(body.n_bytes):
        return held.work.output
    output = stack.enter_context(Scratch(to.scratch))
    for at in range(0, body.n_bytes, _COPY_BYTES):
        output.write(held.file.read_what_is_left(held.start + at, min(_COPY_BYTES, body.n_bytes - at)))
    return output


def _seal(output: Scratch, body: Body | None, to: Destination, info: VolumeInfo, monitor: Monitor) -> bytes:
    """Publish a volume that is whole again, and return its path; with a body, that is all there is of it so far."""
    stream = dress_again(output, body) if body else None
    publish = partial(to.publish, output, info.file_name)
    seal(Unsealed(output, publish, stream.fill if stream else None), monitor=Aside(monitor))
    return to.path(info.file_name)


class _Alone:
    """Publishes what own parity and copies made whole of data volumes, where no recovery volume tells of them."""

    def __init__(self, taken: Taken, to: Destination, stack: ExitStack, monitor: Monitor) -> None:
        self._taken, self._to = taken, to
        self._stack, self._monitor = stack, monitor

    def run(self) -> Rebuilt:
        """Look at all volumes that are known of."""
        volumes = [volume for (kind, _), volume in self._taken.volumes.items() if kind is VolumeKind.DATA]
        hand = gather(volumes, Monitor()) if volumes else None
        known = max([*self._taken.data, hand.known if hand else 0])
        if not known:
            raise Damaged(f"{self._taken.info.name}: too little of these is left to tell of any data volume; add one")
        results = [self._result(number) for number in range(1, known + 1)]
        if any(one.outcome is Outcome.BEYOND for one in results):
            self._tell(_NO_RECOVERY)
        elif hand is None or hand.last is None:
            self._tell(f"whether any volume follows {results[-1].info.label} is not known")
        return Rebuilt(results, 0, [])

    def _tell(self, reason: str) -> None:
        self._monitor.problem(Problem(b"", Trouble.LOST, f"{self._taken.info.name}: {reason}"))

    def _result(self, number: int) -> RebuiltVolume:
        info, held = self._taken.info_of(VolumeKind.DATA, number), self._taken.data.get(number)
        if held is None:
            return RebuiltVolume(info, None, None, Outcome.BEYOND)
        given, length = held.paths[0], held.length
        if held.work is None:
            # There is nothing to mend it by, if it is not whole.
            whole = not held.unknown or verify(given, workers=1, monitor=Aside(self._monitor)).state == "intact"
            return RebuiltVolume(info, given, given if whole else None, Outcome.WHOLE if whole else Outcome.BEYOND)
        left = int(held.lost(0, length).sum()) if length else 0
        if not length or left:
            return RebuiltVolume(info, given, None, Outcome.BEYOND, (left, left))
        self._to.check([info.file_name])
        body = Body(info.archive_id, length, b"")
        output = _whole_output(held, body, self._to, self._stack)
        is_dressed = output is held.work.output and held.work.is_complete
        path = _seal(output, None if is_dressed else body, self._to, info, self._monitor)
        return RebuiltVolume(info, given, path, Outcome.REBUILT)
