"""Carrying a catalogue: out into a file, in from one, and made anew from the discs themselves."""

from __future__ import annotations

import hashlib
import lzma
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from pybackup.catalogue.carry import Merged, carried, carried_runs, merge, merge_runs
from pybackup.catalogue.connect import Catalogue
from pybackup.catalogue.portable import write_portable
from pybackup.catalogue.read_portable import SQLITE_MAGIC, reading_portable
from pybackup.disc.history import PACKED, PLAIN
from pybackup.errors import Damaged, UsageError
from pybackup.host.environment import environment
from pybackup.host.output import Output
from pybackup.host.scratch import Scratch
from pybackup.host.storage import ArchiveFile
from pybackup.layout.iso9660 import root_files
from pybackup.media.texts import SUMS_NAME
from pybackup.model.display import display
from pybackup.monitor import Aside, Monitor

from .catalogue_add import add_volumes
from .catalogue_enter import AddedMedium, AddOptions

_XZ_MAGIC = b"\xfd7zXZ\0"
_MAGICS = (SQLITE_MAGIC, _XZ_MAGIC)
_NAMES = {name.encode() for name in (PLAIN, PACKED, SUMS_NAME)}
_MOST_SUMS_BYTES = 1 << 16
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
        write_portable(output.temporary, carried(catalogue), carried_runs(catalogue))
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
    with _unpacked(path) as plain, reading_portable(plain) as coming:
        merged = merge(catalogue, coming.volumes, Aside(monitor))
        merge_runs(catalogue, coming.runs)
        return merged


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
            for done in range(0, min(size, _MOST_UNPACKED_BYTES), _CHUNK):
                data = file.read_what_is_left(at + done, min(_CHUNK, size - done))
                digest.update(data)
                copy.write(data)
        told = digest.hexdigest().encode()
        small = (each for each in extents if each[2] <= _MOST_SUMS_BYTES)
        known = any(told in sums.read_what_is_left(where, length) for sums, where, length in small)
        yield scratch.temporary if known else None
