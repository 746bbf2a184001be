"""The entries of a tree, kept while it is walked, since their number and hash must be known before they are entered."""

from __future__ import annotations

import hashlib
import os
import pickle
import tempfile
from collections.abc import Iterator
from contextlib import suppress

from pybackup.model.filed import Filed

_BATCH = 1000
_IN_MEMORY_BYTES = 16 << 20


class Spool:
    """The entries of a tree, in a temporary file where they are many, and the hash of them all.

    Attributes
    ----------
    count
        How many there are.
    """

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES)  # noqa: SIM115 - closed by `__exit__`
        self._some: list[Filed] = []
        self._hash, self._outer_hash = hashlib.sha256(), hashlib.sha256()
        self.count = 0

    @property
    def digest(self) -> bytes:
        """The hash of the paths, kinds, sizes and times of all entries."""
        return self._hash.digest()

    @property
    def outer_digest(self) -> bytes:
        """The same without entries in archives, so it does not depend on how deep these are looked into."""
        return self._outer_hash.digest()

    def add(self, filed: Filed) -> None:
        """Add an entry."""
        told = b"%d %d %d %d %b" % (filed.kind, filed.size, filed.mtime_ns, len(filed.path), filed.path)
        self._hash.update(told)
        if not filed.nested:
            self._outer_hash.update(told)
        self._some.append(filed)
        self.count += 1
        if len(self._some) == _BATCH:
            self._write()

    def __iter__(self) -> Iterator[Filed]:
        self._write()
        self._file.seek(0)
        with suppress(EOFError):
            while True:
                yield from pickle.load(self._file)

    def _write(self) -> None:
        self._file.seek(0, os.SEEK_END)
        pickle.dump(self._some, self._file, pickle.HIGHEST_PROTOCOL)
        self._some = []

    def __enter__(self) -> Spool:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
