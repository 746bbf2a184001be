"""A scan of the watched directory: what changed is copied into the directory of the open disc.

Each file that is found is compared with what the last scan left; what is as it was costs no more. What changed is
copied with its hash, unless a disc has that content already, under whatever name. A file is written down when its copy
has its name, so a run that is killed loses nothing: the next one finds what was copied, and goes on.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from pybackup.errors import UsageError
from pybackup.host.environment import environment
from pybackup.host.hash_file import hash_file
from pybackup.host.temporaries import open_claimed
from pybackup.model.display import display
from pybackup.model.entry import Kind, directories_above
from pybackup.model.problem import Problem, Trouble
from pybackup.model.source import Judge
from pybackup.monitor import Monitor

from .copying import CopiedFile, copy_file, place_copy, version_of
from .look import look
from .state import StageState
from .values import (
    ChangeKind,
    Comparison,
    DiscState,
    KnownFile,
    OnFull,
    StageChange,
    StagedCopy,
    StagedDisc,
    WaitReason,
    cost_of,
)

_KEPT_AFTER_FILES, _KEPT_AFTER_BYTES = 200, 64 << 20
_ATTEMPTS = 2
_MOST_ALIKE = 20  # files of one content of which one may be what another was called before
CloseDisc = Callable[[StagedDisc], None]


@dataclass(slots=True)
class ScanCounts:
    """What a scan came to; ``closed`` has the numbers of the discs that it closed."""

    files: int = 0
    staged: int = 0
    staged_bytes: int = 0
    known: int = 0
    deleted: int = 0
    waiting: int = 0
    closed: tuple[int, ...] = ()


def disc_directory(staging: bytes, name: str) -> bytes:
    """Return where the files for a disc are, as long as it has no image."""
    return os.path.join(staging, b"discs", os.fsencode(name))


def check_watched(state: StageState) -> None:
    """Refuse to scan what is not there: a drive that is not mounted looks like a directory without files.

    Raises
    ------
    UsageError
        It is no directory; nothing is mounted where something was.
    """
    settings = state.settings
    name = display(settings.watched)
    if settings.mounted and not os.path.ismount(settings.mounted):
        raise UsageError(f"{name}: nothing is mounted on {display(settings.mounted)}, where something was when the "
                         "stage was made")  # fmt: skip
    if not os.path.isdir(settings.watched):
        raise UsageError(f"{name}: no such directory")


class Scan:
    """One scan; the caller holds the lock of the staging directory.

    Parameters
    ----------
    judge
        Gives the reason to leave something out; None to keep all.
    close
        Closes a disc that is full.
    now_ns
        The time of the scan.
    """

    def __init__(
        self, state: StageState, *, judge: Judge | None, close: CloseDisc, now_ns: int, monitor: Monitor
    ) -> None:
        self._state, self._settings = state, state.settings
        self._judge, self._close, self._monitor = judge, close, monitor
        self._now = now_ns
        self._failed: set[bytes] = set()
        self._former: set[bytes] = set()  # names of files that have others now
        self._since_kept = self._bytes_since_kept = 0
        self._number = 0
        self._lost = {disc.number for disc in state.discs() if disc.state is DiscState.LOST}
        self.counts = ScanCounts()
        self._disc_fd = -1
        self._is_marked = False

    def run(self) -> Iterator[StageChange]:
        """Scan, and yield what is found and done, as it is done.

        Raises
        ------
        UsageError, EnvironmentFailed
            The watched directory has no file any more; the staging directory cannot be written; what closing raises.
        """
        try:
            self._open()
            self._number = self._state.begin_scan(self._now)
            yield from self._first()
            yield from self._left_for_want_of_room()
            if self._settings.on_full is not OnFull.ASK and self._used >= self._settings.full_bytes:
                yield self._closed()
            self._state.end_scan(self._number, self._now, self.counts.files)
            if self._is_marked:
                self._state.mark_clean(clean=True)
            self._keep()
        finally:
            self._leave()
        self.counts.waiting = len(self._state.waiting())

    def _open(self) -> None:
        """Get ready to fill the open disc."""
        disc = self._state.open_disc(self._now)
        self._disc, self._used = disc, disc.used_bytes
        self._directories = self._state.directories_on(disc.number)
        self._at = disc_directory(self._state.directory, disc.name)
        with environment(self._at):
            os.makedirs(self._at, 0o700, exist_ok=True)
            self._disc_fd = open_claimed(self._at)

    def _leave(self) -> None:
        if self._disc_fd >= 0:
            os.close(self._disc_fd)
            self._disc_fd = -1

    def _closed(self) -> StageChange:
        """Close the disc and open the next one."""
        self._keep()
        self._leave()
        full = self._disc
        self._close(full)
        self.counts.closed += (full.number,)
        self._open()
        return StageChange(full.name.encode(), ChangeKind.CLOSED, full.content_bytes, full.number)

    def _first(self) -> Iterator[StageChange]:
        known_files, _ = self._state.count_files()
        watched, met = self._settings.watched, False
        visited: set[bytes] = set()
        emptied: list[bytes] = []  # before any file was met: all may be gone, which is refused
        self._monitor.begin("scan", known_files, 0)
        with environment(watched):
            for directory, found in look(watched, self._judge, self._fail):
                visited.add(directory)
                known = self._state.files_in(directory)
                prefix = directory + b"/" if directory else b""
                for name, status in found:
                    met = True
                    row = known.pop(name, None)
                    if row is None or not self._is_as_it_was(row, status):
                        yield from self._consider(prefix + name, status, row)
                self.counts.files += len(found)
                self._monitor.advance(len(found), 0)
                if known and not met:
                    emptied.append(directory)
                elif known:
                    yield from self._gone(directory, known)
        self._monitor.end()
        if known_files and not met:
            raise UsageError(
                f"{display(watched)}: has no file any more, where {known_files:,} were: is it mounted? If they are "
                "meant to be gone, leave one there"
            )
        emptied += [each for each in list(self._state.watched_directories()) if each not in visited]
        for directory in emptied:
            yield from self._gone(directory, self._state.files_in(directory))

    def _is_as_it_was(self, row: KnownFile, status: os.stat_result) -> bool:
        if self._lost and row.disc in self._lost:
            return False
        if self._settings.compare is Comparison.CHECKSUM:
            return False
        if row.mtime_ns != status.st_mtime_ns or row.size != status.st_size:
            return False
        return row.ctime_ns == status.st_ctime_ns or self._settings.compare is Comparison.TIMES

    def _gone(self, directory: bytes, known: dict[bytes, KnownFile]) -> Iterator[StageChange]:
        """Tell what is not there any more, but for what could not be looked at."""
        above = [*directories_above(directory + b"/x"), b""] if directory else [b""]
        if self._failed and any(each in self._failed for each in above):
            return
        prefix = directory + b"/" if directory else b""
        for name, row in known.items():
            path = prefix + name
            if path in self._failed:
                continue
            self._state.forget_file(path)
            if path in self._former:
                continue
            self._state.tell(self._now, path, ChangeKind.DELETED.value, b"", row.sha256)
            self.counts.deleted += 1
            yield StageChange(path, ChangeKind.DELETED, row.size, row.disc)

    def _fail(self, path: bytes, error: OSError) -> None:
        self._failed.add(path)
        if not isinstance(error, FileNotFoundError):
            self._monitor.problem(Problem(path, Trouble.UNREADABLE, error.strerror or str(error)))

    def _consider(self, path: bytes, status: os.stat_result, row: KnownFile | None) -> Iterator[StageChange]:
        """Do what has to be done about a file that is new, or not as it was."""
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
                with environment(self._at):
                    raise
            yield self._wait(path, status.st_size, WaitReason.UNREADABLE)
            if not isinstance(error, FileNotFoundError):
                self._monitor.problem(Problem(path, Trouble.UNREADABLE, error.strerror or str(error)))
        if self._since_kept >= _KEPT_AFTER_FILES or self._bytes_since_kept >= _KEPT_AFTER_BYTES:
            self._keep()

    def _kind_of(self, row: KnownFile | None, status: os.stat_result) -> ChangeKind:
        if row is None:
            return ChangeKind.NEW
        if row.size != status.st_size:
            return ChangeKind.SIZE
        if row.mtime_ns != status.st_mtime_ns:
            return ChangeKind.TIME
        if row.disc in self._lost:
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
        # An empty file, or a link, is told by its name: that others are like it is no reason to leave it out.
        has_content = stat.S_ISREG(status.st_mode) and status.st_size > 0
        if row is not None or (has_content and self._state.has_size(status.st_size)):
            sha256 = _hash_of(source, status)
            if version_of(os.stat(source, follow_symlinks=False)) != version_of(status):
                yield self._changing(path, status.st_size)
                return
            if row is not None and row.sha256 == sha256 and row.disc not in self._lost:
                self._write_down(path, status, row.disc, sha256)
                if row[:3] != _times(status):
                    self.counts.known += 1
                    yield StageChange(path, ChangeKind.TOUCHED, status.st_size, row.disc)
                return
            copy = self._state.sound_copy(sha256) if has_content else None
            if copy is not None:
                yield self._known(path, status, copy)
                return
        new = sum(each not in self._directories for each in directories_above(path))
        cost = cost_of(path, status.st_size, new)
        if cost > self._settings.capacity_bytes:
            yield self._wait(path, status.st_size, WaitReason.TOO_LARGE)
            self._monitor.problem(
                Problem(path, Trouble.REFUSED, "is larger than a disc: a set of volumes divides it (pybackup create)")
            )
            return
        if self._used + cost > self._settings.capacity_bytes:
            if self._used < self._settings.full_bytes or self._settings.on_full is OnFull.ASK:
                yield self._wait(path, status.st_size, WaitReason.NO_ROOM)
                return
            yield self._closed()
            cost = cost_of(path, status.st_size, len(directories_above(path)))
        yield from self._stage(path, cost, kind)

    def _known(self, path: bytes, status: os.stat_result, copy: StagedCopy) -> StageChange:
        """A disc has the content: nothing is copied."""
        former = self._former_name(copy, path)
        if former is not None:
            self._former.add(former)
            if copy.disc == self._disc.number and copy.path == former:
                self._mark()
                self._make_way(path)
                self._move(copy, path)
        self._write_down(path, status, copy.disc, copy.sha256)
        self.counts.known += 1
        kind = ChangeKind.ALIKE if former is None else ChangeKind.RENAMED
        other = copy.path if former is None else former
        self._state.tell(self._now, path, kind.value, other, copy.sha256)
        return StageChange(path, kind, status.st_size, copy.disc, other)

    def _former_name(self, copy: StagedCopy, path: bytes) -> bytes | None:
        """Return the name that a file had before, which no file has any more; None where it is one more of the kind."""
        names = [each for each, _ in self._state.with_hash(copy.sha256, _MOST_ALIKE)] or [copy.path]
        watched = self._settings.watched
        return next((each for each in names if each != path and not os.path.lexists(os.path.join(watched, each))), None)

    def _stage(self, path: bytes, cost: int, kind: ChangeKind) -> Iterator[StageChange]:
        copied = self._copied(path)
        if copied is None:
            yield self._changing(path, 0)
            return
        status = copied.status
        with environment(self._at):
            self._mark()
            self._make_way(path)
            os.makedirs(os.path.join(self._at, os.path.dirname(path)), 0o700, exist_ok=True)
            place_copy(copied, path, self._disc_fd)
        kind_there = Kind.SYMLINK if stat.S_ISLNK(status.st_mode) else Kind.FILE
        self._state.add_copy(
            StagedCopy(
                0, self._disc.number, path, int(kind_there), status.st_size if kind_there is Kind.FILE else 0,
                status.st_mtime_ns, stat.S_IMODE(status.st_mode), copied.sha256, cost, kind.value, self._now,
            )
        )  # fmt: skip
        self._write_down(path, status, self._disc.number, copied.sha256)
        self._directories.update(directories_above(path))
        self._used += cost
        self.counts.staged += 1
        self.counts.staged_bytes += status.st_size
        yield StageChange(path, kind, status.st_size, self._disc.number)

    def _copied(self, path: bytes) -> CopiedFile | None:
        """Copy a file, once more where it changed meanwhile; None where it did so again."""
        source = os.path.join(self._settings.watched, path)
        for _ in range(_ATTEMPTS):
            copied = copy_file(source, self._disc_fd)
            if copied is not None:
                return copied
        return None

    def _write_down(self, path: bytes, status: os.stat_result, disc: int, sha256: bytes) -> None:
        self._state.set_file(path, KnownFile(*_times(status), disc, sha256))
        self._state.wait_no_more(path)
        self._since_kept += 1
        self._bytes_since_kept += status.st_size

    def _mark(self) -> None:
        """Write down that what is staged changes, before it does: whoever comes behind a killed run looks at it."""
        if not self._is_marked:
            self._state.mark_clean(clean=False)
            self._keep()
            self._is_marked = True

    def _make_way(self, path: bytes) -> None:
        """Clear a path on the open disc: of what lies there, above or below, the last version alone stays."""
        number = self._disc.number
        for place in (*directories_above(path), path):
            copy = self._state.copy_at(number, place)
            if copy is not None:
                self._displace(copy, path)
        for copy in self._state.copies_below(number, path):
            self._displace(copy, path)
        there = os.path.join(self._at, path)
        if os.path.isdir(there) and not os.path.islink(there):
            with environment(there):
                _remove_empty(there)

    def _displace(self, copy: StagedCopy, path: bytes) -> None:
        """Take a file off the open disc; where another watched file has its content, it gets that one's name."""
        place = os.path.join(self._at, copy.path)
        alike = self._state.with_hash(copy.sha256, 2) if copy.kind == Kind.FILE else ()
        heir = next((each for each, _ in alike if each != copy.path), None)
        is_needed = heir is not None and self._is_only(copy)
        if is_needed and heir is not None and not _collide(heir, path):
            self._make_way(heir)
            self._move(copy, heir)
            return
        if is_needed:
            self._state.forget_content(copy.sha256)
        with environment(place), suppress(FileNotFoundError):
            os.unlink(place)
        self._state.remove_copy(copy)
        self._used -= copy.cost

    def _move(self, copy: StagedCopy, path: bytes) -> None:
        """Give a file on the open disc another path, where nothing is in the way."""
        to = os.path.join(self._at, path)
        with environment(to):
            os.makedirs(os.path.dirname(to), 0o700, exist_ok=True)
            os.rename(os.path.join(self._at, copy.path), to)
        self._state.move_copy(copy, path)
        self._directories.update(directories_above(path))

    def _is_only(self, copy: StagedCopy) -> bool:
        """Whether no other disc has the content."""
        found = self._state.sound_copy(copy.sha256)
        return found is not None and found.id == copy.id

    def _left_for_want_of_room(self) -> Iterator[StageChange]:
        """Put what did not fit beside the others onto the next discs."""
        if self._settings.on_full is OnFull.ASK:
            return
        while left := [
            path for path, _, reason, _ in self._state.waiting(self._number) if reason is WaitReason.NO_ROOM
        ]:
            yield self._closed()
            for path in left:
                row = self._state.files_in(os.path.dirname(path)).get(os.path.basename(path))
                self._state.wait_no_more(path)
                try:
                    status = os.stat(os.path.join(self._settings.watched, path), follow_symlinks=False)
                except OSError:
                    continue
                yield from self._consider(path, status, row)

    def _wait(self, path: bytes, size: int, reason: WaitReason) -> StageChange:
        self._state.wait(self._number, path, size, reason, self._now)
        return StageChange(path, ChangeKind.WAITS, size, self._disc.number, reason.value.encode())

    def _changing(self, path: bytes, size: int) -> StageChange:
        self._monitor.problem(Problem(path, Trouble.CHANGED, "while it was copied; the next scan takes it"))
        return self._wait(path, size, WaitReason.CHANGING)

    def _keep(self) -> None:
        self._state.commit()
        self._since_kept = self._bytes_since_kept = 0


def changed_since(state: StageState, judge: Judge | None) -> tuple[int, int]:
    """Return how many files are not as the last scan left them, and of how many bytes; nothing is read or changed."""
    files = n_bytes = 0
    watched = state.settings.watched
    with environment(watched):
        for directory, found in look(watched, judge, lambda path, error: None):
            known = state.files_in(directory)
            for name, status in found:
                row = known.get(name)
                if row is None or row[:3] != _times(status):
                    files += 1
                    n_bytes += status.st_size
    return files, n_bytes


def reconcile(state: StageState, disc: StagedDisc, now_ns: int) -> int:
    """Write down what a killed run has copied for a disc, and forget what is not there; return how many files differed.

    The caller holds the lock.

    Raises
    ------
    EnvironmentFailed
        The directory of the disc cannot be read.
    """
    at = disc_directory(state.directory, disc.name)
    if not os.path.isdir(at):
        with environment(at):
            os.makedirs(at, 0o700)
    with environment(at):
        os.close(open_claimed(at))  # which removes what was not finished
        found: dict[bytes, os.stat_result] = {}
        for directory, seen in look(at, None, _raise):
            prefix = directory + b"/" if directory else b""
            found.update((prefix + name, status) for name, status in seen)
        changed = 0
        for copy in list(state.copies(disc.number)):
            status = found.pop(copy.path, None)
            is_same = status is not None and status.st_mtime_ns == copy.mtime_ns
            if status is not None and is_same and (copy.kind == Kind.SYMLINK or status.st_size == copy.size):
                continue
            changed += 1
            state.remove_copy(copy)
            state.forget_content(copy.sha256)
            if status is not None:
                found[copy.path] = status
        for path, status in found.items():
            changed += 1
            is_link = stat.S_ISLNK(status.st_mode)
            place = os.path.join(at, path)
            sha256 = _hash_of(place, status)
            kind, size = (Kind.SYMLINK, 0) if is_link else (Kind.FILE, status.st_size)
            cost = cost_of(path, size, len(directories_above(path)))
            state.add_copy(
                StagedCopy(
                    0, disc.number, path, int(kind), size, status.st_mtime_ns, stat.S_IMODE(status.st_mode), sha256,
                    cost, "copied by a run that was cut short", now_ns,
                )
            )  # fmt: skip
    state.commit()
    return changed


def _hash_of(path: bytes, status: os.stat_result) -> bytes:
    """Return the hash of a file, or of what a symbolic link leads to."""
    return hashlib.sha256(os.readlink(path)).digest() if stat.S_ISLNK(status.st_mode) else hash_file(path)


def _raise(path: bytes, error: OSError) -> None:
    raise error


def _times(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _collide(one: bytes, other: bytes) -> bool:
    return one == other or one.startswith(other + b"/") or other.startswith(one + b"/")


def _remove_empty(directory: bytes) -> None:
    for above, below, _ in os.walk(directory, topdown=False):
        for name in below:
            os.rmdir(os.path.join(above, name))
    os.rmdir(directory)
