"""Exporting the state of a tree as JSON: all entries when an archive was made, wherever their contents are stored."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence

from pybackup.archive.matching import select
from pybackup.archive.open import OpenArchive
from pybackup.archive.own_run import own_mark
from pybackup.host.output import Output
from pybackup.model.entry import Kind
from pybackup.model.listing import Listing
from pybackup.model.problem import Problem, Trouble
from pybackup.monitor import Monitor
from pybackup.restore.export import Exported

VERSION = 1
_FLUSHED_BYTES = 1 << 20


def export_state(
    archive: OpenArchive,
    patterns: Sequence[bytes],
    output: bytes,
    *,
    overwrite: bool = False,
    work_dir: bytes | None = None,
    monitor: Monitor,
) -> Exported:
    """Write the matching names and the SHA-256 of each file into a file, which gets its name when it is complete.

    The SHA-256 of a sparse file is null, as archives do not have it. The archive has to be opened with its table of
    earlier archives. Bytes of a name that are not UTF-8 become lone surrogates, as `os.fsdecode` gives them.

    Raises
    ------
    UsageError, EnvironmentFailed
        A pattern matches nothing; the output exists, or cannot be written.
    """
    listing = archive.listing
    rows = select(listing, patterns)
    done = Exported(entries=len(rows), files=sum(listing.rows.kinds[row] == Kind.FILE for row in rows))
    with Output(output, work_dir=work_dir, replace=overwrite) as sink:
        buffer = bytearray()
        for piece in _state(listing, rows):
            buffer += piece.encode()
            if len(buffer) >= _FLUSHED_BYTES:
                sink.write(bytes(buffer))
                buffer.clear()
        sink.write(bytes(buffer))
        done.n_bytes = sink.tell()
        sink.publish()
    if not patterns and not listing.complete:
        monitor.problem(Problem(b"", Trouble.LOST, listing.incompleteness))
    return done


def _state(listing: Listing, rows: Sequence[int]) -> Iterator[str]:
    mark = own_mark(listing.settings)
    kinds = listing.rows.kinds
    head = {
        "version": VERSION,
        "archive": listing.archive_id.hex(),
        "chain": mark.chain if mark else None,
        "level": mark.level.value if mark else None,
        "at_ns": mark.at_ns if mark else None,
    }
    yield json.dumps(head)[:-1]
    files = [row for row in rows if kinds[row] == Kind.FILE]
    linking = [row for row in rows if kinds[row] in (Kind.SYMLINK, Kind.HARDLINK)]
    yield from _array("subdirs", (_name(listing.paths[row]) for row in rows if kinds[row] == Kind.DIRECTORY))
    yield from _array("files", (_name(listing.paths[row]) for row in files))
    yield from _table("links", ((row, _name(listing.stored(row).entry.target)) for row in linking), listing)
    yield from _table("index", ((row, json.dumps(_sha256(listing, row))) for row in files), listing)
    yield "\n}\n"


def _sha256(listing: Listing, row: int) -> str | None:
    stored = listing.stored(row)
    # The hash of a sparse file is that of its sparse stream (FORMAT 9), not of its content.
    return stored.digest.hex() if len(stored.digest) == 32 and not stored.sparse else None


def _name(path: bytes) -> str:
    return json.dumps(os.fsdecode(path))


def _array(key: str, items: Iterable[str]) -> Iterator[str]:
    yield f',\n"{key}": ['
    yield from _separated(items)
    yield "]"


def _table(key: str, items: Iterable[tuple[int, str]], listing: Listing) -> Iterator[str]:
    yield f',\n"{key}": {{'
    yield from _separated(f"{_name(listing.paths[row])}: {value}" for row, value in items)
    yield "}"


def _separated(items: Iterable[str]) -> Iterator[str]:
    before = "\n"
    for item in items:
        yield before + item
        before = ",\n"
