"""The plain columns of an index: one row an entry, one row a member.

Order of the columns; ``n`` entries, ``m`` members (content and, for a directory with a container, its
container). Texts are a column of lengths and the joined bytes. All else see `columns`.

| field         | rows | meaning                                                                          |
| ------------- | ---- | -------------------------------------------------------------------------------- |
| kind          | n    | 1 file, 2 directory, 3 symlink, 4 hard link, 5 FIFO, 6 character, 7 block device |
| flags         | n    | 1 sparse, 2 changed while read                                                   |
| up            | n    | own row minus the row of the directory it lies in; 0 at the top                  |
| mode          | n    | permission bits                                                                  |
| owner         | n    | row of the owner table                                                           |
| mtime_s       | n    | seconds since the epoch, rounded down                                            |
| mtime_ns      | n    | nanoseconds beyond them                                                          |
| excess        | n    | logical size minus the raw bytes of its members                                  |
| members       | n    | how many member rows are its own                                                 |
| names         | n    | texts: last component of the path                                                |
| targets       | n    | texts: of links                                                                  |
| extras        | n    | texts: rare things, tag, u32 length, value (see ``_EXTRA_...``)                  |
| gap           | m    | offset minus the end of the member before it (a container ends where it starts)  |
| packed        | m    | length of the ``.7z`` or of the container                                        |
| tail          | m    | bytes of the ``.7z`` behind its packed stream                                    |
| raw           | m    | decoded length; of a container its number                                        |
| method        | m    | filter chain                                                                     |
| dictionary    | m    | ``1 << this``, 0 for none                                                        |
| owners        | k    | column uid, column gid, texts user, texts group; ``k`` as u32 before them        |
| place         | 1    | texts: path of the container's directory, empty for the tree                     |
| region        | 1    | texts: SHA-256 of the container before its index, without nested containers      |
| settings      | 1    | texts: JSON of the archive, in the tree index only                               |
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from pybackup.errors import Damaged
from pybackup.model.entry import NO_XATTRS, Entry, Kind, Owner
from pybackup.model.member import Member, Method, Stored

from .columns import Int64s, Reader, pack_column, pack_texts
from .ustar import padded

STREAM_OFFSET = 32
_SPARSE = 1
_CHANGED = 2
_EXTRA = struct.Struct("<BI")
_EXTRA_XATTR = 1
_EXTRA_DEVICE = 2
_EXTRA_DIGEST = 3
_DEVICE = struct.Struct("<II")
_U16 = struct.Struct("<H")
_COUNT = struct.Struct("<I")
_SECOND = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Container:
    """Where a directory's container lies: content offset, length and number."""

    offset: int
    n_bytes: int
    number: int


class TableBuilder:
    """Collects rows and packs them; some 100 bytes a row, whatever the entry weighs."""

    def __init__(self, *, base: int, digest_bytes: int) -> None:
        self._end = base
        self._digest_bytes = digest_bytes
        self._columns = {name: array("q") for name in _ENTRY_COLUMNS + _MEMBER_COLUMNS}
        self._texts: dict[str, list[bytes]] = {"names": [], "targets": [], "extras": []}
        self._owners: dict[Owner, int] = {}
        self._container_row: dict[int, int] = {}
        self.digests = bytearray()

    def __len__(self) -> int:
        return len(self._columns["kind"])

    def add(self, stored: Stored, parent: int | None, *, name: bytes | None = None) -> int:
        """Append an entry and its members, and return its row; ``parent`` is the row of its directory."""
        entry, row = stored.entry, len(self)
        seconds, rest = divmod(entry.mtime_ns, _SECOND)
        raw = sum(member.raw_bytes for member in stored.members)
        values = (
            entry.kind,
            _SPARSE * stored.sparse | _CHANGED * stored.changed,
            0 if parent is None else row - parent,
            entry.mode,
            self._owners.setdefault(entry.owner, len(self._owners)),
            seconds,
            rest,
            entry.size - raw,
            len(stored.members),
        )
        for column, value in zip(_ENTRY_COLUMNS, values, strict=True):
            self._columns[column].append(value)
        self._texts["names"].append(entry.name if name is None else name)
        self._texts["targets"].append(entry.target)
        self._texts["extras"].append(_pack_extras(stored))
        for member in stored.members:
            self._add_member(member)
        return row

    def add_container(self, row: int, container: Container) -> None:
        """Say where the container of directory ``row`` starts; no row added since may have members."""
        self._columns["members"][row] = 1
        self._container_row[row] = len(self._columns["gap"])
        self._append_member(container.offset, container.n_bytes, 0, container.number, 0, 0)
        self._end = container.offset

    def close_container(self, row: int, n_bytes: int) -> None:
        """Fill in the length of a container, known when all of it is written."""
        self._columns["packed"][self._container_row.pop(row)] = n_bytes

    def _add_member(self, member: Member) -> None:
        tail = member.packed_bytes - STREAM_OFFSET - member.stream_bytes
        dictionary = member.dictionary_bytes.bit_length() - 1 if member.dictionary_bytes else 0
        self._append_member(member.offset, member.packed_bytes, tail, member.raw_bytes, member.method, dictionary)
        self._end = member.offset + padded(member.packed_bytes)
        self.digests += member.digest[: self._digest_bytes]

    def _append_member(self, offset: int, packed: int, tail: int, raw: int, method: int, dictionary: int) -> None:
        values = (offset - self._end, packed, tail, raw, method, dictionary)
        for column, value in zip(_MEMBER_COLUMNS, values, strict=True):
            self._columns[column].append(value)

    def pack(self, *, place: bytes, region: bytes, settings: bytes) -> bytes:
        """Return the plain columns."""
        owners = list(self._owners)
        columns = [pack_column(np.frombuffer(self._columns[name], dtype=np.int64)) for name in _ENTRY_COLUMNS]
        columns += [pack_texts(texts) for texts in self._texts.values()]
        columns += [pack_column(np.frombuffer(self._columns[name], dtype=np.int64)) for name in _MEMBER_COLUMNS]
        columns += [
            _COUNT.pack(len(owners)),
            pack_column([owner.uid for owner in owners]),
            pack_column([owner.gid for owner in owners]),
            pack_texts([owner.user for owner in owners]),
            pack_texts([owner.group for owner in owners]),
            *(pack_texts([text]) for text in (place, region, settings)),
        ]
        return b"".join(columns)


_ENTRY_COLUMNS = ("kind", "flags", "up", "mode", "owner", "mtime_s", "mtime_ns", "excess", "members")
_MEMBER_COLUMNS = ("gap", "packed", "tail", "raw", "method", "dictionary")


class Table:
    """The rows of an index as read; entries are made when asked for.

    Raises
    ------
    Damaged
        The columns contradict each other or the rules of their values.
    """

    def __init__(self, plain: bytes, digests: bytes, *, entries: int, digest_bytes: int, base: int) -> None:
        if len(plain) < entries:
            raise Damaged("an index with fewer bytes than entries")
        reader = Reader(plain)
        columns = {name: reader.column(entries) for name in _ENTRY_COLUMNS}
        self.names, self.targets, self._extras = (reader.texts(entries) for _ in range(3))
        counts = columns["members"]
        if entries and (int(counts.min()) < 0 or int(counts.max()) > len(plain)):
            raise Damaged("an index with an impossible number of members")
        total = int(counts.sum())
        if total > len(plain) + entries:
            raise Damaged("an index with more members than bytes")
        members = {name: reader.column(total) for name in _MEMBER_COLUMNS}
        self._owners = _read_owners(reader)
        self.place, self.region, self.settings = (reader.texts(1)[0] for _ in range(3))
        reader.finish()
        _check_rows(columns, len(self._owners))
        self.kinds: list[int] = columns["kind"].tolist()
        self._columns = {name: values.tolist() for name, values in columns.items()}
        self._first = [0, *accumulate(self._columns["members"])]
        is_content = np.repeat(columns["kind"] != Kind.DIRECTORY, counts)
        self._members = _member_lists(members, is_content, base)
        self._digests = digests
        self._digest_bytes = digest_bytes
        self._digest_row: list[int] = (np.cumsum(is_content) - 1).tolist()
        if int(is_content.sum()) * digest_bytes != len(digests):
            raise Damaged("an index with another number of digests than members")
        self._check_directories()

    def __len__(self) -> int:
        return len(self.kinds)

    def paths(self) -> list[bytes]:
        """Path of every entry, relative to `place`, in rows."""
        paths: list[bytes] = []
        for row, (name, up) in enumerate(zip(self.names, self._columns["up"], strict=True)):
            paths.append(paths[row - up] + b"/" + name if up else name)
        return paths

    def parent(self, row: int) -> int | None:
        """Row of the directory the entry lies in, None at the top."""
        up: int = self._columns["up"][row]
        return row - up if up else None

    def stored(self, row: int, path: bytes) -> Stored:
        """Return the entry of ``row`` under ``path``, with its members."""
        columns = self._columns
        kind = Kind(columns["kind"][row])
        extras = _unpack_extras(self._extras[row]) if self._extras[row] else None
        members = () if kind is Kind.DIRECTORY else self._row_members(row)
        size = columns["excess"][row] + sum(member.raw_bytes for member in members) if kind is Kind.FILE else 0
        if size < 0:
            raise Damaged("an index with a file of negative size")
        entry = Entry(
            path,
            kind,
            columns["mode"][row],
            self._owners[columns["owner"][row]],
            columns["mtime_s"][row] * _SECOND + columns["mtime_ns"][row],
            size,
            self.targets[row],
            extras.device if extras else (0, 0),
            extras.xattrs if extras and extras.xattrs else NO_XATTRS,
        )
        digest = extras.digest if extras else b""
        if not digest and len(members) == 1:
            digest = members[0].digest
        flags = columns["flags"][row]
        return Stored(entry, members, digest, bool(flags & _SPARSE), bool(flags & _CHANGED))

    def container(self, row: int) -> Container | None:
        """Where the container of directory ``row`` lies, None for what has none."""
        if self.kinds[row] != Kind.DIRECTORY or not self._columns["members"][row]:
            return None
        offset, packed, _, number, _, _ = self._members[self._first[row]]
        return Container(offset, packed, number)

    def containers(self) -> Iterator[tuple[int, Container]]:
        """All directories with a container: row and place."""
        for row in range(len(self)):
            found = self.container(row)
            if found:
                yield row, found

    def _row_members(self, row: int) -> tuple[Member, ...]:
        return tuple(self._member(index) for index in range(self._first[row], self._first[row + 1]))

    def _member(self, index: int) -> Member:
        offset, packed, stream, raw, method, dictionary = self._members[index]
        start = self._digest_row[index] * self._digest_bytes
        return Member(
            offset,
            packed,
            stream,
            raw,
            Method(method),
            1 << dictionary if dictionary else 0,
            self._digests[start : start + self._digest_bytes],
        )

    def _check_directories(self) -> None:
        for row, (kind, count, up) in enumerate(
            zip(self.kinds, self._columns["members"], self._columns["up"], strict=True)
        ):
            if kind != Kind.FILE and count > (kind == Kind.DIRECTORY):
                raise Damaged("an index gives members to an entry that has no content")
            if up and self.kinds[row - up] != Kind.DIRECTORY:
                raise Damaged("an index puts an entry into something that is no directory")


def _member_lists(
    members: dict[str, Int64s], is_content: np.ndarray[tuple[int], np.dtype[np.bool_]], base: int
) -> list[tuple[int, int, int, int, int, int]]:
    packed, tail, method, dictionary = (members[name] for name in ("packed", "tail", "method", "dictionary"))
    for name in ("packed", "tail", "raw", "method", "dictionary"):
        if len(packed) and int(members[name].min()) < 0:
            raise Damaged("an index with a negative size of a member")
    if len(packed) and (int(packed.max()) >= 1 << 62 or int(members["raw"].max()) >= 1 << 62):
        raise Damaged("an index with an impossible size of a member")
    if len(packed) and (int(method.max()) > max(Method) or int(dictionary.max()) > 40):
        raise Damaged("an index with an unknown method")
    advance = np.where(is_content, packed + -packed % 512, 0)
    offsets = base + np.cumsum(members["gap"] + np.concatenate(([0], advance[:-1]))) if len(packed) else packed
    stream = np.where(is_content, packed - STREAM_OFFSET - tail, 0)
    if len(packed) and (int(stream.min()) < 0 or int(offsets.min()) < 0):
        raise Damaged("an index with a member that lies outside of the archive")
    columns = (offsets, packed, stream, members["raw"], method, dictionary)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def _check_rows(columns: dict[str, Int64s], owners: int) -> None:
    count = len(columns["kind"])
    if not count:
        return
    limits = {"kind": (1, 7), "flags": (0, 3), "mode": (0, 0o7777), "owner": (0, owners - 1)}
    limits["mtime_ns"] = (0, _SECOND - 1)
    for name, (low, high) in limits.items():
        if int(columns[name].min()) < low or int(columns[name].max()) > high:
            raise Damaged(f"an index with an impossible {name}")
    up = columns["up"]
    if int(up.min()) < 0 or (up > np.arange(count)).any():
        raise Damaged("an index with an entry that lies in none of the entries before it")
    if int(np.abs(columns["mtime_s"]).max()) > 1 << 62:
        raise Damaged("an index with an impossible mtime_s")


def _read_owners(reader: Reader) -> list[Owner]:
    (count,) = _COUNT.unpack(reader.take(_COUNT.size))
    if count > 1 << 24:
        raise Damaged("an index with an impossible number of owners")
    uids, gids = (reader.sizes(count).tolist() for _ in range(2))
    users, groups = (reader.texts(count) for _ in range(2))
    return [Owner(*row) for row in zip(uids, gids, users, groups, strict=True)]


@dataclass(slots=True)
class _Extras:
    xattrs: dict[bytes, bytes]
    device: tuple[int, int] = (0, 0)
    digest: bytes = b""


def _pack_extras(stored: Stored) -> bytes:
    entry = stored.entry
    parts: list[tuple[int, bytes]] = [
        (_EXTRA_XATTR, _U16.pack(len(name)) + name + entry.xattrs[name]) for name in sorted(entry.xattrs)
    ]
    if entry.kind in (Kind.CHARACTER, Kind.BLOCK):
        parts.append((_EXTRA_DEVICE, _DEVICE.pack(*entry.device)))
    if len(stored.members) > 1:
        parts.append((_EXTRA_DIGEST, stored.digest))
    return b"".join(_EXTRA.pack(tag, len(value)) + value for tag, value in parts)


def _unpack_extras(data: bytes) -> _Extras:
    extras = _Extras({})
    position = 0
    while position < len(data):
        if position + _EXTRA.size > len(data):
            raise Damaged("an index with half an extra")
        tag, length = _EXTRA.unpack_from(data, position)
        position += _EXTRA.size
        value = data[position : position + length]
        position += length
        if position > len(data):
            raise Damaged("an index with half an extra")
        _take_extra(extras, tag, value)
    return extras


def _take_extra(extras: _Extras, tag: int, value: bytes) -> None:
    if tag == _EXTRA_XATTR and len(value) >= 2:
        (length,) = _U16.unpack_from(value)
        extras.xattrs[value[2 : 2 + length]] = value[2 + length :]
    elif tag == _EXTRA_DEVICE and len(value) == _DEVICE.size:
        extras.device = _DEVICE.unpack(value)
    elif tag == _EXTRA_DIGEST and len(value) == 32:
        extras.digest = value
    else:
        raise Damaged(f"an index with an extra of unknown kind {tag}")
