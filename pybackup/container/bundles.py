"""Bundles while they are written: small files of one directory and owner in one ``.7z``, each a stream of its own."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Final

from pybackup.layout import bundle, names, sevenzip_bundle, ustar
from pybackup.layout.bundle import FileNote, pack_notes
from pybackup.layout.sevenzip_bundle import BundledFile
from pybackup.model.content import Packed, PackedPiece
from pybackup.model.entry import Entry, Kind, Owner
from pybackup.model.member import STREAM_OFFSET, Method

# A bundle of this length is written. The header and padding of a bundle are nothing beside so much, and no reader of 7z
# takes long to open one.
_MOST_BYTES: Final = 1 << 20
_MOST_FILES: Final = 1024
_MODE = 0o600
# A header, the start header, the head of the first block of notes and all that is once in a 7z header, and what the
# last block is filled up with; where names of owners do not fit the header, what extends it.
_FRAME_BYTES = 3 * ustar.BLOCK
_OWNER_BYTES = 32
_EXTENSION_BYTES = 4 * ustar.BLOCK
# Of a file: its note, with its share of another block of notes, and what it adds to the 7z header.
_FILE_BYTES = 48 + 56


@dataclass(slots=True)
class _File:
    """A file that waits in a bundle, and which member it is in the table of the tree and in that of its container."""

    entry: Entry
    name: bytes
    packed: Packed
    changed: bool
    rows: tuple[int, int]


@dataclass(slots=True)
class Bundle:
    """Files that will be written together."""

    owner: Owner
    files: list[_File] = field(default_factory=list)
    bound_bytes: int = 0

    def __post_init__(self) -> None:
        self.bound_bytes = self.bound_bytes or new_bundle_bytes(self.owner)

    @property
    def is_full(self) -> bool:
        """Whether it is large enough to be written."""
        return self.bound_bytes >= _MOST_BYTES or len(self.files) >= _MOST_FILES

    def add(self, item: PackedPiece, rows: tuple[int, int]) -> None:
        """Take one more file, whose member has these numbers in the table of the tree and in that of the container."""
        piece, packed = item
        entry, name = piece.entry, piece.entry.name
        changed = bool(piece.whole and piece.whole.changed)
        self.files.append(_File(entry, name, packed, changed, rows))
        self.bound_bytes += _FILE_BYTES + 3 * len(name) + len(packed.data)

    def pack(self, archive_id: bytes, container: int, *, fast: bool = False) -> tuple[bytes, list[int]]:
        """Return the ``.7z``, whose first file is the notes of the others, and where in it each stream starts.

        Parameters
        ----------
        fast
            Pack notes and header faster, and less.
        """
        notes = pack_notes([_note(file) for file in self.files], archive_id, container, fast=fast)
        streams = [notes, *(file.packed.data for file in self.files)]
        starts = list(accumulate(map(len, streams), initial=STREAM_OFFSET))
        listed = [self._noted(notes), *map(_listed, self.files)]
        start_header, tail = sevenzip_bundle.pack_header(listed, fast=fast)
        return b"".join((start_header, *streams, tail)), starts[1:-1]

    def _noted(self, notes: bytes) -> BundledFile:
        """The notes as a file of the ``.7z``."""
        size, crc = len(notes), zlib.crc32(notes)
        return BundledFile(bundle.NAME, _MODE, self.entry.mtime_ns, size, size, Method.COPY, 0, crc)

    @property
    def entry(self) -> Entry:
        """What the tar header of the bundle says: of its files the owner, and the time of the newest."""
        newest_ns = max(file.entry.mtime_ns for file in self.files)
        return Entry(b"", Kind.FILE, _MODE, self.owner, newest_ns)


def file_bytes(entry: Entry, stream_bytes: int) -> int:
    """Return how much longer a file with a packed stream of so many bytes makes its bundle at most."""
    return _FILE_BYTES + 3 * len(entry.name) + stream_bytes


def new_bundle_bytes(owner: Owner) -> int:
    """Return how much a bundle of no files would take at most."""
    longest = max(len(owner.user), len(owner.group))
    return _FRAME_BYTES if longest <= _OWNER_BYTES else _FRAME_BYTES + _EXTENSION_BYTES + 2 * longest


def bundle_name(archive_id: bytes, number: int) -> bytes:
    """Return the name of bundle ``number`` of its container, which no other volume of a set has for another one."""
    return names.BUNDLE % (archive_id.hex()[:8].encode(), number)


def _listed(file: _File) -> BundledFile:
    entry, packed = file.entry, file.packed
    return BundledFile(
        file.name,
        entry.mode,
        entry.mtime_ns,
        len(packed.data),
        packed.raw_bytes,
        packed.method,
        _bits(packed),
        packed.crc,
    )


def _note(file: _File) -> FileNote:
    entry, packed = file.entry, file.packed
    return FileNote(
        len(packed.data),
        packed.raw_bytes,
        packed.method,
        _bits(packed),
        file.changed,
        entry.mode,
        entry.mtime_ns,
        packed.digest[: bundle.DIGEST_BYTES],
        file.name,
    )


def _bits(packed: Packed) -> int:
    return packed.dictionary_bytes.bit_length() - 1 if packed.dictionary_bytes else 0
