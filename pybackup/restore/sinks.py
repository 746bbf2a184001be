"""Content on its way into a staged file, with gaps where it is lost."""

from __future__ import annotations

from pybackup.compress.partial import Fragment
from pybackup.errors import Damaged
from pybackup.layout.sparse import SparseReader
from pybackup.model.extents import Extents
from pybackup.tree.place import StagedFile


def sink_for(staged: StagedFile, *, sparse: bool) -> PlainSink | SparseSink:
    """Return what takes the content of a file, or for a sparse one the stream of it."""
    return SparseSink(staged) if sparse else PlainSink(staged)


class PlainSink:
    """Takes content as the file has it."""

    def __init__(self, staged: StagedFile) -> None:
        self._staged = staged
        self._ranges: dict[bool, list[tuple[int, int]]] = {True: [], False: []}

    def put(self, piece: Fragment) -> bool:
        """Write, within the file, content that belongs there; False where that fails."""
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
        """Nothing is left to do: the segments have told their lengths."""

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
    """Takes the stream of a sparse file; nothing comes of it if part of its map is missing."""

    def __init__(self, staged: StagedFile) -> None:
        self._data = PlainSink(staged)
        self._size = staged.entry.size
        self._reader = SparseReader(self._size)
        self._at = 0
        self._blind = False
        self._sure = True

    def put(self, piece: Fragment) -> bool:
        """Write what a piece of the stream brings; False where that fails."""
        if piece.offset > self._at:
            self._blind = self._blind or not self._reader.is_mapped
            if not self._blind:
                self._reader.skip(piece.offset - self._at)
        if self._blind:
            return True
        # Where all that follows belongs is no better known than the map is.
        self._sure = self._sure and (piece.proved or self._reader.is_mapped)
        proved = piece.proved and self._sure
        self._at = piece.offset + len(piece.data)
        return all(self._data.put(Fragment(at, data, proved)) for at, data in self._reader.feed(piece.data))

    def finish(self, *, whole: bool) -> None:
        """Refuse a whole stream that ends too early."""
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
        """Whether any data is in place, or there is none."""
        extents = self._reader.extents
        return self._data.useful or (extents is not None and not any(length for _, length in extents))

    @property
    def _holes(self) -> Extents:
        extents = self._reader.extents
        if extents is None:
            return Extents()
        return Extents.of((offset, offset + length) for offset, length in extents).gaps(0, self._size)
