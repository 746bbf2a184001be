"""A chain as one archive: the last archive, and those of the earlier ones it builds on that were found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from pybackup.container.earlier import read_earlier
from pybackup.container.merge import MergedRows, VolumeRows
from pybackup.container.set_index import IndexOfAnother
from pybackup.host.joined import Part, Place
from pybackup.model.earlier import EarlierVolume
from pybackup.model.entry import Kind
from pybackup.model.listing import Listing, Rows

from .ancestry import ancestry
from .by_hash import looked_up
from .find import FoundFile, Volume
from .joined import STRIDE

# The first address after those of all volumes and spare images of a set.
_EARLIER_AT = 3 << 61


@dataclass(frozen=True, slots=True)
class Earlier:
    """The part of an archive's tree that is in earlier archives, according to tables in the archive.

    Attributes
    ----------
    tables
        One for each earlier archive, or volume of an earlier set, that holds any of the tree.
    at_hand
        Those of them that were found, by archive id.
    files
        All files that were named besides the archive's own: further copies, recovery volumes of earlier sets, and
        files that are too damaged to be identified.
    """

    tables: Sequence[IndexOfAnother[EarlierVolume]]
    at_hand: Mapping[bytes, Volume]
    files: Sequence[FoundFile] = ()

    @classmethod
    def among(cls, tables: Sequence[IndexOfAnother[EarlierVolume]], files: Sequence[FoundFile]) -> Earlier:
        """Return these tables with those volumes that are among files; of several copies the first counts."""
        volumes = [volume for file in files for volume in file.volumes]
        return cls(tables, {volume.listing.archive_id: volume for volume in reversed(volumes)}, files)

    @property
    def addresses(self) -> Sequence[int]:
        """The address of each of them in the address space of the chain."""
        return [_address_of(at) for at in range(len(self.tables))]

    def rows_of(self, table: IndexOfAnother[EarlierVolume]) -> Rows:
        """Return the rows of a table; contents known by hash alone get their places if the archive is at hand."""
        volume = self.at_hand.get(table.of.archive_id)
        return table.rows if volume is None else looked_up(table.rows, volume.listing)

    def lacks(self, listing: Listing) -> bool:
        """Return whether a table is lost, so that files of the tree are in none, by the numbers in the listing."""
        said = ancestry(listing.settings)
        if said is None or not said.files:
            return False
        known = {
            path
            for table in self.tables
            for kind, path in zip(table.rows.kinds, table.paths, strict=True)
            if kind == Kind.FILE
        }
        return len(known.difference(listing.paths)) < said.files

    def volume_at(self, address: int) -> EarlierVolume | None:
        """Return the earlier archive that has the byte at an address; None if the archive itself has it."""
        return self.tables[(address - _EARLIER_AT) // STRIDE].of if address >= _EARLIER_AT else None


def read_tables(volumes: Iterable[Volume]) -> list[IndexOfAnother[EarlierVolume]]:
    """Return the tables of earlier archives, from the volume of an archive with the most readable ones."""
    best: list[IndexOfAnother[EarlierVolume]] = []
    for volume in volumes:
        if ancestry(volume.listing.settings) is None:
            continue
        with volume.open() as file:
            found = list(read_earlier(file))[::-1]  # the last one comes first
        if len(found) > len(best):
            best = found
    return best


def chained(parts: Sequence[Part], listing: Listing, earlier: Earlier) -> tuple[tuple[Part, ...], Listing]:
    """Return where the bytes of a chain are, and its whole tree as it was when the last archive was made.

    Parameters
    ----------
    parts, listing
        The bytes and entries of the last archive alone.
    """
    tables = earlier.tables
    rows = MergedRows(
        [
            *(
                VolumeRows(_address_of(at), earlier.rows_of(table), table.paths, table.of.archive_id in earlier.at_hand)
                for at, table in enumerate(tables)
            ),
            VolumeRows(0, listing.rows, listing.paths),
        ]
    )
    joined = (*parts, *(_part(table.of, _address_of(at), earlier.at_hand) for at, table in enumerate(tables)))
    expected = len(rows.paths) if listing.complete else None
    # Only the archive's own rows have the places of containers.
    return joined, replace(listing, paths=rows.paths, rows=rows, expected=expected, containers=())


def with_volumes(place: Place, earlier: Earlier, find: Callable[[EarlierVolume], Volume | None]) -> Place:
    """Return where the bytes of a chain are, with those of its earlier archives that are found now."""
    if isinstance(place, bytes):
        return place
    of = dict(zip(earlier.addresses, (table.of for table in earlier.tables), strict=True))
    found = ((part, find(of[part.address]) if not part.path and part.address in of else None) for part in place)
    return tuple(volume.part(part.address) if volume else part for part, volume in found)


def _address_of(number: int) -> int:
    return _EARLIER_AT + number * STRIDE


def _part(volume: EarlierVolume, address: int, at_hand: Mapping[bytes, Volume]) -> Part:
    found = at_hand.get(volume.archive_id)
    return found.part(address) if found else Part(address, STRIDE, b"", label=volume.label)
