"""The hashes of the files in a directory of snapshots: one for each file, however many snapshots share it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

from pybackup.errors import EnvironmentFailed
from pybackup.host.environment import environment

_NAME = b"hashes.sqlite"
_SCHEMA = """
create table if not exists store (inode integer not null);
create table if not exists content (
    inode integer primary key, size integer not null, mtime_ns integer not null, sha256 blob not null,
    path blob not null);
create index if not exists content_by_sha256 on content (sha256);
create table if not exists former (
    path blob not null, size integer not null, mtime_ns integer not null, sha256 blob not null);
create index if not exists former_by_path on former (path);
"""


class ContentFate(StrEnum):
    """Whether a file is still what it was when its hash was taken."""

    SOUND = "sound"
    NEW = "not known before"
    ROT = "rot"
    WRITTEN = "written to"


@dataclass(frozen=True, slots=True)
class Remembered:
    """What is known of a file; ``path`` is the one in the snapshot that it was first found under."""

    size: int
    mtime_ns: int
    sha256: bytes
    path: bytes


class HashStore:
    """The hashes by inode number, as all snapshots that share a file have the same inode.

    When the whole directory has been copied elsewhere, inodes have changed. Then files are recognised by path in the
    snapshot, size and mtime.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def remembered(self, status: os.stat_result, path: bytes) -> Remembered | None:
        """Return what is known of a file; None for nothing."""
        row = self._connection.execute(
            "select size, mtime_ns, sha256, path from content where inode = ?", (_signed(status.st_ino),)
        ).fetchone()
        row = (
            row
            or self._connection.execute(
                "select size, mtime_ns, sha256, path from former where path = ? and size = ? and mtime_ns = ?",
                (path, status.st_size, status.st_mtime_ns),
            ).fetchone()
        )
        return Remembered(*row) if row else None

    def judge(self, status: os.stat_result, path: bytes, sha256: bytes) -> ContentFate:
        """Return what became of a file, by its present status and hash."""
        known = self.remembered(status, path)
        if known is None:
            return ContentFate.NEW
        if (known.size, known.mtime_ns) != (status.st_size, status.st_mtime_ns):
            return ContentFate.WRITTEN
        return ContentFate.SOUND if known.sha256 == sha256 else ContentFate.ROT

    def remember(self, rows: Iterable[tuple[os.stat_result, bytes, bytes]]) -> None:
        """Keep the hashes of files, each with its status and its path in the snapshot."""
        self._connection.executemany(
            "insert or replace into content values (?, ?, ?, ?, ?)",
            (
                (_signed(status.st_ino), status.st_size, status.st_mtime_ns, sha256, path)
                for status, path, sha256 in rows
            ),
        )
        self._connection.commit()

    def forget(self, inodes: Iterable[int]) -> None:
        """Forget the hashes of inode numbers that other files have now."""
        self._connection.executemany("delete from content where inode = ?", ((_signed(each),) for each in inodes))
        self._connection.commit()

    def alike(self, sha256: bytes) -> list[int]:
        """Return the inode numbers of the files with a hash."""
        rows = self._connection.execute("select inode from content where sha256 = ?", (sha256,))
        return [inode % (1 << 64) for (inode,) in rows]


@contextmanager
def open_hashes(directory: bytes) -> Iterator[HashStore]:
    """Open the hashes in a directory of records; the file is made if it is not there.

    Raises
    ------
    EnvironmentFailed
        They cannot be read or written, or are damaged.
    """
    path = os.path.join(directory, _NAME)
    with environment(path):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))
        inode = _signed(os.stat(path).st_ino)
    try:
        connection = sqlite3.connect(os.fsdecode(path))
        try:
            connection.executescript(_SCHEMA)
            _settle(connection, inode)
            yield HashStore(connection)
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise EnvironmentFailed(
            f"{os.fsdecode(path)}: {error}; if it is damaged, remove it: hashes are taken anew then"
        ) from error


def _settle(connection: sqlite3.Connection, inode: int) -> None:
    """If the file has been copied, which its own inode shows, keep what is known by path instead of by inode."""
    row = connection.execute("select inode from store").fetchone()
    if row is not None and row[0] == inode:
        return
    with connection:
        connection.execute("insert into former select path, size, mtime_ns, sha256 from content")
        connection.execute("delete from content")
        connection.execute("delete from store")
        connection.execute("insert into store values (?)", (inode,))


def _signed(inode: int) -> int:
    """Return an inode number as SQLite holds it, in 64 bits with a sign."""
    return inode - (1 << 64) if inode >> 63 else inode
