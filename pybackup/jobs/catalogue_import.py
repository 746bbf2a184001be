"""Importing what an exported catalogue knows, or that of a disc."""

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
# What discs have is at most 64 MiB, by a dictionary of 8.
MOST_UNPACKED_BYTES, _MOST_MEMORY_BYTES = 1 << 30, 128 << 20


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
        merge_job_runs(catalogue, coming.job_runs)
        return merged


@contextmanager
def _unpacked(path: bytes) -> Iterator[bytes]:
    """Give a file that is no more packed: the one that is given, or a temporary one."""
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
                        raise Damaged(f"{name}: no catalogue as this program writes them: it would take too much room")
            except lzma.LZMAError as error:
                raise Damaged(f"{name}: damaged: {error}") from error
        yield scratch.temporary
