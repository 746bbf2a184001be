"""Contents of many small files packed at one go, as columns: an object each would travel slower than it is packed."""

from __future__ import annotations

import hashlib
import zlib
from array import array
from collections.abc import Iterator
from typing import NamedTuple

from pybackup.model.content import Packed
from pybackup.model.member import Method

from .methods import Compression
from .pack import pack_stream

# A table, since an enum's own look-up takes longer.
_METHOD_OF = tuple(Method)
_DIGEST_BYTES = 32


class SmallFiles(NamedTuple):
    """Contents for bundles.

    Attributes
    ----------
    data
        All of them joined.
    sizes
        Length of each.
    methods
        The chain to use for each if compressing pays, by number.
    """

    data: bytes
    sizes: array[int]
    methods: bytes
    compression: Compression

    def pack(self) -> PackedSmallFiles:
        """Return what becomes of them; this is what workers run."""
        streams, digests = [], []
        methods, dictionaries, crcs = bytearray(), bytearray(), array("I")
        end = 0
        for size, method in zip(self.sizes, self.methods, strict=True):
            start, end = end, end + size
            data = self.data[start:end]
            stream, used, dictionary = pack_stream(data, _METHOD_OF[method], self.compression)
            streams.append(stream)
            methods.append(used)
            dictionaries.append(dictionary.bit_length())
            digests.append(hashlib.sha256(data).digest())
            crcs.append(zlib.crc32(data))
        lengths = array("I", map(len, streams))
        return PackedSmallFiles(
            b"".join(streams), lengths, self.sizes, bytes(methods), bytes(dictionaries), b"".join(digests), crcs
        )


class PackedSmallFiles(NamedTuple):
    """What became of contents for bundles: of each what `Packed` says, dictionaries as their bit length.

    Attributes
    ----------
    data
        The packed streams joined, ``lengths`` that of each.
    sizes
        Of the contents.
    """

    data: bytes
    lengths: array[int]
    sizes: array[int]
    methods: bytes
    dictionaries: bytes
    digests: bytes
    crcs: array[int]

    def each(self) -> Iterator[Packed]:
        """Yield them in order."""
        data, digests = self.data, self.digests
        end = at = 0
        columns = zip(self.lengths, self.sizes, self.methods, self.dictionaries, self.crcs, strict=True)
        for length, size, method, bits, crc in columns:
            start, end = end, end + length
            digest, at = digests[at : at + _DIGEST_BYTES], at + _DIGEST_BYTES
            dictionary = 1 << bits - 1 if bits else 0
            yield Packed(data[start:end], length, size, _METHOD_OF[method], dictionary, digest, True, crc)
