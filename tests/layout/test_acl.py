"""ACLs: the kernel's bytes and the text of tars, there and back."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pybackup.errors import Damaged
from pybackup.layout.acl import acl_from_text, acl_to_text

from .values import changed

TEXT = b"user::rw-,user:1000:r-x,group::r--,group:4294967295:---,mask::rwx,other::--x"
_ENTRIES = [
    (1, 6, 0xFFFFFFFF),
    (2, 5, 1000),
    (4, 4, 0xFFFFFFFF),
    (8, 0, 0xFFFFFFFF),
    (16, 7, 0xFFFFFFFF),
    (32, 1, 0xFFFFFFFF),
]


def attribute(*entries: tuple[int, int, int]) -> bytes:
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


_ids = st.integers(0, 2**32 - 1)
_perms = st.integers(0, 7)
acls = st.lists(
    st.tuples(st.sampled_from([2, 8]), _perms, _ids)
    | st.tuples(st.sampled_from([1, 4, 16, 32]), _perms, st.just(0xFFFFFFFF)),
    min_size=1,
).map(lambda entries: attribute(*entries))


def test_text_is_the_golden_one() -> None:
    assert acl_to_text(attribute(*_ENTRIES)) == TEXT
    assert acl_from_text(TEXT) == attribute(*_ENTRIES)
    assert attribute(*_ENTRIES[:2]).hex() == "0200000001000600ffffffff02000500e8030000"


@given(acls)
def test_acl_comes_back(value: bytes) -> None:
    text = acl_to_text(value)
    assert text is not None
    assert acl_from_text(text) == value


@given(st.binary(max_size=40) | st.binary(max_size=4).map(lambda rest: b"\2\0\0\0" + 2 * rest))
def test_bytes_that_have_a_text_come_back_from_it(value: bytes) -> None:
    text = acl_to_text(value)
    assert text is None or acl_from_text(text) == value


def test_any_changed_byte_of_the_text_is_refused_or_packs_to_itself() -> None:
    for _, text in changed(TEXT):
        try:
            value = acl_from_text(text)
        except Damaged:
            continue
        assert acl_to_text(value) == text


NO_TEXT = {
    "nothing": b"",
    "half a version": b"\2\0\0",
    "no entry": b"\2\0\0\0",
    "version 1": b"\1\0\0\0" + attribute(*_ENTRIES)[4:],
    "half an entry": attribute(*_ENTRIES)[:-1],
    "unknown tag": attribute((3, 7, 0)),
    "unknown permission": attribute((1, 8, 0xFFFFFFFF)),
    "owner with an id": attribute((1, 7, 0)),
    "group with an id": attribute((4, 7, 5)),
    "mask with an id": attribute((16, 7, 0)),
    "other with an id": attribute((32, 7, 0)),
}


@pytest.mark.parametrize("value", NO_TEXT.values(), ids=NO_TEXT)
def test_what_text_cannot_say_has_none(value: bytes) -> None:
    assert acl_to_text(value) is None


REFUSED = {
    "nothing": (b"", "not an entry"),
    "empty entry": (b"user::rw-,", "not an entry"),
    "two fields": (b"user::", "not an entry"),
    "four fields": (b"user:ann:rw-:1000", "not an entry"),
    "two letters": (b"user::rw", "not an entry"),
    "four letters": (b"user::rwx-", "not an entry"),
    "letters out of order": (b"user::xwr", "not an entry"),
    "unknown letters": (b"user::RWX", "not an entry"),
    "unknown kind": (b"owner::rwx", "not an entry"),
    "mask with an id": (b"mask:1:rwx", "not an entry"),
    "other with an id": (b"other:1:rwx", "not an entry"),
    "name": (b"user:ann:rwx", "not a numeric id"),
    "sign": (b"user:-1:rwx", "not a numeric id"),
    "leading zero": (b"user:007:rwx", "not a numeric id"),
    "root by overflow": (b"user:4294967296:rwx", "not a numeric id"),
    "huge": (b"user:" + 100_000 * b"9" + b":rwx", "not a numeric id"),
}


@pytest.mark.parametrize(("text", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_breaks_a_rule_is_refused_for_it(text: bytes, reason: str) -> None:
    with pytest.raises(Damaged, match=reason) as refusal:
        acl_from_text(text)
    assert len(str(refusal.value)) < 200
