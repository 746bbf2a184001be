"""An entry as the catalogue has it, and how an archive's entries become that."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import repeat
from typing import NamedTuple

from .entry import Kind
from .listing import BriefRows, Rows
from .member import Stored

_DIGEST_BYTES = 32


class Filed(NamedTuple):
    """An entry as the catalogue has it. A tuple, as there are millions of them.

    Attributes
    ----------
    sha256
        Of the whole content; None where nobody knows it.
    sparse
        The hash is of the sparse stream (FORMAT.md, Sparse files).
    first_part, parts_here, parts
        Of a file that goes on over several volumes: which of its segments are here, and how many it has; all 0 for one
        that is here as a whole.
    nested
        So many archives lie around it.
    base
        SHA-256 of the content that it is stored as a delta to, which lies on other volumes; empty for none. What no
        volume has of its ``parts`` is that content's, too.
    target
        Path of what a hard link links to, whose content is its own; known only until it is entered.
    """

    path: bytes
    kind: int
    size: int
    mtime_ns: int
    mode: int
    sha256: bytes | None = None
    sparse: bool = False
    first_part: int = 0
    parts_here: int = 0
    parts: int = 0
    nested: int = 0
    base: bytes = b""
    target: bytes = b""


def filed_of(rows: Rows, paths: Sequence[bytes]) -> Iterator[Filed]:
    """Yield what the catalogue keeps of an archive's entries; directories are in the paths of what lies in them."""
    briefs = rows.briefs(range(len(paths))) if isinstance(rows, BriefRows) else repeat(None)
    for (row, path), kind, brief in zip(enumerate(paths), rows.kinds, briefs, strict=False):
        if kind == Kind.DIRECTORY:
            continue
        if brief is None:
            yield _filed(rows.stored(row, path))
        else:
            _, size, mtime_ns, mode, digest, sparse, *_ = brief
            yield Filed(path, kind, size, mtime_ns, mode, digest if len(digest) == _DIGEST_BYTES else None, sparse)


def _filed(stored: Stored) -> Filed:
    entry, digest, parts, first, here = stored.entry, stored.digest, 0, 0, 0
    if entry.kind is not Kind.FILE:
        target = entry.target if entry.kind is Kind.HARDLINK else b""
        return Filed(entry.path, entry.kind, entry.size, entry.mtime_ns, entry.mode, target=target)
    if stored.segments:
        parts, here = stored.segments, len(stored.numbers)
        first = stored.numbers[0] if here else 0
    elif stored.base_digest:
        # All of its segments, and not what they are deltas to.
        here = len(stored.members)
        parts = here + 1
    sha256 = digest if len(digest) == _DIGEST_BYTES else None
    return Filed(
        entry.path,
        entry.kind,
        entry.size,
        entry.mtime_ns,
        entry.mode,
        sha256,
        stored.sparse,
        first,
        here,
        parts,
        base=stored.base_digest,
    )
