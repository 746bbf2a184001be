"""The header of a recovery volume: what it is of, golden, round trip, damaged, forged."""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pybackup.errors import Damaged, Refused
from pybackup.layout import recovery
from pybackup.layout.recovery import (
    HEAD,
    MAX_VOLUMES,
    Body,
    RecoveryHeader,
    header_bytes,
    id_of_archives,
    size_of,
    stream_start,
)
from pybackup.parity.stream.amount import parse_amount
from pybackup.parity.stream.geometry import plan_geometry

from .values import changed, put, u32, u64

BODIES = [Body(bytes([row] * 8), 5000 + row, hashlib.sha256(bytes([row])).digest()) for row in range(3)]
HEADER = RecoveryHeader(b"\x01\x23\x45\x67\x89\xab\xcd\xef", 3, 2, 2, BODIES)


def resealed(data: bytes, offset: int, value: bytes) -> bytes:
    """The header with this in it and a checksum that fits: sealed by the same rule in other words."""
    changed_ = put(data, offset, value)
    return put(changed_, 44, zlib.crc32(changed_[:44] + changed_[48:]).to_bytes(4, "little"))


@st.composite
def headers(draw: st.DrawFn) -> RecoveryHeader:
    """Headers of few volumes."""
    body = st.builds(
        Body,
        archive_id=st.binary(min_size=8, max_size=8),
        n_bytes=st.integers(1, 1 << 50),
        digest=st.binary(min_size=32, max_size=32),
    )
    bodies = draw(st.lists(body, min_size=1, max_size=60))
    first = draw(st.integers(1, 60_000))
    count = draw(st.integers(1, 5000))
    number = draw(st.integers(first, first + count - 1))
    return RecoveryHeader(draw(st.binary(min_size=8, max_size=8)), number, first, count, bodies, draw(st.booleans()))


def test_header_is_the_golden_one() -> None:
    data = HEADER.pack()
    assert len(data) == 2048
    assert data[:44] == b"XTRECOVR\1\0\0\0" + struct.pack("<III", 3, 2, 2) + HEADER.set_id + struct.pack("<QI", 6144, 3)
    assert data[44:48] == zlib.crc32(data[:44] + data[48:]).to_bytes(4, "little")
    assert data[48:96] == bytes(8) + (5000).to_bytes(8, "little") + hashlib.sha256(b"\0").digest()
    assert not any(data[48 + 3 * 48 :])
    assert hashlib.sha256(data).hexdigest() == "1e1b46fdffcd274ffb72f48dcd21b7e5b3d985dda7c4898e9aaf367cb29e096c"


def test_copy_behind_the_shard_says_so() -> None:
    data = replace(HEADER, is_copy=True).pack()
    assert data[9] == 1
    assert RecoveryHeader.unpack(data).is_copy


@given(headers(), st.binary(max_size=8))
def test_header_comes_back(header: RecoveryHeader, behind: bytes) -> None:
    data = header.pack()
    assert size_of(data[: HEAD.size]) == len(data) == header.header_bytes
    assert RecoveryHeader.unpack(data + behind) == header
    assert RecoveryHeader.unpack(data).pack() == data


def test_lengths_are_whole_sectors() -> None:
    assert [header_bytes(count) for count in (1, 41, 42, 84)] == [2048, 2048, 4096, 4096]
    assert HEADER.shard_bytes == 3 * 2048
    assert replace(HEADER, bodies=[replace(BODIES[0], n_bytes=4096)]).shard_bytes == 4096
    assert HEADER.total_bytes == 5 * 2048


def test_any_changed_byte_is_refused() -> None:
    for place, damaged in changed(HEADER.pack(), (0x01, 0xFF)):
        with pytest.raises((Damaged, Refused)):
            RecoveryHeader.unpack(damaged)
        # A header that is damaged must not look like one of a later version, but for the one byte that says so.
        if place != 8 and not 40 <= place < 44:
            with pytest.raises(Damaged):
                RecoveryHeader.unpack(damaged)


@pytest.mark.parametrize("length", [0, 7, 47, 48, 2047])
def test_wrong_length_is_refused_for_it(length: int) -> None:
    with pytest.raises(Damaged, match="cut"):
        RecoveryHeader.unpack(HEADER.pack()[:length])


REFUSED = {
    "version 0": (8, b"\0", "version 0"),
    "version 3": (8, b"\3", "version 3"),
    "unknown flag": (9, b"\2", "reserved"),
    "reserved byte": (10, b"\1", "reserved"),
    "last reserved byte": (11, b"\x80", "reserved"),
    "bytes behind the rows": (48 + 3 * 48, b"\1", "reserved"),
    "the last byte": (2047, b"\1", "reserved"),
    "number 0": (12, u32(0), "cannot have"),
    "number before the first": (12, u32(1), "cannot have"),
    "number behind the last": (12, u32(4), "cannot have"),
    "first 0": (16, u32(0), "cannot have"),
    "none made together": (20, u32(0), "cannot have"),
    "more than the field has": (20, u32(65536 - 4), "cannot have"),
    "longer shard": (32, u64(8192), "longest body"),
    "shard within a sector": (32, u64(5002), "longest body"),
    "no volumes": (40, u32(0), "reserved"),
    "a volume less": (40, u32(2), "reserved"),
    "a volume more": (40, u32(4), "of no bytes"),
    "more volumes than can be": (40, u32(MAX_VOLUMES + 1), "more than there can be"),
    "a body of no bytes": (48 + 8, u64(0), "of no bytes"),
    "a body of more than can be": (48 + 8, 8 * b"\xff", "more than there can be"),
}


@pytest.mark.parametrize(("offset", "value", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_breaks_a_rule_is_refused_for_it(offset: int, value: bytes, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        RecoveryHeader.unpack(resealed(HEADER.pack(), offset, value))


def test_no_volumes_and_no_rows_are_refused_for_it() -> None:
    with pytest.raises(Refused, match="of no volumes"):
        RecoveryHeader.unpack(resealed(put(HEADER.pack(), 48, bytes(3 * 48)), 40, u32(0)))


def test_the_last_number_that_the_field_has() -> None:
    assert replace(HEADER, first=1, number=65532, count=65532)
    with pytest.raises(Refused, match="cannot have"):
        replace(HEADER, first=1, number=65533, count=65533)


def test_magic_and_checksum_are_looked_at_before_anything_else() -> None:
    with pytest.raises(Damaged, match="no header"):
        RecoveryHeader.unpack(resealed(HEADER.pack(), 0, b"x"))
    with pytest.raises(Damaged, match="checksum differs"):
        RecoveryHeader.unpack(put(HEADER.pack(), 12, u32(1)))
    with pytest.raises(Damaged, match="checksum differs"):
        RecoveryHeader.unpack(put(HEADER.pack(), 2047, b"\1"))


def _archive(row: int, parity: str = "10%", name: bytes = b"") -> Body:
    n_bytes = 50_176 + 512 * row
    shape = plan_geometry(stream_start(n_bytes), 1024, parse_amount(parity)) if parity else None
    return Body(
        bytes([row] * 8), n_bytes, hashlib.sha256(bytes([row])).digest(), name or b"photos-%d.xtar" % row, shape
    )


ARCHIVES = [_archive(0), _archive(1, ""), _archive(2, "none"), _archive(3, "200%")]


def of_archives(bodies: Sequence[Body]) -> RecoveryHeader:
    return RecoveryHeader(id_of_archives(bodies), 1, 1, 2, bodies)


def test_a_header_of_archives_is_of_version_2_and_comes_back() -> None:
    header = of_archives(ARCHIVES)
    data = header.pack()
    assert len(data) == 2048 == header_bytes(4, 2)
    assert data[8] == 2
    assert data[24:32] == hashlib.sha256(b"XTAR archives" + data[48 : 48 + 4 * 280]).digest()[:8]
    assert data[48 + 280 : 48 + 2 * 280] == b"".join(
        [ARCHIVES[1].archive_id, u64(50_688), ARCHIVES[1].digest, bytes(32), b"photos-1.xtar".ljust(200, b"\0")]
    )
    assert RecoveryHeader.unpack(data) == header
    assert [body.stream for body in RecoveryHeader.unpack(data).bodies] == [body.stream for body in ARCHIVES]
    assert size_of(data) == 2048
    assert header_bytes(8, 2) == 4096


@pytest.mark.parametrize(
    "name",
    [b"photos.iso", b".xtar", b"a/b.xtar", b"../b.xtar", b"a\0b.xtar", b"x" * 196 + b".xtar", b"photos-1.xtar"],
    ids=repr,
)
def test_archives_with_names_that_no_file_may_get_are_refused(name: bytes) -> None:
    with pytest.raises(Refused, match="impossible names"):
        of_archives([replace(ARCHIVES[0], name=name), ARCHIVES[1]])


def test_what_archives_cannot_be_is_refused() -> None:
    with pytest.raises(Refused, match="covers an archive twice"):
        of_archives([ARCHIVES[0], replace(ARCHIVES[1], archive_id=ARCHIVES[0].archive_id)])
    with pytest.raises(Refused, match="id of others"):
        replace(of_archives(ARCHIVES), bodies=ARCHIVES[:3])
    data = of_archives(ARCHIVES).pack()
    row = 48 + 280
    for value, reason in (
        (u32(7), "groups that do not hold"),  # a group, and nothing in it
        (bytes(16) + u32(1) + u32(1 << 30) + bytes(8), "more slices than"),
    ):
        with pytest.raises(Refused, match=reason):
            RecoveryHeader.unpack(resealed(data, row + 48, value))
    # So many guard groups that the table has a code, and gigabytes of guard sectors for 50 KB.
    with pytest.raises(Refused, match="more parity than there can be"):
        RecoveryHeader.unpack(resealed(data, row + 48, bytes(16) + u32(1) + u32(60_000) + bytes(8)))
    with pytest.raises(Refused, match="impossible names"):
        RecoveryHeader.unpack(resealed(data, row + 80, bytes(200)))
    with pytest.raises(Damaged, match="cut"):
        RecoveryHeader.unpack(resealed(HEADER.pack(), 40, u32(100)))


def test_a_reader_of_version_1_refuses_archives_for_their_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recovery, "_ROWS", {1: recovery.ROW})
    data = RecoveryHeader(bytes(8), 1, 1, 1, BODIES).pack()
    with pytest.raises(Refused, match="a recovery volume of version 2, which is not known"):
        RecoveryHeader.unpack(data[:8] + b"\2" + data[9:])
