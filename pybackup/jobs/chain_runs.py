"""The runs that can be restored: those of a chain in the catalogue, or of archives given by path."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress

from pybackup.archive.ancestry import Mended
from pybackup.archive.runs import HeldElsewhere, Runs, runs_among
from pybackup.archive.suffixes import OWN_SUFFIX
from pybackup.catalogue.connect import open_catalogue
from pybackup.catalogue.default import configured
from pybackup.catalogue.find import find_contents
from pybackup.catalogue.media import media
from pybackup.catalogue.runs import chains, runs
from pybackup.container.notes import archive_id_in
from pybackup.errors import PybackupError, UsageError
from pybackup.host.directories import files_in
from pybackup.host.storage import ArchiveFile
from pybackup.model.catalogued import CataloguedRun, Medium, MediumState, Needed, VolumeSort
from pybackup.model.restorable import RestorableRun, newest_until
from pybackup.monitor import Monitor
from pybackup.options import values


def run_at(runs: Runs, at: int | str | None) -> RestorableRun:
    """Return the last run up to a time, given as in options; None for the newest run.

    Raises
    ------
    UsageError
        There is no run so early, or the archives do not have the times of their runs.
    """
    at_ns = values.maybe(at, values.until)
    oldest = at_ns == values.OLDEST
    return newest_until(runs.runs, None if oldest else at_ns, oldest=oldest)


def runs_of(named: Sequence[bytes], address: str | None, monitor: Monitor, mended: Mended | None = None) -> Runs:
    """Return the runs of a chain or of archives, whichever is named; other names are left in ``patterns``.

    Parameters
    ----------
    mended
        See `pybackup.archive.open.open_archive`.

    Raises
    ------
    UsageError
        There is neither a file nor a chain of that name.
    PybackupError
        The file is no archive, or cannot be read.
    """
    known = _Known(configured(address))
    if os.path.lexists(named[0]):
        try:
            found = runs_among(named, monitor, mended)
            found.known = known
            return found
        except UsageError:
            # A chain often has the same name as the directory that it backs up.
            if not os.path.isdir(named[0]) or not _is_chain(os.fsdecode(named[0]), configured(address)):
                raise
    found = _of_chain(os.fsdecode(named[0]), named[1:], configured(address))
    found.mended, found.known = mended, known
    return found


def _of_chain(chain: str, patterns: Sequence[bytes], address: str | None) -> Runs:
    if address is None:
        raise UsageError(f"{chain}: no such file")
    with open_catalogue(address) as catalogue:
        known = [run for run in runs(catalogue, chain) if run.is_complete]
        held: dict[bytes, list[Medium]] = {}
        for medium in media(catalogue):
            held.setdefault(medium.volume.identity, []).append(medium)
    if not known:
        raise UsageError(f"{chain}: no such file, and no chain of the catalogue that has a complete run")
    found = Runs([_run_of(run) for run in known], media=held, patterns=patterns)
    for run in known:
        for identity, path in _at_hand(run):
            found.files.setdefault(run.archive, []).append(path)
            found.places.setdefault(identity, path)
    recovery: dict[bytes, list[bytes]] = {}
    for identity, several in held.items():
        for medium in several:
            if medium.location and identity not in found.places and os.path.isfile(medium.location):
                found.places[identity] = medium.location
                if medium.volume.sort is VolumeSort.RECOVERY:
                    recovery.setdefault(medium.volume.set_id, []).append(medium.location)
    for run in known:
        found.files.setdefault(
            run.archive, [path for each in run.volumes if (path := found.places.get(each.identity, b""))]
        )
        found.files[run.archive] += recovery.get(run.archive, ())
    return found


class _Known:
    """Finds media with given contents in the catalogue: those not lost or retired, sound ones first."""

    def __init__(self, address: str | None) -> None:
        self._address = address

    def __call__(self, digests: Collection[bytes]) -> list[HeldElsewhere]:
        """Return the media; none if there is no catalogue, or it cannot be read, which is reported elsewhere."""
        found: dict[HeldElsewhere, Medium] = {}
        if self._address is None:
            return []
        with suppress(PybackupError), open_catalogue(self._address) as catalogue:
            for sighting in find_contents(catalogue, sorted(digests)):
                for medium in sighting.media:
                    if sighting.filed.sha256 and medium.state is not MediumState.LOST and not sighting.filed.nested:
                        at_hand = medium.location and os.path.isfile(medium.location)
                        path = medium.location if at_hand else b""
                        identity = medium.volume.identity
                        found[HeldElsewhere(sighting.filed.sha256, identity, medium.label, path)] = medium
        return sorted(found, key=lambda held: found[held].state is not MediumState.OK)


def _is_chain(name: str, address: str | None) -> bool:
    if address is None:
        return False
    with open_catalogue(address) as catalogue:
        return name in chains(catalogue)


def _run_of(run: CataloguedRun) -> RestorableRun:
    own = tuple(Needed(held.identity, held.name, held.files, held.content_bytes) for held in run.volumes)
    return RestorableRun(run.archive, run.mark, own, run.needs)


def _at_hand(run: CataloguedRun) -> Iterator[tuple[bytes, bytes]]:
    """Yield the archives, or volumes and recovery volumes, with their ids, that are where the catalogue saw them."""
    if not run.location or not os.path.exists(run.location):
        return
    is_set = os.path.isdir(run.location)
    for path in files_in(run.location, OWN_SUFFIX) if is_set else [run.location]:
        with suppress(PybackupError), ArchiveFile(path) as file:
            yield archive_id_in(file), path
