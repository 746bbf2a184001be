"""Inputs that are right by every checksum and every rule of one structure, and ask for far more than they are."""

from __future__ import annotations

import json
import random
import struct
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from pybackup.layout import index, note, pax, ustar
from pybackup.layout.columns import pack_column, pack_texts
from pybackup.layout.guard import Geometry, GuardSector
from pybackup.layout.note import Note, Role
from pybackup.layout.table_form import ENTRY_COLUMNS, MEMBER_COLUMNS
from pybackup.model.entry import Kind
from pybackup.sector import SECTOR

from .mutate import indexes
from .seeds import seeds

_ID = b"bombbomb"
_BOMB_BYTES = 1 << 20
Files = dict[str, bytes]


def directories(count: int, name_bytes: int, place: bytes, settings: bytes = b"") -> bytes:
    """The plain bytes of an index of ``count`` empty directories."""
    columns = [pack_column([int(Kind.DIRECTORY) if name == "kind" else 0] * count) for name in ENTRY_COLUMNS]
    names = [b"%0*d" % (name_bytes, number) for number in range(count)] if name_bytes > 1 else [b"n"] * count
    texts = [pack_texts(names), pack_texts([b""] * count), pack_texts([b""] * count)]
    members = [pack_column([]) for _ in MEMBER_COLUMNS]
    owners = struct.pack("<I", 1) + pack_column([0]) * 2 + pack_texts([b""]) * 2
    return b"".join(
        (*columns, *texts, *members, owners, pack_texts([place]), pack_texts([b""]), pack_texts([settings]))
    )


def packed_index(container: int, count: int, name_bytes: int, place: bytes) -> bytes:
    """A container's own index of ``count`` empty directories, in whole blocks."""
    head = index.Head(index.CONTAINER, 4, _ID, container, count, 0, 0)
    packed = index.pack_index(head, directories(count, name_bytes, place), b"")
    return packed + ustar.padding(len(packed))


def many_rows(chance: random.Random) -> Files:
    """Indexes of a few bytes with a million entries each, or with names that compress well."""
    name_bytes = chance.choice((1, 6, 30))
    one = packed_index(0, chance.choice((1 << 14, 1 << 17, 1 << 20)) // name_bytes, name_bytes, b"")
    copies = []
    for container in range(min(40, _BOMB_BYTES // len(one))):
        head = replace(index.Head.unpack(one[: index.HEAD.size]), container=container)
        copies.append(head.pack(index.HEAD_MAGIC) + one[index.HEAD.size :])
    return {"image": b"".join(copies)}


def long_place(chance: random.Random) -> Files:
    """A path of a megabyte before every name of an index."""
    place = b"/".join([b"p" * chance.choice((1, 250))] * chance.choice((1 << 12, 1 << 16)))
    return {"image": b"".join(packed_index(number, 20_000, 6, place) for number in range(3))}


def nested(chance: random.Random) -> Files:
    """Containers in containers, all paths together the square of the file; the first may have a long one."""
    first = pax.member(b"x", {b"path": b"l" * chance.choice((100, 200_000)) + b"/.xtar"}, 0)
    blocks = [first]
    for number in range(1, chance.choice((500, 2000))):
        name = b"d" * 90 + b"/.xtar"
        extension = first if number == 1 else b""
        within = number - 1 if chance.random() < 0.99 else 1
        said = Note(Role.CONTAINER, _ID, container=within, raw_bytes=number, pax_crc=note.pax_crc(extension))
        blocks.append(note.seal(ustar.Header(name, linkname=said.pack()).pack()))
    for number in range(chance.choice((0, 2000))):
        said = Note(Role.CONTENT, _ID, container=1, segments=1, file_bytes=number)
        blocks.append(note.seal(ustar.Header(b"f%d.7z" % number, linkname=said.pack()).pack()))
    return {"image": b"".join(blocks)}


def extensions(chance: random.Random) -> Files:
    """Extensions upon extensions, none of which has its header."""
    one = pax.member(b"x", {b"SCHILY.xattr.user.%d" % chance.randrange(1000): b"v" * 10}, 0)
    return {"image": (one * (_BOMB_BYTES // len(one))) + seeds().plain}


def many_volumes(chance: random.Random) -> Files:
    """Guard sectors of as many volumes as there are, or nearly."""
    sectors = []
    count = chance.choice((300, 1500))
    for number in range(count):
        before = SECTOR * (1 + number % chance.choice((7, count)))
        geometry = Geometry(before, 0, 0, 0, 0, 0, 1, count, 0, 0)
        sectors.append(GuardSector(geometry, bytes(32), number % count, bytes(1920)).pack())
    return {"one": b"".join(sectors)}


def alike(chance: random.Random) -> Files:
    """A volume whose sectors are all the same, or begin the same, of which a piece is missing or there twice."""
    stream = bytes(seeds().sidecar)
    period = chance.choice((1, 512, 2048, 3000))
    image = (chance.randbytes(period) * (_BOMB_BYTES // period))[: len(seeds().image) * chance.choice((1, 8))]
    at = chance.randrange(len(image))
    return {"one": image[:at] + bytes(chance.randrange(3000)) + image[at:], "one.xpar": stream}


def crossing_map(chance: random.Random) -> Files:
    """A map whose blocks overlap, each of one kind with each of the other."""
    count = chance.choice((300, 4000))
    finished = [b"0x%x 0x7fffffffffff +\n" % number for number in range(count)]
    others = [b"0x%x 1 -\n" % (2 * number + 0x10000) for number in range(count)]
    lines = finished + others
    chance.shuffle(lines)
    return {"map": b"0 + 1\n" + b"".join(lines)}


def settings(chance: random.Random) -> Files:
    """Settings of other types than anyone expects."""
    values: list[Any] = [None, [], {}, "x", -1, 1e308, 10**30, True, [[1]], {"a": []}, "\x1b[2J\n", float("inf")]
    keys = ("format", "sources", "newest_ns", "compression", "segment_bytes", "comment", "date")
    said = json.dumps({key: chance.choice(values) for key in keys if chance.random() < 0.7}).encode()
    if chance.random() < 0.2:
        said = chance.choice((b"[" * 100_000, b"1" * 10_000, b'{"format": NaN}', b'{"a":1,"a":2}', b"\xff"))
    return {"image": with_settings(said)}


def with_settings(said: bytes) -> bytes:
    """An archive of three directories, that says this of itself."""
    data = seeds().plain
    at, blob = next((at, blob) for at, blob in indexes(data) if blob.head.scope == index.TREE)
    head = replace(blob.head, entries=3, digests=0)
    new = index.pack_index(head, directories(3, 2, b"", said), b"")
    return data[:at] + new + ustar.padding(len(new)) + ustar.END


BOMBS: tuple[Callable[[random.Random], Files], ...] = (
    many_rows,
    long_place,
    nested,
    extensions,
    many_volumes,
    alike,
    crossing_map,
    settings,
)
