"""Members back into content: the packed stream is decoded raw, so that no 7z header is needed."""

from __future__ import annotations

import errno
import hashlib
import lzma
import zlib
from collections.abc import Callable, Iterator

from pybackup.errors import Damaged, Refused
from pybackup.host.storage import ArchiveFile
from pybackup.layout.sevenzip import STREAM_OFFSET
from pybackup.model.member import Member, Method

from .methods import MAX_SEGMENT_BYTES, raw_filters

WRONG = "its content is not what was archived"

_STEP = 1 << 20
# What a sparse segment adds to its data: never more than the segment size itself.
_MAX_RAW_BYTES = MAX_SEGMENT_BYTES
_MIN_DIGEST = 4


def decode(file: ArchiveFile, member: Member) -> Iterator[bytes]:
    """Yield the content of a member in steps of at most 1 MiB, or all of it at once if that is less.

    The bytes are good only when the iteration ends without an error.

    Raises
    ------
    Damaged
        The stream cannot be read or decoded, or gives other content than was packed.
    Refused
        The member asks for more memory than any archive needs.
    """
    if len(member.digest) < _MIN_DIGEST:
        raise Damaged("its checksum is lost")
    digest = hashlib.sha256()
    done = 0
    for data in decode_unchecked(file, member):
        done += len(data)
        digest.update(data)
        yield data
    if done != member.raw_bytes or not digest.digest().startswith(member.digest):
        raise Damaged(WRONG)


def decode_unchecked(file: ArchiveFile, member: Member, *, step_bytes: int = _STEP) -> Iterator[bytes]:
    """Yield what the packed stream of a member gives, in steps as `decode`, whatever its digest is.

    Parameters
    ----------
    step_bytes
        Of the packed stream, that a decoder is given at a time: what it made of them is lost where it refuses one.

    Raises
    ------
    Damaged, Refused
        As `decode`, but for the content.
    """
    if member.raw_bytes > _MAX_RAW_BYTES or member.dictionary_bytes > MAX_SEGMENT_BYTES:
        raise Refused("a segment that says to be larger than a segment can be")
    stream_end = STREAM_OFFSET + member.stream_bytes
    if stream_end > member.packed_bytes or member.offset + stream_end > file.size:
        raise Damaged("its packed stream ends behind the archive or the member")
    yield from _DECODERS.get(member.method, _lzma2)(file, member, step_bytes)


def _read(file: ArchiveFile, offset: int, count: int) -> bytes:
    try:
        data = file.read_at(offset, count)
    except OSError as error:
        if error.errno == errno.ENOMEDIUM:
            # On a volume that is not here, as the error says.
            raise Damaged(error.strerror or "it is not here") from error
        raise Damaged(f"the archive cannot be read there: {error.strerror}") from error
    if len(data) != count:
        raise Damaged("the archive ends before it")
    return data


def _stored(file: ArchiveFile, member: Member, step_bytes: int) -> Iterator[bytes]:
    if member.stream_bytes != member.raw_bytes:
        raise Damaged("a stored member whose sizes differ")
    start = member.offset + STREAM_OFFSET
    for offset in range(0, member.raw_bytes, step_bytes):
        yield _read(file, start + offset, min(step_bytes, member.raw_bytes - offset))


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
    offset, left = member.offset + STREAM_OFFSET, member.stream_bytes
    missing = member.raw_bytes
    while missing and not is_over():
        data = b""
        if needs_input() and left:
            data = _read(file, offset, min(step_bytes, left))
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
