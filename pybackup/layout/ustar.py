"""The tar header: 512 bytes before every member, as POSIX.1-1988 (ustar) lays it out.

| offset | size | type  | field    | meaning                                            |
| ------ | ---- | ----- | -------- | -------------------------------------------------- |
| 0      | 100  | bytes | name     | NUL-padded                                         |
| 100    | 8    | num   | mode     | octal, NUL-terminated                              |
| 108    | 8    | num   | uid      | octal, or base-256 beyond 0o7777777                |
| 116    | 8    | num   | gid      | as uid                                             |
| 124    | 12   | num   | size     | octal, or base-256 beyond 8 GiB                    |
| 136    | 12   | num   | mtime    | seconds, octal, or base-256 if negative or beyond  |
| 148    | 8    | sum   | checksum | sum of all bytes, this field as blanks             |
| 156    | 1    | bytes | typeflag | ``0`` file, ``1`` hard link, ``2`` symlink, ...    |
| 157    | 100  | bytes | linkname | target of a link; of a file, the note              |
| 257    | 6    | bytes | magic    | ``ustar`` NUL                                      |
| 263    | 2    | bytes | version  | ``00``                                             |
| 265    | 32   | bytes | uname    | NUL-padded                                         |
| 297    | 32   | bytes | gname    | NUL-padded                                         |
| 329    | 8    | num   | devmajor | octal                                              |
| 337    | 8    | num   | devminor | octal                                              |
| 345    | 155  | bytes | prefix   | NUL-padded, joined before name by a slash          |
| 500    | 12   | bytes | pad      | zero                                               |
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

from pybackup.errors import Damaged

BLOCK = 512
END = bytes(2 * BLOCK)
HEADER = struct.Struct("100s8s8s8s12s12s8s1s100s6s2s32s32s8s8s155s12s")
MAGIC = b"ustar\0"
MAGIC_OFFSET = 257
CHECKSUM_OFFSET = 148
TYPE_OFFSET = 156
NOTE_OFFSET = 157

FILE = b"0"
HARDLINK = b"1"
SYMLINK = b"2"
CHARACTER = b"3"
BLOCK_DEVICE = b"4"
DIRECTORY = b"5"
FIFO = b"6"
PAX = b"x"
LONG_NAME = b"L"  # GNU: the next member's name, and the target of its link
LONG_LINK = b"K"

_OCTAL_8 = 0o7777777
_OCTAL_12 = 0o77777777777
_MAX_NUMBER = 0xFFFFFFFF
_MAX_TIME_OR_SIZE = 1 << 62


@dataclass(frozen=True, slots=True)
class Header:
    """One tar header; sizes in bytes, mtime in whole seconds."""

    name: bytes
    mode: int = 0o644
    uid: int = 0
    gid: int = 0
    size: int = 0
    mtime: int = 0
    typeflag: bytes = FILE
    linkname: bytes = b""
    uname: bytes = b""
    gname: bytes = b""
    devmajor: int = 0
    devminor: int = 0
    prefix: bytes = b""

    def pack(self) -> bytes:
        """Return the 512 bytes.

        Raises
        ------
        ValueError
            When a text field is too long, or a number too large; such values belong into a pax record.
        """
        if len(self.name) > 100 or len(self.linkname) > 100 or len(self.prefix) > 155:
            raise ValueError(f"does not fit a tar header: {self.name[:120]!r}")
        block = HEADER.pack(
            self.name,
            number(self.mode, 8),
            number(self.uid, 8),
            number(self.gid, 8),
            number(self.size, 12),
            number(self.mtime, 12),
            b"        ",
            self.typeflag,
            self.linkname,
            MAGIC,
            b"00",
            self.uname[:32],
            self.gname[:32],
            number(self.devmajor, 8),
            number(self.devminor, 8),
            self.prefix,
            b"",
        )
        return with_checksum(block)

    @classmethod
    def unpack(cls, block: bytes) -> Header:
        """Return the header in ``block``.

        Raises
        ------
        Damaged
            Wrong length, magic, checksum, a field that is no number, or one that makes no sense.
        """
        if len(block) != BLOCK:
            raise Damaged(f"a tar header has {BLOCK} bytes, not {len(block)}")
        fields = HEADER.unpack(block)
        if fields[9] != MAGIC or fields[10] != b"00":
            raise Damaged("no ustar magic")
        if parse_number(fields[6]) != checksum(block):
            raise Damaged("wrong checksum of a tar header")
        mode, uid, gid, size, devmajor, devminor = (parse_number(fields[index]) for index in (1, 2, 3, 4, 13, 14))
        mtime = parse_number(fields[5])
        low, high = min(mode, uid, gid, size, devmajor, devminor), max(mode, uid, gid, devmajor, devminor)
        if low < 0 or high > _MAX_NUMBER or max(size, abs(mtime)) > _MAX_TIME_OR_SIZE:
            raise Damaged("a tar header with an impossible number")
        if any(fields[16]):
            raise Damaged("a tar header with something in its padding")
        name, linkname, uname, gname, prefix = (_text(fields[index]) for index in (0, 8, 11, 12, 15))
        if not linkname and any(fields[8]):
            linkname = fields[8]
        return cls(name, mode, uid, gid, size, mtime, fields[7], linkname, uname, gname, devmajor, devminor, prefix)

    @property
    def path(self) -> bytes:
        """Name with its prefix."""
        return self.prefix + b"/" + self.name if self.prefix else self.name


def number(value: int, width: int) -> bytes:
    """A numeric field: octal where it fits, else base-256 (GNU), which needs no pax record.

    Raises
    ------
    ValueError
        It fits neither.
    """
    if 0 <= value <= (_OCTAL_8 if width == 8 else _OCTAL_12):
        return b"%0*o" % (width - 1, value)
    if not -(1 << (8 * width - 2)) <= value < 1 << (8 * width - 2):
        raise ValueError(f"does not fit a tar header: {value}")
    return (value & ((1 << (8 * width)) - 1) | 1 << (8 * width - 1)).to_bytes(width, "big")


def parse_number(field: bytes) -> int:
    """The value of a numeric field, octal or base-256.

    Raises
    ------
    Damaged
        Neither form.
    """
    if field[0] & 0x80:
        value = int.from_bytes(field, "big") & ((1 << (8 * len(field) - 1)) - 1)
        negative = field[0] & 0x40
        return value - (1 << (8 * len(field) - 1)) if negative else value
    digits = field.strip(b" \0")
    if digits.strip(b"01234567"):
        raise Damaged(f"not an octal number in a tar header: {field!r}")
    return int(digits or b"0", 8)


def _text(field: bytes) -> bytes:
    return field.split(b"\0", 1)[0]


def checksum(block: bytes) -> int:
    """Sum of the header's bytes with the checksum field read as blanks."""
    return sum(block) - sum(block[148:156]) + 256


def header_crc(block: bytes, hole: int) -> int:
    """CRC-32 of a header, its checksum and the four bytes at ``hole``, where the CRC itself stands, read as zeros."""
    crc = zlib.crc32(block[:CHECKSUM_OFFSET])
    crc = zlib.crc32(bytes(8), crc)
    crc = zlib.crc32(block[CHECKSUM_OFFSET + 8 : hole], crc)
    crc = zlib.crc32(bytes(4), crc)
    return zlib.crc32(block[hole + 4 :], crc)


def with_checksum(block: bytes) -> bytes:
    """The header with its checksum field filled in."""
    return block[:148] + b"%06o\0 " % checksum(block) + block[156:]


def padding(size: int) -> bytes:
    """Zeros that fill ``size`` bytes up to whole blocks."""
    return bytes(-size % BLOCK)


def padded(size: int) -> int:
    """``size`` rounded up to whole blocks."""
    return size + -size % BLOCK
