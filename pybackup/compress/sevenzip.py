"""A ``.7z`` of one file around a stream that is packed already, its header written by py7zr.

`py7zr.SevenZipFile` spends 0.4 ms a file on path checks, threads and fresh objects, three times
what compressing a small file costs. Its header classes are used directly instead, one prepared
header for each filter chain (DESIGN.md, py7zr).
"""

from __future__ import annotations

import functools
import io
import re
import threading
import zlib
from typing import Any

from pybackup.layout.sevenzip import STREAM_OFFSET
from pybackup.model.member import Method

from .methods import raw_filters

ANY_NAME = "f"
_BLOCK = 512
_SAFE_NAME = re.compile(r"[A-Za-z0-9_+=@%~#(),-][A-Za-z0-9 _+=@%~#(),.-]{0,79}")
_UNIX = 0x8000
_REGULAR = 0o100000
# 100 ns ticks from 1601 to 1970, the epoch of a 7z time.
_EPOCH_TICKS = 116_444_736_000_000_000
_LAST_TICK = (1 << 63) - 1


def inner_name(name: bytes) -> str:
    """The name inside the ``.7z``: the base name where every tool handles it, else a constant."""
    text = name.decode("ascii", "replace")
    return text if _SAFE_NAME.fullmatch(text) else ANY_NAME


def wrap(
    stream: bytes, data: bytes, *, name: bytes, mode: int, mtime_ns: int, method: Method, dictionary: int
) -> bytes:
    """Return the ``.7z`` that holds ``data`` as ``stream``.

    Parameters
    ----------
    stream
        ``data`` encoded by ``method``, its LZMA2 dictionary of so many bytes; 0 for the other methods.
    name, mode, mtime_ns
        Of the file, as ``7z x`` shall restore them. The name is left out where it would cost another
        block of tar.
    """
    from py7zr.helpers import ArchiveTimestamp

    header, folder, info = _prepared(method, dictionary, threading.get_ident())
    streams = header.main_streams
    streams.packinfo.numstreams = 1
    streams.packinfo.packsizes = [len(stream)]
    folder.unpacksizes = [len(data)] * len(folder.coders)
    streams.substreamsinfo.digestsdefined = [True]
    streams.substreamsinfo.digests = [zlib.crc32(data)]
    streams.substreamsinfo.unpacksizes = [len(data)]
    streams.substreamsinfo.num_unpackstreams_folders = [1]
    info["filename"] = inner_name(name)
    info["lastwritetime"] = ArchiveTimestamp(min(max(0, mtime_ns // 100 + _EPOCH_TICKS), _LAST_TICK))
    info["attributes"] = _UNIX | (_REGULAR | mode) << 16
    tail = _header_bytes(header)
    saved = 2 * (len(info["filename"]) - len(ANY_NAME))
    used = STREAM_OFFSET + len(stream) + len(tail)
    if -used % _BLOCK + saved >= _BLOCK:
        info["filename"] = ANY_NAME
        tail = _header_bytes(header)
    return _start(len(stream), tail) + stream + tail


def _header_bytes(header: Any) -> bytes:
    sink = _Aligned()
    # An encoded header would cost 20 ms and save nothing on one entry.
    header.write(sink, 0, encoded=False)
    return sink.getvalue()


class _Aligned(io.BytesIO):
    """Always at a multiple of 4, so that py7zr pads nothing: up to 6 bytes a file for an alignment nobody needs."""

    def tell(self) -> int:
        return 4 * super().tell()


def _start(stream_bytes: int, tail: bytes) -> bytes:
    from py7zr.archiveinfo import SignatureHeader

    start = SignatureHeader()
    start.nextheaderofs = stream_bytes
    start.calccrc(len(tail), zlib.crc32(tail))
    sink = io.BytesIO()
    start.write(sink)
    return sink.getvalue()


@functools.lru_cache(maxsize=256)
def _prepared(method: Method, dictionary: int, thread: int) -> tuple[Any, Any, Any]:
    """A header to fill in, of this thread alone: any executor may run us."""
    # Imported here: a listing must not pay 80 ms for it.
    import py7zr
    from py7zr.archiveinfo import Header

    filters: list[dict[str, int]]
    if method is Method.COPY:
        filters = [{"id": py7zr.FILTER_COPY}]
    elif method is Method.DEFLATE:
        filters = [{"id": py7zr.FILTER_DEFLATE}]
    else:
        filters = raw_filters(method, dictionary)
    header: Any = Header.build_header(filters, None)  # type: ignore[no-untyped-call]
    folder = header.initialize()
    # The encoder that py7zr prepared is not needed, and holds 11 bytes for each byte of dictionary.
    folder.compressor = None
    info: dict[str, Any] = {"emptystream": False}
    header.files_info.files.append(info)
    header.files_info.emptyfiles.append(False)
    return header, folder, info
