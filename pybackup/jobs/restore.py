"""Restoring a run of a chain: the tree as it was at a time."""

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
    """What was restored.

    Attributes
    ----------
    run
        The run that was restored.
    media
        The volumes that it was read from, or would have been.
    older
        Paths of files that were restored as they were in an earlier run, each with that run.
    deleted
        Paths in the target that the run does not have, and that were deleted.
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
    """Restore an opened run, or the files that match patterns; lost files are named with what would bring them back.

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
    """Return the time of a run, to the second; empty if it has none."""
    return show_since(run.mark.at_ns // 10**9 * 10**9) if run.mark else ""


class _Losses(Relay):
    """A monitor that remembers which files were lost, and counts problems."""

    def __init__(self, monitor: Monitor) -> None:
        super().__init__(monitor)
        self.lost: dict[bytes, None] = {}
        self.count = 0

    def problem(self, problem: Problem) -> None:
        """Pass a problem on."""
        self.count += 1
        if problem.path and problem.trouble in (Trouble.LOST, Trouble.REFUSED):
            self.lost[problem.path] = None
        super().problem(problem)


def _older(
    runs: Runs, run: RestorableRun, lost: dict[bytes, None], asked: RestoreRequest, monitor: Monitor
) -> list[tuple[bytes, RestorableRun]]:
    """Restore lost files as they were earlier, each from the newest earlier run that has it."""
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
            continue  # nothing of that run was found
        failed = {problem.path for problem in aside.problems}
        for path in paths:
            if path not in failed:
                del left[path]
                found.append((path, earlier))
                monitor.note(f"{display(path)}: stands there as it was at {shown_time(earlier)}")
    return found
