"""A volume to be put on a disc: its names, its own parity, and what it records about its set."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pybackup.archive.covered import covered
from pybackup.archive.find import volumes_in
from pybackup.container.locate import locate
from pybackup.container.own import END
from pybackup.container.read import open_listing, read_locator
from pybackup.container.set_index import volumes_told_of
from pybackup.errors import Damaged, UsageError
from pybackup.host.directories import files_in
from pybackup.host.storage import ArchiveFile
from pybackup.layout.guard import Geometry
from pybackup.media.texts import IndexLine
from pybackup.model.entry import Kind
from pybackup.model.listing import Listing, Rows
from pybackup.model.volume import CoveredArchive, VolumeInfo, VolumeKind
from pybackup.parity.stream.find import scan_guards

from .names import name_of_volume

_SUFFIX = b".xtar"
_TAIL_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class OwnParity:
    """The parity stream of a volume, and the SHA-256 of the bytes that it protects."""

    geometry: Geometry
    digest: bytes


@dataclass(frozen=True, slots=True)
class DiscVolume:
    """A volume of a set, or a single archive, that is to be put on one disc.

    Attributes
    ----------
    body_bytes
        The length of the volume without its parity.
    info
        The volume's number and set; None for an archive that belongs to no set.
    settings
        The settings recorded in the volume (FORMAT.md, "Settings").
    name
        The name of the volume's file on the disc.
    stream
        The volume's own parity; None if it has none.
    disc
        The name of the disc if it is one of a series; else empty, and the set or the file has the name.
    """

    path: bytes
    body_bytes: int
    info: VolumeInfo | None
    settings: dict[str, Any]
    listing: Listing
    name: str
    stream: OwnParity | None
    disc: str = ""

    @property
    def stem(self) -> str:
        """The name of the volume's image and labels, without a suffix."""
        return self.name.removesuffix(_SUFFIX.decode())

    @property
    def file_bytes(self) -> int:
        """The length in bytes of the volume's file on the disc."""
        return self.body_bytes + len(END)

    def damaged(self) -> Damaged:
        """Return the error to raise when the volume turns out to be damaged."""
        name = os.fsdecode(self.path)
        return Damaged(f"{name}: is damaged, and would be damaged on the disc; repair it with 'pybackup repair {name}'")

    @property
    def set_name(self) -> str:
        """The name of the disc of a series, of the set, or of the single archive, as shown to people."""
        return self.disc or (self.info.name if self.info else os.fsdecode(_stem(self.path)))

    @property
    def label(self) -> str:
        """The name of the set and the volume's number, as shown to people."""
        return self.info.label if self.info else self.set_name

    @property
    def number(self) -> str:
        """The volume's number as shown to people; empty for an archive that belongs to no set."""
        return _tag(self.info) if self.info else ""

    @property
    def covered(self) -> dict[bytes, CoveredArchive]:
        """The archives of no set that it covers, by archive id; none for what is no recovery volume of such."""
        return covered(volumes_in(self.path)) if self.is_recovery else {}

    @property
    def is_recovery(self) -> bool:
        """Whether this is a recovery volume, which holds no files."""
        return self.info is not None and self.info.kind is VolumeKind.RECOVERY

    @property
    def newest_ns(self) -> int:
        """The time of the newest file, in nanoseconds since 1970; 0 if the volume does not record it."""
        newest = self.settings.get("newest_ns")
        return newest if isinstance(newest, int) else 0

    @property
    def seconds(self) -> int:
        """The time stamp of all files on the disc, in seconds since 1970: SOURCE_DATE_EPOCH, else the newest file's."""
        date = self.settings.get("date")
        return date if isinstance(date, int) else self.newest_ns // 10**9


def archives_in(paths: Sequence[bytes]) -> list[bytes]:
    """Return the paths given, each directory among them replaced by the archives (``*.xtar``) in it.

    Raises
    ------
    UsageError
        A directory contains no archive.
    """
    found = []
    for path in paths:
        if not os.path.isdir(path):
            found.append(path)
            continue
        below = files_in(path, _SUFFIX)
        if not below:
            raise UsageError(f"{os.fsdecode(path)}: no volumes (*.xtar) in this directory")
        found += below
    return found


def open_volume(path: bytes, *, disc: str = "") -> DiscVolume:
    """Read the index, the settings and the place of the parity of a volume; its content is not checked.

    Parameters
    ----------
    disc
        See `DiscVolume`.

    Raises
    ------
    UsageError
        The file does not exist, or is a disc image instead of a volume.
    Damaged
        The volume's header or index is damaged, or the file is no archive: only intact volumes are put on discs.
    """
    name = os.fsdecode(path)
    with ArchiveFile(path) as file:
        locator = read_locator(file)
        if locator is None and locate(file):
            raise UsageError(f"{name}: an image of a disc, with a volume in it; name the volume it was made of")
        if locator is None:
            raise Damaged(f"{name}: no archive, or its first header is damaged; 'pybackup repair' may mend it")
        listing = open_listing(file)
        if listing.damage:
            raise Damaged(f"{name}: {'; '.join(listing.damage)}; 'pybackup repair' may mend it")
        info = VolumeInfo.of_settings(listing.settings)
        body, on_disc = locator.file_bytes, (disc or name_of_volume(_stem(path), info)) + _SUFFIX.decode()
        return DiscVolume(path, body, info, listing.settings, listing, on_disc, _own_parity(file, body), disc)


def _own_parity(file: ArchiveFile, body_bytes: int) -> OwnParity | None:
    for _, guard in scan_guards(file, max(0, file.size - _TAIL_BYTES), file.size):
        shape = guard.geometry
        if not shape.sidecar and shape.before_bytes >= body_bytes and shape.volume_bytes == file.size:
            return OwnParity(shape, guard.digest)
    return None


def index_lines(volume: DiscVolume) -> Iterator[IndexLine]:
    """Yield a line of INDEX.TXT.gz for each file and link of this volume, then for those of earlier volumes of its set.

    A file that is split between volumes has a line for each of them.
    """
    listing = volume.listing
    yield from _lines(listing.rows, listing.paths, volume.number)
    with ArchiveFile(volume.path) as file:
        for told in volumes_told_of(file, volume.covered):
            yield from _lines(told.rows, told.paths, _tag(told.of))


def _lines(rows: Rows, paths: Sequence[bytes], number: str) -> Iterator[IndexLine]:
    for row, kind in enumerate(rows.kinds):
        if kind != Kind.DIRECTORY:
            entry = rows.stored(row, paths[row]).entry
            yield IndexLine(entry.path, entry.size, entry.mtime_ns, number)


def _tag(info: VolumeInfo) -> str:
    return info.tag.lstrip("0")


def _stem(path: bytes) -> bytes:
    return os.path.basename(path).removesuffix(_SUFFIX) or b"archive"
