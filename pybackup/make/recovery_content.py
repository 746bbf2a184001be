"""The parts of a set that each of its recovery volumes repeats: structure, settings, and the indexes of all volumes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from pybackup.archive.find import Volume
from pybackup.container.cost import EMPTY_ARCHIVE_BYTES
from pybackup.container.first import FirstMember, read_first
from pybackup.container.skeleton import own_members
from pybackup.errors import Damaged
from pybackup.host.storage import ArchiveFile
from pybackup.layout import names
from pybackup.model.volume import CoveredArchive


@dataclass(frozen=True, slots=True)
class RecoveryContent:
    """What every recovery volume has besides its shard: copies from the last data volume, and all indexes of the set.

    Attributes
    ----------
    structure, links
        Ranges (start, end) in the file of the last data volume of its two tars of entries without content.
    """

    readme: bytes
    mtime_ns: int
    settings: dict[str, object]
    structure: Sequence[tuple[int, int]]
    links: Sequence[tuple[int, int]]
    indexes: Sequence[bytes]

    @property
    def n_bytes(self) -> int:
        """The length of all of it in bytes."""
        parts = sum(size for _, size in (*self.structure, *self.links))
        return (
            parts
            + sum(map(len, self.indexes))
            + len(self.readme)
            + len(json.dumps(self.settings))
            + EMPTY_ARCHIVE_BYTES
        )


def content_of(volumes: Sequence[Volume]) -> RecoveryContent:
    """Return what recovery volumes repeat of the data volumes, by reading these.

    Raises
    ------
    Damaged
        A data volume is damaged after all.
    """
    last = volumes[-1]
    with last.open() as file:
        first = _first_of(file, last)
        if isinstance(last.info, CoveredArchive):
            # Structure and settings of one archive do not hold for the others.
            return RecoveryContent(first.readme, first.mtime_ns, {}, [], [], [blob_of(volume) for volume in volumes])
        members = own_members(file, last.listing)
        indexes = [blob_of(volume) for volume in volumes]
        settings = {key: value for key, value in last.listing.settings.items() if key != "set"}
        return RecoveryContent(
            first.readme,
            first.mtime_ns,
            settings,
            [members[names.STRUCTURE]] if names.STRUCTURE in members else [],
            [members[names.LINKS]] if names.LINKS in members else [],
            indexes,
        )


def blob_of(volume: Volume) -> bytes:
    """Return the encoded tree index of a volume, as it is stored in the volume."""
    with volume.open() as file:
        first = _first_of(file, volume)
        return file.read_at(first.tree_at, first.tree_bytes)


def _first_of(file: ArchiveFile, volume: Volume) -> FirstMember:
    first = read_first(file)
    if first is None:
        raise Damaged(f"{volume.name}: its first header could be read before, but not now")
    return first
