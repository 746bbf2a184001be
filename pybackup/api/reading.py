"""Functions that list and read archives."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pybackup.model.problem import Problem, Trouble
from pybackup.monitor import Monitor
from pybackup.options import values
from pybackup.options.functions import takes
from pybackup.options.reading import InfoRequest, ListRequest, MountRequest, ReadRequest, UnpackRequest

from .asked import maybe_directory, monitor_of, open_asked

if TYPE_CHECKING:
    from pybackup.archive.open import OpenArchive
    from pybackup.check.info import Info
    from pybackup.model.member import Stored
    from pybackup.restore.unpack import Unpacked


@takes(ListRequest)
def list(asked: ListRequest) -> Iterator[Stored]:
    """Return the entries that match any of the patterns, in tree order; without patterns, all entries.

    Several archives must be volumes of one set: files, images, devices, or directories of them. With ``at``, they are
    archives of a chain, or ``archive`` is the name of a chain in the catalogue, and the tree at that time is listed.
    A pattern is the path of an entry or, if no entry has it, a glob in which ``*`` matches slashes too. Everything
    below a matching directory matches.

    Raises
    ------
    UsageError
        There is no such file, or a pattern matches nothing.
    NotAnArchive
        The file holds nothing of an archive.
    """
    from pybackup.archive.matching import select
    from pybackup.mend.names import all_named

    monitor = monitor_of(asked)
    patterns = values.paths(values.several(asked.patterns, "patterns"))
    with _open_at(asked, monitor) as opened, all_named(opened, monitor) as named:
        listing = named.listing
        rows = select(listing, patterns)
        found: Iterator[Stored] = map(listing.stored, rows)
        if named is not opened:
            found = iter([*found])  # read now, while the temporary files exist
    for doubt in listing.doubts_of(rows):
        monitor.problem(doubt)
    if not listing.complete:
        monitor.problem(Problem(b"", Trouble.LOST, listing.incompleteness))
    return found


@takes(InfoRequest)
def info(asked: InfoRequest) -> Info:
    """Return what an archive says about itself; raises as `list` does."""
    from pybackup.check.info import info as inspect

    return inspect(values.path(asked.archive))


@takes(MountRequest)
def mount(asked: MountRequest) -> None:
    """Mount an archive, or the runs of a chain, as a read-only file system; return when it is unmounted.

    Of several runs each is a directory named by its time, and the link ``latest`` points to the newest. Reading a lost
    part of a file gives the error EIO. Needs the package mfusepy and libfuse.

    Raises
    ------
    UsageError, NotAnArchive
        There is no such archive or chain, or no such directory.
    EnvironmentFailed
        FUSE is not installed, or refuses to mount.
    """
    from pybackup.jobs.mount import mount as show

    show(
        values.paths(asked.archives),
        values.directory(asked.directory),
        catalogue=asked.catalogue,
        allow_other=asked.allow_other,
        monitor=monitor_of(asked),
    )


@takes(ReadRequest)
def read(asked: ReadRequest) -> Iterator[bytes]:
    """Yield the content of the only file that matches a pattern, in pieces; damage is repaired if parity suffices.

    Raises
    ------
    UsageError, NotAnArchive
        As `list` does; or not exactly one file matches.
    Damaged
        Content is lost.
    EnvironmentFailed
        There is no room in ``work_dir`` (None for the system's directory) to repair damage.
    """
    from pybackup.jobs.extract import content, one_file

    monitor = monitor_of(asked)
    with open_asked(asked, monitor) as opened:
        path = one_file(opened, values.path(asked.pattern))
        yield from content(opened, path, work_dir=maybe_directory(asked.work_dir), monitor=monitor)


@takes(UnpackRequest)
def unpack(asked: UnpackRequest) -> Unpacked:
    """Unpack only the containers: write the tree of ``.7z`` files, for stock tools; raises as `extract` does."""
    from pybackup.restore.unpack import unpack as expand

    return expand(values.path(asked.archive), values.path(asked.to), monitor=monitor_of(asked))


@contextmanager
def _open_at(asked: ListRequest, monitor: Monitor) -> Iterator[OpenArchive]:
    """Open the archive to be listed; if a time is given, the run of that time."""
    if asked.at is None:
        with open_asked(asked, monitor) as archive:
            yield archive
        return
    from pybackup.jobs.chain_runs import run_at, runs_of
    from pybackup.mend.identify import IdentifyingMender

    with IdentifyingMender(None, monitor) as identifying:
        runs = runs_of(values.paths(asked.archive), asked.catalogue, monitor, identifying)
        with runs.open(run_at(runs, asked.at), monitor) as archive:
            yield archive
