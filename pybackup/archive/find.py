"""Finding volumes: in files, images, devices and directories, known by what they hold, not by their names."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pybackup.container.locate import locate
from pybackup.container.read import open_indexed
from pybackup.errors import FormatError, UsageError
from pybackup.host.directories import files_in
from pybackup.host.joined import JoinedFile, Part
from pybackup.host.storage import ArchiveFile
from pybackup.layout.index import Growth
from pybackup.model.listing import Listing
from pybackup.model.volume import VolumeInfo
from pybackup.parity.stream.find import find, glance

# What is called so is meant to be an archive, whatever is left of it.
_OWN_SUFFIX = b".xtar"
# Of files that are read to the end, if their ends tell nothing.
_ARCHIVE_SUFFIXES = (b".xtar", b".iso", b".img", b".bin", b".dd")


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
            found = list(volumes_in(entry))
            volumes += found
            unclear += [entry] if not found and (entry.lower().endswith(_OWN_SUFFIX) or is_protected(entry)) else []
        if len(volumes) + len(unclear) == before:
            raise UsageError(f"{os.fsdecode(path)}: no archive is in this directory")
    return Found(volumes, unclear)


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
