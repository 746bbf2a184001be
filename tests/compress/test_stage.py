"""The compressing stage: everything comes out in its order, each piece packed as its name and content say."""

from __future__ import annotations

from pybackup.compress.methods import Compression, Profile
from pybackup.compress.stage import compress
from pybackup.host.workers import InlineExecutor
from pybackup.model.content import Bare, PackedPiece, Piece, Whole
from pybackup.model.entry import Entry, Kind
from pybackup.model.member import Method

TEXT = b"some words, some words " * 40


def test_items_keep_their_order_and_what_shall_be_stored_is() -> None:
    names = [b"a.txt", b"b.jpg", b"c.JPG", b"jpg", b"d.jpg.txt", b"", b"e.jpg", b"f" * 300 + b".jpg", b"g.t"]
    items = [
        Piece(Entry(name, Kind.FILE, size=len(TEXT)), TEXT, whole=Whole()) if name else Bare(Entry(b"d", Kind.FIFO))
        for name in names * 100
    ]
    profile = Profile(Compression.FAST)
    ready = list(compress(items, profile=profile, executor=InlineExecutor(), window_bytes=1 << 16))
    found = [(item.piece.entry.name, item.packed) for item in ready if isinstance(item, PackedPiece)]
    assert [item.piece.entry if isinstance(item, PackedPiece) else item.entry for item in ready] == [
        item.entry for item in items
    ]
    stored = {name for name in names if name.lower().endswith(b"jpg")}
    for name, packed in found:
        assert packed.method is (Method.COPY if name in stored else Method.DEFLATE)
        # A name of 300 bytes goes into no bundle.
        assert packed.bundled is (len(name) < 255)
        assert packed.raw_bytes == len(TEXT)
