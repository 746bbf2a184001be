"""What an index holds: its rows, and settings that are a JSON object or nothing at all."""

from __future__ import annotations

import pytest

from pybackup.container.tables import load_table, region_at_end, settings_of
from pybackup.errors import Damaged
from pybackup.layout import index
from pybackup.layout.table_builder import TableBuilder
from pybackup.model.entry import NOBODY, Entry, Kind
from pybackup.model.member import Stored

ENTRY = Entry(b"file", Kind.FIFO, 0o644, NOBODY, 1, 0)


def unpacked(settings: bytes) -> index.Blob:
    """An index of one entry, as it is read."""
    rows = TableBuilder(base=0, digest_bytes=32)
    rows.add(Stored(ENTRY), None)
    head = index.Head(index.TREE, 32, b"\1" * 16, 0, len(rows), 0, 0, version=index.VERSION)
    return index.unpack_index(index.pack_index(head, rows.pack(place=b"", region=b"", settings=settings), b""))


def test_rows_and_settings_come_back() -> None:
    table = load_table(unpacked(b'{"compression": "fast"}'))
    assert list(table.kinds) == [Kind.FIFO]
    assert table.stored(0, b"file").entry == ENTRY
    assert settings_of(table) == {"compression": "fast"}


@pytest.mark.parametrize("place", [b"", b"a/b"])
def test_region_is_found_where_it_is(place: bytes) -> None:
    rows = TableBuilder(base=0, digest_bytes=4)
    rows.add(Stored(ENTRY), None)
    region = bytes(range(32))
    plain = rows.pack(place=place, region=region, settings=b"")
    assert region_at_end(plain) == region
    for other in (
        rows.pack(place=place, region=region, settings=b"{}"),
        rows.pack(place=place, region=b"", settings=b""),
    ):
        assert region_at_end(other) is None
    assert region_at_end(plain[-40:]) is None
    assert region_at_end(b"") is None


def test_no_settings_are_none() -> None:
    assert settings_of(load_table(unpacked(b""))) == {}


@pytest.mark.parametrize("settings", [b"{", b"\xff", b"[" * 100_000, b"[1]", b"1"])
def test_settings_that_are_no_object_are_damage(settings: bytes) -> None:
    table = load_table(unpacked(settings))
    with pytest.raises(Damaged, match="JSON"):
        settings_of(table)
