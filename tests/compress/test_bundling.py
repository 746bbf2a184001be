"""Which files go into bundles: each reason against it, by itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pybackup.compress.bundling import goes_into_bundle
from pybackup.model.content import Piece, Whole
from pybackup.model.entry import Entry, Kind

LAST_NS = (1 << 63) - 1
ENTRY = Entry(b"d/name.txt", Kind.FILE, 0o644, mtime_ns=1_700_000_000_123_456_700, size=100)
PIECE = Piece(ENTRY, b"x" * 100, whole=Whole())


@pytest.mark.parametrize("up_to_bytes", [100, 101, 1 << 20])
def test_a_small_file_does(up_to_bytes: int) -> None:
    assert goes_into_bundle(PIECE, up_to_bytes)
    for mode in (0, 0o777, 0o600):
        assert goes_into_bundle(PIECE._replace(entry=replace(ENTRY, mode=mode)), up_to_bytes)


@pytest.mark.parametrize(
    "piece",
    [
        PIECE._replace(data=b"x" * 101),
        PIECE._replace(segments=2),
        PIECE._replace(sparse=True),
        PIECE._replace(whole=None),
        *(
            PIECE._replace(entry=replace(ENTRY, **change))
            for change in (
                {"xattrs": {b"user.a": b""}},
                {"mode": 0o4755},
                {"mode": 0o1644},
                {"path": b"d/\xff"},
                {"path": b"d/back\\slash"},
                {"mtime_ns": LAST_NS + 1},
                {"mtime_ns": -(10**20)},
            )
        ),
    ],
    ids=["long", "segments", "sparse", "unknown", "xattrs", "set-id", "sticky", "bytes", "backslash", "late", "early"],
)
def test_others_do_not(piece: Piece) -> None:
    assert not goes_into_bundle(piece, 100)


@pytest.mark.parametrize("data", [b"", b"x"])
def test_none_does_where_there_are_no_bundles(data: bytes) -> None:
    assert not goes_into_bundle(PIECE._replace(data=data), 0)
