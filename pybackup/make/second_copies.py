"""Second copies: the smallest files of a volume are stored in the next one too, so that losing one volume spares them.

They are copied from the finished volume byte for byte, so that a resumed run makes the same.
"""

from __future__ import annotations

import os
import zlib
from array import array
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from pybackup.compress.unpack import decode
from pybackup.container.cost import COPIES_BYTES, copied_container_bytes, copied_in_bundle_bytes, copied_member_bytes
from pybackup.container.naming import MemberHeader, header_of
from pybackup.container.read import open_listing, read_exactly
from pybackup.errors import Damaged, FormatError, UsageError
from pybackup.host.storage import ArchiveFile
from pybackup.model.content import Packed, PackedPiece, Piece, Whole
from pybackup.model.entry import Entry, Kind, Owner, directories_above, tree_key
from pybackup.model.member import Member, Stored
from pybackup.parity.stream.amount import Amount, parse_amount

_MOST = Fraction(1, 2)


@dataclass(frozen=True, slots=True)
class SecondCopy:
    """A file of the previous volume, in its compressed form.

    Attributes
    ----------
    item
        The entry and its compressed bytes.
    name
        The name of its member.
    directories
        The directories that contain it, from the top, each with the member name of its container.
    """

    item: PackedPiece
    name: bytes
    directories: Sequence[tuple[Entry, bytes]]

    @property
    def path(self) -> bytes:
        """The path of the file."""
        return self.item.piece.entry.path


def parse_share(text: object) -> Fraction:
    """Return the share of each volume that second copies may take, from a text such as ``5%``.

    Raises
    ------
    UsageError
        It is not a percentage, or more than 50 %.
    """
    share = parse_amount(text).share if isinstance(text, str) and text.strip().endswith("%") else None
    if share is None or share > _MOST:
        raise UsageError(f"second copies take a share of each volume, such as 5%, at most 50%, not {text!r}")
    return share


def share_text(share: Fraction) -> str:
    """Return a share as a text such as ``5%``."""
    return str(Amount(share=share))


def is_candidate(stored: Stored) -> bool:
    """Return whether all of a file is in the volume, and in a single segment: only such files get second copies."""
    return (
        stored.entry.kind is Kind.FILE
        and len(stored.members) == 1
        and not stored.numbers
        and not stored.base_digest
        and not stored.fault
    )


class SecondCopies:
    """Second copies of the smallest files of a finished volume, as many as there is room for, in tree order.

    Parameters
    ----------
    volume
        The path of the finished volume.
    but
        Paths of files in it that are second copies themselves, and get no third.
    room_bytes
        How many bytes they may add to the next volume, with containers and indexes.

    Raises
    ------
    Damaged
        The volume is damaged.
    """

    def __init__(self, volume: bytes, but: Container[bytes], room_bytes: int) -> None:
        self._path = volume
        self._at = 0
        self._rows: Sequence[int] = ()
        self._above: dict[int, tuple[Entry, bytes]] = {}
        if room_bytes <= COPIES_BYTES:
            return
        with ArchiveFile(volume) as file:
            try:
                self._listing = open_listing(file)
                kinds, paths = self._listing.rows.kinds, self._listing.paths
                self._rows_of = {path: row for row, path in enumerate(paths) if kinds[row] == Kind.DIRECTORY}
                self._containers = {row: container.offset for row, container in self._listing.containers}
                self._rows = self._smallest(file, but, room_bytes - COPIES_BYTES)
            except (FormatError, OSError) as error:
                raise self._damaged(error) from error

    def before(self, path: bytes | None) -> Iterator[SecondCopy]:
        """Yield the copies not yielded yet that come before a path in tree order; all of them for None.

        Raises
        ------
        Damaged
            The volume cannot be read any more.
        """
        until = None if path is None else tree_key(path)
        while self._at < len(self._rows):
            row = self._rows[self._at]
            if until is not None and tree_key(self._listing.paths[row]) >= until:
                return
            self._at += 1
            with ArchiveFile(self._path) as file:
                try:
                    copy = self._read(file, self._listing.stored(row))
                except (FormatError, OSError) as error:
                    raise self._damaged(error) from error
            yield copy

    def _damaged(self, error: Exception) -> Damaged:
        return Damaged(f"{os.fsdecode(self._path)}: the set cannot be continued after this volume: {error}")

    def _read(self, file: ArchiveFile, stored: Stored) -> SecondCopy:
        entry, member = stored.entry, stored.members[0]
        name, packed = _bundled(file, member) if member.bundled else _alone(file, member)
        piece = Piece(entry, b"", sparse=stored.sparse, whole=Whole(changed=stored.changed))
        rows = [self._rows_of[path] for path in directories_above(entry.path)]
        # Neighbouring files lie in the same directories, so those of the last file are kept.
        self._above = {row: self._above.get(row) or self._directory(file, row) for row in rows}
        return SecondCopy(PackedPiece(piece, packed), name, tuple(self._above.values()))

    def _directory(self, file: ArchiveFile, row: int) -> tuple[Entry, bytes]:
        return self._listing.stored(row).entry, self._container(file, row).name

    def _container(self, file: ArchiveFile, row: int) -> MemberHeader:
        return header_of(file, self._containers[row])

    def _smallest(self, file: ArchiveFile, but: Container[bytes], room_bytes: int) -> array[int]:
        """Choose the smallest files, as many as fit, and return their rows in tree order."""
        sizes = dict(self._sizes(but))
        taken: list[int] = []
        opened: set[int] = set()
        bundles: set[tuple[bytes, Owner]] = set()
        for row in sorted(sizes, key=sizes.__getitem__):
            if sizes[row] > room_bytes:
                break
            stored = self._listing.stored(row)
            above = {self._rows_of[path] for path in directories_above(stored.entry.path)} - opened
            bundle = (stored.entry.parent, stored.entry.owner)
            cost = _copied_bytes(file, stored, is_first=bundle not in bundles)
            for directory in above:
                header = self._container(file, directory)
                cost += copied_container_bytes(self._listing.stored(directory), header.n_bytes)
            if cost <= room_bytes:
                room_bytes -= cost
                opened |= above
                bundles |= {bundle} if stored.bundled else set()
                taken.append(row)
        return array("q", sorted(taken))

    def _sizes(self, but: Container[bytes]) -> Iterator[tuple[int, int]]:
        """Yield the row and the compressed length of each candidate."""
        for row, kind in enumerate(self._listing.rows.kinds):
            if kind == Kind.FILE and self._listing.paths[row] not in but:
                stored = self._listing.stored(row)
                if is_candidate(stored):
                    yield row, stored.members[0].packed_bytes


def _alone(file: ArchiveFile, member: Member) -> tuple[bytes, Packed]:
    """Return the name and the bytes of a member that holds one file."""
    header = header_of(file, member.offset)
    data = read_exactly(file, member.offset, member.packed_bytes)
    if zlib.crc32(data) != header.note.data_crc:
        raise Damaged("the bytes of a file differ from their CRC")
    return header.name, Packed(
        data, member.stream_bytes, member.raw_bytes, member.method, member.dictionary_bytes, member.digest
    )


def _bundled(file: ArchiveFile, member: Member) -> tuple[bytes, Packed]:
    """Return an empty name and the stream of a file in a bundle, decoded once since 7z stores the content's CRC."""
    crc = 0
    for data in decode(file, member):
        crc = zlib.crc32(data, crc)
    stream = read_exactly(file, member.stream_offset, member.stream_bytes)
    packed = Packed(
        stream, member.stream_bytes, member.raw_bytes, member.method, member.dictionary_bytes, member.digest, True, crc
    )
    return b"", packed


def _copied_bytes(file: ArchiveFile, stored: Stored, *, is_first: bool) -> int:
    """Return an upper bound in bytes for what a copy adds; the first file of a bundle counts the bundle too."""
    member = stored.members[0]
    if stored.bundled:
        return copied_in_bundle_bytes(stored, member.packed_bytes, is_first=is_first)
    return copied_member_bytes(stored, header_of(file, member.offset).n_bytes)
