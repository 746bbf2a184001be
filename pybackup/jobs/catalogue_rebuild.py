"""Making a catalogue anew from the discs themselves, and from what these carry of it."""

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
    """Enter what discs and archives tell of themselves and of other volumes, in any order.

    That is what their indexes tell, and CATALOGUE.SQLITE of a disc, which may have been given to it with all that the
    catalogue knew then.

    Raises
    ------
    UsageError
        One does not exist, or is a directory without archives.
    """
    for path in paths:
        yield from add_volumes(catalogue, path, AddOptions(), monitor)
        with _carried_by(path) as file:
            if file is None:
                continue
            try:
                import_catalogue(catalogue, file, monitor)
            except Damaged as error:
                # What the indexes tell is in already, and these are under parity.
                monitor.note(f"{display(path)}: CATALOGUE.SQLITE on it is not taken in: {error}")


@contextmanager
def _carried_by(path: bytes) -> Iterator[bytes | None]:
    """Give the catalogue that a disc carries, copied into a temporary file; None for none, or where it has changed.

    The disc has a file with its hash: a bit that flipped in a hash of it would be believed.
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
        told = digest.hexdigest().encode()
        small = (each for each in extents if each[2] <= _MOST_SUMS_BYTES)
        known = any(told in sums.read_what_is_left(where, length) for sums, where, length in small)
        yield scratch.temporary if known else None
