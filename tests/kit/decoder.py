"""A reader of archives and a repair of volumes, written from FORMAT.md alone: slow, obvious, a stranger to pybackup."""

import io
import lzma
import struct
import tarfile
import zlib
from hashlib import sha256
from itertools import product
from typing import Any

import numpy as np

FILTERS = [0, 0, lzma.FILTER_X86, lzma.FILTER_ARM, lzma.FILTER_ARMTHUMB, lzma.FILTER_POWERPC, lzma.FILTER_SPARC]
EXPONENT, POLYNOMIALS, value = {}, [0], 1
for exponent in range(65535):
    EXPONENT[value] = exponent
    value = value << 1 ^ 0x1002D * (value >> 15)
for constant in np.frombuffer(bytes.fromhex("0001ACCA3C0E163EC582ED2E914C40126C9810D86A72B900FDB8FB34FF38991E"), ">u2"):
    POLYNOMIALS += [earlier ^ int(constant) for earlier in POLYNOMIALS]
LOG = np.array([0] + [EXPONENT[polynomial] for polynomial in POLYNOMIALS[1:]])
POWER = np.concatenate(([0], np.argsort(LOG[1:]) + 1))[1:]


def decoded(stream: bytes, method: int, dictionary: int) -> bytes:
    """Return the bytes of a packed stream (8)."""
    if method in (0, 7):
        return zlib.decompress(stream, -15) if method else stream
    chain = [{"id": FILTERS[method]}] * (method > 1) + [{"id": lzma.FILTER_LZMA2, "dict_size": 1 << dictionary}]
    return lzma.decompress(stream, lzma.FORMAT_RAW, filters=chain)


def tree(archive: bytes) -> list[Any]:
    """Return all entries, (path, kind, flags, size, members), by the tree index (12, 13)."""
    head = archive[int.from_bytes(archive[157 + 32 : 157 + 40], "little") :]
    magic, kept, n, digests, end, plain_bytes, body_bytes, digest, crc = struct.unpack_from("<8s2xBx12xIIQQQ16sI", head)
    body = head[76 : 76 + body_bytes]
    assert (magic, crc, digest) == (b"XTARIDX{", zlib.crc32(head[:72]), sha256(body).digest()[:16])
    sums = io.BytesIO(body[body_bytes - digests * kept :])
    columns = io.BytesIO(decoded(body[: body_bytes - digests * kept], 1, 23))

    def numbers(n: int) -> list[int]:
        planes, base = struct.unpack("<Bq", columns.read(9))
        data = columns.read(planes * n)
        return [base + int.from_bytes(data[row::n], "little") for row in range(n)]

    kind, flags, up, _mode, _owner, _seconds, _ns, excess, counts = (numbers(n) for _ in range(9))
    names, _targets, _extras = ([columns.read(length) for length in numbers(n)] for _ in range(3))
    rows = iter(zip(*(numbers(sum(counts)) for _ in range(6)), strict=True))
    entries: list[Any] = []
    for row in range(n):
        path = entries[row - up[row]][0] + b"/" + names[row] if up[row] else names[row]
        members, is_file = [], kind[row] == 1
        for gap, packed, *rest in [next(rows) for _ in range(counts[row])]:
            members.append((end + gap, packed, *rest, sums.read(kept * is_file)))
            end += gap + (packed if flags[row] & 4 else (packed + 511) // 512 * 512 * is_file)
        size = (excess[row] + sum(member[3] for member in members)) * is_file
        entries.append((path, kind[row], flags[row], size, members))
    assert (len(columns.getvalue()), sums.read(), list(rows)) == (plain_bytes, b"", [])
    return entries


def extract(archive: bytes, flags: int, members: list[Any]) -> bytes:
    """Return the content of a file, by what `tree` tells of it (8, 9, 24)."""
    content, skip = b"", 0 if flags & 4 else 32
    for at, packed, tail, raw, method, dictionary, digest in members:
        part = decoded(archive[at + skip : at + packed - tail], method, dictionary)
        assert (len(part), sha256(part).digest()) == (raw, digest)
        content += part
    if flags & 1:
        with tarfile.open(fileobj=io.BytesIO(content)) as tar:
            content = tar.extractfile(tar.getmembers()[0]).read()  # type: ignore[union-attr]
    return content


def decode(k: int, p: int, shards: dict[int, bytes]) -> list[bytes]:
    """Return all shards of a group, data and then parity, from any k of them, by Lagrange interpolation (20.6)."""
    high, m = (p - 1).bit_length() <= (k - 1).bit_length(), 1 << min((p - 1).bit_length(), (k - 1).bit_length())
    points = [*range(m, m + k), *range(p)] if high else [*range(k), *range(m, m + p)]
    blocks = {points[i]: np.frombuffer(data, np.uint8).astype(int).reshape(-1, 2, 32) for i, data in shards.items()}
    c = {point: block[:, 0] + 256 * block[:, 1] for point, block in blocks.items()}
    lost = [point for point in points if point not in c]
    u = [*lost, *range(p, m), *(set(range(p)) - set(lost))][:m]
    c |= {} if high else dict.fromkeys(range(k, m), 0 * next(iter(c.values())))
    known = [i for i in c if i not in u] if high else ([*range(k, m)] + [i for i in c if not k <= i < m])[:m]
    for j in lost:
        c[j] = 0 * c[known[0]]
        for i in known:
            above, below, others = (i, j, u) if high else (j, i, known)
            log = sum(LOG[above ^ v] - LOG[below ^ v] for v in others if v not in (i, j))
            c[j] ^= np.where(c[i] == 0, 0, POWER[(LOG[c[i]] + log) % 65535])
    return [np.stack((c[i] & 255, c[i] >> 8), axis=1).astype(np.uint8).tobytes() for i in points]


def guards(volume: bytes) -> tuple[bytes, dict[int, bytes]]:
    """Return the head without number and CRC, and the payloads by number, where most guard sectors agree (20.2)."""
    found: dict[bytes, dict[int, bytes]] = {}
    for at in (at for at in range(len(volume)) if volume.startswith(b"XTPARITY", at)):
        head, crc, payload = volume[at : at + 124], volume[at + 124 : at + 128], volume[at + 128 : at + 2048]
        if zlib.crc32(head + payload) == int.from_bytes(crc, "little"):
            found.setdefault(head[:12] + head[16:], {})[int.from_bytes(head[12:16], "little")] = payload
    return max(found.items(), key=lambda item: len(item[1]))


def repair(volume: bytes, stream: bytes = b"") -> tuple[bytes, list[int]]:
    """Return the whole volume, or what a sidecar `stream` protects and the sidecar, and the numbers of bad sectors."""
    head, payloads = guards(stream or volume)
    before, after, digest, groups, k, p, run, guard_groups, front, spread, back = struct.unpack("<12xQQ32s8I28x", head)
    b, a, parities, m = -(-before // 2048), -(-after // 2048), groups * p, front + spread + back
    end, t = b + parities + m, -(-(b + a + parities) // (480 * guard_groups))
    for g in range(guard_groups):
        own = {q // guard_groups: payload for q, payload in payloads.items() if q % guard_groups == g}
        shards = decode(t, m // guard_groups - t, own) if m > t * guard_groups else ()
        payloads |= {g + guard_groups * i: shard for i, shard in enumerate(shards)}
    guard_at = [*range(b, b + front), *(b + front + s + (s + 1) * parities // (spread + 1) for s in range(spread))]
    guard_at += range(end - back, end)
    laid = volume[:before].ljust(b * 2048, b"\0") + (stream or volume[before:])
    sectors = [laid[at : at + 2048].ljust(2048, b"\0") for at in range(0, (end + a + 1) * 2048, 2048)]
    data_at, parity_at = [*range(b), *range(end, end + a)], sorted({*range(b, end)} - {*guard_at})
    where = {(i // run % groups, i // run // groups * run + i % run): at for i, at in enumerate(data_at) if groups}
    for g, j in product(range(groups), range(p)):
        first = j // run * run
        where[g, k + j] = parity_at[groups * first + g * min(run, p - first) + j - first]
    table = struct.iter_unpack("<I", b"".join(payloads[q] for q in range(t * guard_groups)))
    sums = zip(data_at + parity_at, table, strict=False)
    bad = sorted(at for at, (crc,) in sums if zlib.crc32(at.to_bytes(8, "little") + sectors[at]) != crc)
    for g in range(groups):
        numbers = [where.get((g, i), end + a) for i in range(k + p)]  # where there is nothing: the zeros behind the end
        there = {i: sectors[at] for i, at in enumerate(numbers) if at not in bad}
        for at, shard in zip(numbers, decode(k, p, there) if len(there) < k + p else (), strict=False):
            sectors[at] = shard
    for q, at in enumerate(guard_at):
        numbered = head[:12] + q.to_bytes(4, "little") + head[12:]
        sectors[at] = numbered + zlib.crc32(numbered + payloads[q]).to_bytes(4, "little") + payloads[q]
    protected = b"".join(sectors[:b])[:before], b"".join(sectors[end:])[:after]
    assert sha256(b"".join(protected)).digest() == digest
    return b"".join(sectors[b:end]).join(protected), bad
