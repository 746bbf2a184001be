"""Collecting the rows of a table, and packing them."""

from __future__ import annotations

from array import array

import numpy as np

from pybackup.model.entry import Owner
from pybackup.model.member import STREAM_OFFSET, Container, Member, Stored

from .columns import Int64s, pack_column, pack_texts
from .extras import pack_extras
from .table_form import BUNDLED, CHANGED, DELTA, ENTRY_COLUMNS, MEMBER_COLUMNS, SECOND, SPARSE
from .table_rules import OWNER_COUNT
from .ustar import BLOCK

# Nearly always more than what columns of such rows take once packed, not much more, and never less by more than the
# blocks of tar that are filled up: see `TableBuilder.bound_bytes`.
_ENTRY_BYTES = 32
_MEMBER_BYTES = 16
_EMPTY_BYTES = 512
_OPEN_BYTES = 8
_ENTRY_VALUES, _MEMBER_VALUES = len(ENTRY_COLUMNS), len(MEMBER_COLUMNS)
_MEMBERS, _PACKED = ENTRY_COLUMNS.index("members"), MEMBER_COLUMNS.index("packed")
# What a member is: its end is where the next one's gap begins.
_CONTAINER, _SEVENZIP, _STREAM = range(3)


def row_bytes(stored: Stored, digest_bytes: int = 32) -> int:
    """Return how much longer an entry makes the body of an index at most."""
    entry, members = stored.entry, len(stored.members)
    extras = len(pack_extras(stored)) if entry.xattrs or members > 1 or stored.numbers or stored.base_digest else 0
    return _ENTRY_BYTES + len(entry.name) + len(entry.target) + extras + members * (_MEMBER_BYTES + digest_bytes)


class TableBuilder:
    """Collects rows and packs them; some 100 bytes a row, whatever the entry weighs.

    Parameters
    ----------
    base
        Where in the archive the container begins.
    digest_bytes
        How much of each digest is kept.
    place_bytes
        Length of the path that the index will have in ``place``.
    """

    def __init__(self, *, base: int, digest_bytes: int, place_bytes: int = 0) -> None:
        self._base = base
        self._digest_bytes = digest_bytes
        # Row by row, as one call adds a row. Of members the offset stands here instead of the gap, which is known when
        # all of them have their places.
        self._entries = array("q")
        self._members = array("q")
        self._shapes = array("b")
        self._count = 0
        self._names: list[bytes] = []
        self._targets: list[bytes] = []
        self._extras: list[bytes] = []
        self._owners: dict[Owner, int] = {}
        self._container_row: dict[int, int] = {}
        self._measured_bytes = _EMPTY_BYTES + place_bytes
        self._since_bytes = 0
        self.digests = bytearray()

    @property
    def bound_bytes(self) -> int:
        """At most so many bytes the body of an index of these rows has."""
        return self._measured_bytes + self._since_bytes

    @property
    def slack_bytes(self) -> int:
        """By so much `bound_bytes` may be too high."""
        return self._since_bytes

    def measure(self, body_bytes: int) -> None:
        """Take how long the body of all rows is as they are now, so that `bound_bytes` comes close to the truth."""
        self._measured_bytes = body_bytes + _OPEN_BYTES * len(self._container_row)
        self._since_bytes = 0

    def __len__(self) -> int:
        return self._count

    def add(self, stored: Stored, parent: int | None, *, name: bytes | None = None) -> int:
        """Append an entry and its members, and return its row; ``parent`` is the row of its directory."""
        entry, members, row = stored.entry, stored.members, self._count
        if name is None:
            name = entry.name
        seconds, rest = divmod(entry.mtime_ns, SECOND)
        is_plain = len(members) == 1 and not (entry.xattrs or stored.numbers or stored.base_digest)
        if is_plain:
            # Nearly all rows of most trees: none of the extras can be there.
            (member,) = members
            raw, extras = member.raw_bytes, b""
            bundled, target = member.bundled, b""
            self._since_bytes += _ENTRY_BYTES + _MEMBER_BYTES + self._digest_bytes + len(name)
        else:
            raw, extras = sum(member.raw_bytes for member in members), pack_extras(stored)
            bundled, target = stored.bundled, entry.target
            self._since_bytes += row_bytes(stored, self._digest_bytes)
        owner = self._owners.get(entry.owner)
        if owner is None:
            owner = self._owners[entry.owner] = len(self._owners)
        self._entries.extend((
            entry.kind,
            SPARSE * stored.sparse | CHANGED * stored.changed | BUNDLED * bundled,
            0 if parent is None else row - parent,
            entry.mode,
            owner,
            seconds,
            rest,
            entry.size - raw,
            len(members),
        ))  # fmt: skip
        self._count = row + 1
        self._names.append(name)
        self._targets.append(target)
        self._extras.append(extras)
        for member in members:
            self._add_member(member)
        return row

    @property
    def members(self) -> int:
        """How many there are; the number of the next one."""
        return len(self._shapes)

    def place(self, member: int, offset: int) -> None:
        """Say where a member lies that was added before that was known."""
        self._members[member * _MEMBER_VALUES] = offset

    def add_container(self, row: int, container: Container) -> None:
        """Say where the container of directory ``row`` starts; no row added since may have members."""
        self._entries[row * _ENTRY_VALUES + _MEMBERS] = 1
        self._container_row[row] = self.members
        self._shapes.append(_CONTAINER)
        self._members.extend((container.offset, container.n_bytes, 0, container.number, 0, 0))
        self._since_bytes += _MEMBER_BYTES

    def close_container(self, row: int, n_bytes: int) -> None:
        """Fill in the length of a container, known when all of it is written."""
        self._members[self._container_row.pop(row) * _MEMBER_VALUES + _PACKED] = n_bytes

    def _add_member(self, member: Member) -> None:
        offset, packed, stream, raw, method, dictionary_bytes, digest, _, bundled, is_delta, _ = member
        tail = 0 if bundled else packed - STREAM_OFFSET - stream
        dictionary = dictionary_bytes.bit_length() - 1 if dictionary_bytes else 0
        self._shapes.append(_STREAM if bundled else _SEVENZIP)
        self._members.extend((offset, packed, tail, raw, method | DELTA if is_delta else method, dictionary))
        self.digests += digest[: self._digest_bytes]

    def _gaps(self, members: Int64s) -> Int64s:
        """Each offset less the end of the member before it."""
        offsets, packed = members[:, 0], members[:, _PACKED]
        shapes = np.frombuffer(self._shapes, dtype=np.int8)
        lengths = np.where(shapes == _CONTAINER, 0, np.where(shapes == _STREAM, packed, packed + -packed % BLOCK))
        ends = np.concatenate((np.array([self._base], np.int64), (offsets + lengths)[:-1]))
        return offsets - ends[: len(offsets)]

    def pack(self, *, place: bytes, region: bytes, settings: bytes) -> bytes:
        """Return the plain columns."""
        owners = list(self._owners)
        entries = np.frombuffer(self._entries, dtype=np.int64).reshape(-1, _ENTRY_VALUES)
        members = np.frombuffer(self._members, dtype=np.int64).reshape(-1, _MEMBER_VALUES)
        columns = [
            *map(pack_column, entries.T),
            *map(pack_texts, (self._names, self._targets, self._extras)),
            pack_column(self._gaps(members)),
            *map(pack_column, members.T[1:]),
            OWNER_COUNT.pack(len(owners)),
            pack_column([owner.uid for owner in owners]),
            pack_column([owner.gid for owner in owners]),
            pack_texts([owner.user for owner in owners]),
            pack_texts([owner.group for owner in owners]),
            *(pack_texts([text]) for text in (place, region, settings)),
        ]
        return b"".join(columns)
