"""Which of the files that were given are copies of one volume."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from pybackup.archive.find import FoundFile, Volume
from pybackup.container.notes import archive_id_in
from pybackup.errors import UsageError
from pybackup.host.storage import ArchiveFile
from pybackup.parity.stream.find import find, mark_of


@dataclass(slots=True)
class Alike:
    """Files that are copies of one volume in one form: either all are the archive itself, or all are equal images.

    Attributes
    ----------
    digest
        SHA-256 of what the parity in them protects; empty if unknown.
    archive_id
        The id of the archive in them; empty if unknown.
    is_image
        Whether that archive does not begin at byte 0.
    maps
        The map files of ddrescue for the first files.
    """

    digest: bytes
    archive_id: bytes
    is_image: bool
    files: list[FoundFile] = field(default_factory=list)
    maps: list[bytes] = field(default_factory=list)

    @property
    def paths(self) -> list[bytes]:
        """The paths of the files."""
        return [file.path for file in self.files]

    @property
    def volumes(self) -> Sequence[Volume]:
        """The archives in the first file that can be identified."""
        return next((file.volumes for file in self.files if file.volumes), ())

    def has_copy(self, digest: bytes, archive_id: bytes, is_image: bool) -> bool:
        """Return whether a file with these properties is another copy."""
        if self.digest and digest:
            return self.digest == digest
        return bool(archive_id) and (self.archive_id, self.is_image) == (archive_id, is_image)


def sort_out(files: Sequence[FoundFile], maps: Sequence[bytes] = ()) -> tuple[list[Alike], list[FoundFile]]:
    """Return the files, grouped by the volume that they are copies of, and the files that cannot be identified.

    Parameters
    ----------
    maps
        One for each of the first files.

    Raises
    ------
    UsageError
        A copy with a map follows one of the same volume without a map.
    """
    groups: list[Alike] = []
    silent: list[FoundFile] = []
    for number, file in enumerate(files):
        marks = _marks(file)
        if not any(marks) and number >= len(maps):
            silent.append(file)
            continue
        group = next((group for group in groups if group.has_copy(*marks)), None)
        if group is None and not any(marks):
            group = next(iter(groups), None)
        if group is None:
            group = Alike(*marks)
            groups.append(group)
        if number < len(maps):
            if len(group.maps) < len(group.files):
                raise UsageError("give the copies that have a map first, each with its own")
            group.maps.append(maps[number])
        group.files.append(file)
    return groups, silent


def _marks(file: FoundFile) -> tuple[bytes, bytes, bool]:
    """Return the digest in a file's guard sectors, the id of its archive, and whether that begins after byte 0."""
    if os.path.isdir(file.path):
        return b"", b"", False
    with ArchiveFile(file.path) as opened:
        if not opened.size:
            return b"", b"", False
        mark = mark_of(opened)
        digest = mark[1] if mark else b""
        if file.volumes:
            return digest, file.volumes[0].listing.archive_id, file.volumes[0].offset > 0
        archive_id = archive_id_in(opened)
        if not digest and not archive_id:
            guards = find([opened])
            digest = guards.digest if guards else b""
        return digest, archive_id, file.begin > 0


def once(files: Iterable[FoundFile]) -> list[FoundFile]:
    """Return each file once, however often and under how many names it was given."""
    found: dict[bytes, FoundFile] = {}
    for file in files:
        found.setdefault(os.path.realpath(file.path), file)
    return list(found.values())
