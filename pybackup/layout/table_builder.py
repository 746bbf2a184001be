"""Collecting the rows of a table, and packing them."""

from __future__ import annotations

from array import array

import numpy as np

from pybackup.model.entry import Owner
from pybackup.model.member import STREAM_OFFSET, Container, Member, Stored

from .columns import pack_column, pack_texts
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
        # Of members the offset stands here instead of the gap, which is known when all of them have their places.
        self._columns = {name: array("q") for name in ENTRY_COLUMNS + MEMBER_COLUMNS}
        self._append_entry = [self._columns[name].append for name in ENTRY_COLUMNS]
        self._append_values = [self._columns[name].append for name in MEMBER_COLUMNS]
        self._shapes = array("b")
        self._texts: dict[str, list[bytes]] = {"names": [], "targets": [], "extras": []}
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
        return len(self._columns["kind"])

    def add(self, stored: Stored, parent: int | None, *, name: bytes | None = None) -> int:
        """Append an entry and its members, and return its row; ``parent`` is the row of its directory."""
        entry, members, row = stored.entry, stored.members, len(self)
        seconds, rest = divmod(entry.mtime_ns, SECOND)
        raw = members[0].raw_bytes if len(members) == 1 else sum(member.raw_bytes for member in members)
        values = (
            entry.kind,
            SPARSE * stored.sparse | CHANGED * stored.changed | BUNDLED * stored.bundled,
            0 if parent is None else row - parent,
            entry.mode,
            self._owners.setdefault(entry.owner, len(self._owners)),
            seconds,
            rest,
            entry.size - raw,
            len(members),
        )
        for append, value in zip(self._append_entry, values, strict=True):
            append(value)
        self._texts["names"].append(entry.name if name is None else name)
        self._texts["targets"].append(entry.target)
        self._texts["extras"].append(pack_extras(stored))
        for member in members:
            self._add_member(member)
        self._since_bytes += row_bytes(stored, self._digest_bytes)
        return row

    @property
    def members(self) -> int:
        """How many there are; the number of the next one."""
        return len(self._shapes)

    def place(self, member: int, offset: int) -> None:
        """Say where a member lies that was added before that was known."""
        self._columns["gap"][member] = offset

    def add_container(self, row: int, container: Container) -> None:
        """Say where the container of directory ``row`` starts; no row added since may have members."""
        self._columns["members"][row] = 1
        self._container_row[row] = self.members
        self._append_member(_CONTAINER, container.offset, container.n_bytes, 0, container.number, 0, 0)
        self._since_bytes += _MEMBER_BYTES

    def close_container(self, row: int, n_bytes: int) -> None:
        """Fill in the length of a container, known when all of it is written."""
        self._columns["packed"][self._container_row.pop(row)] = n_bytes

    def _add_member(self, member: Member) -> None:
        tail = 0 if member.bundled else member.packed_bytes - STREAM_OFFSET - member.stream_bytes
        dictionary = member.dictionary_bytes.bit_length() - 1 if member.dictionary_bytes else 0
        shape = _STREAM if member.bundled else _SEVENZIP
        method = member.method | DELTA * member.is_delta
        values = member.offset, member.packed_bytes, tail, member.raw_bytes, method, dictionary
        self._append_member(shape, *values)
        self.digests += member.digest[: self._digest_bytes]

    def _append_member(self, shape: int, *values: int) -> None:
        self._shapes.append(shape)
        for append, value in zip(self._append_values, values, strict=True):
            append(value)

    def _gaps(self) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """Each offset less the end of the member before it."""
        offsets, packed = (np.frombuffer(self._columns[name], dtype=np.int64) for name in ("gap", "packed"))
        shapes = np.frombuffer(self._shapes, dtype=np.int8)
        lengths = np.where(shapes == _CONTAINER, 0, np.where(shapes == _STREAM, packed, packed + -packed % BLOCK))
        ends = np.concatenate((np.array([self._base], np.int64), (offsets + lengths)[:-1]))
        return offsets - ends[: len(offsets)]

    def pack(self, *, place: bytes, region: bytes, settings: bytes) -> bytes:
        """Return the plain columns."""
        owners = list(self._owners)
        columns = [pack_column(np.frombuffer(self._columns[name], dtype=np.int64)) for name in ENTRY_COLUMNS]
        columns += [pack_texts(texts) for texts in self._texts.values()]
        columns.append(pack_column(self._gaps()))
        columns += [pack_column(np.frombuffer(self._columns[name], dtype=np.int64)) for name in MEMBER_COLUMNS[1:]]
        columns += [
            OWNER_COUNT.pack(len(owners)),
            pack_column([owner.uid for owner in owners]),
            pack_column([owner.gid for owner in owners]),
            pack_texts([owner.user for owner in owners]),
            pack_texts([owner.group for owner in owners]),
            *(pack_texts([text]) for text in (place, region, settings)),
        ]
        return b"".join(columns)
