"""Importing an exported catalogue, or the one on a disc."""

from __future__ import annotations

import lzma
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from pybackup.catalogue.carry import Merged, merge, merge_runs
from pybackup.catalogue.connect import Catalogue
from pybackup.catalogue.job_runs import merge_job_runs
from pybackup.catalogue.read_portable import reading_portable
from pybackup.errors import Damaged, UsageError
from pybackup.host.environment import environment
from pybackup.host.scratch import Scratch
from pybackup.monitor import Aside, Monitor

XZ_MAGIC = b"\xfd7zXZ\0"
_CHUNK = 1 << 20
# Limits for hostile files; catalogues on discs have at most 64 MiB, and were compressed with a dictionary of 8 MiB.
MOST_UNPACKED_BYTES, _MOST_MEMORY_BYTES = 1 << 30, 128 << 20


def import_catalogue(catalogue: Catalogue, path: bytes, monitor: Monitor) -> Merged:
    """Add the content of an exported file, or of CATALOGUE.SQLITE of a disc, to the catalogue.

    Raises
    ------
    UsageError
        The file does not exist.
    Damaged
        The file is damaged, or no exported catalogue.
    """
    if not os.path.isfile(path):
        raise UsageError(f"{os.fsdecode(path)}: no such file")
    with _unpacked(path) as plain, reading_portable(plain) as coming:
        merged = merge(catalogue, coming.volumes, Aside(monitor))
        merge_runs(catalogue, coming.runs)
        merge_job_runs(catalogue, coming.job_runs)
        return merged


@contextmanager
def _unpacked(path: bytes) -> Iterator[bytes]:
    """Yield the path of the uncompressed file: the given one, or a temporary one."""
    with environment(path), open(path, "rb") as packed:
        if packed.read(len(XZ_MAGIC)) != XZ_MAGIC:
            yield path
            return
    with Scratch(os.fsencode(tempfile.gettempdir())) as scratch:
        name = os.fsdecode(path)
        with open(path, "rb") as packed, open(scratch.temporary, "wb") as plain:
            decoder, left = lzma.LZMADecompressor(lzma.FORMAT_XZ, _MOST_MEMORY_BYTES), MOST_UNPACKED_BYTES
            try:
                while not decoder.eof:
                    data = packed.read(_CHUNK) if decoder.needs_input else b""
                    if decoder.needs_input and not data:
                        raise Damaged(f"{name}: ends too early")
                    left -= plain.write(decoder.decompress(data, _CHUNK))
                    if left < 0:
                        raise Damaged(f"{name}: no catalogue of this program: uncompressed it takes too much room")
            except lzma.LZMAError as error:
                raise Damaged(f"{name}: damaged: {error}") from error
        yield scratch.temporary
