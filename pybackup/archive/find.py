"""Finding volumes: in files, images, devices and directories, known by what they hold, not by their names."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from pybackup.container.locate import locate, locate_what_is_left
from pybackup.container.notes import archive_id_in
from pybackup.container.read import open_indexed
from pybackup.errors import EnvironmentFailed, FormatError, UsageError
from pybackup.host.directories import files_in
from pybackup.host.joined import JoinedFile, Part, Place, part_of
from pybackup.host.storage import ArchiveFile
from pybackup.layout.index import Allowance
from pybackup.model.listing import Listing
from pybackup.model.problem import Problem, Trouble
from pybackup.model.volume import VolumeInfo
from pybackup.monitor import Monitor

# What is called so is meant to be an archive, whatever is left of it.
OWN_SUFFIX = b".xtar"
# Of files that are read to the end, if their ends tell nothing.
_ARCHIVE_SUFFIXES = (b".xtar", b".iso", b".img", b".bin", b".dd")


@dataclass(frozen=True, slots=True)
class Volume:
    """An archive that was found, whole enough that its tree index tells what it is.

    Attributes
    ----------
    offset, n_bytes
        Where in the file it lies; the offset is below 0 where its start was cut off.
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
        label = self.info.label if self.info else self.name
        return part_of(self.path, self.offset, self.n_bytes, address=address, label=label)

    def open(self) -> JoinedFile:
        """Open it alone."""
        return JoinedFile([self.part()])


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file that was looked at, and the archives in it: none where none is whole enough to say what it is.

    It may also be a directory of pieces of one image.

    Attributes
    ----------
    begin
        Where the first archive begins in it, as far as that can be told: see `Volume`.
    is_sought
        It was found by searching the file: neither its start nor the directory of an image leads there, since bytes
        were lost or inserted before it.
    """

    path: bytes
    volumes: Sequence[Volume] = ()
    begin: int = 0
    is_sought: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """What was found: the files that were given, in their order, and those in the directories that were given."""

    files: Sequence[FoundFile]

    @property
    def volumes(self) -> list[Volume]:
        """All archives that tell what they are."""
        return [volume for file in self.files for volume in file.volumes]

    @property
    def unclear(self) -> list[bytes]:
        """Files in which no archive is whole enough to say what it is: damaged ones, or none at all."""
        return [file.path for file in self.files if not file.volumes]


Look = Callable[[bytes], Found | None]
"""Tells what a name leads to, as `look_for` does."""


def find_volumes(paths: Iterable[bytes], *, thorough: bool = False, monitor: Monitor | None = None) -> Found:
    """Return the archives in files, images, devices, and in the files of directories, in the order they are named.

    Parameters
    ----------
    thorough
        Of a directory, read each file to its end if need be: any header in it tells that it is a damaged archive. It
        may also hold none.
    monitor
        Told of files in directories that cannot be read, and that may be volumes; without it they end the search.

    Raises
    ------
    UsageError
        A path does not exist, or a directory holds no archive.
    EnvironmentFailed
        A directory, or a file that was named, cannot be read.
    """
    files: list[FoundFile] = []
    for path in paths:
        if not os.path.isdir(path):
            files.append(look_into(path))
            continue
        below, unread = _look_below(path, thorough=thorough)
        if unread and (monitor is None or not below):
            raise next(iter(unread.values()))
        for entry, error in unread.items():
            assert monitor is not None
            monitor.problem(Problem(entry, Trouble.UNREADABLE, error.without(entry)))
        if not below and not thorough:
            raise UsageError(f"{os.fsdecode(path)}: no archive is in this directory")
        files += below
    return Found(files)


def _look_below(directory: bytes, *, thorough: bool = False) -> tuple[list[FoundFile], dict[bytes, EnvironmentFailed]]:
    """The archives in a directory, damaged or not, and the files that cannot be read."""
    files: list[FoundFile] = []
    unread: dict[bytes, EnvironmentFailed] = {}
    for path in files_in(directory):
        try:
            file = look_into(path, is_meant=thorough or _is_meant(path))
            if file.volumes or _may_be_archive(path, thorough=thorough):
                files.append(file)
        except EnvironmentFailed as error:
            unread[path] = error
    return files, unread


def look_into(path: bytes, *, is_meant: bool = True) -> FoundFile:
    """Return a file with the archives in it.

    Parameters
    ----------
    is_meant
        It is to be an archive: where nothing leads to one, it is read to its end.

    Raises
    ------
    UsageError, EnvironmentFailed
        It does not exist, or cannot be read.
    """
    with ArchiveFile(path) as file:
        if not file.size:
            return FoundFile(path)
        told = locate(file)
        places = locate_what_is_left(file) if is_meant and not told else told
        return FoundFile(path, tuple(_volumes_at(file, places)), places[0][0] if places else 0, not told)


def _is_meant(path: bytes) -> bool:
    return path.lower().endswith(_ARCHIVE_SUFFIXES)


def _may_be_archive(path: bytes, *, thorough: bool) -> bool:
    if path.lower().endswith(OWN_SUFFIX) or is_protected(path):
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
        from pybackup.parity.stream.find import find, glance  # of files that are no archives

        found = find([file]) if _is_meant(path) else None
        shape = found.geometry if found else glance(file)
        return shape is not None and not shape.sidecar


def is_called_volume(path: bytes) -> bool:
    """Return whether there is a file that is called as archives and images are."""
    return _is_meant(path) and os.path.isfile(path)


def with_more(found: Found, candidates: Iterable[bytes], look: Look) -> tuple[Found, list[bytes]]:
    """Return what was found and those candidates that are volumes of the same set, and the other candidates.

    Parameters
    ----------
    look
        Tells what a candidate leads to, as `look_for` does.
    """
    files, others = list(found.files), []
    for candidate in candidates:
        more = look(candidate)
        if more is None or any(volume.info is None for volume in more.volumes):
            others.append(candidate)
            continue
        first = next((volume for volume in Found(files).volumes if volume.info), None)
        for volume in more.volumes:
            if first and volume.info and first.info and volume.info.set_id != first.info.set_id:
                raise UsageError(f"{volume.name}: is of another set than {first.name}")
        files += more.files
    return Found(files), others


def look_for(path: bytes, monitor: Monitor) -> Found | None:
    """Return what a name leads to; None for what is no volume, nor a damaged one."""
    if not os.path.exists(path) or not (os.path.isdir(path) or _is_seekable(path)):
        return None
    try:
        found = find_volumes([path], monitor=monitor)
    except UsageError:
        return None
    # Any file may bear the name of an entry.
    return found if found.volumes or all(map(is_protected, found.unclear)) else None


def _is_seekable(path: bytes) -> bool:
    mode = os.stat(path).st_mode
    return stat.S_ISREG(mode) or stat.S_ISBLK(mode)


def volumes_in(path: bytes) -> Iterator[Volume]:
    """Yield the archives that a file holds, as far as that is told quickly: itself, or what lies in it as an image."""
    yield from look_into(path, is_meant=False).volumes


def _volumes_at(file: ArchiveFile, places: Sequence[tuple[int, int]]) -> Iterator[Volume]:
    allowance = Allowance()
    with ExitStack() as stack:
        for offset, n_bytes in places:
            whole = (offset, n_bytes) == (0, file.size)
            archive = file if whole else stack.enter_context(JoinedFile([part_of(file.path, offset, n_bytes)]))
            try:
                listing = open_indexed(archive, allowance)
                info = VolumeInfo.of_settings(listing.settings) if listing is not None else None
            except FormatError:
                continue
            if listing is not None:
                yield Volume(file.path, offset, n_bytes, info, listing)


def place_in(file: ArchiveFile) -> Place:
    """Return where the archive in a file is: all of it, or what of an image is one."""
    found = locate(file) if file.size else []
    return file.path if not found or not found[0][0] else (Part(0, found[0][1], file.path, found[0][0]),)


def files_of(paths: Iterable[bytes]) -> list[bytes]:
    """Return the paths, and instead of a directory the files in it that are archives or images, damaged or not.

    Those that cannot be read may be, and are among them.

    Raises
    ------
    UsageError, EnvironmentFailed
        A directory holds no archive, or cannot be read.
    """
    files: list[bytes] = []
    for path in paths:
        if not os.path.isdir(path):
            files.append(path)
            continue
        below, unread = _look_below(path)
        if not below and not unread:
            raise UsageError(f"{os.fsdecode(path)}: no archive is in this directory")
        files += sorted([*(file.path for file in below), *unread])
    return files
