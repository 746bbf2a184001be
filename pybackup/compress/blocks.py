"""Blocks within an LZMA2 stream: where the dictionary is reset, decoding can begin anew.

An LZMA2 stream is a row of chunks and one byte 0 behind the last. A chunk begins with a control byte:

| control      | header | chunk                                                                                    |
| ------------ | ------ | ---------------------------------------------------------------------------------------- |
| 0x01, 0x02   | 3      | stored: u16 size - 1; 0x01 resets the dictionary                                         |
| 0x80 to 0xFF | 5 or 6 | coded: 5 bits and u16 raw size - 1, u16 packed size - 1; from 0xC0 on one of properties; |
|              |        | from 0xE0 on the dictionary is reset                                                     |

So each chunk tells its length raw and packed, and whoever knows where one begins finds all that follow, over damage
to what is coded in between. All of this is big-endian. Where the header of a chunk is lost, the blocks up to the end
are found from behind: by a chunk from which headers lead exactly to the end of the stream.

Source: the LZMA2 decoder of the LZMA SDK and of liblzma.
"""

from __future__ import annotations

import lzma
import re
from collections.abc import Callable
from typing import NamedTuple

from pybackup.model.member import Method

from .methods import Compression, lzma_filters, raw_filters

BLOCK_BYTES = 1 << 18
"""Raw bytes of a block. Measured: 256 KiB cost 0.03 to 0.5 % of size on documents and sources, 128 KiB 0.5 to 1.6 %."""

_ALIGNED_BYTES = 1 << 16
"""Raw bytes by which one that was found from behind must begin: no writer makes blocks of less."""
_WINDOW_BYTES = 1 << 12
_BEGINNING = re.compile(rb"(?=[\xe0-\xff].{4}[\0-\xe0]\0)", re.DOTALL)
"""A coded chunk that begins a block; the first byte that a range coder writes is 0."""
_CODED, _NEW_PROPERTIES, _NEW_DICTIONARY = 0x80, 0xC0, 0xE0
_PROPERTIES = 225  # of which each tells lc, lp and pb
_LONGEST_HEADER = 7  # with that 0

Look = Callable[[int, int], bytes]
"""Gives the bytes from a start to an end of the packed stream; fewer, or none, where they are lost."""


class Block(NamedTuple):
    """A block: where it lies in the packed stream and in the content, both half-open.

    Of one whose end is not known ``end`` is where the next one begins that is known, or that of the stream.
    """

    start: int
    end: int
    raw_start: int
    raw_end: int


class _Chunk(NamedTuple):
    length: int
    raw_bytes: int
    begins_block: bool


def encode(data: bytes, compression: Compression) -> tuple[bytes, int]:
    """Return ``data`` as one LZMA2 stream of independent blocks, and the dictionary, in bytes, that decodes it."""
    packed = bytearray()
    dictionary = 0
    for start in range(0, len(data), BLOCK_BYTES):
        block = data[start : start + BLOCK_BYTES]
        chain = lzma_filters(block, Method.LZMA2, compression)
        packed += lzma.compress(block, format=lzma.FORMAT_RAW, filters=chain)[:-1]  # without the end
        dictionary = max(dictionary, chain[-1]["dict_size"])
    return bytes(packed) + b"\0", dictionary


def blocks(look: Look, stream_bytes: int, raw_bytes: int) -> list[Block]:
    """Return the blocks of a damaged stream of which it is known where they begin, in order; the first at 0.

    Parameters
    ----------
    look
        Gives bytes of the stream.
    stream_bytes, raw_bytes
        What the stream and its content measure.
    """
    starts = [(0, 0)]
    at = raw = 0
    while (chunk := _chunk(look, at)) and at + chunk.length < stream_bytes:
        if chunk.begins_block and at:
            starts.append((at, raw))
        at, raw = at + chunk.length, raw + chunk.raw_bytes
    if at != stream_bytes - 1:
        starts += [each for each in _from_behind(look, at + 1, stream_bytes, raw_bytes) if each[1] > starts[-1][1]]
    ends = [*starts[1:], (stream_bytes, raw_bytes)]
    return [Block(start, end, low, high) for (start, low), (end, high) in zip(starts, ends, strict=True) if high > low]


def _from_behind(look: Look, first: int, stream_bytes: int, raw_bytes: int) -> list[tuple[int, int]]:
    """Return starts, packed and raw, of the blocks behind the last header that is lost.

    Nothing else is taken for one: headers must lead from it to the last byte of the stream, what they tell must leave
    a whole number of 64 KiB before it, and its first chunk must be there and decode.
    """
    for low in range(first, stream_bytes, _WINDOW_BYTES):
        window = look(low, min(low + _WINDOW_BYTES + _LONGEST_HEADER, stream_bytes))
        for match in _BEGINNING.finditer(window):
            at = low + match.start()
            found = _to_end(look, at, stream_bytes, raw_bytes)
            if found and found[0][1] % _ALIGNED_BYTES == 0 and _decodes(look, at):
                return found
    return []


def _to_end(look: Look, at: int, stream_bytes: int, raw_bytes: int) -> list[tuple[int, int]]:
    """Return the starts of blocks from a chunk on whose headers lead to the end; none where they do not."""
    starts: list[tuple[int, int]] = []
    behind = 0
    while at < stream_bytes - 1:
        chunk = _chunk(look, at)
        if chunk is None:
            return []
        if chunk.begins_block:
            starts.append((at, behind))
        at, behind = at + chunk.length, behind + chunk.raw_bytes
    if at != stream_bytes - 1 or behind > raw_bytes:
        return []
    return [(start, raw_bytes - behind + raw) for start, raw in starts]


def _chunk(look: Look, at: int) -> _Chunk | None:
    """The chunk whose header begins there; None where that is lost, or none."""
    head = look(at, at + 1)
    control = head[0] if head else 0
    length = 3 if control in (1, 2) else 5 + (control >= _NEW_PROPERTIES) if control >= _CODED else 0
    header = look(at, at + length) if length else b""
    if not length or len(header) != length or (length == 6 and header[5] >= _PROPERTIES):
        return None
    size = int.from_bytes(header[1:3], "big") + 1
    if control < _CODED:
        return _Chunk(3 + size, size, control == 1)
    packed = int.from_bytes(header[3:5], "big") + 1
    return _Chunk(length + packed, ((control & 0x1F) << 16) + size, control >= _NEW_DICTIONARY)


def _decodes(look: Look, at: int) -> bool:
    """Whether the chunk there is whole and decodes by itself."""
    chunk = _chunk(look, at)
    if chunk is None:
        return False
    data = look(at, at + chunk.length)
    try:
        content = lzma.decompress(data + b"\0", lzma.FORMAT_RAW, filters=raw_filters(Method.LZMA2, chunk.raw_bytes))
    except lzma.LZMAError:
        return False
    return len(data) == chunk.length and len(content) == chunk.raw_bytes
