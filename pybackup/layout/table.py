"""The plain columns of an index: one row an entry, one row a member.

Order of the columns; ``n`` entries, ``m`` members (content and, for a directory with a container, its
container). Texts are a column of lengths and the joined bytes. All else see `columns`.

| field         | rows | meaning                                                                          |
| ------------- | ---- | -------------------------------------------------------------------------------- |
| kind          | n    | 1 file, 2 directory, 3 symlink, 4 hard link, 5 FIFO, 6 character, 7 block device |
| flags         | n    | 1 sparse, 2 changed while read, 4 in a bundle                                    |
| up            | n    | own row minus the row of the directory it lies in; 0 at the top                  |
| mode          | n    | permission bits                                                                  |
| owner         | n    | row of the owner table                                                           |
| mtime_s       | n    | seconds since the epoch, rounded down                                            |
| mtime_ns      | n    | nanoseconds beyond them                                                          |
| excess        | n    | logical size minus the raw bytes of its members                                  |
| members       | n    | how many member rows are its own                                                 |
| names         | n    | texts: last component of the path                                                |
| targets       | n    | texts: of links                                                                  |
| extras        | n    | texts: rare things, tag, u32 length, value (see `extras`)                       |
| gap           | m    | offset minus the end of the member before it (a container ends where it starts)  |
| packed        | m    | length of the ``.7z``, of the stream in a bundle, or of the container            |
| tail          | m    | bytes of the ``.7z`` behind its packed stream                                    |
| raw           | m    | decoded length; of a container its number                                        |
| method        | m    | filter chain; 8 more of a delta                                                  |
| dictionary    | m    | ``1 << this``, 0 for none                                                        |
| owners        | k    | column uid, column gid, texts user, texts group; ``k`` as u32 before them        |
| place         | 1    | texts: path of the container's directory, empty for the tree                     |
| region        | 1    | texts: SHA-256 of the container before its index, without nested containers      |
| settings      | 1    | texts: JSON of the archive, in the tree index only                               |
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator

import numpy as np

from pybackup.errors import Damaged
from pybackup.model.entry import NO_XATTRS, Entry, Kind
from pybackup.model.listing import Brief
from pybackup.model.member import STREAM_OFFSET, Container, Member, Method, Stored

from .columns import Int64s, Reader, view
from .extras import NO_EXTRAS, PartRuns, unpack_extras
from .table_form import BUNDLED, CHANGED, DELTA, DEVICES, ENTRY_COLUMNS, LINKS, MEMBER_COLUMNS, SECOND, SPARSE
from .table_paths import TablePaths
from .table_rules import check_members, check_names, check_rows, check_sizes, member_columns, read_owners

# Long names are rare, and deep trees are small; directories each in the last would take squares. In proportion to
# the bytes of the body, not to the rows: a million alike come free, and would have gigabytes of paths.
_PATHS_ALLOWANCE = 64 << 20
_PATHS_RATIO = 1024
# Tables, since an enum's own look-up takes longer than the rest of a row.
_KIND_OF = {int(kind): kind for kind in Kind}
_METHOD_OF = {int(method): method for method in Method}
_FILE = int(Kind.FILE)
_NO_DEVICE = (0, 0)
_NO_NUMBERS: tuple[int, ...] = ()


class Table:
    """The rows of an index as read; entries are made when asked for.

    Parameters
    ----------
    bundles
        There may be files in bundles, and members may lie before those of earlier rows.

    Raises
    ------
    Damaged
        The columns contradict each other or the rules of their values.
    """

    def __init__(
        self, plain: bytes, digests: bytes, *, entries: int, digest_bytes: int, base: int, bundles: bool = False
    ) -> None:
        if len(plain) < entries:
            raise Damaged("an index with fewer bytes than entries")
        reader = Reader(plain)
        columns = {name: reader.column(entries) for name in ENTRY_COLUMNS}
        self.names, self.targets, self._extras = (reader.texts(entries) for _ in range(3))
        check_names(self.names)
        check_members(columns, len(digests), digest_bytes)
        counts = columns["members"]
        members = {name: reader.column(int(counts.sum())) for name in MEMBER_COLUMNS}
        self._owners = read_owners(reader, entries)
        self.place, self.region, self.settings = (reader.texts(1)[0] for _ in range(3))
        reader.finish()
        check_rows(columns, len(self._owners), bundles=bundles)
        check_sizes(columns, members["raw"])
        self._columns = {name: view(values) for name, values in columns.items()}
        self.kinds = self._columns["kind"]
        self._is_rare = (self.targets.filled | self._extras.filled | (counts > 1)).tobytes()
        self._check_rare(np.flatnonzero(np.frombuffer(self._is_rare, np.bool_) | np.isin(columns["kind"], DEVICES)))
        self._first = view(np.concatenate(([0], np.cumsum(counts))))
        is_content = np.repeat(columns["kind"] != Kind.DIRECTORY, counts)
        is_stream = np.repeat(columns["flags"] & BUNDLED != 0, counts)
        # Of a million entries they take a hundred megabytes, as much as all that is kept.
        del columns, counts
        found = member_columns(members, is_content, is_stream, base, ascending=not bundles)
        self._check_deltas(members["method"])
        del members
        self._members = tuple(view(column) for column in found)
        self._is_stream = is_stream
        self._digests = digests
        self._digest_bytes = digest_bytes
        self._digest_row = view(np.cumsum(is_content) - 1)

    def __len__(self) -> int:
        return len(self.kinds)

    def paths(self, body_bytes: int = 0) -> TablePaths:
        """Path of every entry, relative to `place`, in rows.

        Parameters
        ----------
        body_bytes
            Length of the body they came in: the longer it is, the longer they may be.

        Raises
        ------
        Refused
            All of them together are longer than any tree's: directories nested without end.
        """
        return TablePaths(self.kinds, self.names, self._columns["up"], path_bytes_for(body_bytes))

    def parent(self, row: int) -> int | None:
        """Row of the directory the entry lies in, None at the top."""
        up: int = self._columns["up"][row]
        return row - up if up else None

    def stored(self, row: int, path: bytes) -> Stored:
        """Return the entry of ``row`` under ``path``, with its members."""
        columns = self._columns
        kind = _KIND_OF[self.kinds[row]]
        extras, target = NO_EXTRAS, b""
        if self._is_rare[row]:
            extras, target = unpack_extras(self._extras[row]), self.targets[row]
        first, last = self._first[row], self._first[row + 1]
        members: tuple[Member, ...] = ()
        size = columns["excess"][row]
        if kind is not Kind.DIRECTORY and first != last:
            if last - first == 1:
                members = (self._member(first),)
                size += members[0].raw_bytes
            else:
                members = tuple(map(self._member, range(first, last)))
                size += sum(member.raw_bytes for member in members)
        entry = Entry(
            path,
            kind,
            columns["mode"][row],
            self._owners[columns["owner"][row]],
            columns["mtime_s"][row] * SECOND + columns["mtime_ns"][row],
            size,
            target,
            extras.device or _NO_DEVICE,
            extras.xattrs or NO_XATTRS,
        )
        segments, numbers = 0, _NO_NUMBERS
        if extras.part:
            segments, numbers = extras.part.segments, extras.part.numbers(len(members))
        digest = members[0].digest if len(members) == 1 and not segments else extras.digest
        flags = columns["flags"][row]
        is_sparse, changed = flags & SPARSE != 0, flags & CHANGED != 0
        base, spent = extras.base, extras.base_spent
        return Stored(entry, members, digest, is_sparse, changed, segments, numbers, base_digest=base, base_spent=spent)

    def briefs(self, rows: Iterable[int]) -> Iterator[Brief | None]:
        """Yield the least of the entry of each row; None for one of several members, a link, and what has extras."""
        columns, kinds, is_rare, firsts = self._columns, self.kinds, self._is_rare, self._first
        modes, owner_rows, excess, flags = (columns[name] for name in ("mode", "owner", "excess", "flags"))
        seconds, rests = columns["mtime_s"], columns["mtime_ns"]
        owners, digests, digest_bytes, digest_row = self._owners, self._digests, self._digest_bytes, self._digest_row
        _, packed, _, raw, _, _ = self._members
        for row in rows:
            if is_rare[row]:
                yield None
                continue
            kind, first = kinds[row], firsts[row]
            size, packed_bytes, segments, digest = excess[row], 0, 0, b""
            if kind == _FILE and first != firsts[row + 1]:
                size += raw[first]
                packed_bytes, segments = packed[first], 1
                start = digest_row[first] * digest_bytes
                digest = digests[start : start + digest_bytes]
            mtime_ns, owner = seconds[row] * SECOND + rests[row], owners[owner_rows[row]]
            is_sparse, changed = flags[row] & SPARSE != 0, flags[row] & CHANGED != 0
            yield Brief(kind, size, mtime_ns, modes[row], digest, is_sparse, owner, changed, packed_bytes, segments)

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

    def totals(self) -> tuple[int, int] | None:
        """Return how many files there are, and how many bytes of content: of a file in parts those that are here.

        None where a file has another size than its content, so that each has to be looked at.
        """
        is_file = np.asarray(self.kinds) == Kind.FILE
        first, excess = np.asarray(self._first), np.asarray(self._columns["excess"]).astype(np.int64)
        ends = np.concatenate((np.zeros(1, np.int64), np.cumsum(np.asarray(self._members[3]), dtype=np.int64)))
        sizes = excess + ends[first[1:]] - ends[first[:-1]]
        n_bytes = int(sizes[is_file].sum())
        is_sparse = np.asarray(self._columns["flags"]) & SPARSE != 0
        for row in np.flatnonzero(is_file & ~is_sparse & (excess != 0)).tolist():
            extras = unpack_extras(self._extras[row])
            if not extras.part and not extras.base:
                return None
        for row in np.flatnonzero(np.frombuffer(self._is_rare, np.bool_) & is_file & (excess != 0)).tolist():
            if unpack_extras(self._extras[row]).part:
                n_bytes -= int(excess[row])
        return int(is_file.sum()), n_bytes

    def digests_by_hash(self) -> set[bytes]:
        """Return the hashes of the contents of which nothing else is known."""
        _, packed, streams, raw, _, _ = map(np.asarray, self._members)
        found = np.flatnonzero((packed == STREAM_OFFSET) & (streams == 0) & (raw > 0))
        return {self._member(index).digest for index in found.tolist()}

    def _check_rare(self, rows: Int64s) -> None:
        """Targets and extras: only where the kind of the entry has them, and there always.

        Parameters
        ----------
        rows
            Those that have any, or several members, or must have extras.
        """
        counts = self._columns["members"]
        for row in rows.tolist():
            kind, extras, members = self.kinds[row], self._extras[row], counts[row]
            if self.targets[row] and kind not in LINKS:
                raise Damaged("an index gives a target to an entry that is no link")
            if extras or members > 1 or kind in DEVICES:
                found = unpack_extras(extras)
                has_digest = members > 1 if found.part is None else _is_last_part(found.part, kind, members)
                # Where its last segment is that of the base, the digest may be anywhere.
                is_digest_wrong = bool(found.digest) != has_digest and not (found.part and found.base)
                if (found.device is not None) != (kind in DEVICES) or is_digest_wrong:
                    raise Damaged("an index with an extra too many or too few")
                if found.base and (kind != Kind.FILE or not members):
                    raise Damaged("an index with a base of what has no content here")

    def _check_deltas(self, methods: Int64s) -> None:
        """Deltas: only of files that say what to; there are few."""
        for index in np.flatnonzero(methods & DELTA).tolist():
            row = bisect_right(self._first, index) - 1
            if not self._extras[row] or not unpack_extras(self._extras[row]).base:
                raise Damaged("an index with a delta to nothing")

    def _member(self, index: int) -> Member:
        offsets, packed, streams, raw, methods, dictionaries = self._members
        dictionary, method = dictionaries[index], methods[index]
        start = self._digest_row[index] * self._digest_bytes
        return Member(
            offsets[index],
            packed[index],
            streams[index],
            raw[index],
            _METHOD_OF[method & ~DELTA],
            1 << dictionary if dictionary else 0,
            self._digests[start : start + self._digest_bytes],
            bundled=bool(self._is_stream[index]),
            is_delta=method & DELTA != 0,
        )


def _is_last_part(part: PartRuns, kind: int, members: int) -> bool:
    """Whether the last segment of a file is here that is here in part."""
    if kind != Kind.FILE or not part.is_possible(members):
        raise Damaged("an index with an impossible part of a file")
    return part.is_last(members)


def path_bytes_for(body_bytes: int) -> int:
    """How long all paths together may be in an index with a body of so many bytes."""
    return _PATHS_ALLOWANCE + _PATHS_RATIO * body_bytes
