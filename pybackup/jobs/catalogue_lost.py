"""Marking a medium as lost: which files are lost with it, and which are still in a live directory."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from pybackup.catalogue.connect import Catalogue
from pybackup.catalogue.loss import Loss, Outlook, loss_of
from pybackup.catalogue.media import find_medium, set_state
from pybackup.host.hash_file import hash_file
from pybackup.model.catalogued import MediumState, Sighting
from pybackup.model.entry import Entry, Kind
from pybackup.model.filed import Filed
from pybackup.model.source import Source
from pybackup.monitor import Aside, Monitor
from pybackup.tree.walk import walk

LIVE = "live"


@dataclass(frozen=True, slots=True)
class Reckoned:
    """The consequences of losing a medium.

    Attributes
    ----------
    counts
        The number of files that are elsewhere, rebuildable, live, doubtful, dependent, gone.
    files
        The files that are not on other media, each with one of these words.
    """

    loss: Loss
    counts: dict[str, int]
    files: Sequence[tuple[Sighting, str]]


def lose(
    catalogue: Catalogue,
    named: str,
    *,
    live: bytes | None = None,
    checksum: bool = False,
    checked_since_ns: int | None = None,
    dry_run: bool = False,
    details: bool = True,
    monitor: Monitor,
) -> Reckoned:
    """Return what is lost with a medium, and mark it as lost unless it is a dry run.

    Parameters
    ----------
    live
        A directory that may still hold files of the medium.
    checksum
        Compare contents there; otherwise a file with the same name, size and time counts as the same.
    details
        Also return each file.

    Raises
    ------
    UsageError
        There is no such medium.
    """
    medium = find_medium(catalogue, named)
    loss = loss_of(catalogue, medium, details=details or live is not None, checked_since_ns=checked_since_ns)
    found = _still_in(live, [each.filed for each, _ in loss.outlook], checksum, monitor) if live else set()
    worse = (Outlook.DOUBTFUL, Outlook.DEPENDENT, Outlook.GONE)
    files = [
        (each, LIVE if outlook in worse and each.filed.path in found else outlook.value)
        for each, outlook in loss.outlook
    ]
    counts = {outlook.value: loss.counts.get(outlook, 0) for outlook in Outlook}
    counts[LIVE] = sum(which == LIVE for _, which in files)
    if live is not None:
        for outlook in worse:
            counts[outlook.value] = sum(which == outlook.value for _, which in files)
    if not dry_run:
        set_state(catalogue, medium.id, MediumState.LOST)
    return Reckoned(loss, counts, files)


def _still_in(live: bytes, wanted: Sequence[Filed], checksum: bool, monitor: Monitor) -> set[bytes]:
    """Return the paths of the wanted files that are still in a directory."""
    by_size: dict[int, list[Filed]] = {}
    for filed in wanted:
        by_size.setdefault(filed.size, []).append(filed)
    found: set[bytes] = set()
    for entry in _files_in(live, monitor):
        candidates = [filed for filed in by_size.get(entry.size, ()) if filed.path not in found]
        if not candidates:
            continue
        if checksum:
            digest = b""
            with suppress(OSError):
                digest = hash_file(os.path.join(live, entry.path))
            found |= {filed.path for filed in candidates if filed.sha256 == digest and not filed.sparse}
        else:
            found |= {filed.path for filed in candidates if is_same(filed, entry)}
    return found


def _files_in(live: bytes, monitor: Monitor) -> Iterator[Entry]:
    for planned in walk([Source(live, b"")], monitor=Aside(monitor)):
        if planned.entry.kind is Kind.FILE:
            yield planned.entry


def is_same(filed: Filed, entry: Entry) -> bool:
    """Return whether a file is the catalogued one, by size, time and the end of its path."""
    if (filed.size, filed.mtime_ns) != (entry.size, entry.mtime_ns):
        return False
    return ends_alike(filed.path, entry.path)


def ends_alike(one: bytes, other: bytes) -> bool:
    """Return whether one of two paths is the end of the other, as each may be relative to another directory."""
    return one == other or one.endswith(b"/" + other) or other.endswith(b"/" + one)
