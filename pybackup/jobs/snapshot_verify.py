"""Verifying snapshots, and finding sound copies of the files that are damaged in them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pybackup.errors import UsageError
from pybackup.host.hash_file import hash_file
from pybackup.model.display import display
from pybackup.model.problem import Problem, Trouble
from pybackup.monitor import Monitor
from pybackup.snapshots.hashes import ContentFate, open_hashes
from pybackup.snapshots.local_store import LocalStore
from pybackup.snapshots.location import parse_location
from pybackup.snapshots.record import Snapshot
from pybackup.snapshots.verify import HurtFile, VerifiedSnapshots, choose, verify_snapshots

if TYPE_CHECKING:
    from pybackup.catalogue.connect import Catalogue


@dataclass(frozen=True, slots=True)
class HurtInSnapshots:
    """A file that is not as it was, and where its former content still is.

    Attributes
    ----------
    live
        The path in the source that has it; empty if none has.
    media
        Labels of the media that hold it, according to a catalogue.
    """

    file: HurtFile
    live: bytes
    media: Sequence[str]


@dataclass(frozen=True, slots=True)
class SnapshotsVerdict:
    """The result of verifying snapshots, and the files in them that are not as they were."""

    read: VerifiedSnapshots
    hurt: Sequence[HurtInSnapshots]


def verify(
    store: LocalStore, names: Sequence[bytes], monitor: Monitor, *, catalogue: Catalogue | None = None
) -> SnapshotsVerdict:
    """Verify snapshots, as `pybackup.snapshot_verify` says; each damaged file is a problem.

    Parameters
    ----------
    catalogue
        Searched for media that hold the damaged files' former content.

    Raises
    ------
    UsageError
        There is no such snapshot.
    """
    with store.locked(), open_hashes(store.records) as hashes:
        there = store.survey()
        try:
            chosen = [*choose(there, names)]
        except LookupError as error:
            raise UsageError(
                f"{os.fsdecode(store.path)}: no snapshot {os.fsdecode(error.args[0])!r} is there"
            ) from None
        done = verify_snapshots(store, chosen, hashes, monitor)
    hurt = [HurtInSnapshots(each, _live(each, there), _media(each, catalogue)) for each in done.hurt]
    for each in hurt:
        monitor.problem(_problem(each))
    return SnapshotsVerdict(done, hurt)


def _problem(hurt: HurtInSnapshots) -> Problem:
    file = hurt.file
    shared = f"in {len(file.snapshots):,} snapshots" if len(file.snapshots) > 1 else "in no other snapshot"
    if file.fate is ContentFate.WRITTEN:
        return Problem(file.path, Trouble.CHANGED, f"was written to after its snapshot was made; {shared}")
    places = [display(path) for path in ([hurt.live] * bool(hurt.live)) + file.sound] + [*hurt.media]
    sound = f"sound in {', '.join(places)}" if places else "no sound copy is known"
    return Problem(file.path, Trouble.DAMAGED, f"has other content than it had; {shared}; {sound}")


def _live(file: HurtFile, there: Sequence[Snapshot]) -> bytes:
    """Return the path in the source that has a file's former content under the same name; empty for none."""
    records = {each.name: each.record for each in there}
    name, _, relative = file.path.partition(b"/")
    record = records.get(name)
    if record is None:
        return b""
    source = parse_location(os.fsencode(record.source))
    if not source.is_local:
        return b""
    path = os.path.join(source.path, relative)
    try:
        return path if os.path.getsize(path) == file.size and hash_file(path) == file.sha256 else b""
    except OSError:
        return b""


def _media(file: HurtFile, catalogue: Catalogue | None) -> list[str]:
    if catalogue is None:
        return []
    from pybackup.catalogue.find import find_contents
    from pybackup.catalogue.media import counts_as_copy

    found = (known for each in find_contents(catalogue, [file.sha256]) for known in each.media)
    return list(dict.fromkeys(known.label for known in found if counts_as_copy(known)))
