"""Mounting: archives, or the runs of a chain, as a file system that can be read until it is unmounted."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import count

from pyactivity.ending import heeded
from pybackup.archive.ancestry import Mended
from pybackup.archive.runs import Runs
from pybackup.errors import EnvironmentFailed, UsageError
from pybackup.fuse.contents import SegmentCache
from pybackup.fuse.tree import INODES, MountedTree
from pybackup.model.display import display
from pybackup.model.restorable import RestorableRun
from pybackup.monitor import Monitor

from .chain_runs import runs_of


def mount(
    named: Sequence[bytes],
    directory: bytes,
    *,
    catalogue: str | None = None,
    mended: Mended | None = None,
    allow_other: bool = False,
    monitor: Monitor,
) -> None:
    """Mount what is named at a directory, and return when it has been unmounted.

    One run is there as its tree is; of several each is a directory called by its time, ``latest`` links to the last.

    Parameters
    ----------
    mended
        See `pybackup.archive.open.open_archive`.
    allow_other
        Let other users read it too, as far as modes and owners say; needs ``user_allow_other`` in /etc/fuse.conf.
        Otherwise nobody else sees it, and whoever mounts it reads all of it, as out of the archive.

    Raises
    ------
    UsageError
        There is no such archive or chain, or no such directory.
    EnvironmentFailed
        There is no FUSE here, or it refuses.
    """
    if not os.path.isdir(directory):
        raise UsageError(f"{os.fsdecode(directory)}: no such directory")
    try:
        import mfusepy

        from pybackup.fuse.filesystem import ArchiveFileSystem
    except (ImportError, OSError) as error:
        raise EnvironmentFailed(
            f"no file system can be mounted ({error}): it takes the Python package mfusepy, which "
            "the extra [mount] brings, and fuse3 of Debian"
        ) from None
    runs = runs_of(named, catalogue, monitor, mended)
    if runs.patterns:
        raise UsageError(f"{os.fsdecode(runs.patterns[0])}: neither an archive nor a directory with any")
    trees = _trees(runs, monitor)
    notice = f"at {display(directory)} until it is unmounted"
    system = ArchiveFileSystem(trees, monitor, latest=b"" if b"" in trees else max(trees), notice=notice)
    options = {"allow_other": True} if allow_other else {}
    try:
        with _signals_of_libfuse():
            mfusepy.FUSE(
                system,
                os.fsdecode(directory),
                foreground=True,
                ro=True,
                fsname="pybackup",
                default_permissions=allow_other,
                use_ino=True,
                **options,
            )
    except RuntimeError as error:
        where = os.fsdecode(directory)
        raise EnvironmentFailed(f"{where}: FUSE refuses to mount there, with status {error}") from None


@contextmanager
def _signals_of_libfuse() -> Iterator[None]:
    """Leave the signals that end a process to libfuse, which unmounts then: it takes those that nobody else handles."""
    before = {number: signal.signal(number, signal.SIG_DFL) for number in [*heeded()]}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _trees(runs: Runs, monitor: Monitor) -> dict[bytes, Callable[[], MountedTree]]:
    """Return what opens the tree of each run, by the name of its directory; of a single run by no name."""
    cache = SegmentCache()
    numbers = count(1)
    if len(runs.runs) == 1:
        tree = _opened(runs, runs.runs[0], cache, next(numbers), monitor)
        return {b"": lambda: tree}
    return {
        os.fsencode(name): partial(_opened, runs, run, cache, next(numbers), monitor)
        for name, run in _by_time(runs.runs).items()
    }


def _by_time(runs: Sequence[RestorableRun]) -> dict[str, RestorableRun]:
    timed: list[tuple[int, RestorableRun]] = []
    for run in runs:
        if run.mark is None:
            raise UsageError(f"{run.volumes[0].label}: says nothing of when it was made: mount it alone")
        timed.append((run.mark.at_ns, run))
    named: dict[str, RestorableRun] = {}
    for at_ns, run in sorted(timed, key=lambda each: each[0]):
        seconds, ns = divmod(at_ns, 10**9)
        name = time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(seconds))
        # Two in one second are told apart, and stay in order.
        named[f"{name}.{ns:09}" if name in named else name] = run
    return named


def _opened(runs: Runs, run: RestorableRun, cache: SegmentCache, number: int, monitor: Monitor) -> MountedTree:
    return MountedTree(runs.open(run, monitor), cache, number * INODES)
