"""Rebuilding a catalogue from discs: from the indexes of their archives, and from their copies of the catalogue."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from pybackup.catalogue.connect import Catalogue
from pybackup.catalogue.read_portable import SQLITE_MAGIC
from pybackup.disc.catalogue import PACKED, PLAIN
from pybackup.errors import Damaged
from pybackup.host.scratch import Scratch
from pybackup.host.storage import ArchiveFile
from pybackup.layout.iso9660 import root_files
from pybackup.media.texts import SUMS_NAME
from pybackup.model.display import display
from pybackup.monitor import Monitor

from .catalogue_enter import AddedMedium, AddOptions
from .catalogue_import import MOST_UNPACKED_BYTES, XZ_MAGIC, import_catalogue
from .catalogue_volumes import add_volumes

_MAGICS = (SQLITE_MAGIC, XZ_MAGIC)
_NAMES = {name.encode() for name in (PLAIN, PACKED, SUMS_NAME)}
_MOST_SUMS_BYTES = 1 << 16
_CHUNK = 1 << 20


def rebuild_catalogue(catalogue: Catalogue, paths: Sequence[bytes], monitor: Monitor) -> Iterator[AddedMedium]:
    """Enter what discs and archives record of themselves and of other volumes; they may come in any order.

    That is the content of their indexes, and of CATALOGUE.SQLITE on a disc, which may be a copy of the whole catalogue.

    Raises
    ------
    UsageError
        A path does not exist, or is a directory without archives.
    """
    for path in paths:
        yield from add_volumes(catalogue, path, AddOptions(), monitor)
        with _carried_by(path) as file:
            if file is None:
                continue
            try:
                import_catalogue(catalogue, file, monitor)
            except Damaged as error:
                # The content of the indexes, which have parity, is entered already.
                monitor.note(f"{display(path)}: its CATALOGUE.SQLITE was not imported: {error}")


@contextmanager
def _carried_by(path: bytes) -> Iterator[bytes | None]:
    """Copy the catalogue on a disc into a temporary file, and give its path; None if there is none, or it is damaged.

    It is compared with its hash, which is in SHA256SUMS: a flipped bit in a file's hash would not be noticed otherwise.
    """
    with ExitStack() as stack:
        if os.path.isdir(path):
            names = sorted(name for name in os.listdir(path) if os.path.isfile(os.path.join(path, name)))
            paths = [os.path.join(path, name) for name in names if name.upper() in _NAMES]
            extents = [(stack.enter_context(ArchiveFile(each)), 0, os.path.getsize(each)) for each in paths]
        else:
            image = stack.enter_context(ArchiveFile(path))
            extents = [(image, at, size) for at, size in root_files(image)]
        heads = [file.read_what_is_left(at, min(size, 16)) for file, at, size in extents]
        carrying = [each for each, head in zip(extents, heads, strict=True) if head.startswith(_MAGICS)]
        if not carrying:
            yield None
            return
        file, at, size = carrying[0]
        scratch, digest = stack.enter_context(Scratch(os.fsencode(tempfile.gettempdir()))), hashlib.sha256()
        with open(scratch.temporary, "wb") as copy:
            for done in range(0, min(size, MOST_UNPACKED_BYTES), _CHUNK):
                data = file.read_what_is_left(at + done, min(_CHUNK, size - done))
                digest.update(data)
                copy.write(data)
        found = digest.hexdigest().encode()
        small = (each for each in extents if each[2] <= _MOST_SUMS_BYTES)
        is_sound = any(found in sums.read_what_is_left(where, length) for sums, where, length in small)
        yield scratch.temporary if is_sound else None
