"""Finding ``.7z`` members by their signature alone: what is left where headers and indexes are gone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from pybackup.errors import FormatError
from pybackup.host.storage import ArchiveFile
from pybackup.layout import ustar
from pybackup.layout.sevenzip import SIGNATURE, STREAM_OFFSET, StartHeader

from .scan import readable_chunks


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


def find_signatures(file: ArchiveFile, known: Known, *, progress: Callable[[int], None]) -> Iterator[tuple[int, bytes]]:
    """Yield offset and first 32 bytes of every block of 512 bytes that begins a ``.7z`` no known member accounts for.

    Parameters
    ----------
    progress
        Is told how many bytes have been read.
    """
    signature = np.frombuffer(SIGNATURE, dtype=np.uint8)
    for start, data in readable_chunks(file):
        whole = len(data) - len(data) % ustar.BLOCK
        blocks = np.frombuffer(data, dtype=np.uint8, count=whole).reshape(-1, ustar.BLOCK)
        # One byte first: comparing all six of every block reads twice the memory.
        found = np.flatnonzero(blocks[:, 0] == signature[0])
        found = found[(blocks[found, : len(SIGNATURE)] == signature).all(axis=1)]
        for number in found.tolist():
            offset = start + number * ustar.BLOCK
            if offset not in known:
                yield offset, data[number * ustar.BLOCK : number * ustar.BLOCK + STREAM_OFFSET]
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
