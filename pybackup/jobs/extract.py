"""Extracting: damaged files are restored with the help of parity, other copies and recovery volumes."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import ExitStack
from tempfile import gettempdir

from pybackup.archive.archive import Archive
from pybackup.archive.matching import select
from pybackup.archive.open import OpenArchive
from pybackup.errors import UsageError
from pybackup.model.display import display
from pybackup.model.entry import Kind
from pybackup.model.member import Stored
from pybackup.monitor import Monitor, Once
from pybackup.restore.content import read_content
from pybackup.restore.elsewhere import Elsewhere, labels_of
from pybackup.restore.mending import HeldLosses, Mending
from pybackup.restore.plan import RestoreOptions, plan_restore, plan_rows
from pybackup.restore.result import Extracted, Restored
from pybackup.restore.run import run


def restore(
    archive: OpenArchive,
    patterns: Sequence[bytes],
    target: bytes,
    options: RestoreOptions,
    *,
    work_dir: bytes | None = None,
    elsewhere: Elsewhere | None = None,
    executor: Executor | None = None,
    monitor: Monitor,
) -> Extracted:
    """Extract the matching entries; if any of them is damaged, repair the archive in a temporary file and read that.

    Parameters
    ----------
    elsewhere
        Where to look for contents that cannot be repaired; None for the archives that this one builds on.
    work_dir
        The directory for the repaired archive, which takes as much room as the damaged volumes; None for that of the
        target.

    Raises
    ------
    UsageError, EnvironmentFailed
        As `plan_restore` and `run`; or there is no room to repair damage. Everything undamaged is restored before.
    """
    where = work_dir if work_dir is not None else os.path.dirname(os.path.abspath(target))
    monitor = Once(monitor)
    with ExitStack() as stack:
        mending = Mending(archive, where, stack, monitor)
        held = HeldLosses(monitor)
        view = mending.first_view()
        try:
            plan = plan_restore(view, patterns, target, options)
        except UsageError:
            mending.check(())  # patterns that match nothing may name entries that could not be repaired
            raise
        held.links = {stored.entry.path: stored.entry.target for stored in plan.entries.of(Kind.HARDLINK)}
        done = [run(plan, executor=executor, monitor=held)]
        if not held.lost:
            if held.told:
                mending.check(())
            return Extracted.of(plan, mending.worn, *done)
        other = elsewhere or Elsewhere([file.path for file in archive.earlier.files] if archive.earlier else [])
        hurt = [stored for stored in plan.entries if stored.entry.path in held.lost]
        better = None if mending.failure else mending.better(view, hurt)
        if better is not None:
            view = better
            done += _again(better, target, options, held, executor)
        if held.lost and (found := other.view(view, _rows_lost(view, held, options).values())):
            labels = ", ".join(labels_of(found))
            monitor.note(f"lost contents are also in other archives, and are read from there: {labels}")
            done += _again(found, target, options, held, executor)
        if held.lost:
            held.end_for_good()
            if better is None:
                mending.check(sorted(held.lost))
            held.release(held.lost)
        return Extracted.of(plan, mending.worn, *done)


def _again(
    view: Archive, target: bytes, options: RestoreOptions, held: HeldLosses, executor: Executor | None
) -> list[Restored]:
    """Restore lost files from a better archive; losses that remain are held back again."""
    rows = [*_rows_lost(view, held, options)]
    plan = plan_rows(view, rows, (b"",), target, options)
    held.release(held.lost - {stored.entry.path for stored in plan.entries})
    held.take()
    return [run(plan, executor=executor, monitor=held)]


def _rows_lost(view: Archive, held: HeldLosses, options: RestoreOptions) -> dict[int, bytes]:
    """Return the rows of lost files, each with its path in the archive."""
    lost = held.lost
    return {row: path for row, path in enumerate(view.listing.paths) if _stripped(path, options) in lost}


def one_file(archive: OpenArchive, pattern: bytes) -> bytes:
    """Return the path of the only entry that matches a pattern.

    Raises
    ------
    UsageError
        No entry matches, or several do.
    """
    listing = archive.listing
    found = {listing.paths[row] for row in select(listing, [pattern])}
    if len(found) != 1:
        raise UsageError(f"exactly one file must match, but {display(pattern)} matches {len(found):,} entries")
    return found.pop()


def content(archive: OpenArchive, path: bytes, *, work_dir: bytes | None = None, monitor: Monitor) -> Iterator[bytes]:
    """Yield the content of one file; if a segment is damaged, repair the archive in a temporary file and read that.

    Parameters
    ----------
    work_dir
        The directory for the repaired archive; None for the system's directory for temporary files.

    Raises
    ------
    UsageError, Damaged
        As `read_content`.
    EnvironmentFailed
        There is no room to repair damage.
    """
    with ExitStack() as stack:
        mending = Mending(archive, work_dir if work_dir is not None else os.fsencode(gettempdir()), stack, monitor)

        def mend(stored: Stored) -> Archive | None:
            better = mending.better(archive, [stored])
            mending.check([stored.entry.path])
            return better

        yield from read_content(archive, path, mend=mend)


def _stripped(path: bytes, options: RestoreOptions) -> bytes:
    return b"/".join(path.split(b"/")[options.strip_components :])
