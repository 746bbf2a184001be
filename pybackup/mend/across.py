"""The rows of the code across a set: what of each volume is at hand, what is lost, and what the others give back."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack

import numpy as np
from numpy.typing import NDArray

from pybackup.archive.measure import hash_of
from pybackup.codes.across import Across
from pybackup.codes.stripes import Bytes
from pybackup.container.own import END
from pybackup.host.joined import Part
from pybackup.host.room import check_room
from pybackup.host.storage import ArchiveFile, Destination, Scratch, environment
from pybackup.layout.recovery import Body, RecoveryHeader
from pybackup.model.extents import Extents
from pybackup.model.problem import Problem, Trouble
from pybackup.model.soundness import Soundness, unproved
from pybackup.model.volume import VolumeInfo, VolumeKind
from pybackup.parity.mend.columns import Losses, Shard, encode_lost, fill_across, sectors_of
from pybackup.parity.stream.dealing import runs
from pybackup.sector import SECTOR

from .bodies import Held
from .given import Taken
from .unusable import Unusable

_WINDOW_SECTORS = 1 << 15


def _extents(sectors: NDArray[np.intp]) -> Extents:
    """Sectors as byte ranges."""
    return Extents.of((first * SECTOR, (first + count) * SECTOR) for _, first, count in runs(sectors))


class SetRows:
    """One set while it is restored: rows are data volumes by number from 0, then recovery volumes at hand.

    Parameters
    ----------
    directory, work_dir
        Where volumes will appear that are not there at all, and where they are until then.
    stack
        Closes all of it, and removes what was not published.
    """

    def __init__(
        self,
        taken: Taken,
        header: RecoveryHeader,
        to: Destination,
        stack: ExitStack,
        monitor: Unusable,
    ) -> None:
        self.taken, self.bodies = taken, header.bodies
        self._header, self._monitor = header, monitor
        self._to, self._stack = to, stack
        headers = [shard.header for shard in taken.recovery.values()]
        self._numbers = sorted(taken.recovery)
        # Those that were made together with one that is here exist; of others nothing is known.
        self.siblings = sorted({number for one in headers for number in range(one.first, one.first + one.count)})
        self.outputs: dict[int, Scratch] = {}
        self._trusted: set[int] = set()
        self._wrong: frozenset[int] = frozenset()
        self._lost_at_first: dict[int, NDArray[np.intp]] = {}
        self._losses = Losses(len(self.bodies) + len(self._numbers), header.shard_bytes // SECTOR)

    def lost_sectors(self, row: int) -> int:
        """Return how many sectors of a row are lost now."""
        return self._losses.count(row)

    def held(self, row: int) -> Held | None:
        """Return what is at hand of a data volume."""
        return self.taken.data.get(row + 1)

    def data_info(self, row: int) -> VolumeInfo:
        """Return what the data volume of a row is called."""
        return self.taken.info_of(VolumeKind.DATA, row + 1)

    def recovery_info(self, number: int) -> VolumeInfo:
        """Return what a recovery volume is called."""
        return self.taken.info_of(VolumeKind.RECOVERY, number)

    def path(self, info: VolumeInfo) -> bytes:
        """Return where a volume will appear."""
        return self._to.path(info.file_name)

    def place_of(self, row: int) -> Part | None:
        """Return where a data volume that was damaged lies now, its body and the end; None for one that was whole."""
        if row not in self._lost_at_first:
            return None
        held, n_bytes = self.held(row), self.bodies[row].n_bytes + len(END)
        if held is not None:
            if held.work:
                held.work.output.flush()
            return Part(0, n_bytes, held.file.path, held.start)
        output = self.outputs[row]
        output.truncate(n_bytes)
        return Part(0, n_bytes, output.temporary)

    def soundness_of(self, row: int) -> tuple[Soundness, Extents]:
        """Return what is known of the bytes of a data volume, and which of them were lost and are back."""
        left = _extents(self._losses.of(row))
        first = _extents(self._lost_at_first[row])
        back = Extents.of(part for low, high in first for part in left.gaps(low, high))
        held = self.held(row)
        doubtful = row in self._wrong or (held is not None and held.unknown and bool(left))
        return unproved(left) if doubtful else Soundness(left), back

    def restore(self) -> tuple[dict[int, int], list[int], set[int]]:
        """Restore bodies as far as that is possible.

        Returns
        -------
        tuple[dict[int, int], list[int], set[int]]
            Rows of data volumes that were damaged, with how many sectors of them were lost; numbers of recovery volumes
            that are; and those rows of the first that are right by now.

        Raises
        ------
        UsageError
            What is to be written exists.
        EnvironmentFailed
            A volume cannot be read or written.
        """
        self._check_unknown()
        self._look_for_losses()
        damaged = [row for row in range(len(self.bodies)) if self._is_damaged(row)]
        recovery = [number for number in self.siblings if self._recovery_is_damaged(number)]
        infos = [self.data_info(row) for row in damaged] + [self.recovery_info(one) for one in recovery]
        self._to.check(info.file_name for info in infos)
        first = {row: self._losses.count(row) for row in damaged}
        self._lost_at_first = {row: self._losses.of(row) for row in damaged}
        self._begin_outputs([row for row in damaged if self.held(row) is None])
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

    def what_would_help(self) -> tuple[int, list[VolumeInfo]]:
        """Return how many more volumes bring back what is lost, and out of which; none where they cannot."""
        most = 0
        for first in range(0, self._losses.sectors, _WINDOW_SECTORS):
            window = self._losses.window(first, min(_WINDOW_SECTORS, self._losses.sectors - first))
            hit = window[:, window[: len(self.bodies)].any(axis=0)]
            most = max(most, int(hit.sum(axis=0).max(initial=0)))
        needed = most - len(self._numbers)
        absent = [self.data_info(row) for row in range(len(self.bodies)) if self.held(row) is None]
        absent += [self.recovery_info(number) for number in self.siblings if number not in self.taken.recovery]
        return (needed, absent) if 0 < needed <= len(absent) else (0, [])

    def _check_unknown(self) -> None:
        """Take a volume without checksums for what it seems to be only if its hash says so."""
        for row, body in enumerate(self.bodies):
            held = self.taken.data.get(row + 1)
            if held is None:
                continue
            other = held.length not in (None, body.n_bytes)
            if other or (held.unknown and not self._is_right(held.file, held.start, body)):
                reason = "is not the volume that the recovery volumes know, or too little is left of it"
                self._monitor.refuse(self.taken.data.pop(row + 1).paths[0], reason)

    def _refuse(self, row: int, reason: str) -> None:
        held = self.taken.data.pop(row + 1)
        self._monitor.problem(Problem(held.paths[0], Trouble.REFUSED, reason))

    def _drop_strangers(self) -> bool:
        """Leave out, where something came out wrong, volumes whose bodies are not those of the set; were there any?"""
        strangers = []
        for row, body in enumerate(self.bodies):
            held = self.held(row)
            if held and not self._is_damaged(row) and not self._is_right(held.file, held.start, body):
                strangers.append(row)
        if not strangers:
            return False
        for row in strangers:
            self._refuse(row, "is whole, and yet not what it was when the recovery volumes were made")
        for held in self._rows_at_hand().values():
            if held.work:
                held.work.take_back()
        for output in self.outputs.values():
            output.discard()
        self.outputs.clear()
        self._trusted.clear()
        return True

    def _look_for_losses(self) -> None:
        for row, body in enumerate(self.bodies):
            held = self.taken.data.get(row + 1)
            self._losses.put(row, held.lost(0, body.n_bytes) if held else np.ones(sectors_of(body.n_bytes), bool))
        for number, shard in self.taken.recovery.items():
            lost = np.ones(self._losses.sectors, bool)
            if not shard.held.unknown:
                lost = shard.held.lost(shard.offset, self._header.shard_bytes)
            self._losses.put(self._row_of(number), lost)

    def _row_of(self, number: int) -> int:
        return len(self.bodies) + self._numbers.index(number)

    def _is_damaged(self, row: int) -> bool:
        held = self.taken.data.get(row + 1)
        return held is None or held.work is not None or held.unknown or bool(self._losses.count(row))

    def _recovery_is_damaged(self, number: int) -> bool:
        shard = self.taken.recovery.get(number)
        return shard is None or shard.held.work is not None or shard.held.unknown

    def _begin_outputs(self, rows: Sequence[int]) -> None:
        if rows:
            check_room({self._to.scratch}, sum(self.bodies[row].n_bytes for row in rows))
        for row in rows:
            output = self._stack.enter_context(Scratch(self._to.scratch))
            output.truncate(self.bodies[row].n_bytes)
            self.outputs[row] = output

    def _fill(self) -> None:
        """Restore columns, then what own parity can mend with their help, until nothing changes."""
        code = Across(len(self.bodies))
        works = [held.work for held in self._rows_at_hand().values()]
        total = self._losses.sectors * SECTOR * len(self.bodies)
        self._monitor.begin("rebuild", 0, total)
        of_code = [number - 1 for number in self._numbers]

        def progress(count: int) -> None:
            self._monitor.advance(0, count)

        while True:
            shards = self._shards()
            fill_across(code, shards, of_code, self._losses, self._write, progress)
            encode_lost(code, self._mendable(shards), of_code, self._losses, self._write)
            # Each of them, before the columns are looked at once more.
            mended = [work.mend() for work in works if work]
            if not any(mended):
                break
            self._look_again()
        self._monitor.end()

    def _trust(self) -> bool:
        """Take shards for good that have no checksums; what comes of them is hashed. Return whether there are any."""
        doubtful = [number for number, shard in self.taken.recovery.items() if shard.held.unknown]
        for number in doubtful:
            shard = self.taken.recovery[number]
            self._losses.put(self._row_of(number), shard.held.lost(shard.offset, self._header.shard_bytes))
            self._trusted.add(self._row_of(number))
        return bool(doubtful)

    def _rows_at_hand(self) -> dict[int, Held]:
        rows = {number - 1: held for number, held in self.taken.data.items()}
        rows |= {self._row_of(number): shard.held for number, shard in self.taken.recovery.items()}
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
        rows = {number - 1: (0, self.bodies[number - 1].n_bytes) for number in self.taken.data}
        for number, shard in self.taken.recovery.items():
            rows[self._row_of(number)] = shard.offset, self._header.shard_bytes
        return rows

    def _shards(self) -> list[Shard | None]:
        at_hand, stretches = self._rows_at_hand(), self._stretches()
        shards: list[Shard | None] = []
        for row in range(self._losses.rows):
            if row in at_hand and (row < len(self.bodies) or row in self._trusted or not at_hand[row].unknown):
                shards.append(at_hand[row].shard(*stretches[row]))
            elif row in self.outputs:
                # What was restored of it helps to make recovery shards whole.
                file = self._stack.enter_context(ArchiveFile(self.outputs[row].temporary))
                shards.append(Shard(file, 0, self.bodies[row].n_bytes))
            else:
                shards.append(None)
        return shards

    def _mendable(self, shards: Sequence[Shard | None]) -> list[Shard | None]:
        """The shards without those of recovery volumes that are not put together in a file."""
        at_hand = self._rows_at_hand()
        return [
            shard if row < len(self.bodies) or (row in at_hand and at_hand[row].work) else None
            for row, shard in enumerate(shards)
        ]

    def _write(self, row: int, sector: int, data: Bytes) -> None:
        start, n_bytes = self._stretches().get(row, (0, 0))
        at = sector * SECTOR
        if row in self.outputs:
            self.outputs[row].write_at(at, data.tobytes()[: self.bodies[row].n_bytes - at])
            return
        held = self._rows_at_hand()[row]
        assert held.work is not None, "what is whole is not written"
        held.work.write(held.start + start + at, data.tobytes()[: n_bytes - at])

    def _is_restored(self, row: int) -> bool:
        """Whether a body that was damaged is what it was."""
        held = self.held(row)
        if held is not None:
            return self._is_right(held.file, held.start, self.bodies[row])
        self.outputs[row].flush()
        with ArchiveFile(self.outputs[row].temporary) as file:
            return self._is_right(file, 0, self.bodies[row])

    def _is_right(self, file: ArchiveFile, start: int, body: Body) -> bool:
        self._monitor.begin("check", 0, body.n_bytes)
        with environment(file.path):
            right = hash_of(file, body.n_bytes, self._monitor, start=start) == body.digest
        self._monitor.end()
        return right
