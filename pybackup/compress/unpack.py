"""Decoding members: the packed stream is decoded raw, so that no 7z header is needed."""

from __future__ import annotations

import hashlib
import lzma
import zlib
from collections.abc import Callable, Iterator

from pybackup.errors import Damaged, FormatError, Refused
from pybackup.host.storage import ArchiveFile
from pybackup.model.member import MAX_DEPTH, Member, Method

from . import raw_deflate
from .methods import MAX_SEGMENT_BYTES, raw_filters
from .patch import apply_delta
from .read_there import read_there

WRONG = "its content is not what was archived"
BY_HASH = "it is known by the hash of its content, and the archive that should hold that does not"

_STEP = 1 << 20
# The smallest sector of any medium.
_FINE_STEP = 512
# Of a longer stream, and of its content, only a step is held.
_AT_ONCE_BYTES = 4 << 20
# What a sparse segment adds to its data: never more than the segment size itself.
_MAX_RAW_BYTES = MAX_SEGMENT_BYTES
_MIN_DIGEST = 4
_TOO_LARGE = "a segment that says to be larger than a segment can be"


def decode(file: ArchiveFile, member: Member, *, depth: int = MAX_DEPTH) -> Iterator[bytes]:
    """Yield the content of a member in steps of at most 1 MiB, or all of it at once if that is less.

    The bytes are good only when the iteration ends without an error. Of one that may lie in several places the first
    counts at which it is right.

    Parameters
    ----------
    depth
        On so many contents, each on the next, it may be built.

    Raises
    ------
    Damaged
        The stream cannot be read or decoded, or gives other content than was packed.
    Refused
        The member asks for more memory than any archive needs.
    """
    if len(member.digest) < _MIN_DIGEST:
        raise Damaged("its checksum is lost")
    yield from _decode(file, _where_right(file, member, depth) if member.others else member, depth)


def _where_right(file: ArchiveFile, member: Member, depth: int) -> Member:
    """The member at the first place where it is whole; at the likely one, where it is so nowhere."""
    likely, *others = member.places
    for place in (likely, *others):
        try:
            for _ in _decode(file, place, depth):
                pass
        except FormatError:
            continue
        return place
    return likely


def _decode(file: ArchiveFile, member: Member, depth: int) -> Iterator[bytes]:
    digest = hashlib.sha256()
    done = 0
    for data in _patched(file, member, depth) if member.is_delta else decode_unchecked(file, member):
        done += len(data)
        digest.update(data)
        yield data
    if done != member.raw_bytes or not digest.digest().startswith(member.digest):
        raise Damaged(WRONG)


def _patched(file: ArchiveFile, member: Member, depth: int) -> Iterator[bytes]:
    if not member.base:
        raise Damaged("what it is a delta to is not known")
    if depth < 1:
        raise Refused("a delta that is built on too many others, each on the next")
    if member.raw_bytes > _MAX_RAW_BYTES:  # before any memory is taken for it
        raise Refused(_TOO_LARGE)
    delta = delta_of(file, member)
    content = apply_delta(delta, member.raw_bytes, member.base, lambda segment: decode(file, segment, depth=depth - 1))
    yield from (content[at : at + _STEP] for at in range(0, len(content), _STEP))


def delta_of(file: ArchiveFile, member: Member) -> bytes:
    """Return the delta that a member holds, as rdiff has it: never longer than what it gives.

    Raises
    ------
    Damaged, Refused
        As `decode_unchecked`.
    """
    if member.method is Method.COPY:
        member = member._replace(raw_bytes=min(member.stream_bytes, member.raw_bytes))
    return b"".join(decode_unchecked(file, member))


def decode_unchecked(file: ArchiveFile, member: Member, *, fine: bool = False) -> Iterator[bytes]:
    """Yield what the packed stream of a member gives, in steps as `decode`, whatever its digest is.

    Parameters
    ----------
    fine
        Give the decoder 512 bytes of the packed stream at a time: where it refuses some, only what it made of the last
        of them is lost. Slower.

    Raises
    ------
    Damaged, Refused
        As `decode`, but for the content.
    """
    if member.is_by_hash:
        read_there(file, member.offset, 1)  # which says where it is that is not here
        raise Damaged(BY_HASH)
    if member.raw_bytes > _MAX_RAW_BYTES or member.dictionary_bytes > MAX_SEGMENT_BYTES:
        raise Refused(_TOO_LARGE)
    stream_end = member.stream_offset + member.stream_bytes
    if stream_end > min(member.offset + member.packed_bytes, file.size):
        raise Damaged("its packed stream ends behind the archive or the member")
    content = None if fine else _decoded_at_once(file, member)
    if content is None:
        yield from _DECODERS.get(member.method, _lzma2)(file, member, _FINE_STEP if fine else _STEP)
    else:
        yield from (content[at : at + _STEP] for at in range(0, len(content), _STEP))


def _stored(file: ArchiveFile, member: Member, step_bytes: int) -> Iterator[bytes]:
    if member.stream_bytes != member.raw_bytes:
        raise Damaged("a stored member whose sizes differ")
    start = member.stream_offset
    for offset in range(0, member.raw_bytes, step_bytes):
        yield read_there(file, start + offset, min(step_bytes, member.raw_bytes - offset))


def _decoded_at_once(file: ArchiveFile, member: Member) -> bytes | None:
    """The content of a short Deflate stream; None of any other, and of one that does not decode to the end."""
    is_short = member.raw_bytes <= _AT_ONCE_BYTES and member.stream_bytes <= _AT_ONCE_BYTES
    if member.method is not Method.DEFLATE or not is_short:
        return None
    return raw_deflate.decode_whole(read_there(file, member.stream_offset, member.stream_bytes), member.raw_bytes)


def _deflate(file: ArchiveFile, member: Member, step_bytes: int) -> Iterator[bytes]:
    decoder = zlib.decompressobj(-15)

    def step(data: bytes, limit: int) -> bytes:
        return decoder.decompress(decoder.unconsumed_tail + data, limit)

    return _decoded(file, member, step_bytes, step, lambda: not decoder.unconsumed_tail, lambda: decoder.eof)


def _lzma2(file: ArchiveFile, member: Member, step_bytes: int) -> Iterator[bytes]:
    decoder = lzma.LZMADecompressor(format=lzma.FORMAT_RAW, filters=raw_filters(member.method, member.dictionary_bytes))
    return _decoded(file, member, step_bytes, decoder.decompress, lambda: decoder.needs_input, lambda: decoder.eof)


def _decoded(
    file: ArchiveFile,
    member: Member,
    step_bytes: int,
    step: Callable[[bytes, int], bytes],
    needs_input: Callable[[], bool],
    is_over: Callable[[], bool],
) -> Iterator[bytes]:
    """Drive a decoder: input and output in steps, never more output than the member says it has."""
    offset, left = member.stream_offset, member.stream_bytes
    missing = member.raw_bytes
    while missing and not is_over():
        data = b""
        if needs_input() and left:
            data = read_there(file, offset, min(step_bytes, left))
            offset, left = offset + len(data), left - len(data)
        try:
            content = step(data, min(_STEP, missing))
        except (lzma.LZMAError, zlib.error) as error:
            raise Damaged(f"its packed stream does not decode: {error}") from error
        missing -= len(content)
        if content:
            yield content
        elif not left and needs_input():
            # Not before: inflate may have taken all of its input and still hold the end of a match.
            return


_DECODERS = {Method.COPY: _stored, Method.DEFLATE: _deflate}
