"""Headers with a note, wherever they are in a file: at any byte, since nothing else may be left."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress

from pybackup.errors import FormatError
from pybackup.host.storage import ArchiveFile
from pybackup.layout import note, ustar
from pybackup.layout.note import Note, Role

_STEP_BYTES = 4 << 20
_MAGIC = re.compile(re.escape(note.MAGIC))


def notes_in(file: ArchiveFile) -> Iterator[tuple[int, Note]]:
    """Yield the offset of each header with a note that is whole, and that note."""
    for at in range(0, file.size, _STEP_BYTES):
        data = file.read_what_is_left(at, _STEP_BYTES + ustar.BLOCK)
        for match in _MAGIC.finditer(data):
            begin = match.start() - ustar.NOTE_OFFSET
            if 0 <= begin < _STEP_BYTES:
                with suppress(FormatError):
                    yield at + begin, Note.unpack(data[begin : begin + ustar.BLOCK])


def archive_id_in(file: ArchiveFile) -> bytes:
    """Return the archive id in the first note that is whole; empty where there is none."""
    return next((said.archive_id for _, said in notes_in(file)), b"")


def archive_start(file: ArchiveFile) -> int | None:
    """Return where an archive begins, by its first header; None where that is damaged."""
    return next((at for at, said in notes_in(file) if said.role is Role.LOCATOR), None)
