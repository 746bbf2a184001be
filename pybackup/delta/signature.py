"""Signatures of contents in the form of rdiff (librsync): a weak and a strong sum of each block.

They are made here without librsync, in passing, while a content is read. The strong sums have all of their 32 bytes, so
that they prove which bytes a block has.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from functools import cache

import numpy as np

from pybackup.errors import Damaged
from pybackup.layout.rdiff import commands

BLOCK_BYTES = 2 << 10
STRONG_BYTES = 32
_MOST_BLOCKS = 1 << 16  # longer contents get longer blocks
_HEAD = struct.Struct(">III")
_MAGIC = 0x72730147  # weak sums by Rabin and Karp, strong ones by BLAKE2
_SEED, _FACTOR = 1, 0x08104225
_WEAK_BYTES = 4
_SUM_BYTES = _WEAK_BYTES + STRONG_BYTES
_AT_ONCE_BYTES = 256 << 10

Words = np.ndarray[tuple[int], np.dtype[np.uint32]]

MOST_BYTES = _HEAD.size + _MOST_BLOCKS * _SUM_BYTES
"""The length of the longest signature."""


def block_bytes_for(n_bytes: int) -> int:
    """Return the block length, a power of two, of the signature of a content with ``n_bytes`` bytes."""
    block = BLOCK_BYTES
    while n_bytes > block * _MOST_BLOCKS:
        block *= 2
    return block


def signature_bytes(n_bytes: int) -> int:
    """Return how long the signature of a content with ``n_bytes`` bytes is."""
    return _HEAD.size + -(-n_bytes // block_bytes_for(n_bytes)) * _SUM_BYTES


class SignatureMaker:
    """Makes the signature of a content that is given in pieces of any length.

    Parameters
    ----------
    n_bytes
        How long the content will be.
    """

    def __init__(self, n_bytes: int) -> None:
        self._n_bytes, self._block_bytes = n_bytes, block_bytes_for(n_bytes)
        self._made = bytearray(_HEAD.pack(_MAGIC, self._block_bytes, STRONG_BYTES))
        self._begun = bytearray()  # of a block
        self._seen = 0

    def update(self, data: bytes) -> None:
        """Take the next piece."""
        self._seen += len(data)
        view, block = memoryview(data), self._block_bytes
        if self._begun:
            missing = block - len(self._begun)
            self._begun += view[:missing]
            view = view[missing:]
            if len(self._begun) < block:
                return
            self._add(memoryview(bytes(self._begun)))
            self._begun.clear()
        whole = len(view) // block * block
        self._add(view[:whole])
        self._begun += view[whole:]

    def finish(self) -> bytes | None:
        """Return the signature; None if the content had another length."""
        if self._seen != self._n_bytes:
            return None
        if self._begun:
            self._made += _weak(np.frombuffer(bytes(self._begun), dtype=np.uint8).reshape(1, -1)).tobytes()
            self._made += _strong(self._begun)
        return bytes(self._made)

    def _add(self, blocks: memoryview) -> None:
        """Add the sums of whole blocks."""
        block = self._block_bytes
        step = max(_AT_ONCE_BYTES // block, 1) * block
        for start in range(0, len(blocks), step):
            some = blocks[start : start + step]
            weak = _weak(np.frombuffer(some, dtype=np.uint8).reshape(-1, block)).tobytes()
            for number, at in enumerate(range(0, len(some), block)):
                self._made += weak[number * _WEAK_BYTES : (number + 1) * _WEAK_BYTES]
                self._made += _strong(some[at : at + block])


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature that was made before, of a content of ``n_bytes`` bytes.

    Attributes
    ----------
    data
        In the form of rdiff.
    """

    data: bytes
    n_bytes: int

    @classmethod
    def unpack(cls, data: bytes, n_bytes: int) -> Signature:
        """Return the signature of a content with ``n_bytes`` bytes.

        Raises
        ------
        Damaged
            It is none of such a content.
        """
        if len(data) != signature_bytes(n_bytes):
            raise Damaged("a signature of a content of another length")
        if _HEAD.unpack_from(data) != (_MAGIC, block_bytes_for(n_bytes), STRONG_BYTES):
            raise Damaged("a signature with other sums or blocks")
        return cls(data, n_bytes)

    def proves(self, delta: bytes, wanted: bytes) -> bool:
        """Return whether a delta to the content gives the ``wanted`` bytes, by the strong sums of what it copies.

        That needs no content: what is copied are whole blocks, and of each its sum is that of the wanted bytes.

        Raises
        ------
        Damaged
            It is no delta.
        """
        at = 0
        for is_copy, start, length in commands(delta):
            here = memoryview(wanted)[at : at + length]
            if len(here) != length:
                return False
            if not (self._is_of(start, here) if is_copy else delta[start : start + length] == here):
                return False
            at += length
        return at == len(wanted)

    def _is_of(self, start: int, data: memoryview) -> bool:
        """Return whether the content has these bytes from ``start`` on, if these are whole blocks."""
        block, end = block_bytes_for(self.n_bytes), start + len(data)
        if start % block or end > self.n_bytes or (end % block and end != self.n_bytes):
            return False
        for at in range(0, len(data), block):
            place = _HEAD.size + (start + at) // block * _SUM_BYTES + _WEAK_BYTES
            if self.data[place : place + STRONG_BYTES] != _strong(data[at : at + block]):
                return False
        return True


def _strong(data: bytes | bytearray | memoryview) -> bytes:
    return hashlib.blake2b(data, digest_size=STRONG_BYTES).digest()


def _weak(blocks: np.ndarray[tuple[int, int], np.dtype[np.uint8]]) -> Words:
    """Return the weak sums of blocks of one length, big-endian."""
    length = blocks.shape[1]
    factors, of_seed = _factors(length)
    return (blocks.astype(np.uint32) @ factors + np.uint32(of_seed)).astype(">u4")


@cache
def _factors(length: int) -> tuple[Words, int]:
    """Return by what each byte of a block is multiplied, and what the seed adds."""
    powers = np.full(length, _FACTOR, dtype=np.uint32)
    powers[0] = 1
    powers = np.cumprod(powers, dtype=np.uint32)[::-1].copy()
    return powers, int(powers[0]) * _FACTOR * _SEED & 0xFFFFFFFF
