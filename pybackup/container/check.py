"""Checking the bytes of an archive against the hashes it holds, in one pass from start to end.

Every byte is covered: headers, packed members and padding by the hash of their container's region, an
index by its own digest, CRC and parity, the first member by its CRCs, all else must be zero.
"""

from __future__ import annotations

import hashlib
import zlib
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pybackup.codes import rs255
from pybackup.errors import Damaged, FormatError
from pybackup.host.storage import ArchiveFile
from pybackup.layout import index, names, note, ustar
from pybackup.layout.note import Note, Role
from pybackup.model.listing import Listing
from pybackup.model.member import Container
from pybackup.sector import SECTOR

from .read import find_foot, read_exactly, read_locator, second_archive
from .regions import CheckedContainer, Extent, HashedMember, covered
from .tables import load_table, region_at_end

_STEP = 4 << 20
_EVERYWHERE = 1 << 62
# A foot, and the padding behind it.
_FOOT_BYTES = index.HEAD.size + ustar.BLOCK


@dataclass(frozen=True, slots=True)
class Checked:
    """What the pass found.

    Attributes
    ----------
    damage
        In words, one for each damaged structure.
    suspects
        Extents (start, end), ascending, in which something differs: members there need a closer look.
    """

    damage: Sequence[str]
    suspects: Sequence[tuple[int, int]]

    def is_suspect(self, offset: int) -> bool:
        """Whether the byte at ``offset`` lies in a suspect extent."""
        at = bisect_right(self.suspects, (offset, 1 << 63)) - 1
        return at >= 0 and offset < self.suspects[at][1]


def check_bytes(file: ArchiveFile, listing: Listing, *, progress: Callable[[int], None], own: bool = False) -> Checked:
    """Read the whole archive once and compare it with its hashes.

    Parameters
    ----------
    progress
        Called with the number of bytes read since the last call.
    own
        This process has just written it: its bytes may be wrong, not the rules that the columns of an index must keep.
    """
    return _Check(file, listing, progress, own).run()


class _Check:
    def __init__(self, file: ArchiveFile, listing: Listing, progress: Callable[[int], None], own: bool) -> None:
        self._own = own
        self._file = file
        self._progress = progress
        self._damage: list[str] = []
        self._parts = [CheckedContainer(container) for _, container in listing.containers]
        self._parts.sort(key=lambda part: part.container.offset)
        self._root_start = 0
        self._stream_bytes = 0

    def run(self) -> Checked:
        root = self._root()
        if root:
            self._parts.insert(0, root)
        for part in self._parts:
            self._own_index(part)
        extents: list[Extent] = []
        for each in covered(self._file, self._parts, self._root_start):
            if isinstance(each, HashedMember):
                self._check_other(each)
            else:
                extents.append(each)
        for start, stop, part in extents:
            self._hash(start, stop, part)
        # Told last, as it lies last: the parity stream is not read here.
        self._progress(self._stream_bytes)
        bad = [part for part in self._parts if not part.is_whole]
        for part in bad:
            if part.region:
                self._damage.append(f"container {part.container.number}: bytes differ from its hash")
        # With no trustworthy root nothing vouches for what lies outside of known containers.
        suspects = [(start, stop) for start, stop, part in extents if not part.is_whole]
        if not root:
            # Nor for what notes tell of behind the end, where the rest was cut off.
            suspects = [(0, _EVERYWHERE)] if self._file.size else []
        return Checked(tuple(self._damage), tuple(sorted(suspects)))

    # The root container: first member, tree index, end

    def _root(self) -> CheckedContainer | None:
        try:
            locator = read_locator(self._file)
            if locator is None:
                raise Damaged("the first header is damaged")
            start = self._first_member()
            tree_header = locator.raw_bytes - ustar.BLOCK
            data, is_whole = self._index_member(tree_header, locator.stream_bytes)
            if not is_whole:
                # Raises what nobody could read it by.
                index.unpack_index(data)
            tree_end = locator.raw_bytes + ustar.padded(locator.stream_bytes)
            self._zeros(locator.raw_bytes + locator.stream_bytes, tree_end)
            end = self._parity_member(tree_end)
            self._zeros(end, end + len(ustar.END))
            if tree_end != locator.file_bytes:
                self._damage.append("the first header says another length of the body")
            if self._file.size != (written := end + len(ustar.END)):
                self._damage.append(f"{self._file.size} bytes long, and {written} were written")
                if behind := second_archive(self._file, written):
                    self._damage.append(behind)
        except (FormatError, OSError) as error:
            self._damage.append(str(error))
            return None
        self._root_start = start
        return CheckedContainer(Container(0, tree_header, 0))

    def _first_member(self) -> int:
        block = read_exactly(self._file, 0, ustar.BLOCK)
        _check_header(block)
        header, said = ustar.Header.unpack(block), Note.unpack(block)
        text = read_exactly(self._file, ustar.BLOCK, ustar.padded(header.size))
        if header.path != names.README or zlib.crc32(text[: header.size]) != said.data_crc:
            self._damage.append("the readme differs from its CRC")
        elif any(text[header.size :]):
            self._damage.append("bytes that should be zero are not, at 512")
        return ustar.BLOCK + len(text)

    def _parity_member(self, header_at: int) -> int:
        """Check the member of the parity stream, but not the stream; return where it ends, or would start."""
        block = read_exactly(self._file, header_at, ustar.BLOCK)
        if not any(block):
            return header_at
        _check_header(block)
        said = Note.unpack(block)
        start = header_at + ustar.BLOCK + said.raw_bytes - said.stream_bytes
        if said.role is not Role.PARITY or ustar.Header.unpack(block).size != said.raw_bytes or start % SECTOR:
            raise Damaged("the member of the parity stream is another")
        self._zeros(header_at + ustar.BLOCK, start)
        self._stream_bytes = said.stream_bytes
        return start + said.stream_bytes

    # Indexes

    def _index_member(self, header_at: int, size: int) -> tuple[bytes, bool]:
        """Check the bytes of an index; return them, and whether they are as they were written."""
        block = read_exactly(self._file, header_at, ustar.BLOCK)
        data = read_exactly(self._file, header_at + ustar.BLOCK, size)
        try:
            _check_header(block)
            said = Note.unpack(block)
            if said.role is not Role.INDEX or ustar.Header.unpack(block).size != size:
                raise Damaged("a header that is not an index's")
            if zlib.crc32(data) != said.data_crc:
                raise Damaged("bytes differ from its CRC")
            head = index.Head.unpack(data[: index.HEAD.size])
            if head.total_bytes != size:
                raise Damaged("its head says another length")
            body = data[index.HEAD.size : index.HEAD.size + head.body_bytes]
            if data[-index.HEAD.size :] != head.pack(index.FOOT_MAGIC) or data[: index.HEAD.size] != head.pack(
                index.HEAD_MAGIC
            ):
                raise Damaged("head and foot differ")
            if not rs255.is_intact(body, data[index.HEAD.size + head.body_bytes : -index.HEAD.size]):
                raise Damaged("its parity differs")
        except FormatError as error:
            self._damage.append(f"the index at {header_at}: {error}")
            return data, False
        return data, True

    def _own_index(self, part: CheckedContainer) -> None:
        """Read the own index of a container, which tells the hash of its region."""
        container = part.container
        end = container.offset + container.n_bytes
        content_end = end
        try:
            # Of ten thousands of small containers each would have 64 KiB read.
            found = find_foot(self._file, end, index.CONTAINER, within_bytes=_FOOT_BYTES)
            if found is None and container.number:
                # Of the first version.
                content_end = end - len(ustar.END)
                found = find_foot(self._file, content_end, index.CONTAINER, within_bytes=_FOOT_BYTES)
            if found is None or found[0] - ustar.BLOCK < container.offset:
                raise Damaged("its index is damaged")
            at, size = found
            if at + ustar.padded(size) != content_end:
                raise Damaged("its index is not where it should be")
            blob = index.unpack_index(self._index_member(at - ustar.BLOCK, size)[0])
            self._zeros(at + size, end)
            if blob.head.container != container.number or blob.head.base != container.offset:
                raise Damaged("its index belongs to another container")
            # Reading all columns takes most of the time where containers are small and many.
            part.region = (region_at_end(blob.plain) if self._own else None) or load_table(blob).region
            part.region_end = at - ustar.BLOCK
        except (FormatError, OSError) as error:
            self._damage.append(f"container {container.number}: {error}")
            part.readable = False
            part.region_end = end

    def _zeros(self, start: int, end: int) -> None:
        data = read_exactly(self._file, start, end - start) if end > start else b""
        if any(data):
            self._damage.append(f"bytes that should be zero are not, at {start}")

    # Regions

    def _check_other(self, member: HashedMember) -> None:
        """Check the content of a member for stock tools against its digest."""
        found, end = hashlib.sha256(), member.start + member.n_bytes
        try:
            for offset in range(member.start, end, _STEP):
                count = min(_STEP, end - offset)
                found.update(read_exactly(self._file, offset, count))
                self._progress(count)
            if found.digest() != member.digest:
                raise Damaged("bytes differ from its hash")
            self._zeros(end, member.start + ustar.padded(member.n_bytes))
        except (FormatError, OSError) as error:
            self._damage.append(f"{member.path.decode(errors='replace')}: {error}")

    def _hash(self, start: int, stop: int, part: CheckedContainer) -> None:
        for offset in range(start, stop, _STEP):
            count = min(_STEP, stop - offset)
            try:
                part.digest.update(read_exactly(self._file, offset, count))
            except (OSError, FormatError) as error:
                part.readable = False
                self._damage.append(f"bytes {offset} to {offset + count}: {error}")
            self._progress(count)


def _check_header(block: bytes) -> None:
    if note.seal(block) != block:
        raise Damaged("a header whose checksums differ")
