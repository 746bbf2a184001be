"""Finding volumes: in files, images, devices and directories, known by what they hold, not by their names."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from pybackup.container.locate import locate
from pybackup.container.notes import archive_id_in
from pybackup.container.read import open_indexed
from pybackup.errors import FormatError, UsageError
from pybackup.host.directories import files_in
from pybackup.host.joined import JoinedFile, Part, Place
from pybackup.host.storage import ArchiveFile
from pybackup.layout.index import Allowance
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
class FoundFile:
    """A file that was looked at, and the archives in it: none where none is whole enough to say what it is.

    It may also be a directory of pieces of one image.
    """

    path: bytes
    volumes: Sequence[Volume] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """What is at hand: the files that were given, in their order, and those of the directories that were."""

    files: Sequence[FoundFile]

    @property
    def volumes(self) -> list[Volume]:
        """All archives that tell what they are."""
        return [volume for file in self.files for volume in file.volumes]

    @property
    def unclear(self) -> list[bytes]:
        """Files in which no archive is whole enough to say what it is: damaged ones, or none at all."""
        return [file.path for file in self.files if not file.volumes]


def find_volumes(paths: Iterable[bytes], *, thorough: bool = False) -> Found:
    """Return the archives in files, images, devices, and in the files of directories, in the order they are named.

    Parameters
    ----------
    thorough
        Of a directory, read each file to its end if need be: any header in it tells that it is a damaged archive. It
        may also hold none.

    Raises
    ------
    UsageError
        A path does not exist, or a directory holds no archive.
    EnvironmentFailed
        A directory cannot be read.
    """
    files: list[FoundFile] = []
    for path in paths:
        if not os.path.isdir(path):
            files.append(look_into(path))
            continue
        below = [look_into(entry) for entry in files_in(path)]
        below = [file for file in below if file.volumes or _may_be_archive(file.path, thorough=thorough)]
        if not below and not thorough:
            raise UsageError(f"{os.fsdecode(path)}: no archive is in this directory")
        files += below
    return Found(files)


def look_into(path: bytes) -> FoundFile:
    """Return a file with the archives in it.

    Raises
    ------
    UsageError, EnvironmentFailed
        It does not exist, or cannot be read.
    """
    return FoundFile(path, tuple(volumes_in(path)))


def _may_be_archive(path: bytes, *, thorough: bool) -> bool:
    if path.lower().endswith(_OWN_SUFFIX) or is_protected(path):
        return True
    if thorough:
        with ArchiveFile(path) as file:
            return bool(archive_id_in(file))
    return False


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
    files, others = list(found.files), []
    for candidate in candidates:
        more = _look(candidate)
        if more is None or any(volume.info is None for volume in more.volumes):
            others.append(candidate)
            continue
        first = next((volume for volume in Found(files).volumes if volume.info), None)
        for volume in more.volumes:
            if first and volume.info and first.info and volume.info.set_id != first.info.set_id:
                raise UsageError(f"{volume.name}: is of another set than {first.name}")
        files += more.files
    return Found(files), others


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
    with ArchiveFile(path) as file, ExitStack() as stack:
        growth = Allowance()
        for offset, n_bytes in locate(file) if file.size else ():
            whole = (offset, n_bytes) == (0, file.size)
            archive = file if whole else stack.enter_context(JoinedFile([Part(0, n_bytes, path, offset)]))
            try:
                listing = open_indexed(archive, growth)
                info = VolumeInfo.of_settings(listing.settings) if listing is not None else None
            except FormatError:
                continue
            if listing is not None:
                yield Volume(path, offset, n_bytes, info, listing)


def place_of(path: bytes) -> Place:
    """Return where an archive is: the file, or what of an image is one."""
    with ArchiveFile(path) as file:
        found = locate(file) if file.size else []
    return path if not found or not found[0][0] else (Part(0, found[0][1], path, found[0][0]),)


def files_of(paths: Iterable[bytes]) -> list[bytes]:
    """Return the paths, and instead of a directory the files in it that are archives or images, damaged or not."""
    files: list[bytes] = []
    for path in paths:
        files += [file.path for file in find_volumes([path]).files] if os.path.isdir(path) else [path]
    return files
