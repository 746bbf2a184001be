"""The level of a run of a job: a fixed one, one by the calendar, or the one given on the command line."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from pybackup.make.levels import AUTO, LEVELS
from pybackup.model.retention import PERIODS, period_of
from pybackup.model.run import RunLevel
from pybackup.monitor import Monitor

from .mistakes import no_such

_KEYS = ("full", "between")
_SPANS = {"daily": "day", "weekly": "week", "monthly": "month", "yearly": "year"}


def check_level(value: Any) -> None:
    """Raise ValueError for what is neither a level nor a table such as ``{ full = "monthly" }``."""
    if not isinstance(value, dict):
        _check_name(value)
        return
    for name in value:
        if name not in _KEYS:
            raise ValueError(f"{name}: {no_such('key', name, _KEYS)}")
    if value.get("full") not in PERIODS:
        raise ValueError(f'full is one of {", ".join(PERIODS)}, as in {{ full = "monthly", between = "differential" }}')
    _check_name(value.get("between", AUTO))


def _check_name(value: Any) -> None:
    if value not in LEVELS:
        raise ValueError(f'{value!r} is none of {", ".join(LEVELS)}, nor a table such as {{ full = "monthly" }}')


def needs_chain(level: Any) -> bool:
    """Whether runs of that level form a chain, as they may leave out what earlier archives hold."""
    return level not in (None, RunLevel.FULL.value)


def level_asked(options: Mapping[str, Any]) -> str:
    """Return the level in the options of `create`; it is ``full`` for an archive of no chain."""
    beside_chain = RunLevel.INCREMENTAL if options.get("since_archive") else RunLevel.FULL
    return str(options.get("level") or (AUTO if options.get("chain") else beside_chain.value))


def level_made(path: str) -> str | None:
    """Return the level at which an archive, or the set in a directory, was made; None if it is of no chain."""
    from pybackup.archive.find import find_volumes

    for volume in find_volumes([os.fsencode(path)]).volumes:
        run = volume.listing.settings.get("run")
        if isinstance(run, dict):
            return str(run.get("level"))
    return None


def level_of_run(
    level: str | Mapping[str, str] | None, chain: str, address: str | None, now_ns: int, monitor: Monitor
) -> str | None:
    """Return the level of a run that begins now; None if no level is given.

    Parameters
    ----------
    level
        As the job or the command line gives it.
    address
        The address of the catalogue that knows the chain; None for none.

    Raises
    ------
    UsageError
        There is no catalogue.
    """
    if not isinstance(level, Mapping):
        return level
    from pybackup.catalogue.runs import runs
    from pybackup.jobs.chain import chain_catalogue

    period = level["full"]
    with chain_catalogue(address) as catalogue:
        known = runs(catalogue, chain)
    full = [run.mark.at_ns for run in known if run.is_complete and run.mark.level is RunLevel.FULL]
    if any(period_of(at_ns, period) == period_of(now_ns, period) for at_ns in full):
        return level.get("between", AUTO)
    monitor.note(f"{chain}: a full run, since none was made this {_SPANS[period]}")
    return RunLevel.FULL.value
