"""Verifying an archive: every byte is checked by hashes, and with ``deep`` the content of every file too."""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import ExitStack
from dataclasses import replace

from pybackup.archive.find import FoundFile, place_in
from pybackup.compress.check import check_batch
from pybackup.container.check import Checked, check_bytes
from pybackup.container.locate import locate_what_is_left
from pybackup.container.read import open_listing, read_locator
from pybackup.container.relocate import relocate
from pybackup.errors import Damaged, EnvironmentFailed, NotAnArchive
from pybackup.host.in_order import in_order
from pybackup.host.joined import Place, open_place, part_of
from pybackup.host.kept import KeptFile
from pybackup.host.storage import ArchiveFile
from pybackup.host.workers import bounded_workers, make_executor, surviving
from pybackup.layout.table import Table
from pybackup.mend.copies import length_of
from pybackup.mend.health import Health, State, assess
from pybackup.mend.survey import phase_of_survey
from pybackup.model.entry import Kind
from pybackup.model.listing import Listing
from pybackup.model.member import Stored
from pybackup.model.problem import Problem, Trouble
from pybackup.model.verdict import Fate, FileVerdict
from pybackup.monitor import Monitor, Phase

from .abreast import Abreast, Paced
from .file_map import Places
from .verdict import ArchiveVerdict
from .volume_map import mendable

_BATCH_BYTES = 4 << 20
_BATCH_FILES = 200
_LEAST_AT_ONCE_BYTES = 8 << 20
_DECODE_WORK = 8  # for a byte of an archive, of which reading and hashing it is 1


def verify(
    archive: bytes,
    looked_into: FoundFile | None = None,
    *,
    deep: bool = False,
    own: bool = False,
    workers: int | None = None,
    executor: Executor | None = None,
    monitor: Monitor,
) -> ArchiveVerdict:
    """Read every byte of the archive and compare it with the hashes it holds, and with the checksums of its sectors.

    A file that is not an archive, but has a parity stream or a sidecar, is verified by that.

    Parameters
    ----------
    looked_into
        What was found in the file, so that its index need not be read again.
    deep
        Decompress every file too, and compare its content with its SHA-256.
    own
        This process has just written it; see `check_bytes`.
    executor
        Runs that instead of ``workers`` processes.

    Raises
    ------
    NotAnArchive
        There is nothing of an archive in the file.
    """
    with ExitStack() as stack:
        place, file = _open(archive, stack)
        whole = isinstance(place, bytes)
        known = _known(looked_into, place, file)
        both = _at_once(archive, file, known, monitor, own=own) if whole else None
        found = both[0] if both else assess(archive, monitor, file if whole else None)
        health = found if isinstance(found, Health) else None
        is_image = health is not None and _is_no_archive(file, health)
        if health and is_image and health.state is not State.BEYOND:
            return ArchiveVerdict(health.state, (), (), 0, 0, None, 0, health)
        is_sought = is_image or read_locator(file) is None
        try:
            if is_sought:
                place, file = _sought(place, file, stack)
            listing = both[1] if both else _listing(file, known)
        except NotAnArchive as error:
            if isinstance(found, str):
                raise Damaged(f"{os.fsdecode(archive)}: no archive; {found}") from error
            if health is None:
                raise
            return ArchiveVerdict(health.state, (), (), 0, 0, None, 0, health, None, file.size)
        if is_sought:
            # Its members may not be at the places in the index: they are searched for, and each has to be decoded.
            listing, deep = relocate(file, listing), True
        checked = both[2] if both else Checked((), ()) if is_image else _checked(file, listing, monitor)
        damage = list(dict.fromkeys((*listing.damage, *checked.damage)))
        damage += [found] if isinstance(found, str) else []
        begin = 0 if isinstance(place, bytes) else place[0].offset
        if is_sought and begin > 0 and not is_image:
            damage.append(f"the archive begins at byte {begin} of the file, not at its start")
    doubtful, files, n_bytes = _doubtful(listing, checked, deep=deep)
    bad = list(_damaged(place, listing, doubtful, bounded_workers(workers), executor, monitor))
    missing = listing.missing
    for doubt in listing.doubts:
        monitor.problem(doubt)
    bad = _with_parity(listing, begin, health, bad)
    lost = any(file.fate is Fate.LOST for file in bad) or missing != 0 or bool(listing.doubts)
    state = State.BEYOND if lost else State.REPAIRABLE if damage or bad else State.INTACT
    if health and health.state is State.REPAIRABLE:
        state = State.REPAIRABLE
    elif health and health.state is State.BEYOND and state is State.INTACT:
        # Only parity is lost; the protected bytes are intact.
        state = State.REPAIRABLE
    return ArchiveVerdict(
        state, damage, bad, files, n_bytes, listing.way, missing, health, listing, file.size, begin=begin
    )


def phases_of_verify(archive: bytes, *, deep: bool = False) -> list[Phase]:
    """Return the phases of `verify`, for `Monitor.plan`."""
    n_bytes = length_of(archive)
    contents = [Phase("check contents", _DECODE_WORK * n_bytes)] if deep else []
    # The second reader finds in memory what the first one has read.
    return [phase_of_survey(n_bytes), Phase("verify", n_bytes / 8), *contents]


def _doubtful(listing: Listing, checked: Checked, *, deep: bool) -> tuple[array[int], int, int]:
    """Return the rows of files that have to be decoded, the number of files, and the bytes of their content here."""
    doubtful = array("q")
    if isinstance(listing.rows, Table) and not deep and not checked.suspects and (totals := listing.rows.totals()):
        # The usual case, without an object for each file.
        return doubtful, *totals
    files, n_bytes = 0, 0
    for row, kind in enumerate(listing.rows.kinds):
        if kind == Kind.FILE:
            stored = listing.stored(row)
            files += 1
            n_bytes += sum(one.raw_bytes for one in stored.members) if stored.numbers else stored.entry.size
            if deep or any(checked.is_suspect(member.offset) for member in stored.members) or stored.defect:
                doubtful.append(row)
    return doubtful, files, n_bytes


def _with_parity(
    listing: Listing, begin: int, health: Health | None, damaged: Sequence[FileVerdict]
) -> list[FileVerdict]:
    """Return the verdicts on damaged files; those that parity can restore count as repaired."""
    if not damaged or health is None or health.state is State.INTACT:
        return [*damaged]
    paths = [file.path for file in damaged]
    is_all = health.state is State.REPAIRABLE
    back = {*(paths if is_all else mendable(Places.of_listing(listing, begin), health, paths))}
    return [replace(file, fate=Fate.REPAIRED) if file.path in back else file for file in damaged]


def _kept(file: ArchiveFile) -> ArchiveFile:
    """Return a small file as one in memory, since hashes and checksums both need all of it; other files as they are."""
    if file.is_drive or file.size >= _LEAST_AT_ONCE_BYTES:
        return file
    try:
        return KeptFile(file)
    except OSError:
        return file


def _known(looked_into: FoundFile | None, place: Place, file: ArchiveFile) -> Listing | None:
    """Return the listing of the archive if it was found before at the same place; None if it has to be read."""
    if looked_into is None or looked_into.is_sought or not looked_into.volumes:
        return None
    volume = looked_into.volumes[0]
    where = (0, file.size) if isinstance(place, bytes) else (place[0].offset, place[0].n_bytes)
    return volume.listing if (volume.offset, volume.n_bytes) == where else None


def _listing(file: ArchiveFile, known: Listing | None) -> Listing:
    return open_listing(file) if known is None else known


def _at_once(
    path: bytes, file: ArchiveFile, known: Listing | None, monitor: Monitor, *, own: bool
) -> tuple[Health | str | None, Listing, Checked] | None:
    """Check the hashes in a second thread while the checksums are checked, so that the medium is read once.

    None for a drive, which may hang for minutes on one sector, and should do one thing at a time; for a file that does
    not begin like an archive; and for a small file, which is read once in any case.
    """
    if file.is_drive or file.size < _LEAST_AT_ONCE_BYTES or read_locator(file) is None:
        return None
    try:
        listing = _listing(file, known)
    except NotAnArchive:
        return None
    with Abreast(lambda progress: check_bytes(file, listing, progress=progress, own=own)) as beside:
        found = assess(path, Paced(monitor, beside), file)
        monitor.begin("verify", 0, file.size)
        checked = beside.result(lambda count: monitor.advance(0, count))
        monitor.end()
    return found, listing, checked


def _checked(file: ArchiveFile, listing: Listing, monitor: Monitor) -> Checked:
    monitor.begin("verify", 0, file.size)
    checked = check_bytes(file, listing, progress=lambda count: monitor.advance(0, count))
    monitor.end()
    return checked


def _open(path: bytes, stack: ExitStack) -> tuple[Place, ArchiveFile]:
    """Return the place of the archive, which is the file or a part of it, and the opened archive."""
    file = _kept(stack.enter_context(ArchiveFile(path)))
    place = place_in(file)
    return place, file if isinstance(place, bytes) else stack.enter_context(open_place(place))


def _sought(place: Place, file: ArchiveFile, stack: ExitStack) -> tuple[Place, ArchiveFile]:
    """Find an archive that does not begin at the start of the file, by what is left of it; return its place, opened."""
    ((begin, n_bytes),) = locate_what_is_left(file)[:1] or [(0, file.size)]
    if not begin:
        return place, file
    place = (part_of(file.path, begin, n_bytes),)
    return place, stack.enter_context(open_place(place))


def _is_no_archive(file: ArchiveFile, health: Health) -> bool:
    """Return whether the first sector is intact, but not that of an archive: then it is an image, or any other file."""
    return not health.bad[0] and read_locator(file) is None


def _damaged(
    archive: Place,
    listing: Listing,
    doubtful: Sequence[int],
    workers: int,
    executor: Executor | None,
    monitor: Monitor,
) -> Iterator[FileVerdict]:
    """Return the files of these rows whose content cannot be decoded correctly, as lost; each is a problem."""
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
                yield FileVerdict.lost(stored.entry, fault)
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
    """Yield files in groups of neighbours, so large that handing one to a worker costs little."""
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
    """Read back an archive that was just written.

    Raises
    ------
    EnvironmentFailed
        It differs from what was written: the medium, the memory or a cable is bad.
    """
    verdict = verify(archive, own=True, monitor=monitor)
    if verdict.state is not State.INTACT:
        found = "; ".join(verdict.damage)
        raise EnvironmentFailed(f"the archive was not read back as it was written ({found}); is the disk failing?")
