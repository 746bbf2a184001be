"""A second process that does half of the work of protecting: the sums, then the second half of all columns.

Columns of a group are independent of each other, so each process reads all of it, keeps half of each sector, and puts
its half of the parity into memory that both see. So the work is halved, and the memory is not doubled.
"""

from __future__ import annotations

import contextlib
import mmap
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pybackup.codes.codec import encode_pieces
from pybackup.host.second_process import FirstProcess, Message, SecondProcess, is_worth_it, second_process
from pybackup.sector import SECTOR

from .dealing import Dealing
from .guarding import Sums
from .shards import read_pieces
from .volume import Sectors

# Below it the second process costs more than it brings.
LEAST_SECTORS = 1 << 15
_MINE, _THEIRS = slice(0, SECTOR // 2), slice(SECTOR // 2, SECTOR)


@dataclass(frozen=True, slots=True)
class _AskSums(Message):
    """To the partner: sum all data sectors."""


@dataclass(frozen=True, slots=True)
class _Encode(Message):
    """To the partner: make its half of the parity of a group."""

    group: int


@dataclass(frozen=True, slots=True)
class _Sums(Message):
    """From the partner: the sums of all data sectors, as an array of 32-bit numbers."""

    sums: bytes


@dataclass(frozen=True, slots=True)
class _Encoded(Message):
    """From the partner: its half of the parity is there."""

    group: int


class Partner:
    """The second process; made by `partner_of`.

    Raises
    ------
    Exception
        What the other process raised: an `OSError` where it could not read.
    EnvironmentFailed
        It died.
    """

    def __init__(self, volume: Sectors, process: SecondProcess, parity: NDArray[np.uint8]) -> None:
        self._volume = volume
        self._dealing = Dealing(volume.geometry)
        self._process = process
        self._parity = parity

    def sums(self, beside: Callable[[], bytes]) -> tuple[Sums, bytes]:
        """Return the sums of all data sectors, and what ``beside`` returns, which runs meanwhile."""
        self._process.send(_AskSums())
        result = beside()
        answer = self._process.receive()
        assert isinstance(answer, _Sums)
        return np.frombuffer(answer.sums, np.uint32), result

    def encode(self, group: int) -> NDArray[np.uint8]:
        """Return the parity of a group, shape (parity_shards, 2048); it is overwritten by the next."""
        self._process.send(_Encode(group))
        self._parity[:, _MINE] = parity_of(self._volume, self._dealing, group, _MINE)
        answer = self._process.receive()
        assert answer == _Encoded(group)
        return self._parity


def parity_of(volume: Sectors, dealing: Dealing, group: int, columns: slice) -> NDArray[np.uint8]:
    """Return some columns of the parity of a group, shape (parity_shards, columns).

    Raises
    ------
    OSError
        The medium cannot be read.
    """
    shape, numbers = volume.geometry, dealing.data_numbers(group)
    pieces = read_pieces(volume, numbers)
    return encode_pieces(pieces, shape.data_shards, shape.parity_shards, width_bytes=SECTOR, columns=columns)


@contextlib.contextmanager
def partner_of(
    volume: Sectors, sum_data: Callable[[], Sums], *, least_sectors: int = LEAST_SECTORS
) -> Iterator[Partner | None]:
    """Start the second process; None where there is little to do, or but one processor.

    Parameters
    ----------
    sum_data
        Returns the sums of all data sectors.
    least_sectors
        With fewer data sectors there is little to do.
    """
    geometry = volume.geometry
    if not geometry.groups or geometry.data_sectors < least_sectors or not is_worth_it():
        yield None
        return
    shared = mmap.mmap(-1, geometry.parity_shards * SECTOR)
    parity = np.frombuffer(shared, np.uint8).reshape(-1, SECTOR)

    def serve(first: FirstProcess) -> None:
        _serve(first, volume, parity, sum_data)

    with second_process(serve, "makes parity") as process:
        yield Partner(volume, process, parity) if process else None


def _serve(first: FirstProcess, volume: Sectors, parity: NDArray[np.uint8], sum_data: Callable[[], Sums]) -> None:
    """In the second process: do what the first one says, until that wants no more."""
    dealing = Dealing(volume.geometry)
    for message in first.messages():
        if isinstance(message, _Encode):
            parity[:, _THEIRS] = parity_of(volume, dealing, message.group, _THEIRS)
            first.send(_Encoded(message.group))
        else:
            assert isinstance(message, _AskSums)
            first.send(_Sums(sum_data().tobytes()))
