"""A chain as one archive: the last one, which builds on earlier ones, and those of these that are at hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from pybackup.container.earlier import read_earlier
from pybackup.container.merge import MergedRows, VolumeRows
from pybackup.container.set_index import IndexOfAnother
from pybackup.host.joined import Part
from pybackup.model.earlier import EarlierVolume
from pybackup.model.entry import Kind
from pybackup.model.listing import Listing

from .ancestry import ancestry
from .find import FoundFile, Volume
from .joined import STRIDE

# The first address behind all that the volumes and spare images of a set take.
_EARLIER_AT = 3 << 61


@dataclass(frozen=True, slots=True)
class Earlier:
    """What an archive says that earlier ones hold of its tree.

    Attributes
    ----------
    tables
        One for each earlier archive, or volume of a set, that holds any of it.
    at_hand
        Those of them that can be read, by archive id.
    files
        All files that were named besides the archive's own: further copies, recovery volumes of earlier sets, and what
        is damaged too much to tell what it is.
    """

    tables: Sequence[IndexOfAnother[EarlierVolume]]
    at_hand: Mapping[bytes, Volume]
    files: Sequence[FoundFile] = ()

    @classmethod
    def among(cls, tables: Sequence[IndexOfAnother[EarlierVolume]], files: Sequence[FoundFile]) -> Earlier:
        """Return it with the volumes that are in files; of several copies the first counts."""
        volumes = [volume for file in files for volume in file.volumes]
        return cls(tables, {volume.listing.archive_id: volume for volume in reversed(volumes)}, files)

    @property
    def addresses(self) -> Sequence[int]:
        """Where the bytes of each of them stand."""
        return [_address_of(at) for at in range(len(self.tables))]

    def lacks(self, listing: Listing) -> bool:
        """Whether files of the tree are in no table any more, by the archive's own listing and what that says."""
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
        """Return which of them has the byte at an address; None for one of the archive's own."""
        return self.tables[(address - _EARLIER_AT) // STRIDE].of if address >= _EARLIER_AT else None


def read_tables(volumes: Iterable[Volume]) -> list[IndexOfAnother[EarlierVolume]]:
    """Return what an archive says of earlier ones, from that of its volumes in which most of it can be read."""
    best: list[IndexOfAnother[EarlierVolume]] = []
    for volume in volumes:
        if ancestry(volume.listing.settings) is None:
            continue
        with volume.open() as file:
            found = list(read_earlier(file))
        if len(found) > len(best):
            best = found
    return best


def chained(parts: Sequence[Part], listing: Listing, earlier: Earlier) -> tuple[tuple[Part, ...], Listing]:
    """Return where the bytes of a chain are, and what its tree was when the last archive was made.

    Parameters
    ----------
    parts, listing
        Of that archive alone.
    """
    tables = earlier.tables
    rows = MergedRows(
        [
            *(
                VolumeRows(_address_of(at), table.rows, table.paths, table.of.archive_id in earlier.at_hand)
                for at, table in enumerate(tables)
            ),
            VolumeRows(0, listing.rows, listing.paths),
        ]
    )
    joined = (*parts, *(_part(table.of, _address_of(at), earlier.at_hand) for at, table in enumerate(tables)))
    expected = len(rows.paths) if listing.complete else None
    # Where its containers lie is told of an archive's own rows alone.
    return joined, replace(listing, paths=rows.paths, rows=rows, expected=expected, containers=())


def _address_of(number: int) -> int:
    return _EARLIER_AT + number * STRIDE


def _part(volume: EarlierVolume, address: int, at_hand: Mapping[bytes, Volume]) -> Part:
    found = at_hand.get(volume.archive_id)
    return found.part(address) if found else Part(address, STRIDE, b"", label=volume.label)
