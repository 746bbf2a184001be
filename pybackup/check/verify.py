"""Verifying an archive: every byte against its hash, and, deep, every content too."""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import ExitStack
from dataclasses import dataclass

from pybackup.archive.find import place_of
from pybackup.compress.check import check_batch
from pybackup.container.check import Checked, check_bytes
from pybackup.container.read import open_listing, read_locator
from pybackup.container.relocate import relocate
from pybackup.errors import Damaged, EnvironmentFailed, NotAnArchive
from pybackup.host.in_order import in_order
from pybackup.host.joined import Place, open_place
from pybackup.host.storage import ArchiveFile
from pybackup.host.workers import bounded_workers, make_executor, surviving
from pybackup.mend.health import Health, State, assess
from pybackup.model.entry import Kind
from pybackup.model.listing import Listing, Way
from pybackup.model.member import Stored
from pybackup.model.problem import Problem, Trouble
from pybackup.monitor import Monitor

from .abreast import Abreast, Paced
from .file_map import Places
from .volume_map import mendable

_BATCH_BYTES = 4 << 20
_BATCH_FILES = 200
_LEAST_AT_ONCE_BYTES = 8 << 20


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a verification found.

    Attributes
    ----------
    state
        Intact; or damaged where nothing is lost, since something else still says it; or something is lost.
    damage
        What is damaged, in words.
    files_damaged
        Paths of the files whose content is lost here.
    spared
        Those of them that another volume at hand has whole; see `pybackup.check.spared`.
    mendable
        Those of them that parity brings back, where it does not bring back all of the archive.
    missing
        Entries that the archive was made with and that are not even known by name; None where nobody can tell.
    health
        What the checksums of the sectors say; None where there are none, or too few are left.
    files, n_bytes
        Files of which the archive holds anything, and the bytes of content that it holds: of a volume of a set, those
        on this volume.
    listing
        What the archive holds; None where the file is no archive.
    file_bytes
        Length of the file.
    begin
        Where in the file the archive begins: not at 0 in an image.
    """

    state: State
    damage: Sequence[str]
    files_damaged: Sequence[bytes]
    files: int
    n_bytes: int
    way: Way | None
    missing: int | None
    health: Health | None = None
    listing: Listing | None = None
    file_bytes: int = 0
    spared: Sequence[bytes] = ()
    mendable: Sequence[bytes] = ()
    begin: int = 0

    @property
    def by_parity(self) -> bool:
        """Whether it is damaged, and parity brings back all of it, byte for byte."""
        return self.health is not None and self.health.state is State.REPAIRABLE

    @property
    def lost(self) -> list[bytes]:
        """Paths of the damaged files that nothing at hand brings back whole."""
        back = {*(self.files_damaged if self.by_parity else (*self.spared, *self.mendable))}
        return [path for path in self.files_damaged if path not in back]


def verify(
    archive: bytes,
    *,
    deep: bool = False,
    workers: int | None = None,
    executor: Executor | None = None,
    monitor: Monitor,
) -> Verdict:
    """Read every byte of the archive and compare it with the hashes it holds, and with the checksums of its sectors.

    A file that is no archive, and has a parity stream or a sidecar, is verified by that.

    Parameters
    ----------
    deep
        Decompress every file too, and compare its content with its SHA-256.
    executor
        Runs that instead of ``workers`` processes.

    Raises
    ------
    NotAnArchive
        There is nothing of an archive in the file.
    """
    place = place_of(archive)
    with open_place(place) as file:
        both = _at_once(archive, file, monitor) if isinstance(place, bytes) else None
        found = both[0] if both else assess(archive, monitor)
        health = found if isinstance(found, Health) else None
        is_image = health is not None and _is_no_archive(file, health)
        if health and is_image and health.state is not State.BEYOND:
            return Verdict(health.state, (), (), 0, 0, None, 0, health)
        try:
            listing = both[1] if both else open_listing(file)
        except NotAnArchive as error:
            if isinstance(found, str):
                raise Damaged(f"{os.fsdecode(archive)}: no archive; {found}") from error
            if health is None:
                raise
            return Verdict(health.state, (), (), 0, 0, None, 0, health, None, file.size)
        if is_image or read_locator(file) is None:
            # Where the archive begins is not known: its members are looked for, and each has to be decoded.
            listing, deep = relocate(file, listing), True
        checked = both[2] if both else Checked((), ()) if is_image else _checked(file, listing, monitor)
        damage = list(dict.fromkeys((*listing.damage, *checked.damage)))
        damage += [found] if isinstance(found, str) else []
    doubtful, files, n_bytes = _doubtful(listing, checked, deep=deep)
    bad = list(_damaged(place, listing, doubtful, bounded_workers(workers), executor, monitor))
    missing = listing.missing
    for doubt in listing.doubts:
        monitor.problem(doubt)
    begin = 0 if isinstance(place, bytes) else place[0].offset
    rebuilt = _mendable(listing, begin, health, bad)
    lost = len(rebuilt) < len(bad) or missing != 0 or bool(listing.doubts)
    state = State.BEYOND if lost else State.REPAIRABLE if damage or bad else State.INTACT
    if health and health.state is State.REPAIRABLE:
        state = State.REPAIRABLE
    elif health and health.state is State.BEYOND and state is State.INTACT:
        # Only parity is lost, and what it protects is whole.
        state = State.REPAIRABLE
    return Verdict(
        state, damage, bad, files, n_bytes, listing.way, missing, health, listing, file.size, (), rebuilt, begin
    )


def _doubtful(listing: Listing, checked: Checked, *, deep: bool) -> tuple[array[int], int, int]:
    """Rows of the files that have to be decoded; how many files there are, and the bytes of content that are here."""
    files, n_bytes = 0, 0
    doubtful = array("q")
    for row, kind in enumerate(listing.rows.kinds):
        if kind == Kind.FILE:
            stored = listing.stored(row)
            files += 1
            n_bytes += sum(one.raw_bytes for one in stored.members) if stored.numbers else stored.entry.size
            if deep or any(checked.is_suspect(member.offset) for member in stored.members) or stored.defect:
                doubtful.append(row)
    return doubtful, files, n_bytes


def _mendable(listing: Listing, begin: int, health: Health | None, damaged: Sequence[bytes]) -> Sequence[bytes]:
    if not damaged or health is None or health.state is not State.BEYOND:
        return ()
    return mendable(Places.of_listing(listing, begin), health, damaged)


def _at_once(path: bytes, file: ArchiveFile, monitor: Monitor) -> tuple[Health | str | None, Listing, Checked] | None:
    """Check the hashes in a second thread while the sums are checked: every byte comes from the medium once.

    None where that cannot be: a drive may hang for minutes on one sector, and is asked for one thing at a time; a file
    that does not begin as an archive may be none; and a small one is not worth a thread.
    """
    if file.is_drive or file.size < _LEAST_AT_ONCE_BYTES or read_locator(file) is None:
        return None
    try:
        listing = open_listing(file)
    except NotAnArchive:
        return None
    with Abreast(lambda progress: check_bytes(file, listing, progress=progress)) as beside:
        found = assess(path, Paced(monitor, beside))
        monitor.begin("verify", 0, file.size)
        checked = beside.result(lambda count: monitor.advance(0, count))
        monitor.end()
    return found, listing, checked


def _checked(file: ArchiveFile, listing: Listing, monitor: Monitor) -> Checked:
    monitor.begin("verify", 0, file.size)
    checked = check_bytes(file, listing, progress=lambda count: monitor.advance(0, count))
    monitor.end()
    return checked


def _is_no_archive(file: ArchiveFile, health: Health) -> bool:
    """Whether its first sector is as it was protected, and begins no archive: an image, or any other file."""
    return not health.bad[0] and read_locator(file) is None


def _damaged(
    archive: Place,
    listing: Listing,
    doubtful: Sequence[int],
    workers: int,
    executor: Executor | None,
    monitor: Monitor,
) -> Iterator[bytes]:
    """Paths of those rows whose content does not decode to what was archived; each a problem."""
    if not doubtful:
        return
    n_bytes = sum(listing.stored(row).entry.size for row in doubtful)
    monitor.begin("check contents", len(doubtful), n_bytes)
    with ExitStack() as stack:
        stack.enter_context(surviving())
        if executor is None:
            tasks = 1 + len(doubtful) // _BATCH_FILES + n_bytes // _BATCH_BYTES
            executor = stack.enter_context(make_executor(workers, tasks=tasks, monitor=monitor))
        for stored, fault in _faults(archive, map(listing.stored, doubtful), executor, workers):
            monitor.advance(1, stored.entry.size)
            fault = stored.defect or fault
            if fault:
                monitor.problem(Problem(stored.entry.path, Trouble.DAMAGED, fault))
                yield stored.entry.path
    monitor.end()


def _faults(
    archive: Place, doubtful: Iterable[Stored], executor: Executor, workers: int
) -> Iterator[tuple[Stored, str]]:
    tasks = (
        (batch, executor.submit(check_batch, archive, [stored.members for stored in batch]))
        for batch in batches(doubtful)
    )
    for batch, faults in in_order(tasks, 2 * workers):
        yield from zip(batch, faults, strict=True)


def batches(files: Iterable[Stored]) -> Iterator[list[Stored]]:
    """Neighbours together: enough of them that handing them over costs little."""
    batch: list[Stored] = []
    n_bytes = 0
    for stored in files:
        batch.append(stored)
        n_bytes += stored.entry.size
        if n_bytes >= _BATCH_BYTES or len(batch) >= _BATCH_FILES:
            yield batch
            batch, n_bytes = [], 0
    if batch:
        yield batch


def check_written(archive: bytes, monitor: Monitor) -> None:
    """Read back what was just written.

    Raises
    ------
    EnvironmentFailed
        It is not what was written: the medium, the memory or a cable is bad.
    """
    verdict = verify(archive, monitor=monitor)
    if verdict.state is not State.INTACT:
        found = "; ".join(verdict.damage)
        raise EnvironmentFailed(f"the archive was not read back as it was written ({found}); is the disk failing?")
