"""What earlier archives hold of the tree of a later one, table by table: collected, packed, and read again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pybackup.host.storage import ArchiveFile
from pybackup.layout import index
from pybackup.layout.table_builder import TableBuilder
from pybackup.model.earlier import EarlierVolume
from pybackup.model.entry import Entry, Kind
from pybackup.model.member import Stored

from .set_index import IndexOfAnother, indexes_of_others

_DIGEST_BYTES = 32
_KEY = "earlier"


class EarlierTable:
    """Collects what one earlier archive, or volume of a set, holds of a tree: in tree order, with what it lies in.

    Members have the offsets that they have there.
    """

    def __init__(self, volume: EarlierVolume) -> None:
        self.volume = volume
        self._table = TableBuilder(base=0, digest_bytes=_DIGEST_BYTES)
        self._rows: dict[bytes, int] = {}

    def add(self, stored: Stored, directories: Sequence[Entry]) -> None:
        """Append an entry; ``directories`` are those above it, from the top."""
        parent: int | None = None
        is_directory = stored.entry.kind is Kind.DIRECTORY
        for directory in (*directories, stored.entry) if is_directory else directories:
            row = self._rows.get(directory.path)
            if row is None:
                row = self._rows[directory.path] = self._table.add(Stored(directory), parent)
            parent = row
        if not is_directory:
            self._table.add(stored, parent)

    def pack(self) -> bytes:
        """Return the table as an index of that archive."""
        settings = json.dumps({_KEY: self.volume.settings()}, sort_keys=True).encode()
        table = self._table
        head = index.Head(
            index.TREE,
            _DIGEST_BYTES,
            self.volume.archive_id,
            0,
            len(table),
            len(table.digests) // _DIGEST_BYTES,
            0,
            version=index.VERSION,
        )
        return index.pack_index(head, table.pack(place=b"", region=b"", settings=settings), bytes(table.digests))

    def digest(self) -> bytes:
        """Return a hash of what it holds, whatever library packs it."""
        plain = self._table.pack(place=b"", region=b"", settings=self.volume.archive_id)
        return hashlib.sha256(plain + self._table.digests).digest()


def read_earlier(file: ArchiveFile) -> Iterator[IndexOfAnother[EarlierVolume]]:
    """Yield what an archive says that earlier ones hold of its tree; what cannot be read any more is left out."""
    return indexes_of_others(file, _volume_of)


def _volume_of(settings: Mapping[str, Any]) -> EarlierVolume | None:
    """The earlier archive that an index with these settings is of; None for one of another kind."""
    said = settings.get(_KEY)
    return None if said is None else EarlierVolume.of_settings(said)
