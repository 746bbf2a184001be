"""Content into a small ``.7z``: one piece in, one archive of one file out (py7zr writes it)."""

from __future__ import annotations

import hashlib
import lzma
import zlib
from typing import NamedTuple

from pybackup.model.content import Packed
from pybackup.model.member import Method

from . import raw_deflate
from .blocks import BLOCK_BYTES, encode
from .methods import Compression, lzma_filters, seems_incompressible
from .sevenzip import wrap


class PackJob(NamedTuple):
    """What a worker needs to pack one piece.

    Attributes
    ----------
    name
        Base name of the file, any bytes.
    method
        The chain to use if compressing pays; Copy never compresses.
    bundled
        It goes into a bundle: the packed stream alone is wanted.
    gives
        Length and SHA-256 of the segment that the bytes are a delta for; None where they are the segment.
    """

    data: bytes
    name: bytes
    mode: int
    mtime_ns: int
    method: Method
    compression: Compression
    bundled: bool = False
    gives: tuple[int, bytes] | None = None


def pack(job: PackJob) -> Packed:
    """Return the piece as a ``.7z`` or, for a bundle, as a stream; by Copy where compressing would gain nothing."""
    data = job.data
    digest = hashlib.sha256(data).digest()
    stream, method, dictionary = pack_stream(data, job.method, job.compression)
    if job.bundled:
        return Packed(stream, len(stream), len(data), method, dictionary, digest, bundled=True, crc=zlib.crc32(data))
    archive = wrap(
        stream, data, name=job.name, mode=job.mode, mtime_ns=job.mtime_ns, method=method, dictionary=dictionary
    )
    raw_bytes, digest = job.gives or (len(data), digest)
    return Packed(archive, len(stream), raw_bytes, method, dictionary, digest)


def pack_stream(data: bytes, method: Method, compression: Compression) -> tuple[bytes, Method, int]:
    """Return the packed stream of a piece, its method, and its dictionary in bytes; see `PackJob`."""
    if method is Method.COPY or not data or seems_incompressible(data):
        return data, Method.COPY, 0
    return _smallest(data, method, compression)


def _smallest(data: bytes, method: Method, compression: Compression) -> tuple[bytes, Method, int]:
    """The smallest stream, its method and dictionary, among those worth trying."""
    best: tuple[bytes, Method, int] = (data, Method.COPY, 0)
    fast = compression is Compression.FAST
    if fast or len(data) <= raw_deflate.SHORT_BYTES:
        # LZMA2 adapts from nothing and frames its stream; below a few KiB Deflate's code tables often win.
        stream = raw_deflate.encode(data, fast=fast)
        if len(stream) < len(best[0]):
            best = (stream, Method.DEFLATE, 0)
        if fast:
            return best
    if method is Method.LZMA2 and compression is Compression.DEFAULT and len(data) > BLOCK_BYTES:
        stream, dictionary = encode(data, compression)
        return (stream, method, dictionary) if len(stream) < len(best[0]) else best
    chain = lzma_filters(data, method, compression)
    stream = lzma.compress(data, format=lzma.FORMAT_RAW, filters=chain)
    return (stream, method, chain[-1]["dict_size"]) if len(stream) < len(best[0]) else best
