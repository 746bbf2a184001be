"""Entering media into the catalogue: archives and images by their indexes, directories by walking them."""

from __future__ import annotations

import hashlib
import os
import pickle
import platform
import stat
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from pybackup.archive.find import Volume, find_volumes
from pybackup.archive.volume_set import SetAtHand, gather
from pybackup.catalogue.connect import Catalogue
from pybackup.catalogue.fill import Entered, enter
from pybackup.catalogue.media import media
from pybackup.errors import UsageError
from pybackup.host.storage import ArchiveFile
from pybackup.model.entry import Kind
from pybackup.model.filed import Filed, Medium, MediumType, NewMedium, NewVolume, VolumeSort, filed_of
from pybackup.model.listing import Rows
from pybackup.model.problem import Problem, Trouble
from pybackup.model.source import Source
from pybackup.model.volume import VolumeKind
from pybackup.monitor import Aside, Monitor
from pybackup.tree.walk import walk

from .catalogue_hash import hash_contents

# File systems of discs: what is mounted from them is the disc, wherever it is mounted.
_DISC_SYSTEMS = {b"iso9660", b"udf"}
_BATCH = 1000
_IN_MEMORY_BYTES = 16 << 20


@dataclass(frozen=True, slots=True)
class AddOptions:
    """How media are entered.

    Attributes
    ----------
    label, place, title, description
        Of the medium; only for one at a time, but for the place.
    another
        It is one more copy of what the catalogue knows.
    tree
        A directory is entered with all its files, though there are archives in it.
    hashed
        The contents of files of a directory are read.
    """

    label: str = ""
    place: str = ""
    title: str = ""
    description: str = ""
    another: bool = False
    tree: bool = False
    hashed: bool = True


@dataclass(frozen=True, slots=True)
class AddedMedium:
    """One medium that was entered, or recognised.

    Attributes
    ----------
    told
        Labels of volumes of the same set that this one told of, and that the catalogue did not know.
    """

    path: bytes
    medium: Medium
    entered: Entered
    told: tuple[str, ...] = ()


def add(catalogue: Catalogue, paths: Sequence[bytes], options: AddOptions, monitor: Monitor) -> Iterator[AddedMedium]:
    """Enter each medium, and yield what became of it; one that cannot be read is a problem and stops no other.

    Raises
    ------
    UsageError
        One does not exist; a label is given to several, or is another medium's.
    """
    if options.label and len(paths) > 1:
        raise UsageError("a label is one medium's: add one at a time")
    for path in paths:
        if not os.path.exists(path):
            raise UsageError(f"{os.fsdecode(path)}: no such file or directory")
    for path in paths:
        if os.path.isdir(path) and (options.tree or not _holds_archives(path)):
            yield _add_tree(catalogue, path, options, monitor)
        else:
            yield from _add_volumes(catalogue, path, options, monitor)


def _holds_archives(path: bytes) -> bool:
    try:
        return bool(find_volumes([path]).volumes)
    except UsageError:
        return False


def _add_volumes(catalogue: Catalogue, path: bytes, options: AddOptions, monitor: Monitor) -> Iterator[AddedMedium]:
    found = find_volumes([path])
    for unclear in found.unclear:
        monitor.problem(Problem(unclear, Trouble.UNREADABLE, "nothing in it tells what archive it is; repair it first"))
    if options.label and len(found.volumes) > 1:
        raise UsageError(f"{os.fsdecode(path)}: holds {len(found.volumes)} archives, and a label is one medium's")
    if found.volumes and os.path.isdir(path):
        monitor.note(f"{os.fsdecode(path)}: its archives are entered, not its other files")
    for volume in found.volumes:
        yield enter_volume(catalogue, volume, _medium_of(catalogue, volume, options), options, monitor)


def enter_volume(
    catalogue: Catalogue, volume: Volume, on: NewMedium, options: AddOptions, monitor: Monitor
) -> AddedMedium:
    """Enter an archive that was found, the medium it is on, and the volumes of its set that it tells of."""
    told = tuple(_enter_told(catalogue, volume, monitor))
    entered = enter(catalogue, _volume_of(volume, options), partial(filed_of, volume.listing), on, monitor)
    return AddedMedium(volume.path, _medium(catalogue, entered), entered, told)


def _volume_of(volume: Volume, options: AddOptions) -> NewVolume:
    info, listing = volume.info, volume.listing
    recovery = info is not None and info.kind is VolumeKind.RECOVERY
    stem = os.path.splitext(os.path.basename(volume.path.rstrip(b"/")))[0]
    return NewVolume(
        identity=listing.archive_id,
        sort=VolumeSort.RECOVERY if recovery else VolumeSort.ARCHIVE,
        name=info.label if info else os.fsdecode(stem),
        listing=listing.digest,
        info=info,
        n_bytes=volume.n_bytes,
        entries=len(listing),
        title=options.title,
        description=options.description or str(listing.settings.get("comment") or ""),
    )


def _medium_of(catalogue: Catalogue, volume: Volume, options: AddOptions) -> NewMedium:
    kind = MediumType.DISC if _is_on_disc(volume.path) else MediumType.FILE
    location = b"" if kind is MediumType.DISC else os.path.realpath(volume.path)
    with ArchiveFile(volume.path) as file:
        size = file.size
    label = options.label
    if not label and location and not options.another:
        label = _moved(catalogue, volume, location)
    return NewMedium(kind, label, location, options.place, size, another=options.another)


def _moved(catalogue: Catalogue, volume: Volume, location: bytes) -> str:
    """Return the label of the file that this one was before it was moved; empty where there is none."""
    same = [
        known
        for known in media(catalogue)
        if known.volume.identity == volume.listing.archive_id and known.type is MediumType.FILE and known.location
    ]
    if any(known.location == location for known in same):
        return ""
    return next((known.label for known in same if not os.path.exists(known.location)), "")


def _enter_told(catalogue: Catalogue, volume: Volume, monitor: Monitor) -> Iterator[str]:
    """Enter the volumes of the same set that this one tells of, and yield the labels of those that were not known."""
    if volume.info is None:
        return
    hand: SetAtHand = gather([volume], Aside(monitor))
    for number, (rows, paths) in sorted(hand.tables.items()):
        info = hand.infos[number]
        if number in hand.data:
            continue
        filed = partial(_of_rows, rows, paths)
        new = NewVolume(info.archive_id, VolumeSort.ARCHIVE, info.label, b"", info, 0, len(paths))
        entered = enter(catalogue, new, filed, NewMedium(MediumType.DISC, seen=False), Aside(monitor))
        if entered.new_volume:
            yield entered.label


def _of_rows(rows: Rows, paths: Sequence[bytes]) -> Iterator[Filed]:
    return filed_of(rows.stored(row, path) for row, path in enumerate(paths))


def _add_tree(catalogue: Catalogue, path: bytes, options: AddOptions, monitor: Monitor) -> AddedMedium:
    location = os.path.realpath(path)
    monitor.begin("reading directories", 0, 0)
    with _Spool() as spool:
        for planned in walk([Source(path, b"")], monitor=monitor):
            entry = planned.entry
            if entry.kind is not Kind.DIRECTORY:
                spool.add(Filed(entry.path, entry.kind, entry.size, entry.mtime_ns, entry.mode, target=entry.target))
                monitor.advance(1, 0)
        monitor.end()
        on_disc = _is_on_disc(location)
        name = os.fsdecode(os.path.basename(location)) or "root"
        sort = VolumeSort.IMAGE if on_disc else VolumeSort.TREE
        identity = spool.digest if on_disc else _identity(location)
        new = NewVolume(identity, sort, name, spool.digest, None, 0, spool.count, options.title, options.description)
        on = NewMedium(
            MediumType.DISC if on_disc else MediumType.DIRECTORY,
            options.label,
            b"" if on_disc else location,
            options.place,
            _capacity(location),
            another=options.another,
        )
        entered = enter(catalogue, new, spool.__iter__, on, monitor)
    if options.hashed:
        hash_contents(catalogue, _medium(catalogue, entered), location, monitor)
    return AddedMedium(path, _medium(catalogue, entered), entered)


def _medium(catalogue: Catalogue, entered: Entered) -> Medium:
    return next(known for known in media(catalogue) if known.id == entered.medium_id)


class _Spool:
    """The entries of a tree, on disk where they are many, and the hash of them all."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES)  # noqa: SIM115 - closed by `__exit__`
        self._some: list[Filed] = []
        self._hash = hashlib.sha256()
        self.count = 0

    @property
    def digest(self) -> bytes:
        """Hash of what there is: paths, kinds, sizes and times."""
        return self._hash.digest()

    def add(self, filed: Filed) -> None:
        """Add an entry."""
        self._hash.update(b"%d %d %d %d %b" % (filed.kind, filed.size, filed.mtime_ns, len(filed.path), filed.path))
        self._some.append(filed)
        self.count += 1
        if len(self._some) == _BATCH:
            self._write()

    def __iter__(self) -> Iterator[Filed]:
        self._write()
        self._file.seek(0)
        with suppress(EOFError):
            while True:
                yield from pickle.load(self._file)

    def _write(self) -> None:
        self._file.seek(0, os.SEEK_END)
        pickle.dump(self._some, self._file, pickle.HIGHEST_PROTOCOL)
        self._some = []

    def __enter__(self) -> _Spool:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def _identity(location: bytes) -> bytes:
    """What a directory is known by: the file system of a drive, wherever it is mounted; else machine and path."""
    if os.path.ismount(location):
        device = os.stat(location).st_dev
        with suppress(OSError):
            for link in os.scandir(b"/dev/disk/by-uuid"):
                with suppress(OSError):
                    if link.stat().st_rdev == device:
                        return b"uuid:" + link.name[:59]
    return hashlib.sha256(platform.node().encode() + b"\0" + location).digest()


def _capacity(location: bytes) -> int | None:
    if not os.path.ismount(location):
        return None
    room = os.statvfs(location)
    return room.f_frsize * room.f_blocks


def _is_on_disc(path: bytes) -> bool:
    """Whether a path is a drive, or lies on a disc that is mounted."""
    status = os.stat(path)
    if stat.S_ISBLK(status.st_mode):
        return True
    with suppress(OSError), open("/proc/self/mountinfo", "rb") as mounts:
        for line in mounts:
            fields, _, behind = line.partition(b" - ")
            major, _, minor = fields.split()[2].partition(b":")
            if os.makedev(int(major), int(minor)) == status.st_dev:
                return behind.split()[0] in _DISC_SYSTEMS
    return False
