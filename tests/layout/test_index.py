"""The head of an index, and the index as a whole with its parity."""

from __future__ import annotations

import hashlib
import lzma
import random
import zlib
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pybackup.codes import rs255 as codeword
from pybackup.errors import Damaged, FormatError, Refused
from pybackup.layout import index
from pybackup.layout.index import FOOT_MAGIC, HEAD, HEAD_MAGIC, Blob, Head, pack_index, unpack_index

from .values import ARCHIVE_ID, changed, heads, put

PLAIN = Head(index.CONTAINER, 4, ARCHIVE_ID, 7, 3, 2, 512, 100, 60, bytes(range(16)))
GOLDEN = (
    "58544152494458" "7b" "01" "00" "04" "00" "0123456789abcdef" "07000000" "03000000" "02000000"
    "0002000000000000" "6400000000000000" "3c00000000000000" "000102030405060708090a0b0c0d0e0f" "bb04ed77"
)  # fmt: skip
DIGESTS = bytes(range(8))
TEXT = b"columns " * 40


def whole() -> bytes:
    return pack_index(PLAIN, TEXT, DIGESTS)


def resealed(data: bytes) -> bytes:
    """A head or foot with a CRC that fits."""
    return data[:-4] + zlib.crc32(data[:-4]).to_bytes(4, "little")


def test_head_is_the_golden_one() -> None:
    assert PLAIN.pack(HEAD_MAGIC).hex() == GOLDEN
    foot = PLAIN.pack(FOOT_MAGIC)
    assert foot[:8] == b"}XTARIDX"
    assert foot[8:72] == PLAIN.pack(HEAD_MAGIC)[8:72]


@given(heads)
def test_head_comes_back(head: Head) -> None:
    for magic in (HEAD_MAGIC, FOOT_MAGIC):
        packed = head.pack(magic)
        assert len(packed) == HEAD.size == 76
        assert Head.unpack(packed) == head


def test_any_changed_byte_of_a_head_is_refused() -> None:
    for magic in (HEAD_MAGIC, FOOT_MAGIC):
        for _, damaged in changed(PLAIN.pack(magic), range(1, 256)):
            with pytest.raises(Damaged):
                Head.unpack(damaged)


def test_resealed_heads_that_are_accepted_pack_to_the_same_bytes() -> None:
    for _, damaged in changed(PLAIN.pack(HEAD_MAGIC)[:72]):
        data = resealed(damaged + bytes(4))
        try:
            head = Head.unpack(data)
        except FormatError:
            continue
        assert head.pack(HEAD_MAGIC) == data


U32, U64 = 2**32 - 1, 2**64 - 1
REFUSED: dict[str, tuple[int, bytes, type[FormatError], str]] = {
    "no magic": (0, b"XTARIDX}", Damaged, "no magic"),
    "version 0": (8, b"\0", Damaged, "version 0"),
    "version 3": (8, b"\3", Damaged, "version 3"),
    "scope 2": (9, b"\2", Damaged, "rules of its fields"),
    "scope 255": (9, b"\xff", Damaged, "rules of its fields"),
    "no digests": (10, b"\0", Damaged, "rules of its fields"),
    "digests of 5 bytes": (10, b"\5", Damaged, "rules of its fields"),
    "digests of 33 bytes": (10, b"\x21", Damaged, "rules of its fields"),
    "reserved byte": (11, b"\1", Damaged, "rules of its fields"),
    "more entries than the body tells apart": (24, b"\xff\xff\xff\xff", Refused, "more entries than its length"),
    "more digests than the body holds": (28, b"\x10\0\0\0", Damaged, "shorter than its digests"),
    "2^32 - 1 digests": (28, b"\xff\xff\xff\xff", Damaged, "shorter than its digests"),
    "plain_bytes of a bomb": (40, b"\0\0\0\0\1\0\0\0", Refused, "grow beyond measure"),
    "plain_bytes of 2^64 - 1": (40, 8 * b"\xff", Refused, "grow beyond measure"),
    "body of nothing": (48, bytes(8), Damaged, "shorter than its digests"),
}


@pytest.mark.parametrize(("offset", "value", "kind", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_breaks_a_rule_is_refused_for_it(offset: int, value: bytes, kind: type[FormatError], reason: str) -> None:
    with pytest.raises(kind, match=reason):
        Head.unpack(resealed(put(PLAIN.pack(HEAD_MAGIC), offset, value)))


@pytest.mark.parametrize("length", [0, 72, 75, 77])
def test_head_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(Damaged, match=f"76 bytes, not {length}"):
        Head.unpack(PLAIN.pack(HEAD_MAGIC).ljust(length, b"\0")[:length])


def test_wrong_crc_of_a_head_is_refused_for_it() -> None:
    with pytest.raises(Damaged, match="wrong CRC"):
        Head.unpack(put(PLAIN.pack(HEAD_MAGIC), 20, b"\x08"))


# The whole


def test_whole_index_is_head_body_parity_and_foot() -> None:
    data = whole()
    head = Head.unpack(data[:76])
    assert (head.plain_bytes, head.digests, head.entries) == (len(TEXT), 2, 3)
    body = data[76 : 76 + head.body_bytes]
    assert body.endswith(DIGESTS)
    assert head.body_digest == hashlib.sha256(body).digest()[:16]
    assert data[76 + head.body_bytes : -76] == codeword.protect(body)
    assert data[-76:] == head.pack(FOOT_MAGIC)
    assert len(data) == head.total_bytes == 2 * 76 + head.body_bytes + 32


def test_body_is_raw_lzma2_as_the_document_says() -> None:
    # The chunk of a stream so short is golden: control byte, sizes, properties lc=3 lp=0 pb=0, end mark.
    data = whole()
    body = data[76 : 76 + Head.unpack(data[:76]).body_bytes]
    assert body[:3].hex() == f"e0{len(TEXT) - 1:04x}"
    assert body[5:6].hex() == "03"
    assert body[-9:] == b"\0" + DIGESTS


@given(st.binary(max_size=400), st.sampled_from([4, 32]), st.integers(0, 4))
@settings(deadline=None)
def test_whole_index_comes_back(plain: bytes, digest_bytes: int, digests: int) -> None:
    joined = random.Random(digests).randbytes(digests * digest_bytes)
    head = replace(PLAIN, digest_bytes=digest_bytes, digests=digests)
    data = pack_index(head, plain, joined)
    blob = unpack_index(data)
    assert (blob.plain, blob.digests, blob.corrected_bytes) == (plain, joined, 0)
    assert pack_index(blob.head, blob.plain, blob.digests) == data


@pytest.mark.parametrize("fast", [False, True])
def test_long_columns_are_blocks_that_are_one_stream(fast: bool) -> None:
    # A random part at either end of the first block: what is behind must not depend on what is before.
    plain = random.Random(1).randbytes(5000) * 500 + bytes(2 << 20) + random.Random(2).randbytes(70_000)
    data = pack_index(PLAIN, plain, DIGESTS, fast=fast)
    body = data[76 : 76 + Head.unpack(data[:76]).body_bytes]
    chain = [{"id": lzma.FILTER_LZMA2, "dict_size": 8 << 20}]
    decoder = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=chain)
    assert decoder.decompress(body) == plain
    assert decoder.unused_data == DIGESTS
    assert unpack_index(data).plain == plain
    assert pack_index(PLAIN, plain, DIGESTS, fast=fast) == data


def test_any_changed_byte_of_an_index_is_put_right() -> None:
    data = whole()
    expected = unpack_index(data)
    body_end = 76 + expected.head.body_bytes
    for place, damaged in changed(data, (0x01, 0xFF)):
        blob = unpack_index(damaged)
        assert (blob.head, blob.plain, blob.digests) == (expected.head, TEXT, DIGESTS)
        assert blob.corrected_bytes == (76 <= place < body_end)


@given(st.integers(0, 2**32), st.integers(1, 200), st.booleans())
@settings(deadline=None)
def test_damage_is_put_right_or_refused(seed: int, count: int, burst: bool) -> None:
    source = random.Random(seed)
    data = bytearray(whole())
    start = source.randrange(len(data))
    places = range(start, min(start + count, len(data))) if burst else source.sample(range(len(data)), count)
    for place in places:
        data[place] = source.randrange(256)
    try:
        blob = unpack_index(bytes(data))
    except Damaged:
        return
    assert (blob.plain, blob.digests) == (TEXT, DIGESTS)


def test_either_of_head_and_foot_is_enough() -> None:
    data = whole()
    assert unpack_index(put(data, 0, bytes(76))).plain == TEXT
    assert unpack_index(put(data, len(data) - 76, bytes(76))).plain == TEXT
    with pytest.raises(Damaged, match="no magic"):
        unpack_index(put(put(data, 0, bytes(76)), len(data) - 76, bytes(76)))


def rewrapped(body: bytes, **fields: int) -> bytes:
    """An index whose body is what is given, every checksum and the parity fitting."""
    digest = hashlib.sha256(body).digest()[:16]
    head = replace(Head.unpack(whole()[:76]), body_bytes=len(body), body_digest=digest, **fields)  # type: ignore[arg-type]
    return head.pack(HEAD_MAGIC) + body + codeword.protect(body) + head.pack(FOOT_MAGIC)


def body() -> bytes:
    data = whole()
    return data[76 : 76 + Head.unpack(data[:76]).body_bytes]


def test_body_that_is_rewrapped_unchanged_is_the_same_index() -> None:
    assert rewrapped(body()) == whole()


WRONG = {
    "fewer columns than it says": (lambda: rewrapped(body(), plain_bytes=len(TEXT) + 1), "another length"),
    "more columns than it says": (lambda: rewrapped(body(), plain_bytes=len(TEXT) - 1), "another length"),
    "none where it says some": (lambda: rewrapped(b"\0" + DIGESTS), "another length"),
    "stream without its end": (lambda: rewrapped(body()[:-9] + DIGESTS), "another length"),
    "bytes behind the stream": (lambda: rewrapped(body()[:-8] + b"\0" + DIGESTS), "another length"),
    "one digest fewer": (lambda: rewrapped(body(), digests=1), "another length"),
    "no LZMA2": (lambda: rewrapped(b"\x7f" + body()[1:]), "do not decompress"),
    "short by a byte": (lambda: whole()[:-1], "no magic|of which"),
    "long by a byte": (lambda: whole() + b"\0", "of which"),
    "head only": (lambda: whole()[:76], "of which"),
    "nothing": (lambda: b"", "76 bytes, not 0"),
    "no parity that fits": (
        lambda: put(whole(), 76, random.Random(1).randbytes(len(whole()) - 152)),
        "damaged beyond its parity",
    ),
    "another body with its own parity": (
        lambda: whole()[:76] + bytes(len(whole()) - 152) + whole()[-76:],
        "damaged beyond its parity",
    ),
}


@pytest.mark.parametrize(("make", "reason"), WRONG.values(), ids=WRONG)
def test_index_that_breaks_a_rule_is_refused_for_it(make: object, reason: str) -> None:
    assert callable(make)
    with pytest.raises(Damaged, match=reason):
        unpack_index(make())


def test_total_size_is_known_from_the_head_alone() -> None:
    assert Blob(Head.unpack(whole()[:76]), TEXT, DIGESTS).head.total_bytes == len(whole())
