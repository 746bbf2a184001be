"""The level of a run of a job: always the same, by the calendar, or as the command line has it."""

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
    """Refuse what is neither a level nor a table of when a full run is due, and of the level between."""
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
    """Whether a run of that level is one of a chain: one that may leave out what earlier ones hold."""
    return level not in (None, RunLevel.FULL.value)


def level_asked(options: Mapping[str, Any]) -> str:
    """Return at which level an archive is asked for, by the options of `create`: outside of a chain ``full``."""
    beside_chain = RunLevel.INCREMENTAL if options.get("since_archive") else RunLevel.FULL
    return str(options.get("level") or (AUTO if options.get("chain") else beside_chain.value))


def level_made(path: str) -> str | None:
    """Return at which level an archive, or the set in a directory, was made; None where it is of no chain."""
    from pybackup.archive.find import find_volumes

    for volume in find_volumes([os.fsencode(path)]).volumes:
        run = volume.listing.settings.get("run")
        if isinstance(run, dict):
            return str(run.get("level"))
    return None


def level_of_run(
    level: str | Mapping[str, str] | None, chain: str, address: str | None, now_ns: int, monitor: Monitor
) -> str | None:
    """Return the level of a run that begins now; None where nothing says so.

    Parameters
    ----------
    level
        As a job has it, or the command line.
    address
        Of the catalogue that knows the chain.

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
