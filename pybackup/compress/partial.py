"""What is left of a damaged member: the bytes of its content that are right for certain.

A member whose digest agrees is right. Of another nothing is known, unless somebody knows which bytes of the packed
stream are bad (the sums of the sectors do): then everything that was stored outside of them is right, and everything
a decoder gives before it has taken the first of them. Behind that there is nothing to go on with: the encoder resets
its dictionary at the start of a stream only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from pybackup.errors import FormatError
from pybackup.host.storage import ArchiveFile
from pybackup.model.extents import Extents
from pybackup.model.member import Member, Method

from .sevenzip import STREAM_OFFSET
from .unpack import decode, decode_unchecked

# Content up to this is held until it is proved right; longer content is decoded once to prove it, and once more.
_HELD_BYTES = 16 << 20
_STEP = 1 << 20
_SECTOR = 2048

Pieces = Iterable[tuple[int, bytes]]


@dataclass(frozen=True, slots=True)
class Survivors:
    """The right bytes of a member.

    Attributes
    ----------
    fault
        What is wrong with the rest; empty where it is right as a whole.
    pieces
        Offset in the content and bytes, ascending; to be gone through once.
    """

    fault: str
    pieces: Pieces


def survivors(file: ArchiveFile, member: Member, bad: Extents | None) -> Survivors:
    """Return what is right of a member.

    Parameters
    ----------
    bad
        Byte ranges of the archive that are known to be wrong, all of them; None where that is not known.
    """
    try:
        return Survivors("", numbered(proved(lambda: decode(file, member), member.raw_bytes)))
    except FormatError as error:
        return Survivors(str(error), right_pieces(file, member, bad) if bad else ())


def proved(make: Callable[[], Iterable[bytes]], n_bytes: int) -> Iterable[bytes]:
    """Return what ``make`` gives, some ``n_bytes``, not before it has been gone through to its end without an error."""
    if n_bytes <= _HELD_BYTES:
        return list(make())
    for _ in make():
        pass
    return make()


def right_pieces(file: ArchiveFile, member: Member, bad: Extents) -> Pieces:
    """Return what is right of a member whose digest does not agree; ``bad`` are all bad bytes of the archive."""
    start = member.offset + STREAM_OFFSET
    hurt = bad.within(start, start + member.stream_bytes)
    if not hurt:
        # It is what was written, and that was not what its digest says: nothing of it can be vouched for.
        return ()
    if member.method is Method.COPY:
        whole = member.stream_bytes == member.raw_bytes
        return _stored(file, start, bad.gaps(start, start + member.stream_bytes)) if whole else ()
    prefix = replace(member, stream_bytes=hurt.ranges[0][0] - start)
    try:
        return numbered(proved(lambda: decode_unchecked(file, prefix), member.raw_bytes))
    except FormatError:
        return ()


def numbered(pieces: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield pieces that follow each other with their offsets."""
    offset = 0
    for piece in pieces:
        yield offset, piece
        offset += len(piece)


def _stored(file: ArchiveFile, start: int, good: Extents) -> Iterator[tuple[int, bytes]]:
    for low, high in good:
        for at in range(low, high, _STEP):
            for offset, data in _readable(file, at, min(_STEP, high - at)):
                yield offset - start, data


def _readable(file: ArchiveFile, offset: int, count: int) -> Iterator[tuple[int, bytes]]:
    """The bytes at ``offset``; where they cannot be read in one go, those sectors of them that can."""
    try:
        yield offset, file.read_at(offset, count)
    except OSError:
        at, end = offset, offset + count
        while at < end:
            step = min(_SECTOR - at % _SECTOR, end - at)
            try:
                data = file.read_at(at, step)
            except OSError:
                data = b""
            if data:
                yield at, data
            at += step
