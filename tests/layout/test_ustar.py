"""The tar header: its bytes, its numbers, and what is refused."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pybackup.errors import Damaged
from pybackup.layout import ustar
from pybackup.layout.ustar import Header, number, parse_number

from .values import changed, headers, put

PLAIN = Header(
    b"a.7z",
    0o640,
    1000,
    0o7777777 + 1,
    8 << 30,
    -1,
    b"3",
    b"target",
    b"ann",
    b"staff",
    8,
    0o10000000,
    b"dir",
)


def resealed(offset: int, value: bytes) -> bytes:
    return ustar.with_checksum(put(PLAIN.pack(), offset, value))


def test_header_is_the_golden_one() -> None:
    expected = (
        b"a.7z" + bytes(96) + b"0000640\0" + b"0001750\0" + b"\x80\0\0\0\0\x20\0\0"
        b"\x80\0\0\0\0\0\0\x02\0\0\0\0" + 12 * b"\xff" + b"016727\0 " + b"3" + b"target" + bytes(94)
        + ustar.MAGIC + b"00" + b"ann" + bytes(29)
        + b"staff" + bytes(27) + b"0000010\0" + b"\x80\0\0\0\0\x20\0\0" + b"dir" + bytes(152 + 12)
    )  # fmt: skip
    assert PLAIN.pack() == expected


@given(headers)
def test_header_comes_back(header: Header) -> None:
    packed = header.pack()
    assert len(packed) == ustar.BLOCK
    assert Header.unpack(packed) == header
    assert Header.unpack(packed).pack() == packed


def test_any_changed_byte_is_refused_or_says_the_same() -> None:
    for place, block in changed(PLAIN.pack()):
        try:
            found = Header.unpack(block)
        except Damaged:
            continue
        # The same sum in other words: a blank for a NUL.
        assert found == PLAIN
        assert 148 <= place < 156


@given(headers, st.integers(0, 511), st.integers(0, 255))
def test_damage_never_gives_another_header(header: Header, place: int, value: int) -> None:
    with suppress(Damaged):
        assert Header.unpack(put(header.pack(), place, bytes((value,)))) == header


@pytest.mark.parametrize("length", [0, 511, 513, 1024])
def test_wrong_length_is_refused(length: int) -> None:
    with pytest.raises(Damaged, match=f"512 bytes, not {length}"):
        Header.unpack(bytes(length))


REFUSED = {
    "magic of old GNU tar": (257, b"ustar  \0", "magic"),
    "no magic": (257, bytes(8), "magic"),
    "another version": (263, b"01", "magic"),
    "mode that is no number": (100, b"rw-r--r-", "not an octal number"),
    "digit 8": (108, b"0000008\0", "not an octal number"),
    "number in two pieces": (116, b"000 001\0", "not an octal number"),
    "sign": (124, b"-0000000001\0", "not an octal number"),
    "text in the mtime": (136, b"yesterday\0\0\0", "not an octal number"),
    "text in the device": (329, b"deadbeef", "not an octal number"),
    "negative mode": (100, 8 * b"\xff", "impossible number"),
    "negative uid": (108, 8 * b"\xff", "impossible number"),
    "negative gid": (116, 8 * b"\xff", "impossible number"),
    "negative size": (124, 11 * b"\xff" + b"\0", "impossible number"),
    "negative major": (329, 8 * b"\xff", "impossible number"),
    "negative minor": (337, b"\xc0" + bytes(7), "impossible number"),
    "mode beyond 32 bits": (100, b"\x80\0\0\1\0\0\0\0", "impossible number"),
    "uid beyond 32 bits": (108, b"\x80\0\0\1\0\0\0\0", "impossible number"),
    "gid beyond 32 bits": (116, b"\x80\0\0\1\0\0\0\0", "impossible number"),
    "major beyond 32 bits": (329, b"\x80\0\0\1\0\0\0\0", "impossible number"),
    "minor beyond 32 bits": (337, b"\x80\0\0\1\0\0\0\0", "impossible number"),
    "size of no disk": (124, b"\xbf" + 11 * b"\xff", "impossible number"),
    "time of no clock": (136, b"\xbf" + 11 * b"\xff", "impossible number"),
    "time before any clock": (136, b"\xc0" + bytes(11), "impossible number"),
    "padding in use": (500, b"tar\0", "padding"),
    "last byte in use": (511, b"\1", "padding"),
}


@pytest.mark.parametrize(("offset", "value", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_breaks_a_rule_is_refused_for_it(offset: int, value: bytes, reason: str) -> None:
    with pytest.raises(Damaged, match=reason):
        Header.unpack(resealed(offset, value))


def test_wrong_checksum_is_refused_for_it() -> None:
    with pytest.raises(Damaged, match="wrong checksum"):
        Header.unpack(put(PLAIN.pack(), 0, b"b"))
    with pytest.raises(Damaged, match="not an octal number"):
        Header.unpack(put(PLAIN.pack(), 148, b"checksum"))


@pytest.mark.parametrize("field", [{"name": 101 * b"n"}, {"linkname": 101 * b"l"}, {"prefix": 156 * b"p"}])
def test_text_that_does_not_fit_is_not_packed(field: dict[str, bytes]) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        Header(**{"name": b"a", **field}).pack()  # type: ignore[arg-type]


def test_number_that_does_not_fit_is_not_packed() -> None:
    for width in (8, 12):
        limit = 1 << (8 * width - 2)
        for value in (limit, -limit - 1):
            with pytest.raises(ValueError, match="does not fit"):
                number(value, width)
        assert parse_number(number(limit - 1, width)) == limit - 1
        assert parse_number(number(-limit, width)) == -limit


@pytest.mark.parametrize("width", [8, 12])
def test_numbers_are_octal_as_long_as_they_fit(width: int) -> None:
    largest = 8 ** (width - 1) - 1
    assert number(0, width) == (width - 1) * b"0"
    assert number(largest, width) == (width - 1) * b"7"
    assert number(largest + 1, width)[0] == 0x80
    assert number(-1, width) == width * b"\xff"


@given(st.integers(-(2**62), 2**62 - 1), st.sampled_from([8, 12]))
def test_numbers_come_back(value: int, width: int) -> None:
    assert parse_number(number(value, width).ljust(width, b"\0")) == value


@given(st.binary(min_size=8, max_size=8) | st.binary(min_size=12, max_size=12))
def test_any_field_is_a_number_or_refused(field: bytes) -> None:
    try:
        value = parse_number(field)
    except Damaged:
        return
    assert parse_number(number(value, len(field)).ljust(len(field), b"\0")) == value


@pytest.mark.parametrize(("field", "value"), [(b"644    \0", 0o644), (b"    644 ", 0o644), (bytes(8), 0)])
def test_octal_is_read_as_other_tars_write_it(field: bytes, value: int) -> None:
    assert parse_number(field) == value


def test_path_joins_the_prefix() -> None:
    assert PLAIN.path == b"dir/a.7z"
    assert Header(b"x").path == b"x"


@pytest.mark.parametrize(("size", "whole"), [(0, 0), (1, 512), (511, 512), (512, 512), (513, 1024)])
def test_padding_fills_whole_blocks(size: int, whole: int) -> None:
    assert size + len(ustar.padding(size)) == ustar.padded(size) == whole
