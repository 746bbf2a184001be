"""Verifying snapshots: each file is read once, however many snapshots share it, and compared with its hash."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from pybackup.host.environment import environment
from pybackup.host.hash_file import hash_file
from pybackup.model.problem import Problem, Trouble
from pybackup.monitor import Monitor, Phase

from .hashes import ContentFate, HashStore
from .local_store import LocalStore
from .record import Snapshot
from .shared import files_of

_BATCH = 1000


@dataclass(slots=True)
class HurtFile:
    """A file that is not as it was when its hash was taken.

    Attributes
    ----------
    path
        Its path in the newest verified snapshot that has it, with the snapshot's name in front.
    sha256
        The hash of the content that it had.
    snapshots
        The names of all snapshots that share the file.
    sound
        Paths of files in this directory of snapshots that still have that content.
    """

    path: bytes
    fate: ContentFate
    inode: int
    size: int
    sha256: bytes
    snapshots: list[bytes] = field(default_factory=list)
    sound: list[bytes] = field(default_factory=list)


@dataclass(slots=True)
class VerifiedSnapshots:
    """The result of verifying snapshots.

    Attributes
    ----------
    files, n_bytes
        What was read, each file once.
    new
        Files of which no hash was known.
    """

    snapshots: int = 0
    files: int = 0
    n_bytes: int = 0
    new: int = 0
    hurt: list[HurtFile] = field(default_factory=list)


def verify_snapshots(
    store: LocalStore, chosen: Sequence[Snapshot], hashes: HashStore, monitor: Monitor
) -> VerifiedSnapshots:
    """Read all files of snapshots, and compare each with its hash. A file without a hash gets one.

    The caller holds the lock. A file that cannot be read is a problem.

    Raises
    ------
    EnvironmentFailed
        A snapshot cannot be read at all.
    """
    found = VerifiedSnapshots(len(chosen))
    seen: set[int] = set()
    rows: list[tuple[os.stat_result, bytes, bytes]] = []
    monitor.plan([Phase("reading", 10), Phase("looking", 1)])
    monitor.begin("reading", 0, sum(each.record.content_bytes for each in chosen[-1:] if each.record))
    for snapshot in reversed(chosen):
        root = os.path.join(store.path, snapshot.directory)
        with environment(root):
            for relative, status in files_of(root):
                if status.st_ino in seen or not stat.S_ISREG(status.st_mode):
                    continue
                seen.add(status.st_ino)
                path = os.path.join(snapshot.directory, relative)
                monitor.working_on(path)
                try:
                    sha256 = hash_file(os.path.join(root, relative))
                except OSError as error:
                    monitor.problem(Problem(path, Trouble.UNREADABLE, error.strerror or str(error)))
                    continue
                _count(found, hashes, relative, path, status, sha256, rows)
                if len(rows) >= _BATCH:
                    hashes.remember(rows)
                    rows.clear()
                monitor.advance(1, status.st_size)
    hashes.remember(rows)
    monitor.end()
    if found.hurt:
        _find_elsewhere(store, found, hashes, monitor)
    return found


def _count(
    found: VerifiedSnapshots,
    hashes: HashStore,
    relative: bytes,
    path: bytes,
    status: os.stat_result,
    sha256: bytes,
    rows: list[tuple[os.stat_result, bytes, bytes]],
) -> None:
    found.files += 1
    found.n_bytes += status.st_size
    known = hashes.remembered(status, relative)
    fate = hashes.judge(status, relative, sha256)
    if fate in (ContentFate.ROT, ContentFate.WRITTEN):
        assert known is not None
        found.hurt.append(HurtFile(path, fate, status.st_ino, status.st_size, known.sha256))
        return
    found.new += fate is ContentFate.NEW
    rows.append((status, relative, sha256))


def _find_elsewhere(store: LocalStore, found: VerifiedSnapshots, hashes: HashStore, monitor: Monitor) -> None:
    """Find which snapshots share the damaged files, and other files that have the content which these had."""
    hurt = {each.inode: each for each in found.hurt}
    wanted: dict[int, list[HurtFile]] = {}
    for each in found.hurt:
        for inode in hashes.alike(each.sha256):
            if inode not in hurt:
                wanted.setdefault(inode, []).append(each)
    there = [snapshot for snapshot in store.survey() if snapshot.is_complete]
    monitor.begin("looking", len(there), 0)
    for snapshot in there:
        root = os.path.join(store.path, snapshot.directory)
        with environment(root):
            for relative, status in files_of(root):
                sharing = hurt.get(status.st_ino)
                if sharing is not None and sharing.snapshots[-1:] != [snapshot.name]:
                    sharing.snapshots.append(snapshot.name)
                for each in wanted.pop(status.st_ino, ()):
                    if _has(os.path.join(root, relative), each.sha256):
                        each.sound.append(os.path.join(snapshot.directory, relative))
        monitor.advance(1, 0)
    monitor.end()


def _has(path: bytes, sha256: bytes) -> bool:
    try:
        return hash_file(path) == sha256
    except OSError:
        return False


def choose(there: Sequence[Snapshot], names: Sequence[bytes]) -> Iterator[Snapshot]:
    """Yield the complete snapshots of these names; without names, all.

    Raises
    ------
    LookupError
        There is none of a name, which is the error's argument.
    """
    complete = {each.name: each for each in there if each.is_complete}
    for name in names or complete:
        yield complete[name]
