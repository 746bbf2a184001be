"""Sums of sectors: the CRC-32 of a sector's number (u64, little-endian) followed by its 2,048 bytes.

The number in the sum tells a sector at its place from the same bytes elsewhere. CRC-32 is linear over XOR, so the
number can be taken out again (`content_crcs`) to find bytes that moved, and the CRC of a window follows from that of
the window before it (`window_crcs`). Every operator used here is a linear map of bytes to 32 bits: a table of 256
items a byte, made with zlib itself.

Source: ISO 3309; the algebra is that of `crc32_combine` in zlib.
"""

from __future__ import annotations

import zlib
from functools import cache

import numpy as np
import numpy.typing as npt

from pybackup.sector import SECTOR

"""Bytes of a sector, which is one shard."""

Numbers = npt.NDArray[np.int64]
Sums = npt.NDArray[np.uint32]
Buffer = bytes | bytearray | memoryview

_LANE_WINDOWS = 512
"""Windows that one lane rolls through. Measured: 512 is the fastest, 256 and 1,024 are 20 % slower."""


def sector_sums(data: Buffer, numbers: Numbers, offsets: Numbers | None = None) -> Sums:
    """Return the sums of sectors.

    Parameters
    ----------
    data
        The sectors' bytes.
    numbers
        Shape (n,): their numbers, not negative.
    offsets
        Shape (n,): where in ``data`` each begins; one behind the other from 0 on if left out.

    Raises
    ------
    ValueError
        ``data`` ends within a sector, or holds more than the sectors if no offsets are given.
    """
    view = memoryview(data)
    places = range(0, SECTOR * len(numbers), SECTOR) if offsets is None else offsets.tolist()
    end = max(places, default=-SECTOR) + SECTOR
    if end > len(view) or (offsets is None and end != len(view)):
        raise ValueError(f"{len(view)} bytes are not {len(numbers)} sectors")
    crc32 = zlib.crc32
    seeds = _seeds(numbers).tolist()
    return np.array(
        [crc32(view[place : place + SECTOR], seed) for place, seed in zip(places, seeds, strict=True)], np.uint32
    )


def content_crcs(sums: Sums, numbers: Numbers) -> Sums:
    """Return the plain CRC-32 of each sector's bytes, without its number.

    Parameters
    ----------
    sums, numbers
        Shape (n,): the sums of sectors and the numbers that are in them.
    """
    # crc(number + bytes) is crc(number), advanced by as many zero bytes, XOR crc(bytes).
    return sums ^ _apply(_advance_tables(), _seeds(numbers))


def moved_sums(sums: Sums, numbers: Numbers, others: Numbers) -> Sums:
    """Return the sums that the same sectors have under other numbers.

    Parameters
    ----------
    sums, numbers, others
        Shape (n,): the sums, the numbers that are in them, and those that are to be.
    """
    # Both numbers add what is linear in them, and the same constant: so it is that of their XOR.
    return sums ^ _apply(_number_ahead_tables(), numbers ^ others)


def window_crcs(data: Buffer) -> Sums:
    """Return the plain CRC-32 of every window of 2,048 bytes.

    Parameters
    ----------
    data
        L bytes, L >= 2048. About 12 bytes of memory are used for each.

    Returns
    -------
    Sums
        Shape (L - 2047,): item o is `zlib.crc32(data[o : o + 2048])`.

    Raises
    ------
    ValueError
        ``data`` is shorter than a window.
    """
    n_windows = len(data) - SECTOR + 1
    if n_windows < 1:
        raise ValueError(f"{len(data)} bytes hold no window of {SECTOR}")
    # Few windows take few steps, or the steps' fixed cost would weigh more than the work.
    width = min(_LANE_WINDOWS, 1 + n_windows // 256)
    n_lanes = -(-n_windows // width)
    padded = np.zeros(n_lanes * width + SECTOR, np.uint8)
    padded[: len(data)] = np.frombuffer(data, np.uint8)
    view = padded.data
    first = [zlib.crc32(view[start : start + SECTOR]) for start in range(0, n_lanes * width, width)]
    rolled = _roll(
        np.array(first, np.int64),
        np.ascontiguousarray(padded[:-SECTOR].reshape(n_lanes, width).T),
        np.ascontiguousarray(padded[SECTOR:].reshape(n_lanes, width).T),
    )
    return np.ascontiguousarray(rolled.T).reshape(-1)[:n_windows]


def _roll(first: Numbers, leaving: npt.NDArray[np.uint8], entering: npt.NDArray[np.uint8]) -> Sums:
    """Roll windows on, byte by byte, all lanes at once.

    ``first`` are the CRCs of the lanes' first windows, shape (lanes,); ``leaving`` and ``entering`` the bytes that go
    out and come in with each step, shape (width, lanes). Returns the CRCs, shape (width, lanes).
    """
    enter, leave = _roll_tables()
    # A register begins and ends inverted; taken out here, so that the steps are linear, and put back at the end.
    zeros = zlib.crc32(bytes(SECTOR))
    registers = first ^ zeros
    index = np.empty_like(registers)
    step = np.empty_like(registers)
    rolled = np.empty(leaving.shape, np.uint32)
    for row, out, new in zip(rolled, leaving, entering, strict=True):
        np.bitwise_xor(registers, zeros, out=row, casting="unsafe")
        np.bitwise_xor(registers, new, out=index)
        index &= 0xFF
        np.take(enter, index, out=step, mode="clip")
        registers >>= 8
        registers ^= step
        np.take(leave, out, out=step, mode="clip")
        registers ^= step
    return rolled


def _seeds(numbers: Numbers) -> Sums:
    """Return the CRC-32 of each number as u64, little-endian."""
    return _apply(_number_tables(), numbers.astype("<i8")) ^ np.uint32(zlib.crc32(bytes(8)))


def _apply(tables: Sums, values: npt.NDArray[np.int64] | Sums) -> Sums:
    """Return a linear map of each value's bytes, least significant first; the tables have shape (bytes, 256)."""
    n_bytes = len(tables)
    little = values.astype(values.dtype.newbyteorder("<")).view(np.uint8).reshape(len(values), n_bytes)
    items = little.T + 256 * np.arange(n_bytes)[:, None]
    result: Sums = np.bitwise_xor.reduce(tables.reshape(-1)[items], axis=0)
    return result


@cache
def _number_tables() -> Sums:
    """Return the linear part of the CRC of 8 bytes, shape (8, 256)."""
    zeros = zlib.crc32(bytes(8))
    return np.array(
        [
            [zlib.crc32((value << 8 * place).to_bytes(8, "little")) ^ zeros for value in range(256)]
            for place in range(8)
        ],
        np.uint32,
    )


@cache
def _advance_tables() -> Sums:
    """Return the operator that takes a CRC past 2,048 bytes of zero, shape (4, 256)."""
    sector = bytes(SECTOR)
    zeros = zlib.crc32(sector)
    return np.array(
        [[zlib.crc32(sector, value << 8 * place) ^ zeros for value in range(256)] for place in range(4)], np.uint32
    )


@cache
def _number_ahead_tables() -> Sums:
    """Return the linear part of the CRC of 8 bytes and 2,048 of zero, shape (8, 256)."""
    return np.array([_apply(_advance_tables(), table) for table in _number_tables()], np.uint32)


@cache
def _roll_tables() -> tuple[Numbers, Numbers]:
    """Return what a byte adds to the register when it enters a window, and when it leaves one; shape (256,) each."""
    sector = bytes(SECTOR)
    one, beyond = zlib.crc32(b"\0"), zlib.crc32(sector + b"\0")
    enter = [zlib.crc32(bytes((value,))) ^ one for value in range(256)]
    leave = [zlib.crc32(bytes((value,)) + sector) ^ beyond for value in range(256)]
    # As wide as an index: the result of one look-up is the index of the next, and nothing is converted.
    return np.array(enter, np.int64), np.array(leave, np.int64)
