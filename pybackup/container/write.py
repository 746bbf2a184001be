"""The writer: nested containers in one pass, each size filled in when its container is complete."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pybackup.layout import index, names, note, ustar
from pybackup.layout.guard import SECTOR
from pybackup.layout.note import Note, Role
from pybackup.layout.table_builder import TableBuilder
from pybackup.layout.table_form import Container
from pybackup.model.content import Bare, PackedPiece, Ready, Restart
from pybackup.model.entry import Entry, Kind
from pybackup.model.member import Member, Stored

from .headers import member_header

if TYPE_CHECKING:
    from hashlib import _Hash

    from pybackup.host.storage import Output

# In a second copy four bytes are enough to tell a good decode from a bad one; the note has all 32.
_OWN_DIGEST_BYTES = 4
_TREE_DIGEST_BYTES = 32
_OPEN_MODE = 0o644


@dataclass(slots=True)
class _Open:
    """The container of a directory while it is being written."""

    number: int
    header_at: int
    start: int
    table: TableBuilder
    region: _Hash
    names: names.Names = field(default_factory=names.Names)


@dataclass(slots=True)
class _Frame:
    """A directory while it is being written; its container is opened by the first content below it.

    ``row`` is its row in the table of the directory above, ``rows`` what waits for its own table.
    """

    entry: Entry
    row: int
    tree_row: int | None
    rows: list[tuple[Stored, int | None]] = field(default_factory=list)
    container: _Open | None = None
    member_name: bytes = b""

    def add(self, stored: Stored, parent: int | None) -> int:
        """Add a row, and return its number: the same before and after the container is opened."""
        if self.container:
            return self.container.table.add(stored, parent)
        self.rows.append((stored, parent))
        return len(self.rows) - 1


@dataclass(slots=True)
class _File:
    """A file while its pieces are written, and what to go back to when it starts anew."""

    at: int
    region: _Hash
    names: list[bytes]
    members: list[Member] = field(default_factory=list)


class ArchiveWriter:
    """Writes the containers of one archive from the ready stream of a creation, in tree order.

    Parameters
    ----------
    output
        Where the bytes go; must be empty.
    archive_id
        8 bytes that name this archive in all its structures.
    readme
        The text for strangers, first member of the root container.
    mtime_ns
        The time given to the archive's own members.
    """

    def __init__(self, output: Output, *, archive_id: bytes, readme: bytes, mtime_ns: int) -> None:
        self._output = output
        self._id = archive_id
        self._readme = readme
        self._top = Entry(b"", Kind.DIRECTORY, 0o755, mtime_ns=mtime_ns)
        self._tree = TableBuilder(base=0, digest_bytes=_TREE_DIGEST_BYTES)
        self._containers = 1
        # Outside of the root's region: its header holds the locator, filled in at the very end.
        output.write(self._first_member(0, 0, 0))
        root = _Open(0, 0, 0, TableBuilder(base=0, digest_bytes=_OWN_DIGEST_BYTES), hashlib.sha256())
        self._frames = [_Frame(self._top, 0, None, container=root)]
        self._file: _File | None = None

    def write(self, items: Iterable[Ready]) -> Iterator[Ready]:
        """Write the items, and yield each when it is written."""
        for item in items:
            match item:
                case Bare(entry):
                    self._bare(entry)
                case PackedPiece():
                    self._piece(item)
                case Restart():
                    self._restart()
            yield item

    def close(
        self,
        *,
        structure: Iterable[bytes],
        links: Iterable[bytes],
        settings: bytes,
        reserve: Callable[[int, int], int] | None = None,
    ) -> None:
        """Write what follows the tree: structure, links, the indexes; then fill in the locator.

        Parameters
        ----------
        reserve
            Is told how many bytes there are before the parity stream and behind it, and returns how long it is:
            zeros of that length are left for it. None for no stream.
        """
        while len(self._frames) > 1:
            self._leave()
        root = self._frames[0].container
        assert root is not None
        self._own_member(root, names.STRUCTURE, structure)
        self._own_member(root, names.LINKS, links)
        self._own_index(self._frames[0], root)
        tree_at = self._output.tell() + ustar.BLOCK
        head = self._head(index.TREE, root, self._tree)
        blob = index.pack_index(
            head, self._tree.pack(place=b"", region=b"", settings=settings), bytes(self._tree.digests)
        )
        self._index_member(names.TREE_INDEX, blob, 0)
        if reserve:
            self._reserve(reserve)
        self._output.write(ustar.END)
        self._output.patch(0, self._first_member(tree_at, len(blob), self._output.tell()))

    # Directories

    def _go_to(self, directory: bytes) -> _Frame:
        """Leave directories until ``directory`` is at hand."""
        while self._frames[-1].entry.path != directory:
            self._leave()
        return self._frames[-1]

    def _bare(self, entry: Entry) -> None:
        frame = self._go_to(entry.parent)
        tree_row = self._tree.add(Stored(entry), frame.tree_row)
        row = frame.add(Stored(entry), None)
        if entry.kind is Kind.DIRECTORY:
            self._frames.append(_Frame(entry, row, tree_row))

    def _leave(self) -> None:
        frame = self._frames.pop()
        if frame.container:
            self._close(frame, frame.container)
            return
        # No content, no container: what lies in it goes into the index of the container above.
        above = self._frames[-1]
        rows: list[int] = []
        for stored, parent in frame.rows:
            rows.append(above.add(stored, frame.row if parent is None else rows[parent]))

    def _open(self) -> _Open:
        """The container of the directory at hand; it and those above it are opened where they are not."""
        at = len(self._frames) - 1
        while not self._frames[at].container:
            at -= 1
        found = self._frames[at].container
        assert found is not None
        for frame in self._frames[at + 1 :]:
            found = self._open_in(found, frame)
        return found

    def _open_in(self, above: _Open, frame: _Frame) -> _Open:
        entry = frame.entry
        frame.member_name = above.names.claim_directory(entry.name) + b"/" + names.CONTAINER
        number, self._containers = self._containers, self._containers + 1
        extended = self._container_header(frame, above.number, number, 0)[: -ustar.BLOCK]
        self._emit(above, extended)
        header_at = self._output.tell()
        # Not hashed into the region above before its size is known.
        self._output.write(bytes(ustar.BLOCK))
        start = header_at + ustar.BLOCK
        table = TableBuilder(base=start, digest_bytes=_OWN_DIGEST_BYTES)
        for stored, parent in frame.rows:
            table.add(stored, parent)
        frame.rows = []
        frame.container = _Open(number, header_at, start, table, hashlib.sha256())
        above.table.add_container(frame.row, Container(start, 0, number))
        assert frame.tree_row is not None
        self._tree.add_container(frame.tree_row, Container(start, 0, number))
        return frame.container

    def _close(self, frame: _Frame, container: _Open) -> None:
        self._own_index(frame, container)
        self._output.write(ustar.END)
        size = self._output.tell() - container.start
        above = self._frames[-1].container
        assert above is not None
        assert frame.tree_row is not None
        header = self._container_header(frame, above.number, container.number, size)[-ustar.BLOCK :]
        self._output.patch(container.header_at, header)
        above.region.update(header)
        above.table.close_container(frame.row, size)
        self._tree.close_container(frame.tree_row, size)

    def _container_header(self, frame: _Frame, above: int, number: int, size: int) -> bytes:
        entry = frame.entry
        flags = note.ATTRIBUTES * bool(entry.xattrs)
        role = Note(Role.CONTAINER, self._id, container=above, segment=entry.mode, raw_bytes=number, flags=flags)
        true = b"" if frame.member_name == entry.name + b"/" + names.CONTAINER else entry.name
        # Never executable, and readable by its owner: stock tar must be able to open it.
        mode = entry.mode & 0o666 | 0o400
        return member_header(entry, frame.member_name, size, role, mode=mode, true_name=true, xattrs=False)

    # Files

    def _piece(self, item: PackedPiece) -> None:
        piece, packed = item.piece, item.packed
        entry = piece.entry
        if piece.segment == 0:
            self._go_to(entry.parent)
            container = self._open()
            claimed = container.names.claim_file(entry.name, segments=piece.segments, sparse=piece.sparse)
            self._file = _File(self._output.tell(), container.region.copy(), claimed)
        file, container = self._file, self._open()
        assert file is not None
        name = file.names[piece.segment]
        flags = note.SPARSE * piece.sparse | note.CHANGED * bool(piece.whole and piece.whole.changed)
        role = Note(
            Role.CONTENT,
            self._id,
            container=container.number,
            method=packed.method,
            dictionary=packed.dictionary_bytes.bit_length() - 1 if packed.dictionary_bytes else 0,
            segment=piece.segment,
            segments=piece.segments,
            raw_bytes=packed.raw_bytes,
            file_bytes=entry.size,
            stream_bytes=packed.stream_bytes,
            digest=packed.digest,
            data_crc=zlib.crc32(packed.data),
            flags=flags,
        )
        true = b"" if name.startswith(entry.name + b".") else entry.name
        self._emit(container, member_header(entry, name, len(packed.data), role, mode=entry.mode, true_name=true))
        file.members.append(self._member(item))
        self._emit(container, packed.data + ustar.padding(len(packed.data)))
        if piece.whole:
            digest = piece.whole.digest or packed.digest
            stored = Stored(entry, tuple(file.members), digest, piece.sparse, piece.whole.changed)
            frame = self._frames[-1]
            self._tree.add(stored, frame.tree_row)
            frame.add(stored, None)
            self._file = None

    def _member(self, item: PackedPiece) -> Member:
        packed = item.packed
        return Member(
            self._output.tell(),
            len(packed.data),
            packed.stream_bytes,
            packed.raw_bytes,
            packed.method,
            packed.dictionary_bytes,
            packed.digest,
        )

    def _restart(self) -> None:
        """Go back to before the first piece of the file at hand."""
        file, container = self._file, self._frames[-1].container
        if file and container:
            self._output.truncate(file.at)
            container.region = file.region
            container.names.release(file.names)
            self._file = None

    # The archive's own members

    def _emit(self, container: _Open, data: bytes) -> None:
        self._output.write(data)
        container.region.update(data)

    def _own_member(self, container: _Open, name: bytes, parts: Iterable[bytes]) -> None:
        """A member of unknown length, its size filled in afterwards; none at all for no parts."""
        header_at = self._output.tell()
        size, crc, digest = 0, 0, hashlib.sha256()
        for part in parts:
            if not size:
                self._output.write(bytes(ustar.BLOCK))
            size, crc = size + len(part), zlib.crc32(part, crc)
            digest.update(part)
            self._output.write(part)
        if not size:
            return
        role = Note(Role.OTHER, self._id, raw_bytes=size, digest=digest.digest(), data_crc=crc)
        header = member_header(self._top, name, size, role, mode=_OPEN_MODE)
        self._output.write(ustar.padding(size))
        self._output.patch(header_at, header)
        # The header holds the content's digest, so the region need not read it again.
        container.region.update(header)

    def _own_index(self, frame: _Frame, container: _Open) -> None:
        head = self._head(index.CONTAINER, container, container.table)
        plain = container.table.pack(place=frame.entry.path, region=container.region.digest(), settings=b"")
        blob = index.pack_index(head, plain, bytes(container.table.digests))
        self._index_member(names.OWN_INDEX, blob, container.number)

    def _head(self, scope: int, container: _Open, table: TableBuilder) -> index.Head:
        tree = scope == index.TREE
        return index.Head(
            scope,
            _TREE_DIGEST_BYTES if tree else _OWN_DIGEST_BYTES,
            self._id,
            container.number,
            len(table),
            len(table.digests) // (_TREE_DIGEST_BYTES if tree else _OWN_DIGEST_BYTES),
            0 if tree else container.start,
        )

    def _index_member(self, name: bytes, blob: bytes, number: int) -> None:
        role = Note(Role.INDEX, self._id, container=number, raw_bytes=len(blob), data_crc=zlib.crc32(blob))
        header = member_header(self._top, name, len(blob), role, mode=_OPEN_MODE)
        self._output.write(header + blob + ustar.padding(len(blob)))

    def _reserve(self, reserve: Callable[[int, int], int]) -> None:
        """A member for the parity stream, which starts with a sector: zeros before it fill up the last one."""
        content = self._output.tell() + ustar.BLOCK
        start = content + -content % SECTOR
        stream_bytes = reserve(start, len(ustar.END))
        role = Note(Role.PARITY, self._id, raw_bytes=start - content + stream_bytes, stream_bytes=stream_bytes)
        self._output.write(member_header(self._top, names.PARITY, role.raw_bytes, role, mode=_OPEN_MODE))
        self._output.truncate(start + stream_bytes)

    def _first_member(self, tree_at: int, tree_bytes: int, total: int) -> bytes:
        role = Note(
            Role.LOCATOR,
            self._id,
            segments=len(self._tree),
            raw_bytes=tree_at,
            stream_bytes=tree_bytes,
            file_bytes=total,
            data_crc=zlib.crc32(self._readme),
        )
        header = member_header(self._top, names.README, len(self._readme), role, mode=_OPEN_MODE)
        return header + self._readme + ustar.padding(len(self._readme))
