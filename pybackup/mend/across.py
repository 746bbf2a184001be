"""Restoring the volumes of a set from its recovery volumes, by the code across all of them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack

import numpy as np
from numpy.typing import NDArray

from pybackup.archive.measure import hash_of
from pybackup.codes.across import Across
from pybackup.codes.stripes import Bytes
from pybackup.container.own import END
from pybackup.errors import Damaged
from pybackup.host.environment import environment
from pybackup.host.joined import Part
from pybackup.host.output import Destination
from pybackup.host.room import check_room
from pybackup.host.scratch import Scratch
from pybackup.host.storage import ArchiveFile
from pybackup.layout.recovery import Body, RecoveryHeader
from pybackup.model.extents import Extents
from pybackup.model.problem import Problem, Trouble
from pybackup.model.soundness import Soundness, unproved
from pybackup.model.volume import VolumeInfo
from pybackup.parity.mend.columns import Shard, encode_lost, fill_across
from pybackup.parity.stream.dealing import runs
from pybackup.sector import SECTOR

from .lost_rows import LostRows
from .refused_files import RefusedFiles
from .survey_set import SurveyedSet


def _extents(sectors: NDArray[np.intp]) -> Extents:
    """The byte ranges of sectors."""
    return Extents.of((first * SECTOR, (first + count) * SECTOR) for _, first, count in runs(sectors))


class SetRows(LostRows):
    """The rows of a set while they are restored.

    Parameters
    ----------
    to
        The directory for volumes that were not given, and for their temporary files.
    stack
        Closes all files at its end, and removes those that were not published.
    """

    def __init__(
        self,
        surveyed_set: SurveyedSet,
        header: RecoveryHeader,
        to: Destination,
        stack: ExitStack,
        monitor: RefusedFiles,
    ) -> None:
        super().__init__(surveyed_set, header)
        self._monitor, self._to, self._stack = monitor, to, stack
        self.outputs: dict[int, Scratch] = {}
        self._wrong: frozenset[int] = frozenset()
        self._lost_at_first: dict[int, NDArray[np.intp]] = {}

    def path(self, info: VolumeInfo) -> bytes:
        """Return where a volume will appear."""
        return self._to.path(info.file_name)

    def place_of(self, row: int) -> Part | None:
        """Return where a damaged data volume, its body and its end are now; None for an intact one."""
        if row not in self._lost_at_first:
            return None
        volume, n_bytes = self.volume(row), self.bodies[row].n_bytes + len(END)
        if volume is not None:
            if volume.work:
                volume.work.output.flush()
            return Part(0, n_bytes, volume.file.path, volume.start)
        output = self.outputs[row]
        output.truncate(n_bytes)
        return Part(0, n_bytes, output.temporary)

    def soundness_of(self, row: int) -> tuple[Soundness, Extents]:
        """Return which bytes of a data volume are known to be right now, and which of them have been restored."""
        left = _extents(self._losses.of(row))
        first = _extents(self._lost_at_first[row])
        back = Extents.of(part for low, high in first for part in left.gaps(low, high))
        volume = self.volume(row)
        doubtful = row in self._wrong or (volume is not None and volume.unknown and bool(left))
        return unproved(left) if doubtful else Soundness(left), back

    def restore(self) -> tuple[dict[int, int], list[int], set[int]]:
        """Restore the bodies of data volumes as far as that is possible.

        Returns
        -------
        tuple[dict[int, int], list[int], set[int]]
            By row, the number of lost sectors of each damaged data volume; the numbers of the damaged recovery volumes;
            and the rows whose volumes are right now.

        Raises
        ------
        UsageError
            A file that would be written exists.
        EnvironmentFailed
            A volume cannot be read or written.
        """
        self._check_unknown()
        self.look_for_losses()
        damaged = [row for row in range(len(self.bodies)) if self._is_damaged(row)]
        recovery = [number for number in self.siblings if self._recovery_is_damaged(number)]
        infos = [self.data_info(row) for row in damaged] + [self.recovery_info(one) for one in recovery]
        self._to.check(info.file_name for info in infos)
        first = {row: self._losses.count(row) for row in damaged}
        self._lost_at_first = {row: self._losses.of(row) for row in damaged}
        self._begin_outputs([row for row in damaged if self.volume(row) is None])
        if any(first.values()):
            self._fill()
            if any(map(self._losses.count, range(len(self.bodies)))) and self._trust():
                self._fill()
        right = {row for row in damaged if not self._losses.count(row) and self._is_restored(row)}
        wrong = [row for row in damaged if row not in right and not self._losses.count(row)]
        if wrong and self._drop_strangers():
            return self.restore()
        for row in wrong:
            reason = "came out otherwise than it was; a volume among those given is not what it was"
            self._monitor.problem(Problem(self.path(self.data_info(row)), Trouble.DAMAGED, reason))
        self._wrong = frozenset(wrong)
        return first, recovery, right

    def _check_unknown(self) -> None:
        """Ignore volumes of another length, and those without checksums whose body has another hash."""
        for row, body in enumerate(self.bodies):
            volume = self.surveyed_set.data.get(row + 1)
            if volume is None:
                continue
            other = volume.length not in (None, body.n_bytes)
            if other or (volume.unknown and not self._is_right(volume.file, volume.start, body)):
                reason = "is not the volume that the recovery volumes know, or too little is left of it"
                self._monitor.refuse(self.surveyed_set.data.pop(row + 1).paths[0], reason)

    def _refuse(self, row: int, reason: str) -> None:
        volume = self.surveyed_set.data.pop(row + 1)
        self._monitor.problem(Problem(volume.paths[0], Trouble.REFUSED, reason))

    def _drop_strangers(self) -> bool:
        """Ignore intact volumes whose bodies have other hashes than those in the set; return whether there were any.

        Called when a restored volume turned out wrong.
        """
        strangers = []
        for row, body in enumerate(self.bodies):
            volume = self.volume(row)
            if volume and not self._is_damaged(row) and not self._is_right(volume.file, volume.start, body):
                strangers.append(row)
        if not strangers:
            return False
        for row in strangers:
            self._refuse(row, "is whole, and yet not what it was when the recovery volumes were made")
        for volume in self._given_rows().values():
            if volume.work:
                volume.work.take_back()
        for output in self.outputs.values():
            output.discard()
        self.outputs.clear()
        self._trusted.clear()
        return True

    def _begin_outputs(self, rows: Sequence[int]) -> None:
        if rows:
            check_room({self._to.scratch}, sum(self.bodies[row].n_bytes for row in rows))
        for row in rows:
            output = self._stack.enter_context(Scratch(self._to.scratch))
            output.truncate(self.bodies[row].n_bytes)
            self.outputs[row] = output

    def _fill(self) -> None:
        """Restore columns, then repair volumes by their own parity, which misses fewer now; repeat while it helps."""
        code = Across(len(self.bodies))
        works = [volume.work for volume in self._given_rows().values()]
        total = self._losses.sectors * SECTOR * len(self.bodies)
        self._monitor.begin("rebuild", 0, total)
        of_code = [number - 1 for number in self._numbers]

        def progress(count: int) -> None:
            self._monitor.advance(0, count)

        while True:
            shards = self._shards()
            fill_across(code, shards, of_code, self._losses, self._write, progress)
            encode_lost(code, self._mendable(shards), of_code, self._losses, self._write)
            # All volumes, before the columns are decoded again.
            mended = [work.mend() for work in works if work]
            if not any(mended):
                break
            self._look_again()
        self._monitor.end()

    def _shards(self) -> list[Shard | None]:
        given, stretches = self._given_rows(), self._stretches()
        shards: list[Shard | None] = []
        for row in range(self._losses.rows):
            if row in given and (row < len(self.bodies) or row in self._trusted or not given[row].unknown):
                shards.append(given[row].shard(*stretches[row]))
            elif row in self.outputs:
                # Its restored sectors help to restore recovery shards.
                file = self._stack.enter_context(ArchiveFile(self.outputs[row].temporary))
                shards.append(Shard(file, 0, self.bodies[row].n_bytes))
            else:
                shards.append(None)
        return shards

    def _mendable(self, shards: Sequence[Shard | None]) -> list[Shard | None]:
        """Return the shards, with None for recovery volumes without a temporary file, which are not written to."""
        given = self._given_rows()
        return [
            shard if row < len(self.bodies) or (row in given and given[row].work) else None
            for row, shard in enumerate(shards)
        ]

    def _write(self, row: int, sector: int, data: Bytes) -> None:
        start, n_bytes = self._stretches().get(row, (0, 0))
        at = sector * SECTOR
        if row in self.outputs:
            self.outputs[row].write_at(at, data.tobytes()[: self.bodies[row].n_bytes - at])
            return
        volume = self._given_rows()[row]
        assert volume.work is not None, "what is whole is not written"
        volume.work.write(volume.start + start + at, data.tobytes()[: n_bytes - at])

    def _is_restored(self, row: int) -> bool:
        """Return whether the body of a damaged volume is now as it was when the set was made."""
        volume = self.volume(row)
        if volume is not None:
            return self._is_right(volume.file, volume.start, self.bodies[row])
        self.outputs[row].flush()
        with ArchiveFile(self.outputs[row].temporary) as file:
            return self._is_right(file, 0, self.bodies[row])

    def _is_right(self, file: ArchiveFile, start: int, body: Body) -> bool:
        self._monitor.begin("check", 0, body.n_bytes)
        with environment(file.path):
            try:
                right = hash_of(file, body.n_bytes, self._monitor, start=start) == body.digest
            except Damaged:
                right = False  # its end is cut off
        self._monitor.end()
        return right
