#!/usr/bin/env python3
"""Get files back from a pybackup archive with nothing but Python: no pybackup, no network, no other package.

You found a disc, an image of one, or a file whose name ends in ``.xtar``. It is a backup. This program reads it:

    python3 rescue.py list    ARCHIVE...                     what is in it
    python3 rescue.py verify  ARCHIVE...                     is all of it still right?
    python3 rescue.py extract ARCHIVE... --to DIR [PATH...]  put it back below DIR, or only the PATHs
    python3 rescue.py salvage ARCHIVE... --to DIR [PATH...]  the same for a damaged one, pieces of files too

ARCHIVE is the ``.xtar`` file, an ISO image that holds it, or the drive itself (/dev/sr0). From a disc that reads badly
make an image first (GNU ddrescue), and work on that. Of a set of discs name all volumes, or images of them, at once, in
any order; a directory stands for all files in it. Of an archive that builds on earlier ones name these as well: then
the tree is what it was when the last was made. Python 3.8 or later, on anything that runs it.

What it promises: a file gets its name only if its checksum agrees; what exists is never overwritten; every file that
is lost is named; nothing is written outside of DIR, whatever the archive says. What it cannot do: rebuild damaged
parts from the parity that the archive may hold. ``pybackup repair`` can: the program lies on the disc beside this file,
as ``pybackup_xtar-....tar.bz2``. What is called pybackup elsewhere, as in an index of packages, may be another program.

Exit status: 0 all is back (or right); 1 something is lost, and was named; 2 it was called wrongly; 3 DIR cannot be
written, or ARCHIVE cannot be opened; 4 there is no archive in ARCHIVE; 130 interrupted.

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
import re
import signal
import stat
import struct
import sys
import time
import zlib
from array import array
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from itertools import accumulate
from typing import Any, BinaryIO, ClassVar, NamedTuple, Union

try:
    import grp
    import pwd
except ImportError:  # Windows has no such names
    grp = pwd = None  # type: ignore[assignment]

BLOCK, SECTOR, STEP = 512, 2048, 1 << 20
MAX_SEGMENT = 256 << 20
MAX_OFFSET = 1 << 62
MAX_DEPTH = 3  # contents that a content may be built on, each the base of the one before (27)
# Each volume of a set has its own stretch of offsets, longer than any volume is; number n starts at n << this.
STRETCH, MOST_VOLUMES = 44, 1 << 18
FILE, DIRECTORY, SYMLINK, HARDLINK, FIFO, CHARACTER, BLOCK_DEVICE = range(1, 8)
CONTENT, CONTAINER, INDEX, LOCATOR, OTHER, PARITY, SET, RECOVERY, BUNDLE = range(1, 10)
BUNDLED = 4  # flag of an entry
KIND_OF_TYPE = {b"1": HARDLINK, b"2": SYMLINK, b"3": CHARACTER, b"4": BLOCK_DEVICE, b"5": DIRECTORY, b"6": FIFO}
IS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0
# Directories by descriptor: so nothing on the way can be swapped for a link, and no path is too long.
BY_DESCRIPTOR = os.open in os.supports_dir_fd and hasattr(os, "O_NOFOLLOW")

# Why there can be no hard link: another file system, one that knows none, or a file that has as many as it may have.
NO_HARD_LINKS = (errno.EXDEV, errno.EPERM, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK)
NO_XATTRS: Mapping[bytes, bytes] = {}
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

    _opened: ClassVar[
        list[Image]
    ] = []  # the last that were read: of a set of a hundred volumes not all can be open at once

    def __init__(self, path: str) -> None:
        self._path, self.base = path, 0
        self._file: BinaryIO | None = None
        try:
            self.size = self._opened_file().seek(0, os.SEEK_END)
        except OSError as error:
            raise Hopeless(3, f"{path}: {error.strerror}") from error

    def _opened_file(self) -> BinaryIO:
        if self._file is None:
            while len(self._opened) >= 8:
                self._opened[0].close()
            self._file = open(self._path, "rb", buffering=0)
            self._opened.append(self)
        return self._file

    def close(self) -> None:
        """Close the file; it is opened again where more of it is read."""
        if self._file is not None:
            self._file.close()
            self._file = None
            self._opened.remove(self)

    def read(self, offset: int, count: int) -> bytes:
        """Return up to ``count`` bytes of the archive: fewer at the end of the image."""
        start = self.base + offset
        count = min(count, self.size - start)
        parts: list[bytes] = []
        if start < 0 or count <= 0:
            return b""
        file = self._opened_file()
        file.seek(start)
        while count > 0:
            part = file.read(count)
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
            raise Damaged(f"the medium cannot be read there: {error.strerror}") from error
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

    def chunks(self, overlap: int = 0) -> Iterator[tuple[int, bytes]]:
        """Yield offset and bytes of all of the image, from its first byte; each chunk with some of the next."""
        for start in range(0, self.size, 8 * STEP):
            yield start, self.left(start - self.base, 8 * STEP + overlap)


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
    device: tuple[int, int]


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
    if not 1 <= note.role <= BUNDLE or note.flags > 31 or note.mtime_ns >= 10**9:
        raise Damaged("a note that breaks the rules of its fields")
    if note.method > 7 or note.dictionary > 63 or (note.role == CONTENT and note.segment >= note.segments):
        raise Damaged("a note of content that cannot be")
    return note


def pax_crc(extension: bytes) -> bytes:
    """Return the CRC by which a header knows its extension."""
    return (zlib.crc32(extension) & 0xFFFFFF or 1).to_bytes(3, "little") if extension else bytes(3)


def pax_records(typeflag: bytes, data: bytes) -> dict[bytes, bytes]:
    """Return what a member that extends the next header says (5)."""
    if typeflag != b"x":
        if data.find(b"\0") != len(data) - 1 or data.isascii():
            raise Damaged("a long name that is none")
        return {b"path" if typeflag == b"L" else b"linkpath": data[:-1]}
    records: dict[bytes, bytes] = {}
    at = 0
    while at < len(data):
        space = data.find(b" ", at, at + 20)
        digits = data[at:space]
        if space < 0 or not digits.isdigit() or digits.startswith(b"0"):
            raise Damaged("a pax record without its length")
        end = at + int(digits)
        key, equals, value = data[space + 1 : end - 1].partition(b"=")
        if (
            end > len(data)
            or end <= space + 2
            or data[end - 1 : end] != b"\n"
            or not equals
            or not key
            or key in records
        ):
            raise Damaged("a pax record of another form")
        records[key] = value
        at = end
    return records


def xattrs_of(records: dict[bytes, bytes]) -> dict[bytes, bytes]:
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


class FileNote(NamedTuple):
    """What stands before the streams of a bundle about one of them (24)."""

    ahead: int  # from the block of notes to the packed stream, in bytes
    container: int
    stream: int
    raw: int
    method: int
    dictionary: int
    mode: int
    mtime_ns: int
    digest: bytes
    name: bytes


def file_notes(data: bytes) -> tuple[bytes, int, list[FileNote]]:
    """Return a block of notes (24) that some bytes begin with: of which archive, its length, and the notes."""
    if len(data) < NOTES_HEAD.size:
        raise Damaged("notes of files that are cut")
    magic, crc, archive_id, container, ahead, count, length = NOTES_HEAD.unpack_from(data)
    end, start = NOTES_HEAD.size + length, int.from_bytes(ahead, "little")
    if magic != NOTES_MAGIC or len(data) < end or crc != zlib.crc32(data[8:end]):
        raise Damaged("notes of files that are cut, or with a wrong checksum")
    split = end - 4 * count
    if start < end or not 1 <= count <= 32 or split < NOTES_HEAD.size:
        raise Damaged("notes of files that contradict themselves")
    decoder = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 16}])
    try:
        columns = Columns(decoder.decompress(data[NOTES_HEAD.size : split], (1 << 14) + 1))
    except lzma.LZMAError as error:
        raise Damaged("notes of files that do not decompress") from error
    streams, raws = (columns.numbers(count, 0, (1 << 24) - 1) for _ in range(2))
    methods, dictionaries, flags, modes = (columns.numbers(count, 0, most) for most in (7, 24, 2, 0o7777))
    seconds, rests = columns.numbers(count, -MAX_OFFSET), columns.numbers(count, 0, 10**9 - 1)
    names = columns.texts(count)
    columns.finish()
    if not decoder.eof or decoder.unused_data or 1 in flags:
        raise Damaged("notes of files of another length, or with an unknown flag")
    found = []
    for i, name in enumerate(names):
        if name in (b"", b".", b"..") or len(name) > 255 or b"/" in name or b"\0" in name:
            raise Damaged("the note of a file with an impossible name")
        mtime_ns = seconds[i] * 10**9 + rests[i]
        if (not methods[i] and streams[i] != raws[i]) or not -(1 << 63) <= mtime_ns < 1 << 63:
            raise Damaged("the note of a file that cannot be")
        digest = data[split + 4 * i : split + 4 * i + 4]
        packing = streams[i], raws[i], methods[i], dictionaries[i]
        found.append(FileNote(start, container, *packing, modes[i], mtime_ns, digest, name))
        start += streams[i]
    return archive_id, end, found


class Member(NamedTuple):
    """One ``.7z``: a file, or a segment of one; or a stream in a bundle, as if it had 32 bytes of its own before it."""

    offset: int  # of its first byte in the archive
    packed: int  # length of the .7z
    stream: int  # length of the packed stream, 32 bytes into it
    raw: int  # length of what it decodes to
    method: int
    dictionary: int  # 1 << this
    digest: bytes  # SHA-256 of the decoded bytes, all of it or the first 4
    segment: int = 0
    is_delta: bool = False  # what is packed is a delta; length and digest are of what it gives (27)
    base: Sequence[Any] = ()  # the members of the content that it is a delta to


class Entry(NamedTuple):
    """A file, directory, link, FIFO or device."""

    path: bytes
    kind: int
    mode: int
    owner: tuple[int, int, bytes, bytes]  # uid, gid, user, group
    mtime_ns: int
    size: int = 0
    target: bytes = b""
    device: tuple[int, int] = (0, 0)
    xattrs: Mapping[bytes, bytes] = NO_XATTRS
    members: Sequence[Member] = ()
    is_sparse: bool = False
    segments: int = 0  # how many there should be
    digest: bytes = b""  # of all segments
    spares: Sequence[Member] = ()  # of a small file: the same content on other discs of the set
    base_digest: bytes = b""  # of the content that it is built on, in earlier archives (27)

    @property
    def fault(self) -> str:
        """Why it cannot be whole, whatever its members hold."""
        if any(member.is_delta and not member.base for member in self.members):
            return "what it is built on is in earlier archives: name these as well"
        if len(self.members) < self.segments:
            return f"{self.segments - len(self.members)} of its {self.segments} segments are gone"
        if self.kind == FILE and not self.is_sparse and self.size != sum(member.raw for member in self.members):
            return "its size is not that of its segments"
        return ""


class Disc(NamedTuple):
    """Which volume of which set an archive is (21)."""

    set_id: bytes
    name: str
    number: int
    is_data: bool
    is_last: bool

    @property
    def label(self) -> str:
        """What it is called."""
        return f"{self.name} {'' if self.is_data else 'R'}{self.number}"

    @property
    def archive_id(self) -> bytes:
        """The id in all its structures."""
        kind = b"D" if self.is_data else b"R"
        return hashlib.sha256(b"XTAR volume" + self.set_id + kind + struct.pack("<I", self.number)).digest()[:8]


def disc_of(settings: bytes) -> Disc | None:
    """Return what the settings of an archive say of its set, if it is a volume of one."""
    try:
        said = json.loads(settings or b"{}").get("set")
        if said is None:
            return None
        disc = Disc(
            bytes.fromhex(said["id"]),
            shown(str(said["name"]).encode("utf-8", "backslashreplace")),
            int(said["number"]),
            said["kind"] == "data",
            bool(said["last"]),
        )
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
        raise Damaged("settings that tell of an impossible set") from error
    if not 0 < disc.number < MOST_VOLUMES:
        raise Damaged("settings that tell of an impossible volume")
    return disc


def builds_on(settings: bytes) -> dict[bytes, str]:
    """Return the ids of the archives that an archive builds on, with what each is called (26)."""
    try:
        said = json.loads(settings or b"{}").get("builds_on") or {"archives": ()}
        return dict(map(earlier_of, said["archives"]))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise Damaged("settings that tell of impossible earlier archives") from error


def earlier_of(said: Any) -> tuple[bytes, str]:
    """Return id and name of an earlier archive, as settings have it."""
    return bytes.fromhex(said["id"]), shown(str(said["label"]).encode("utf-8", "backslashreplace"))


class Listing:
    """The entries of an archive in tree order, made when asked for.

    ``expected`` is how many there should be, None where nothing says so; ``doubts`` are entries of which something
    besides the content may be lost.
    """

    def __init__(self, paths: list[bytes], kinds: Sequence[int], entry: Callable[[int], Entry], way: str) -> None:
        self.paths, self.kinds, self.entry, self.way = paths, kinds, entry, way
        self.expected: int | None = len(paths)
        self.unknown = ""  # what of a set is not even known, in words
        self.archive_id = b""
        self.disc: Disc | None = None
        self.builds_on: dict[bytes, str] = {}  # the earlier archives that hold the rest of the tree, by id
        self.index_at = 0  # offset of the tree index, if that gave the entries
        self.notes: list[str] = []
        self.doubts: list[tuple[bytes, str]] = []

    @property
    def missing(self) -> str:
        """What is to be said of entries that are not even known; empty if all are."""
        if self.unknown:
            return self.unknown
        if self.expected is None:
            return "nothing is left that says how many entries there were; some may be missing"
        lost = self.expected - len(self.paths)
        return f"{abs(lost)} of {self.expected} entries are not even known by name" if lost else ""


# ---------------------------------------------------------------- the index (11, 12, 13)

INDEX_HEAD = struct.Struct("<8sBBBB8sIIIQQQ16sI")
NOTES_HEAD, NOTES_MAGIC, MAX_NOTES = struct.Struct("<4sI8sI3sBH"), b"\0XTF", 1 << 17


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
    version: int = 1

    @property
    def total_bytes(self) -> int:
        """Length of the index from head to foot."""
        return 2 * INDEX_HEAD.size + self.body_bytes + 32 * -(-self.body_bytes // 223)


def index_head(data: bytes) -> Head:
    """Return the head or foot of an index, within the bounds that (13) sets."""
    if len(data) != INDEX_HEAD.size or data[:8] not in (b"XTARIDX{", b"}XTARIDX") or data[8] not in (1, 2):
        raise Damaged("no head of an index")
    fields = INDEX_HEAD.unpack(data)
    if fields[-1] != zlib.crc32(data[:-4]):
        raise Damaged("the head of an index has a wrong checksum")
    head = Head(fields[2], fields[3], *fields[5:-1])._replace(version=fields[1])
    if head.scope > 1 or head.digest_bytes not in (4, 32) or fields[4]:
        raise Damaged("the head of an index breaks the rules of its fields")
    if head.body_bytes < head.digests * head.digest_bytes or head.plain_bytes > (64 << 20) + 64 * head.body_bytes:
        raise Damaged("an index that would grow beyond measure")
    if head.entries > (1 << 20) + 4 * head.body_bytes:
        raise Damaged("an index with more entries than its length can tell apart")
    return head


def read_index(data: bytes) -> tuple[Head, bytes, bytes, int]:
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

    def texts(self, count: int) -> list[bytes]:
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
        self.flags = columns.numbers(n, 0, 7 if head.version > 1 else 3)
        self.up, self.modes = columns.numbers(n), columns.numbers(n, 0, 0o7777)
        self.owner = columns.numbers(n)
        self.mtime_s, self.mtime_ns = columns.numbers(n, -MAX_OFFSET), columns.numbers(n, 0, 10**9 - 1)
        self.excess, self.counts = columns.numbers(n, -MAX_OFFSET), columns.numbers(n)
        self.names, self.targets, self.extras = (columns.texts(n) for _ in range(3))
        self._check_rows(len(digests))
        m = sum(self.counts)
        gap = columns.numbers(m, -MAX_OFFSET if head.version > 1 else 0)
        self.packed, self.tail, self.raw = (columns.numbers(m) for _ in range(3))
        self.method, self.dictionary = columns.numbers(m, 0, 15), columns.numbers(m, 0, 40)
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
            if self.flags[row] & BUNDLED and (self.flags[row] & 1 or count != 1):
                raise Damaged("an index that puts into a bundle what cannot be there")
        if files * self.head.digest_bytes != digests_bytes:
            raise Damaged("an index with another number of digests than members")

    def _lay_out(self, gap: array[int]) -> None:
        """Where each member lies: behind the one before it."""
        self.first, self.offsets, self.digest_row = array("q"), array("q"), array("q")
        end, files = self.head.base, 0
        for kind, count, flags in zip(self.kinds, self.counts, self.flags):
            self.first.append(len(self.offsets))
            for at in range(len(self.offsets), len(self.offsets) + count):
                start = end + gap[at]
                end = start + padded(self.packed[at]) if kind == FILE else start
                is_bad = bool(flags & BUNDLED and (self.tail[at] or self.method[at] > 7))
                if flags & BUNDLED:
                    end = start + self.packed[at]
                    start, self.packed[at] = start - 32, self.packed[at] + 32
                if start < 0 or end > MAX_OFFSET or is_bad or (kind == FILE and self.packed[at] < 32 + self.tail[at]):
                    raise Damaged("an index with a member that cannot be")
                self.offsets.append(start)
                self.digest_row.append(files)
                files += kind == FILE

    def paths(self) -> list[bytes]:
        """Return the path of each row below `place`."""
        paths: list[bytes] = []
        left = (64 << 20) + 1024 * self.head.body_bytes
        for row, (name, up) in enumerate(zip(self.names, self.up)):
            paths.append(paths[row - up] + b"/" + name if up else name)
            left -= len(paths[-1])
            if left < 0:
                raise Damaged("an index whose paths would grow beyond measure")
        return paths

    def members(self, row: int) -> list[Member]:
        """Return the members of a row; of a directory its container, whose number is in ``raw``."""
        found, width = [], self.head.digest_bytes
        for segment, at in enumerate(range(self.first[row], self.first[row] + self.counts[row])):
            start = self.digest_row[at] * width
            stream = self.packed[at] - 32 - self.tail[at]
            place = (self.offsets[at], self.packed[at], stream, self.raw[at], self.method[at] & 7, self.dictionary[at])
            found.append(Member(*place, self.digests[start : start + width], segment, self.method[at] > 7))
        return found

    def entry(self, row: int, path: bytes) -> Entry:
        """Return the entry of a row."""
        xattrs, device, digest, part, base = extras_of(self.extras[row])
        if any(self.method[at] > 7 for at in range(self.first[row], self.first[row] + self.counts[row])) > bool(base):
            raise Damaged("an index with a delta to nothing")
        members = self.members(row) if self.kinds[row] == FILE else []
        segments = part[1] if part else len(members)
        if part:
            members = numbered(members, part)
        size = self.excess[row] + sum(member.raw for member in members)
        mtime_ns = self.mtime_s[row] * 10**9 + self.mtime_ns[row]
        identity = (path, self.kinds[row], self.modes[row], self.owners[self.owner[row]], mtime_ns)
        is_sparse = bool(self.flags[row] & 1)
        if not digest and segments == len(members) == 1 and len(members[0].digest) == 32:
            digest = members[0].digest
        return Entry(*identity, size, self.targets[row], device, xattrs, members, is_sparse, segments, digest, (), base)


def numbered(members: Sequence[Member], part: Sequence[int]) -> list[Member]:
    """Return the members of a file that is here in part with the numbers of their segments.

    ``part`` is the first one, how many the file has, and for each further run how many come before it, and its first.
    """
    runs = [(0, part[0]), *zip(part[2::2], part[3::2])]
    ends = [at for at, _ in runs[1:]] + [len(members)]
    found, behind = [], -1
    for (at, first), end in zip(runs, ends):
        if not at < end <= len(members) or first <= behind:
            raise Damaged("an index with an impossible part of a file")
        found += [members[each]._replace(segment=first + each - at) for each in range(at, end)]
        behind = first + end - at
    if behind > part[1]:
        raise Damaged("an index with an impossible part of a file")
    return found


def extras_of(data: bytes) -> tuple[dict[bytes, bytes], tuple[int, int], bytes, tuple[int, ...], bytes]:
    """Return attributes, device number, digest, which part is here, digest of the base: the rare things of an entry."""
    xattrs: dict[bytes, bytes] = {}
    device, digest, part, at, base = (0, 0), b"", (), 0, b""
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
        elif at <= len(data) and tag == 4 and length and length % 8 == 0:
            part = struct.unpack(f"<{length // 4}I", value)
        elif at <= len(data) and tag == 5 and length == 40:
            base = value[:32]
        else:
            raise Damaged("an index with an extra of unknown form")
    return xattrs, device, digest, part, base


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


def repaired_body(body: bytes, parity: bytes) -> tuple[bytes, int]:
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


def rs_errors(syndromes: list[int]) -> Iterator[tuple[int, int]]:
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


# ---------------------------------------------------------------- content (8, 9)

BCJ = {2: lzma.FILTER_X86, 3: lzma.FILTER_ARM, 4: lzma.FILTER_ARMTHUMB, 5: lzma.FILTER_POWERPC, 6: lzma.FILTER_SPARC}


def decoded(image: Image, member: Member, step_bytes: int = STEP) -> Iterator[bytes]:
    """Yield what a packed stream gives, unchecked, at most ``raw`` bytes of it.

    What a decoder made of the last ``step_bytes`` of the stream is lost where it refuses them.
    """
    if is_by_hash(member):
        image.exactly(member.offset, 1)  # which says where it is that is not here
        raise Damaged("it is known by the hash of its content, and the archive that should hold that does not")
    if member.raw > MAX_SEGMENT or 1 << member.dictionary > MAX_SEGMENT:
        raise Damaged("a segment that says to be larger than a segment can be")
    if member.stream < 0 or 32 + member.stream > member.packed:
        raise Damaged("its packed stream ends behind the member")
    offset, left, missing = member.offset + 32, member.stream, member.raw
    if member.method == 0:
        if left != missing:
            raise Damaged("a stored member whose sizes differ")
        for at in range(0, left, STEP):
            yield image.exactly(offset + at, min(STEP, left - at))
        return
    step, is_hungry, is_over = decoder_of(member)
    while missing and not is_over():
        data = b""
        if left and is_hungry():
            data = image.exactly(offset, min(step_bytes, left))
            offset, left = offset + len(data), left - len(data)
        try:
            content = step(data, min(STEP, missing))
        except (lzma.LZMAError, zlib.error) as error:
            raise Damaged(f"its packed stream does not decode: {error}") from error
        missing -= len(content)
        if content:
            yield content
        elif not left and is_hungry():
            return


def decoder_of(member: Member) -> tuple[Callable[[bytes, int], bytes], Callable[[], bool], Callable[[], bool]]:
    """Return three functions: decode a step, whether it wants more input, whether the stream is over."""
    if member.method == 7:
        inflate = zlib.decompressobj(-15)
        return (
            lambda data, limit: inflate.decompress(inflate.unconsumed_tail + data, limit),
            lambda: not inflate.unconsumed_tail,
            lambda: inflate.eof,
        )
    chain: list[dict[str, int]] = [{"id": BCJ[member.method]}] if member.method in BCJ else []
    chain.append({"id": lzma.FILTER_LZMA2, "dict_size": max(1 << member.dictionary, 4096)})
    decoder = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=chain)
    return decoder.decompress, lambda: decoder.needs_input, lambda: decoder.eof


class Block(NamedTuple):
    """A part of an LZMA2 stream that decodes by itself: where it lies in the packed stream and in the content."""

    start: int
    end: int
    raw_start: int
    raw_end: int


CHUNK_HEAD = re.compile(rb"(?=[\xe0-\xff].{4}[\0-\xe0]\0)", re.DOTALL)  # of one that resets the dictionary


def chunk_at(look: Callable[[int, int], bytes], at: int) -> tuple[int, int, bool] | None:
    """Return length, raw length, and whether the dictionary is reset, of the chunk of LZMA2 that begins there.

    ``look`` gives bytes of the stream from a start to an end; none where they are lost.
    """
    control = (look(at, at + 1) or b"\0")[0]
    length = 3 if control in (1, 2) else 5 + (control >= 0xC0) if control >= 0x80 else 0
    header = look(at, at + length) if length else b""
    if not length or len(header) != length or (length == 6 and header[5] >= 225):
        return None
    size = int.from_bytes(header[1:3], "big") + 1
    if control < 0x80:
        return 3 + size, size, control == 1
    return length + int.from_bytes(header[3:5], "big") + 1, ((control & 0x1F) << 16) + size, control >= 0xE0


def blocks_of(look: Callable[[int, int], bytes], stream_bytes: int, raw_bytes: int) -> list[Block]:
    """Return the blocks of a damaged stream of which it is known where they begin."""
    starts, at, raw = [(0, 0)], 0, 0
    while True:
        chunk = chunk_at(look, at)
        if chunk is None or at + chunk[0] >= stream_bytes:
            break
        if chunk[2] and at:
            starts.append((at, raw))
        at, raw = at + chunk[0], raw + chunk[1]
    if at != stream_bytes - 1:
        behind = blocks_from_behind(look, at + 1, stream_bytes, raw_bytes)
        starts += [each for each in behind if each[1] > starts[-1][1]]
    ends = [*starts[1:], (stream_bytes, raw_bytes)]
    return [Block(start, end, low, high) for (start, low), (end, high) in zip(starts, ends) if high > low]


def blocks_from_behind(
    look: Callable[[int, int], bytes], first: int, stream_bytes: int, raw_bytes: int
) -> list[tuple[int, int]]:
    """Return where blocks start behind the last header that is lost: headers lead from there to the end."""
    for low in range(first, stream_bytes, 4096):
        for match in CHUNK_HEAD.finditer(look(low, min(low + 4103, stream_bytes))):
            begin = at = low + match.start()
            starts, raw = [], 0
            while at < stream_bytes - 1:
                chunk = chunk_at(look, at)
                if chunk is None:
                    break
                if chunk[2]:
                    starts.append((at, raw))
                at, raw = at + chunk[0], raw + chunk[1]
            before = raw_bytes - raw
            if at == stream_bytes - 1 and before >= 0 and before % 65536 == 0 and chunk_decodes(look, begin):
                return [(start, before + each) for start, each in starts]
    return []


def chunk_decodes(look: Callable[[int, int], bytes], at: int) -> bool:
    """Return whether the chunk there is whole, and decodes by itself."""
    chunk = chunk_at(look, at)
    if chunk is None:
        return False
    data, chain = look(at, at + chunk[0]), [{"id": lzma.FILTER_LZMA2, "dict_size": max(chunk[1], 4096)}]
    try:
        content = lzma.decompress(data + b"\0", lzma.FORMAT_RAW, filters=chain)
        return len(data) == chunk[0] and len(content) == chunk[1]
    except lzma.LZMAError:
        return False


def commands(delta: bytes) -> Iterator[tuple[bool, int, int]]:
    """Yield what a delta gives (27): whether that is copied from the base, where it starts there or here, how long."""
    at = 4
    while delta[:4] == b"rs\x026" and at < len(delta):
        code, at = delta[at], at + 1
        if code == 0 and at == len(delta):
            return
        if 1 <= code <= 0x44:
            width = 1 << code - 0x41 if code > 0x40 else 0
            length = int.from_bytes(delta[at : at + width], "big") if width else code
            yield False, at + width, length
            at += width + length
        elif 0x45 <= code <= 0x54:
            middle = at + (1 << (code - 0x45) // 4)
            end = middle + (1 << (code - 0x45) % 4)
            yield True, int.from_bytes(delta[at:middle], "big"), int.from_bytes(delta[middle:end], "big")
            at = end
        else:
            break
    raise Damaged("no delta in the form of rdiff, or it is cut short")


def delta_of(image: Image, member: Member) -> bytes:
    """Return the delta in a member; how long it is only the end of its stream tells."""
    return b"".join(decoded(image, member if member.method else member._replace(raw=min(member.stream, member.raw))))


def patched(image: Image, member: Member, depth: int) -> Iterator[bytes]:
    """Yield what the delta in a member makes of its base; segments of this are decoded one at a time, each once."""
    if not member.base or depth < 1:
        raise Damaged("what it is built on is not known" if depth else "it is built on too many others")
    if member.raw > MAX_SEGMENT:
        raise Damaged("a segment that says to be larger than a segment can be")
    delta = delta_of(image, member)
    made, done, ends = bytearray(member.raw), 0, list(accumulate(each.raw for each in member.base))
    # Of each segment of the base: where to in what is made, and from where to where in the segment.
    wanted: dict[int, list[tuple[int, int, int]]] = {}
    for is_copy, start, length in commands(delta):
        if done + length > member.raw or start + length > (ends[-1] if is_copy else len(delta)):
            raise Damaged("a delta to another base, or it is damaged")
        if not is_copy:
            made[done : done + length] = delta[start : start + length]
        end, to, number = start + length, done, bisect_right(ends, start) if is_copy else len(ends)
        while start < end and number < len(ends):
            begin, stop = ends[number] - member.base[number].raw, min(end, ends[number])
            wanted.setdefault(number, []).append((to, start - begin, stop - begin))
            to, start, number = to + stop - start, stop, number + 1
        done += length
    if done != member.raw:
        raise Damaged("a delta that gives less than its segment has")
    for number in sorted(wanted):
        data = b"".join(checked(image, member.base[number], depth - 1))
        for to, low, high in wanted[number]:
            made[to : to + high - low] = data[low:high]
    yield bytes(made)


def checked(image: Image, member: Member, depth: int = MAX_DEPTH) -> Iterator[bytes]:
    """Yield the content of a member; it is good only if the iteration ends without an error."""
    if len(member.digest) < 4:
        raise Damaged("its checksum is lost")
    digest, done = hashlib.sha256(), 0
    for data in patched(image, member, depth) if member.is_delta else decoded(image, member):
        digest.update(data)
        done += len(data)
        yield data
    if done != member.raw or not digest.digest().startswith(member.digest):
        raise Damaged("its content is not what was archived")


def content(image: Image, entry: Entry) -> Iterator[Piece]:
    """Yield the content of a file; it is good only if the iteration ends without an error."""
    if entry.fault:
        raise Damaged(entry.fault)
    digest = hashlib.sha256()
    for member in entry.members:
        for data in checked(image, member):
            if entry.digest:
                digest.update(data)
            yield data
    if entry.digest and digest.digest() != entry.digest:
        raise Damaged("its segments do not belong together")


def sound(image: Image, entry: Entry) -> Entry:
    """Return a file as that disc has it on which its content is right, if it lies on several."""
    faults = []
    for member in (*entry.members, *entry.spares) if entry.spares else ():
        try:
            for _ in checked(image, member):
                pass
            return entry._replace(members=[member], spares=())
        except Damaged as error:
            faults.append(str(error))
    if faults:
        raise Damaged("; its other copy: ".join(faults))
    return entry


def plain_writes(pieces: Iterable[Piece]) -> Iterator[tuple[int, bytes]]:
    """Yield offset and bytes of what is to be written, gaps left out."""
    offset = 0
    for piece in pieces:
        if isinstance(piece, bytes):
            yield offset, piece
        offset += len(piece) if isinstance(piece, bytes) else piece


class Stream:
    """Pieces of content, taken by length or by line."""

    def __init__(self, pieces: Iterable[Piece]) -> None:
        self._pieces, self._buffer, self._at, self._gap, self.taken = iter(pieces), b"", 0, 0, 0

    def _more(self) -> None:
        piece = next(self._pieces, None)
        if piece is None:
            raise Damaged("a sparse stream that ends too early")
        if isinstance(piece, bytes):
            self._buffer, self._at = self._buffer[self._at :] + piece, 0
        else:
            self._gap = piece

    def take(self, count: int) -> bytes:
        """Return the next bytes, of which none may be lost."""
        while len(self._buffer) - self._at < count:
            if self._gap:
                raise Damaged("the map of a sparse stream is lost")
            self._more()
        self._at += count
        self.taken += count
        return self._buffer[self._at - count : self._at]

    def number(self) -> int:
        """Return the number in the next line."""
        end = self._buffer.find(b"\n", self._at, self._at + 20)
        while end < 0:
            if self._gap or len(self._buffer) - self._at > 20:
                raise Damaged("the map of a sparse stream is lost")
            self._more()
            end = self._buffer.find(b"\n", self._at, self._at + 20)
        line = self.take(end + 1 - self._at)[:-1]
        if not line.isdigit() or len(line) > 18 or self.taken > MAX_SEGMENT:
            raise Damaged("a sparse stream with a map that is none")
        return int(line)

    def rest(self) -> Iterator[Piece]:
        """Yield what is left."""
        return self._pieces

    def upto(self, count: int) -> Piece:
        """Return at least 1 and at most so many of the next bytes, or how many of them are lost."""
        while self._at == len(self._buffer) and not self._gap:
            self._more()
        if self._at == len(self._buffer):
            lost = min(count, self._gap)
            self._gap -= lost
            return lost
        data = self._buffer[self._at : self._at + count]
        self._at += len(data)
        return data


def sparse_writes(pieces: Iterable[Piece], size: int) -> Iterator[tuple[int, bytes]]:
    """Yield offset and bytes of what a sparse stream (9) has to say of a file of that size."""
    stream = Stream(pieces)
    first = tar_header(stream.take(BLOCK))
    if first.typeflag != b"x" or first.size > STEP:
        raise Damaged("a sparse stream without its records")
    records = pax_records(b"x", stream.take(padded(first.size))[: first.size])
    header = tar_header(stream.take(BLOCK))
    said = [records.get(b"GNU.sparse." + key) for key in (b"major", b"minor", b"realsize")]
    if said != [b"1", b"0", b"%d" % size] or header.typeflag != b"0":
        raise Damaged("a sparse stream of another version or size")
    stream.taken = end = total = 0
    extents = array("q")
    for _ in range(stream.number()):
        offset, length = stream.number(), stream.number()
        if offset < end or offset + length > size or (not length and offset != size):
            raise Damaged("a sparse stream whose extents overlap or leave the file")
        extents.extend((offset, length))
        end, total = offset + length, total + length
    if any(stream.take(-stream.taken % BLOCK)) or header.size != stream.taken + total:
        raise Damaged("a sparse stream of another length than its header says")
    for offset, length in zip(extents[::2], extents[1::2]):
        end = offset + length
        while offset < end:
            data = stream.upto(end - offset)
            if isinstance(data, bytes):
                yield offset, data
            offset += len(data) if isinstance(data, bytes) else data
    for _ in stream.rest():  # so that the checksum of what follows is seen, too
        pass


# ---------------------------------------------------------------- sums of all sectors (20)


class Geometry(NamedTuple):
    """What all guard sectors of a volume say."""

    flags: int
    before_bytes: int
    after_bytes: int
    digest: bytes
    groups: int
    data_shards: int
    parity_shards: int
    run: int
    guard_groups: int
    front: int
    spread: int
    back: int
    origin: int

    @property
    def before(self) -> int:
        """Data sectors before the stream, which is the number of its first sector."""
        return -(-self.before_bytes // SECTOR)

    @property
    def data(self) -> int:
        """All data sectors."""
        return self.before + -(-self.after_bytes // SECTOR)

    @property
    def parity(self) -> int:
        """All parity sectors."""
        return self.groups * self.parity_shards

    @property
    def guards(self) -> int:
        """All guard sectors."""
        return self.front + self.spread + self.back

    @property
    def slices(self) -> int:
        """Guard sectors that carry a slice of the table; those behind them carry parity of the slices."""
        return -(-(-(-(self.data + self.parity) // 480)) // self.guard_groups) * self.guard_groups

    def number_of_guard(self, guard: int) -> int:
        """Return the number of the sector that is a guard."""
        if guard >= self.front + self.spread:
            return self.before + self.parity + guard
        behind = max(0, guard - self.front + 1) * self.parity // (self.spread + 1)
        return self.before + guard + behind

    def numbers(self) -> Iterator[int]:
        """Yield the number of the sector of each row of the table."""
        yield from range(self.before)
        yield from range(self.before + self.parity + self.guards, self.data + self.parity + self.guards)
        behind = [(s + 1) * self.parity // (self.spread + 1) for s in range(self.spread)]
        for i in range(self.parity):
            yield self.before + self.front + i + bisect_right(behind, i)


def guard_of(sector: bytes) -> tuple[Geometry, int, bytes]:
    """Return what a guard sector says of all, its own number, and its payload."""
    if len(sector) != SECTOR or sector[:9] != b"XTPARITY\1":
        raise Damaged("no guard sector")
    flags, reserved, number, before, after, digest, *numbers, reserved2, crc = struct.unpack_from(
        "<9xB2sIQQ32s9I24sI", sector
    )
    if crc != zlib.crc32(sector[:124] + sector[128:]):
        raise Damaged("a guard sector with a wrong checksum")
    shape = Geometry(flags, before, after, digest, *numbers)
    if flags > 1 or any(reserved) or any(reserved2) or not 0 < before + after <= MAX_OFFSET:
        raise Damaged("a guard sector that breaks the rules of its fields")
    if not shape.guard_groups or number >= shape.guards or shape.guards < shape.slices:
        raise Damaged("a guard sector that contradicts itself")
    return shape, number, sector[128:]


class Volume(NamedTuple):
    """A protected volume: its shape, where it starts in the image, and what holds its stream."""

    shape: Geometry
    start: int
    image: Image
    stream: Image

    def sector(self, number: int) -> bytes:
        """Return a sector by its number; shorter where it cannot be read."""
        image, at = self.image, self.start + number * SECTOR
        count = SECTOR
        if self.shape.flags & 1 and number >= self.shape.before:
            image, at = self.stream, (number - self.shape.before) * SECTOR
        elif number == self.shape.before - 1 and self.shape.before_bytes % SECTOR:
            count = self.shape.before_bytes % SECTOR
        elif number == self.shape.data + self.shape.parity + self.shape.guards - 1 and self.shape.after_bytes % SECTOR:
            count = self.shape.after_bytes % SECTOR
        try:
            data = image.read(at - image.base, count)
        except OSError:
            return b""
        return data.ljust(SECTOR, b"\0") if len(data) == count else data


def find_volume(image: Image, sidecar: Image | None) -> Volume | None:
    """Return the largest volume of which guard sectors are in the last MiB, or anywhere."""
    stream = sidecar or image
    found: dict[Geometry, int] = {}
    ends = [stream.size - STEP, 0]
    for start in ends:
        start = max(0, start)
        while start < stream.size and (not found or start >= ends[0]):
            data = stream.left(start - stream.base, STEP + SECTOR)
            at = data.find(b"XTPARITY")
            while 0 <= at < STEP:
                try:
                    shape, number, _ = guard_of(data[at : at + SECTOR].ljust(SECTOR, b"\0"))
                    if shape.guards <= stream.size // SECTOR * 16:
                        found[shape] = start + at - shape.number_of_guard(number) * SECTOR
                except Damaged:
                    pass
                at = data.find(b"XTPARITY", at + 8)
            start += STEP
        if found:
            break
    if not found:
        return None
    shape = max(found, key=lambda each: each.before_bytes + each.after_bytes)
    return Volume(shape, 0 if shape.flags & 1 else found[shape], image, stream)


def add_sector(ranges: list[tuple[int, int]], number: int) -> None:
    """Add a sector to ranges of sectors, start and end."""
    if ranges and ranges[-1][1] == number:
        ranges[-1] = (ranges[-1][0], number + 1)
    else:
        ranges.append((number, number + 1))


def payload_of(volume: Volume, guard: int) -> bytes:
    """Return the payload of a guard sector, nothing if it is bad."""
    try:
        shape, number, payload = guard_of(volume.sector(volume.shape.number_of_guard(guard)))
    except Damaged:
        return b""
    return payload if (shape, number) == (volume.shape, guard) else b""


def check_sums(volume: Volume) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Return the sectors that are bad, and those of which nobody knows; as ranges, ascending."""
    shape = volume.shape
    bad: list[tuple[int, int]] = []
    unknown: list[tuple[int, int]] = []
    numbers = shape.numbers()
    for first in range(0, shape.guards, 512):  # many at a time, since a drive takes long to move
        guards = range(first, min(first + 512, shape.guards))
        payloads = [payload_of(volume, guard) for guard in guards]
        for guard, payload in zip(guards, payloads):
            if not payload:
                add_sector(bad, shape.number_of_guard(guard))
            if guard >= shape.slices:
                continue
            sums = struct.unpack("<480I", payload) if payload else (None,) * 480
            for expected, number in zip(sums, numbers):
                if expected is None:
                    add_sector(unknown, number)
                elif zlib.crc32(number.to_bytes(8, "little") + volume.sector(number)) != expected:
                    add_sector(bad, number)
    return sorted(bad), sorted(unknown)


# ---------------------------------------------------------------- finding what is left (16)

BEGINNINGS = (
    (b"\x1f\x8b", "a gzip file"),
    (b"PK\x03\x04", "a zip file"),
    (b"PK\x05\x06", "an empty zip file"),
    (b"\xfd7zXZ\0", "an xz file"),
    (b"BZh", "a bzip2 file"),
    (b"\x28\xb5\x2f\xfd", "a zstd file"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a rar archive"),
    (b"LZIP", "an lzip file"),
    (b"%PDF", "a PDF document"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"\x89PNG\r\n\x1a\n", "a PNG image"),
)


def kind_of(head: bytes) -> str:
    """Return what another program's file is that begins so; nothing where that is not known."""
    for beginning, kind in BEGINNINGS:
        if head.startswith(beginning):
            return kind
    if head[257:262] == b"ustar":
        return "a plain tar archive, or another program's"
    if head[16 * SECTOR + 1 : 16 * SECTOR + 6] == b"CD001":
        return "an image of a disc, with no archive in it that is known"
    return ""


class Found(NamedTuple):
    """A header with a note, anywhere in the image; ``records`` is None where there were some and they are lost."""

    offset: int
    header: TarHeader
    note: Note
    records: dict[bytes, bytes] | None


class Findings:
    """All that a scan found, by its offset in the image."""

    def __init__(self) -> None:
        self.headers: list[Found] = []
        self.indexes: list[tuple[int, Head]] = []
        self.notes: list[tuple[int, bytes]] = []  # blocks of notes of files in bundles
        self.is_all = True

    def noted(self, archive_id: bytes) -> Iterator[tuple[int, FileNote]]:
        """Yield the files in bundles that notes tell of, each with where its stream lies, less 32 bytes."""
        for offset, block in self.notes:
            whose, _, files = file_notes(block)
            for note in files if whose == archive_id else ():
                yield offset + note.ahead - 32, note

    def main_id(self, image: Image) -> bytes:
        """Return the archive of which most is left in the image."""
        counts = Counter(found.note.archive_id for found in self.headers)
        counts.update(head.archive_id for _, head in self.indexes)
        counts.update(NOTES_HEAD.unpack_from(block)[2] for _, block in self.notes)
        if not counts:
            kind = kind_of(image.left(-image.base, 1 << 16))
            said = f"{kind}, and no archive of pybackup" if kind else "no archive, or nothing of one is left"
            raise Hopeless(4, said)
        return counts.most_common(1)[0][0]

    def indexes_of(self, image: Image, archive_id: bytes) -> Iterator[tuple[int, Head]]:
        """Yield the indexes of an archive, as many as may be honest: many small ones are a bomb as one large is."""
        plain, entries, left = 64 << 20, 1 << 20, 2 * image.size
        for offset, head in self.indexes:
            more = (plain - head.plain_bytes + 64 * head.body_bytes, entries - head.entries + 4 * head.body_bytes)
            if head.archive_id == archive_id and min(*more, left - head.total_bytes) >= 0:
                (plain, entries), left = more, left - head.total_bytes
                yield offset, head


def marked(data: bytes, aligned: bool) -> Iterator[int]:
    """Yield where the blocks start that look like a header or the head of an index."""
    places = []
    for at, magic in ((257, b"ustar\x0000"), (0, b"XTARIDX{")):
        # One byte of each block first, at the speed of C.
        column, step = (data[at::BLOCK], BLOCK) if aligned else (data[at:], 1)
        sought = magic[:1] if aligned else magic
        number = column.find(sought)
        while number >= 0:
            if data.startswith(magic, number * step + at):
                places.append(number * step)
            number = column.find(sought, number + 1)
    return iter(sorted(place for place in places if place < 8 * STEP))


def scan(image: Image, until_locator: bool = False, aligned: bool = True) -> Findings:
    """Look at all blocks of the image; or up to the first header of a complete archive."""
    findings = Findings()
    before: tuple[int, bytes, dict[bytes, bytes]] = (-1, b"", {})
    for start, data in image.chunks(MAX_NOTES):
        findings.notes.extend(notes_in(data, start))
        for at in marked(data, aligned):
            block, offset = data[at : at + BLOCK], start + at
            try:
                if block.startswith(b"XTARIDX{"):
                    findings.indexes.append((offset, index_head(block[: INDEX_HEAD.size])))
                elif block[156:157] in (b"x", b"L", b"K"):
                    before = extension(image, offset, block, before)
                else:
                    note = note_of(block)
                    extended, records = (before[1], before[2]) if before[0] == offset else (b"", {})
                    whole = note.pax_crc == pax_crc(extended)
                    findings.headers.append(
                        Found(offset, tar_header(block, check_sum=False), note, records if whole else None)
                    )
                    if until_locator and note.role == LOCATOR and note.stream_bytes:
                        findings.is_all = False
                        return findings
            except Damaged:
                continue
    return findings


def notes_in(data: bytes, start: int) -> Iterator[tuple[int, bytes]]:
    """Yield where blocks of notes of files lie in the image, and their bytes."""
    at = data.find(NOTES_MAGIC)
    while 0 <= at < 8 * STEP:
        step = 1
        with suppress(Damaged):
            step = file_notes(data[at : at + MAX_NOTES])[1]
            yield start + at, data[at : at + step]
        at = data.find(NOTES_MAGIC, at + step)


def extension(
    image: Image, offset: int, block: bytes, before: tuple[int, bytes, dict[bytes, bytes]]
) -> tuple[int, bytes, dict[bytes, bytes]]:
    """Return the end of a member that extends a header, its bytes and its records, with those before it."""
    header = tar_header(block)
    _, extended, records = before if before[0] == offset else (-1, b"", {})
    if not 0 < header.size <= STEP or len(extended) > STEP:
        return -1, b"", {}
    data = image.left(offset + BLOCK - image.base, padded(header.size))
    records = {**records, **pax_records(header.typeflag, data[: header.size])}
    return offset + BLOCK + len(data), extended + block + data, records


def locator_at(image: Image, offset: int) -> Note | None:
    """Return the note of the first header of a complete archive, if it is there."""
    try:
        note = note_of(image.exactly(offset, BLOCK))
    except Damaged:
        return None
    return note if note.role == LOCATOR and note.stream_bytes else None


def find_base(image: Image, findings: Findings) -> int:
    """Return where the archive starts in the image: what indexes say, against where the headers lie."""
    main = findings.main_id(image)
    headers = [found for found in findings.headers if found.note.archive_id == main]
    for found in headers:
        if found.note.role == LOCATOR:
            return found.offset
    places = {(found.note.digest[:4], found.header.size): found.offset + BLOCK for found in headers}
    places.update(((note.digest, 32 + note.stream), offset) for offset, note in findings.noted(main))
    nested = [found for found in headers if found.note.role == CONTAINER]
    places.update(((b"begin", found.note.raw_bytes), found.offset + BLOCK) for found in nested)
    for offset, head in findings.indexes:  # a container of version 2 ends with its own index
        if head.archive_id == main and head.scope == 0 and head.version > 1:
            places[b"end", head.container] = offset + padded(head.total_bytes)
    votes: Counter[int] = Counter()
    for offset, head in findings.indexes_of(image, main):
        if sum(votes.values()) > 100:
            break
        try:
            table = Table(*read_index(image.left(offset - image.base, head.total_bytes))[:3])
        except Damaged:
            continue
        for row, kind in enumerate(table.kinds):
            for member in table.members(row) if kind in (FILE, DIRECTORY) else ():
                known = [((member.digest[:4], member.packed), member.offset)]
                if kind == DIRECTORY:
                    end = member.offset + member.packed
                    known = [((b"begin", member.raw), member.offset), ((b"end", member.raw), end)]
                votes.update(places[key] - where for key, where in known if key in places)
    if votes:
        return 0 if votes[0] else max(votes, key=lambda base: votes[base])
    volume = find_volume(image, None)
    return volume.start if volume else 0


def open_listing(image: Image) -> Listing:
    """Find the archive in the image, set its base, and return what it lists by the best that is left."""
    notes: list[str] = []
    locator = locator_at(image, 0)
    findings: Findings | None = None
    if locator is None:
        notes.append("the first header is not at the start, or damaged")
        for place in feet(image, [image.size]):
            try:
                listing = tree_listing(image, *place)
            except Damaged:
                continue
            if lies_there(image, listing):
                listing.notes[:0] = notes
                return listing
        findings = scan(image, until_locator=True)
        if not findings.headers and not findings.indexes:  # bytes may have been lost or added before all of it
            findings = scan(image, aligned=False)
        image.base = find_base(image, findings) if findings.is_all else findings.headers[-1].offset
        locator = locator_at(image, 0)
        if image.base:
            notes = [f"the archive starts at byte {image.base}"]
    main = locator.archive_id if locator else findings.main_id(image) if findings else b""
    for place in index_places(image, locator, findings):
        try:
            listing = tree_listing(image, *place)
            if main and listing.archive_id != main:  # where an archive was cut, the last one left may be another's
                raise Damaged("one of another archive stands in its place")
            listing.notes[:0] = notes
            return listing
        except Damaged as error:
            notes.append(f"the tree index: {error}")
    # Bytes may have been lost or added anywhere; whose headers count, those have said that are where headers should be.
    listing = Recovery(image, scan(image, aligned=False), main).listing()
    listing.notes[:0] = notes
    if locator:
        listing.expected = locator.segments
    return listing


def file_rows(listing: Listing, limit: int) -> list[int]:
    """Return the rows of some files, from all over the listing."""
    rows = [row for row, kind in enumerate(listing.kinds) if kind == FILE]
    return rows[:: max(1, len(rows) // limit)]


def lies_there(image: Image, listing: Listing) -> bool:
    """Whether most of some members lie where an index says: their headers do, or their contents are right.

    Several files may be of the same content, and those without any are: one of them is no proof.
    """
    votes = 0
    for member in (member for row in file_rows(listing, 64) for member in listing.entry(row).members if member.raw):
        try:
            said = note_of(image.exactly(member.offset - BLOCK, BLOCK))
            votes += 1 if said.digest.startswith(member.digest[:4]) else -1
        except Damaged:
            with suppress(Damaged):
                if member.raw <= STEP:
                    list(checked(image, member))
                    votes += 1
    return votes > 0


def index_places(image: Image, locator: Note | None, findings: Findings | None) -> Iterator[tuple[int, int]]:
    """Yield offset and length of what may be the tree index."""
    ends = [image.size - image.base]
    if locator:
        yield locator.raw_bytes, locator.stream_bytes
        ends.insert(0, locator.file_bytes)
    for end in list(ends):
        try:  # the stream of parity stands behind the index, and its last guard sector before the end
            ends.append(guard_of(image.exactly(end - 2 * BLOCK - SECTOR, SECTOR))[0].before_bytes)
        except Damaged:
            continue
    yield from feet(image, ends)
    if findings and findings.is_all:
        main = findings.main_id(image)
        for offset, head in findings.indexes:
            if head.scope == 1 and head.archive_id == main:
                yield offset - image.base, head.total_bytes


def feet(image: Image, ends: Iterable[int], scope: int = 1) -> Iterator[tuple[int, int]]:
    """Yield offset and length of the index, of the tree or for 0 of a container, with the last foot before each end."""
    for end in ends:
        start = max(0, -image.base, end - 65536)
        tail = image.left(start, min(end, image.size - image.base) - start)
        at = tail.rfind(b"}XTARIDX")
        while at >= 0:
            try:
                head = index_head(tail[at : at + INDEX_HEAD.size])
                if head.scope == scope:
                    yield start + at + INDEX_HEAD.size - head.total_bytes, head.total_bytes
                    break
            except Damaged:
                pass
            at = tail.rfind(b"}XTARIDX", 0, at)


def tree_listing(image: Image, offset: int, size: int) -> Listing:
    """Return the listing by the tree index that lies there."""
    if offset < 0 or image.base + offset + size > image.size:
        raise Damaged("it ends behind the archive")
    head, plain, digests, corrected = read_index(image.left(offset, size))
    if head.scope != 1:
        raise Damaged("another index stands where it should")
    table = Table(head, plain, digests)
    paths = table.paths()
    listing = Listing(paths, table.kinds, lambda row: table.entry(row, paths[row]), "tree index")
    listing.archive_id, listing.disc, listing.index_at = head.archive_id, disc_of(table.settings), offset
    listing.builds_on = builds_on(table.settings)
    if corrected:
        listing.notes.append(f"{corrected} bytes of the tree index, put right by its parity")
    return listing


class Recovery:
    """The entries put together from what is left: own indexes of containers, then structures, then headers."""

    def __init__(self, image: Image, findings: Findings, archive_id: bytes) -> None:
        self._image, self._findings, self._id = image, findings, archive_id
        self._headers = [found for found in findings.headers if found.note.archive_id == archive_id]
        self._notes: list[str] = []
        self._doubts: list[tuple[bytes, str]] = []
        self._room = (64 << 20) + 4096 * (len(self._headers) + len(findings.notes))  # for all paths together
        self._left = 2 * image.size  # honest structures overlap nowhere
        self._tables: dict[int, Table] = {}
        self._paths: dict[int, bytes] = {0: b""}  # of the directories of containers, by number
        self._adrift: set[int] = set()  # of which the path is lost

    def listing(self) -> Listing:
        """Return the listing; its number of entries is known only if some head of the tree index is left."""
        self._load()
        found: dict[bytes, Entry] = {}
        self._from_tables(found)
        self._place_containers()
        for at in self._headers:
            if at.note.role == OTHER and at.header.size <= 1 << 30:
                for entry in structure(self._read(at.offset + BLOCK, at.header.size)):
                    found.setdefault(entry.path, entry)
        for entry, doubt in self._from_headers():
            if found.setdefault(entry.path, entry) is entry and doubt:
                self._doubts.append((entry.path, doubt))
        rows = sorted(found.values(), key=lambda entry: entry.path.split(b"/"))
        listing = Listing([row.path for row in rows], [row.kind for row in rows], rows.__getitem__, "what is left")
        heads = [head for _, head in self._findings.indexes if (head.archive_id, head.scope) == (self._id, 1)]
        listing.expected = heads[0].entries if heads else None
        listing.notes, listing.doubts, listing.archive_id = self._notes, self._doubts, self._id
        return listing

    def _read(self, offset: int, count: int) -> bytes:
        self._left -= count
        return self._image.left(offset - self._image.base, count) if self._left >= 0 else b""

    def _load(self) -> None:
        for offset, head in self._findings.indexes_of(self._image, self._id):
            if head.scope:
                continue
            try:
                head, plain, digests, corrected = read_index(self._read(offset, head.total_bytes))
                self._tables[head.container] = Table(head, plain, digests)
                self._room += 1024 * head.body_bytes
                if corrected:
                    self._notes.append(f"{corrected} bytes of an index, put right by its parity")
            except Damaged as error:
                self._notes.append(f"the index of container {head.container}: {error}")

    def _from_tables(self, found: dict[bytes, Entry]) -> None:
        for number, table in self._tables.items():
            self._paths[number] = table.place
        for number, table in self._tables.items():
            try:
                for row, path in enumerate(table.paths()):
                    full = self._below(self._paths[number], path)
                    found[full] = table.entry(row, full)
                    if table.kinds[row] == DIRECTORY and table.counts[row]:
                        self._paths.setdefault(table.members(row)[0].raw, full)
            except Damaged as error:
                self._notes.append(f"the index of container {number}: {error}")

    def _below(self, place: bytes, name: bytes) -> bytes:
        """Return the path of what lies in a directory, as long as all paths together are no longer than any tree's."""
        if self._room < len(place) + len(name):
            raise Damaged("paths that would grow beyond measure")
        self._room -= len(place) + len(name)
        return place + b"/" + name if place else name

    def _within(self, number: int, name: bytes) -> bytes:
        """Return the path of what lies in a container; made up where that of the container is lost."""
        lost = b"lost+found/container-%d" % number
        if number not in self._paths:
            self._paths[number] = lost
            self._adrift.add(number)
        try:
            return self._below(self._paths[number], name)
        except Damaged:
            self._adrift.add(number)
            return lost + b"/" + name

    def _place_containers(self) -> None:
        """Paths of containers that no index names; the number of one is higher than that of the one around it."""
        nested = {found.note.raw_bytes: found for found in self._headers if found.note.role == CONTAINER}
        for number in sorted(nested):
            found = nested[number]
            if number not in self._paths:
                self._paths[number] = self._within(found.note.container, true_name(found, b"/.xtar"))
                if found.note.container in self._adrift or found.records is None:
                    self._adrift.add(number)

    def _from_headers(self) -> Iterator[tuple[Entry, str]]:
        """Yield what lies in containers without an index, and what may be lost of it."""
        files: dict[tuple[int, bytes], dict[int, Found]] = {}
        for found in self._headers:
            note = found.note
            if note.container in self._tables:
                continue
            if note.role == CONTENT:
                files.setdefault((note.container, file_name(found)), {})[note.segment] = found
            elif note.role == CONTAINER:
                path = self._within(note.container, true_name(found, b"/.xtar"))
                doubt = "its extended attributes are lost" if note.flags & 4 else ""
                yield (
                    header_entry(found, path, DIRECTORY)._replace(mode=note.segment & 0o7777),
                    self._doubt(found) or doubt,
                )
        for (container, name), segments in files.items():
            first = segments[min(segments)]
            numbers = [number for number in sorted(segments) if number < first.note.segments]
            entry = header_entry(first, self._within(container, name), FILE)._replace(
                size=first.note.file_bytes,
                members=[self._member(segments[number]) for number in numbers],
                is_sparse=any(found.note.flags & 1 for found in segments.values()),
                segments=first.note.segments,
            )
            yield entry, self._doubt(first)
        yield from self._from_bundles()

    def _from_bundles(self) -> Iterator[tuple[Entry, str]]:
        """Yield files of bundles; whose they are, the header of the bundle says, the last one before the stream."""
        bundles = [found for found in self._headers if found.note.role == BUNDLE]
        starts = [found.offset for found in bundles]
        for offset, note in self._findings.noted(self._id):
            if note.container in self._tables:
                continue
            path, at = self._within(note.container, note.name), bisect_left(starts, offset + 1)
            around = bundles[at - 1] if at and bundles[at - 1].note.container == note.container else None
            owner = header_entry(around, path, FILE).owner if around else (0, 0, b"", b"")
            sizes = (32 + note.stream, note.stream, note.raw, note.method, note.dictionary, note.digest)
            member = Member(offset - self._image.base, *sizes)
            doubt = "the name of its directory is lost" if note.container in self._adrift else ""
            entry = Entry(path, FILE, note.mode, owner, note.mtime_ns, note.raw, members=[member], segments=1)
            yield entry, doubt or ("" if around else "its owner is lost")

    def _member(self, found: Found) -> Member:
        note, offset = found.note, found.offset + BLOCK - self._image.base
        sizes = (found.header.size, note.stream_bytes, note.raw_bytes)
        return Member(offset, *sizes, note.method, note.dictionary, note.digest, note.segment, bool(note.flags & 16))

    def _doubt(self, found: Found) -> str:
        if found.note.container in self._adrift:
            return "the name of its directory is lost"
        return "a long name or attributes may be lost" if found.records is None else ""


def true_name(found: Found, suffix: bytes) -> bytes:
    """Return the name of an entry by that of its member (3)."""
    records = found.records or {}
    comment = records.get(b"comment", b"")
    if comment.startswith(b"PYBACKUP name="):
        return comment[14:]
    name = records.get(b"path", found.header.name)
    return name[: -len(suffix)] if name.endswith(suffix) else name


def file_name(found: Found) -> bytes:
    """Return the name of a file by that of its member."""
    note = found.note
    suffix = b".part%04d.7z" % (note.segment + 1) if note.segments > 1 else b".7z"
    if note.flags & 8:  # a file with a base
        suffix = (b".delta" if note.flags & 16 else b".changed") + suffix
    return true_name(found, b".sparse" + suffix if note.flags & 1 else suffix)


def header_entry(found: Found, path: bytes, kind: int) -> Entry:
    """Return what a header says of an entry, with its extension."""
    header, records = found.header, found.records or {}
    owner = (header.uid, header.gid, records.get(b"uname", header.user), records.get(b"gname", header.group))
    try:
        xattrs = xattrs_of(records)
    except Damaged:
        xattrs = {}
    mtime_ns = header.mtime * 10**9 + found.note.mtime_ns
    return Entry(path, kind, header.mode & 0o7777, owner, mtime_ns, xattrs=xattrs)


def structure(data: bytes) -> Iterator[Entry]:
    """Yield the entries of a structure (10), only those whose stamp (7) vouches for them."""
    at = begun = 0
    records: dict[bytes, bytes] = {}
    while at + BLOCK <= len(data):
        block, start, at = data[at : at + BLOCK], at, at + BLOCK
        try:
            header = tar_header(block)
            if header.typeflag in (b"x", b"L", b"K") and header.size <= STEP:
                records.update(pax_records(header.typeflag, data[at : at + header.size]))
                at += padded(header.size)
                continue
            magic, mtime_ns, extended, reserved, crc = struct.unpack_from("<4sI3sBI", block, 345)
            right = crc == header_crc(block, 357) and extended == pax_crc(data[begun:start])
            if magic == b"\0XTS" and right and mtime_ns < 10**9 and not reserved and header.typeflag in KIND_OF_TYPE:
                names = (records.get(b"uname", header.user), records.get(b"gname", header.group))
                path, target = records.get(b"path", header.name), records.get(b"linkpath", header.linkname)
                identity = (path.rstrip(b"/"), KIND_OF_TYPE[header.typeflag], header.mode & 0o7777)
                owner, time_ns = (header.uid, header.gid, *names), header.mtime * 10**9 + mtime_ns
                yield Entry(*identity, owner, time_ns, 0, target, header.device, xattrs_of(records))
        except Damaged:
            pass
        begun, records = at, {}


# ---------------------------------------------------------------- putting it back


class Report:
    """What is said, and how much of it is a loss."""

    def __init__(self) -> None:
        self.losses = 0
        self._said: set[str] = set()

    def lost(self, path: bytes, reason: str, what: str = "lost") -> None:
        """Name what is lost."""
        self.losses += 1
        self.note(f"{what}: {shown(path)}: {reason}" if path else f"{what}: {reason}")

    def note(self, text: str, once: bool = False) -> None:
        """Say something."""
        if not (once and text in self._said):
            print(text, file=sys.stderr)
            self._said.update([text] if once else [])


class Target:
    """The directory below which everything is put; nothing that exists is replaced."""

    def __init__(self, root: str, report: Report, devices: bool, numeric_owner: bool) -> None:
        self._report, self._devices, self._numeric = report, devices, numeric_owner
        self._ids: dict[tuple[int, int, bytes, bytes], tuple[int, int]] = {}
        self.failed: set[bytes] = set()
        try:
            os.makedirs(root, exist_ok=True)
            top = os.open(root, os.O_RDONLY | os.O_DIRECTORY) if BY_DESCRIPTOR else os.fsencode(os.path.abspath(root))
        except OSError as error:
            raise Hopeless(3, f"{root}: {error.strerror}") from error
        self._folders: dict[bytes, Any] = {b"": top}  # the last that were used, and the top

    def close(self) -> None:
        """Close all descriptors."""
        while BY_DESCRIPTOR and self._folders:
            os.close(self._folders.popitem()[1])

    def folder(self, path: bytes, make: bool = True) -> Any:
        """Return a directory below the top: a descriptor, or its path where the system has none for directories."""
        above, names = path, []
        while above not in self._folders:
            above, _, name = above.rpartition(b"/")
            names.append(name)
        where = self._folders[above]
        for name in reversed(names):
            where = self._step(where, name, make)
            above = above + b"/" + name if above else name
            self._folders[above] = where
            self._forget(2)
        if path:  # the last that was used goes last
            self._folders[path] = self._folders.pop(path)
        return where

    def _forget(self, keep: int) -> None:
        for path in list(self._folders)[1:-keep] if len(self._folders) > 12 else []:
            old = self._folders.pop(path)
            if BY_DESCRIPTOR:
                os.close(old)

    def _step(self, parent: Any, name: bytes, make: bool) -> Any:
        """Return the directory ``name`` in ``parent``, never by a link."""
        place, how = spot(parent, name)
        if make:
            with suppress(FileExistsError):
                os.mkdir(place, 0o700, **how)
        if BY_DESCRIPTOR:
            return os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, **how)
        if not stat.S_ISDIR(os.lstat(place).st_mode):
            raise NotADirectoryError(errno.ENOTDIR, "a link or file stands where a directory belongs")
        return place

    def place_file(
        self, entry: Entry, writes: Iterable[tuple[int, bytes]], suffix: Callable[[], bytes] = bytes
    ) -> None:
        """Write a file under a temporary name, and give it its own when all of it was right."""
        parent, name = split(entry.path)
        folder = self.folder(parent)
        temporary, how = spot(folder, b".rescue-%s.tmp" % os.urandom(8).hex().encode())
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
        fd = os.open(temporary, flags, 0o600, **how)
        try:
            with open(fd, "wb", buffering=0) as file:
                for offset, data in writes:
                    file.seek(offset)
                    view = memoryview(data)
                    while view:
                        view = view[file.write(view) :]
                file.truncate(entry.size)
                if os.utime in os.supports_fd:
                    self.dress(entry, fd)
            if os.utime not in os.supports_fd:
                self.dress(entry, temporary)
            publish(folder, temporary, name + suffix())
        except BaseException:
            os.unlink(temporary, **how)
            raise

    def place_special(self, entry: Entry) -> None:
        """Make a link, FIFO or device."""
        parent, name = split(entry.path)
        folder = self.folder(parent)
        place, how = spot(folder, name)
        if entry.kind == HARDLINK:
            self._link(entry, place, folder)
            return
        if entry.kind == SYMLINK:
            if not entry.target or b"\0" in entry.target:
                raise Damaged("a symbolic link to nothing")
            os.symlink(entry.target, place, **how)
        elif entry.kind == FIFO:
            os.mkfifo(place, 0o600, **how)
        elif self._devices and IS_ROOT:
            kind = stat.S_IFCHR if entry.kind == CHARACTER else stat.S_IFBLK
            try:
                os.mknod(place, 0o600 | kind, os.makedev(*entry.device), **how)
            except (OverflowError, ValueError) as error:
                raise Damaged("this system has no devices of such a number") from error
        else:
            raise Damaged("devices are made only for root, with --devices")
        if hasattr(os, "O_PATH"):  # a descriptor that pins it: nobody can swap it for something else
            fd = os.open(place, os.O_PATH | os.O_NOFOLLOW, **how)
            try:
                self.dress(entry, b"/proc/self/fd/%d" % fd)
            finally:
                os.close(fd)

    def _link(self, entry: Entry, place: bytes, folder: Any) -> None:
        parent, name = split(entry.target)
        if entry.target in self.failed:
            raise Damaged("what it links to was not restored")
        folder = os.dup(folder) if BY_DESCRIPTOR else folder
        try:
            source = self.folder(parent, make=False)
            if BY_DESCRIPTOR:
                os.link(name, place, src_dir_fd=source, dst_dir_fd=folder, follow_symlinks=False)
            else:
                os.link(spot(source, name)[0], place)
        except OSError as error:
            if error.errno not in NO_HARD_LINKS:
                raise
            self._copy(entry, *spot(self.folder(parent, make=False), name))
        finally:
            if BY_DESCRIPTOR:
                os.close(folder)

    def _copy(self, entry: Entry, place: bytes, how: Mapping[str, Any]) -> None:
        """Make a file like the one at the place, where a link to it cannot be: content counts more."""
        flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        with open(os.open(place, flags, **how), "rb") as file:
            status, xattrs = os.fstat(file.fileno()), {}
            if not stat.S_ISREG(status.st_mode):
                raise Damaged("a hard link to it cannot be made here, and it is no file that could be copied")
            if hasattr(os, "listxattr"):
                with suppress(OSError):
                    for name in map(os.fsencode, os.listxattr(file.fileno())):
                        xattrs[name] = os.getxattr(file.fileno(), name)
            mode = stat.S_IMODE(status.st_mode)
            alike = entry._replace(size=status.st_size, mode=mode, mtime_ns=status.st_mtime_ns, xattrs=xattrs)
            self.place_file(alike, written(file))
        self._report.note("note: hard links that cannot be made here are copies", once=True)

    def dress(self, entry: Entry, where: Any) -> None:
        """Give what was made its owner, attributes, mode and time, in this order: each undoes some of the next."""
        owned, mode = False, entry.mode
        if IS_ROOT:
            owned = self._try(entry, "owner", lambda: os.chown(where, *self._owner(entry.owner)))
        if mode & 0o6000 and not owned and entry.kind != DIRECTORY:
            mode &= 0o1777
            self._report.note("note: set-id bits are dropped where the owner is not restored", once=True)
        self._attach(entry, where, owned)
        if entry.kind != SYMLINK:
            self._try(entry, "mode", lambda: os.chmod(where, mode))
        self._try(entry, "time", lambda: os.utime(where, ns=(time.time_ns(), entry.mtime_ns)))

    def _attach(self, entry: Entry, where: Any, owned: bool) -> None:
        if not hasattr(os, "setxattr"):
            if entry.xattrs:
                self._report.note("note: this system has no extended attributes; they are left out", once=True)
            return
        for name, value in entry.xattrs.items():
            if name == b"security.capability" and not owned:
                continue
            self._try(entry, f"attribute {shown(name)}", lambda: os.setxattr(where, name, value))  # noqa: B023
        for name in (b"system.posix_acl_access", b"system.posix_acl_default"):
            if name not in entry.xattrs:  # what the directory hands down is not the entry's
                with suppress(OSError):
                    os.removexattr(where, name)

    def _try(self, entry: Entry, what: str, change: Callable[[], None]) -> bool:
        try:
            change()
        except (OSError, OverflowError, ValueError) as error:
            code = error.errno if isinstance(error, OSError) else None
            if code in (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS):
                self._report.note(f"note: {what} not restored: {error} (said once)", once=True)
            else:
                self._report.lost(entry.path, f"{what} not restored: {error}", "incomplete")
            return False
        return True

    def _owner(self, owner: tuple[int, int, bytes, bytes]) -> tuple[int, int]:
        """Return the numbers that an owner has here: by name, if the name is known."""
        uid, gid, user, group = owner
        if owner not in self._ids and not self._numeric and pwd is not None:
            with suppress(KeyError, ValueError):
                uid = pwd.getpwnam(os.fsdecode(user)).pw_uid if user else uid
            with suppress(KeyError, ValueError):
                gid = grp.getgrnam(os.fsdecode(group)).gr_gid if group else gid
        uid, gid = self._ids.setdefault(owner, (uid, gid))
        if max(uid, gid) >= 0xFFFFFFFF:  # -1 would mean: leave it
            raise OverflowError("an owner's number is out of range")
        return uid, gid


def written(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Yield the content of a file with its offsets; what is zeros may stay a hole."""
    offset = 0
    while True:
        data = file.read(STEP)
        if not data:
            return
        if any(data):
            yield offset, data
        offset += len(data)


def spot(folder: Any, name: bytes) -> tuple[bytes, dict[str, Any]]:
    """Return how to name something in a directory to the functions of `os`."""
    if BY_DESCRIPTOR:
        return name, {"dir_fd": folder}
    return os.path.join(folder, name), {}


def split(path: bytes) -> tuple[bytes, bytes]:
    """Return directory and name of a path, if it is one that leads nowhere else (16)."""
    for name in path.split(b"/"):
        if name in (b"", b".", b"..") or b"\0" in name:
            raise Damaged("a path that leads elsewhere")
        if os.name == "nt" and set(name) & set(b'\\:*?"<>|'):
            raise Damaged("a name that Windows cannot have")
    parent, _, name = path.rpartition(b"/")
    return parent, name


def publish(folder: Any, temporary: bytes, name: bytes) -> None:
    """Give a file its name, unless something has it."""
    if not BY_DESCRIPTOR:
        os.rename(temporary, os.path.join(folder, name))  # Windows refuses a name that is taken
        return
    try:
        os.link(temporary, name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
    except OSError as error:
        if error.errno not in NO_HARD_LINKS:
            raise
    else:
        os.unlink(temporary, dir_fd=folder)
        return
    try:  # FAT and its like know no hard links
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    else:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))


# ---------------------------------------------------------------- what is left of damaged files


class Sums:
    """The checksums of a volume's sectors, looked up one by one, and where its sectors lie by now."""

    def __init__(self, volume: Volume, starts: Iterable[int]) -> None:
        self._volume = volume
        self.starts = list(dict.fromkeys(starts))  # where sector 0 would lie in the image, if all bytes did as some do
        self._guard, self._payload = -1, b""

    def of(self, number: int) -> int | None:
        """Return the sum of a data sector; None where it is lost."""
        shape = self._volume.shape
        row = number if number < shape.before else number - shape.parity - shape.guards
        if not 0 <= row < shape.data or (number >= shape.before > row):
            return None
        guard, at = divmod(row, 480)
        if guard != self._guard:
            self._guard, self._payload = guard, payload_of(self._volume, guard)
        return struct.unpack_from("<I", self._payload, 4 * at)[0] if self._payload else None

    def sector(self, number: int, start: int) -> bytes:
        """Return a sector if it is right where it lies when sector 0 is at ``start``; else nothing."""
        data = self._volume._replace(start=start).sector(number) if start + number * SECTOR >= 0 else b""
        right = len(data) == SECTOR and zlib.crc32(number.to_bytes(8, "little") + data) == self.of(number)
        return data if right else b""

    def start_at(self, position: int) -> int | None:
        """Return where sector 0 would lie by the sector that is right around a byte of the image."""
        for start in self.starts:
            number = (position - start) // SECTOR
            if number >= 0 and self.sector(number, start):
                return start
        return None


class Stretch(NamedTuple):
    """A part of a packed stream: right by its sum, only plausible (read, and nothing says more), or lost."""

    start: int
    end: int
    is_right: bool
    is_plausible: bool


class InMemory(Image):
    """Bytes in place of those of an image."""

    def __init__(self, data: bytes, offset: int) -> None:
        self._data, self._offset = data, offset

    def exactly(self, offset: int, count: int) -> bytes:
        """Return ``count`` bytes."""
        return self._data[offset - self._offset : offset - self._offset + count]


class Leftovers:
    """Knows what is left of damaged members, and where members went; asked only if something is lost."""

    def __init__(self, image: Image, sidecar: Image | None, listing: Listing | None, partial: bool) -> None:
        self._image, self._sidecar, self._listing, self.partial = image, sidecar, listing, partial
        self.told, self.address = listing, 0  # what says where all members should lie; of a set, from this address on
        self._shifts: list[int] = []  # how much further on they do
        self._sums: Sums | None = None
        self._is_surveyed = False
        self._archive_at: int | None = None  # where in the volume the archive begins, as a header has shown
        self._moved: dict[bytes, list[int]] | None = None
        self.known: list[tuple[int, int]] = []  # where members were found to be right
        self.damaged = 0  # members of which not all was right
        self.plausible = 0  # bytes given out that no checksum vouches for

    def right(self, member: Member) -> Iterator[Piece]:
        """Yield what is left of a member, and how much of it is lost."""
        places = (member.offset, *self._places(member), *(member.offset + shift for shift in self._shifts))
        for offset in dict.fromkeys(places):
            place = member._replace(offset=offset)
            try:
                for _ in checked(self._image, place):
                    pass
            except Damaged:
                continue
            self.known.append((offset, offset + member.packed))
            yield from checked(self._image, place)
            return
        self.damaged += 1
        done = 0
        for piece in self._left(member) if self.partial and member.stream <= 2 * MAX_SEGMENT else ():
            done += len(piece) if isinstance(piece, bytes) else piece
            yield piece
        if done < member.raw:
            yield member.raw - done

    def _left(self, member: Member) -> Iterator[Piece]:
        if member.is_delta:
            return  # of half a delta nobody knows where it belongs
        stream, stretches = self._stream(member)
        if member.method == 0:
            for stretch in stretches if member.stream == member.raw else ():
                data = bytes(stream[stretch.start : stretch.end])
                self.plausible += len(data) if stretch.is_plausible else 0
                yield data if stretch.is_right or stretch.is_plausible else len(data)
            return
        yield from (
            self._blocks(member, bytes(stream), stretches)
            if member.method == 1
            else self._packed(member, bytes(stream), stretches)
        )

    def _blocks(self, member: Member, stream: bytes, stretches: Sequence[Stretch]) -> Iterator[Piece]:
        """Yield what is left of each block of an LZMA2 stream, and how much is lost before it."""

        def seen(may_be_plausible: bool) -> dict[int, Block]:
            """Return the blocks by where their content begins."""
            there = [each for each in stretches if each.is_right or (may_be_plausible and each.is_plausible)]
            view = bytearray(member.stream)  # 1 where a byte is there
            for each in there:
                view[each.start : each.end] = b"\1" * (each.end - each.start)

            def look(start: int, end: int) -> bytes:
                """Return bytes of the stream if all of them are there."""
                return b"" if 0 in view[start:end] else stream[start:end]

            return {block.raw_start: block for block in blocks_of(look, member.stream, member.raw)}

        certain = seen(may_be_plausible=False)
        found = seen(may_be_plausible=True) if any(each.is_plausible for each in stretches) else certain
        done = 0
        for start, end, raw_start, raw_end in found.values():
            if raw_start > done:
                yield raw_start - done
                done = raw_start
            inside = [
                Stretch(max(each.start, start) - start, min(each.end, end) - start, each.is_right, each.is_plausible)
                for each in stretches
                if each.start < end and each.end > start
            ]
            if raw_start not in certain:
                inside = [
                    each._replace(is_right=False, is_plausible=each.is_right or each.is_plausible) for each in inside
                ]
            part = member._replace(offset=member.offset + start, stream=end - start, packed=32 + end - start)
            for data in self._packed(part._replace(raw=raw_end - raw_start), stream[start:end], inside):
                yield data
                done += len(data)

    def _packed(self, member: Member, stream: bytes, stretches: Sequence[Stretch]) -> Iterator[bytes]:
        """Yield what a decoder gives of a packed stream before the first byte that is lost."""
        right = next((each.start for each in stretches if not each.is_right), member.stream)
        there = next((each.start for each in stretches if not (each.is_right or each.is_plausible)), member.stream)
        certain = sum(map(len, self._unpacked(member, stream[:right])))
        for data in self._unpacked(member, stream[:there]):
            sure = min(len(data), certain)
            certain -= sure
            self.plausible += len(data) - sure
            yield data

    def _unpacked(self, member: Member, stream: bytes) -> Iterator[bytes]:
        """Yield what the decoder makes of the start of a packed stream, until it refuses to go on."""
        start = member._replace(stream=len(stream))
        with suppress(Damaged):
            yield from decoded(InMemory(stream, member.offset + 32), start, BLOCK) if stream else ()

    def _stream(self, member: Member) -> tuple[bytearray, list[Stretch]]:
        """Return the packed stream of a member, sector by sector from where it is right, and what its parts are."""
        sums = self._survey()
        stream, stretches = bytearray(member.stream), []
        beginning = self._image.base + next(self._standing(member), member.offset) + 32
        place = self._in_volume(member, sums) if sums else None
        grid = beginning if place is None else place + 32  # sectors of the medium, or of the volume
        at = 0
        while at < member.stream:
            end = min(member.stream, at + SECTOR - (grid + at) % SECTOR)
            number = (grid + at) // SECTOR
            expected = sums.of(number) if sums and place is not None else None
            data = b""
            if sums and expected is not None:
                data = next(filter(None, (sums.sector(number, start) for start in sums.starts)), b"")
                stream[at:end] = data[(grid + at) % SECTOR :][: end - at] if data else bytes(end - at)
                stretches.append(Stretch(at, end, bool(data), False))
            else:
                stretches += self._read(stream, at, end, beginning)
            at = end
        return stream, joined_stretches(stretches)

    def _read(self, stream: bytearray, at: int, end: int, beginning: int) -> Iterator[Stretch]:
        """Put what was read into a stream, and yield its blocks: what is all zeros was not."""
        data = self._image.left(beginning + at - self._image.base, end - at)
        stream[at:end] = data.ljust(end - at, b"\0")
        while at < end:
            stop = min(end, at + BLOCK - (beginning + at) % BLOCK)
            yield Stretch(at, stop, False, any(stream[at:stop]) or stop - at < 16)
            at = stop

    def _survey(self) -> Sums | None:
        """Return the sums, and learn from headers where sectors and the archive lie in the volume."""
        if not self._is_surveyed:
            self._is_surveyed = True
            volume = find_volume(self._image, self._sidecar)
            if volume:
                self._sums = Sums(volume, (self._image.base, volume.start, 0))
                self._learn(self._sums)
        return self._sums

    def _learn(self, sums: Sums) -> None:
        """Find out where the archive begins in the volume, and to where bytes were shifted, by the members' headers."""
        listing = self._listing
        shifts: Counter[int] = Counter()
        for row in file_rows(listing, 256) if listing else ():
            for member in listing.entry(row).members if listing else ():
                for offset in self._places(member):
                    shifts[offset - member.offset] += 1
                    position = self._image.base + offset
                    start = sums.start_at(position - BLOCK) if self._archive_at is None else None
                    if start is not None:
                        self._archive_at = position - start - member.offset
        if self._archive_at is not None:
            first = self._image.base - self._archive_at
            more = [first + shift for shift, _ in shifts.most_common(16)]
            sums.starts = list(dict.fromkeys([*sums.starts, *more]))

    def _in_volume(self, member: Member, sums: Sums) -> int | None:
        """Return where in the volume a member begins: sums vouch for no bytes of which that is not known."""
        for offset in self._standing(member):
            position = self._image.base + offset
            start = sums.start_at(position - BLOCK)
            if start is not None:
                return position - start
        # Where the header is lost, an index has told of the member, and no index knows of shifts.
        is_nominal = self._listing is not None and self._listing.index_at
        if self._archive_at is None or not (is_nominal or next(self._standing(member), None) is None):
            return None
        return self._archive_at + member.offset

    def _standing(self, member: Member) -> Iterator[int]:
        """Yield where a member has its header before it."""
        for offset in (member.offset, *self._places(member)):
            with suppress(Damaged):
                if note_of(self._image.exactly(offset - BLOCK, BLOCK)).digest.startswith(member.digest):
                    yield offset

    def _places(self, member: Member) -> Iterator[int]:
        """Yield where headers say that the member now lies, if bytes before it were lost or added."""
        if self._moved is None:
            self._moved = {}
            findings = scan(self._image, aligned=False)
            for offset, note in findings.noted(findings.main_id(self._image)) if findings.notes else ():
                self._moved.setdefault(note.digest, []).append(offset - self._image.base)
            for found in findings.headers:
                if found.note.role == CONTENT:
                    offset = found.offset + BLOCK - self._image.base
                    self._moved.setdefault(found.note.digest[:4], []).append(offset)
            self._shifts = self._shifts_of(self._moved)
        yield from self._moved.get(member.digest[:4], ())

    def _shifts_of(self, moved: Mapping[bytes, list[int]]) -> list[int]:
        """Return how much further on members lie than is told: one whose header is damaged may do so, too."""
        votes: Counter[int] = Counter()
        for row in file_rows(self.told, 4096) if self.told else ():
            for member in self.told.entry(row).members if self.told else ():
                found = moved.get(member.digest[:4], [])
                if len(found) == 1 and member.offset >> STRETCH == self.address >> STRETCH:
                    votes[found[0] - (member.offset - self.address)] += 1
        return [shift for shift, _ in votes.most_common(4)]


def joined_stretches(stretches: Iterable[Stretch]) -> list[Stretch]:
    """Return stretches with neighbours of one kind as one."""
    joined: list[Stretch] = []
    for each in stretches:
        if joined and joined[-1][2:] == each[2:]:
            each = each._replace(start=joined.pop().start)
        joined.append(each)
    return joined


def salvage_file(target: Target, entry: Entry, left: Leftovers, report: Report, reason: str) -> bool:
    """Put back what is right of a file as NAME.partial, or all of it; return whether it is whole."""
    sizes = [member.raw for member in entry.members if member.segment < entry.segments - 1]
    there = {member.segment: member for member in entry.members}
    good, faults, before, damaged = [0], [reason] if entry.fault else [], left.plausible, left.damaged
    digest = hashlib.sha256()

    def pieces() -> Iterator[Piece]:
        for number in range(entry.segments if sizes or entry.segments == 1 else 0):
            for piece in left.right(there[number]) if number in there else (sizes[0],):
                if isinstance(piece, bytes):
                    good[0] += len(piece)
                    digest.update(piece)
                yield piece
        # Only what its digests say to be whole may be taken for whole, however plausible all of it is.
        if left.damaged > damaged or len(there) < entry.segments or entry.digest not in (b"", digest.digest()):
            faults.append(reason)

    def writes() -> Iterator[tuple[int, bytes]]:
        try:
            yield from sparse_writes(pieces(), entry.size) if entry.is_sparse else plain_writes(pieces())
        except Damaged as error:
            faults.append(str(error))
        if faults and not (good[0] and left.partial):
            raise Damaged(reason)

    try:
        target.place_file(entry, writes(), lambda: b".partial" if faults else b"")
    except Damaged:
        report.lost(entry.path, reason)
        return False
    if faults:
        read = left.plausible - before
        more = f", {read} more are as they were read, and nothing says whether they are right" if read else ""
        report.lost(entry.path, f"{reason}; {good[0] - read} bytes are right{more}; in NAME.partial", "partial")
    return not faults


SEVENZIP_METHODS: dict[tuple[bytes, ...], int] = {(b"\0",): 0, (b"\x21",): 1, (b"\x04\x01\x08",): 7}
for _i, _code in enumerate(((1, 3), (5, 1), (7, 1), (2, 5), (8, 5))):
    SEVENZIP_METHODS[b"\x21", bytes((3, 3, *_code))] = _i + 2


class EndHeader(Columns):
    """What stands behind the streams of a ``.7z`` (7zFormat.txt of the LZMA SDK), taken from the front."""

    def number(self) -> int:
        """Return a number, of which the first byte tells how many follow."""
        first = self.take(1)[0]
        more = 8 - (first ^ 0xFF).bit_length()
        low = int.from_bytes(self.take(more), "little")
        return low | (first & 0x7F >> more) << 8 * more if more < 8 else low

    def expect(self, values: bytes) -> None:
        """Take bytes that must be these."""
        if self.take(len(values)) != values:
            raise Damaged("a 7z that pybackup did not write")

    def chain(self) -> tuple[int, int, int]:
        """Return a chain of filters: method, dictionary, how many there are."""
        coders, dictionary = [], 0
        for _ in range(self.number() % 4):
            flags = self.take(1)[0]
            coders.append(self.take(flags & 15))
            if flags & 32:
                self.expect(b"\x01")
                dictionary = min(28, self.take(1)[0] // 2 + 12)
        if len(coders) == 2:
            self.expect(b"\x01\x00")  # the filter behind the decoder
        if tuple(coders) not in SEVENZIP_METHODS:
            raise Damaged("a 7z that pybackup did not write")
        return SEVENZIP_METHODS[tuple(coders)], dictionary, len(coders)

    def streams(self, offset: int) -> list[tuple[Member, int]]:
        """Return the packed streams, the first of which starts at an offset, and the CRC of what each gives."""
        self.expect(b"\x01\x04\x06\x00")  # header, streams, the first packed one at 0
        count = self.number()
        self.expect(b"\x09")
        lengths = [self.number() for _ in range(count)]
        self.expect(b"\x00\x07\x0b")
        if self.number() != count:
            raise Damaged("a 7z that pybackup did not write")
        self.expect(b"\x00")
        chains = [self.chain() for _ in lengths]
        self.expect(b"\x0c")
        sizes = [[self.number() for _ in range(coders)].pop() for _, _, coders in chains]
        self.expect(b"\x00\x08\x0a\x01")
        found = []
        for length, (method, dictionary, _), size in zip(lengths, chains, sizes):
            member = Member(offset - 32, 32 + length, length, size, method, dictionary, b"")
            found.append((member, int.from_bytes(self.take(4), "little")))
            offset += length
        return found


def bare_7z(image: Image, offset: int) -> list[tuple[Member, int]]:
    """Return the members in a ``.7z``, the notes of a bundle first, and the CRCs of their contents, by its headers."""
    start = image.exactly(offset, 32)
    crc, stream, end_bytes, end_crc = struct.unpack("<IQQI", start[8:])
    if crc != zlib.crc32(start[12:]) or not 0 < end_bytes <= 4096:
        raise Damaged("its start header is damaged")
    end = image.exactly(offset + 32 + stream, end_bytes)
    if zlib.crc32(end) != end_crc:
        raise Damaged("its end header is damaged")
    if end[:1] != b"\x17":
        ((member, crc),) = EndHeader(end).streams(offset + 32)[:1]
        return [(member._replace(packed=32 + stream + end_bytes), crc)]
    packed = EndHeader(end)
    packed.expect(b"\x17\x06")
    before = packed.number()
    packed.expect(b"\x01\x09")
    length = packed.number()
    packed.expect(b"\x00\x07\x0b\x01\x00\x01\x23\x03\x01\x01\x05\x00")
    packed.take(4)  # the dictionary; a header is no longer than this
    packed.expect(b"\x0c")
    size = packed.number()
    filters = [{"id": lzma.FILTER_LZMA1, "dict_size": 1 << 20, "lc": 0, "lp": 0, "pb": 0}]
    if before + length != stream or size > 1 << 20:
        raise Damaged("a 7z that pybackup did not write")
    try:
        decoder = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=filters)
        return EndHeader(decoder.decompress(image.exactly(offset + 32 + before, length), size)).streams(offset + 32)
    except lzma.LZMAError as error:
        raise Damaged("its header does not decompress") from error


def salvage_bare(image: Image, target: Target, known: list[tuple[int, int]], report: Report) -> None:
    """Put the contents of ``.7z`` files that nothing names into lost+found."""
    known.sort()
    left = 2 * image.size
    for start, data in image.chunks(8):
        at = data.find(b"7z\xbc\xaf\x27\x1c")
        while 0 <= at < 8 * STEP:
            offset = start + at - image.base
            at = data.find(b"7z\xbc\xaf\x27\x1c", at + 1)
            if is_known(known, offset):
                continue
            try:
                members = bare_7z(image, offset)
            except Damaged:
                continue
            left -= sum(member.packed for member, _ in members)
            if left < 0:
                return
            for member, crc in members:
                noted = image.left(member.offset + 32, 4) == NOTES_MAGIC and member is members[0][0]
                if member.raw and not noted and not (len(members) > 1 and is_known(known, member.offset + 32)):
                    put_bare(image, target, member, crc, report)


def is_known(known: Sequence[tuple[int, int]], offset: int) -> bool:
    """Whether a byte belongs to a member that is back."""
    before = bisect_left(known, (offset + 1, 0)) - 1
    return before >= 0 and offset < known[before][1]


def put_bare(image: Image, target: Target, member: Member, crc: int, report: Report) -> None:
    """Put the content of a member into lost+found, if it is whole."""
    path = b"lost+found/%012d" % member.offset
    try:
        entry = Entry(path, FILE, 0o600, (0, 0, b"", b""), 0, member.raw)
        target.place_file(entry, bare_writes(image, member, crc))
        report.lost(entry.path, "a file or segment of which nobody knows the name", "found")
    except Damaged:
        return
    except OSError as error:
        report.lost(path, str(error))


def bare_writes(image: Image, member: Member, crc: int) -> Iterator[tuple[int, bytes]]:
    """Yield what is to be written of a bare ``.7z``; it is good only if the iteration ends without an error."""
    found = done = 0
    for data in decoded(image, member):
        yield done, data
        found, done = zlib.crc32(data, found), done + len(data)
    if (done, found) != (member.raw, crc):
        raise Damaged("its content is not what was archived")


# ---------------------------------------------------------------- the commands


def chosen(listing: Listing, wanted: Sequence[str]) -> list[int]:
    """Return the rows of what was asked for, with what is below it."""
    if not wanted:
        return list(range(len(listing.paths)))
    rows: set[int] = set()
    for text in wanted:
        path = os.fsencode(text).rstrip(b"/")
        path = path[2:] if path.startswith(b"./") else path
        found = [row for row, each in enumerate(listing.paths) if each == path or each.startswith(path + b"/")]
        if not found:
            raise Hopeless(1 if listing.missing else 2, f"{text}: nothing of that name in the archive")
        rows.update(found)
    above: set[bytes] = set()
    for row in rows:
        path = listing.paths[row]
        while b"/" in path:
            path = path.rpartition(b"/")[0]
            above.add(path)
    return [row for row, path in enumerate(listing.paths) if row in rows or path in above]


def list_entries(listing: Listing, rows: Sequence[int]) -> None:
    """Print what is in the archive."""
    for row in rows:
        entry = listing.entry(row)
        kind = stat.filemode((0, 0o100000, 0o040000, 0o120000, 0o100000, 0o010000, 0o020000, 0o060000)[entry.kind])[0]
        when = time.strftime(
            "%Y-%m-%d %H:%M:%S", time.gmtime(max(-62135596800, min(entry.mtime_ns // 10**9, 253402300799)))
        )
        arrow = {SYMLINK: " -> ", HARDLINK: " = "}.get(entry.kind, "")
        mode = kind + stat.filemode(entry.mode)[1:]
        print(f"{mode} {entry.size:12d} {when} {shown(entry.path)}{arrow}{shown(entry.target)}")


class Extraction:
    """Puts entries back: directories, files, all else, and then the metadata of directories."""

    def __init__(self, image: Image, listing: Listing, target: Target, report: Report, left: Leftovers) -> None:
        self._image, self._listing, self._target, self._report, self._left = image, listing, target, report, left
        self.known: list[tuple[int, int]] = []  # where members lie that are back
        self.files = self.n_bytes = 0

    def run(self, rows: Sequence[int]) -> None:
        """Put the entries of these rows back."""
        directories = [row for row in rows if self._listing.kinds[row] == DIRECTORY]
        entry = self._listing.entry
        copies, links = self._resolve(rows)
        for row in directories:
            self._place(entry(row), lambda each: self._folder(each.path))
        for row in rows:
            if self._listing.kinds[row] == FILE or row in copies:
                file = entry(copies.get(row, row))._replace(path=self._listing.paths[row])
                self._place(file, self._file)
        for row in rows:
            if self._listing.kinds[row] not in (FILE, DIRECTORY, HARDLINK) and row not in copies:
                self._place(entry(row), self._target.place_special)
        # Linked to is what was placed, and nothing that merely stands there.
        placed = {self._listing.paths[row] for row in rows if row in copies or self._listing.kinds[row] != HARDLINK}
        for row in rows:
            if self._listing.kinds[row] == HARDLINK and row not in copies:
                link = entry(row)
                link = link._replace(target=links.get(row, link.target))
                if link.target not in placed:
                    self._target.failed.add(link.target)
                self._place(link, self._target.place_special)
                if link.path not in self._target.failed:
                    placed.add(link.path)
        for row in reversed(directories):
            self._place(entry(row), lambda each: self._target.dress(each, self._target.folder(each.path, make=False)))

    def _resolve(self, rows: Sequence[int]) -> tuple[dict[int, int], dict[int, bytes]]:
        """Hard links to what was not chosen: the first becomes a file, the others link to it."""
        copies: dict[int, int] = {}
        links: dict[int, bytes] = {}
        if len(rows) == len(self._listing.paths):
            return copies, links
        row_of = {path: row for row, path in enumerate(self._listing.paths)}
        instead: dict[bytes, bytes] = {self._listing.paths[row]: b"" for row in rows}
        for row in rows:
            target = self._listing.entry(row).target if self._listing.kinds[row] == HARDLINK else b""
            if target and instead.get(target):
                links[row] = instead[target]
            elif target and target not in instead and self._listing.kinds[row_of.get(target, row)] == FILE:
                copies[row], instead[target] = row_of[target], self._listing.paths[row]
        return copies, links

    def _folder(self, path: bytes) -> None:
        split(path)
        self._target.folder(path)

    def _place(self, entry: Entry, place: Callable[[Entry], None]) -> None:
        try:
            place(entry)
            return
        except Damaged as error:
            reason = str(error)
        except OSError as error:
            reason = error.strerror or str(error)
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
                raise Hopeless(3, f"cannot write {shown(entry.path)}: {reason}") from error
        self._target.failed.add(entry.path)
        self._report.lost(entry.path, reason)

    def _file(self, entry: Entry) -> None:
        try:
            split(entry.path)
            pieces = content(self._image, sound(self._image, entry))
            self._target.place_file(
                entry, sparse_writes(pieces, entry.size) if entry.is_sparse else plain_writes(pieces)
            )
        except Damaged as error:
            if not salvage_file(self._target, entry, self._left, self._report, str(error)):
                self._target.failed.add(entry.path)
                return
        known = (*entry.members, *entry.spares)
        self.known.extend((member.offset, member.offset + member.packed) for member in known)
        self.files, self.n_bytes = self.files + 1, self.n_bytes + entry.size


def verify_contents(image: Image, listing: Listing, rows: Sequence[int], report: Report) -> tuple[int, int]:
    """Decode all files and compare their checksums; return how many files and bytes are right.

    Of a file that is here in part, as on a disc that is looked at alone, that part counts.
    """
    files = n_bytes = 0
    alone = not isinstance(image, Several) and listing.disc is not None
    for row in rows:
        if listing.kinds[row] == FILE:
            entry = listing.entry(row)
            try:
                if entry.base_digest and not isinstance(image, Several):
                    n_bytes += verify_own(image, entry)
                    continue
                if alone and 0 < len(entry.members) < entry.segments:
                    n_bytes += sum(len(piece) for member in entry.members for piece in checked(image, member))
                    continue
                verify_copies(image, entry, report)
                pieces = content(image, sound(image, entry))
                for _ in sparse_writes(pieces, entry.size) if entry.is_sparse else pieces:
                    pass
                files, n_bytes = files + 1, n_bytes + entry.size
            except Damaged as error:
                report.lost(entry.path, str(error), "damaged")
    return files, n_bytes


def verify_own(image: Image, entry: Entry) -> int:
    """Decode what an archive has itself of a file that is built on an earlier one; return how many bytes are right."""
    n_bytes = 0
    for member in entry.members:
        if not member.is_delta:
            n_bytes += sum(map(len, checked(image, member)))
        elif sum(length for _, _, length in commands(delta_of(image, member))) != member.raw:
            raise Damaged("a delta that gives another length than its segment has")
    return n_bytes


def verify_copies(image: Image, entry: Entry, report: Report) -> None:
    """Of a file that lies on several discs, name the damage to any that is here, if one of them is right."""
    faults = []
    copies = [each for each in (*entry.members, *entry.spares) if entry.spares and is_here(image, each)]
    for member in copies:
        try:
            for _ in checked(image, member):
                pass
        except Damaged as error:
            faults.append(str(error))
    for fault in faults if len(faults) < len(copies) else ():
        report.lost(entry.path, f"{fault}; its other copy is right", "damaged")


def verify_sums(image: Image, listing: Listing, volume: Volume | None, report: Report) -> None:
    """Compare the sums of all sectors, and say which are bad and which files they touch."""
    if volume is None:
        report.note("note: no sums of sectors in the archive; only the contents of files were checked")
        return
    bad, unknown = check_sums(volume)
    places = sorted(
        (member.offset + image.base - volume.start, member.packed, row)
        for row, kind in enumerate(listing.kinds)
        if kind == FILE
        for member in listing.entry(row).members
    )
    for ranges, what in ((bad, "bad"), (unknown, "unknown")):
        for low, high in ranges:
            report.losses += 1
            touched = touching(places, low * SECTOR, high * SECTOR)
            names = ", ".join(shown(listing.paths[row]) for row in touched[:5]) + (", ..." if touched[5:] else "")
            report.note(f"{what} sectors: {low} to {high - 1}" + (", in " + names if names else ""))
    if bad:
        report.note("note: this program cannot repair them; `pybackup repair` can, if there is parity enough")


def touching(places: list[tuple[int, int, int]], low: int, high: int) -> list[int]:
    """Return the rows of members of which bytes lie from low to before high."""
    at = max(0, bisect_left(places, (low, 0, 0)) - 1)
    rows = []
    while at < len(places) and places[at][0] < high:
        if places[at][0] + places[at][1] > low:
            rows.append(places[at][2])
        at += 1
    return rows


def restore(
    volumes: Sequence[Held],
    image: Image,
    listing: Listing,
    rows: Sequence[int],
    args: argparse.Namespace,
    report: Report,
) -> None:
    """Extract or salvage."""
    salvages = args.command == "salvage"
    held = volumes[0]
    left = Leftovers(held.image, held.sidecar, listing, salvages)
    if isinstance(image, Several):
        left = LeftoversOfSeveral(volumes, image, listing, salvages)
    with closing(Target(args.to, report, args.devices, args.numeric_owner)) as target:
        extraction = Extraction(image, listing, target, report, left)
        extraction.run(rows)
        if salvages and not args.paths and (listing.missing or report.losses):
            known = extraction.known + left.known
            for held in volumes:
                start = held.address
                part = [(low - start, high - start) for low, high in known if low >> STRETCH == start >> STRETCH]
                for row in range(len(held.listing.paths)) if held.is_earlier else ():
                    members = held.listing.entry(row).members
                    part += [(member.offset, member.offset + member.packed) for member in members]
                salvage_bare(held.image, target, part, report)
    print(f"{extraction.files} files, {extraction.n_bytes} bytes put back")


# ---------------------------------------------------------------- volumes of a set (21)


class Held(NamedTuple):
    """An archive that is here."""

    path: str
    image: Image
    sidecar: Image | None
    listing: Listing
    address: int = 0
    is_earlier: bool = False  # of what it lists, the tree may have something else by now


class Several(Image):
    """The volumes of a set as one archive, each at its own stretch of offsets."""

    def __init__(self, volumes: Sequence[Held]) -> None:
        self._images = {held.address >> STRETCH: held.image for held in volumes}
        self.labels: dict[int, str] = {}
        self.base, self.size = 0, 2 * MOST_VOLUMES << STRETCH

    def has(self, offset: int) -> bool:
        """Whether the volume is here that an offset is in."""
        return offset >> STRETCH in self._images

    def read(self, offset: int, count: int) -> bytes:
        """Return up to ``count`` bytes: fewer at the end of a volume."""
        image = self._images.get(offset >> STRETCH)
        return image.read(offset & (1 << STRETCH) - 1, count) if image else b""

    def exactly(self, offset: int, count: int) -> bytes:
        """Return ``count`` bytes, or say on which disc they lie."""
        number = offset >> STRETCH
        if number not in self._images:
            raise Damaged(f"it lies on {self.labels.get(number, 'another disc')}, which is not here")
        return super().exactly(offset, count)


def is_here(image: Image, member: Member) -> bool:
    """Whether the disc is here that a member lies on."""
    return not isinstance(image, Several) or image.has(member.offset)


class LeftoversOfSeveral(Leftovers):
    """What `Leftovers` knows, of the volumes of a set."""

    def __init__(self, volumes: Sequence[Held], image: Image, listing: Listing, partial: bool) -> None:
        super().__init__(image, None, None, partial)
        self._each = {
            held.address >> STRETCH: Leftovers(held.image, held.sidecar, held.listing, partial) for held in volumes
        }
        for number, left in self._each.items():
            left.told, left.address = listing, number << STRETCH

    def right(self, member: Member) -> Iterator[Piece]:
        """Yield what is right of a member, and how much behind it is lost."""
        number = member.offset >> STRETCH
        left, start = self._each.get(number), number << STRETCH
        if left is None:
            self.damaged += 1
            yield member.raw
            return
        before, damaged, read = len(left.known), left.damaged, left.plausible
        for piece in left.right(member._replace(offset=member.offset - start)):
            self.plausible += left.plausible - read
            read = left.plausible
            yield piece
        self.damaged += left.damaged - damaged
        self.known += [(start + low, start + high) for low, high in left.known[before:]]


def image_of(volumes: Sequence[Held]) -> Image:
    """Return what members are read from: the image, or those of a set."""
    if volumes[0].listing.disc is None:
        return volumes[0].image
    return Several(volumes)


def tell_apart(volumes: list[Held], report: Report) -> list[Held]:
    """Return the volumes of one set, each once and at its address, in their order."""
    discs = [held.listing.disc for held in volumes]
    known = next((disc for disc in discs if disc), None)
    if known is None:
        if len(volumes) > 1:
            raise Hopeless(2, f"{volumes[1].path}: no volume of a set, name it alone; or too damaged to tell")
        return volumes
    found: dict[tuple[bool, int], Held] = {}
    for held, told in zip(volumes, discs):
        disc = told or disc_by_id(held.listing.archive_id, known)
        if disc is None and not held.listing.index_at:
            report.lost(os.fsencode(held.path), "too damaged to tell which volume it is", "damaged")
            continue
        if disc is None or disc.set_id != known.set_id:
            raise Hopeless(2, f"{held.path}: of another set than {known.name}")
        held.listing.disc = disc
        place = (not disc.is_data, disc.number)
        if place in found:
            report.note(f"note: {held.path} is {disc.label} too, as {found[place].path}, and is not used")
            continue
        number = disc.number + (0 if disc.is_data else MOST_VOLUMES)
        found[place] = held._replace(address=number << STRETCH)
    return [found[place] for place in sorted(found)]


def disc_by_id(archive_id: bytes, known: Disc) -> Disc | None:
    """Return which volume of a set has an id: for one of which the index is lost."""
    for is_data in (True, False):
        for number in range(1, 1 << 15):
            disc = known._replace(number=number, is_data=is_data, is_last=False)
            if disc.archive_id == archive_id:
                return disc
    return None


def indexes_before(held: Held) -> Iterator[Listing]:
    """Yield what a volume knows of other ones: the listings of their tree indexes, the last first."""
    listing, image = held.listing, held.image
    own = next(feet(image, [listing.index_at - BLOCK], scope=0), None)
    end = own[0] - BLOCK if own else 0
    while end > 0:
        place = next(feet(image, [end]), None)
        if place is None:
            return
        end = place[0]
        with suppress(Damaged):
            yield tree_listing(image, *place)


def joined_listing(volumes: Sequence[Held], labels: dict[int, str]) -> Listing:
    """Return the listing of a set, as far as its volumes tell; ``labels`` gets the names of those that are not here."""
    here = {held.listing.disc.number: held for held in volumes if held.listing.disc and held.listing.disc.is_data}
    known, last = {number: held.listing for number, held in here.items() if held.listing.index_at}, 0
    for held in reversed(volumes):
        for listing in indexes_before(held) if held.listing.index_at else ():
            disc, own = listing.disc, held.listing.disc
            if disc and own and disc.set_id == own.set_id and disc.is_data and disc.number not in known:
                known[disc.number] = listing
    for number, held in here.items():  # of one whose own index is lost, others know more than its headers tell
        told = known.setdefault(number, held.listing)
        if told is not held.listing and not lies_there(held.image, told):
            known[number] = held.listing
    for number, listing in known.items():
        if listing.disc:
            last = number if listing.disc.is_last else last
            labels[number] = listing.disc.label
    dark = [number for number in range(1, max(known, default=0)) if number not in known]
    merged = Merged(known, here, skeleton(volumes) if dark or not last else [])
    joined = Listing(merged.paths, merged.kinds, merged.entry, "tree index")
    doubtful = [known[number].missing for number in here if known[number].missing]
    if dark:
        doubtful.append(f"what discs {', '.join(map(str, dark))} of the set held is not known: they are not here")
    if not last:
        doubtful.append(f"whether the set has discs after number {max(known, default=0)} is not known")
    joined.unknown = "; ".join(doubtful)
    for held in volumes:
        joined.notes += [f"{held.path}: {note}" for note in held.listing.notes]
    joined.doubts += [doubt for number in here for doubt in known[number].doubts]
    for path, numbers in merged.contradictions():
        on = " and ".join(labels.get(number, str(number)) for number in numbers)
        joined.doubts.append((path, f"{on} have different content of it; the last one counts"))
    return joined


def skeleton(volumes: Sequence[Held]) -> list[Entry]:
    """Return what has no content of the whole set, which each volume has in its structure."""
    for held in volumes:
        found: list[Entry] = []
        at = 0
        with suppress(Damaged):
            while True:
                block = held.image.exactly(at, BLOCK)
                header = tar_header(block)
                role = note_of(block).role if block[157:161] == b"\0XTN" else 0
                if role == OTHER and header.size <= 1 << 30:
                    found += structure(held.image.exactly(at + BLOCK, header.size))
                if role == INDEX:
                    return found
                at += BLOCK + padded(header.size)
    return []


class Merged:
    """The entries of all volumes of a set: those of a higher number are newer."""

    def __init__(self, known: Mapping[int, Listing], here: Collection[int], bare: Sequence[Entry]) -> None:
        self._known, self._here = known, here
        places: dict[bytes, list[tuple[int, int]]] = {}
        for number in sorted(known):
            for row, path in enumerate(known[number].paths):
                places.setdefault(path, []).append((number, row))
        self.paths = list(places)
        self._rows = [places[path] for path in self.paths]
        self.kinds = [known[rows[-1][0]].kinds[rows[-1][1]] for rows in self._rows]
        self._bare = [entry for entry in bare if entry.path not in places]
        self.paths += [entry.path for entry in self._bare]
        self.kinds += [entry.kind for entry in self._bare]

    def entry(self, row: int) -> Entry:
        """Return the entry of a row, the segments of a file from all volumes."""
        if row >= len(self._rows):
            return self._bare[row - len(self._rows)]
        found = [(number, self._known[number].entry(place)) for number, place in self._rows[row]]
        newest = found[-1][1]
        if newest.kind != FILE:
            return newest
        if newest.base_digest:
            return on_base([placed(entry, number) for number, entry in found])
        if len(newest.members) == newest.segments:
            return self._with_spares(found)
        parts: dict[int, Member] = {}
        digest = b""
        for number, entry in found:
            for member in entry.members:
                parts[member.segment] = member._replace(offset=member.offset + (number << STRETCH))
            digest = entry.digest or digest
        members = [parts[segment] for segment in sorted(parts) if segment < newest.segments]
        return newest._replace(members=members, digest=digest)

    def _with_spares(self, found: list[tuple[int, Entry]]) -> Entry:
        """Return a file that the newest volume has whole: from the first one that is here, the others instead of it."""
        newest = found[-1][1]
        same = [
            (number not in self._here, number, entry.members[0]) for number, entry in found if is_same(entry, newest)
        ]
        if len(same) < 2:
            number = found[-1][0] << STRETCH
            return newest._replace(members=[each._replace(offset=each.offset + number) for each in newest.members])
        digest = max((member.digest for _, _, member in same), key=len)
        members = [
            member._replace(offset=member.offset + (number << STRETCH), digest=digest)
            for _, number, member in sorted(same, key=lambda each: each[:2])
            if digest.startswith(member.digest)
        ]
        return newest._replace(members=members[:1], spares=members[1:])

    def contradictions(self) -> Iterator[tuple[bytes, list[int]]]:
        """Yield files that several volumes have whole and not alike, and the numbers of those volumes."""
        for path, rows in zip(self.paths, self._rows):
            if len(rows) > 1 and self._known[rows[-1][0]].kinds[rows[-1][1]] == FILE:
                entries = [self._known[number].entry(place) for number, place in rows]
                if any(contradicts(entry, entries[-1]) for entry in entries):
                    yield path, [number for number, _ in rows]


def placed(entry: Entry, number: int) -> Entry:
    """Return an entry with its members at the addresses of that archive."""
    return entry._replace(
        members=[member._replace(offset=member.offset + (number << STRETCH)) for member in entry.members]
    )


def on_base(found: Sequence[Entry], depth: int = MAX_DEPTH) -> Entry:
    """Return a file that is built on another content, from all that archives tell of its path, oldest first (27)."""
    newest = found[-1]
    own = [entry for entry in found if is_part_of(entry, newest)]
    parts = {member.segment: member for entry in own for member in entry.members}
    digest = max((entry.digest for entry in own), key=len)
    before = [entry for entry in found if not is_part_of(entry, newest)]
    at = next((at for at in reversed(range(len(before))) if newest.base_digest == before[at].digest), -1)
    if newest.base_digest and at >= 0 and depth:
        # What comes behind it may have the same content once more, built on others.
        same = [entry for entry in before if is_part_of(entry, before[at])]
        whole = on_base([*(entry for entry in before[:at] if not is_part_of(entry, before[at])), *same], depth - 1)
        if not whole.fault:
            parts = {
                number: member._replace(base=whole.members) if member.is_delta else member
                for number, member in parts.items()
            }
            parts = {**{member.segment: member for member in whole.members}, **parts}
    members = [parts[segment] for segment in sorted(parts) if segment < newest.segments]
    return newest._replace(members=members, digest=digest)


def is_part_of(entry: Entry, newest: Entry) -> bool:
    """Whether what an archive tells of a file is of that content of it."""
    one = (entry.size, entry.mtime_ns, entry.segments, entry.base_digest)
    return one == (newest.size, newest.mtime_ns, newest.segments, newest.base_digest)


def is_same(entry: Entry, newest: Entry) -> bool:
    """Whether two volumes have a file whole, in one segment, and the same content of it."""
    if entry.kind != FILE or not len(entry.members) == len(newest.members) == entry.segments == newest.segments == 1:
        return False
    one, other = entry.members[0], newest.members[0]
    like = (entry.size, entry.mtime_ns, entry.is_sparse, one.raw)
    return like == (newest.size, newest.mtime_ns, newest.is_sparse, other.raw) and agree(one.digest, other.digest)


def contradicts(entry: Entry, newest: Entry) -> bool:
    """Whether two volumes have a file whole, and not the same of it."""
    if entry.kind != FILE or not all(0 < each.segments == len(each.members) for each in (entry, newest)):
        return False
    if (entry.size, entry.mtime_ns) != (newest.size, newest.mtime_ns):
        return True
    pairs = [(a.digest, b.digest) for a, b in zip(entry.members, newest.members) if a.digest and b.digest]
    return len(entry.members) != len(newest.members) or not all(agree(one, other) for one, other in pairs)


def agree(one: bytes, other: bytes) -> bool:
    """Whether two digests, of which either may be cut, are of one content."""
    length = min(len(one), len(other))
    return length >= 4 and one[:length] == other[:length]


# ---------------------------------------------------------------- archives that build on earlier ones (26)


def head_of(volumes: Sequence[Held]) -> list[Held]:
    """Return the volumes of the one archive that builds on all others; none where there is no such archive."""
    groups: dict[bytes, list[Held]] = {}
    for held in volumes:
        disc = held.listing.disc
        groups.setdefault(disc.set_id if disc else held.listing.archive_id, []).append(held)
    for key, group in groups.items():
        known = {archive_id for held in group for archive_id in held.listing.builds_on}
        others = [groups[other] for other in groups if other != key]
        if others and all(known.intersection(held.listing.archive_id for held in other) for other in others):
            return group
    return []


def chained(own: Sequence[Held], whole: Listing, labels: dict[int, str], earlier: Sequence[Held]) -> Chain:
    """Return an archive, of its ``own`` volumes and all of their listing, and the ``earlier`` ones as one."""
    tables: list[Listing] = []
    for held in own:
        if held.listing.builds_on and not tables:
            tables = [table for table in indexes_before(held) if not table.disc][::-1]
    by_id = {held.listing.archive_id: held for held in earlier}
    number = len(tables)  # each table has one, and stands before the archive's own, which counts
    names: dict[bytes, str] = {}
    for held in own:
        names.update(held.listing.builds_on)
    known = {of + number: label for of, label in labels.items()}
    volumes = [held._replace(address=held.address + (number << STRETCH)) for held in own]
    for at, table in enumerate(tables):
        if table.archive_id in by_id:
            tables[at] = looked_up(table, by_id[table.archive_id].listing)
    merged = Merged({**dict(enumerate(tables)), number: whole}, {number}, ())
    joined = Listing(merged.paths, merged.kinds, merged.entry, whole.way)
    joined.unknown, joined.notes, joined.doubts = whole.missing, whole.notes, whole.doubts
    for at, table in enumerate(tables):
        known[at] = names.get(table.archive_id, "an earlier archive")
        if table.archive_id in by_id:
            volumes.append(by_id[table.archive_id]._replace(address=at << STRETCH, is_earlier=True))
    image = Several(volumes)
    image.labels = known
    return Chain(volumes, joined, image)


def is_by_hash(member: Member) -> bool:
    """Whether an archive is only known to hold a content, by the hash of that, and not where (26)."""
    return not member.stream and member.raw > 0


def looked_up(table: Listing, held: Listing) -> Listing:
    """Return what is told of an archive, and for what is known by its hash alone what the archive has of it."""
    told = (table.entry(row) for row in range(len(table.paths)) if table.kinds[row] == FILE)
    wanted = {member.digest for entry in told for member in entry.members if is_by_hash(member)}
    found: dict[bytes, Entry] = {}
    for row, kind in enumerate(held.kinds if wanted else ()):
        entry = held.entry(row) if kind == FILE else None
        if entry and entry.digest in wanted and not (entry.fault or entry.is_sparse or entry.base_digest):
            found.setdefault(entry.digest, entry)

    def entry_of(row: int) -> Entry:
        """Return the entry of a row."""
        entry = table.entry(row)
        there = found.get(entry.digest) if any(map(is_by_hash, entry.members)) else None
        if there is None or there.size != entry.size:
            return entry
        return entry._replace(members=there.members, segments=there.segments)

    listing = Listing(table.paths, table.kinds, entry_of, table.way)
    listing.archive_id = table.archive_id
    return listing


class Chain(NamedTuple):
    """An archive and those that it builds on, each at an address of its own."""

    volumes: Sequence[Held]
    listing: Listing
    image: Image


# ---------------------------------------------------------------- the command line


SUFFIXES = (".xtar", ".iso", ".img", ".bin", ".dd")


def is_half_made(path: str) -> bool:
    """Whether a file is a temporary one of pybackup: its name holds a hash of the directory that it was made in."""
    directory, name = os.path.split(path)
    own, _, rest = name.partition("-")
    digits, _, mark = rest.partition("-")
    if own != ".pybackup" or not mark:
        return False
    inode = os.stat(directory or ".").st_ino
    return mark == hashlib.sha256(os.fsencode(f"pybackup temporary {digits} {inode}")).hexdigest()[:16] + ".tmp"


def is_volume(path: str) -> bool:
    """Whether a name is that of a file or drive that holds, or once held, an archive; not of one that is half-made."""
    try:
        if is_half_made(path):
            return False
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return False
    if stat.S_ISBLK(mode):
        return True
    if not stat.S_ISREG(mode):
        return False
    with closing(Image(path)) as image:
        if locator_at(image, 0) or image.left(16 * SECTOR, 6)[1:] == b"CD001":
            return True
        return b"XTPARITY" in image.left(max(0, image.size - STEP), STEP)


def named(args: argparse.Namespace) -> list[str]:
    """Return the archives that were named, and leave the rest in ``args.paths``."""
    names: list[str] = [args.archive]
    rest: list[str] = []
    for path in args.paths:
        (names if is_volume(path) else rest).append(path)
    args.paths = rest
    if os.path.isdir(args.archive):
        names[:1] = [path for path in sorted(entry.path for entry in os.scandir(args.archive)) if is_volume(path)]
        if not names:
            raise Hopeless(4, f"{args.archive}: no archive is in this directory")
    return names


def ruined(args: argparse.Namespace, listing: Listing) -> list[str]:
    """Return the paths that are those of no entry, but of a file that is called as volumes are; others are left."""
    known = set(listing.paths)
    found = [path for path in args.paths if path.lower().endswith(SUFFIXES) and os.path.isfile(path)]
    found = [path for path in found if os.path.normpath(os.fsencode(path)) not in known]
    args.paths = [path for path in args.paths if path not in found]
    return found


def open_all(names: Sequence[str], alone: bool, stack: ExitStack, report: Report) -> list[Held]:
    """Open archives; one of which nothing is left does not keep the others from being restored."""
    volumes = []
    for path in names:
        image = stack.enter_context(closing(Image(path)))
        sidecar = path + ".xpar"
        beside = stack.enter_context(closing(Image(sidecar))) if os.path.isfile(sidecar) else None
        try:
            volumes.append(Held(path, image, beside, open_listing(image)))
        except Hopeless as error:
            if alone:
                raise Hopeless(error.status, f"{path}: {error}") from error
            report.lost(os.fsencode(path), str(error))
    return volumes


def perform(args: argparse.Namespace, report: Report) -> None:
    """Do what was asked for."""
    with ExitStack() as stack:
        names = named(args)
        volumes = open_all(names, len(names) == 1, stack, report)
        if not volumes:
            raise Hopeless(4, "no archive, or nothing of one is left in any of them")
        if head := head_of(volumes):
            own = tell_apart(head, report)
            labels: dict[int, str] = {}
            whole = joined_listing(own, labels) if own[0].listing.disc else own[0].listing
            chain = chained(own, whole, labels, [held for held in volumes if held not in head])
            perform_on(chain.volumes, chain.listing, chain.image, args, report)
            return
        volumes = tell_apart(volumes, report)
        for held in volumes[:1]:
            if names_of := ", ".join(sorted(held.listing.builds_on.values())):
                report.note(f"note: more of its tree may lie in earlier archives, name them as well: {names_of}")
        listing, image = together(volumes, args)
        more = ruined(args, listing) if volumes[0].listing.disc else []
        if more:  # a volume of which start and end are lost
            volumes = tell_apart([*volumes, *open_all(more, False, stack, report)], report)
            listing, image = together(volumes, args)
        perform_on(volumes, listing, image, args, report)


def together(volumes: Sequence[Held], args: argparse.Namespace) -> tuple[Listing, Image]:
    """Return what an archive holds, or those of a set do, and what its members are read from."""
    listing, image = volumes[0].listing, image_of(volumes)
    if len(volumes) == 1 and args.command == "verify":
        image = volumes[0].image
    if isinstance(image, Several):
        listing = joined_listing(volumes, image.labels)
    return listing, image


def perform_on(
    volumes: Sequence[Held], listing: Listing, image: Image, args: argparse.Namespace, report: Report
) -> None:
    """Do what was asked for with an open archive, or those of a set."""
    for note in listing.notes:
        report.note("note: " + note)
    rows = chosen(listing, args.paths)
    if args.command == "list":
        list_entries(listing, rows)
    elif args.command == "verify":
        files, n_bytes = verify_contents(image, listing, rows, report)
        for held in volumes if not args.paths else ():
            verify_sums(held.image, held.listing, find_volume(held.image, held.sidecar), report)
        print(f"{files} files, {n_bytes} bytes are right")
    else:
        restore(volumes, image, listing, rows, args, report)
    taken = {listing.paths[row] for row in rows} if listing.doubts else set()
    for path, doubt in listing.doubts:
        if path in taken:
            report.lost(path, doubt, "incomplete")
    if listing.missing and not args.paths:
        report.lost(b"", listing.missing)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status."""
    parser = argparse.ArgumentParser(
        description="Get files back from a pybackup archive.", epilog="See the top of this file."
    )
    parser.add_argument("command", choices=("list", "verify", "extract", "salvage"))
    parser.add_argument("archive", help="a .xtar, an image or a device that holds one, or a directory of those")
    parser.add_argument(
        "paths", nargs="*", metavar="PATH", help="more volumes of a set; or only these files, and what is below them"
    )
    parser.add_argument("--to", default=".", metavar="DIR", help="where to put it (here)")
    parser.add_argument("--devices", action="store_true", help="make devices too, as root")
    parser.add_argument("--numeric-owner", action="store_true", help="owners by number, not by name")
    args = parser.parse_intermixed_args(arguments)
    report = Report()
    try:
        perform(args, report)
    except Hopeless as error:
        report.note(str(error))
        return error.status
    if report.losses:
        report.note(f"{report.losses} {'loss' if report.losses == 1 else 'losses'}, named above")
    return 1 if report.losses else 0


if __name__ == "__main__":
    if hasattr(sys.stdout, "reconfigure"):  # names that the terminal cannot show shall not end the run
        sys.stdout.reconfigure(errors="backslashreplace")
    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        Report().note("interrupted")
        sys.exit(130)
