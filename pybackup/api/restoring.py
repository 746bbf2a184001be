"""Functions that restore files."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pybackup.options import values
from pybackup.options.functions import takes
from pybackup.options.restoring import ExtractRequest, RestoreRequest, SalvageRequest, StructureRestoreRequest

from .asked import maybe_directory, monitor_of, open_asked

if TYPE_CHECKING:
    from pybackup.jobs.restore import RestoredRun
    from pybackup.jobs.salvage import Salvaged
    from pybackup.restore.plan import RestorePlan
    from pybackup.restore.result import Extracted


@takes(ExtractRequest)
def extract(asked: ExtractRequest) -> Extracted:
    """Restore the entries that match patterns, or everything, below the directory ``to``.

    Damage is repaired in a temporary file, if parity, other copies or recovery volumes suffice. Several archives must
    be volumes of one set, as for `list`.

    Raises
    ------
    UsageError, NotAnArchive
        As `list` does.
    EnvironmentFailed
        The directory cannot be written.
    """
    from pybackup.jobs.extract import restore

    monitor = monitor_of(asked)
    how, wanted = asked.extracting(), values.paths(values.several(asked.patterns, "patterns"))
    with open_asked(asked, monitor) as opened:
        where, to = maybe_directory(asked.work_dir), values.path(asked.to)
        return restore(opened, wanted, to, how, work_dir=where, executor=asked.executor, monitor=monitor)


@takes(RestoreRequest)
def restore_chain(asked: RestoreRequest) -> RestoredRun:
    """Restore the tree of a chain as it was at a time, or the entries that match patterns, below the directory ``to``.

    A lost file is a problem, which names the medium that has it; everything else is restored.

    Raises
    ------
    UsageError, NotAnArchive
        There is neither a file nor a chain of that name; or no run so early; or the run's last volume is not here.
    EnvironmentFailed
        The directory cannot be written, or the catalogue cannot be reached.
    """
    from pybackup.jobs.chain_runs import run_at, runs_of
    from pybackup.jobs.restore import restore_run
    from pybackup.mend.identify import IdentifyingMender

    monitor = monitor_of(asked)
    wanted = values.paths(values.several(asked.patterns, "patterns"))
    where = values.maybe(asked.work_dir, values.directory)
    with IdentifyingMender(where or os.path.dirname(os.path.abspath(values.path(asked.to))), monitor) as identifying:
        runs = runs_of(values.paths(asked.chain), asked.catalogue, monitor, identifying)
        runs.patterns = [*runs.patterns, *wanted]
        run = run_at(runs, asked.at)
        with runs.open(run, monitor) as archive:
            return restore_run(runs, run, archive, asked, executor=asked.executor, monitor=monitor)


@takes(ExtractRequest)
def plan_extract(asked: ExtractRequest) -> RestorePlan:
    """Return what `extract` would restore; raises as it does."""
    from pybackup.restore.plan import plan_restore

    monitor = monitor_of(asked)
    wanted = values.paths(values.several(asked.patterns, "patterns"))
    with open_asked(asked, monitor) as opened:
        return plan_restore(opened, wanted, values.path(asked.to), asked.extracting())


@takes(SalvageRequest)
def salvage(asked: SalvageRequest) -> Salvaged:
    """Repair damaged copies as far as possible, restore every file of which something is left, and judge each file."""
    from pybackup.jobs.salvage import salvage as perform

    return perform(
        values.paths(asked.copies),
        values.path(asked.to),
        maps=values.paths(asked.map),
        work_dir=maybe_directory(asked.work_dir),
        options=asked.salvaging(),
        monitor=monitor_of(asked),
    )


@takes(StructureRestoreRequest)
def structure_restore(asked: StructureRestoreRequest) -> int:
    """Restore entries without content from a tar of `structure_save` or an archive; return the number restored."""
    from pybackup.jobs.structure import restore_structure

    file, to = values.path(asked.file), values.path(asked.to)
    return restore_structure(file, to, asked.placing(), monitor=monitor_of(asked))
