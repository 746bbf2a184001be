"""The level of the next run of a chain, and the run that it builds on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from pybackup.errors import UsageError
from pybackup.model.catalogued import CataloguedRun
from pybackup.model.run import RunLevel, RunMark

AUTO = "auto"
LEVELS = (AUTO, *(level.value for level in RunLevel))
_MOST_NAMED = 5


def next_run(
    chain: str, level: str, known: Sequence[CataloguedRun], faults: Mapping[bytes, str], now_ns: int
) -> tuple[RunMark, CataloguedRun | None]:
    """Return the chain, time and level of the next run, and the run that it builds on; None for a full run.

    Parameters
    ----------
    chain
        The name of the chain.
    level
        One of `LEVELS`, such as ``auto``: incremental, but full if a volume of the last run has a fault.
    known
        The complete runs of the chain, the oldest first.
    now_ns
        The time now, in nanoseconds since 1970.
    faults
        What is wrong with volumes, by id.

    Raises
    ------
    UsageError
        There is no run for this level to build on.
    """
    last = known[-1] if known else None
    # Even if the clock was set back, a run is later than those that it builds on.
    at_ns = max(now_ns, last.mark.at_ns + 1) if last else now_ns
    if level == AUTO:
        reason = listed(_faults_of(last, known, faults)) if last else "the chain has no run yet"
        if last is None or reason:
            return RunMark(chain, at_ns, RunLevel.FULL, reason), None
        return RunMark(chain, at_ns, RunLevel.INCREMENTAL), last
    if level == RunLevel.FULL:
        return RunMark(chain, at_ns, RunLevel.FULL), None
    base = _base_of(RunLevel(level), known)
    if base is None:
        missing = "run" if level == RunLevel.INCREMENTAL else "full run"
        raise UsageError(f"{level}: the chain {chain} has no {missing} to build on", option="level")
    return RunMark(chain, at_ns, RunLevel(level)), base


def run_before(resumed: RunMark, known: Sequence[CataloguedRun]) -> CataloguedRun | None:
    """Return the run on which an interrupted run builds; None for a full one."""
    if resumed.level is RunLevel.FULL:
        return None
    return _base_of(resumed.level, [run for run in known if run.mark.at_ns < resumed.at_ns])


def labels_by_id(run: CataloguedRun) -> dict[bytes, str]:
    """Return the labels, by id, of all volumes that hold the tree of a run: its own and earlier ones."""
    own = {held.identity: held.name for held in run.volumes}
    return {need.identity: need.label for need in run.needs if need.files} | own


def listed(reasons: Iterable[str]) -> str:
    """Return the first few reasons as one text without repetitions, and the number of the others."""
    told = list(dict.fromkeys(reasons))
    more = f" and {len(told) - _MOST_NAMED:,} more" if len(told) > _MOST_NAMED else ""
    return ", ".join(told[:_MOST_NAMED]) + more


def _base_of(level: RunLevel, known: Sequence[CataloguedRun]) -> CataloguedRun | None:
    return next((run for run in reversed(known) if level is RunLevel.INCREMENTAL or _is_full(run)), None)


def _is_full(run: CataloguedRun) -> bool:
    return run.mark.level is RunLevel.FULL


def _faults_of(run: CataloguedRun, known: Sequence[CataloguedRun], faults: Mapping[bytes, str]) -> Iterator[str]:
    """Yield why volumes of the chain that a run needs are unsafe.

    Files that are in archives outside of the chain are checked one by one elsewhere.
    """
    of_chain = {held.identity for each in known for held in each.volumes}
    return (faults[identity] for identity in labels_by_id(run) if identity in faults and identity in of_chain)
