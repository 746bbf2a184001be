"""Writing content into a staged file, with gaps where it is lost."""

from __future__ import annotations

from pybackup.compress.partial import Fragment
from pybackup.errors import Damaged
from pybackup.layout.sparse import SparseReader
from pybackup.model.extents import Extents
from pybackup.tree.place import StagedFile


def sink_for(staged: StagedFile, *, sparse: bool) -> PlainSink | SparseSink:
    """Return the sink for the content of a file, or for the sparse stream of a sparse file."""
    return SparseSink(staged) if sparse else PlainSink(staged)


class PlainSink:
    """Takes the content of a file that is not sparse."""

    def __init__(self, staged: StagedFile) -> None:
        self._staged = staged
        self._ranges: dict[bool, list[tuple[int, int]]] = {True: [], False: []}

    def put(self, piece: Fragment) -> bool:
        """Write a piece of content at its offset; return False if writing fails."""
        offset, data, proved = piece
        end = offset + len(data)
        if offset < 0 or end > self._staged.entry.size:
            raise Damaged("a segment that does not fit its file")
        ranges = self._ranges[proved]
        if ranges and ranges[-1][1] == offset:
            ranges[-1] = (ranges[-1][0], end)
        else:
            ranges.append((offset, end))
        return self._staged.write_at(offset, data)

    def finish(self, *, whole: bool) -> None:
        """Do nothing, as each segment has been checked for its length."""

    @property
    def present(self) -> Extents:
        """What of the file is in place and right."""
        return Extents.of(self._ranges[True])

    @property
    def plausible(self) -> Extents:
        """What is in place, and by nothing known to be right."""
        return Extents.of(self._ranges[False])

    @property
    def useful(self) -> bool:
        """Whether any of it is in place."""
        return any(self._ranges.values())


class SparseSink:
    """Takes the stream of a sparse file; nothing of the file can be written if part of the map of its data is lost."""

    def __init__(self, staged: StagedFile) -> None:
        self._data = PlainSink(staged)
        self._size = staged.entry.size
        self._reader = SparseReader(self._size)
        self._at = 0
        self._blind = False
        self._sure = True

    def put(self, piece: Fragment) -> bool:
        """Write the data in a piece of the stream; return False if writing fails."""
        if piece.offset > self._at:
            self._blind = self._blind or not self._reader.is_mapped
            if not self._blind:
                self._reader.skip(piece.offset - self._at)
        if self._blind:
            return True
        # All later data is only as plausible as the map, which says where it belongs.
        self._sure = self._sure and (piece.proved or self._reader.is_mapped)
        proved = piece.proved and self._sure
        self._at = piece.offset + len(piece.data)
        return all(self._data.put(Fragment(at, data, proved)) for at, data in self._reader.feed(piece.data))

    def finish(self, *, whole: bool) -> None:
        """Raise Damaged if the whole stream has come, and it ended too early."""
        if whole:
            self._reader.finish()

    @property
    def present(self) -> Extents:
        """What of the file is in place and right: data, and the holes if it is known where they are."""
        return self._data.present | (self._holes if self._sure else Extents())

    @property
    def plausible(self) -> Extents:
        """What is in place, and by nothing known to be right."""
        return self._data.plausible | (Extents() if self._sure else self._holes)

    @property
    def useful(self) -> bool:
        """Whether any data is in place, or the file has none."""
        extents = self._reader.extents
        return self._data.useful or (extents is not None and not any(length for _, length in extents))

    @property
    def _holes(self) -> Extents:
        extents = self._reader.extents
        if extents is None:
            return Extents()
        return Extents.of((offset, offset + length) for offset, length in extents).gaps(0, self._size)
