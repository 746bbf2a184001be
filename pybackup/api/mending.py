"""Functions that repair, rebuild and rehearse repairs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pybackup.options import values
from pybackup.options.functions import takes
from pybackup.options.mending import DrillRequest, RebuildRequest, RepairRequest

from .asked import maybe_directory, monitor_of

if TYPE_CHECKING:
    from pybackup.check.drill import DrillOutcome
    from pybackup.make.rebuilt import Rebuilt
    from pybackup.mend.repaired import Repaired


@takes(RebuildRequest)
def rebuild(asked: RebuildRequest) -> Rebuilt:
    """Restore the lost and damaged volumes of a set from the others; or archives that recovery volumes cover.

    Give all remaining volumes, in any order and under any names. Intact volumes are not copied.
    """
    from pybackup.jobs.rebuild import rebuild as bring_back

    volumes, to, where = values.paths(asked.volumes), values.path(asked.to), maybe_directory(asked.work_dir)
    return bring_back(volumes, to, work_dir=where, overwrite=asked.overwrite, monitor=monitor_of(asked))


@takes(RepairRequest)
def repair(asked: RepairRequest) -> Repaired:
    """Merge damaged copies of an archive or a protected file, and rebuild the rest from parity.

    Without an output the first copy is repaired in place.
    """
    from pybackup.jobs.repair import repair as mend

    copies, output = values.paths(asked.copies), values.maybe(asked.output, values.path)
    maps, where = values.paths(asked.map), maybe_directory(asked.work_dir)
    return mend(copies, output, maps=maps, work_dir=where, overwrite=asked.overwrite, monitor=monitor_of(asked))


@takes(DrillRequest)
def drill(asked: DrillRequest) -> Iterator[DrillOutcome]:
    """Damage copies of an archive or a protected file, repair and compare them; yield the outcome of each round."""
    from pybackup.check.drill import plan_drill
    from pybackup.jobs.drill import perform_drill

    monitor = monitor_of(asked)
    return perform_drill(plan_drill(values.path(asked.file), asked.drilling(), monitor), monitor)
