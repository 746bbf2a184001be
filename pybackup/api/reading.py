"""Functions that read an archive as it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pybackup.model.problem import Problem, Trouble
from pybackup.monitor import Monitor
from pybackup.options import values
from pybackup.options.functions import takes
from pybackup.options.reading import InfoRequest, ListRequest, ReadRequest, UnpackRequest

from .asked import maybe_directory, monitor_of, open_asked

if TYPE_CHECKING:
    from pybackup.archive.open import OpenArchive
    from pybackup.check.info import Info
    from pybackup.model.member import Stored
    from pybackup.restore.unpack import Unpacked


@takes(ListRequest)
def list(asked: ListRequest) -> Iterator[Stored]:
    """Return the entries that match any of the patterns, in tree order; all for no patterns.

    Several archives are volumes of one set: files, images, devices, or directories of them. With ``at`` they are those
    of a chain, or ``archive`` is the name of one that the catalogue knows: then what was in the tree at that time.
    A pattern is the path of an entry or, where none is called so, a glob in which ``*`` also crosses slashes; what lies
    below matches too.

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
            found = iter([*found])  # temporary files are read for them
    for doubt in listing.doubts_of(rows):
        monitor.problem(doubt)
    if not listing.complete:
        monitor.problem(Problem(b"", Trouble.LOST, listing.incompleteness))
    return found


@takes(InfoRequest)
def info(asked: InfoRequest) -> Info:
    """Return what an archive says of itself; raises as `list` does."""
    from pybackup.check.info import info as inspect

    return inspect(values.path(asked.archive))


@takes(ReadRequest)
def read(asked: ReadRequest) -> Iterator[bytes]:
    """Yield the content of the one file that matches a pattern, mended on the way where parity suffices.

    Raises
    ------
    UsageError, NotAnArchive
        As `list` does; more or less than one file matches.
    Damaged, EnvironmentFailed
        Content is lost; what is damaged could not be mended below ``work_dir`` (None for the system's own place).
    """
    from pybackup.jobs.extract import content, one_file

    monitor = monitor_of(asked)
    with open_asked(asked, monitor) as opened:
        path = one_file(opened, values.path(asked.pattern))
        yield from content(opened, path, work_dir=maybe_directory(asked.work_dir), monitor=monitor)


@takes(UnpackRequest)
def unpack(asked: UnpackRequest) -> Unpacked:
    """Expand the containers only: the tree of ``.7z`` files, for stock tools; raises as `extract` does."""
    from pybackup.restore.unpack import unpack as expand

    return expand(values.path(asked.archive), values.path(asked.to), monitor=monitor_of(asked))


@contextmanager
def _open_at(asked: ListRequest, monitor: Monitor) -> Iterator[OpenArchive]:
    """Open what is to be listed, where a time is named the run of that time."""
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
