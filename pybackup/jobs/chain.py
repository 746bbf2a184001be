"""What the next run of a chain builds on: its level, the archives of the previous run, and which of them are unsafe."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pybackup.catalogue.connect import Catalogue, open_catalogue
from pybackup.catalogue.default import configured
from pybackup.catalogue.media import media
from pybackup.catalogue.runs import faults_of, runs
from pybackup.catalogue.standing import copies_of_volumes
from pybackup.errors import UsageError
from pybackup.make.levels import AUTO, LEVELS, labels_by_id, listed, next_run, run_before
from pybackup.model.catalogued import CataloguedRun
from pybackup.model.run import RunMark, check_chain
from pybackup.monitor import Monitor
from pybackup.options import values
from pybackup.options.making import Making
from pybackup.selection.since import show_since


@dataclass(frozen=True, slots=True)
class Base:
    """What a run builds on.

    Attributes
    ----------
    mark
        The chain, time and level of the new run, to be recorded in its archive.
    run
        The run that it builds on; None for a full run.
    archives
        The paths of that run's archive or volumes.
    unsafe
        Ids of archives and volumes that are lost or suspect.
    copies
        On how many media that count each volume is, by its id.
    paths
        The paths of volumes that are files, by id.
    """

    mark: RunMark
    run: CataloguedRun | None = None
    archives: Sequence[bytes] = ()
    unsafe: frozenset[bytes] = frozenset()
    copies: Mapping[bytes, int] = field(default_factory=dict)
    paths: Mapping[bytes, bytes] = field(default_factory=dict)

    def copies_of(self, archive_id: bytes) -> int:
        """Return on how many media that count a volume is; recovery volumes that can replace it count as one more."""
        return self.copies.get(archive_id, 0)

    def check(self, ids: Iterable[bytes]) -> None:
        """Refuse archives that do not belong to the run that the new one builds on.

        Raises
        ------
        UsageError
            They belong to another run.
        """
        if self.run is not None and self.run.archive not in ids:
            names = ", ".join(map(os.fsdecode, self.archives))
            raise UsageError(f"{names}: not the run of {show_run(self.run)}, on which this one builds")


def base_of_run(asked: Making, monitor: Monitor, *, resumed: RunMark | None = None) -> Base:
    """Return what a new run of a chain builds on; a ``resumed`` run keeps its time and level.

    Raises
    ------
    UsageError
        There is no catalogue; or the run that the level builds on does not exist, or its files are not here.
    """
    assert asked.chain is not None
    chain = check_chain(asked.chain)
    level = values.one_of(LEVELS, asked.level or AUTO)
    with chain_catalogue(asked.catalogue) as catalogue:
        known = [run for run in runs(catalogue, chain) if run.is_complete]
        faults = faults_of(catalogue)
        copies = copies_of_volumes(catalogue, checked_since_ns=_checked_since(asked))
        paths = {known.volume.identity: known.location for known in media(catalogue) if known.location}
    if resumed is not None:
        if resumed.chain != chain:
            raise UsageError(f"the volumes to be continued belong to the chain {resumed.chain}", option="chain")
        mark, run = resumed, run_before(resumed, known)
    else:
        mark, run = next_run(chain, level, known, faults, _now_ns())
        if mark.reason:
            monitor.note(f"{chain}: a full run, since {mark.reason}")
    if run is None:
        return Base(mark)
    unsafe = {identity: why for identity, why in faults.items() if identity in labels_by_id(run)}
    if unsafe:
        monitor.note(f"{chain}: stores again the files of archives that are lost or suspect: {listed(unsafe.values())}")
    given = values.paths(asked.since_archive)
    return Base(mark, run, given or [place_of(run)], frozenset(unsafe), copies, paths)


def _checked_since(asked: Making) -> int | None:
    """When media must have been checked to count as copies of the base of a delta, in ns; None for no such bound."""
    age_ns = values.delta(asked.delta).base_unchecked_ns
    return None if age_ns is None else time.time_ns() - age_ns


def chain_catalogue(named: str | None) -> Catalogue:
    """Open the catalogue that records chains.

    Raises
    ------
    UsageError
        There is no catalogue.
    """
    address = configured(named)
    if address is None:
        raise UsageError("a chain needs a catalogue, but there is none; 'pybackup catalogue init' makes one")
    return open_catalogue(address)


def place_of(run: CataloguedRun) -> bytes:
    """Return the path of the archive of a run, or of the directory of its volumes.

    Raises
    ------
    UsageError
        None of them is where the catalogue last saw it.
    """
    if run.location and os.path.exists(run.location):
        return run.location
    last = run.volumes[-1].name
    raise UsageError(
        f"{last}, of the run of {show_run(run)}, is needed for its list of all files, but is not at hand",
        option="since_archive",
        hint="names where it is, which may be a drive",
    )


def show_run(run: CataloguedRun) -> str:
    """Return the name of a run for people: its time, to the second."""
    return show_since(run.mark.at_ns // 10**9 * 10**9)


def _now_ns() -> int:
    """Return the time of a new run in nanoseconds since 1970: now, or SOURCE_DATE_EPOCH for reproducible bytes."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    return int(epoch) * 10**9 if epoch.isdigit() else time.time_ns()
