"""Content on its way into a staged file, with gaps where it is lost."""

from __future__ import annotations

from pybackup.errors import Damaged
from pybackup.layout.sparse import SparseReader
from pybackup.model.extents import Extents
from pybackup.tree.place import StagedFile


class PlainSink:
    """Takes content as the file has it."""

    def __init__(self, staged: StagedFile) -> None:
        self._staged = staged
        self._ranges: list[tuple[int, int]] = []

    def put(self, offset: int, data: bytes) -> bool:
        """Write, within the file, content that belongs at ``offset``; False where that fails."""
        end = offset + len(data)
        if offset < 0 or end > self._staged.entry.size:
            raise Damaged("a segment that does not fit its file")
        if self._ranges and self._ranges[-1][1] == offset:
            self._ranges[-1] = (self._ranges[-1][0], end)
        else:
            self._ranges.append((offset, end))
        return self._staged.write_at(offset, data)

    def finish(self, *, whole: bool) -> None:
        """Nothing is left to do: the segments have told their lengths."""

    @property
    def present(self) -> Extents:
        """What of the file is in place."""
        return Extents.of(self._ranges)

    @property
    def useful(self) -> bool:
        """Whether any of it is."""
        return bool(self._ranges)


class SparseSink:
    """Takes the stream of a sparse file; nothing comes of it if part of its map is missing."""

    def __init__(self, staged: StagedFile) -> None:
        self._data = PlainSink(staged)
        self._size = staged.entry.size
        self._reader = SparseReader(self._size)
        self._at = 0
        self._blind = False

    def put(self, offset: int, data: bytes) -> bool:
        """Write what a piece of the stream brings; False where that fails."""
        if offset > self._at:
            self._blind = self._blind or not self._reader.is_mapped
            if not self._blind:
                self._reader.skip(offset - self._at)
        if self._blind:
            return True
        self._at = offset + len(data)
        return all(self._data.put(at, piece) for at, piece in self._reader.feed(data))

    def finish(self, *, whole: bool) -> None:
        """Refuse a whole stream that ends too early."""
        if whole:
            self._reader.finish()

    @property
    def present(self) -> Extents:
        """What of the file is in place: data, and the holes if it is known where they are."""
        extents = self._reader.extents
        if extents is None:
            return Extents()
        data = Extents.of((offset, offset + length) for offset, length in extents)
        return self._data.present | data.gaps(0, self._size)

    @property
    def useful(self) -> bool:
        """Whether any data is in place, or there is none."""
        extents = self._reader.extents
        return self._data.useful or (extents is not None and not any(length for _, length in extents))
