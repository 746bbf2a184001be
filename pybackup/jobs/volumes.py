"""Which volumes are at hand: in files, images, devices and directories, known by what they hold, not by their names."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from pybackup.container.listing import Listing, Rows, Way
from pybackup.container.locate import locate
from pybackup.container.read import load_table, open_indexed, settings_of
from pybackup.container.set_index import read_set_index
from pybackup.errors import FormatError, UsageError
from pybackup.host.directories import files_in
from pybackup.host.joined import JoinedFile, Part
from pybackup.host.monitor import Monitor
from pybackup.host.storage import ArchiveFile
from pybackup.layout.index import Growth
from pybackup.model.volume import VolumeInfo, VolumeKind
from pybackup.parity.find import find, glance

# What is called so is meant to be an archive, whatever is left of it.
_OWN_SUFFIX = b".xtar"
# Of files that are read to the end, if their ends tell nothing.
_ARCHIVE_SUFFIXES = (b".xtar", b".iso", b".img", b".bin", b".dd")
# Volumes that are missing, of a set that says that it is long.
_MOST_NAMED = 100


@dataclass(frozen=True, slots=True)
class Volume:
    """An archive that was found, whole enough that its tree index tells what it is.

    Attributes
    ----------
    offset, n_bytes
        Where in the file it lies.
    info
        None for an archive that is no volume of a set.
    """

    path: bytes
    offset: int
    n_bytes: int
    info: VolumeInfo | None
    listing: Listing

    @property
    def name(self) -> str:
        """What it is called in messages."""
        return f"{os.fsdecode(self.path)} ({self.info.label})" if self.info else os.fsdecode(self.path)

    @property
    def fills_file(self) -> bool:
        """Whether the file is this archive and nothing else."""
        return self.offset == 0

    def part(self, address: int = 0) -> Part:
        """Return it as a part of an address space."""
        return Part(address, self.n_bytes, self.path, self.offset, self.info.label if self.info else self.name)

    def open(self) -> JoinedFile:
        """Open it alone."""
        return JoinedFile([self.part()])


@dataclass(frozen=True, slots=True)
class Found:
    """What is at hand.

    Attributes
    ----------
    unclear
        Files in which no archive is whole enough to say what it is: damaged ones, or none at all.
    """

    volumes: Sequence[Volume]
    unclear: Sequence[bytes]


def find_volumes(paths: Iterable[bytes]) -> Found:
    """Return the archives in files, images, devices, and in the files of directories, in the order they are named.

    Raises
    ------
    UsageError
        A path does not exist, or a directory holds no archive.
    EnvironmentFailed
        A directory cannot be read.
    """
    volumes: list[Volume] = []
    unclear: list[bytes] = []
    for path in paths:
        if not os.path.isdir(path):
            found = list(volumes_in(path))
            volumes += found
            unclear += [] if found else [path]
            continue
        before = len(volumes) + len(unclear)
        for entry in files_in(path):
            if _is_staged(os.path.basename(entry)):
                continue
            found = list(volumes_in(entry))
            volumes += found
            unclear += [entry] if not found and (entry.lower().endswith(_OWN_SUFFIX) or is_protected(entry)) else []
        if len(volumes) + len(unclear) == before:
            raise UsageError(f"{os.fsdecode(path)}: no archive is in this directory")
    return Found(volumes, unclear)


def _is_staged(name: bytes) -> bool:
    """Whether a file is half-made: of this run, which mends a copy of a volume, or of another."""
    return name.startswith(b".") and name.endswith(b".partial")


def is_protected(path: bytes) -> bool:
    """Return whether anything in a file tells of parity, as in a damaged archive or image: any name may be a file's."""
    with ArchiveFile(path) as file:
        if not file.size:
            return False
        found = find([file]) if path.lower().endswith(_ARCHIVE_SUFFIXES) else None
        shape = found.geometry if found else glance(file)
        return shape is not None and not shape.sidecar


def is_called_volume(path: bytes) -> bool:
    """Return whether there is a file that is called as archives and images are."""
    return path.lower().endswith(_ARCHIVE_SUFFIXES) and os.path.isfile(path)


def with_more(found: Found, candidates: Iterable[bytes]) -> tuple[Found, list[bytes]]:
    """Return what was found and those candidates that are volumes of the same set, and the other candidates."""
    volumes, unclear, others = list(found.volumes), list(found.unclear), []
    for candidate in candidates:
        more = _look(candidate)
        known = {volume.info.set_id for volume in volumes if volume.info}
        if more is None or any(volume.info is None for volume in more.volumes):
            others.append(candidate)
            continue
        strange = [volume for volume in more.volumes if volume.info and known and volume.info.set_id not in known]
        if strange:
            raise UsageError(f"{strange[0].name}: is of another set than {volumes[0].name}")
        volumes += more.volumes
        unclear += more.unclear
    return Found(volumes, unclear), others


def _look(path: bytes) -> Found | None:
    """What a name leads to; None for what is no volume, nor a damaged one."""
    if not os.path.exists(path) or not (os.path.isdir(path) or _is_seekable(path)):
        return None
    try:
        found = find_volumes([path])
    except UsageError:
        return None
    # Any file may bear the name of an entry.
    return found if all(map(is_protected, found.unclear)) else None


def _is_seekable(path: bytes) -> bool:
    mode = os.stat(path).st_mode
    return stat.S_ISREG(mode) or stat.S_ISBLK(mode)


def volumes_in(path: bytes) -> Iterator[Volume]:
    """Yield the archives that a file holds: itself, or what lies in it as an image."""
    with ArchiveFile(path) as file:
        places = locate(file) if file.size else []
    growth = Growth()
    for offset, n_bytes in places:
        with JoinedFile([Part(0, n_bytes, path, offset)]) as archive:
            try:
                listing = open_indexed(archive, growth)
                info = VolumeInfo.of_settings(listing.settings) if listing is not None else None
            except FormatError:
                continue
        if listing is not None:
            yield Volume(path, offset, n_bytes, info, listing)


@dataclass(slots=True)
class SetAtHand:
    """The volumes of one set that are at hand, and the tables of these and of others that they tell of.

    Attributes
    ----------
    data, recovery
        By number; of several copies the first.
    copies
        The other copies.
    tables
        Rows and paths of each data volume that any volume tells of, by number.
    infos
        What those volumes say of themselves.
    """

    info: VolumeInfo
    data: dict[int, Volume] = field(default_factory=dict)
    recovery: dict[int, Volume] = field(default_factory=dict)
    copies: list[Volume] = field(default_factory=list)
    tables: dict[int, tuple[Rows, Sequence[bytes]]] = field(default_factory=dict)
    infos: dict[int, VolumeInfo] = field(default_factory=dict)

    @property
    def last(self) -> int | None:
        """Number of the last data volume; None where none that is at hand tells it."""
        last = [number for number, info in self.infos.items() if info.last]
        # One that says so while others come behind it lies.
        return max(last) if last and max(last) == self.known else None

    @property
    def known(self) -> int:
        """The highest number of a data volume that is known of."""
        return max(self.infos, default=0)

    def label(self, number: int) -> str:
        """Return what the data volume of that number is called."""
        return VolumeInfo(self.info.set_id, self.info.name, number).label

    def labels(self, numbers: Iterable[int]) -> str:
        """Name data volumes, for people."""
        named = list(numbers)
        more = f" and {len(named) - _MOST_NAMED:,} more" if len(named) > _MOST_NAMED else ""
        return ", ".join(map(self.label, named[:_MOST_NAMED])) + more

    @property
    def missing(self) -> list[int]:
        """Numbers of the data volumes that are known of, and not at hand."""
        return [number for number in range(1, (self.last or self.known) + 1) if number not in self.data]


def gather(volumes: Sequence[Volume], monitor: Monitor) -> SetAtHand:
    """Return the set that volumes are of.

    Raises
    ------
    UsageError
        They are of more than one, or one is of none.
    """
    first = volumes[0]
    for volume in volumes:
        if volume.info is None:
            raise UsageError(f"{volume.name}: is no volume of a set; name it alone")
        if first.info is None or volume.info.set_id != first.info.set_id:
            raise UsageError(f"{volume.name}: is of another set than {first.name}")
    assert first.info is not None
    hand = SetAtHand(first.info)
    for volume in volumes:
        assert volume.info is not None
        numbers = hand.data if volume.info.kind is VolumeKind.DATA else hand.recovery
        if volume.info.number in numbers:
            there = numbers[volume.info.number]
            if os.path.realpath(there.path) != os.path.realpath(volume.path):
                monitor.note(
                    f"{os.fsdecode(volume.path)}: {volume.info.label} once more, beside {os.fsdecode(there.path)}"
                )
            hand.copies.append(volume)
        else:
            numbers[volume.info.number] = volume
    for whole in (True, False):
        for number, volume in hand.data.items():
            assert volume.info is not None
            if number not in hand.tables and (volume.listing.way is Way.TREE or not whole):
                hand.tables[number], hand.infos[number] = (volume.listing.rows, volume.listing.paths), volume.info
        if whole:
            # Of one whose own index is lost, a later volume knows more than its headers tell.
            _take_indexes(hand)
    return hand


def _take_indexes(hand: SetAtHand) -> None:
    """Learn what other volumes hold from those that come later, the best informed first."""
    told = [volume for _, volume in sorted(hand.recovery.items())]
    told += [volume for _, volume in sorted(hand.data.items(), reverse=True)]
    for volume in told:
        before = volume.info.number - 1 if volume.info and volume.info.kind is VolumeKind.DATA else None
        if before is not None and all(number in hand.tables for number in range(1, before + 1)):
            continue
        if before is None and hand.last and all(number in hand.tables for number in range(1, hand.last + 1)):
            continue
        with volume.open() as file:
            for blob in read_set_index(file):
                try:
                    table = load_table(blob)
                    info = VolumeInfo.of_settings(settings_of(table))
                    paths = table.paths(blob.head.body_bytes)
                except FormatError:
                    continue
                if info and info.set_id == hand.info.set_id and info.number not in hand.tables:
                    hand.tables[info.number], hand.infos[info.number] = (table, paths), info


def files_of(paths: Iterable[bytes]) -> list[bytes]:
    """Return the paths, and instead of a directory the files in it that are archives or images, damaged or not."""
    files: list[bytes] = []
    for path in paths:
        if os.path.isdir(path):
            found = find_volumes([path])
            files += sorted({*(volume.path for volume in found.volumes), *found.unclear})
        else:
            files.append(path)
    return files


def sets_among(paths: Iterable[bytes]) -> list[SetAtHand]:
    """Return the sets that volumes in these files are of; files without any are passed over."""
    sets: dict[bytes, list[Volume]] = {}
    for path in paths:
        for volume in volumes_in(path):
            if volume.info:
                sets.setdefault(volume.info.set_id, []).append(volume)
    return [gather(volumes, Monitor()) for volumes in sets.values()]


def tell_of_missing(paths: Iterable[bytes], monitor: Monitor) -> None:
    """Note which volumes of their sets are not among these files; no more than that, as they may be elsewhere."""
    for hand in sets_among(paths):
        if hand.missing:
            monitor.note(f"of {hand.info.name} these volumes are not here: {hand.labels(hand.missing)}")
        elif hand.last is None:
            monitor.note(f"of {hand.info.name} there are volumes after {hand.label(hand.known)} that are not here")
