"""The indexes of other volumes that a volume of a set holds, found from its end without a header."""

from __future__ import annotations

from collections.abc import Iterator

from pybackup.errors import FormatError
from pybackup.host.storage import ArchiveFile
from pybackup.layout import index, ustar

from .read import find_foot, read_locator


def read_set_index(file: ArchiveFile) -> Iterator[index.Blob]:
    """Yield the tree indexes of other volumes, last first; what cannot be read any more is left out.

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
