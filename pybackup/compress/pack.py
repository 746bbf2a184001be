"""Content into a small ``.7z``: one piece in, one archive of one file out (py7zr writes it)."""

from __future__ import annotations

import hashlib
import lzma
from collections.abc import Sequence
from dataclasses import dataclass

from pybackup.model.content import Packed
from pybackup.model.member import Method

from .methods import BCJ_FILTERS, Compression, lzma_filters, seems_incompressible
from .sevenzip import wrap


@dataclass(frozen=True, slots=True)
class PackJob:
    """What a worker needs to pack one piece.

    Attributes
    ----------
    name
        Base name of the file, any bytes.
    method
        The chain to use if compressing pays; Copy never compresses.
    """

    data: bytes
    name: bytes
    mode: int
    mtime_ns: int
    method: Method
    compression: Compression


def pack_batch(jobs: Sequence[PackJob]) -> list[Packed]:
    """Pack several pieces; this is what workers run."""
    return [pack(job) for job in jobs]


def pack(job: PackJob) -> Packed:
    """Return the piece as a ``.7z``, by Copy where compressing would gain nothing."""
    data, method = job.data, job.method
    digest = hashlib.sha256(data).digest()
    stream, filters = data, _NO_FILTERS
    if method is not Method.COPY and data and not seems_incompressible(data):
        chain = lzma_filters(data, method, job.compression)
        packed = lzma.compress(data, format=lzma.FORMAT_RAW, filters=chain)
        if len(packed) < len(data):
            stream, filters = packed, chain
    method = method if filters else Method.COPY
    archive = wrap(stream, data, name=job.name, mode=job.mode, mtime_ns=job.mtime_ns, method=method, filters=filters)
    dictionary = filters[-1]["dict_size"] if filters else 0
    return Packed(archive, len(stream), len(data), method, dictionary, digest)


_NO_FILTERS: list[dict[str, int]] = []


def raw_filters(method: Method, dictionary_bytes: int) -> list[dict[str, int]]:
    """The chain to decode a packed stream with `lzma`."""
    chain: list[dict[str, int]] = [{"id": lzma.FILTER_LZMA2, "dict_size": max(dictionary_bytes, 4096)}]
    bcj = BCJ_FILTERS.get(method)
    return [{"id": bcj}, *chain] if bcj is not None else chain
