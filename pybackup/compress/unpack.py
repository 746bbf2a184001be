"""Members back into content: the packed stream is decoded raw, so that no 7z header is needed."""

from __future__ import annotations

import hashlib
import lzma
from collections.abc import Iterator

from pybackup.errors import Damaged, Refused
from pybackup.host.storage import ArchiveFile
from pybackup.model.member import Member, Method

from .methods import MAX_SEGMENT_BYTES
from .pack import raw_filters
from .sevenzip import STREAM_OFFSET

_STEP = 1 << 20
# What a sparse segment adds to its data: never more than the segment size itself.
_MAX_RAW_BYTES = MAX_SEGMENT_BYTES
_MIN_DIGEST = 8


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
    if member.raw_bytes > _MAX_RAW_BYTES or member.dictionary_bytes > MAX_SEGMENT_BYTES:
        raise Refused("a segment that says to be larger than a segment can be")
    if len(member.digest) < _MIN_DIGEST:
        raise Damaged("its checksum is lost")
    digest = hashlib.sha256()
    done = 0
    for data in _stored(file, member) if member.method is Method.COPY else _decoded(file, member):
        done += len(data)
        digest.update(data)
        yield data
    if done != member.raw_bytes or not digest.digest().startswith(member.digest):
        raise Damaged("its content is not what was archived")


def _read(file: ArchiveFile, offset: int, count: int) -> bytes:
    try:
        data = file.read_at(offset, count)
    except OSError as error:
        raise Damaged(f"the archive cannot be read there: {error.strerror}") from error
    if len(data) != count:
        raise Damaged("the archive ends before it")
    return data


def _stored(file: ArchiveFile, member: Member) -> Iterator[bytes]:
    if member.stream_bytes != member.raw_bytes:
        raise Damaged("a stored member whose sizes differ")
    start = member.offset + STREAM_OFFSET
    for offset in range(0, member.raw_bytes, _STEP):
        yield _read(file, start + offset, min(_STEP, member.raw_bytes - offset))


def _decoded(file: ArchiveFile, member: Member) -> Iterator[bytes]:
    decoder = lzma.LZMADecompressor(format=lzma.FORMAT_RAW, filters=raw_filters(member.method, member.dictionary_bytes))
    offset, left = member.offset + STREAM_OFFSET, member.stream_bytes
    missing = member.raw_bytes
    while missing and not decoder.eof:
        data = b""
        if decoder.needs_input:
            if not left:
                return
            data = _read(file, offset, min(_STEP, left))
            offset, left = offset + len(data), left - len(data)
        try:
            content = decoder.decompress(data, min(_STEP, missing))
        except lzma.LZMAError as error:
            raise Damaged(f"its packed stream does not decode: {error}") from error
        missing -= len(content)
        if content:
            yield content
