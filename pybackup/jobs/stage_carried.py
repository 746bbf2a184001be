"""Reading the history that a disc of a stage carries, which is the catalogue on it."""

from __future__ import annotations

import lzma
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from pybackup.catalogue.read_portable import reading_portable
from pybackup.disc.catalogue import PACKED, PLAIN
from pybackup.errors import Damaged, UsageError
from pybackup.host.environment import environment
from pybackup.host.scratch import Scratch
from pybackup.host.storage import ArchiveFile
from pybackup.layout.iso9660_tree import files_of_image
from pybackup.model.carried import Carried

_MOST_BYTES = 1 << 30  # of what is unpacked


@contextmanager
def carried_on(path: bytes) -> Iterator[Sequence[Carried]]:
    """Give the volumes in the catalogue on a disc: a mounted disc, an image, a device, or the CATALOGUE.SQLITE itself.

    Raises
    ------
    UsageError
        The disc has no catalogue.
    Damaged, EnvironmentFailed
        As `pybackup.catalogue.read_portable.reading_portable`.
    """
    if os.path.isdir(path):
        for name in (PLAIN, PACKED):
            file = os.path.join(path, name.encode())
            if os.path.isfile(file):
                with carried_on(file) as volumes:
                    yield volumes
                return
        raise UsageError(f"{os.fsdecode(path)}: has no {PLAIN}: is a disc mounted there?")
    content = _catalogue_in(path)
    if content is None:
        with reading_portable(path) as coming:
            yield coming.volumes
        return
    with Scratch(tempfile.gettempdirb()) as scratch:
        scratch.write(content)
        scratch.flush()
        with reading_portable(scratch.temporary) as coming:
            yield coming.volumes


def _catalogue_in(path: bytes) -> bytes | None:
    """Return the content of the catalogue in an image or in an .xz file; None if the file is a catalogue itself."""
    with environment(path), open(path, "rb") as file:
        if file.read(6) == b"\xfd7zXZ\0":
            file.seek(0)
            return _unpacked(path, file.read(_MOST_BYTES))
    with ArchiveFile(path) as image, suppress(ValueError):
        for each in files_of_image(image):
            if each.path in (PLAIN.encode(), PACKED.encode()):
                if each.size > _MOST_BYTES:
                    raise Damaged(f"{os.fsdecode(path)}: its catalogue is too large")
                content = b"".join(image.read_at(offset, count) for offset, count in each.extents)
                return _unpacked(path, content) if each.path == PACKED.encode() else content
    return None


def _unpacked(path: bytes, content: bytes) -> bytes:
    unpacking = lzma.LZMADecompressor(memlimit=256 << 20)
    try:
        found = unpacking.decompress(content, _MOST_BYTES)
    except lzma.LZMAError as error:
        raise Damaged(f"{os.fsdecode(path)}: damaged: {error}") from error
    if not unpacking.eof:
        raise Damaged(f"{os.fsdecode(path)}: cut short, or too large")
    return found
