"""What is left of a damaged member: the bytes of its content that are right for certain, and those that may be.

A member whose digest agrees is right. Of another, the checksums of the sectors say which bytes of the packed stream are
bad: then everything that was stored outside of them is right, and everything a decoder gives before it has taken the
first of them. Behind that an LZMA2 stream goes on with its next block (`blocks`), where the dictionary is reset; of
executables and Deflate there is one block. Where no checksum is left, the same bytes are plausible and no more: what
was read, but for blocks of zeros, which are what copying programs leave of what they could not read; and what a decoder
gives before it refuses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import NamedTuple

from pybackup.errors import FormatError
from pybackup.host.storage import ArchiveFile
from pybackup.model.extents import Extents
from pybackup.model.member import Member, Method
from pybackup.model.soundness import Soundness
from pybackup.sector import SECTOR

from .blocks import blocks
from .unpack import decode, decode_unchecked

# Content up to this is held until it is proved right; longer content is decoded once to prove it, and once more.
_HELD_BYTES = 16 << 20
_STEP = 1 << 20
# The smallest sector of any medium: what is lost of it is lost as a whole.
_BLOCK = 512
# Of a block of which less belongs to the stream, zeros say nothing.
_FEW_BYTES = 16


class Fragment(NamedTuple):
    """Bytes at an offset of the content; right for certain, or only plausible."""

    offset: int
    data: bytes
    proved: bool = True


Fragments = Iterable[Fragment]


@dataclass(frozen=True, slots=True)
class Survivors:
    """What is left of a member.

    Attributes
    ----------
    fault
        What is wrong with the rest; empty where it is right as a whole.
    pieces
        Ascending; to be gone through once.
    """

    fault: str
    pieces: Fragments


def survivors(file: ArchiveFile, member: Member, soundness: Soundness) -> Survivors:
    """Return what is left of a member; ``soundness`` is of the bytes of the archive."""
    try:
        return Survivors("", numbered(proved(lambda: decode(file, member), member.raw_bytes)))
    except FormatError as error:
        return Survivors(str(error), left_of(file, member, soundness))


def proved(make: Callable[[], Iterable[bytes]], n_bytes: int) -> Iterable[bytes]:
    """Return what ``make`` gives, some ``n_bytes``, not before it has been gone through to its end without an error."""
    if n_bytes <= _HELD_BYTES:
        return list(make())
    for _ in make():
        pass
    return make()


def left_of(file: ArchiveFile, member: Member, soundness: Soundness) -> Fragments:
    """Return what is left of a member whose digest does not agree; ``soundness`` is of the bytes of the archive."""
    start = member.stream_offset
    known = soundness.within(start, start + member.stream_bytes)
    if known.is_proved and not known.bad:
        # It is what was written, and that was not what its digest says: nothing of it can be vouched for.
        return ()
    if member.is_delta:
        return ()  # of half a delta nobody knows where it belongs
    if member.method is Method.COPY:
        return _stored(file, member, known) if member.stream_bytes == member.raw_bytes else ()
    if member.method is Method.LZMA2:
        return _by_blocks(file, member, known)
    return _packed(file, member, known)


def numbered(pieces: Iterable[bytes]) -> Iterator[Fragment]:
    """Yield pieces that follow each other with their offsets."""
    offset = 0
    for data in pieces:
        yield Fragment(offset, data)
        offset += len(data)


def _stored(file: ArchiveFile, member: Member, known: Soundness) -> Iterator[Fragment]:
    start = member.stream_offset
    for good_start, good_end in known.bad.gaps(start, start + member.stream_bytes):
        doubtful = known.unproved.within(good_start, good_end)
        certain = doubtful.gaps(good_start, good_end)
        for low, high in sorted((*doubtful, *certain)):
            is_certain = bool(certain.within(low, high))
            for offset, data in _readable(file, low, high) if is_certain else _plausible(file, low, high):
                yield Fragment(offset - start, data, is_certain)


def _by_blocks(file: ArchiveFile, member: Member, known: Soundness) -> Iterator[Fragment]:
    """What is left of each block of an LZMA2 stream; where blocks begin is vouched for by what vouches for headers."""
    start = member.stream_offset

    def look(doubtful: Extents, first: int, last: int) -> bytes:
        low, high = start + first, min(start + last, start + member.stream_bytes)
        if high <= low or known.bad.within(low, high) or doubtful.within(low, high):
            return b""
        try:
            return file.read_at(low, high - low)
        except OSError:
            return b""

    # A window that is damaged shows nothing, so what a sector cost is not taken for a header.
    proved_blocks = blocks(partial(look, known.unproved), member.stream_bytes, member.raw_bytes)
    proved_starts = {block.raw_start for block in proved_blocks}
    found = (
        proved_blocks if known.is_proved else blocks(partial(look, Extents()), member.stream_bytes, member.raw_bytes)
    )
    for block in found:
        # With the sizes of the block: those of the member would let the decoder go on with what follows.
        part = member.part(block.start, block.end, block.raw_end - block.raw_start)
        inside = known.within(start + block.start, start + block.end)
        for offset, data, is_proved in _packed(file, part, inside):
            yield Fragment(block.raw_start + offset, data, is_proved and block.raw_start in proved_starts)


def _packed(file: ArchiveFile, member: Member, known: Soundness) -> Fragments:
    """What a decoder gives of a packed stream before the first byte that is bad or missing."""
    start = member.stream_offset
    end = next((low for low, _ in known.bad), start + member.stream_bytes)
    certain_end = min([end, *(low for low, _ in known.unproved)])
    try:
        certain = 0
        if certain_end > start:
            prefix = member._replace(stream_bytes=certain_end - start)
            made = proved(lambda: decode_unchecked(file, prefix), member.raw_bytes)
            if certain_end == end:
                return numbered(made)
            certain = sum(map(len, made))
        end = certain_end + _contiguous(file, certain_end, end)
        return _up_to_refusal(file, member._replace(stream_bytes=end - start), certain)
    except FormatError:
        return ()


def _contiguous(file: ArchiveFile, start: int, end: int) -> int:
    """How many bytes from ``start`` on are there, without a gap."""
    at = start
    for offset, data in _plausible(file, start, end):
        if offset != at:
            break
        at += len(data)
    return at - start


def _up_to_refusal(file: ArchiveFile, member: Member, certain_bytes: int) -> Iterator[Fragment]:
    """What a decoder gives before it refuses to go on; the first ``certain_bytes`` of it are right."""
    offset = 0
    try:
        for data in decode_unchecked(file, member, fine=True):
            sure = max(0, min(len(data), certain_bytes - offset))
            for part, is_certain in ((data[:sure], True), (data[sure:], False)):
                if part:
                    yield Fragment(offset, part, is_certain)
                    offset += len(part)
    except FormatError:
        return


def _plausible(file: ArchiveFile, start: int, end: int) -> Iterator[tuple[int, bytes]]:
    """Offset and bytes of what can be read, but for blocks of zeros."""
    for first, data in _readable(file, start, min(end, file.size)):
        at = begun = 0
        while at < len(data):
            step = _BLOCK - (first + at) % _BLOCK
            block = data[at : at + step]
            if len(block) >= _FEW_BYTES and not any(block):
                if at > begun:
                    yield first + begun, data[begun:at]
                begun = at + step
            at += step
        if begun < len(data):
            yield first + begun, data[begun:]


def _readable(file: ArchiveFile, start: int, end: int) -> Iterator[tuple[int, bytes]]:
    """Offset and bytes of what can be read: of a step that cannot be read in one go, those sectors of it that can."""
    # Steps end where blocks do.
    offsets = [start, *range(start + _STEP - start % _STEP, end, _STEP), end]
    for offset, stop in pairwise(offsets) if end > start else ():
        try:
            yield offset, file.read_at(offset, stop - offset)
        except OSError:
            yield from _readable_sectors(file, offset, stop)


def _readable_sectors(file: ArchiveFile, start: int, end: int) -> Iterator[tuple[int, bytes]]:
    at = start
    while at < end:
        step = min(SECTOR - at % SECTOR, end - at)
        try:
            data = file.read_at(at, step)
        except OSError:
            data = b""
        if data:
            yield at, data
        at += step
