"""The writer: nested containers in one pass, each size filled in when its container is complete."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from pybackup.layout import index, names, ustar
from pybackup.layout.note import Role
from pybackup.layout.table_builder import row_bytes
from pybackup.model.content import Bare, PackedPiece, Ready, Restart
from pybackup.model.entry import Entry, Kind

from .cost import item_bytes
from .frames import Carry, File
from .open_containers import OpenContainers
from .own import OwnWriter, append_parity_and_end
from .packed_indexes import own_index, tree_index
from .rows import content_header, file_row, member_row

if TYPE_CHECKING:
    from pybackup.host.output import Output


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
    carry
        What the volume before this one handed on.
    fast
        Pack indexes and what bundles tell of their files faster, and less.
    """

    def __init__(
        self,
        output: Output,
        *,
        archive_id: bytes,
        readme: bytes,
        mtime_ns: int,
        carry: Carry | None = None,
        fast: bool = False,
    ) -> None:
        self._output = output
        self._id = archive_id
        self._fast = fast
        self._top = Entry(b"", Kind.DIRECTORY, 0o755, mtime_ns=mtime_ns)
        self._own = OwnWriter(output, archive_id, self._top, readme)
        # Outside of the root's region: its header holds the locator, filled in at the very end.
        output.write(self._own.first(0, 0, 0, 0))
        self._file: File | None = None
        self._carry = carry or Carry()
        self._containers = OpenContainers(output, archive_id, self._top, self._own, self._carry, fast=fast)

    def write(self, items: Iterable[Ready]) -> Iterator[Ready]:
        """Write the items, and yield each when it is written."""
        for item in items:
            self.put(item)
            yield item

    def put(self, item: Ready) -> None:
        """Write one item."""
        match item:
            case Bare(entry):
                self._containers.add(entry)
            case PackedPiece() if item.packed.bundled:
                self._containers.add_to_bundle(item)
            case PackedPiece():
                self._piece(item)
            case Restart(entry):
                self._restart(entry)

    def enter(self, directories: Sequence[Entry]) -> None:
        """Go on in a directory, given all on the way from the top; what comes must come behind what is written."""
        self._containers.enter(directories)

    def names_in_use(self) -> dict[bytes, tuple[bytes, names.Names]]:
        """Return by path what `Carry.containers` holds, of the directories that are open."""
        return self._containers.names_in_use()

    def cost(self, item: Ready, directories: Sequence[Entry] = ()) -> int:
        """Return how many bytes the item adds at most, indexes included, if these directories are entered for it."""
        if isinstance(item, Restart):
            return 0
        here = {frame.entry.path for frame in self._containers.frames}
        opened = [frame.entry for frame in self._containers.frames if not frame.container]
        opened += [above for above in directories if above.path not in here]
        return item_bytes(item, opened)

    def put_again(self, item: PackedPiece, name: bytes, directories: Sequence[tuple[Entry, bytes]]) -> None:
        """Write a file that an earlier volume has whole, its member named as it is there.

        Parameters
        ----------
        directories
            Those above it, from the top, each with the name that its container has there. As for `enter`, what comes
            must come behind what is written.
        """
        self._containers.enter([entry for entry, _ in directories])
        for frame, (_, member_name) in zip(self._containers.frames[1:], directories, strict=True):
            if not frame.container:
                frame.member_name = member_name
        if item.packed.bundled:
            self._containers.add_to_bundle(item)
        else:
            self._piece(item, [name])

    def suspend(self) -> Carry:
        """Break off, be it within a file; return what the next volume needs to go on. What follows is `close`."""
        file, self._file = self._file, None
        if file:
            self._add_part(file)
        return Carry({**self._carry.containers, **self._containers.names_in_use()}, file.names if file else None)

    @property
    def slack_bytes(self) -> int:
        """How much less than `room_to_close` says it might be."""
        return self._containers.tree.slack_bytes + sum(
            frame.container.table.slack_bytes for frame in self._containers.frames if frame.container
        )

    def room_to_close(self, settings: bytes, *, exactly: bool = False) -> int:
        """Return how many bytes `close` would add at most now, without structure, links, members of ``own`` and parity.

        Parameters
        ----------
        exactly
            Pack the indexes to see how long they are. Takes time in proportion to them.
        """
        open_ones = [(frame, frame.container) for frame in self._containers.frames if frame.container]
        if exactly:
            for frame, container in open_ones:
                container.table.measure(_body_bytes(own_index(self._id, frame, container, fast=self._fast)))
            packed = tree_index(self._id, self._containers.tree, settings, fast=self._fast)
            self._containers.tree.measure(_body_bytes(packed))
        # Rows of directories without a container go into that of a directory above them.
        waiting = sum(row_bytes(stored) for frame in self._containers.frames for stored, _ in frame.rows)
        part = row_bytes(file_row(self._file)) if self._file else 0
        bodies = [self._containers.tree.bound_bytes + len(settings)]
        bodies += [container.table.bound_bytes + waiting for _, container in open_ones]
        members = sum(2 * ustar.BLOCK + index.total_bytes(body + part) for body in bodies)
        bundles = sum(container.waiting_bytes for _, container in open_ones)
        return members + bundles + len(ustar.END)

    def close(
        self,
        *,
        structure: Iterable[bytes],
        links: Iterable[bytes],
        settings: bytes,
        own: Iterable[tuple[bytes, Role, Iterable[bytes]]] = (),
        reserve: Callable[[int, int], int] | None = None,
    ) -> bytes:
        """Write what follows the tree: structure, links, the indexes; then fill in the locator. Return the tree index.

        Parameters
        ----------
        own
            More members of the archive's own: name, role and content of each.
        reserve
            Is told how many bytes there are before the parity stream and behind it, and returns how long it is:
            zeros of that length are left for it. None for no stream.
        """
        while len(self._containers.frames) > 1:
            self._containers.leave()
        root = self._containers.frames[0].container
        assert root is not None
        self._containers.write_bundles(root)
        for name, role, parts in ((names.STRUCTURE, Role.OTHER, structure), (names.LINKS, Role.OTHER, links), *own):
            # The header holds the content's digest, so the region need not read it again.
            root.region.update(self._own.hashed(name, role, parts))
        self._containers.write_index(self._containers.frames[0], root)
        tree_at = self._output.tell() + ustar.BLOCK
        blob = tree_index(self._id, self._containers.tree, settings, fast=self._fast)
        self._own.index(names.TREE_INDEX, blob, 0)
        body = self._output.tell()
        append_parity_and_end(self._output, self._id, self._top, reserve)
        self._output.patch(0, self._own.first(len(self._containers.tree), tree_at, len(blob), body))
        return blob

    # Files

    def _piece(self, item: PackedPiece, claimed: list[bytes] | None = None) -> None:
        piece, packed = item.piece, item.packed
        entry = piece.entry
        if piece.is_first or self._file is None:
            self._containers.go_to(entry.parent)
            container = self._containers.open()
            # Of a file that goes on from the volume before, the names of its members are known.
            claimed = claimed if piece.is_first else self._carry.file
            if claimed is None:
                claimed = container.names.claim_file(
                    entry.name, segments=piece.segments, sparse=piece.sparse, has_base=bool(piece.base_digest)
                )
            self._file = File(self._output.tell(), container.region.copy(), claimed, piece)
        file, container = self._file, self._containers.open()
        file.piece = piece._replace(data=b"")
        name = file.names[piece.segment]
        if piece.base_digest:
            name = names.name_on_base(name, is_delta=bool(piece.gives))
        self._containers.emit(container, content_header(item, self._id, container.number, name))
        file.members.append(member_row(item.packed, self._output.tell(), is_delta=bool(piece.gives)))
        file.numbers.append(piece.segment)
        self._containers.emit(container, packed.data + ustar.padding(len(packed.data)))
        if piece.whole:
            self._add_part(file)
            self._file = None

    def _add_part(self, file: File) -> None:
        stored, frame = file_row(file), self._containers.frames[-1]
        self._containers.tree.add(stored, frame.tree_row)
        frame.add(stored, None)

    def _restart(self, entry: Entry) -> None:
        """Go back to before the first piece of the file at hand; what of it is in the volume before stays there."""
        file, container = self._file, self._containers.frames[-1].container
        if file and container:
            self._output.truncate(file.at)
            container.region = file.region
            container.names.release(file.names)
            self._file = None
        elif self._carry.file and entry.parent in self._carry.containers:
            self._carry.containers[entry.parent][1].release(self._carry.file)


def _body_bytes(packed: bytes) -> int:
    return index.Head.unpack(packed[: index.HEAD.size]).body_bytes
