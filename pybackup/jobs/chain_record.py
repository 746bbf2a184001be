"""Recording the archives of a chain's run in the catalogue."""

from __future__ import annotations

from collections.abc import Sequence

from pybackup.errors import PybackupError
from pybackup.model.problem import Problem, Trouble
from pybackup.monitor import Monitor
from pybackup.options.making import Making

from .catalogue_record import record_archives, record_for_discs
from .chain import chain_catalogue


def record_run(asked: Making, paths: Sequence[bytes], monitor: Monitor, *, for_discs: bool = False) -> None:
    """Enter the archives of a run of a chain in the catalogue. If that fails it is a problem, and they are kept.

    Parameters
    ----------
    for_discs
        Whether they are volumes that are to be burnt.
    """
    if asked.chain is None:
        return
    try:
        with chain_catalogue(asked.catalogue) as catalogue:
            (record_for_discs if for_discs else record_archives)(catalogue, paths, monitor)
    except PybackupError as error:
        monitor.problem(Problem(b"", Trouble.UNRECORDED, str(error)))
