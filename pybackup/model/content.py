"""The stream of a creation: what the reader, the compressor and the writer hand on, in tree order."""

from __future__ import annotations

from dataclasses import dataclass

from .entry import Entry
from .member import Method


@dataclass(frozen=True, slots=True)
class Bare:
    """An entry without content; a directory's content follows it."""

    entry: Entry


@dataclass(frozen=True, slots=True)
class Whole:
    """What is known of a file when its last piece has been read.

    ``digest`` is the SHA-256 of all pieces, empty where there is one only: then it is that piece's own.
    """

    digest: bytes = b""
    changed: bool = False


@dataclass(frozen=True, slots=True)
class Piece:
    """A segment of a file's content: raw bytes, number ``segment`` of ``segments``."""

    entry: Entry
    data: bytes
    segment: int = 0
    segments: int = 1
    sparse: bool = False
    whole: Whole | None = None


@dataclass(frozen=True, slots=True)
class Packed:
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


@dataclass(frozen=True, slots=True)
class PackedPiece:
    """A piece whose content has been packed."""

    piece: Piece
    packed: Packed


@dataclass(frozen=True, slots=True)
class Restart:
    """Forget the pieces of this file: it changed, and its content follows anew or not at all."""

    entry: Entry


Read = Bare | Piece | Restart
Ready = Bare | PackedPiece | Restart
