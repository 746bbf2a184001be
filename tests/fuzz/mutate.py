"""Hostile changes: random damage, and fields changed under checksums that are made to fit again.

Damage that a checksum catches tests the checksum only. So every structure that has one can be resealed.
"""

from __future__ import annotations

import random
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from pybackup.errors import FormatError
from pybackup.layout import guard, index, note, pax, stamp, ustar
from pybackup.sector import SECTOR

SIGNATURE = b"7z\xbc\xaf\x27\x1c"
_EDGES = sorted(
    {0, 1, 2, 3, 255, 256, 4096, 65535, 65536, 1 << 20, 10**9, 10**18}
    | {(1 << bits) + more for bits in (31, 32, 62, 63, 64) for more in (-1, 0, 1)}
)
# Offset and type of each field that a sealed structure lets a liar choose.
_NOTE_FIELDS = [(5, "B"), (6, "B"), (7, "B"), (8, "Q"), *((at, "I") for at in (16, 20, 24, 28, 88))]
_NOTE_FIELDS += [(32, "Q"), (40, "Q"), (48, "Q"), (56, "Q"), (92, "B"), (93, "B"), (4, "B")]
_TAR_FIELDS = [(100, 8), (108, 8), (116, 8), (124, 12), (136, 12), (329, 8), (337, 8)]
_HEAD_FIELDS = [(8, "B"), (9, "B"), (10, "B"), (11, "B"), (12, "Q"), *((at, "I") for at in (20, 24, 28))]
_HEAD_FIELDS += [(at, "Q") for at in (32, 40, 48, 56)]
_GUARD_FIELDS = [(8, "B"), (9, "B"), (10, "H"), (12, "I"), (16, "Q"), (24, "Q"), (32, "Q")]
_GUARD_FIELDS += [(at, "I") for at in range(64, 96, 4)]
_SHARED_FIELDS = [field for field in _GUARD_FIELDS if field[0] != 12]


def number(chance: random.Random, now: int, bits: int) -> int:
    """Another value of an unsigned field of so many bits: an edge, a neighbour, anything."""
    value = chance.choice(
        (
            chance.choice(_EDGES),
            now + chance.choice((-1, 1, -2, 2, 512, -512, 2048, -2048)),
            now * 2,
            now // 2,
            chance.getrandbits(bits),
            chance.randrange(300),
        )
    )
    return value % (1 << bits)


def with_field(chance: random.Random, data: bytes, fields: list[tuple[int, str]], start: int = 0) -> bytes:
    """The bytes with one of the fields changed."""
    at, form = chance.choice(fields)
    packing = struct.Struct("<" + form)
    (now,) = packing.unpack_from(data, start + at)
    changed = bytearray(data)
    packing.pack_into(changed, start + at, number(chance, now, 8 * packing.size))
    return bytes(changed)


def damaged(chance: random.Random, data: bytes) -> bytes:
    """Any damage, which most checksums see."""
    return chance.choice(_DAMAGES)(chance, data) if data else chance.randbytes(100)


def _flip(chance: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 8, 60))):
        changed[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _stretch(chance: random.Random, data: bytes) -> tuple[int, int]:
    """Two offsets, often of whole blocks."""
    grain = chance.choice((1, ustar.BLOCK, SECTOR))
    start = chance.randrange(len(data)) // grain * grain
    return start, min(len(data), start + grain * chance.choice((1, 1, 2, 5, 30)))


def _overwrite(chance: random.Random, data: bytes) -> bytes:
    start, end = _stretch(chance, data)
    count = end - start
    source = chance.randrange(len(data)) // ustar.BLOCK * ustar.BLOCK
    other = data[source : source + count].ljust(count, b"\0")
    return data[:start] + chance.choice((bytes(count), chance.randbytes(count), other)) + data[end:]


def _insert(chance: random.Random, data: bytes) -> bytes:
    start, end = _stretch(chance, data)
    at = chance.randrange(len(data)) // ustar.BLOCK * ustar.BLOCK
    return data[:at] + data[start:end] + data[at:]


def _delete(chance: random.Random, data: bytes) -> bytes:
    start, end = _stretch(chance, data)
    return data[:start] + data[end:]


def _truncate(chance: random.Random, data: bytes) -> bytes:
    return data[: chance.randrange(len(data))]


def _repeat(chance: random.Random, data: bytes) -> bytes:
    start, _ = _stretch(chance, data)
    return data + data[start:] if chance.random() < 0.5 else data[start:] + data


_DAMAGES = (_flip, _flip, _overwrite, _overwrite, _insert, _delete, _truncate, _repeat)


def headers(data: bytes) -> list[int]:
    """Offsets of all tar headers."""
    return [at for at in range(0, len(data), ustar.BLOCK) if data.startswith(ustar.MAGIC, at + ustar.MAGIC_OFFSET)]


def resealed_header(chance: random.Random, data: bytes) -> bytes:
    """A tar header with a field changed, of its note or its own, and everything that vouches for it put right."""
    found = headers(data)
    if not found:
        return damaged(chance, data)
    at = chance.choice(found)
    block = data[at : at + ustar.BLOCK]
    if len(block) < ustar.BLOCK:
        return damaged(chance, data)
    kind = chance.randrange(4)
    if kind == 0:
        block = with_field(chance, block, _NOTE_FIELDS, ustar.NOTE_OFFSET)
    elif kind == 1:
        block = _tar_number(chance, block)
    elif kind == 2:
        name = chance.choice((b"..", b"/", b"../outside/evil", b"a/../../outside/evil", b"", b"\xff" * 100, b"a" * 100))
        block = name.ljust(100, b"\0") + block[100:]
    else:
        block = block[:156] + chance.choice((b"0", b"1", b"2", b"3", b"5", b"6", b"x", b"L", b"K")) + block[157:]
    sealed = note.seal(block) if block[ustar.NOTE_OFFSET :].startswith(note.MAGIC) else ustar.with_checksum(block)
    if stamp.has_stamp(block):
        sealed = _restamped(chance, block)
    return data[:at] + sealed + data[at + ustar.BLOCK :]


def _tar_number(chance: random.Random, block: bytes) -> bytes:
    at, width = chance.choice(_TAR_FIELDS)
    value = number(chance, 0, 8 * width - 2) * chance.choice((1, 1, -1))
    try:
        field = ustar.number(value, width)
    except ValueError:
        field = chance.randbytes(width)
    return block[:at] + field.ljust(width, b"\0") + block[at + width :]


def _restamped(chance: random.Random, block: bytes) -> bytes:
    try:
        return stamp.stamp(block, replace(stamp.Stamp(), mtime_ns=number(chance, 5, 32)))
    except FormatError:
        return block


def resealed_extension(chance: random.Random, data: bytes) -> bytes:
    """The records of a pax member changed, and the CRC of them in the note behind put right."""
    found = [at for at in headers(data) if data[at + 156 : at + 157] == ustar.PAX]
    if not found:
        return resealed_header(chance, data)
    at = chance.choice(found)
    body, size = at + ustar.BLOCK, ustar.parse_number(data[at + 124 : at + 136])
    behind = body + ustar.padded(size)
    changed = _records(chance, data[body : body + size])[:size].ljust(size, b"\n")
    extension = data[at:body] + changed + data[body + size : behind]
    block = data[behind : behind + ustar.BLOCK]
    if len(block) == ustar.BLOCK:
        crc = ustar.NOTE_OFFSET + 93
        block = note.seal(block[:crc] + note.pax_crc(extension) + block[crc + 3 :])
    return data[:at] + extension + block + data[behind + ustar.BLOCK :]


def _records(chance: random.Random, data: bytes) -> bytes:
    if chance.random() < 0.5:
        return damaged(chance, data)
    keys = (b"path", b"linkpath", b"mtime", b"SCHILY.xattr.user.x", b"SCHILY.acl.access", b"comment", b"uname")
    values = (b"../outside/evil", b"PYBACKUP name=..", b"1e99", b"-" + b"9" * 20, b"user::rwx,", b"\0", b"x" * 300)
    return pax.pack_records({chance.choice(keys): chance.choice(values) for _ in range(3)})


def indexes(data: bytes) -> list[tuple[int, index.Blob]]:
    """Offset and content of every whole index."""
    found = []
    at = data.find(index.HEAD_MAGIC)
    while at >= 0:
        try:
            head = index.Head.unpack(data[at : at + index.HEAD.size])
            found.append((at, index.unpack_index(data[at : at + head.total_bytes])))
        except FormatError:
            pass
        at = data.find(index.HEAD_MAGIC, at + 8)
    return found


def resealed_index(chance: random.Random, data: bytes) -> bytes:
    """An index with other columns or another head, that vouches for itself; what points to it follows."""
    found = indexes(data)
    if not found:
        return damaged(chance, data)
    at, blob = chance.choice(found[-1:] * 2 + found)
    new = forged_index(chance, blob)
    end = at + blob.head.total_bytes
    end += -(end - at) % ustar.BLOCK
    header = data[at - ustar.BLOCK : at]
    moved = len(new) + -len(new) % ustar.BLOCK - (end - at)
    if len(header) == ustar.BLOCK:
        header = header[:124] + ustar.number(len(new), 12).ljust(12, b"\0") + header[136:]
        header = _with_note(header, 32, len(new))
    changed = data[: at - ustar.BLOCK] + header + new + ustar.padding(len(new)) + data[end:]
    if blob.head.scope == index.TREE and changed[ustar.NOTE_OFFSET :].startswith(note.MAGIC):
        first = _with_note(_with_note(changed[: ustar.BLOCK], 48, len(new)), 40, len(changed))
        changed = first + changed[ustar.BLOCK :]
    return changed if moved < 1 << 26 else data


def _with_note(block: bytes, at: int, value: int) -> bytes:
    at += ustar.NOTE_OFFSET
    return note.seal(block[:at] + struct.pack("<Q", value) + block[at + 8 :])


def forged_index(chance: random.Random, blob: index.Blob) -> bytes:
    """A whole index that is right by its checksums."""
    plain, digests, head = blob.plain, blob.digests, blob.head
    kind = chance.randrange(5)
    if kind == 0:
        plain = damaged(chance, plain)
    elif kind == 1:
        plain = _forged_columns(chance, plain, head.entries)
    elif kind == 2:
        bits = {"entries": 32, "digests": 32, "container": 32, "base": 64}
        field = chance.choice(list(bits))
        changes: dict[str, Any] = {field: number(chance, getattr(head, field), bits[field])}
        head = replace(head, **changes)
    elif kind == 3:
        digests = damaged(chance, digests)
    packed = index.pack_index(head, plain, digests)
    if kind == 4:
        start = with_field(chance, packed[: index.HEAD.size], _HEAD_FIELDS)[:-4]
        crc = zlib.crc32(start).to_bytes(4, "little")
        foot = index.FOOT_MAGIC + start[8:]
        packed = start + crc + packed[index.HEAD.size : -index.HEAD.size]
        packed += foot + zlib.crc32(foot).to_bytes(4, "little")
    return packed


def _forged_columns(chance: random.Random, plain: bytes, entries: int) -> bytes:
    """The head of one of the first columns changed, or one of its values."""
    at = 0
    for _ in range(chance.randrange(10)):
        if at + 9 < len(plain):
            at += 9 + plain[at] * entries
    if at + 9 >= len(plain):
        return damaged(chance, plain)
    planes, base = struct.unpack_from("<Bq", plain, at)
    values = plain[at + 9 : at + 9 + planes * entries]
    if values and chance.random() < 0.5:
        values = _flip(chance, values)
    elif chance.random() < 0.8:
        base = number(chance, base % (1 << 64), 64) - (1 << 63) * chance.randrange(2)
        base = max(-(1 << 63), min(base, (1 << 63) - 1))
    else:
        planes = chance.randrange(10)
    return plain[:at] + struct.pack("<Bq", planes, base) + values + plain[at + 9 + len(values) :]


def guards(data: bytes) -> list[int]:
    """Offsets of what begins like a guard sector."""
    return [at for at in _everywhere(data, guard.MAGIC) if at + SECTOR <= len(data)]


def _everywhere(data: bytes, what: bytes) -> Iterator[int]:
    at = data.find(what)
    while at >= 0:
        yield at
        at = data.find(what, at + len(what))


def sealed_guard(sector: bytes) -> bytes:
    """The sector with its CRC."""
    crc = zlib.crc32(sector[128:], zlib.crc32(sector[:124]))
    return sector[:124] + crc.to_bytes(4, "little") + sector[128:]


def resealed_guards(chance: random.Random, data: bytes) -> bytes:
    """Guard sectors with another geometry or payload: one, some, or all of them the same lie."""
    found = guards(data)
    if not found:
        return damaged(chance, data)
    chosen = chance.choice((found, found, found[:1], found[-1:], chance.sample(found, len(found) // 2 or 1)))
    changed = bytearray(data)
    if chance.random() < 0.7:
        lies = random.Random(chance.getrandbits(32))
        state = lies.getstate()
        for at in chosen:
            lies.setstate(state)
            sector = data[at : at + SECTOR]
            for _ in range(1 + lies.randrange(3)):
                sector = with_field(lies, sector, _SHARED_FIELDS if len(chosen) > 1 else _GUARD_FIELDS)
            changed[at : at + SECTOR] = sealed_guard(sector)
    else:
        for at in chosen:
            sector = data[at : at + 128] + damaged(chance, data[at + 128 : at + SECTOR])
            changed[at : at + SECTOR] = sealed_guard(sector[:SECTOR].ljust(SECTOR, b"\0"))
    return bytes(changed)


def resealed_7z(chance: random.Random, data: bytes) -> bytes:
    """A ``.7z`` whose headers lie, with CRCs that fit."""
    found = [at for at in _everywhere(data, SIGNATURE) if at % ustar.BLOCK == 0 and at + 32 <= len(data)]
    if not found:
        return damaged(chance, data)
    at = chance.choice(found)
    start = data[at : at + 32]
    stream_bytes, tail_bytes = struct.unpack_from("<QQ", start, 12)
    tail_at = at + 32 + stream_bytes
    if chance.random() < 0.7 and 0 < tail_bytes <= 4096 and tail_at + tail_bytes <= len(data):
        tail = damaged(chance, data[tail_at : tail_at + tail_bytes])[:tail_bytes].ljust(tail_bytes, b"\0")
        start = start[:28] + zlib.crc32(tail).to_bytes(4, "little")
        data = data[:tail_at] + tail + data[tail_at + tail_bytes :]
    else:
        start = with_field(chance, start, [(12, "Q"), (20, "Q"), (28, "I"), (6, "B"), (7, "B")])
    start = start[:8] + zlib.crc32(start[12:]).to_bytes(4, "little") + start[12:]
    return data[:at] + start + data[at + 32 :]


def duplicated(chance: random.Random, data: bytes) -> bytes:
    """One structure written over another of any kind, whole."""
    found = headers(data) + guards(data) + [at for at, _ in indexes(data)]
    if len(found) < 2:
        return damaged(chance, data)
    source, target = chance.sample(found, 2)
    count = chance.choice((ustar.BLOCK, ustar.BLOCK, SECTOR, 3 * SECTOR))
    copy = data[source : source + count]
    return data[:target] + copy + data[target + len(copy) :]


def stripped(chance: random.Random, data: bytes) -> bytes:
    """The archive without its tree index, and often without the others, so that what is left counts."""
    changed = bytearray(data)
    everything = chance.random() < 0.5
    for at, blob in indexes(data):
        if everything or blob.head.scope == index.TREE:
            changed[at : at + blob.head.total_bytes] = bytes(blob.head.total_bytes)
    return bytes(changed)


Mutation = Callable[[random.Random, bytes], bytes]
ARCHIVE_MUTATIONS: tuple[Mutation, ...] = (
    damaged,
    resealed_header,
    resealed_header,
    resealed_extension,
    resealed_index,
    resealed_index,
    resealed_7z,
    duplicated,
)
VOLUME_MUTATIONS: tuple[Mutation, ...] = (
    damaged,
    damaged,
    resealed_guards,
    resealed_guards,
    resealed_header,
    duplicated,
)


def mutated(chance: random.Random, data: bytes, mutations: tuple[Mutation, ...], most: int = 4) -> bytes:
    """The bytes after one to ``most`` of the mutations."""
    for _ in range(1 + chance.randrange(most)):
        data = chance.choice(mutations)(chance, data)
    return data
