"""Writing down in the catalogue what a job made: no failure of that undoes anything."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from pybackup.catalogue.default import configured
from pybackup.errors import PybackupError
from pybackup.model.problem import Problem, Trouble
from pybackup.monitor import Monitor

from .job import Job
from .secret import read_secret

if TYPE_CHECKING:
    from pybackup.catalogue.connect import Catalogue


def record(job: Job, paths: Sequence[bytes], monitor: Monitor, *, for_discs: bool = False) -> None:
    """Write down archives, or volumes that are to be burnt."""

    def write(catalogue: Catalogue) -> None:
        from pybackup.jobs.catalogue_record import record_archives, record_for_discs

        (record_for_discs if for_discs else record_archives)(catalogue, paths, monitor)

    _write(job, write, monitor)


def forget(job: Job, paths: Sequence[str], monitor: Monitor) -> None:
    """Write down that archives were deleted: they are no copies any more."""

    def write(catalogue: Catalogue) -> None:
        from pybackup.jobs.catalogue_record import forget_files

        forget_files(catalogue, [os.fsencode(path) for path in paths])

    if paths:
        _write(job, write, monitor)


def _write(job: Job, write: Callable[[Catalogue], None], monitor: Monitor) -> None:
    try:
        address = address_of(job)
        if address is None:
            return
        from pybackup.catalogue.connect import open_catalogue

        with open_catalogue(address) as catalogue:
            write(catalogue)
    except (PybackupError, ModuleNotFoundError) as error:
        monitor.problem(Problem(b"", Trouble.UNRECORDED, str(error)))


def address_of(job: Job) -> str | None:
    """Return where the catalogue of a job is, with its password; None for none.

    Raises
    ------
    UsageError, EnvironmentFailed
        The password cannot be had.
    ModuleNotFoundError
        What a catalogue needs is not there.
    """
    named = job.get("catalogue")
    address = configured(named["url"] if isinstance(named, dict) else named)
    if address is not None and isinstance(named, dict) and "password" in named:
        from pybackup.catalogue.address import with_password

        return with_password(address, read_secret(named["password"]).reveal())
    return address
