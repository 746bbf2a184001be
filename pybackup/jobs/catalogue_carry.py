"""Carrying a catalogue: out into a file, in from one, and made anew from the discs themselves."""

from __future__ import annotations

import lzma
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from pybackup.catalogue.carry import Merged, carried, merge
from pybackup.catalogue.connect import Catalogue
from pybackup.catalogue.portable import write_portable
from pybackup.catalogue.read_portable import reading_portable
from pybackup.errors import Damaged, UsageError
from pybackup.host.environment import environment
from pybackup.host.output import Output
from pybackup.host.scratch import Scratch
from pybackup.monitor import Aside, Monitor

from .catalogue_add import add_volumes
from .catalogue_enter import AddedMedium, AddOptions

_XZ_MAGIC = b"\xfd7zXZ\0"
_CHUNK = 1 << 20
# What discs have is at most 64 MiB, by a dictionary of 8.
_MOST_UNPACKED_BYTES, _MOST_MEMORY_BYTES = 1 << 30, 128 << 20


def export_catalogue(catalogue: Catalogue, path: bytes, *, overwrite: bool = False) -> int:
    """Write all of a catalogue into a file that stands for itself, and return its length in bytes.

    Raises
    ------
    Exists, UsageError, EnvironmentFailed
        As `Output`.
    """
    with Output(path, replace=overwrite) as output:
        write_portable(output.temporary, carried(catalogue))
        size = os.path.getsize(output.temporary)
        output.publish()
    return size


def import_catalogue(catalogue: Catalogue, path: bytes, monitor: Monitor) -> Merged:
    """Take in what an exported file, or CATALOGUE.SQLITE of a disc, knows.

    Raises
    ------
    UsageError
        It does not exist.
    Damaged
        It is damaged, or no such file.
    """
    if not os.path.isfile(path):
        raise UsageError(f"{os.fsdecode(path)}: no such file")
    with _unpacked(path) as plain, reading_portable(plain) as volumes:
        return merge(catalogue, volumes, Aside(monitor))


@contextmanager
def _unpacked(path: bytes) -> Iterator[bytes]:
    """Give a file that is no more packed: the one that is given, or a temporary one."""
    with environment(path), open(path, "rb") as packed:
        if packed.read(len(_XZ_MAGIC)) != _XZ_MAGIC:
            yield path
            return
    with Scratch(os.fsencode(tempfile.gettempdir())) as scratch:
        name = os.fsdecode(path)
        with open(path, "rb") as packed, open(scratch.temporary, "wb") as plain:
            decoder, left = lzma.LZMADecompressor(lzma.FORMAT_XZ, _MOST_MEMORY_BYTES), _MOST_UNPACKED_BYTES
            try:
                while not decoder.eof:
                    data = packed.read(_CHUNK) if decoder.needs_input else b""
                    if decoder.needs_input and not data:
                        raise Damaged(f"{name}: ends too early")
                    left -= plain.write(decoder.decompress(data, _CHUNK))
                    if left < 0:
                        raise Damaged(f"{name}: no catalogue as this program writes them: it would take too much room")
            except lzma.LZMAError as error:
                raise Damaged(f"{name}: damaged: {error}") from error
        yield scratch.temporary


def rebuild_catalogue(catalogue: Catalogue, paths: Sequence[bytes], monitor: Monitor) -> Iterator[AddedMedium]:
    """Enter what discs and archives tell of themselves and of the other volumes of their sets, in any order.

    Raises
    ------
    UsageError
        One does not exist, or is a directory without archives.
    """
    for path in paths:
        yield from add_volumes(catalogue, path, AddOptions(), monitor)
