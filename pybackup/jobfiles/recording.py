"""Entering what a job did in the catalogue. If that fails it is a problem, and what was made is kept."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, TypeVar

from pybackup.catalogue.default import configured
from pybackup.errors import PybackupError
from pybackup.model.problem import Problem, Trouble
from pybackup.monitor import Monitor

from .default_catalogue import with_its_password
from .history import kept_of
from .job import Job
from .report import Report
from .wanted import burning_advice, catalogue_advice

if TYPE_CHECKING:
    from pybackup.catalogue.connect import Catalogue
    from pybackup.disc.burn import ReadBack

_Result = TypeVar("_Result")


def record(job: Job, paths: Sequence[bytes], monitor: Monitor, *, for_discs: bool = False) -> list[str]:
    """Enter archives, or volumes that are to be burnt; return their ids in the catalogue, none if that failed."""

    def write(catalogue: Catalogue) -> list[str]:
        from pybackup.jobs.catalogue_record import record_archives, record_for_discs

        return [each.hex() for each in (record_for_discs if for_discs else record_archives)(catalogue, paths, monitor)]

    return _in_catalogue(job, write, monitor) or []


def record_disc(job: Job, image: bytes, device: bytes, found: ReadBack | None, monitor: Monitor) -> None:
    """Enter that an image was burnt, and the result of reading it back."""

    def write(catalogue: Catalogue) -> None:
        from pybackup.jobs.catalogue_record import health_read_back, record_burnt

        health = None if found is None else health_read_back(found, device)
        record_burnt(catalogue, image, device, health, monitor)

    _in_catalogue(job, write, monitor)


def advise(job: Job, report: Report, monitor: Monitor) -> None:
    """Add what is to be burnt to the report, and what the catalogue advises, if there is one."""
    report.advice += burning_advice(job, report)
    if any(made.identity for made in report.made):
        report.advice += (
            _in_catalogue(job, lambda catalogue: [*catalogue_advice(catalogue, job, report)], monitor) or ()
        )
    elif job.get("copies") and report.made and not _has_catalogue(job):
        report.advice.append(
            "copies are counted by a catalogue, and there is none: 'pybackup catalogue init' makes one"
        )


def _has_catalogue(job: Job) -> bool:
    try:
        return address_of(job) is not None
    except (PybackupError, ModuleNotFoundError):
        return True  # it cannot be reached, which was told when something was to be written down


def record_run(job: Job, report: Report) -> str:
    """Enter a run, if there is a catalogue; return why that failed, or an empty text."""

    def write(catalogue: Catalogue) -> None:
        from pybackup.catalogue.job_runs import enter_job_run

        enter_job_run(catalogue, kept_of(report), socket.gethostname())

    heard = Monitor()
    _in_catalogue(job, write, heard)
    return "".join(problem.reason for problem in heard.problems)


def forget(job: Job, paths: Sequence[str], monitor: Monitor) -> None:
    """Enter that archives were deleted, so that they do not count as copies any more."""

    def write(catalogue: Catalogue) -> None:
        from pybackup.jobs.catalogue_record import forget_files

        forget_files(catalogue, [os.fsencode(path) for path in paths])

    if paths:
        _in_catalogue(job, write, monitor)


def needed_by_chains(job: Job, archives: Collection[bytes], own: Collection[str]) -> dict[bytes, str]:
    """Return which of these archives runs of other chains than ``own`` build on, and no other medium holds; with why.

    Raises
    ------
    PybackupError
        The catalogue cannot be read, so nobody knows.
    """
    address = address_of(job)
    if address is None:
        return {}
    from pybackup.catalogue.connect import open_catalogue
    from pybackup.catalogue.runs import runs
    from pybackup.catalogue.standing import copies_of_volumes

    with open_catalogue(address) as catalogue:
        copies = copies_of_volumes(catalogue)
        needed = {
            need.identity: f"the chain {run.mark.chain} builds on it"
            for run in runs(catalogue)
            if run.volumes and run.mark.chain not in own
            for need in run.needs
            if need.files
        }
    return {each: why for each, why in needed.items() if each in archives and copies.get(each, 0) < 2}


def _in_catalogue(job: Job, work: Callable[[Catalogue], _Result], monitor: Monitor) -> _Result | None:
    """Return the result of work on the catalogue; None if there is none, or if that failed, which is a problem."""
    try:
        address = address_of(job)
        if address is None:
            return None
        from pybackup.catalogue.connect import open_catalogue

        with open_catalogue(address) as catalogue:
            return work(catalogue)
    except (PybackupError, ModuleNotFoundError) as error:
        monitor.problem(Problem(b"", Trouble.UNRECORDED, str(error)))
        return None


def address_of(job: Job) -> str | None:
    """Return the address of the catalogue of a job, with its password; None if it has none.

    Raises
    ------
    UsageError, EnvironmentFailed
        The password cannot be read.
    ModuleNotFoundError
        SQLAlchemy is not installed.
    """
    named = job.get("catalogue")
    address = configured(named["url"] if isinstance(named, dict) else named)
    return None if address is None else with_its_password(address, named)
