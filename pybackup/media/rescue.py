#!/usr/bin/env python3
"""Get files back from a pybackup archive with nothing but Python: no pybackup, no network, no other package.

You found a disc, an image of one, or a file whose name ends in ``.xtar``. It is a backup. This program reads it:

    python3 rescue.py list    ARCHIVE                     what is in it
    python3 rescue.py verify  ARCHIVE                     is all of it still right?
    python3 rescue.py extract ARCHIVE --to DIR [PATH...]  put it back below DIR, or only the PATHs
    python3 rescue.py salvage ARCHIVE --to DIR [PATH...]  the same for a damaged one, pieces of files too

ARCHIVE is the ``.xtar`` file, an ISO image that holds it, or the drive itself (/dev/sr0). From a disc that reads badly
make an image first (GNU ddrescue), and work on that. Python 3.8 or later, on anything that runs it.

What it promises: a file gets its name only if its checksum agrees; what exists is never overwritten; every file that
is lost is named; nothing is written outside of DIR, whatever the archive says. What it cannot do: rebuild damaged
parts from the parity that the archive may hold. ``pip install pybackup``, then ``pybackup repair`` can.

Exit status: 0 all is back (or right); 1 something is lost, and was named; 2 it was called wrongly; 3 DIR cannot be
written, or ARCHIVE cannot be opened; 4 there is no archive in ARCHIVE.

How an archive is built, as far as this file goes (FORMAT.md has all of it, the numbers below are its sections):
it is a tar, in which each directory that has files is a tar again, nested in place as the member ``DIR/.xtar``. Each
file is a small ``.7z``, or several if it is long ("segments"). Ours is what stands where no tar looks: a *note* in
the link name of each header (6), an *index* at the end of each nested tar and one of the whole tree at the end (12,
13), *guard sectors* with a checksum of every 2,048 bytes (20). This file reads the tree index if it can; else it
looks at every 512 bytes for what is left of all these.
"""

from __future__ import annotations

import argparse
import errno
import hashlib
import json
import lzma
import os
import stat
import struct
import sys
import time
import zlib
from array import array
from bisect import bisect_left, bisect_right
from collections import Counter
from typing import Any, Callable, Dict, Iterable, Iterator, List, NamedTuple, Optional, Sequence, Set, Tuple, Union

try:
    import grp
    import pwd
except ImportError:  # Windows has no such names
    grp = pwd = None  # type: ignore[assignment]

BLOCK, SECTOR, STEP = 512, 2048, 1 << 20
MAX_SEGMENT = 256 << 20
MAX_OFFSET = 1 << 62
FILE, DIRECTORY, SYMLINK, HARDLINK, FIFO, CHARACTER, BLOCK_DEVICE = range(1, 8)
CONTENT, CONTAINER, INDEX, LOCATOR, OTHER, PARITY = range(1, 7)
KIND_OF_TYPE = {b"1": HARDLINK, b"2": SYMLINK, b"3": CHARACTER, b"4": BLOCK_DEVICE, b"5": DIRECTORY, b"6": FIFO}
IS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0
# Directories by descriptor: so nothing on the way can be swapped for a link, and no path is too long.
BY_DESCRIPTOR = os.open in os.supports_dir_fd and hasattr(os, "O_NOFOLLOW")

Piece = Union[bytes, int]  # content in order: bytes, or how many of them are lost


class Damaged(Exception):
    """A structure that is damaged, cut, or not of the form that FORMAT.md demands."""


class Hopeless(Exception):
    """The run cannot go on; its exit status goes with the message."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def padded(size: int) -> int:
    """Return ``size`` rounded up to whole blocks."""
    return size + -size % BLOCK


def shown(path: bytes) -> str:
    """Return a name for the screen: no byte of it can do harm there."""
    text = path.decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


# ---------------------------------------------------------------- what holds the archive


class Image:
    """A file or device, read from ``base`` on, where the archive starts."""

    def __init__(self, path: str) -> None:
        try:
            self._file = open(path, "rb", buffering=0)
            self.size = self._file.seek(0, os.SEEK_END)
        except OSError as error:
            raise Hopeless(3, "%s: %s" % (path, error.strerror)) from error
        self.base = 0

    def read(self, offset: int, count: int) -> bytes:
        """Return up to ``count`` bytes of the archive: fewer at the end of the image."""
        start = self.base + offset
        count = min(count, self.size - start)
        parts: List[bytes] = []
        if start < 0 or count <= 0:
            return b""
        self._file.seek(start)
        while count > 0:
            part = self._file.read(count)
            if not part:
                break
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    def exactly(self, offset: int, count: int) -> bytes:
        """Return ``count`` bytes of the archive, or say that they are damaged."""
        try:
            data = self.read(offset, count)
        except OSError as error:
            raise Damaged("the medium cannot be read there: %s" % error.strerror) from error
        if len(data) != count:
            raise Damaged("the archive ends before it")
        return data

    def left(self, offset: int, count: int) -> bytes:
        """Return what can be read of ``count`` bytes, zeros for sectors that cannot."""
        count = min(count, self.size - self.base - offset)
        try:
            return self.read(offset, count)
        except OSError:
            parts = []
            while count > 0:
                step = min(SECTOR - (self.base + offset) % SECTOR, count)
                try:
                    parts.append(self.read(offset, step))
                except OSError:
                    parts.append(bytes(step))
                offset, count = offset + step, count - step
            return b"".join(parts)

    def chunks(self, overlap: int = 0) -> Iterator[Tuple[int, bytes]]:
        """Yield offset and bytes of all of the image, from its first byte."""
        for start in range(-self.base, self.size - self.base, 8 * STEP):
            yield start, self.left(start, 8 * STEP + overlap)


# ---------------------------------------------------------------- tar headers (4, 5, 6, 7)


class TarHeader(NamedTuple):
    """The fields of a tar header."""

    name: bytes
    mode: int
    uid: int
    gid: int
    size: int
    mtime: int
    typeflag: bytes
    linkname: bytes
    user: bytes
    group: bytes
    device: Tuple[int, int]


def tar_number(field: bytes) -> int:
    """Return a number of a tar header: octal, or base 256 where the first bit is set."""
    if field[0] & 0x80:
        value = int.from_bytes(field, "big") & ((1 << (8 * len(field) - 1)) - 1)
        return value - (1 << (8 * len(field) - 1)) if field[0] & 0x40 else value
    digits = field.strip(b" \0")
    if digits.strip(b"01234567"):
        raise Damaged("a tar header with a number that is none")
    return int(digits or b"0", 8)


def tar_header(block: bytes, check_sum: bool = True) -> TarHeader:
    """Return the tar header in 512 bytes."""
    if len(block) != BLOCK or block[257:265] != b"ustar\x0000" or any(block[500:]):
        raise Damaged("no tar header")
    if check_sum and tar_number(block[148:156]) != sum(block) - sum(block[148:156]) + 256:
        raise Damaged("a tar header with a wrong checksum")
    places = ((100, 108), (108, 116), (116, 124), (124, 136), (329, 337), (337, 345))
    mode, uid, gid, size, major, minor = (tar_number(block[start:end]) for start, end in places)
    mtime = tar_number(block[136:148])
    small = (mode, uid, gid, major, minor)
    if min(size, *small) < 0 or max(small) > 0xFFFFFFFF or max(size, abs(mtime)) > MAX_OFFSET:
        raise Damaged("a tar header with an impossible number")
    name, link, user, group, prefix = (
        block[start:end].split(b"\0", 1)[0] for start, end in ((0, 100), (157, 257), (265, 297), (297, 329), (345, 500))
    )
    if prefix:
        name = prefix + b"/" + name
    return TarHeader(name, mode, uid, gid, size, mtime, block[156:157], link, user, group, (major, minor))


def header_crc(block: bytes, hole: int) -> int:
    """Return the CRC of a header in which the tar checksum and the CRC itself, at ``hole``, are zeros."""
    return zlib.crc32(block[:148] + bytes(8) + block[156:hole] + bytes(4) + block[hole + 4 :])


class Note(NamedTuple):
    """What we say in the link name of a tar header (6)."""

    role: int
    method: int
    dictionary: int
    archive_id: bytes
    container: int
    segment: int
    segments: int
    mtime_ns: int
    raw_bytes: int
    file_bytes: int
    stream_bytes: int
    digest: bytes
    data_crc: int
    flags: int
    pax_crc: bytes


def note_of(block: bytes) -> Note:
    """Return the note in a tar header."""
    if len(block) != BLOCK or block[157:162] != b"\0XTN\1":
        raise Damaged("a tar header without a note")
    fields = struct.unpack_from("<5xBBB8sIIIIQQQ32sIB3sI", block, 157)
    if fields[-1] != header_crc(block, 253):
        raise Damaged("a note with a wrong checksum")
    note = Note(*fields[:-1])
    if not 1 <= note.role <= PARITY or note.flags > 7 or note.mtime_ns >= 10**9:
        raise Damaged("a note that breaks the rules of its fields")
    if note.method > 7 or note.dictionary > 63 or (note.role == CONTENT and note.segment >= note.segments):
        raise Damaged("a note of content that cannot be")
    return note


def pax_crc(extension: bytes) -> bytes:
    """Return the CRC by which a header knows its extension."""
    return (zlib.crc32(extension) & 0xFFFFFF or 1).to_bytes(3, "little") if extension else bytes(3)


def pax_records(typeflag: bytes, data: bytes) -> Dict[bytes, bytes]:
    """Return what a member that extends the next header says (5)."""
    if typeflag != b"x":
        if data.find(b"\0") != len(data) - 1 or data.isascii():
            raise Damaged("a long name that is none")
        return {b"path" if typeflag == b"L" else b"linkpath": data[:-1]}
    records: Dict[bytes, bytes] = {}
    at = 0
    while at < len(data):
        space = data.find(b" ", at, at + 20)
        digits = data[at:space]
        if space < 0 or not digits.isdigit() or digits.startswith(b"0"):
            raise Damaged("a pax record without its length")
        end = at + int(digits)
        key, equals, value = data[space + 1 : end - 1].partition(b"=")
        if end > len(data) or end <= space + 2 or data[end - 1 : end] != b"\n" or not equals or not key or key in records:
            raise Damaged("a pax record of another form")
        records[key] = value
        at = end
    return records


def xattrs_of(records: Dict[bytes, bytes]) -> Dict[bytes, bytes]:
    """Return the extended attributes in pax records, ACLs in the form of Linux."""
    found = {}
    for key, value in records.items():
        if key.startswith(b"SCHILY.xattr."):
            found[key[13:].replace(b"%3D", b"=").replace(b"%25", b"%")] = value
    for kind in (b"access", b"default"):
        if b"SCHILY.acl." + kind in records:
            found[b"system.posix_acl_" + kind] = acl_of(records[b"SCHILY.acl." + kind])
    return found


def acl_of(text: bytes) -> bytes:
    """Return an ACL like ``user::rw-,user:1000:r--`` as Linux keeps it."""
    tags = {b"user": (1, 2), b"group": (4, 8), b"mask": (16, 0), b"other": (32, 0)}
    value = struct.pack("<I", 2)
    for part in text.split(b","):
        kind, _, rest = part.partition(b":")
        number, _, letters = rest.partition(b":")
        tag = tags.get(kind, (0, 0))[bool(number)]
        wrong = len(letters) != 3 or any(letters[i] not in (b"rwx"[i], b"-"[0]) for i in range(3))
        if wrong or not tag or (number and not (number.isdigit() and int(number[:11]) <= 0xFFFFFFFF)):
            raise Damaged("an ACL of another form")
        permission = sum((4, 2, 1)[i] for i in range(3) if letters[i] != b"-"[0])
        value += struct.pack("<HHI", tag, permission, int(number) if number else 0xFFFFFFFF)
    return value


# ---------------------------------------------------------------- what an archive lists


class Member(NamedTuple):
    """One ``.7z``: a file, or a segment of one."""

    offset: int  # of its first byte in the archive
    packed: int  # length of the .7z
    stream: int  # length of the packed stream, 32 bytes into it
    raw: int  # length of what it decodes to
    method: int
    dictionary: int  # 1 << this
    digest: bytes  # SHA-256 of the decoded bytes, all of it or the first 4
    segment: int = 0


class Entry(NamedTuple):
    """A file, directory, link, FIFO or device."""

    path: bytes
    kind: int
    mode: int
    owner: Tuple[int, int, bytes, bytes]  # uid, gid, user, group
    mtime_ns: int
    size: int = 0
    target: bytes = b""
    device: Tuple[int, int] = (0, 0)
    xattrs: Dict[bytes, bytes] = {}
    members: Sequence[Member] = ()
    is_sparse: bool = False
    segments: int = 0  # how many there should be
    digest: bytes = b""  # of all segments

    @property
    def fault(self) -> str:
        """Why it cannot be whole, whatever its members hold."""
        if len(self.members) < self.segments:
            return "%d of its %d segments are gone" % (self.segments - len(self.members), self.segments)
        if self.kind == FILE and not self.is_sparse and self.size != sum(member.raw for member in self.members):
            return "its size is not that of its segments"
        return ""


class Listing:
    """The entries of an archive in tree order, made when asked for.

    ``expected`` is how many there should be, None where nothing says so; ``doubts`` are entries of which something
    besides the content may be lost.
    """

    def __init__(self, paths: List[bytes], kinds: Sequence[int], entry: Callable[[int], Entry], way: str) -> None:
        self.paths, self.kinds, self.entry, self.way = paths, kinds, entry, way
        self.expected: Optional[int] = len(paths)
        self.notes: List[str] = []
        self.doubts: List[Tuple[bytes, str]] = []

    @property
    def missing(self) -> str:
        """What is to be said of entries that are not even known; empty if all are."""
        if self.expected is None:
            return "nothing is left that says how many entries there were; some may be missing"
        lost = self.expected - len(self.paths)
        return "%d of %d entries are not even known by name" % (abs(lost), self.expected) if lost else ""


# ---------------------------------------------------------------- the index (11, 12, 13)

INDEX_HEAD = struct.Struct("<8sBBBB8sIIIQQQ16sI")


class Head(NamedTuple):
    """The head of an index; its foot is the same with another magic."""

    scope: int
    digest_bytes: int
    archive_id: bytes
    container: int
    entries: int
    digests: int
    base: int
    plain_bytes: int
    body_bytes: int
    body_digest: bytes

    @property
    def total_bytes(self) -> int:
        """Length of the index from head to foot."""
        return 2 * INDEX_HEAD.size + self.body_bytes + 32 * -(-self.body_bytes // 223)


def index_head(data: bytes) -> Head:
    """Return the head or foot of an index, within the bounds that (13) sets."""
    if len(data) != INDEX_HEAD.size or data[:8] not in (b"XTARIDX{", b"}XTARIDX") or data[8] != 1:
        raise Damaged("no head of an index")
    fields = INDEX_HEAD.unpack(data)
    if fields[-1] != zlib.crc32(data[:-4]):
        raise Damaged("the head of an index has a wrong checksum")
    head = Head(fields[2], fields[3], *fields[5:-1])
    if head.scope > 1 or head.digest_bytes not in (4, 32) or fields[4]:
        raise Damaged("the head of an index breaks the rules of its fields")
    if head.body_bytes < head.digests * head.digest_bytes or head.plain_bytes > (64 << 20) + 64 * head.body_bytes:
        raise Damaged("an index that would grow beyond measure")
    if head.entries > (1 << 20) + 4 * head.body_bytes:
        raise Damaged("an index with more entries than its length can tell apart")
    return head


def read_index(data: bytes) -> Tuple[Head, bytes, bytes, int]:
    """Return head, columns and digests of an index, and how many of its bytes its parity put right."""
    try:
        head = index_head(data[: INDEX_HEAD.size])
    except Damaged:
        head = index_head(data[-INDEX_HEAD.size :])
    if len(data) != head.total_bytes:
        raise Damaged("an index of which a part is missing")
    end = INDEX_HEAD.size + head.body_bytes
    body, corrected = data[INDEX_HEAD.size : end], 0
    if hashlib.sha256(body).digest()[:16] != head.body_digest:
        body, corrected = repaired_body(body, data[end : -INDEX_HEAD.size])
        if hashlib.sha256(body).digest()[:16] != head.body_digest:
            raise Damaged("an index that is damaged beyond its parity")
    split = len(body) - head.digests * head.digest_bytes
    decoder = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 8 << 20}])
    try:
        plain = decoder.decompress(body[:split], head.plain_bytes)
        if not decoder.eof and not decoder.needs_input:
            plain += decoder.decompress(b"", 1)
    except lzma.LZMAError as error:
        raise Damaged("an index that does not decompress") from error
    if len(plain) != head.plain_bytes:
        raise Damaged("an index of another length than its head says")
    return head, plain, body[split:], corrected


class Columns:
    """The plain bytes of an index, taken from the front (11)."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def take(self, count: int) -> bytes:
        """Return the next bytes."""
        self._at += count
        if count < 0 or self._at > len(self._data):
            raise Damaged("an index that ends in the middle of a column")
        return self._data[self._at - count : self._at]

    def numbers(self, count: int, low: int = 0, high: int = MAX_OFFSET) -> array[int]:
        """Return a column of numbers, all of them from ``low`` to ``high``."""
        planes, base = struct.unpack("<Bq", self.take(9))
        if planes > 8:
            raise Damaged("a column of an index with too many planes")
        if not planes or not count:
            values = array("q", [base]) * count
        else:
            data, wide = self.take(planes * count), bytearray(8 * count)
            for plane in range(planes):
                wide[plane::8] = data[plane * count : (plane + 1) * count]
            rest = array("Q", bytes(wide))
            if sys.byteorder == "big":
                rest.byteswap()
            if base + max(rest) > high or min(rest) or not any(data[-count:]):
                raise Damaged("a column of an index of another form")
            values = array("q", [base + value for value in rest])
        if count and (base < low or base > high):
            raise Damaged("a column of an index with an impossible value")
        return values

    def texts(self, count: int) -> List[bytes]:
        """Return a column of byte strings."""
        return [self.take(length) for length in self.numbers(count, 0, len(self._data))]

    def finish(self) -> None:
        """Refuse bytes that are left over."""
        if self._at != len(self._data):
            raise Damaged("an index with bytes behind its last column")


class Table:
    """The rows of an index (12)."""

    def __init__(self, head: Head, plain: bytes, digests: bytes) -> None:
        if len(plain) < head.entries:
            raise Damaged("an index with fewer bytes than entries")
        n, columns, self.head = head.entries, Columns(plain), head
        self.kinds = columns.numbers(n, FILE, BLOCK_DEVICE)
        self.flags, self.up, self.modes = columns.numbers(n, 0, 3), columns.numbers(n), columns.numbers(n, 0, 0o7777)
        self.owner = columns.numbers(n)
        self.mtime_s, self.mtime_ns = columns.numbers(n, -MAX_OFFSET), columns.numbers(n, 0, 10**9 - 1)
        self.excess, self.counts = columns.numbers(n, -MAX_OFFSET), columns.numbers(n)
        self.names, self.targets, self.extras = (columns.texts(n) for _ in range(3))
        self._check_rows(len(digests))
        m = sum(self.counts)
        gap, self.packed, self.tail, self.raw = (columns.numbers(m) for _ in range(4))
        self.method, self.dictionary = columns.numbers(m, 0, 7), columns.numbers(m, 0, 40)
        (k,) = struct.unpack("<I", columns.take(4))
        if k > n or (n and max(self.owner) >= k):
            raise Damaged("an index with impossible owners")
        numbers = [columns.numbers(k, 0, 0xFFFFFFFF) for _ in range(2)]
        self.owners = list(zip(*numbers, columns.texts(k), columns.texts(k)))
        self.place, self.region, self.settings = (columns.texts(1)[0] for _ in range(3))
        columns.finish()
        self.digests = digests
        self._lay_out(gap)

    def _check_rows(self, digests_bytes: int) -> None:
        files = 0
        for row, (kind, up, count, name) in enumerate(zip(self.kinds, self.up, self.counts, self.names)):
            if up > row or (up and self.kinds[row - up] != DIRECTORY):
                raise Damaged("an index with an entry that lies in no directory")
            if name in (b"", b".", b"..") or b"/" in name or b"\0" in name:
                raise Damaged("an index with a name that is none")
            if count > (digests_bytes if kind == FILE else kind == DIRECTORY):
                raise Damaged("an index with too many members")
            files += count if kind == FILE else 0
            is_link = kind in (SYMLINK, HARDLINK)
            if (kind != FILE and (self.flags[row] or self.excess[row])) or (self.targets[row] and not is_link):
                raise Damaged("an index that gives an entry what it cannot have")
        if files * self.head.digest_bytes != digests_bytes:
            raise Damaged("an index with another number of digests than members")

    def _lay_out(self, gap: array[int]) -> None:
        """Where each member lies: behind the one before it."""
        self.first, self.offsets, self.digest_row = array("q"), array("q"), array("q")
        end, row, files = self.head.base, 0, 0
        for kind, count in zip(self.kinds, self.counts):
            self.first.append(row)
            for row in range(row, row + count):
                start = end + gap[row]
                end = start + padded(self.packed[row]) if kind == FILE else start
                if end > MAX_OFFSET or (kind == FILE and self.packed[row] < 32 + self.tail[row]):
                    raise Damaged("an index with a member that cannot be")
                self.offsets.append(start)
                self.digest_row.append(files)
                files += kind == FILE
            row += count > 0

    def paths(self) -> List[bytes]:
        """Return the path of each row below `place`."""
        paths: List[bytes] = []
        left = (64 << 20) + 1024 * self.head.body_bytes
        for row, (name, up) in enumerate(zip(self.names, self.up)):
            paths.append(paths[row - up] + b"/" + name if up else name)
            left -= len(paths[-1])
            if left < 0:
                raise Damaged("an index whose paths would grow beyond measure")
        return paths

    def members(self, row: int) -> List[Member]:
        """Return the members of a row; of a directory its container, whose number is in ``raw``."""
        found, width = [], self.head.digest_bytes
        for segment, at in enumerate(range(self.first[row], self.first[row] + self.counts[row])):
            start = self.digest_row[at] * width
            stream = self.packed[at] - 32 - self.tail[at]
            place = (self.offsets[at], self.packed[at], stream, self.raw[at], self.method[at], self.dictionary[at])
            found.append(Member(*place, self.digests[start : start + width], segment))
        return found

    def entry(self, row: int, path: bytes) -> Entry:
        """Return the entry of a row."""
        xattrs, device, digest = extras_of(self.extras[row])
        members = self.members(row) if self.kinds[row] == FILE else []
        size = self.excess[row] + sum(member.raw for member in members)
        mtime_ns = self.mtime_s[row] * 10**9 + self.mtime_ns[row]
        identity = (path, self.kinds[row], self.modes[row], self.owners[self.owner[row]], mtime_ns)
        is_sparse = bool(self.flags[row] & 1)
        return Entry(*identity, size, self.targets[row], device, xattrs, members, is_sparse, len(members), digest)


def extras_of(data: bytes) -> Tuple[Dict[bytes, bytes], Tuple[int, int], bytes]:
    """Return attributes, device number and digest: the rare things of an entry."""
    xattrs: Dict[bytes, bytes] = {}
    device, digest, at = (0, 0), b"", 0
    while at < len(data):
        if at + 5 > len(data):
            raise Damaged("an index with half an extra")
        tag, length = struct.unpack_from("<BI", data, at)
        value, at = data[at + 5 : at + 5 + length], at + 5 + length
        name_end = 2 + int.from_bytes(value[:2], "little")
        if at <= len(data) and tag == 1 and 2 <= name_end <= length:
            xattrs[value[2:name_end]] = value[name_end:]
        elif at <= len(data) and tag == 2 and length == 8:
            device = struct.unpack("<II", value)
        elif at <= len(data) and tag == 3 and length == 32:
            digest = value
        else:
            raise Damaged("an index with an extra of unknown form")
    return xattrs, device, digest


# ---------------------------------------------------------------- the parity of an index: RS(255,223) (13.1)

_POWER = [1] * 510  # of 2 in GF(2^8) modulo 0x11D
for _i in range(1, 510):
    _POWER[_i] = _POWER[_i - 1] << 1 ^ 0x11D * (_POWER[_i - 1] >> 7)
_LOG = {value: i for i, value in reversed(list(enumerate(_POWER[:255])))}


def gf_product(a: int, b: int) -> int:
    """Return the product of two elements of the field."""
    return _POWER[_LOG[a] + _LOG[b]] if a and b else 0


def gf_value(polynomial: Sequence[int], x: int) -> int:
    """Return a polynomial, lowest coefficient first, at ``x``."""
    value = 0
    for coefficient in reversed(polynomial):
        value = gf_product(value, x) ^ coefficient
    return value


def repaired_body(body: bytes, parity: bytes) -> Tuple[bytes, int]:
    """Return a body with up to 16 wrong bytes in each codeword put right, and how many were."""
    width = -(-len(body) // 223)
    cells = bytearray(body.ljust(223 * width, b"\0") + parity)
    rows = [cells[at : at + width] for at in range(0, 255 * width, width)]
    syndromes = []
    for root in range(32):  # of all codewords at once: by Horner's rule, row by row
        times = bytes(gf_product(value, _POWER[root]) for value in range(256))
        total = 0
        for row in rows:
            total = int.from_bytes(total.to_bytes(width, "little").translate(times), "little")
            total ^= int.from_bytes(row, "little")
        syndromes.append(total.to_bytes(width, "little"))
    corrected = 0
    for column in range(width):
        wrong = [row[column] for row in syndromes]
        if any(wrong):
            for row_number, value in rs_errors(wrong):
                cells[row_number * width + column] ^= value
                corrected += 1
    return bytes(cells[: len(body)]), corrected


def rs_errors(syndromes: List[int]) -> Iterator[Tuple[int, int]]:
    """Yield row and difference of each wrong byte of a codeword (Berlekamp-Massey, Chien, Forney)."""
    locator, before, length, shift, last = [1], [1], 0, 1, 1
    for n in range(32):
        gap = 0
        for i in range(min(length + 1, len(locator))):
            gap ^= gf_product(locator[i], syndromes[n - i])
        if not gap:
            shift += 1
            continue
        scale = gf_product(gap, _POWER[255 - _LOG[last]])
        longer = [0] * shift + [gf_product(scale, value) for value in before]
        size = max(len(longer), len(locator))
        new = [a ^ b for a, b in zip(longer + [0] * (size - len(longer)), locator + [0] * (size - len(locator)))]
        if 2 * length <= n:
            length, before, last, shift = n + 1 - length, locator, gap, 0
        locator, shift = new, shift + 1
    powers = [power for power in range(255) if not gf_value(locator, _POWER[(255 - power) % 255])]
    if length > 16 or len(powers) != length:
        raise Damaged("an index that is damaged beyond its parity")
    evaluator = [0] * 32
    for i, a in enumerate(locator):
        for j in range(32 - i):
            evaluator[i + j] ^= gf_product(a, syndromes[j])
    slope = [value if i % 2 == 0 else 0 for i, value in enumerate(locator[1:])]
    for power in powers:
        inverse = _POWER[(255 - power) % 255]
        below = gf_value(slope, inverse)
        if not below:
            raise Damaged("an index that is damaged beyond its parity")
        quotient = gf_product(gf_value(evaluator, inverse), _POWER[255 - _LOG[below]])
        yield 254 - power, gf_product(quotient, _POWER[power])
