"""Where archives lie in a file: from its first byte, as files of an ISO image, or wherever one is found."""

from __future__ import annotations

from pybackup.errors import FormatError
from pybackup.host.storage import ArchiveFile
from pybackup.layout import ustar
from pybackup.layout.iso9660 import root_files
from pybackup.layout.note import Note, Role

from .read import read_locator


def locate(file: ArchiveFile) -> list[tuple[int, int]]:
    """Return offset and length of each archive whose first header is whole; none where that cannot be told quickly.

    A file that begins as an archive is one. Of an ISO image the files at the root of its directory are looked at, in
    the order of their offsets. No two of them overlap, whatever the directory says. One whose end is cut off
    goes to the end of the file.
    """
    if read_locator(file) is not None:
        return [(0, file.size)]
    longest: dict[int, int] = {}
    for offset, n_bytes in root_files(file):
        if _begins_archive(file, offset, n_bytes):
            longest[offset] = max(n_bytes, longest.get(offset, 0))
    starts = sorted(longest)
    return [
        (start, min(longest[start], behind - start))
        for start, behind in zip(starts, [*starts, file.size][1:], strict=True)
    ]


def locate_what_is_left(file: ArchiveFile) -> list[tuple[int, int]]:
    """Return offset and length of each archive, as `locate`; where that finds none, of the one most is left of.

    Its offset is below 0 where its start was cut off. The file may be read to its end.
    """
    places = locate(file)
    if places or not file.size:
        return places
    from .begin import begin_of  # only what is damaged needs it

    begin = begin_of(file)
    return [(begin, file.size - begin)]


def _begins_archive(file: ArchiveFile, offset: int, n_bytes: int) -> bool:
    if min(n_bytes, file.size - offset) < 2 * ustar.BLOCK:
        return False
    try:
        said = Note.unpack(file.read_at(offset, ustar.BLOCK))
    except (FormatError, OSError):
        return False
    return said.role is Role.LOCATOR and said.stream_bytes > 0
