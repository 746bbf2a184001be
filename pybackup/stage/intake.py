"""What a scan does about one file that is new or changed: copies it, finds its content on a disc, or lets it wait.

A file is copied with its hash, unless a disc has that content already, under any name. It is entered in the state when
its copy has its name, so a killed run loses nothing: the next one finds the copies that were made, and goes on.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from pybackup.host.environment import environment
from pybackup.model.display import display
from pybackup.model.problem import Problem, Trouble
from pybackup.monitor import Monitor

from .copying import hash_of, version_of
from .open_disc import OpenDisc
from .state import StageState
from .values import ChangeKind, DiscState, KnownFile, OnFull, StageChange, StagedCopy, StagedDisc, WaitReason
from .watched import times_of

_KEPT_AFTER_FILES, _KEPT_AFTER_BYTES = 200, 64 << 20
_MOST_ALIKE = 20  # so many files with a content are looked at for one that was renamed
CloseDisc = Callable[[StagedDisc], Sequence[StagedDisc]]
"""Closes a disc, and returns it as it is then; several if a file on it is divided over so many."""


@dataclass(slots=True)
class ScanCounts:
    """The counts of a scan.

    Attributes
    ----------
    files
        All that were found.
    staged, staged_bytes
        Those that were copied.
    known
        Those whose content a disc had already.
    deleted, waiting
        Those that are gone; those that wait, also from earlier scans.
    closed
        The numbers of the discs that were closed.
    """

    files: int = 0
    staged: int = 0
    staged_bytes: int = 0
    known: int = 0
    deleted: int = 0
    waiting: int = 0
    closed: tuple[int, ...] = ()


class Intake:
    """Takes files, one by one, onto the open disc, and closes it and goes on with the next one as it gets full.

    Parameters
    ----------
    close
        Closes a disc that is full.
    now_ns
        The time of the scan, in ns since the epoch.

    Attributes
    ----------
    scan
        The number of the scan, which the caller sets before the first file.
    lost
        The numbers of the discs that are lost.
    former
        The former paths of renamed files, which so are not deleted.
    """

    def __init__(self, state: StageState, counts: ScanCounts, close: CloseDisc, now_ns: int, monitor: Monitor) -> None:
        self._state, self._settings = state, state.settings
        self._counts, self._close, self._now, self._monitor = counts, close, now_ns, monitor
        self._since_kept = self._bytes_since_kept = 0
        self.disc = OpenDisc(state, now_ns)
        self.scan = 0
        self.lost = {*state.numbers(DiscState.LOST)}
        self.former: set[bytes] = set()

    def consider(self, path: bytes, row: KnownFile | None) -> Iterator[StageChange]:
        """Do what has to be done about a file that is new or changed, and yield what was done.

        Nothing is done about one that is gone meanwhile.

        Parameters
        ----------
        path
            Relative to the watched directory.
        row
            The file as the last scan left it; None for a new file.

        Raises
        ------
        EnvironmentFailed
            The staging directory cannot be written. A watched file that cannot be read raises nothing, but waits.
        """
        try:
            status = os.stat(os.path.join(self._settings.watched, path), follow_symlinks=False)
        except FileNotFoundError:
            return
        except OSError as error:
            yield self._unreadable(path, row.size if row else 0, error)
            return
        mode = status.st_mode
        if not stat.S_ISREG(mode) and not stat.S_ISLNK(mode):
            if row is None:
                self._monitor.note(f"{display(path)}: neither a file nor a link, left out")
            return
        if any(0 <= self._now - at < self._settings.settle_ns for at in (status.st_mtime_ns, status.st_ctime_ns)):
            yield self._wait(path, status.st_size, WaitReason.SETTLING)
            return
        kind = self._kind_of(row, status)
        self._monitor.working_on(path)
        try:
            yield from self._take(path, status, row, kind)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
                with environment(self.disc.directory):
                    raise
            yield self._unreadable(path, status.st_size, error)
        if self._since_kept >= _KEPT_AFTER_FILES or self._bytes_since_kept >= _KEPT_AFTER_BYTES:
            self.keep()

    def put_onto_next_discs(self) -> Iterator[StageChange]:
        """While files wait for room, close the disc and take them onto the next one."""
        if self._settings.on_full is OnFull.ASK:
            return
        while left := [path for path, _, reason, _ in self._state.waiting(self.scan) if reason is WaitReason.NO_ROOM]:
            yield from self.close_disc()
            for path in left:
                row = self._state.files_in(os.path.dirname(path)).get(os.path.basename(path))
                self._state.wait_no_more(path)
                yield from self.consider(path, row)

    def close_disc(self) -> Iterator[StageChange]:
        """Close the disc, open the next one, and yield what was closed."""
        self.keep()
        self.disc.leave()
        closed = self._close(self.disc.disc)
        self._counts.closed += tuple(disc.number for disc in closed)
        self.disc.open()
        for disc in closed:
            yield StageChange(disc.name.encode(), ChangeKind.CLOSED, disc.content_bytes, disc.number)

    def keep(self) -> None:
        """Commit the changes of the state until now."""
        self._state.commit()
        self._since_kept = self._bytes_since_kept = 0

    def _kind_of(self, row: KnownFile | None, status: os.stat_result) -> ChangeKind:
        if row is None:
            return ChangeKind.NEW
        if row.size != status.st_size:
            return ChangeKind.SIZE
        if row.mtime_ns != status.st_mtime_ns:
            return ChangeKind.TIME
        if row.disc in self.lost:
            return ChangeKind.AGAIN
        return ChangeKind.STATUS if row.ctime_ns != status.st_ctime_ns else ChangeKind.CONTENT

    def _take(
        self, path: bytes, status: os.stat_result, row: KnownFile | None, kind: ChangeKind
    ) -> Iterator[StageChange]:
        source = os.path.join(self._settings.watched, path)
        if row is not None and kind is ChangeKind.AGAIN and stat.S_ISREG(status.st_mode) and status.st_size:
            elsewhere = self._state.sound_copy(row.sha256)
            if elsewhere is not None:
                self._write_down(path, status, elsewhere.disc, row.sha256)
                return
        # Of empty files and links the names are what counts, so they are copied even if a disc has the same content.
        has_content = stat.S_ISREG(status.st_mode) and status.st_size > 0
        if row is not None or (has_content and self._state.has_size(status.st_size)):
            sha256 = hash_of(source, status)
            if version_of(os.stat(source, follow_symlinks=False)) != version_of(status):
                yield self._changing(path, status.st_size)
                return
            if row is not None and row.sha256 == sha256 and row.disc not in self.lost:
                self._write_down(path, status, row.disc, sha256)
                if row[:3] != times_of(status):
                    self._counts.known += 1
                    yield StageChange(path, ChangeKind.TOUCHED, status.st_size, row.disc)
                return
            copy = self._state.sound_copy(sha256) if has_content else None
            if copy is not None:
                yield self._known(path, status, copy)
                return
        yield from self._stage(path, status.st_size, kind)

    def _known(self, path: bytes, status: os.stat_result, copy: StagedCopy) -> StageChange:
        """Enter a file whose content is on a disc already; it is not copied."""
        former = self._former_name(copy, path)
        if former is not None:
            self.former.add(former)
            if copy.disc == self.disc.number and copy.path == former:
                self.disc.rename(copy, path)
        self._write_down(path, status, copy.disc, copy.sha256)
        self._counts.known += 1
        kind = ChangeKind.ALIKE if former is None else ChangeKind.RENAMED
        other = copy.path if former is None else former
        self._state.tell(self._now, path, kind.value, other, copy.sha256)
        return StageChange(path, kind, status.st_size, copy.disc, other)

    def _former_name(self, copy: StagedCopy, path: bytes) -> bytes | None:
        """Return the path that a renamed file had before; None if the files with that content are all still there."""
        names = [each for each, _ in self._state.with_hash(copy.sha256, _MOST_ALIKE)] or [copy.path]
        watched = self._settings.watched
        return next((each for each in names if each != path and not os.path.lexists(os.path.join(watched, each))), None)

    def _stage(self, path: bytes, size: int, kind: ChangeKind) -> Iterator[StageChange]:
        """Copy a file onto the disc, or onto the next one if this one is full; if neither is possible, it waits."""
        cost = self.disc.cost_of(path, size)
        if not self.disc.has_room(cost):
            if not self.disc.is_full or self._settings.on_full is OnFull.ASK:
                yield self._wait(path, size, WaitReason.NO_ROOM)
                return
            yield from self.close_disc()
            cost = self.disc.cost_of(path, size)
        if cost > self._settings.capacity_bytes:
            self._monitor.note(
                f"{display(path)}: is larger than a disc: divided over discs that are closed together, "
                f"{self.disc.discs_with(cost)} or so from {self.disc.disc.name} on"
            )
        copied = self.disc.copy(os.path.join(self._settings.watched, path))
        if copied is None:
            yield self._changing(path, 0)
            return
        self.disc.place(copied, path, cost, kind)
        self._write_down(path, copied.status, self.disc.number, copied.sha256)
        self._counts.staged += 1
        self._counts.staged_bytes += copied.status.st_size
        yield StageChange(path, kind, copied.status.st_size, self.disc.number)

    def _write_down(self, path: bytes, status: os.stat_result, disc: int, sha256: bytes) -> None:
        self._state.set_file(path, KnownFile(*times_of(status), disc, sha256))
        self._state.wait_no_more(path)
        self._since_kept += 1
        self._bytes_since_kept += status.st_size

    def _wait(self, path: bytes, size: int, reason: WaitReason) -> StageChange:
        self._state.wait(self.scan, path, size, reason, self._now)
        return StageChange(path, ChangeKind.WAITS, size, self.disc.number, reason.value.encode())

    def _unreadable(self, path: bytes, size: int, error: OSError) -> StageChange:
        if not isinstance(error, FileNotFoundError):
            self._monitor.problem(Problem(path, Trouble.UNREADABLE, error.strerror or str(error)))
        return self._wait(path, size, WaitReason.UNREADABLE)

    def _changing(self, path: bytes, size: int) -> StageChange:
        self._monitor.problem(Problem(path, Trouble.CHANGED, "while it was copied; the next scan takes it"))
        return self._wait(path, size, WaitReason.CHANGING)
