"""A directory of snapshots on this machine: listing, making and removing them."""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator

from pybackup.errors import EnvironmentFailed, Exists
from pybackup.host.environment import environment
from pybackup.host.locks import try_lock
from pybackup.host.paths import open_at
from pybackup.host.temporaries import create, open_claimed, open_new, publish
from pybackup.host.write_at import write_at

from .location import Location, Reach
from .record import Snapshot, SnapshotRecord, SnapshotState, parse_record

INCOMPLETE, GOING = b".incomplete", b".removing"
LATEST = b"latest"
OWN_DIRECTORY = b".snapshot-records"
_LOCK = b"lock"
RECORD = b".json"
_LONGEST_RECORD = 1 << 16
_ODD_TIME = 1_234_567_891_234_567_891  # ns; a file system with coarser times would round it
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
# How other programs name snapshots: a date, maybe with a time.
_DATED = re.compile(rb"\d{4}-?[01]\d-?[0-3]\d(?:[T_. -]?[0-2]\d[:.-]?[0-5]\d(?:[:.-]?[0-5]\d)?)?")


class LocalStore:
    """Snapshots in a directory.

    Each is a directory there; its record lies in ``.snapshot-records``, under its name. One that is being made is
    called ``NAME.incomplete``, one that is being removed ``NAME.removing``: only a complete one is called ``NAME``.
    """

    is_local = True

    def __init__(self, path: bytes) -> None:
        self.path = path

    @property
    def location(self) -> Location:
        """Where it is, for rsync."""
        return Location(Reach.LOCAL, b"", b"", self.path)

    @property
    def records(self) -> bytes:
        """The directory of the records of the snapshots."""
        return os.path.join(self.path, OWN_DIRECTORY)

    def survey(self) -> list[Snapshot]:
        """Return all snapshots in the order in which they were made; none if the directory does not exist.

        Raises
        ------
        EnvironmentFailed
            The directory cannot be read.
        """
        if not os.path.lexists(self.path):
            return []
        with environment(self.path), os.scandir(self.path) as entries:
            names = [os.fsencode(entry.name) for entry in entries if entry.is_dir(follow_symlinks=False)]
        return snapshots_of(names, self._record)

    def _record(self, name: bytes) -> SnapshotRecord | None:
        try:
            with open(self._record_path(name), "rb") as file:
                return parse_record(file.read(_LONGEST_RECORD))
        except OSError:
            return None

    def _record_path(self, name: bytes) -> bytes:
        return os.path.join(self.path, OWN_DIRECTORY, name + RECORD)

    @contextlib.contextmanager
    def locked(self) -> Iterator[int]:
        """Lock the directory for a run; yield the descriptor of the lock.

        rsync inherits it, so the lock is held as long as an rsync is running that a killed run has left.

        Raises
        ------
        EnvironmentFailed
            Another run is at work there; the directory cannot be written.
        """
        with environment(self.path):
            os.makedirs(self.path, 0o700, exist_ok=True)
            own = os.path.join(self.path, OWN_DIRECTORY)
            with contextlib.suppress(FileExistsError):
                os.mkdir(own, 0o700)
            fd = os.open(os.path.join(own, _LOCK), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            if not try_lock(fd):
                raise EnvironmentFailed(
                    f"{os.fsdecode(self.path)}: another run is at work there, or what it has left of rsync is"
                )
            yield fd
        finally:
            os.close(fd)

    def keeps_nanoseconds(self) -> bool:
        """Return whether the file system there keeps times to the nanosecond; the caller holds the lock.

        Raises
        ------
        EnvironmentFailed
        """
        lock = os.path.join(self.path, OWN_DIRECTORY, _LOCK)
        with environment(lock):
            os.utime(lock, ns=(_ODD_TIME, _ODD_TIME), follow_symlinks=False)
            return os.stat(lock, follow_symlinks=False).st_mtime_ns == _ODD_TIME

    def begin(self, name: bytes, record: SnapshotRecord) -> None:
        """Make the directory of a new snapshot, under the name of an incomplete one.

        Raises
        ------
        Exists
            There is one of that name.
        EnvironmentFailed
        """
        path = os.path.join(self.path, name + INCOMPLETE)
        for each in (os.path.join(self.path, name), path):
            if os.path.lexists(each):
                raise Exists(f"{os.fsdecode(each)}: exists")
        self.write_record(name, record)
        with environment(path):
            os.mkdir(path, 0o700)

    def finish(self, name: bytes, record: SnapshotRecord) -> None:
        """Write a snapshot through to the disk, and then give it its name.

        Raises
        ------
        EnvironmentFailed
        """
        path = os.path.join(self.path, name)
        with environment(path):
            _sync_file_system(self.path)
            self.write_record(name, record)
            dir_fd = os.open(self.path, _DIRECTORY)
            try:
                publish(dir_fd, name + INCOMPLETE, name, replace=False)
                os.fsync(dir_fd)
            finally:
                os.close(dir_fd)

    def point_latest(self, name: bytes) -> bool:
        """Make the symbolic link ``latest`` lead to a snapshot; return False if something else has that name.

        Raises
        ------
        EnvironmentFailed
        """
        path = os.path.join(self.path, LATEST)
        with environment(path):
            if os.path.lexists(path) and not os.path.islink(path):
                return False
            dir_fd = open_claimed(self.path)
            try:
                temporary, _ = create(dir_fd, lambda free: os.symlink(name, free, dir_fd=dir_fd))
                publish(dir_fd, temporary, LATEST, replace=True)
            finally:
                os.close(dir_fd)
        return True

    def write_record(self, name: bytes, record: SnapshotRecord) -> None:
        """Write the record of a snapshot.

        Raises
        ------
        EnvironmentFailed
        """
        path = self._record_path(name)
        with environment(path):
            dir_fd = open_claimed(os.path.dirname(path))
            try:
                temporary, fd = create(dir_fd, lambda free: open_new(free, dir_fd))
                try:
                    write_at(fd, 0, record.to_json())
                    os.fsync(fd)
                finally:
                    os.close(fd)
                publish(dir_fd, temporary, os.path.basename(path), replace=True)
            finally:
                os.close(dir_fd)

    def remove(self, snapshot: Snapshot) -> None:
        """Remove a snapshot. It is renamed first, so that what is left of it never looks complete.

        Raises
        ------
        EnvironmentFailed
            Something of it cannot be removed.
        """
        path = os.path.join(self.path, snapshot.directory)
        going = os.path.join(self.path, snapshot.name + GOING)
        with environment(path):
            if path != going:
                os.rename(path, going)
            remove_tree(going)
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self._record_path(snapshot.name))


def snapshots_of(directories: Iterable[bytes], record_of: Callable[[bytes], SnapshotRecord | None]) -> list[Snapshot]:
    """Return the snapshots among directories, given by their names, in the order in which they were made.

    Parameters
    ----------
    record_of
        Gives the record of a snapshot by its name; None where there is none.
    """
    found = (_snapshot(directory, record_of) for directory in directories)
    return sorted(filter(None, found), key=lambda snapshot: snapshot.order)


def _snapshot(directory: bytes, record_of: Callable[[bytes], SnapshotRecord | None]) -> Snapshot | None:
    for mark, state in ((INCOMPLETE, SnapshotState.INCOMPLETE), (GOING, SnapshotState.GOING)):
        if directory.endswith(mark):
            name = directory.removesuffix(mark)
            record = record_of(name)
            # Without a record, it may be a directory of somebody else with such a name.
            return Snapshot(name, directory, state, record) if record else None
    record = record_of(directory)
    if record:
        return Snapshot(directory, directory, SnapshotState.COMPLETE, record)
    return Snapshot(directory, directory, SnapshotState.FOREIGN) if _DATED.fullmatch(directory) else None


def remove_tree(path: bytes) -> None:
    """Remove a directory with all in it. Modes of directories are changed for it, those of files never.

    Files are shared with other snapshots, which would be changed too.

    Raises
    ------
    OSError
    """
    _let_write(path, None)
    directories = [path]
    for directory in directories:  # grows meanwhile
        fd = open_at(None, directory, _DIRECTORY)
        try:
            with os.scandir(fd) as entries:
                for entry in entries:
                    name = os.fsencode(entry.name)
                    if entry.is_dir(follow_symlinks=False):
                        _let_write(name, fd)
                        directories.append(os.path.join(directory, name))
                    else:
                        os.unlink(name, dir_fd=fd)
        finally:
            os.close(fd)
    for directory in reversed(directories):
        parent, name = os.path.split(directory)
        fd = open_at(None, parent, _DIRECTORY)
        try:
            os.rmdir(name, dir_fd=fd)
        finally:
            os.close(fd)


def _let_write(directory: bytes, dir_fd: int | None) -> None:
    mode = stat.S_IMODE(os.stat(directory, dir_fd=dir_fd, follow_symlinks=False).st_mode)
    if mode & stat.S_IRWXU != stat.S_IRWXU:
        os.chmod(directory, mode | stat.S_IRWXU, dir_fd=dir_fd)


def _sync_file_system(path: bytes) -> None:
    """Wait until everything that was written to the file system of a directory is on the disk."""
    fd = os.open(path, _DIRECTORY)
    try:
        syncfs = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
        if syncfs is None:
            os.sync()
        elif syncfs(fd):
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code))
    finally:
        os.close(fd)
