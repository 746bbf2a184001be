"""The stream of a creation: what the reader, the compressor and the writer hand on, in tree order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from .entry import Entry
from .member import Method


@dataclass(frozen=True, slots=True)
class Bare:
    """An entry without content; a directory's content follows it."""

    entry: Entry


class Whole(NamedTuple):
    """What is known of a file when its last piece has been read.

    ``digest`` is the SHA-256 of all pieces, empty where there is one only: then it is that piece's own.
    """

    digest: bytes = b""
    changed: bool = False


class Piece(NamedTuple):
    """A segment of a file's content: raw bytes, number ``segment`` of ``segments``.

    Attributes
    ----------
    first
        Number of the first segment of the file that is stored.
    base_digest
        SHA-256 of the content that those come from which are not stored; empty where all are.
    spent_bytes
        What was stored on that for the file before.
    gives
        Length and SHA-256 of the segment, where the bytes are a delta to that content.
    """

    entry: Entry
    data: bytes
    segment: int = 0
    segments: int = 1
    sparse: bool = False
    whole: Whole | None = None
    first: int = 0
    base_digest: bytes = b""
    spent_bytes: int = 0
    gives: tuple[int, bytes] | None = None

    @property
    def is_first(self) -> bool:
        """Whether no piece of its file comes before it."""
        return self.segment == self.first


@dataclass(frozen=True, slots=True)
class Former:
    """What is known of a file from an earlier archive, so that not all of it is stored again.

    Attributes
    ----------
    digest
        SHA-256 of the content that it had.
    spent_bytes
        What was stored on that so far.
    segments
        SHA-256 of each segment that it has now.
    kept
        Numbers of those that the former content has at the same place. Not all.
    delta
        Gives of the bytes of a segment a delta to the former content, tried; None where that saves too little, or
        nothing makes deltas.
    """

    digest: bytes
    spent_bytes: int
    segments: Sequence[bytes]
    kept: frozenset[int]
    delta: Callable[[bytes], bytes | None]

    @property
    def first(self) -> int:
        """Number of the first segment that is stored."""
        return next(number for number in range(len(self.segments)) if number not in self.kept)


class Packed(NamedTuple):
    """A piece as a ``.7z``, or the bare packed stream of one that goes into a bundle; see `Member` for the fields.

    Attributes
    ----------
    crc
        CRC-32 of the content, for the 7z header of a bundle; 0 for what is in none.
    """

    data: bytes
    stream_bytes: int
    raw_bytes: int
    method: Method
    dictionary_bytes: int
    digest: bytes
    bundled: bool = False
    crc: int = 0


class PackedPiece(NamedTuple):
    """A piece whose content has been packed."""

    piece: Piece
    packed: Packed


@dataclass(frozen=True, slots=True)
class Restart:
    """Forget the pieces of this file: it changed, and its content follows anew or not at all."""

    entry: Entry


Read = Bare | Piece | Restart
Ready = Bare | PackedPiece | Restart
