"""Retention of archives: which earlier archives of a job its rules keep, and deleting the others after a run."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from pybackup.archive.ancestry import ancestry
from pybackup.archive.find import Volume, volumes_in
from pybackup.archive.own_run import own_mark
from pybackup.errors import Damaged, PybackupError
from pybackup.model.retention import Retention, why_kept
from pybackup.options import values

from .history import runs
from .job import Job
from .recording import needed_by_chains
from .report import MadeFile, Report

_NS = 10**9
_DONE = ("ok", "problems")


@dataclass(frozen=True, slots=True)
class MadeTogether:
    """The files that one run made of one group of sources: an archive and its export.

    Attributes
    ----------
    began_ns
        When the run began, in nanoseconds since the epoch.
    series
        The name of the group of sources, the same in all runs; empty if the job has only one.
    files
        Those that still exist, with the size they had when they were made.
    """

    began_ns: int
    series: str
    files: tuple[MadeFile, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """What the rules decide for one series.

    Attributes
    ----------
    stays
        What is kept, the oldest first, each with the reasons.
    goes
        What no rule keeps.
    """

    stays: Sequence[tuple[MadeTogether, Sequence[str]]]
    goes: Sequence[MadeTogether]


_Marked = tuple[MadeTogether, list[str]]


def retention_of(job: Job) -> Retention | None:
    """Return the rules of a job; None if it keeps everything."""
    rules = job.get("keep")
    return None if rules is None else values.retention(rules)


def decide(job: Job, policy: Retention, coming: Sequence[MadeTogether]) -> list[Kept]:
    """Return what is kept and what is deleted, of each series to which the run adds something.

    Only files are considered that this job has made, by the history, and that still have their size. Nothing else is
    ever deleted, whatever its name.

    Parameters
    ----------
    coming
        What the run adds, which is not in the history yet.

    Raises
    ------
    Damaged
        An archive cannot be read, so it is not known which other archives it builds on.
    """
    found: dict[str, list[MadeTogether]] = {made.series: [] for made in coming}
    others: list[MadeTogether] = []
    for line in runs(job.name):
        for made in _of_a_run(line):
            found.get(made.series, others).append(made)
    for made in coming:
        found[made.series].append(made)
    series = [_marked(those, policy) for those in found.values()]
    _keep_what_is_needed([each for marked in series for each in marked], others, job)
    return [
        Kept([(made, why) for made, why in marked if why], [made for made, why in marked if not why])
        for marked in series
    ]


def made_together(began: float, files: Iterable[MadeFile]) -> Iterator[MadeTogether]:
    """Yield what a run made, series by series."""
    by_series: dict[str, list[MadeFile]] = {}
    for file in files:
        by_series.setdefault(file.series, []).append(file)
    yield from (MadeTogether(int(began * _NS), series, tuple(those)) for series, those in by_series.items())


def _of_a_run(line: Mapping[str, Any]) -> Iterator[MadeTogether]:
    """Yield what a line of the history names, as far as the files still exist."""
    with suppress(KeyError, TypeError, ValueError):  # somebody may have edited the line
        if line["state"] in _DONE and line["mode"] == "archive":
            made = [MadeFile(**each) for each in line["made"]]
            yield from made_together(line["started"], filter(_is_there, made))


def _is_there(made: MadeFile) -> bool:
    try:
        status = os.lstat(made.path)
    except OSError:
        return False
    return stat.S_ISREG(status.st_mode) and status.st_size == made.n_bytes


def _marked(those: Sequence[MadeTogether], policy: Retention) -> list[_Marked]:
    """Return those of one series, the oldest first, each with the reasons for which the rules keep it."""
    ordered = sorted(those, key=lambda made: made.began_ns)
    reasons = why_kept([made.began_ns for made in ordered], policy)
    return [(made, list(why)) for made, why in zip(ordered, reasons, strict=True)]


def _keep_what_is_needed(marked: Sequence[_Marked], others: Iterable[MadeTogether], job: Job) -> None:
    """Give a reason to all that a kept archive builds on, of whatever series, and to what that builds on.

    A run that leaves out what the catalogue knows builds on archives of other series, and of other chains.
    """
    by_id = {identity: each for each in marked for identity in _archive_ids(each[0])}
    todo = [*others, *(made for made, why in marked if why)]
    if by_id and not all(why for _, why in marked):
        chains = {
            mark.chain for made, _ in marked for volume in _volumes(made) if (mark := own_mark(volume.listing.settings))
        }
        for identity, why in needed_by_chains(job, by_id.keys(), chains).items():
            _keep(by_id[identity], why, todo)
    while todo:
        made = todo.pop()
        for identity in _builds_on(made) & by_id.keys():
            _keep(by_id[identity], f"{made.files[0].path} builds on it", todo)


def _keep(marked: _Marked, why: str, todo: list[MadeTogether]) -> None:
    made, reasons = marked
    if not reasons:
        reasons.append(why)
        todo.append(made)


def _archive_ids(made: MadeTogether) -> set[bytes]:
    return {volume.listing.archive_id for volume in _volumes(made)}


def _builds_on(made: MadeTogether) -> set[bytes]:
    before = [ancestry(volume.listing.settings) for volume in _volumes(made)]
    return {volume.archive_id for each in before if each for volume in each.volumes}


def _volumes(made: MadeTogether) -> Iterator[Volume]:
    for file in made.files:
        if file.kind == "archive":
            found = list(volumes_in(os.fsencode(file.path)))
            if not found:
                raise Damaged(f"{file.path}: nothing of an archive is left")
            yield from found


def would_delete(job: Job, coming: Sequence[MadeTogether]) -> list[str]:
    """Return the paths that would be deleted after a run; raises as `decide` does."""
    policy = retention_of(job)
    decided = [] if policy is None else decide(job, policy, coming)
    return [file.path for kept in decided for made in kept.goes for file in made.files]


def prune(job: Job, report: Report, is_to_go: Callable[[], bool]) -> None:
    """Delete what the rules of a job do not keep; a file that cannot be deleted is a failure of the run.

    Nothing is deleted if an archive cannot be read, as it may build on any other.

    Parameters
    ----------
    is_to_go
        Called once before anything is deleted; nothing is if it returns False.
    """
    try:
        going = would_delete(job, list(made_together(report.started, report.made)))
    except (PybackupError, OSError) as error:
        report.take_failure(f"nothing was deleted, since not all archives can be read: {error}")
        return
    if not going or not is_to_go():
        return
    for path in going:
        try:
            os.unlink(path)
        except OSError as error:
            report.take_failure(f"{path}: cannot be deleted: {error.strerror}")
        else:
            report.deleted.append(path)
