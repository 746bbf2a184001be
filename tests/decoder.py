"""A reader of archives and a repair of volumes, written from FORMAT.md alone: slow, obvious, and a stranger to pybackup."""

import io
import lzma
import struct
import tarfile
import zlib
from collections import Counter
from hashlib import sha256
from typing import Any, NamedTuple

import numpy as np

Symbols = np.ndarray[Any, np.dtype[np.int64]]
Entry = NamedTuple("Entry", [("path", bytes), ("kind", int), ("sparse", bool), ("size", int), ("members", list[Any])])
Guard = NamedTuple("Guard", [("head", bytes), ("payloads", dict[int, bytes])])  # of one volume, payloads by number
FILTERS = [0, 0, lzma.FILTER_X86, lzma.FILTER_ARM, lzma.FILTER_ARMTHUMB, lzma.FILTER_POWERPC, lzma.FILTER_SPARC]

CONSTANTS = [0x0001, 0xACCA, 0x3C0E, 0x163E, 0xC582, 0xED2E, 0x914C, 0x4012]
CONSTANTS += [0x6C98, 0x10D8, 0x6A72, 0xB900, 0xFDB8, 0xFB34, 0xFF38, 0x991E]
EXPONENT, value = {}, 1
for e in range(65535):
    EXPONENT[value] = e
    value = value << 1 ^ 0x1002D * (value >> 15)
POLYNOMIALS = [0]
for constant in CONSTANTS:
    POLYNOMIALS += [earlier ^ constant for earlier in POLYNOMIALS]
LOG = np.array([0] + [EXPONENT[polynomial] for polynomial in POLYNOMIALS[1:]])
POWER = np.zeros(65535, np.int64)
POWER[LOG[1:]] = np.arange(1, 65536)


def lzma2(data: bytes, dictionary_bytes: int, *before: int) -> bytes:
    chain = [{"id": code} for code in before] + [{"id": lzma.FILTER_LZMA2, "dict_size": dictionary_bytes}]
    return lzma.decompress(data, lzma.FORMAT_RAW, filters=chain)


class Columns(io.BytesIO):
    def numbers(self, n: int) -> list[int]:
        planes, base = struct.unpack("<Bq", self.read(9))
        data = self.read(planes * n)
        return [base + int.from_bytes(data[row::n], "little") for row in range(n)]

    def texts(self, n: int) -> list[bytes]:
        return [self.read(length) for length in self.numbers(n)]


def tree(archive: bytes) -> list[Entry]:
    """Return all entries; a member is (offset, packed, tail, raw, method, dictionary, digest)."""
    at, size = struct.unpack_from("<Q8xQ", archive, 157 + 32)
    head, foot = archive[at : at + 76], archive[at + size - 76 : at + size]
    assert (head[:8], foot[:8], head[8:72]) == (b"XTARIDX{", b"}XTARIDX", foot[8:72])
    digest_bytes, n, digests, base, plain_bytes, body_bytes, digest = struct.unpack("<10xBx12xIIQQQ16s4x", head)
    body = archive[at + 76 : at + 76 + body_bytes]
    sums_at = body_bytes - digests * digest_bytes
    assert zlib.crc32(head[:72]) == int.from_bytes(head[72:], "little") and sha256(body).digest()[:16] == digest
    columns = Columns(lzma2(body[:sums_at], 8 << 20))
    kind, flags, up, _mode, _owner, _s, _ns, excess, counts = (columns.numbers(n) for _ in range(9))
    names, _targets, _extras = (columns.texts(n) for _ in range(3))
    rows = iter(zip(*(columns.numbers(sum(counts)) for _ in range(6)), strict=True))
    entries: list[Entry] = []
    for row in range(n):
        path = entries[row - up[row]].path + b"/" + names[row] if up[row] else names[row]
        members = []
        for gap, packed, tail, raw, method, dictionary in [next(rows) for _ in range(counts[row])]:
            base += gap
            if own := kind[row] == 1:
                sums_at += digest_bytes
            members.append((base, packed, tail, raw, method, dictionary, body[sums_at - digest_bytes : sums_at]))
            base += (packed + 511) // 512 * 512 * own
        size = excess[row] + sum(member[3] for member in members) if kind[row] == 1 else 0
        entries.append(Entry(path, kind[row], bool(flags[row] & 1), size, members))
    assert len(columns.getvalue()) == plain_bytes and sums_at == body_bytes and not list(rows)
    return entries


def extract(archive: bytes, entry: Entry) -> bytes:
    """Return the content of a file."""
    content = b""
    for at, packed, tail, raw, method, dictionary, digest in entry.members:
        stream = archive[at + 32 : at + packed - tail]
        if method == 7:
            stream = zlib.decompress(stream, -15)
        elif method:
            stream = lzma2(stream, 1 << dictionary, *FILTERS[method : method + 1] * (method > 1))
        assert len(stream) == raw and sha256(stream).digest().startswith(digest)
        content += stream
    if entry.sparse:
        with tarfile.open(fileobj=io.BytesIO(content)) as tar:
            content = tar.extractfile(tar.next() or "").read()  # type: ignore[union-attr]
    return content


def decode(k: int, p: int, shards: dict[int, bytes]) -> list[bytes]:
    """Return all shards of a group, data and then parity, from any k of them, by Lagrange interpolation."""
    pow2_k, pow2_p = 1 << (k - 1).bit_length(), 1 << (p - 1).bit_length()
    high, m = pow2_p <= pow2_k, min(pow2_p, pow2_k)
    points = [*range(m, m + k), *range(p)] if high else [*range(k), *range(m, m + p)]
    c: dict[int, Symbols] = {}
    for shard, data in shards.items():
        blocks = np.frombuffer(data, np.uint8).astype(np.int64).reshape(-1, 2, 32)
        c[points[shard]] = (blocks[:, 0] + 256 * blocks[:, 1]).ravel()
    lost = [point for point in points if point not in c]
    assert len(lost) <= p, "beyond repair"
    if high:
        lost += range(p, m)
        u = lost + [j for j in range(p) if j not in lost][: m - len(lost)]
        known = [i for i in c if i not in u]
    else:
        c |= dict.fromkeys(range(k, m), 0 * next(iter(c.values())))
        u = known = ([*range(k, m)] + [i for i in c if not k <= i < m])[:m]
    for j in lost:
        c[j] = np.zeros_like(c[known[0]])
        for i in known:
            above, below = (i, j) if high else (j, i)
            log = sum(LOG[above ^ v] - LOG[below ^ v] for v in u if v not in (i, j))
            c[j] ^= np.where(c[i] == 0, 0, POWER[(LOG[c[i]] + log) % 65535])
    blocks = [c[point].reshape(-1, 1, 32) for point in points]
    return [np.concatenate((b & 255, b >> 8), axis=1).astype(np.uint8).tobytes() for b in blocks]


def guards(volume: bytes) -> Guard:
    """Return the guard sectors of the volume that has most of them."""
    found: dict[bytes, dict[int, bytes]] = {}
    at = volume.find(b"XTPARITY")
    while at >= 0:
        sector = volume[at : at + 2048]
        if zlib.crc32(sector[:124] + sector[128:]) == int.from_bytes(sector[124:128], "little"):
            found.setdefault(sector[:12] + sector[16:124], {})[int.from_bytes(sector[12:16], "little")] = sector[128:]
        at = volume.find(b"XTPARITY", at + 1)
    return Guard(*max(found.items(), key=lambda item: len(item[1])))


def repair(volume: bytes, stream: bytes = b"") -> tuple[bytes, list[int]]:
    """Return the whole volume, or what a sidecar `stream` protects and the sidecar, and the numbers of bad sectors."""
    head, payloads = guards(stream or volume)
    before, after, digest, *numbers = struct.unpack("<12xQQ32s8I28x", head)
    groups, k, p, run, guard_groups, front, spread, back = numbers
    b, a, parities, m = -(-before // 2048), -(-after // 2048), groups * p, front + spread + back
    t = -(-(-(-(b + a + parities) // 480)) // guard_groups)
    if m > t * guard_groups:
        for g in range(guard_groups):
            own = {q // guard_groups: payloads[q] for q in payloads if q % guard_groups == g}
            payloads |= {g + i * guard_groups: s for i, s in enumerate(decode(t, m // guard_groups - t, own))}
    table = np.frombuffer(b"".join(payloads[q] for q in range(t * guard_groups)), "<u4").tolist()
    end = b + parities + m
    guard_at = [*range(b, b + front), *(b + front + s + (s + 1) * parities // (spread + 1) for s in range(spread))]
    guard_at += range(end - back, end)
    data_at = [*range(b), *range(end, end + a)]
    parity_at = sorted({*range(b, end)} - {*guard_at})
    laid = (volume[:before].ljust(b * 2048, b"\0") + stream if stream else volume).ljust((end + a) * 2048, b"\0")
    sectors = [laid[at : at + 2048] for at in range(0, (end + a) * 2048, 2048)]
    members: list[dict[int, int]] = [{} for _ in range(groups)]
    for i, at in enumerate(data_at):
        if groups:
            members[i // run % groups][i // run // groups * run + i % run] = at
    for g in range(groups):
        for j in range(p):
            whole = j // run * run
            members[g][k + j] = parity_at[groups * whole + g * min(run, p - whole) + j - whole]
    sums = zip(data_at + parity_at, table, strict=False)
    bad = sorted(at for at, s in sums if zlib.crc32(at.to_bytes(8, "little") + sectors[at]) != s)
    for group in members:
        if {*group.values()} & {*bad}:
            there = {i: sectors[group[i]] if i in group else bytes(2048) for i in range(k + p)}
            whole_group = decode(k, p, {i: s for i, s in there.items() if group.get(i) not in bad})
            for i, at in group.items():
                sectors[at] = whole_group[i]
    for q, at in enumerate(guard_at):
        sector = head[:12] + q.to_bytes(4, "little") + head[12:]
        sectors[at] = sector + zlib.crc32(sector + payloads[q]).to_bytes(4, "little") + payloads[q]
    front_bytes, behind = b"".join(sectors[:b])[:before], b"".join(sectors[end:])[:after]
    assert sha256(front_bytes + behind).digest() == digest
    return front_bytes + b"".join(sectors[b:end]) + behind, bad
