"""Mounting archives, or the runs of a chain, as a read-only file system."""

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
    """Mount archives or a chain at a directory, and return when it has been unmounted.

    The tree of a single run is the file system itself. Of several runs each is a directory named by its time, and the
    link ``latest`` points to the newest.

    Parameters
    ----------
    mended
        See `pybackup.archive.open.open_archive`.
    allow_other
        Let other users read it too, as far as modes and owners permit; needs ``user_allow_other`` in /etc/fuse.conf.
        Without it only the user who mounts can read anything, and can read everything.

    Raises
    ------
    UsageError
        There is no such archive or chain, or no such directory.
    EnvironmentFailed
        FUSE is not installed, or refuses to mount.
    """
    if not os.path.isdir(directory):
        raise UsageError(f"{os.fsdecode(directory)}: no such directory")
    try:
        import mfusepy

        from pybackup.fuse.filesystem import ArchiveFileSystem
    except (ImportError, OSError) as error:
        raise EnvironmentFailed(
            f"no file system can be mounted ({error}): this needs the Python package mfusepy (the extra [mount]) "
            "and Debian's package fuse3"
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
                kernel_cache=True,  # what is archived never changes
                **options,
            )
    except RuntimeError as error:
        where = os.fsdecode(directory)
        raise EnvironmentFailed(f"{where}: FUSE refuses to mount there, with status {error}") from None


@contextmanager
def _signals_of_libfuse() -> Iterator[None]:
    """Leave the signals that end a process to libfuse, which then unmounts: it handles those without a handler."""
    before = {number: signal.signal(number, signal.SIG_DFL) for number in [*heeded()]}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _trees(runs: Runs, monitor: Monitor) -> dict[bytes, Callable[[], MountedTree]]:
    """Return functions that open the tree of each run, by the name of its directory; empty for a single run."""
    cache = SegmentCache()
    numbers = count(1)
    # Archives of no chain that others build on are no runs: of such a series the last state is shown, as by extract.
    shown = [run for run in runs.runs if run.mark or not any(other.builds_on(run) for other in runs.runs)]
    if len(shown) == 1:
        tree = _opened(runs, shown[0], cache, next(numbers), monitor)
        return {b"": lambda: tree}
    return {
        os.fsencode(name): partial(_opened, runs, run, cache, next(numbers), monitor)
        for name, run in _by_time(shown).items()
    }


def _by_time(runs: Sequence[RestorableRun]) -> dict[str, RestorableRun]:
    timed: list[tuple[int, RestorableRun]] = []
    for run in runs:
        if run.mark is None:
            raise UsageError(f"{run.volumes[0].label}: does not record when it was made: mount it alone")
        timed.append((run.mark.at_ns, run))
    named: dict[str, RestorableRun] = {}
    for at_ns, run in sorted(timed, key=lambda each: each[0]):
        seconds, ns = divmod(at_ns, 10**9)
        name = time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(seconds))
        # Two runs in the same second get different names that sort in the right order.
        named[f"{name}.{ns:09}" if name in named else name] = run
    return named


def _opened(runs: Runs, run: RestorableRun, cache: SegmentCache, number: int, monitor: Monitor) -> MountedTree:
    return MountedTree(runs.open(run, monitor), cache, number * INODES)
