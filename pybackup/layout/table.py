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

import numpy as np

from pybackup.errors import Damaged, Refused
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
_MAX_BYTES = 1 << 62
_MAX_ID = 0xFFFFFFFF
_LINKS = (Kind.SYMLINK, Kind.HARDLINK)
_DEVICES = (Kind.CHARACTER, Kind.BLOCK)
_NO_NAMES = frozenset((b"", b".", b".."))
# Long names are rare, and deep trees are small; directories each in the last would take squares.
_PATHS_ALLOWANCE = 64 << 20
_PATHS_RATIO = 1024


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


# Tables, since an enum's own look-up takes longer than the rest of a row.
_KIND_OF = {int(kind): kind for kind in Kind}
_METHOD_OF = {int(method): method for method in Method}
_NO_DEVICE = (0, 0)


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
        _check_names(self.names)
        _check_members(columns, len(digests), digest_bytes)
        counts = columns["members"]
        members = {name: reader.column(int(counts.sum())) for name in _MEMBER_COLUMNS}
        self._owners = _read_owners(reader, entries)
        self.place, self.region, self.settings = (reader.texts(1)[0] for _ in range(3))
        reader.finish()
        _check_rows(columns, len(self._owners))
        _check_sizes(columns, members["raw"])
        # Views, not lists: 8 bytes a value, and nearly as quick to index.
        self._columns = {name: _view(values) for name, values in columns.items()}
        self.kinds = self._columns["kind"]
        self._check_rare()
        self._first = _view(np.concatenate(([0], np.cumsum(counts))))
        is_content = np.repeat(columns["kind"] != Kind.DIRECTORY, counts)
        self._members = tuple(_view(column) for column in _member_columns(members, is_content, base))
        self._digests = digests
        self._digest_bytes = digest_bytes
        self._digest_row = _view(np.cumsum(is_content) - 1)

    def __len__(self) -> int:
        return len(self.kinds)

    def paths(self) -> list[bytes]:
        """Path of every entry, relative to `place`, in rows.

        Raises
        ------
        Refused
            All of them together are longer than any tree's: directories nested without end.
        """
        paths: list[bytes] = []
        left = _PATHS_ALLOWANCE + _PATHS_RATIO * len(self)
        for row, (name, up) in enumerate(zip(self.names, self._columns["up"], strict=True)):
            path = paths[row - up] + b"/" + name if up else name
            left -= len(path)
            if left < 0:
                raise Refused("an index whose paths would grow beyond measure")
            paths.append(path)
        return paths

    def parent(self, row: int) -> int | None:
        """Row of the directory the entry lies in, None at the top."""
        up: int = self._columns["up"][row]
        return row - up if up else None

    def stored(self, row: int, path: bytes) -> Stored:
        """Return the entry of ``row`` under ``path``, with its members."""
        columns = self._columns
        kind = _KIND_OF[self.kinds[row]]
        extras = _unpack_extras(self._extras[row]) if self._extras[row] else _NO_EXTRAS
        first, last = self._first[row], self._first[row + 1]
        members: tuple[Member, ...] = ()
        size = columns["excess"][row]
        if kind is not Kind.DIRECTORY and first != last:
            members = tuple(map(self._member, range(first, last)))
            size += sum(member.raw_bytes for member in members)
        entry = Entry(
            path,
            kind,
            columns["mode"][row],
            self._owners[columns["owner"][row]],
            columns["mtime_s"][row] * _SECOND + columns["mtime_ns"][row],
            size,
            self.targets[row],
            extras.device or _NO_DEVICE,
            extras.xattrs or NO_XATTRS,
        )
        digest = members[0].digest if len(members) == 1 else extras.digest
        flags = columns["flags"][row]
        return Stored(entry, members, digest, flags & _SPARSE != 0, flags & _CHANGED != 0)

    def container(self, row: int) -> Container | None:
        """Where the container of directory ``row`` lies, None for what has none."""
        if self.kinds[row] != Kind.DIRECTORY or not self._columns["members"][row]:
            return None
        offset, packed, _, number, _, _ = self._member_row(self._first[row])
        return Container(offset, packed, number)

    def containers(self) -> Iterator[tuple[int, Container]]:
        """All directories with a container: row and place."""
        for row in range(len(self)):
            found = self.container(row)
            if found:
                yield row, found

    def _member_row(self, index: int) -> tuple[int, int, int, int, int, int]:
        offsets, packed, streams, raw, methods, dictionaries = self._members
        return offsets[index], packed[index], streams[index], raw[index], methods[index], dictionaries[index]

    def _check_rare(self) -> None:
        """Targets and extras: only where the kind of the entry has them, and there always."""
        rows = zip(self.kinds, self.targets, self._extras, self._columns["members"], strict=True)
        for kind, target, extras, members in rows:
            if target and kind not in _LINKS:
                raise Damaged("an index gives a target to an entry that is no link")
            if extras or members > 1 or kind in _DEVICES:
                found = _unpack_extras(extras)
                if (found.device is not None) != (kind in _DEVICES) or bool(found.digest) != (members > 1):
                    raise Damaged("an index with an extra too many or too few")

    def _member(self, index: int) -> Member:
        offset, packed, stream, raw, method, dictionary = self._member_row(index)
        start = self._digest_row[index] * self._digest_bytes
        return Member(
            offset,
            packed,
            stream,
            raw,
            _METHOD_OF[method],
            1 << dictionary if dictionary else 0,
            self._digests[start : start + self._digest_bytes],
        )


def _view(values: Int64s) -> memoryview:
    return memoryview(values.astype(np.int64).tobytes()).cast("q")


def _member_columns(
    members: dict[str, Int64s], is_content: np.ndarray[tuple[int], np.dtype[np.bool_]], base: int
) -> tuple[Int64s, ...]:
    packed, tail, method, dictionary = (members[name] for name in ("packed", "tail", "method", "dictionary"))
    for name in _MEMBER_COLUMNS:
        if len(packed) and int(members[name].min()) < 0:
            raise Damaged("an index with a negative size of a member")
    # Floats, since a sum of integers would wrap silently.
    if base + float(packed.astype(float).sum() + members["gap"].astype(float).sum()) > _MAX_BYTES:
        raise Damaged("an index with members beyond the end of any archive")
    if len(packed) and (int(method.max()) > max(Method) or int(dictionary.max()) > 40):
        raise Damaged("an index with an unknown method")
    if any((members[name][~is_content] != 0).any() for name in ("tail", "method", "dictionary")):
        raise Damaged("an index with a container that is packed")
    if (members["raw"][~is_content] > _MAX_ID).any():
        raise Damaged("an index with an impossible number of a container")
    advance = np.where(is_content, packed + -packed % 512, 0)
    offsets = base + np.cumsum(members["gap"] + np.concatenate(([0], advance[:-1]))) if len(packed) else packed
    stream = np.where(is_content, packed - STREAM_OFFSET - tail, 0)
    if len(packed) and int(stream.min()) < 0:
        raise Damaged("an index with a member shorter than its parts")
    return offsets, packed, stream, members["raw"], method, dictionary


def _check_names(names: list[bytes]) -> None:
    joined = b"".join(names)
    if b"/" in joined or b"\0" in joined or not _NO_NAMES.isdisjoint(names):
        raise Damaged("an index with a name that is none")


def _check_members(columns: dict[str, Int64s], digests_bytes: int, digest_bytes: int) -> None:
    """Before any memory is taken for them."""
    kinds, counts = columns["kind"], columns["members"]
    held, rest = divmod(digests_bytes, digest_bytes)
    if len(counts) and (int(counts.min()) < 0 or int(counts.max()) > max(held, 1)):
        raise Damaged("an index with an impossible number of members")
    if (counts[kinds != Kind.FILE] > (kinds[kinds != Kind.FILE] == Kind.DIRECTORY)).any():
        raise Damaged("an index gives members to an entry that has no content")
    if rest or int(counts[kinds == Kind.FILE].sum()) != held:
        raise Damaged("an index with another number of digests than members")


def _check_sizes(columns: dict[str, Int64s], raw: Int64s) -> None:
    """The sizes of all files, which must be none of less than nothing."""
    is_file = columns["kind"] == Kind.FILE
    if (columns["excess"][~is_file] != 0).any():
        raise Damaged("an index gives a size to an entry that is no file")
    if float(np.abs(columns["excess"].astype(float)).sum() + np.abs(raw.astype(float)).sum()) > _MAX_BYTES:
        raise Damaged("an index with files of impossible size")
    ends = np.concatenate((np.zeros(1, np.int64), np.cumsum(raw)))
    last = np.cumsum(columns["members"])
    sizes = columns["excess"] + ends[last] - ends[last - columns["members"]]
    if (sizes[is_file] < 0).any():
        raise Damaged("an index with a file of negative size")


def _check_rows(columns: dict[str, Int64s], owners: int) -> None:
    count = len(columns["kind"])
    if not count:
        return
    limits = {"kind": (1, 7), "flags": (0, 3), "mode": (0, 0o7777), "owner": (0, owners - 1)}
    limits["mtime_ns"] = (0, _SECOND - 1)
    limits["mtime_s"] = (-_MAX_BYTES, _MAX_BYTES)
    for name, (low, high) in limits.items():
        if int(columns[name].min()) < low or int(columns[name].max()) > high:
            raise Damaged(f"an index with an impossible {name}")
    up = columns["up"]
    if int(up.min()) < 0 or (up > np.arange(count)).any():
        raise Damaged("an index with an entry that lies in none of the entries before it")
    if (columns["kind"][np.arange(count) - up][up > 0] != Kind.DIRECTORY).any():
        raise Damaged("an index puts an entry into something that is no directory")
    if (columns["flags"][columns["kind"] != Kind.FILE] != 0).any():
        raise Damaged("an index gives flags to an entry that is no file")
    owner = columns["owner"]
    known = np.maximum.accumulate(np.concatenate((np.full(1, -1), owner)))
    if (owner > known[:-1] + 1).any() or int(known[-1]) != owners - 1:
        raise Damaged("an index whose owners do not stand in the order of their entries")


def _read_owners(reader: Reader, entries: int) -> list[Owner]:
    (count,) = _COUNT.unpack(reader.take(_COUNT.size))
    if count > entries:
        raise Damaged("an index with an impossible number of owners")
    uids, gids = (reader.sizes(count).tolist() for _ in range(2))
    users, groups = (reader.texts(count) for _ in range(2))
    if any(number > _MAX_ID for number in (*uids, *gids)):
        raise Damaged("an index with an impossible owner")
    owners = [Owner(*row) for row in zip(uids, gids, users, groups, strict=True)]
    if len(set(owners)) != count:
        raise Damaged("an index that names an owner twice")
    return owners


@dataclass(slots=True)
class _Extras:
    xattrs: dict[bytes, bytes]
    device: tuple[int, int] | None = None
    digest: bytes = b""


_NO_EXTRAS = _Extras({})


def _pack_extras(stored: Stored) -> bytes:
    entry = stored.entry
    parts: list[tuple[int, bytes]] = [
        (_EXTRA_XATTR, _U16.pack(len(name)) + name + entry.xattrs[name]) for name in sorted(entry.xattrs)
    ]
    if entry.kind in _DEVICES:
        parts.append((_EXTRA_DEVICE, _DEVICE.pack(*entry.device)))
    if len(stored.members) > 1:
        parts.append((_EXTRA_DIGEST, stored.digest))
    return b"".join(_EXTRA.pack(tag, len(value)) + value for tag, value in parts)


def _unpack_extras(data: bytes) -> _Extras:
    extras = _Extras({})
    position = 0
    last = b""
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
        rank = bytes((tag,)) + (value[2 : 2 + _U16.unpack_from(value)[0]] if tag == _EXTRA_XATTR else b"")
        if rank <= last:
            raise Damaged("an index with extras out of order")
        last = rank
    return extras


def _take_extra(extras: _Extras, tag: int, value: bytes) -> None:
    if tag == _EXTRA_XATTR and len(value) >= 2 and len(value) >= 2 + _U16.unpack_from(value)[0]:
        (length,) = _U16.unpack_from(value)
        extras.xattrs[value[2 : 2 + length]] = value[2 + length :]
    elif tag == _EXTRA_DEVICE and len(value) == _DEVICE.size:
        extras.device = _DEVICE.unpack(value)
    elif tag == _EXTRA_DIGEST and len(value) == 32:
        extras.digest = value
    else:
        raise Damaged(f"an index with an extra of unknown kind or form: {tag}")
