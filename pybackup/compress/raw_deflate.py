"""Raw Deflate: by libdeflate where its wheel is installed, else by zlib; each decodes what the other wrote.

Which of them wrote an archive makes its bytes other ones, so the archive's settings tell it (`writer`).
"""

from __future__ import annotations

import zlib
from typing import NamedTuple

try:
    import deflate
except ImportError:
    deflate = None  # type: ignore[assignment]

SHORT_BYTES = 4096
"""Content up to this is worth more than speed is: a higher level costs microseconds."""


class _Levels(NamedTuple):
    short: int
    fast: int
    fast_short: int


# Measured: DESIGN.md, "Which Deflate".
_LIBDEFLATE = _Levels(short=9, fast=1, fast_short=6)
_ZLIB = _Levels(short=9, fast=5, fast_short=5)


def writer() -> str:
    """Return which library compresses, and its version."""
    return f"zlib {zlib.ZLIB_RUNTIME_VERSION}" if deflate is None else f"libdeflate of deflate {deflate.__version__}"


def encode(data: bytes, *, fast: bool) -> bytes:
    """Return ``data`` as one raw stream; ``fast`` where a lower level is wanted."""
    levels = _ZLIB if deflate is None else _LIBDEFLATE
    level = levels.short if not fast else levels.fast_short if len(data) <= SHORT_BYTES else levels.fast
    if deflate is not None:
        return bytes(deflate.deflate_compress(data, level))
    encoder = zlib.compressobj(level, zlib.DEFLATED, -15, 9)
    return encoder.compress(data) + encoder.flush()


def decode_whole(stream: bytes, raw_bytes: int) -> bytes | None:
    """Return what ``stream`` gives at one go, more than twice as fast as zlib does in steps.

    None where that needs the library that is not here, or the stream is not one of ``raw_bytes``: zlib then tells more.
    """
    if deflate is None:
        return None
    try:
        content = deflate.deflate_decompress(stream, raw_bytes)
    except (deflate.DeflateError, ValueError, MemoryError):
        return None
    return bytes(content) if len(content) == raw_bytes else None
