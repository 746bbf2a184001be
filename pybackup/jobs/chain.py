"""What the next run of a chain builds on: its level, the archives of the run before, which of these are not safe."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pybackup.catalogue.connect import Catalogue, open_catalogue
from pybackup.catalogue.default import configured
from pybackup.catalogue.runs import faults_of, runs
from pybackup.errors import PybackupError, UsageError
from pybackup.make.levels import AUTO, LEVELS, ids_of, listed, next_run, run_before
from pybackup.model.filed import CataloguedRun
from pybackup.model.problem import Problem, Trouble
from pybackup.model.run import RunMark, check_chain
from pybackup.monitor import Monitor
from pybackup.options import values
from pybackup.options.making import Making
from pybackup.selection.since import show_since

from .catalogue_record import record_archives, record_for_discs


@dataclass(frozen=True, slots=True)
class Base:
    """What a run builds on.

    Attributes
    ----------
    mark
        What its archive is to say of the run.
    run
        The run before; None for a full one.
    archives
        Where that is.
    unsafe
        Ids of archives and volumes that are lost or suspect.
    """

    mark: RunMark
    run: CataloguedRun | None = None
    archives: Sequence[bytes] = ()
    unsafe: frozenset[bytes] = frozenset()

    def check(self, ids: Iterable[bytes]) -> None:
        """Refuse archives that are not of that run.

        Raises
        ------
        UsageError
            They are of another one.
        """
        if self.run is not None and self.run.archive not in ids:
            names = ", ".join(map(os.fsdecode, self.archives))
            raise UsageError(f"{names}: not the run of {show_run(self.run)}, on which this one builds")


def base_of_run(asked: Making, monitor: Monitor, *, resumed: RunMark | None = None) -> Base:
    """Return what a new run of a chain builds on; of one that is gone on with, ``resumed``, time and level stay.

    Raises
    ------
    UsageError
        There is no catalogue; the level asks for a run that is not there, or cannot be reached.
    """
    assert asked.chain is not None
    chain = check_chain(asked.chain)
    level = values.one_of(LEVELS, asked.level or AUTO)
    with chain_catalogue(asked.catalogue) as catalogue:
        known = [run for run in runs(catalogue, chain) if run.is_complete]
        faults = faults_of(catalogue)
    if resumed is not None:
        if resumed.chain != chain:
            raise UsageError(f"the volumes that are gone on with are of the chain {resumed.chain}", option="chain")
        mark, run = resumed, run_before(resumed, known)
    else:
        mark, run = next_run(chain, level, known, faults, _now_ns())
        if mark.reason:
            monitor.note(f"{chain}: a full run, since {mark.reason}")
    if run is None:
        return Base(mark)
    unsafe = {identity: why for identity, why in faults.items() if identity in ids_of(run)}
    if unsafe:
        monitor.note(f"{chain}: stored again is what lies on what is not safe: {listed(unsafe.values())}")
    given = values.paths(asked.since_archive)
    return Base(mark, run, given or [place_of(run)], frozenset(unsafe))


def record_run(asked: Making, paths: Sequence[bytes], monitor: Monitor, *, for_discs: bool = False) -> None:
    """Write down the archives of a run, if it is one: no failure of that undoes anything.

    Parameters
    ----------
    for_discs
        They are volumes, to be burnt.
    """
    if asked.chain is None:
        return
    try:
        with chain_catalogue(asked.catalogue) as catalogue:
            (record_for_discs if for_discs else record_archives)(catalogue, paths, monitor)
    except PybackupError as error:
        monitor.problem(Problem(b"", Trouble.UNRECORDED, str(error)))


def chain_catalogue(named: str | None) -> Catalogue:
    """Open the catalogue that a chain is known in.

    Raises
    ------
    UsageError
        There is none.
    """
    address = configured(named)
    if address is None:
        raise UsageError("a chain is known by a catalogue, and there is none; 'pybackup catalogue init' makes one")
    return open_catalogue(address)


def place_of(run: CataloguedRun) -> bytes:
    """Return where the archive of a run, or the directory of its volumes, is.

    Raises
    ------
    UsageError
        Nothing is known to be at hand.
    """
    if run.location and os.path.exists(run.location):
        return run.location
    last = run.volumes[-1].name
    raise UsageError(
        f"{last}, of the run of {show_run(run)}, is needed for what it tells of all files, and is not at hand",
        option="since_archive",
        hint="names where it is, which may be a drive",
    )


def show_run(run: CataloguedRun) -> str:
    """Name a run by its time, to the second."""
    return show_since(run.mark.at_ns // 10**9 * 10**9)


def _now_ns() -> int:
    """When a run begins: now, or when the environment says, for who wants the same bytes again."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    return int(epoch) * 10**9 if epoch.isdigit() else time.time_ns()
