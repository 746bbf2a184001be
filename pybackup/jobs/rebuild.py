"""Rebuilding the volumes of a set that are lost or damaged, from what is left of all of them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from pybackup.errors import Damaged, UsageError
from pybackup.host.monitor import Aside, Monitor
from pybackup.host.room import check_room
from pybackup.host.storage import ArchiveFile, Output, environment
from pybackup.layout.guard import SECTOR
from pybackup.layout.recovery import Body, RecoveryHeader
from pybackup.model.problem import Problem, Trouble
from pybackup.model.volume import VolumeInfo, VolumeKind
from pybackup.parity.across import Across, Losses, Shard, encode_lost, fill_across
from pybackup.parity.stripes import Bytes

from .bodies import Held
from .dressing import dress_again
from .recovery_volumes import Together, hash_of, make_recovery
from .taking_in import Taken, take_in
from .verify import check_written
from .volumes import Volume, volumes_in

_COPY_BYTES = 1 << 20


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
    keep_partial: bool = False,
    monitor: Monitor,
) -> Rebuilt:
    """Write every volume of a set that is lost or damaged, as far as the others bring it back.

    Parameters
    ----------
    paths
        All volumes that are left, in any order: files, images, devices, directories of them.
    directory
        Where the volumes appear, under their first names; made. What is whole is not copied there.
    keep_partial
        Also give their names to data volumes of which some is lost: there are zeros in their place then.

    Raises
    ------
    UsageError
        The volumes are of several sets; or one that would be written exists.
    Damaged
        No recovery volume is left that tells of the others, and something is to be rebuilt.
    EnvironmentFailed
        A volume cannot be written, or was not read back as it was written.
    """
    with environment(directory):
        os.makedirs(directory, exist_ok=True)
    with ExitStack() as stack:
        taken = take_in(paths, directory, work_dir=work_dir, stack=stack, monitor=monitor)
        if taken.header is None:
            raise Damaged(_without_recovery(taken))
        return _Rebuilding(taken, taken.header, directory, work_dir, stack, monitor).run(keep_partial=keep_partial)


def _without_recovery(taken: Taken) -> str:
    return f"{taken.info.name}: no recovery volume is among these, or too little is left of it; add one"


class _Rebuilding:
    """One set while it is rebuilt: rows of the code are data volumes, then recovery volumes, all from 0."""

    def __init__(
        self,
        taken: Taken,
        header: RecoveryHeader,
        directory: bytes,
        work_dir: bytes | None,
        stack: ExitStack,
        monitor: Monitor,
    ) -> None:
        self._taken, self._header, self._monitor = taken, header, monitor
        self._directory, self._work_dir, self._stack = directory, work_dir, stack
        self._bodies: Sequence[Body] = header.bodies
        headers = [shard.header for shard in taken.recovery.values()]
        self._last_recovery = max(one.first + one.count - 1 for one in headers)
        # Those that were made together with one that is here exist; of others nothing is known.
        self._siblings = sorted({number for one in headers for number in range(one.first, one.first + one.count)})
        self._outputs: dict[int, Output] = {}
        self._losses = Losses(len(self._bodies) + self._last_recovery, header.shard_bytes // SECTOR)

    def run(self, *, keep_partial: bool) -> Rebuilt:
        """Do all of it."""
        self._check_unknown()
        self._look_for_losses()
        damaged = [row for row in range(len(self._bodies)) if self._is_damaged(row)]
        lost = [number for number in self._siblings if self._recovery_is_damaged(number)]
        self._check_free([self._data_info(row) for row in damaged] + [self._recovery_info(number) for number in lost])
        first = {row: self._losses.count(row) for row in damaged}
        self._begin_outputs([row for row in damaged if row + 1 not in self._taken.data])
        if any(first.values()):
            self._fill()
        right = {row: self._is_restored(row) for row in damaged}
        if self._drop_strangers([row for row in damaged if not right[row] and not self._losses.count(row)]):
            return self.run(keep_partial=keep_partial)
        results = [
            self._finish(row, first[row], right=right[row], keep_partial=keep_partial)
            if row in first
            else self._whole(row)
            for row in range(len(self._bodies))
        ]
        needed, helpful = self._what_would_help() if any(self._lost_of(one) for one in results) else (0, [])
        return Rebuilt([*results, *self._finish_recovery(results, lost)], needed, helpful)

    # What there is

    def _data_info(self, row: int) -> VolumeInfo:
        return self._taken.info_of(VolumeKind.DATA, row + 1)

    def _recovery_info(self, number: int) -> VolumeInfo:
        return self._taken.info_of(VolumeKind.RECOVERY, number)

    def _path(self, info: VolumeInfo) -> bytes:
        return os.path.join(self._directory, info.file_name)

    def _check_unknown(self) -> None:
        """Take a volume without checksums for what it seems to be only if its hash says so."""
        for row, body in enumerate(self._bodies):
            held = self._taken.data.get(row + 1)
            if held is None:
                continue
            other = held.length not in (None, body.n_bytes)
            if other or (held.unknown and not self._is_right(held.file, held.start, body)):
                self._refuse(row, "is not the volume that the recovery volumes know, or too little is left of it")

    def _refuse(self, row: int, reason: str) -> None:
        held = self._taken.data.pop(row + 1)
        self._monitor.problem(Problem(held.paths[0], Trouble.REFUSED, reason))

    def _drop_strangers(self, wrong: Sequence[int]) -> bool:
        """Where rows came out wrong, leave out the volumes whose bodies are not those of the set; were there any?"""
        if not wrong:
            return False
        strangers = [
            row
            for row, body in enumerate(self._bodies)
            if row + 1 in self._taken.data
            and not self._is_damaged(row)
            and not self._is_right(self._taken.data[row + 1].file, self._taken.data[row + 1].start, body)
        ]
        for row in strangers:
            self._refuse(row, "is whole, and yet not what it was when the recovery volumes were made")
        for held in self._rows_at_hand().values():
            if held.work:
                held.work.take_back()
        for output in self._outputs.values():
            output.discard()
        self._outputs.clear()
        return bool(strangers)

    def _look_for_losses(self) -> None:
        for row, body in enumerate(self._bodies):
            held = self._taken.data.get(row + 1)
            every = np.ones(-(-body.n_bytes // SECTOR), bool)
            self._losses.put(row, held.lost(0, body.n_bytes) if held else every)
        for number in range(1, self._last_recovery + 1):
            shard = self._taken.recovery.get(number)
            every = np.ones(self._losses.sectors, bool)
            lost = (
                shard.held.lost(shard.offset, self._header.shard_bytes) if shard and not shard.held.unknown else every
            )
            self._losses.put(self._row_of(number), lost)

    def _row_of(self, number: int) -> int:
        return len(self._bodies) + number - 1

    def _is_damaged(self, row: int) -> bool:
        held = self._taken.data.get(row + 1)
        return held is None or held.work is not None or held.unknown or bool(self._losses.count(row))

    def _recovery_is_damaged(self, number: int) -> bool:
        shard = self._taken.recovery.get(number)
        return shard is None or shard.held.work is not None or shard.held.unknown

    def _check_free(self, infos: Sequence[VolumeInfo]) -> None:
        for info in infos:
            if os.path.lexists(self._path(info)):
                name = os.fsdecode(self._path(info))
                raise UsageError(f"{name}: exists, and {info.label} is to be written there; choose another directory")

    # Across the volumes

    def _begin_outputs(self, rows: Sequence[int]) -> None:
        if rows:
            where = self._directory if self._work_dir is None else self._work_dir
            check_room({where}, sum(self._bodies[row].n_bytes for row in rows))
        for row in rows:
            output = self._stack.enter_context(Output(self._path(self._data_info(row)), work_dir=self._work_dir))
            output.truncate(self._bodies[row].n_bytes)
            self._outputs[row] = output

    def _fill(self) -> None:
        """Restore columns, then what own parity can mend with their help, until nothing changes."""
        code = Across(len(self._bodies))
        works = [held.work for held in self._rows_at_hand().values()]
        total = self._losses.sectors * SECTOR * len(self._bodies)
        self._monitor.begin("rebuild", 0, total)
        while True:
            shards = self._shards()
            fill_across(code, shards, self._losses, self._write, lambda count: self._monitor.advance(0, count))
            encode_lost(code, shards, self._losses, self._write)
            # Each of them, before the columns are looked at once more.
            mended = [work.mend() for work in works if work]
            if not any(mended):
                break
            self._look_again()
        self._monitor.end()

    def _rows_at_hand(self) -> dict[int, Held]:
        rows = {number - 1: held for number, held in self._taken.data.items()}
        rows |= {self._row_of(number): shard.held for number, shard in self._taken.recovery.items()}
        return rows

    def _look_again(self) -> None:
        """Learn what own parity mended; what was restored before is as good as ever."""
        for row, (start, n_bytes) in self._stretches().items():
            before = self._losses.of(row)
            if len(before):
                lost = self._rows_at_hand()[row].lost(start, n_bytes)
                self._losses.found(row, before[~lost[before]])

    def _stretches(self) -> dict[int, tuple[int, int]]:
        """Where the shard of each row lies in its archive."""
        rows = {number - 1: (0, self._bodies[number - 1].n_bytes) for number in self._taken.data}
        for number, shard in self._taken.recovery.items():
            rows[self._row_of(number)] = shard.offset, self._header.shard_bytes
        return rows

    def _shards(self) -> list[Shard | None]:
        at_hand, stretches = self._rows_at_hand(), self._stretches()
        shards: list[Shard | None] = []
        for row in range(self._losses.rows):
            if row in at_hand:
                shards.append(at_hand[row].shard(*stretches[row]))
            elif row in self._outputs:
                # What was restored of it helps to make recovery shards whole.
                file = self._stack.enter_context(ArchiveFile(self._outputs[row].temporary))
                shards.append(Shard(file, 0, self._bodies[row].n_bytes))
            else:
                shards.append(None)
        return shards

    def _write(self, row: int, sector: int, data: Bytes) -> None:
        start, n_bytes = self._stretches().get(row, (0, 0))
        at = sector * SECTOR
        if row in self._outputs:
            self._outputs[row].write_at(at, data.tobytes()[: self._bodies[row].n_bytes - at])
            return
        held = self._rows_at_hand()[row]
        assert held.work is not None, "what is whole is not written"
        held.work.write(held.start + start + at, data.tobytes()[: n_bytes - at])

    # What comes out

    def _whole(self, row: int) -> RebuiltVolume:
        path = self._taken.data[row + 1].paths[0]
        return RebuiltVolume(self._data_info(row), path, path, Outcome.WHOLE)

    @staticmethod
    def _lost_of(volume: RebuiltVolume) -> int:
        return volume.lost_sectors[1]

    def _is_restored(self, row: int) -> bool:
        """Whether a body that was damaged is what it was."""
        if self._losses.count(row):
            return False
        held = self._taken.data.get(row + 1)
        if held is not None:
            return self._is_right(held.file, held.start, self._bodies[row])
        self._outputs[row].flush()
        with ArchiveFile(self._outputs[row].temporary) as file:
            return self._is_right(file, 0, self._bodies[row])

    def _finish(self, row: int, lost_sectors: int, *, right: bool, keep_partial: bool) -> RebuiltVolume:
        """Publish a data volume whose body is right."""
        info, body, held = self._data_info(row), self._bodies[row], self._taken.data.get(row + 1)
        given, left = held.paths[0] if held else None, self._losses.count(row)
        if not right and not left:
            reason = "came out otherwise than it was; a volume among those given is not what it was"
            self._monitor.problem(Problem(self._path(info), Trouble.DAMAGED, reason))
        if not right and not keep_partial:
            return RebuiltVolume(info, given, None, Outcome.BEYOND, (lost_sectors, left))
        output = self._outputs[row] if held is None else self._output_of(held, info, body)
        if right:
            if not (held and held.work and output is held.work.output and held.work.is_complete):
                dress_again(output, body, Aside(self._monitor))
            check_written(output.temporary, Aside(self._monitor))
        output.publish()
        outcome = Outcome.REBUILT if right else Outcome.BEYOND
        return RebuiltVolume(info, given, output.path, outcome, (lost_sectors, left))

    def _output_of(self, held: Held, info: VolumeInfo, body: Body) -> Output:
        """The file of a volume that was damaged: the temporary one; of an image a copy of the volume in it."""
        if held.work and held.start == 0 and held.work.is_of(body.n_bytes):
            held.work.output.rename(self._path(info))
            return held.work.output
        output = self._stack.enter_context(Output(self._path(info), work_dir=self._work_dir))
        for at in range(0, body.n_bytes, _COPY_BYTES):
            output.write(held.file.read_what_is_left(held.start + at, min(_COPY_BYTES, body.n_bytes - at)))
        return output

    def _is_right(self, file: ArchiveFile, start: int, body: Body) -> bool:
        self._monitor.begin("check", 0, body.n_bytes)
        with environment(file.path):
            right = hash_of(file, body.n_bytes, self._monitor, start=start) == body.digest
        self._monitor.end()
        return right

    def _finish_recovery(self, results: Sequence[RebuiltVolume], lost: Sequence[int]) -> list[RebuiltVolume]:
        """Make lost recovery volumes again, of data volumes that are whole by now."""
        made = self._mended_alone(lost)
        lost = [number for number in lost if number not in made]
        if lost and all(one.outcome is not Outcome.BEYOND for one in results):
            volumes = [self._volume_at(one) for one in results]
            for together in self._together():
                wanted = [number for number in lost if number in together.numbers]
                if wanted:
                    done = make_recovery(
                        volumes,
                        self._bodies,
                        together,
                        self._directory,
                        numbers=wanted,
                        work_dir=self._work_dir,
                        monitor=self._monitor,
                    )
                    made |= {one.info.number: one.path for one in done}
        return [self._recovery_result(number, made, lost) for number in self._siblings]

    def _mended_alone(self, lost: Sequence[int]) -> dict[int, bytes]:
        """Publish recovery volumes that are whole again by their own parity, and what was restored of them."""
        found: dict[int, bytes] = {}
        for number in lost:
            shard = self._taken.recovery.get(number)
            work = shard.held.work if shard else None
            if shard and work and work.is_complete and shard.held.start == 0:
                work.output.flush()
                check_written(work.output.temporary, Aside(self._monitor))
                work.output.rename(self._path(self._recovery_info(number)))
                work.output.publish()
                found[number] = work.output.path
        return found

    def _together(self) -> list[Together]:
        """The runs that recovery volumes were made in, as far as one tells how."""
        found: dict[int, Together] = {}
        for number, shard in self._taken.recovery.items():
            volume = self._taken.volumes.get((VolumeKind.RECOVERY, number))
            if volume and volume.info:
                found[shard.header.first] = Together.of(shard.header, volume.info)
        return list(found.values())

    def _recovery_result(self, number: int, made: dict[int, bytes], lost: Sequence[int]) -> RebuiltVolume:
        info, shard = self._recovery_info(number), self._taken.recovery.get(number)
        given = shard.held.paths[0] if shard else None
        if number not in lost and number not in made:
            return RebuiltVolume(info, given, given, Outcome.WHOLE)
        path = made.get(number)
        return RebuiltVolume(info, given, path, Outcome.REBUILT if path else Outcome.BEYOND)

    def _volume_at(self, result: RebuiltVolume) -> Volume:
        assert result.path is not None
        if result.outcome is Outcome.WHOLE:
            return self._taken.volumes[VolumeKind.DATA, result.info.number]
        return next(volumes_in(result.path))

    def _what_would_help(self) -> tuple[int, list[VolumeInfo]]:
        """How many more volumes, and out of which."""
        lost = np.zeros(0, np.int64)
        for first in range(0, self._losses.sectors, 1 << 15):
            window = self._losses.window(first, min(1 << 15, self._losses.sectors - first))
            hit = window[:, window[: len(self._bodies)].any(axis=0)]
            lost = np.append(lost, hit.sum(axis=0).max(initial=0))
        needed = int(lost.max(initial=0)) - self._last_recovery
        absent = [self._data_info(row) for row in range(len(self._bodies)) if row + 1 not in self._taken.data]
        absent += [self._recovery_info(number) for number in self._siblings if number not in self._taken.recovery]
        return (needed, absent) if 0 < needed <= len(absent) else (0, [])
