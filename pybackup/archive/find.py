"""Finding volumes in files, images, devices and directories, by their content, not by their names."""

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

from .suffixes import OWN_SUFFIX, is_named_like_archive


@dataclass(frozen=True, slots=True)
class Volume:
    """An archive that was found, and whose tree index can be read, so that it is identified.

    Attributes
    ----------
    offset, n_bytes
        Where it is in the file, in bytes; the offset is below 0 if its start was cut off.
    info
        Its set and number; None for an archive that is no volume of a set.
    """

    path: bytes
    offset: int
    n_bytes: int
    info: VolumeInfo | None
    listing: Listing

    @property
    def name(self) -> str:
        """Its name in messages."""
        return f"{os.fsdecode(self.path)} ({self.info.label})" if self.info else os.fsdecode(self.path)

    @property
    def fills_file(self) -> bool:
        """Whether the file holds this archive and nothing else."""
        return self.offset == 0

    def part(self, address: int = 0) -> Part:
        """Return it as a part of an address space."""
        label = self.info.label if self.info else self.name
        return part_of(self.path, self.offset, self.n_bytes, address=address, label=label)

    def open(self) -> JoinedFile:
        """Open this volume alone."""
        return JoinedFile([self.part()])


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file that was looked into, and the archives in it; none if no archive in it can be identified.

    It may also be a directory of pieces of one image.

    Attributes
    ----------
    begin
        The offset of the first archive in it in bytes, as far as that is known: see `Volume`.
    is_sought
        Whether the archive was found by searching the file. Neither its start nor the directory of an image leads
        there, since bytes were lost or inserted before it.
    """

    path: bytes
    volumes: Sequence[Volume] = ()
    begin: int = 0
    is_sought: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """The files that were looked into: those given, in their order, and the archives in directories given."""

    files: Sequence[FoundFile]

    @property
    def volumes(self) -> list[Volume]:
        """All archives that are identified."""
        return [volume for file in self.files for volume in file.volumes]

    @property
    def unclear(self) -> list[bytes]:
        """Files in which no archive can be identified: damaged archives, or other files."""
        return [file.path for file in self.files if not file.volumes]


Look = Callable[[bytes], Found | None]
"""Returns what is found at a path, as `look_for` does."""


def find_volumes(paths: Iterable[bytes], *, thorough: bool = False, monitor: Monitor | None = None) -> Found:
    """Return the archives in files, images, devices, and in the files of directories, in the order they are named.

    Parameters
    ----------
    thorough
        Read each file of a directory to its end if need be: any header in it shows that it is a damaged archive. Then
        a directory without archives is no error.
    monitor
        Told of files in directories that cannot be read, as these may be volumes. If None, they raise an error.

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
    """Return the archives in a directory, damaged or not, and the errors of files that cannot be read, by path."""
    files: list[FoundFile] = []
    unread: dict[bytes, EnvironmentFailed] = {}
    for path in files_in(directory):
        try:
            file = look_into(path, is_meant=thorough or is_named_like_archive(path))
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
        Whether it is meant to be an archive: then, if none is found otherwise, it is read to its end.

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


def _may_be_archive(path: bytes, *, thorough: bool) -> bool:
    if path.lower().endswith(OWN_SUFFIX) or is_protected(path):
        return True
    if thorough:
        with ArchiveFile(path) as file:
            return bool(archive_id_in(file))
    return False


def is_protected(path: bytes) -> bool:
    """Return whether a file has any guard sector, as damaged archives and images have, whatever its name is."""
    with ArchiveFile(path) as file:
        if not file.size:
            return False
        from pybackup.parity.stream.find import find, glance  # of files that are no archives

        found = find([file]) if is_named_like_archive(path) else None
        shape = found.geometry if found else glance(file)
        return shape is not None and not shape.sidecar


def with_more(found: Found, candidates: Iterable[bytes], look: Look) -> tuple[Found, list[bytes]]:
    """Return what was found with the candidates that are volumes of the same set added, and the other candidates.

    Parameters
    ----------
    look
        Returns what a candidate leads to, as `look_for` does.
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
                raise UsageError(f"{volume.name}: belongs to another set than {first.name}")
        files += more.files
    return Found(files), others


def look_for(path: bytes, monitor: Monitor) -> Found | None:
    """Return what is found at a path; None if it is no volume, not even a damaged one."""
    if not os.path.exists(path) or not (os.path.isdir(path) or _is_seekable(path)):
        return None
    try:
        found = find_volumes([path], monitor=monitor)
    except UsageError:
        return None
    # The name may be meant as that of an entry, while a file that is no archive happens to have it too.
    return found if found.volumes or all(map(is_protected, found.unclear)) else None


def _is_seekable(path: bytes) -> bool:
    mode = os.stat(path).st_mode
    return stat.S_ISREG(mode) or stat.S_ISBLK(mode)


def volumes_in(path: bytes) -> Iterator[Volume]:
    """Yield the archives in a file as far as they are found quickly: the file itself, or the ones in an image."""
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
    """Return where the archive in a file is: the whole file, or a part of an image."""
    found = locate(file) if file.size else []
    return file.path if not found or not found[0][0] else (Part(0, found[0][1], file.path, found[0][0]),)


def files_of(paths: Iterable[bytes]) -> list[bytes]:
    """Return the paths, with a directory replaced by the archives and images in it, damaged or not.

    Files that cannot be read are included, as they may be archives.

    Raises
    ------
    UsageError, EnvironmentFailed
        A directory holds no archive, or cannot be read.
    """
    return [file.path for file in _files_at(paths, FoundFile)]


def archives_at(paths: Sequence[bytes]) -> list[FoundFile]:
    """Return the files that `files_of` returns, each with the archives in it as far as they are found quickly.

    A single file is not looked into: nothing has to be known of it before it is read as a whole.

    Raises
    ------
    UsageError, EnvironmentFailed
        As `files_of`; or one of several paths does not exist.
    """
    return _files_at(paths, _look_quickly if len(paths) > 1 else FoundFile)


def _files_at(paths: Iterable[bytes], look: Callable[[bytes], FoundFile]) -> list[FoundFile]:
    """Return files that are named, as ``look`` returns them, and the archives in directories that are named."""
    files: list[FoundFile] = []
    for path in paths:
        if not os.path.isdir(path):
            files.append(look(path))
            continue
        below, unread = _look_below(path)
        if not below and not unread:
            raise UsageError(f"{os.fsdecode(path)}: no archive is in this directory")
        files += sorted([*below, *map(FoundFile, unread)], key=lambda file: file.path)
    return files


def _look_quickly(path: bytes) -> FoundFile:
    try:
        return look_into(path, is_meant=False)
    except EnvironmentFailed:  # told when it is read
        return FoundFile(path)
