"""The options of a run that only the catalogue can tell: the level in its chain, and where the catalogue is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pybackup.catalogue.default import NONE
from pybackup.monitor import Monitor

from .job import Job
from .levels import level_of_run
from .recording import address_of


def options_of_run(job: Job, options: Mapping[str, Any], now: float, monitor: Monitor) -> dict[str, Any]:
    """Return the options with the level of the run, and with the address of the catalogue if making it needs that.

    Only chains and leaving out known files need it. Everything is entered there afterwards, by `record`.
    """
    chain = options.get("chain")
    if not chain and not options.get("skip_known"):
        return dict(options)
    address = address_of(job) or NONE
    if not chain:
        return {**options, "catalogue": address}
    level = level_of_run(options.get("level"), chain, address, int(now * 10**9), monitor)
    return {**options, "catalogue": address, "level": level}
