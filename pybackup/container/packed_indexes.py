"""The indexes of an archive that is being written, packed: that of each container, and that of the tree."""

from __future__ import annotations

from pybackup.layout import index
from pybackup.layout.table_builder import TableBuilder

from .frames import Frame, Open

# In a second copy four bytes are enough to tell a good decode from a bad one; the note has all 32.
OWN_DIGEST_BYTES = 4
TREE_DIGEST_BYTES = 32


def own_index(archive_id: bytes, frame: Frame, container: Open, *, fast: bool = False) -> bytes:
    """Return the whole index of the container of a directory."""
    table = container.table
    head = index.Head(
        index.CONTAINER,
        OWN_DIGEST_BYTES,
        archive_id,
        container.number,
        len(table),
        len(table.digests) // OWN_DIGEST_BYTES,
        container.start,
        version=index.VERSION,
    )
    plain = table.pack(place=frame.entry.path, region=container.region.digest(), settings=b"")
    return index.pack_index(head, plain, bytes(table.digests), fast=fast)


def tree_index(archive_id: bytes, table: TableBuilder, settings: bytes, *, fast: bool = False) -> bytes:
    """Return the whole index of the tree, which the root container holds."""
    n_digests = len(table.digests) // TREE_DIGEST_BYTES
    head = index.Head(index.TREE, TREE_DIGEST_BYTES, archive_id, 0, len(table), n_digests, 0, version=index.VERSION)
    plain = table.pack(place=b"", region=b"", settings=settings)
    return index.pack_index(head, plain, bytes(table.digests), fast=fast)
