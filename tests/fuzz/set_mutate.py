"""Hostile changes to what sets and images of discs add, under checksums that are made to fit again."""

from __future__ import annotations

import json
import random
import struct
import zlib
from dataclasses import replace
from typing import Any

from pybackup.container.tables import load_table
from pybackup.errors import FormatError
from pybackup.layout import index, ustar
from pybackup.layout.columns import pack_texts
from pybackup.layout.recovery import HEAD, MAGIC, MAX_VOLUMES, ROW, header_bytes
from pybackup.model.volume import VolumeInfo

from .mutate import damaged, forged_index, guards, indexes, number, with_field

RECOVERY = MAGIC
GOOD = VolumeInfo(b"12345678", "docs", 3, volume_bytes=700_000, group_sectors=24, parity="10%")
_RECOVERY_FIELDS = [(8, "B"), (9, "B"), (10, "H"), (12, "I"), (16, "I"), (20, "I"), (32, "Q"), (40, "I")]
_ROW_FIELDS = [(HEAD.size + row * ROW.size + 8, "Q") for row in range(2)]
_SECTOR = 2048
_ROOT_RECORD = 16 * _SECTOR + 156
# Length, length of the extended part, sector, bytes, flags, unit and gap of interleaving, length of the name.
_RECORD_FIELDS = [(0, "B"), (1, "B"), (2, "I"), (10, "I"), (25, "B"), (26, "B"), (27, "B"), (32, "B")]


def resealed_recovery(chance: random.Random, data: bytes) -> bytes:
    """One or both headers of a recovery volume with a field changed, and the checksum of it."""
    found = [at for at in _places(data, MAGIC) if at + HEAD.size <= len(data)]
    if not found:
        return damaged(chance, data)
    fields = _RECOVERY_FIELDS + _ROW_FIELDS
    lies = chance.getrandbits(32)
    for at in found if chance.random() < 0.5 else found[:1]:
        (volumes,) = struct.unpack_from("<I", data, at + 40)
        size = header_bytes(min(volumes, MAX_VOLUMES))
        head = data[at : at + size]
        if len(head) < HEAD.size + 2 * ROW.size:
            return damaged(chance, data)
        same = random.Random(lies)
        for _ in range(1 + same.randrange(2)):
            head = with_field(same, head, fields)
        (volumes,) = struct.unpack_from("<I", head, 40)
        head = head[: header_bytes(volumes)] if volumes <= MAX_VOLUMES else head
        if same.random() < 0.5 and HEAD.size + volumes * ROW.size <= len(head):
            # The shard is as long as it has to be for the bodies that are told of.
            rows = ROW.iter_unpack(head[HEAD.size : HEAD.size + volumes * ROW.size])
            longest = max((n_bytes for _, n_bytes, _ in rows), default=0)
            shard_bytes = (longest + -longest % _SECTOR) % (1 << 64)
            head = head[:32] + struct.pack("<Q", shard_bytes) + head[40:]
        crc = zlib.crc32(head[HEAD.size :], zlib.crc32(head[: HEAD.size - 4]))
        data = data[:at] + head[: HEAD.size - 4] + struct.pack("<I", crc) + head[HEAD.size :] + data[at + len(head) :]
    return data


def without_parity(data: bytes) -> bytes:
    """The volume without any guard sector, by which damage could be seen."""
    changed = bytearray(data)
    for at in guards(data):
        changed[at : at + _SECTOR] = bytes(_SECTOR)
    return bytes(changed)


def forged_set(chance: random.Random, said: dict[str, Any]) -> object:
    """What the settings hold under ``set``, with some of it of other types, other values, or not there."""
    if chance.random() < 0.1:
        return chance.choice((None, [], "set", 7, True, [said]))
    changed = dict(said)
    for _ in range(1 + chance.randrange(3)):
        field = chance.choice(list(said))
        if chance.random() < 0.1:
            changed.pop(field, None)
            continue
        changed[field] = chance.choice(_values(chance, field))
    return changed


def _values(chance: random.Random, field: str) -> tuple[object, ...]:
    plain: tuple[object, ...] = (None, [], {}, "x", -1, 1e308, 10**30, True, "\ud800", "9" * 5000)
    plain = (*plain, number(chance, 1, 64))
    likely: dict[str, tuple[object, ...]] = {
        "id": ("00" * 8, "zz" * 8, " 1" * 8, "\u0660" * 16, GOOD.set_id.hex()),
        "name": ("..", "../../x", "a\0b", " ", "docs", "x" * 200, "x" * 201, "\udcff", "a/b", "\x1b[2J"),
        "number": (0, 1, 2, 3, 4, 1 << 17, (1 << 18) - 1, 1 << 18),
        "kind": ("data", "recovery", "DATA", ""),
        "last": (False, True, 1),
        "parity": ("none", "10%", "fill", "1e9%", "-1", "9" * 30, "nan", "fill:" + "9" * 20),
        "group_sectors": (0, 1, 65536, 1 << 40),
        "volume_bytes": (0, 1, 1 << 62, (1 << 63) - 1),
    }
    return plain if chance.random() < 0.3 else likely[field]


def other_settings(chance: random.Random, data: bytes) -> bytes:
    """An index of the tree, own or another volume's, that tells otherwise of the set."""
    found = [(at, blob) for at, blob in indexes(data) if blob.head.scope == index.TREE]
    if not found:
        return damaged(chance, data)
    at, blob = chance.choice(found)
    try:
        old = load_table(blob).settings
        said = json.loads(old)
    except (FormatError, ValueError, RecursionError):
        return damaged(chance, data)
    if not isinstance(said, dict):
        return damaged(chance, data)
    there = said.get("set")
    said["set"] = forged_set(chance, there if isinstance(there, dict) and there else GOOD.settings())
    plain = blob.plain.removesuffix(pack_texts([old])) + pack_texts([json.dumps(said).encode()])
    return _with_index(data, at, blob, index.pack_index(blob.head, plain, blob.digests))


def set_indexes(chance: random.Random, data: bytes) -> bytes:
    """An index that lies, or one more than there were, or one of them again and again."""
    found = [(at, blob) for at, blob in indexes(data) if blob.head.scope == index.TREE]
    if not found:
        return damaged(chance, data)
    at, blob = chance.choice(found)
    packed = data[at : at + blob.head.total_bytes]
    kind = chance.randrange(4)
    if kind == 0:
        return data[:at] + packed * chance.choice((1, 2, 200)) + data[at:]
    if kind == 1:
        head = replace(blob.head, scope=index.CONTAINER)
        return _with_index(data, at, blob, index.pack_index(head, blob.plain, blob.digests))
    if kind == 2:
        # Many feet, none of which has an index.
        foot = packed[-index.HEAD.size :]
        return data[:at] + foot * chance.choice((3, 1000)) + data[at:]
    return _with_index(data, at, blob, forged_index(chance, blob))


def _with_index(data: bytes, at: int, blob: index.Blob, new: bytes) -> bytes:
    """Put it where the old one was, and so that it ends there: that is where it is looked for."""
    end = at + blob.head.total_bytes
    if len(new) <= blob.head.total_bytes:
        return data[: end - len(new)] + new + data[end:]
    more = -(-(len(new) - (end - at)) // ustar.BLOCK) * ustar.BLOCK
    return data[:at] + bytes(more - (len(new) - (end - at))) + new + data[end:]


def directory_record(chance: random.Random, data: bytes) -> bytes:
    """A record of the root directory of an image changed, made one of many extents, or there hundreds of times."""
    records = _records(data)
    if not records:
        return damaged(chance, data)
    at = chance.choice(records)
    kind = chance.randrange(4)
    if kind < 2:
        return with_field(chance, data, _RECORD_FIELDS, at)
    if kind == 2:
        other = chance.choice(records)
        return data[: other + 2] + data[at + 2 : at + 14] + data[other + 14 :]
    # Another directory, in front of everything else that is there: as long as it likes.
    record = data[at : at + data[at]]
    rows = chance.choice((5, 3000)) * (record + bytes(chance.choice((0, 1))))
    grown = data + bytes(-len(data) % _SECTOR)
    fields = struct.pack("<II", len(grown) // _SECTOR, 0), struct.pack("<II", len(rows), 0)
    grown = grown[: _ROOT_RECORD + 2] + b"".join(fields) + grown[_ROOT_RECORD + 18 :]
    return grown + rows


def descriptor(chance: random.Random, data: bytes) -> bytes:
    """The primary volume descriptor with other numbers for the root directory, or another descriptor before it."""
    if len(data) < 20 * _SECTOR:
        return damaged(chance, data)
    if chance.random() < 0.7:
        return with_field(chance, data, _RECORD_FIELDS, _ROOT_RECORD)
    kind = chance.choice((0, 1, 2, 255))
    block = bytes([kind]) + data[16 * _SECTOR + 1 : 17 * _SECTOR]
    return data[: 16 * _SECTOR] + block * chance.choice((1, 2, 40)) + data[16 * _SECTOR :]


def _records(data: bytes) -> list[int]:
    if len(data) < _ROOT_RECORD + 34:
        return []
    sector, _, n_bytes = struct.unpack_from("<III", data, _ROOT_RECORD + 2)
    at, found = sector * _SECTOR, []
    end = min(len(data) - 34, at + n_bytes)
    while at < end and data[at]:
        found.append(at)
        at += data[at]
    return found


def _places(data: bytes, what: bytes) -> list[int]:
    found = []
    at = data.find(what)
    while at >= 0:
        found.append(at)
        at = data.find(what, at + len(what))
    return found
