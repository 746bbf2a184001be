"""The stamp of a structure's headers: golden bytes, round trip, damage refused, wrong though resealed refused."""

from __future__ import annotations

import zlib

import pytest

from pybackup.container.structure import read_structure, write_structure
from pybackup.errors import Damaged
from pybackup.layout import ustar
from pybackup.layout.note import NO_PAX, pax_crc
from pybackup.layout.stamp import Stamp, has_stamp, stamp
from pybackup.model.entry import Entry, Kind

HEADER = ustar.Header(b"name", typeflag=ustar.FIFO, mtime=5).pack()
STAMP = slice(345, 361)


def test_golden() -> None:
    block = stamp(HEADER, Stamp(0x01020304, b"abc"))
    assert block[STAMP][:12] == b"\0XTS\x04\x03\x02\x01abc\0"
    bare = block[:148] + bytes(8) + block[156:357] + bytes(4) + block[361:]
    assert block[357:361] == zlib.crc32(bare).to_bytes(4, "little")
    assert ustar.Header.unpack(block) == ustar.Header.unpack(HEADER)


@pytest.mark.parametrize("what", [Stamp(), Stamp(999_999_999), Stamp(1, b"\x01\0\0")])
def test_round_trip(what: Stamp) -> None:
    block = stamp(HEADER, what)
    assert has_stamp(block)
    assert Stamp.unpack(block) == what
    assert stamp(block, Stamp.unpack(block)) == block


def test_every_damaged_byte_is_refused() -> None:
    block = stamp(HEADER, Stamp(7))
    for at in range(ustar.BLOCK):
        # The sum of tar has its own check.
        if not 148 <= at < 156:
            with pytest.raises(Damaged):
                Stamp.unpack(block[:at] + bytes([block[at] ^ 1]) + block[at + 1 :])


@pytest.mark.parametrize(
    ("block", "reason"),
    [
        (HEADER, "without a stamp"),
        (HEADER[:-1], "512 bytes"),
        (stamp(HEADER, Stamp(10**9)), "rules"),
    ],
)
def test_wrong_though_resealed(block: bytes, reason: str) -> None:
    with pytest.raises(Damaged, match=reason):
        Stamp.unpack(block)


def test_pax_crc() -> None:
    assert pax_crc(b"") == NO_PAX
    assert pax_crc(b"data") == (zlib.crc32(b"data") & 0xFFFFFF).to_bytes(3, "little")


def test_a_structure_without_its_pax_records_gives_no_half_entry() -> None:
    """Neither half a name nor a link without its attributes, whatever byte is wrong."""
    entries = [
        Entry(b"d/" + b"long" * 40, Kind.SYMLINK, 0o777, mtime_ns=1_000_000_007, target=b"target" * 30),
        Entry(b"d", Kind.DIRECTORY, 0o755, mtime_ns=3, xattrs={b"user.x": b"y"}),
        Entry(b"pipe", Kind.FIFO, 0o600, mtime_ns=-5),
    ]
    data = b"".join(write_structure(entries))
    assert list(read_structure(data, strict=True)) == entries
    for at in range(len(data)):
        damaged = data[:at] + bytes([data[at] ^ 0x04]) + data[at + 1 :]
        assert all(entry in entries for entry in read_structure(damaged, strict=True))
    for at in range(0, len(data), ustar.BLOCK):
        damaged = data[:at] + bytes(ustar.BLOCK) + data[at + ustar.BLOCK :]
        assert all(entry in entries for entry in read_structure(damaged, strict=True))
