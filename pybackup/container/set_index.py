"""The indexes of other volumes and of earlier archives that an archive holds, found from its end without a header."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pybackup.errors import FormatError
from pybackup.host.storage import ArchiveFile
from pybackup.layout import index, ustar
from pybackup.model.listing import Rows
from pybackup.model.volume import VolumeInfo

from .read import find_foot, read_locator
from .tables import load_table, settings_of

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class IndexOfAnother(Generic[_T]):
    """An index that an archive holds of another archive or volume: of which one, its rows, and the path of each."""

    of: _T
    rows: Rows
    paths: Sequence[bytes]


def volumes_told_of(
    file: ArchiveFile, archives: Mapping[bytes, VolumeInfo] | None = None
) -> Iterator[IndexOfAnother[VolumeInfo]]:
    """Yield the tree indexes that a volume holds of other data volumes; last first; what cannot be read is left out.

    Parameters
    ----------
    archives
        By archive id, what is to be said of archives that are covered without being volumes of the set.
    """
    return indexes_of_others(file, VolumeInfo.of_settings, archives or {})


def indexes_of_others(
    file: ArchiveFile, whose: Callable[[Mapping[str, Any]], _T | None], by_id: Mapping[bytes, _T] | None = None
) -> Iterator[IndexOfAnother[_T]]:
    """Yield the indexes that an archive holds of others, last first; what cannot be read is left out.

    Parameters
    ----------
    whose
        Makes of the settings of an index what it is of; None for what is not wanted. It may raise FormatError.
    by_id
        What an index is of, by archive id; others are asked of ``whose``.
    """
    for blob in read_set_index(file):
        try:
            table = load_table(blob)
            of = (by_id or {}).get(blob.head.archive_id) or whose(settings_of(table))
            paths = table.paths(blob.head.body_bytes) if of is not None else ()
        except FormatError:
            continue
        if of is not None:
            yield IndexOfAnother(of, table, paths)


def read_set_index(file: ArchiveFile) -> Iterator[index.Blob]:
    """Yield the tree indexes of other volumes and of earlier archives, last first; what cannot be read is left out.

    All of them together may grow no more than one index may. They end where the root container's own index begins,
    which ends where the tree index does.
    """
    locator = read_locator(file)
    if locator is None:
        return
    own = find_foot(file, locator.raw_bytes - ustar.BLOCK, index.CONTAINER)
    end = own[0] - ustar.BLOCK if own else 0
    growth = index.Allowance()
    while end > 0:
        found = find_foot(file, end, index.TREE, within_bytes=index.HEAD.size) or find_foot(file, end, index.TREE)
        if found is None:
            return
        end, size = found
        try:
            yield index.unpack_index(file.read_what_is_left(end, size), growth)
        except FormatError:
            continue
