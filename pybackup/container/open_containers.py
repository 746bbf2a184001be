"""The directories that are open while an archive is written, and their containers: each in that of the one above."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pybackup.layout import names, ustar
from pybackup.layout.table_builder import TableBuilder
from pybackup.model.content import PackedPiece
from pybackup.model.entry import Entry, Kind
from pybackup.model.member import Container, Stored

from .bundles import Bundle, bundle_name
from .frames import Carry, Frame, Open
from .own import OwnWriter
from .packed_indexes import OWN_DIGEST_BYTES, TREE_DIGEST_BYTES, own_index
from .rows import bundle_header, bundled_row, container_header

if TYPE_CHECKING:
    from pybackup.host.output import Output


class OpenContainers:
    """The directory at hand and all above it. A container is opened by the first content below its directory.

    Parameters
    ----------
    top
        The directory of the root container, which is open from the start.
    own
        Writes the indexes.
    carry
        What the volume before this one handed on.
    fast
        Pack what is told of files faster, and less.

    Attributes
    ----------
    frames
        The open directories, from the top.
    tree
        The rows of the index of the whole tree.
    """

    def __init__(
        self, output: Output, archive_id: bytes, top: Entry, own: OwnWriter, carry: Carry, *, fast: bool = False
    ) -> None:
        self._output, self._id, self._own, self._carry, self._fast = output, archive_id, own, carry, fast
        self.tree = TableBuilder(base=0, digest_bytes=TREE_DIGEST_BYTES)
        self._containers = 1
        root = Open(0, 0, 0, TableBuilder(base=0, digest_bytes=OWN_DIGEST_BYTES), hashlib.sha256())
        self.frames = [Frame(top, 0, None, container=root)]
        if b"" in carry.containers:
            root.names = carry.containers[b""][1]

    def enter(self, directories: Sequence[Entry]) -> None:
        """Go on in a directory, given all on the way from the top; what comes must come behind what is written."""
        paths = [entry.path for entry in directories]
        while [frame.entry.path for frame in self.frames[1:]] != paths[: len(self.frames) - 1]:
            self.leave()
        for entry in directories[len(self.frames) - 1 :]:
            self.add(entry)

    def names_in_use(self) -> dict[bytes, tuple[bytes, names.Names]]:
        """Return by path what `Carry.containers` holds, of the directories that are open."""
        return {
            frame.entry.path: (frame.member_name, frame.container.names) for frame in self.frames if frame.container
        }

    def go_to(self, directory: bytes) -> Frame:
        """Leave directories until ``directory`` is at hand."""
        while self.frames[-1].entry.path != directory:
            self.leave()
        return self.frames[-1]

    def add(self, entry: Entry) -> None:
        frame = self.go_to(entry.parent)
        tree_row = self.tree.add(Stored(entry), frame.tree_row)
        row = frame.add(Stored(entry), None)
        if entry.kind is Kind.DIRECTORY:
            self.frames.append(Frame(entry, row, tree_row))

    def leave(self) -> None:
        frame = self.frames.pop()
        if frame.container:
            self._close(frame, frame.container)
            return
        # No content, no container: what lies in it goes into the index of the container above.
        above = self.frames[-1]
        rows: list[int] = []
        for stored, parent in frame.rows:
            rows.append(above.add(stored, frame.row if parent is None else rows[parent]))

    def open(self) -> Open:
        """The container of the directory at hand; it and those above it are opened where they are not."""
        at = len(self.frames) - 1
        while not self.frames[at].container:
            at -= 1
        found = self.frames[at].container
        assert found is not None
        for frame in self.frames[at + 1 :]:
            found = self._open_in(found, frame)
        return found

    def _open_in(self, above: Open, frame: Frame) -> Open:
        entry = frame.entry
        carried = self._carry.containers.get(entry.path)
        if not frame.member_name and carried:
            frame.member_name = carried[0]
        elif not frame.member_name:
            frame.member_name = above.names.claim_directory(entry.name) + b"/" + names.CONTAINER
        number, self._containers = self._containers, self._containers + 1
        extended = container_header(frame, self._id, above.number, number, 0)[: -ustar.BLOCK]
        self.emit(above, extended)
        header_at = self._output.tell()
        # Not hashed into the region above before its size is known.
        self._output.write(bytes(ustar.BLOCK))
        start = header_at + ustar.BLOCK
        table = TableBuilder(base=start, digest_bytes=OWN_DIGEST_BYTES, place_bytes=len(entry.path))
        for stored, parent in frame.rows:
            table.add(stored, parent)
        frame.rows = []
        taken = carried[1] if carried else names.Names()
        frame.container = Open(number, header_at, start, table, hashlib.sha256(), taken)
        above.table.add_container(frame.row, Container(start, 0, number))
        assert frame.tree_row is not None
        self.tree.add_container(frame.tree_row, Container(start, 0, number))
        return frame.container

    def _close(self, frame: Frame, container: Open) -> None:
        self.write_bundles(container)
        self.write_index(frame, container)
        size = self._output.tell() - container.start
        above = self.frames[-1].container
        assert above is not None
        assert frame.tree_row is not None
        header = container_header(frame, self._id, above.number, container.number, size)[-ustar.BLOCK :]
        self._output.patch(container.header_at, header)
        above.region.update(header)
        above.table.close_container(frame.row, size)
        self.tree.close_container(frame.tree_row, size)

    def add_to_bundle(self, item: PackedPiece) -> None:
        """Put a file into the bundle of its directory and owner; where that will be, its rows are told later."""
        entry, stored = item.piece.entry, bundled_row(item)
        frame = self.go_to(entry.parent)
        container = self.open()
        rows = self.tree.members, container.table.members
        self.tree.add(stored, frame.tree_row)
        frame.add(stored, None)
        bundle = container.bundles.get(entry.owner)
        if bundle is None:
            bundle = container.bundles[entry.owner] = Bundle(entry.owner)
        bundle.add(item, rows)
        if bundle.is_full:
            self._write_bundle(container, container.bundles.pop(entry.owner))

    def write_bundles(self, container: Open) -> None:
        for bundle in container.bundles.values():
            self._write_bundle(container, bundle)
        container.bundles.clear()

    def _write_bundle(self, container: Open, bundle: Bundle) -> None:
        container.bundles_written += 1
        name = bundle_name(self._id, container.bundles_written)
        data, starts = bundle.pack(self._id, container.number, fast=self._fast)
        self.emit(container, bundle_header(bundle, self._id, container.number, name, data))
        begun = self._output.tell()
        for file, start in zip(bundle.files, starts, strict=True):
            tree_member, own_member = file.rows
            self.tree.place(tree_member, begun + start)
            container.table.place(own_member, begun + start)
        self.emit(container, data + ustar.padding(len(data)))

    def emit(self, container: Open, data: bytes) -> None:
        self._output.write(data)
        container.region.update(data)

    def write_index(self, frame: Frame, container: Open) -> None:
        self._own.index(names.OWN_INDEX, own_index(self._id, frame, container, fast=self._fast), container.number)
