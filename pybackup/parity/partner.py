"""A second process that does half of the work of protecting: the sums, then the second half of all columns.

Columns of a group are independent of each other, so each process reads all of it, keeps half of each sector, and puts
its half of the parity into memory that both see. So the work is halved, and the memory is not doubled.
"""

from __future__ import annotations

import contextlib
import mmap
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection

import numpy as np
from numpy.typing import NDArray

from pybackup.errors import EnvironmentFailed
from pybackup.host.workers import default_workers
from pybackup.layout.guard import SECTOR

from .codec import encode_pieces
from .dealing import Dealing
from .guarding import Sums
from .shards import read_pieces
from .volume import Volume

# Below it the second process costs more than it brings.
_LEAST_SECTORS = 1 << 15
_MINE, _THEIRS = slice(0, SECTOR // 2), slice(SECTOR // 2, SECTOR)


class Partner:
    """The second process; made by `partner_of`.

    Raises
    ------
    OSError
        What the other process could not read.
    EnvironmentFailed
        It died.
    """

    def __init__(self, volume: Volume, pipe: Connection, parity: NDArray[np.uint8]) -> None:
        self._volume = volume
        self._dealing = Dealing(volume.geometry)
        self._pipe = pipe
        self._parity = parity

    def sums(self, beside: Callable[[], bytes]) -> tuple[Sums, bytes]:
        """Return the sums of all data sectors, and what ``beside`` returns, which runs meanwhile."""
        self._pipe.send(None)
        result = beside()
        return np.frombuffer(self._answer(), np.uint32), result

    def encode(self, group: int) -> NDArray[np.uint8]:
        """Return the parity of a group, shape (parity_shards, 2048); it is overwritten by the next."""
        self._pipe.send(group)
        self._parity[:, _MINE] = parity_of(self._volume, self._dealing, group, _MINE)
        self._answer()
        return self._parity

    def _answer(self) -> bytes:
        try:
            answer = self._pipe.recv()
        except EOFError as error:
            raise EnvironmentFailed("a process that makes parity died, perhaps for lack of memory") from error
        if isinstance(answer, OSError):
            raise answer
        assert isinstance(answer, bytes)
        return answer


def parity_of(volume: Volume, dealing: Dealing, group: int, columns: slice) -> NDArray[np.uint8]:
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
def partner_of(volume: Volume, sum_data: Callable[[], Sums]) -> Iterator[Partner | None]:
    """Start the second process; None where there is little to do, or but one processor.

    Parameters
    ----------
    sum_data
        Returns the sums of all data sectors.
    """
    geometry = volume.geometry
    can_fork = "fork" in multiprocessing.get_all_start_methods()
    if not can_fork or not geometry.groups or geometry.data_sectors < _LEAST_SECTORS or default_workers() < 2:
        yield None
        return
    shared = mmap.mmap(-1, geometry.parity_shards * SECTOR)
    parity = np.frombuffer(shared, np.uint8).reshape(-1, SECTOR)
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(volume, ours, theirs, parity, sum_data), daemon=True)
    process.start()
    theirs.close()
    try:
        yield Partner(volume, ours, parity)
    finally:
        ours.close()
        process.terminate()
        process.join()


def _serve(
    volume: Volume, ours: Connection, pipe: Connection, parity: NDArray[np.uint8], sum_data: Callable[[], Sums]
) -> None:
    """In the second process: do what the pipe says until it is closed."""
    ours.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    dealing = Dealing(volume.geometry)
    with contextlib.suppress(EOFError, BrokenPipeError):
        while True:
            group = pipe.recv()
            try:
                if group is None:
                    pipe.send(sum_data().tobytes())
                    continue
                parity[:, _THEIRS] = parity_of(volume, dealing, group, _THEIRS)
                pipe.send(b"")
            except OSError as error:
                pipe.send(error)
    os._exit(0)
