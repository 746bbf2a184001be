"""Values of every structure for hypothesis, and the ways to change bytes that every structure is tried with."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from hypothesis import strategies as st

from pybackup.layout import index, ustar
from pybackup.layout.note import Note, Role
from pybackup.layout.table_builder import TableBuilder
from pybackup.model.entry import Entry, Kind, Owner
from pybackup.model.member import Member, Method, Stored

ARCHIVE_ID = b"\x01\x23\x45\x67\x89\xab\xcd\xef"
DOCUMENT = Path(index.__file__).parent.parent / "docs" / "FORMAT.md"

Row = tuple[Stored, int | None]


def changed(data: bytes, values: Iterable[int] = (0x01, 0x20, 0x80, 0xFF)) -> Iterator[tuple[int, bytes]]:
    """Every byte made wrong in several ways, and zeroed: the place and the bytes."""
    masks = tuple(values)
    for place, byte in enumerate(data):
        for value in {byte ^ mask for mask in masks} | {0}:
            if value != byte:
                yield place, data[:place] + bytes((value,)) + data[place + 1 :]


def put(data: bytes, offset: int, value: bytes) -> bytes:
    """The bytes with ``value`` at ``offset``."""
    return data[:offset] + value + data[offset + len(value) :]


def tables(text: str) -> list[list[list[str]]]:
    """The tables of a Markdown text: lists of rows of cells, the line below the head left out."""
    found: list[list[list[str]]] = []
    inside = False
    for line in text.splitlines():
        if not line.lstrip().startswith("|"):
            inside = False
            continue
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]
        if not inside:
            found.append([])
        inside = True
        if not all(re.fullmatch(r":?-+:?", cell) for cell in cells):
            found[-1].append(cells)
    return found


def _text(size: int) -> st.SearchStrategy[bytes]:
    return st.binary(max_size=size).map(lambda text: text.replace(b"\0", b"\xff"))


headers = st.builds(
    ustar.Header,
    name=_text(100),
    mode=st.integers(0, 0o7777),
    uid=st.integers(0, 2**32 - 1),
    gid=st.integers(0, 2**32 - 1),
    size=st.integers(0, 2**62),
    mtime=st.integers(-(2**62), 2**62),
    typeflag=st.sampled_from([b"0", b"1", b"2", b"3", b"4", b"5", b"6", b"x"]),
    linkname=_text(100) | st.binary(min_size=98, max_size=98).map(lambda rest: b"\0" + rest + b"x"),
    uname=_text(32),
    gname=_text(32),
    devmajor=st.integers(0, 2**32 - 1),
    devminor=st.integers(0, 2**32 - 1),
    prefix=_text(155),
)


@st.composite
def notes(draw: st.DrawFn) -> Note:
    role = draw(st.sampled_from(Role))
    content = role is Role.CONTENT
    segments = draw(st.integers(int(content), 2**32 - 1))
    return Note(
        role,
        draw(st.binary(min_size=8, max_size=8)),
        container=draw(st.integers(0, 2**32 - 1)),
        method=draw(st.sampled_from(Method)) if content else 0,
        dictionary=draw(st.integers(0, 40)) if content else 0,
        segment=draw(st.integers(0, segments - 1)) if content else 0,
        segments=segments,
        mtime_ns=draw(st.integers(0, 10**9 - 1)),
        raw_bytes=draw(st.integers(0, 2**64 - 1)),
        file_bytes=draw(st.integers(0, 2**64 - 1)),
        stream_bytes=draw(st.integers(0, 2**64 - 1)),
        digest=draw(st.binary(min_size=32, max_size=32)),
        data_crc=draw(st.integers(0, 2**32 - 1)),
        flags=draw(st.integers(0, 3)),
    )


heads = st.builds(
    index.Head,
    scope=st.integers(0, 1),
    digest_bytes=st.sampled_from([4, 32]),
    archive_id=st.binary(min_size=8, max_size=8),
    container=st.integers(0, 2**32 - 1),
    entries=st.integers(0, 1 << 20),
    digests=st.integers(0, 2**32 - 1),
    base=st.integers(0, 2**64 - 1),
    plain_bytes=st.integers(0, 64 << 20),
    body_bytes=st.integers(2**37, 2**64 - 1),
    body_digest=st.binary(min_size=16, max_size=16),
)

_names = st.binary(min_size=1, max_size=12).map(lambda name: re.sub(rb"[\0/.]", b"_", name))
_owners = st.builds(
    Owner, st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1), st.binary(max_size=5), st.binary(max_size=5)
)
_xattrs = st.dictionaries(st.binary(min_size=1, max_size=20), st.binary(max_size=30), max_size=3)


@st.composite
def rows(draw: st.DrawFn) -> list[Row]:
    """Entries with their members, each with the row of its directory, as a table takes them."""
    found: list[Row] = []
    directories: list[int | None] = [None]
    owners = draw(st.lists(_owners, min_size=1, max_size=3))
    end = 0
    for _ in range(draw(st.integers(0, 12))):
        kind = draw(st.sampled_from(Kind))
        members: list[Member] = []
        for _ in range(draw(st.integers(1, 3)) if kind is Kind.FILE else 0):
            member = draw(_member(end))
            end = member.offset + ustar.padded(member.packed_bytes)
            members.append(member)
        parent = draw(st.sampled_from(directories))
        above = found[parent][0].entry.path + b"/" if parent is not None else b""
        is_device = kind in (Kind.CHARACTER, Kind.BLOCK)
        number = st.integers(0, 2**32 - 1)
        entry = Entry(
            above + draw(_names),
            kind,
            draw(st.integers(0, 0o7777)),
            draw(st.sampled_from(owners)),
            draw(st.integers(-(2**62), 2**62)),
            draw(st.integers(0, 2**60)) if kind is Kind.FILE else 0,
            draw(st.binary(max_size=9)) if kind in (Kind.SYMLINK, Kind.HARDLINK) else b"",
            draw(st.tuples(number, number)) if is_device else (0, 0),
            draw(_xattrs),
        )
        whole = hashlib.sha256(entry.path).digest() if len(members) > 1 else members[0].digest if members else b""
        is_file = kind is Kind.FILE
        flags = (is_file and draw(st.booleans()), is_file and draw(st.booleans()))
        if kind is Kind.DIRECTORY:
            directories.append(len(found))
        found.append((Stored(entry, tuple(members), whole, *flags), parent))
    return found


@st.composite
def _member(draw: st.DrawFn, end: int) -> Member:
    stream, tail = draw(st.integers(0, 2**33)), draw(st.integers(0, 300))
    method = draw(st.sampled_from(Method))
    return Member(
        end + draw(st.integers(0, 2**20)),
        32 + stream + tail,
        stream,
        draw(st.integers(0, 2**28)),
        method,
        1 << draw(st.integers(12, 28)) if draw(st.booleans()) else 0,
        draw(st.binary(min_size=32, max_size=32)),
    )


def build(rows: Iterable[Row], *, base: int = 0, digest_bytes: int = 32) -> TableBuilder:
    """A table builder with these rows."""
    builder = TableBuilder(base=base, digest_bytes=digest_bytes)
    for stored, parent in rows:
        builder.add(stored, parent)
    return builder


def u32(value: int) -> bytes:
    """A number as structures hold it in four bytes."""
    return value.to_bytes(4, "little")


def u64(value: int) -> bytes:
    """A number as structures hold it in eight bytes."""
    return value.to_bytes(8, "little")
