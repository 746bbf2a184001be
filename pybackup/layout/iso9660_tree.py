"""All files of an ISO 9660 image (ECMA-119), by Rock Ridge (IEEE P1282), Joliet or plain names, as Linux names them.

Nothing of it is trusted: each directory is read once, whatever leads to it.
"""

from __future__ import annotations

import calendar
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from pybackup.model.entry import Kind
from pybackup.sector import SECTOR

from .iso9660 import ReadsAt

_DESCRIPTORS_AT, _MOST_DESCRIPTORS = 16, 32
_PRIMARY, _SUPPLEMENTARY, _TERMINATOR = 1, 2, 255
_ROOT_RECORD_AT, _ESCAPES_AT = 156, 88
_JOLIET = (b"%/@", b"%/C", b"%/E")
_RECORD = struct.Struct("<BB I4x I4x 7s BBB 4x B")  # 9.1: both-endian numbers, of which the first half is read
_DIRECTORY, _ASSOCIATED, _MULTI_EXTENT = 2, 4, 128
_MOST_DIRECTORY_BYTES = 64 << 20
_MOST_DEPTH = 64
_MOST_CONTINUATIONS = 32
_KINDS = {
    0o12: Kind.SYMLINK,
    0o10: Kind.FILE,
    0o4: Kind.DIRECTORY,
    0o1: Kind.FIFO,
    0o2: Kind.CHARACTER,
    0o6: Kind.BLOCK,
}


@dataclass(slots=True)
class ImageFile:
    """A file of an image.

    Attributes
    ----------
    extents
        Where its content lies: offset and length in bytes of each stretch.
    """

    path: bytes
    kind: Kind
    mtime_ns: int
    mode: int
    extents: list[tuple[int, int]] = field(default_factory=list)

    @property
    def size(self) -> int:
        """How long it is."""
        return sum(n_bytes for _, n_bytes in self.extents)


@dataclass(slots=True)
class _Record:
    """One entry of a directory."""

    sector: int
    n_bytes: int
    time: bytes
    flags: int
    name: bytes
    system: bytes  # what Rock Ridge uses


def files_of_image(file: ReadsAt) -> Iterator[ImageFile]:
    """Yield the files of an image, each directory's together.

    Raises
    ------
    ValueError
        It is none, or a directory leads to itself, or is too large or deep; or, when all else was yielded, directories
        are damaged or missing.
    OSError
        It cannot be read.
    """
    primary, joliet = _roots(file)
    if primary is None:
        raise ValueError("has no ISO 9660 file system; mount it, and add the directory where it is mounted")
    names = _Names(file, primary)
    root = primary
    if joliet is not None and not names.is_rock_ridge:
        root, names.is_joliet = joliet, True
    yield from _Walk(file, names).files(root)


def _roots(file: ReadsAt) -> tuple[_Record | None, _Record | None]:
    """Return the root directories: of the plain or Rock Ridge names, and of Joliet's."""
    primary = joliet = None
    for number in range(_DESCRIPTORS_AT, _DESCRIPTORS_AT + _MOST_DESCRIPTORS):
        block = file.read_at(number * SECTOR, SECTOR)
        if len(block) < SECTOR or block[1:6] != b"CD001" or block[0] == _TERMINATOR:
            break
        root = next(_records(block[_ROOT_RECORD_AT : _ROOT_RECORD_AT + 34]), None)
        if block[0] == _PRIMARY:
            primary = primary or root
        elif block[0] == _SUPPLEMENTARY and block[_ESCAPES_AT : _ESCAPES_AT + 3] in _JOLIET:
            joliet = joliet or root
    return primary, joliet


def _records(data: bytes) -> Iterator[_Record]:
    at = 0
    while at + _RECORD.size <= len(data):
        length, _, sector, n_bytes, time, flags, _, _, name_bytes = _RECORD.unpack_from(data, at)
        if length < _RECORD.size + name_bytes:
            at += SECTOR - at % SECTOR  # records do not cross sectors; zeros fill up
            continue
        name_end = at + _RECORD.size + name_bytes
        system = data[name_end + (name_bytes + 1) % 2 : at + length]
        yield _Record(sector, n_bytes, time, flags, data[at + _RECORD.size : name_end], system)
        at += length


class _Names:
    """How names, modes and times of an image are read."""

    def __init__(self, file: ReadsAt, root: _Record) -> None:
        self._file = file
        self.is_joliet = False
        first = next(_records(file.read_at(root.sector * SECTOR, SECTOR)), None)
        # SUSP, 5.3: in the record of the root itself stands how much to skip in all others.
        system = first.system if first else b""
        self.is_rock_ridge = system[:2] == b"SP" and len(system) >= 7 and system[4:6] == b"\xbe\xef"
        self._skip = system[6] if self.is_rock_ridge else 0

    def fields(self, record: _Record) -> dict[bytes, list[bytes]]:
        """Return the fields of Rock Ridge, by their two letters."""
        found: dict[bytes, list[bytes]] = {}
        if not self.is_rock_ridge or self.is_joliet:
            return found
        area = record.system[self._skip :]
        for _ in range(_MOST_CONTINUATIONS):
            more = b""
            at = 0
            while at + 4 <= len(area) and area[at + 2] >= 4:
                which, length = area[at : at + 2], area[at + 2]
                value = area[at + 4 : at + length]
                at += length
                if which == b"CE" and len(value) >= 24:
                    sector, offset, size = (int.from_bytes(value[i : i + 4], "little") for i in (0, 8, 16))
                    more = self._file.read_at(sector * SECTOR + offset, min(size, SECTOR))
                elif which == b"ST":
                    break
                else:
                    found.setdefault(which, []).append(value)
            if not more:
                break
            area = more
        return found

    def name(self, record: _Record, fields: dict[bytes, list[bytes]]) -> bytes:
        """Return the name."""
        if fields.get(b"NM"):
            return b"".join(value[1:] for value in fields[b"NM"])
        if self.is_joliet:
            text = record.name.decode("utf-16-be", "surrogatepass").partition(";")[0]
            return text.encode("utf-8", "surrogatepass")
        # Linux shows them so: without version, in lower case.
        return record.name.partition(b";")[0].rstrip(b".").lower()


class _Walk:
    """A walk through the directories of an image."""

    def __init__(self, file: ReadsAt, names: _Names) -> None:
        self._file = file
        self._names = names
        self._seen: set[int] = set()
        self._bytes = 0

    def files(self, root: _Record) -> Iterator[ImageFile]:
        """Yield all files; raises ValueError behind the last one where directories are lost."""
        waiting = [(b"", root.sector, root.n_bytes, 0)]
        lost = 0
        while waiting:
            prefix, sector, n_bytes, depth = waiting.pop()
            self._bytes += n_bytes
            if sector in self._seen or depth > _MOST_DEPTH or self._bytes > _MOST_DIRECTORY_BYTES:
                raise ValueError("its directories lead to themselves, or there is no end to them")
            self._seen.add(sector)
            unfinished: ImageFile | None = None
            data = self._file.read_at(sector * SECTOR, n_bytes)
            # The first record of each is that of the directory itself.
            lost += len(data) < n_bytes or next(_records(data), None) is None
            for record in _records(data):
                if record.name in (b"\0", b"\1", b"") or record.flags & _ASSOCIATED:
                    continue
                fields = self._names.fields(record)
                if b"RE" in fields:
                    continue  # moved here only because it lies too deep; its real place has a link to it
                name = self._names.name(record, fields)
                if fields.get(b"CL"):
                    target = int.from_bytes(fields[b"CL"][0][:4], "little")
                    waiting.append((prefix + name + b"/", target, self._length_of(target), depth + 1))
                elif record.flags & _DIRECTORY:
                    waiting.append((prefix + name + b"/", record.sector, record.n_bytes, depth + 1))
                else:
                    file = unfinished or _image_file(prefix + name, record, fields)
                    if file.kind is Kind.FILE:
                        file.extents.append((record.sector * SECTOR, record.n_bytes))
                    unfinished = file if record.flags & _MULTI_EXTENT else None
                    if unfinished is None:
                        yield file
        if lost:
            raise ValueError(f"is damaged, or cut short: {lost:,} of its directories cannot be read, or not to the end")

    def _length_of(self, sector: int) -> int:
        """How long a directory is, as its own record says."""
        first = next(_records(self._file.read_at(sector * SECTOR, SECTOR)), None)
        return first.n_bytes if first else 0


def _image_file(path: bytes, record: _Record, fields: dict[bytes, list[bytes]]) -> ImageFile:
    mode, kind = 0o444, Kind.FILE
    if fields.get(b"PX"):
        whole = int.from_bytes(fields[b"PX"][0][:4], "little")
        mode, kind = whole & 0o7777, _KINDS.get(whole >> 12, Kind.FILE)
    time = _modified(fields[b"TF"][0]) if fields.get(b"TF") else record.time
    return ImageFile(path, kind, _time_ns(time or record.time), mode)


def _modified(value: bytes) -> bytes:
    """Return the time of modification in a field of Rock Ridge; empty where it has none, or one as text."""
    flags = value[0] if value else 0
    if not flags & 2 or flags & 128:
        return b""
    at = 1 + 7 * (flags & 1)
    return value[at : at + 7]


def _time_ns(value: bytes) -> int:
    """Return a time of 9.1.5: years since 1900, month, day, hour, minute, second, quarters of an hour from UTC."""
    if len(value) < 7:
        return 0
    year, month, day, hour, minute, second, zone = struct.unpack("<6Bb", value)
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return 0
    seconds: int = calendar.timegm((1900 + year, month, day, hour, minute, second)) - zone * 900
    return seconds * 10**9
