"""How many bytes the parts of an archive will take: upper bounds, for what has to fit, and estimates, for plans.

The writer asks before it writes an item, so do recovery volumes and the plan of discs. Of what is written already the
length is known (`ArchiveWriter.room_to_close`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pybackup.layout import index, ustar
from pybackup.layout.sevenzip_bundle import suits_bundle
from pybackup.layout.table_builder import row_bytes
from pybackup.model.content import Bare, PackedPiece
from pybackup.model.entry import Entry, Kind, directories_above
from pybackup.model.member import Stored

from .bundles import file_bytes, new_bundle_bytes

# Upper bounds.

ROW_OF_MEMBER_BYTES = 64
"""What a member adds to an index."""
EMPTY_ARCHIVE_BYTES = 12 * 1024
"""Both indexes of an archive without entries, headers of all its own members, what fills up blocks and sectors."""
VOLUME_OF_SET_BYTES = 8 * 1024
"""What a data volume adds to the recovery volumes of its set, its entries apart: an index of directories, two rows."""
_SEVENZIP_BYTES = 256  # what a ``.7z`` has beside stream and name
_CONTAINER_BYTES = 4096  # an index and an end, what fills up blocks


def item_bytes(item: Bare | PackedPiece, opened: Sequence[Entry]) -> int:
    """Return how many bytes an item adds to an archive at most, in both indexes that name it, too.

    Parameters
    ----------
    opened
        Directories whose containers it opens.
    """
    if isinstance(item, Bare):
        return _rows_bytes(item.entry)
    entry = item.piece.entry
    around = _around_bytes(entry, opened)
    if item.packed.bundled:
        # Nobody knows whether one waits there already.
        return (
            around + 2 * ROW_OF_MEMBER_BYTES + new_bundle_bytes(entry.owner) + file_bytes(entry, len(item.packed.data))
        )
    return around + _member_bytes(entry) + len(item.packed.data)


def unpacked_file_bytes(path: bytes, size: int, new_directories: int, segment_bytes: int) -> int:
    """Return how many bytes a file adds to an archive at most, of which no more is known yet, not packed at all.

    Parameters
    ----------
    new_directories
        So many of the directories on its path, the lowest ones, have nothing in the archive yet.
    segment_bytes
        The length of its segments.
    """
    entry = Entry(path, Kind.FILE, size=size)
    above = list(directories_above(path))
    opened = [Entry(each, Kind.DIRECTORY) for each in above[len(above) - new_directories :]]
    member = _member_bytes(entry) + _SEVENZIP_BYTES + 2 * len(entry.name)
    return _around_bytes(entry, opened) + (size // segment_bytes + 1) * member + size


def tree_rows_bytes(entries: Sequence[Entry], segment_bytes: int) -> int:
    """Return how long entries make a tree index at most, whose files are in segments of so many bytes."""
    segments = sum(entry.size // segment_bytes + 1 for entry in entries)
    return sum(row_bytes(Stored(entry)) for entry in entries) + segments * ROW_OF_MEMBER_BYTES


def _around_bytes(entry: Entry, opened: Sequence[Entry]) -> int:
    """What an entry adds besides its members: rows, and the containers that it opens."""
    return sum(map(_rows_bytes, [entry, *opened])) + sum(map(_container_bytes, opened))


def _member_bytes(entry: Entry) -> int:
    """What a member of its own adds besides what is packed in it: headers, padding, what both indexes tell of it."""
    return _headers_bytes(entry) + ustar.BLOCK + 2 * ROW_OF_MEMBER_BYTES


def _rows_bytes(entry: Entry) -> int:
    """How much longer an entry makes the index of its container and that of the tree, without its members."""
    return 2 * _in_an_index(row_bytes(Stored(entry)))


def _in_an_index(n_bytes: int) -> int:
    """How much longer so many bytes make an index: there is parity for them."""
    return index.total_bytes(n_bytes) - index.total_bytes(0)


def _container_bytes(directory: Entry) -> int:
    """How long the container of a directory is without anything in it: its index has its path."""
    return _CONTAINER_BYTES + _headers_bytes(directory) + _in_an_index(len(directory.path))


def _headers_bytes(entry: Entry) -> int:
    """How long the header of a member and what extends it is."""
    records = 4 * len(entry.name) + sum(len(name) + 2 * len(value) + 64 for name, value in entry.xattrs.items())
    return 6 * ustar.BLOCK + records


# At most, of what is copied from an archive that is finished: of that headers and packed lengths are known.

COPIES_BYTES = 2 * ustar.BLOCK + 64
"""What copies add beside themselves: the indexes of the root and of the tree are filled up to whole blocks."""
_COPIED_CONTAINER_BYTES = ustar.BLOCK + 1280  # the header of its index, and that, of some 800 bytes beside its rows
_COPIED_ROW_BYTES = 16  # beside what stands in a row itself


def copied_member_bytes(stored: Stored, header_bytes: int) -> int:
    """Return what a copy of a file in one member adds, whose header is so long."""
    return header_bytes + ustar.padded(stored.members[0].packed_bytes) + _copied_rows_bytes(stored)


def copied_in_bundle_bytes(stored: Stored, stream_bytes: int, *, is_first: bool) -> int:
    """Return what a copy of a file in a bundle adds; the bundle, too, if it is the first one in it."""
    bundle = new_bundle_bytes(stored.entry.owner) if is_first else 0
    return bundle + file_bytes(stored.entry, stream_bytes) + _copied_rows_bytes(stored)


def copied_container_bytes(stored: Stored, header_bytes: int) -> int:
    """Return what the container of a directory adds that is opened for copies, and whose header is so long."""
    return header_bytes + _COPIED_CONTAINER_BYTES + _copied_rows_bytes(stored)


def _copied_rows_bytes(stored: Stored) -> int:
    """How much longer an entry makes the index of its container and that of the tree, with their parity."""
    return 2 * (row_bytes(stored) + _COPIED_ROW_BYTES) * 6 // 5


# Estimates.

STRUCTURE_BYTES = 512
"""What each entry but files adds to the structure, which is in every volume."""
SET_INDEX_BYTES = 48
"""What each file adds to the index of all volumes before, which is in every volume."""


@dataclass(frozen=True, slots=True)
class EntryCosts:
    """The usual costs of entries in an archive: headers and index rows, in bytes.

    Attributes
    ----------
    ratio
        The compressed length of contents divided by their length.
    bundled_up_to_bytes
        Files up to this length are stored in bundles; 0 for no bundles.
    file_bytes
        What a file adds besides its content.
    bundled_bytes
        What a file in a bundle adds besides its content.
    directory_bytes
        What a directory with files adds, besides ``bare_bytes``.
    bare_bytes
        What an entry without content adds.
    segment_bytes
        What each segment of a file except its first adds besides its content.
    """

    ratio: float
    bundled_up_to_bytes: int = 0
    file_bytes: int = 1000
    bundled_bytes: int = 86
    directory_bytes: int = 2400
    bare_bytes: int = 640
    segment_bytes: int = 900

    def of_file(self, entry: Entry) -> int:
        """Return what a file adds besides its content."""
        return self.bundled_bytes if suits_bundle(entry, self.bundled_up_to_bytes) else self.file_bytes

    def besides_content(self, files: Iterable[Entry], with_files: int, bare: int) -> int:
        """Return what files, directories with files and entries without content add besides content.

        Parameters
        ----------
        with_files, bare
            The numbers of directories that have files, and of entries without content (those directories included).
        """
        return sum(map(self.of_file, files)) + self.directory_bytes * with_files + self.bare_bytes * bare
