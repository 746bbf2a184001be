"""Restoring a run: of a chain that the catalogue knows, or of archives that are named, as the tree was at a time."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from pybackup.archive.matching import select
from pybackup.archive.open import OpenArchive
from pybackup.archive.runs import Runs
from pybackup.errors import PybackupError
from pybackup.model.display import display
from pybackup.model.problem import Problem, Trouble
from pybackup.model.restorable import NeededVolume, RestorableRun
from pybackup.monitor import Monitor, Relay, Silent
from pybackup.options import values
from pybackup.options.restoring import RestoreRequest
from pybackup.restore.deleting import delete, superfluous
from pybackup.restore.elsewhere import Elsewhere
from pybackup.restore.result import Extracted
from pybackup.selection.since import show_since

from .extract import restore


@dataclass(frozen=True, slots=True)
class RestoredRun:
    """What came of it.

    Attributes
    ----------
    run
        The one that was restored.
    media
        What it was read from, or would have been.
    older
        Paths of files that stand there as they were in an earlier run, and which that is.
    deleted
        Paths that the run knows nothing of, and that are gone from the target.
    """

    run: RestorableRun
    extracted: Extracted
    media: Sequence[NeededVolume]
    older: Sequence[tuple[bytes, RestorableRun]] = ()
    deleted: Sequence[bytes] = ()


def restore_run(
    runs: Runs,
    run: RestorableRun,
    archive: OpenArchive,
    asked: RestoreRequest,
    *,
    executor: Executor | None = None,
    monitor: Monitor,
) -> RestoredRun:
    """Restore a run that is open, or what of it matches the patterns; what is lost is named with what would help.

    Raises
    ------
    UsageError, EnvironmentFailed
        As `pybackup.jobs.extract.restore`.
    """
    rows = select(archive.listing, runs.patterns)
    media = runs.needs_of(archive, rows)
    heard = _Losses(monitor)
    target, work_dir = values.path(asked.to), values.maybe(asked.work_dir, values.directory)
    how = asked.restoring()
    elsewhere = Elsewhere(runs.at_hand, runs.known_to_hold)
    done = restore(
        archive,
        runs.patterns,
        target,
        how,
        work_dir=work_dir,
        elsewhere=elsewhere,
        executor=executor,
        monitor=heard,
    )
    runs.tell_where_else(run, archive.listing, heard.lost, monitor)
    older = _older(runs, run, heard.lost, asked, monitor) if asked.nearest and heard.lost else []
    deleted: list[bytes] = []
    if asked.delete:
        if heard.count or not archive.listing.complete:
            reason = "nothing was deleted, since not everything could be restored"
            monitor.problem(Problem(b"", Trouble.REFUSED, reason))
        else:
            deleted = delete(target, superfluous(target, archive.listing, rows), monitor)
    return RestoredRun(run, done, media, older, deleted)


def shown_time(run: RestorableRun) -> str:
    """Return when a run was, to the second; empty where it does not say so."""
    return show_since(run.mark.at_ns // 10**9 * 10**9) if run.mark else ""


class _Losses(Relay):
    """Remembers what was lost, and how many problems there were."""

    def __init__(self, monitor: Monitor) -> None:
        super().__init__(monitor)
        self.lost: dict[bytes, None] = {}
        self.count = 0

    def problem(self, problem: Problem) -> None:
        """Hand it on."""
        self.count += 1
        if problem.path and problem.trouble in (Trouble.LOST, Trouble.REFUSED):
            self.lost[problem.path] = None
        super().problem(problem)


def _older(
    runs: Runs, run: RestorableRun, lost: dict[bytes, None], asked: RestoreRequest, monitor: Monitor
) -> list[tuple[bytes, RestorableRun]]:
    """Restore files that are lost as they were before, each from the newest run from which it can be had."""
    found: list[tuple[bytes, RestorableRun]] = []
    left = dict(lost)
    before = [each for each in runs.runs if each.mark and run.mark and each.mark.at_ns < run.mark.at_ns]
    for earlier in sorted(before, key=lambda each: each.mark.at_ns if each.mark else 0, reverse=True):
        if not left:
            break
        aside = Silent(monitor)
        try:
            with runs.open(earlier, aside) as archive:
                paths = [path for path in archive.listing.paths if path in left]
                if paths:
                    target, work_dir = values.path(asked.to), values.maybe(asked.work_dir, values.directory)
                    restore(archive, paths, target, asked.restoring(), work_dir=work_dir, monitor=aside)
        except PybackupError:
            continue  # nothing of it is at hand
        failed = {problem.path for problem in aside.problems}
        for path in paths:
            if path not in failed:
                del left[path]
                found.append((path, earlier))
                monitor.note(f"{display(path)}: stands there as it was at {shown_time(earlier)}")
    return found
