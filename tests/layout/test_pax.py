"""Pax records: their lengths that count themselves, and everything a lying length could do."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pybackup.errors import Damaged
from pybackup.layout import pax, ustar
from pybackup.layout.acl import ACCESS, DEFAULT
from pybackup.layout.pax import pack_records, unpack_member, unpack_records, xattr_records, xattrs_from_records

from .values import changed

RECORDS = {b"path": b"d/\xc3\xa4.7z", b"comment": b"PYBACKUP name=\xc3\xa4\n=", b"SCHILY.xattr.user.x": b"\0\1"}
GOLDEN = b"16 path=d/\xc3\xa4.7z\n30 comment=PYBACKUP name=\xc3\xa4\n=\n26 SCHILY.xattr.user.x=\0\1\n"

_keys = st.binary(min_size=1, max_size=30).map(lambda key: key.replace(b"=", b"-"))
records = st.dictionaries(_keys, st.binary(max_size=120), max_size=5)
xattrs = st.dictionaries(st.binary(min_size=1, max_size=20), st.binary(max_size=20), max_size=4)


def test_records_are_the_golden_ones() -> None:
    assert pack_records(RECORDS) == GOLDEN


@given(records)
def test_records_come_back(values: dict[bytes, bytes]) -> None:
    packed = pack_records(values)
    assert unpack_records(packed) == values
    assert list(unpack_records(packed)) == list(values)


@pytest.mark.parametrize("size", [*range(1, 12), *range(88, 100), *range(980, 1000), *range(9980, 10_000), 99_991])
def test_length_counts_its_own_digits(size: int) -> None:
    record = pack_records({b"k": bytes(size)})
    assert int(record.split(b" ", 1)[0]) == len(record)
    assert unpack_records(record) == {b"k": bytes(size)}


def test_any_changed_byte_is_refused_or_packs_to_itself() -> None:
    # A record has no checksum: a changed value is accepted, and never one that would pack to other bytes.
    for _, data in changed(GOLDEN, range(1, 256)):
        try:
            found = unpack_records(data)
        except Damaged:
            continue
        assert pack_records(found) == data


@given(st.binary(max_size=30) | st.lists(st.sampled_from([b"5", b"6", b" ", b"a", b"=", b"\n"])).map(b"".join))
def test_any_bytes_are_refused_or_pack_to_themselves(data: bytes) -> None:
    try:
        found = unpack_records(data)
    except Damaged:
        return
    assert pack_records(found) == data


REFUSED = {
    "no blank": (b"6a=b\n", "without its length"),
    "no digits": (b" a=b\n", "without its length"),
    "text for a length": (b"six a=b\n", "without its length"),
    "sign": (b"+6 a=b\n", "without its length"),
    "length 0": (b"0 a=b\n", "without its length"),
    "leading zero": (b"07 a=b\n", "without its length"),
    "length in other digits": ("\u0666 a=b\n".encode(), "without its length"),
    "twenty digits": (20 * b"9" + b" a=b\n", "without its length"),
    "a million digits": (1_000_000 * b"9" + b" a=b\n", "without its length"),
    "nineteen digits": (19 * b"9" + b" a=b\n", "wrong length"),
    "length beyond the end": (b"7 a=b\n", "wrong length"),
    "length too short": (b"5 a=b\n", "wrong length"),
    "length within itself": (b"1 a=b\n", "wrong length"),
    "length up to the blank": (b"2 a=b\n", "wrong length"),
    "no line end": (b"6 a=bc", "wrong length"),
    "no equals sign": (b"6 abc\n", "without a key or a value"),
    "no key": (b"5 =b\n", "without a key or a value"),
    "neither": (b"4 =\n", "without a key or a value"),
    "same key twice": (b"6 a=b\n6 a=c\n", "twice"),
    "zeros behind": (b"6 a=b\n" + bytes(6), "without its length"),
}


@pytest.mark.parametrize(("data", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_breaks_a_rule_is_refused_for_it(data: bytes, reason: str) -> None:
    with pytest.raises(Damaged, match=reason):
        unpack_records(data)


def test_a_length_that_lies_costs_no_memory() -> None:
    tracemalloc.start()
    try:
        for data in (b"9999999999999999999 a=b\n", 4096 * b"9"):
            with pytest.raises(Damaged):
                unpack_records(data)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_member_is_header_records_and_padding() -> None:
    values = {b"comment": b"PYBACKUP name=\xc3\xa4"}
    packed = pack_records(values)
    data = pax.member(b"d/\xc3\xa4.7z", values, 5)
    header = ustar.Header.unpack(data[:512])
    assert header == ustar.Header(b"PaxHeaders/__.7z", size=len(packed), mtime=5, typeflag=b"x")
    assert data[512:] == packed + bytes(512 - len(packed))
    assert unpack_member(header.typeflag, data[512 : 512 + header.size]) == values
    assert pax.member(b"a", {}, 5) == b""


@pytest.mark.parametrize(("typeflag", "key"), [(b"L", b"path"), (b"K", b"linkpath")])
def test_name_that_is_no_utf8_stands_in_a_member_of_its_own(typeflag: bytes, key: bytes) -> None:
    name = 200 * b"\xff"
    data = pax.member(b"\xff", {key: name}, 0)
    header = ustar.Header.unpack(data[:512])
    assert (header.typeflag, header.size, len(data)) == (typeflag, 201, 1024)
    assert unpack_member(typeflag, data[512 : 512 + header.size]) == {key: name}


@pytest.mark.parametrize("data", [b"", b"\0", b"\xff", b"\xff\0\xff\0", b"\xff\0\0", b"ascii\0"])
def test_long_name_that_is_none_is_refused(data: bytes) -> None:
    with pytest.raises(Damaged, match="long name"):
        unpack_member(b"L", data)


@given(xattrs)
def test_attributes_come_back(values: dict[bytes, bytes]) -> None:
    assert xattrs_from_records(unpack_records(pack_records(xattr_records(values)))) == values


@pytest.mark.parametrize("name", [b"user.a=b", b"user.%3D", b"user.%=%25", b"user.%253D", b"==", b"%"])
def test_attributes_may_have_any_name(name: bytes) -> None:
    packed = pack_records(xattr_records({name: b"v=w"}))
    assert xattrs_from_records(unpack_records(packed)) == {name: b"v=w"}


@pytest.mark.parametrize("name", [ACCESS, DEFAULT])
def test_acl_that_has_no_text_stays_an_attribute(name: bytes) -> None:
    for value in (b"", b"\2\0\0\0", b"anything"):
        assert xattr_records({name: value}) == {b"SCHILY.xattr." + name: value}
        assert xattrs_from_records(xattr_records({name: value})) == {name: value}
    text = xattr_records({name: bytes.fromhex("0200000001000600ffffffff")})
    assert list(text.values()) == [b"user::rw-"]
