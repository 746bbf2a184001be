"""The note in a tar header: its CRC covers all of the header but the checksum."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from pybackup.errors import Damaged
from pybackup.layout import note, ustar
from pybackup.layout.note import Note, Role
from pybackup.model.member import Method

from .values import ARCHIVE_ID, changed, notes, put

PLAIN = Note(
    Role.CONTENT,
    ARCHIVE_ID,
    container=7,
    method=Method.LZMA2,
    dictionary=22,
    segment=1,
    segments=3,
    mtime_ns=999_999_999,
    raw_bytes=4 << 20,
    file_bytes=10 << 30,
    stream_bytes=12_345,
    digest=bytes(range(32)),
    data_crc=0xDEADBEEF,
    flags=note.SPARSE,
)
GOLDEN = (
    "0058544e" "01" "01" "01" "16" "0123456789abcdef" "07000000" "01000000" "03000000" "ffc99a3b"
    "0000400000000000" "0000008002000000" "3930000000000000"
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f" "efbeadde" "01" "000000" "00000000"
)  # fmt: skip


def block(said: Note = PLAIN) -> bytes:
    header = ustar.Header(b"a.part0002.7z", size=12_500, mtime=1_700_000_000, linkname=said.pack())
    return note.seal(header.pack())


def resealed(offset: int, value: bytes) -> bytes:
    return note.seal(put(block(), ustar.NOTE_OFFSET + offset, value))


def test_note_is_the_golden_one() -> None:
    assert PLAIN.pack().hex() == GOLDEN
    sealed = block()
    assert sealed[157:253].hex() == GOLDEN[:-8]
    assert (sealed[148:156], sealed[253:257].hex()) == (b"021052\0 ", "a5752a85")


@given(notes())
def test_note_comes_back(said: Note) -> None:
    sealed = block(said)
    assert Note.unpack(sealed) == said
    header = ustar.Header.unpack(sealed)
    assert header.linkname[:4] == note.MAGIC
    # What was read packs to the same bytes, note and header alike.
    assert note.seal(replace(header, linkname=Note.unpack(sealed).pack()).pack()) == sealed


def test_any_changed_byte_is_refused_or_vouched_for_by_the_checksum() -> None:
    for place, damaged in changed(block()):
        if 148 <= place < 156:
            assert Note.unpack(damaged) == PLAIN
            continue
        with pytest.raises(Damaged):
            Note.unpack(damaged)


@pytest.mark.parametrize("length", [0, 100, 256, 511, 513])
def test_wrong_length_is_refused(length: int) -> None:
    with pytest.raises(Damaged, match=f"512 bytes, not {length}"):
        Note.unpack(block().ljust(length, b"\0")[:length])


REFUSED = {
    "no magic": (0, b"\0XTM", "without a note"),
    "a link": (0, b"file", "without a note"),
    "version 0": (4, b"\0", "version 0"),
    "version 2": (4, b"\2", "version 2"),
    "role 0": (5, b"\0", "rules of its fields"),
    "role 10": (5, b"\x0a", "rules of its fields"),
    "role 255": (5, b"\xff", "rules of its fields"),
    "method 8": (6, b"\x08", "unknown method"),
    "method 255": (6, b"\xff", "unknown method"),
    "dictionary of 2^64": (7, b"\x40", "impossible dictionary"),
    "segment 3 of 3": (20, b"\3\0\0\0", "segment that its file does not have"),
    "segment of none": (20, bytes(8), "segment that its file does not have"),
    "a second of nanoseconds": (28, (10**9).to_bytes(4, "little"), "rules of its fields"),
    "highest flag": (92, b"\x80", "rules of its fields"),
    "lowest unknown flag": (92, b"\x20", "rules of its fields"),
}


@pytest.mark.parametrize(("offset", "value", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_breaks_a_rule_is_refused_for_it(offset: int, value: bytes, reason: str) -> None:
    with pytest.raises(Damaged, match=reason):
        Note.unpack(resealed(offset, value))


def test_wrong_crc_is_refused_for_it() -> None:
    with pytest.raises(Damaged, match="wrong CRC"):
        Note.unpack(ustar.with_checksum(put(block(), 0, b"b")))


def test_every_other_value_of_a_field_is_accepted_and_packs_to_itself() -> None:
    for place in range(6, 93):
        for value in (0, 1, 3, 7):
            sealed = resealed(place, bytes((value,)))
            try:
                said = Note.unpack(sealed)
            except Damaged:
                continue
            assert said.pack()[:96] == sealed[157:253]
