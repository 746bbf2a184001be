"""Unpacking the indexes that a scan found, within bounds: no more of them than an archive of that length can have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pybackup.errors import Damaged, FormatError
from pybackup.host.storage import ArchiveFile
from pybackup.layout import index

if TYPE_CHECKING:
    from .scan import Findings


def found_indexes(
    file: ArchiveFile, findings: Findings, *, scope: int | None = None, archive_id: bytes | None = None
) -> Iterator[tuple[index.Head, index.Blob | FormatError | OSError]]:
    """Yield the head of each index, and all of it or why it cannot be had; in the order of the file.

    Honest ones overlap nowhere; hostile ones might have every byte read a million times, or many decompress to what
    none alone may. So those that would come to more than twice the file, or than one may grow, cannot be had.

    Parameters
    ----------
    scope
        ``index.TREE`` or ``index.CONTAINER``; None for both.
    archive_id
        Of the archive that they are of; None for any.
    """
    growth, left = index.Allowance(), 2 * file.size
    for offset, head in findings.indexes:
        if scope not in (None, head.scope) or archive_id not in (None, head.archive_id):
            continue
        left -= min(head.total_bytes, file.size)
        try:
            if left < 0:
                raise Damaged("structures that lie upon each other")
            yield head, index.unpack_index(file.read_what_is_left(offset, head.total_bytes), growth)
        except (FormatError, OSError) as error:
            yield head, error
