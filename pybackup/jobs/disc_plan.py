"""Planning discs: from the options to the number of discs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pybackup.disc.estimate import Estimate, estimate
from pybackup.disc.plan import PlannedDisc, fewest_and_most, plan_discs
from pybackup.make.plan import CreateOptions, Plan, plan_create
from pybackup.monitor import Monitor
from pybackup.options import values
from pybackup.options.discs import DiscPlanRequest


@dataclass(frozen=True, slots=True)
class Estimated:
    """The plan of an archive, and the estimate of its size."""

    plan: Plan
    estimate: Estimate


def estimate_for(asked: DiscPlanRequest, monitor: Monitor) -> Estimated:
    """Walk the sources, and estimate the size of their archive from compressed samples.

    Raises
    ------
    UsageError
        A source does not exist, or an option is wrong.
    """
    how = CreateOptions(
        profile=asked.profile(),
        parity=asked.protection(),
        one_file_system=asked.one_file_system,
        workers=values.maybe(asked.workers, values.positive),
    )
    rules = asked.rules()
    plan = plan_create(asked.gather(asked.sources, monitor), b"", judge=rules.judge, options=how, monitor=monitor)
    rules.tell_idle(monitor)
    return Estimated(plan, estimate(plan, monitor))


def plan_on(estimated: Estimated, asked: DiscPlanRequest, medium_bytes: int) -> Sequence[PlannedDisc]:
    """Return the discs that are needed, if all have one capacity in bytes.

    Raises
    ------
    UsageError
        A disc is too small.
    """
    return plan_discs(estimated.plan, estimated.estimate, **_how(asked, medium_bytes))


def spread_on(estimated: Estimated, asked: DiscPlanRequest, medium_bytes: int) -> tuple[int, int]:
    """Return the least and the greatest number of data discs within the estimate's error; raises as `plan_on`."""
    return fewest_and_most(estimated.plan, estimated.estimate, **_how(asked, medium_bytes))


def _how(asked: DiscPlanRequest, medium_bytes: int) -> dict[str, Any]:
    return {
        "first_bytes": values.sizes(asked.first_volumes),
        "medium_bytes": medium_bytes,
        "recovery": values.natural(asked.recovery_volumes),
        "second_copies": values.share(asked.second_copies),
    }
