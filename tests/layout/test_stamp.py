"""The stamp in the headers of a structure: its CRC covers all of the header but the checksum."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pybackup.errors import Damaged
from pybackup.layout import ustar
from pybackup.layout.stamp import Stamp, has_stamp, stamp

from .values import changed, put

PLAIN = Stamp(999_999_999, b"\1\2\3")
HEADER = ustar.Header(b"d/", 0o755, mtime=1, typeflag=b"5")
OFFSET = 345


def block() -> bytes:
    return stamp(HEADER.pack(), PLAIN)


def resealed(offset: int, value: bytes) -> bytes:
    """A stamped header with this in its stamp, the CRC fitting: sealed by the same rule in other words."""
    data = put(put(put(block(), OFFSET + offset, value), 148, bytes(8)), OFFSET + 12, bytes(4))
    return ustar.with_checksum(put(data, OFFSET + 12, zlib.crc32(data).to_bytes(4, "little")))


def test_stamp_is_the_golden_one() -> None:
    assert PLAIN.pack().hex() == "00585453ffc99a3b0102030000000000"
    assert block() == resealed(0, b"")
    assert block()[OFFSET : OFFSET + 12] == PLAIN.pack()[:12]


@given(st.integers(0, 10**9 - 1), st.binary(min_size=3, max_size=3))
def test_stamp_comes_back(mtime_ns: int, pax_crc: bytes) -> None:
    sealed = stamp(HEADER.pack(), Stamp(mtime_ns, pax_crc))
    assert has_stamp(sealed)
    assert Stamp.unpack(sealed) == Stamp(mtime_ns, pax_crc)
    assert ustar.Header.unpack(sealed) == HEADER, "the prefix must stay empty for every reader"
    assert stamp(ustar.Header.unpack(sealed).pack(), Stamp.unpack(sealed)) == sealed


def test_any_changed_byte_is_refused_or_vouched_for_by_the_checksum() -> None:
    for place, damaged in changed(block()):
        if 148 <= place < 156:
            assert Stamp.unpack(damaged) == PLAIN
            continue
        with pytest.raises(Damaged):
            Stamp.unpack(damaged)


REFUSED = {
    "no magic": (0, b"\0XTN", "without a stamp"),
    "a prefix": (0, b"home", "without a stamp"),
    "a second of nanoseconds": (4, (10**9).to_bytes(4, "little"), "rules of its fields"),
    "2^32 - 1 nanoseconds": (4, 4 * b"\xff", "rules of its fields"),
    "reserved byte": (11, b"\1", "rules of its fields"),
}


@pytest.mark.parametrize(("offset", "value", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_breaks_a_rule_is_refused_for_it(offset: int, value: bytes, reason: str) -> None:
    with pytest.raises(Damaged, match=reason):
        Stamp.unpack(resealed(offset, value))


def test_wrong_crc_and_length_are_refused_for_it() -> None:
    with pytest.raises(Damaged, match="wrong CRC"):
        Stamp.unpack(ustar.with_checksum(put(block(), 0, b"e")))
    with pytest.raises(Damaged, match="512 bytes, not 511"):
        Stamp.unpack(block()[:-1])
