"""Finding ``.7z`` members by their signature alone: what is left where headers and indexes are gone."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from pybackup.errors import FormatError
from pybackup.host.storage import ArchiveFile
from pybackup.layout import ustar
from pybackup.layout.sevenzip import SIGNATURE, STREAM_OFFSET, StartHeader

from .scan import overlapping_chunks, places_of, scan


class Known:
    """The members that are known already.

    Parameters
    ----------
    offsets, ends
        Where each starts and ends, in bytes of the archive, in any order.
    """

    def __init__(self, offsets: Sequence[int], ends: Sequence[int]) -> None:
        starts = np.asarray(offsets, dtype=np.int64)
        order = np.argsort(starts, kind="stable")
        self._starts: npt.NDArray[np.int64] = starts[order]
        self._ends: npt.NDArray[np.int64] = np.asarray(ends, dtype=np.int64)[order]

    def __contains__(self, offset: int) -> bool:
        """Whether a byte belongs to one of them."""
        number = int(np.searchsorted(self._starts, offset, side="right"))
        return number > 0 and offset < int(self._ends[number - 1])

    def begin_within(self, start: int, end: int) -> int:
        """How many of them begin in an extent."""
        first, last = np.searchsorted(self._starts, (start, end))
        return int(last - first)


def find_signatures(file: ArchiveFile, known: Known, *, progress: Callable[[int], None]) -> Iterator[tuple[int, bytes]]:
    """Yield offset and first 32 bytes of everything that begins a ``.7z`` that no known member accounts for.

    A member lies so many bytes behind a multiple of 512 as headers do: none, or as many as were lost or inserted. What
    lies 32 bytes further on is content of what is stored: an archive, as a rule.

    Parameters
    ----------
    progress
        Is told how many bytes have been read.
    """
    residues = _residues(file)
    for start, data in overlapping_chunks(file, STREAM_OFFSET):
        for at in places_of(SIGNATURE, data):
            offset, begun = start + at, data[at : at + STREAM_OFFSET]
            if len(begun) == STREAM_OFFSET and offset not in known and (offset % ustar.BLOCK in residues):
                yield offset, begun
        progress(len(data))


def bare_members(
    file: ArchiveFile, known: Known | None = None, *, progress: Callable[[int], None] = lambda n_bytes: None
) -> Iterator[tuple[int, int]]:
    """Yield offset and length of the streams of ``.7z`` files that no known member accounts for, their start whole.

    Parameters
    ----------
    progress
        Is told how many bytes have been read.
    """
    # Honest ones overlap nowhere; hostile ones might have every byte read a million times.
    left = 2 * file.size
    for offset, start in find_signatures(file, known or Known((), ()), progress=progress):
        try:
            frame = StartHeader.unpack(start)
        except FormatError:
            continue
        left -= frame.stream_bytes
        if left < 0:
            return
        yield offset, frame.stream_bytes


def _residues(file: ArchiveFile) -> Collection[int]:
    """How many bytes behind a multiple of 512 members may begin."""
    found = scan(file)
    main_id = found.main_id()
    told = {header.offset % ustar.BLOCK for header in found.headers if header.note.archive_id == main_id}
    return told or range(ustar.BLOCK)
