"""The writer: puts items in tree order into one archive or the volumes of a set, and seals each volume when full."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Self

from pybackup.compress.methods import MIB
from pybackup.container.frames import Carry
from pybackup.container.own import earlier_member, set_member
from pybackup.errors import UsageError
from pybackup.layout import names
from pybackup.model.content import Bare, PackedPiece, Ready, Restart
from pybackup.model.entry import Entry, Kind, directories_above
from pybackup.model.source import Planned
from pybackup.monitor import Aside, Monitor

from .seal import OwnStream, Unsealed, seal
from .second_copies import SecondCopies, SecondCopy
from .signing import Signing
from .volumes import OpenVolume, Volumes, check_length

# The packed length of indexes is estimated by a bound while a volume fills. When an item does not fit by that bound,
# and the bound exceeds the true length by more than this fraction of the volume, the indexes are packed to measure it.
_LOOSE_PARTS = 1000
# Limits to filling a volume with later files: the compressed bytes of files that wait in memory for the next volume,
# and the fraction of a volume below which the room left is given up.
_HELD_BYTES = 64 * MIB
_FULL_PARTS = 400


@dataclass(slots=True)
class Count:
    """What has been written so far; reported to the monitor.

    Attributes
    ----------
    bare
        The entries without content.
    files
        The number of complete files.
    content_bytes
        The length of their content.
    unfinished_bytes
        The bytes written of a file that is not complete yet.
    """

    bare: list[Entry] = field(default_factory=list)
    files: int = 0
    content_bytes: int = 0
    unfinished_bytes: int = 0

    @property
    def entries(self) -> int:
        """The number of all complete entries."""
        return self.files + len(self.bare)

    def add(self, item: Ready, monitor: Monitor) -> None:
        """Count one more item, and report it to the monitor."""
        if isinstance(item, Bare):
            monitor.working_on(item.entry.path)
            self.bare.append(item.entry)
        elif isinstance(item, PackedPiece):
            done = item.piece.whole is not None
            if item.piece.is_first:
                monitor.working_on(item.piece.entry.path)
                self.unfinished_bytes = 0  # the file changed while it was read, and is read again from its start
            self.unfinished_bytes += item.packed.raw_bytes
            step = item.packed.raw_bytes
            if done:
                size = item.piece.entry.size
                self.files += 1
                self.content_bytes += size
                # Holes count as written, as the plan counted them.
                step += size - self.unfinished_bytes
            monitor.advance(done, step)


class Writer:
    """Writes items in tree order, and begins a new volume whenever an item does not fit.

    As a context manager it discards a volume that was not sealed.

    Parameters
    ----------
    to
        Where to write.
    entries
        All planned entries: a file may be continued in a volume before the directories above it are written there.
    carry
        The member names that the finished volumes hand on.
    signing
        Has the signatures of files; each goes into the volume that its file ends in.
    monitor
        Is told the progress.
    """

    def __init__(
        self, to: Volumes, entries: Sequence[Planned], carry: Carry, signing: Signing, monitor: Monitor
    ) -> None:
        self._to = to
        self._carry = carry
        self._signing = signing
        self._monitor = monitor
        self._directories = {
            planned.entry.path: planned.entry for planned in entries if planned.entry.kind is Kind.DIRECTORY
        }
        self._held: list[PackedPiece] = []
        self._names_of_held: dict[bytes, tuple[bytes, names.Names]] = {}
        self.count = Count()
        self._volume: OpenVolume | None = None
        self._unsealed: Unsealed | None = None

    def __enter__(self) -> Self:
        self._begin()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._volume:
            self._volume.output.discard()

    def put(self, item: Ready) -> None:
        """Write an item, into a new volume if this one has no room for it.

        Raises
        ------
        UsageError
            A whole volume is too small for the item.
        """
        volume = self._volume or self._begin()
        if volume.is_limited and not self._goes_into(volume, item):
            return
        volume.writer.put(item)
        self._signing.written(item)
        volume.items += 1
        volume.files += isinstance(item, PackedPiece) and item.piece.whole is not None
        self.count.add(item, self._monitor)
        if self._held:
            # The directory of a waiting file may be among those whose containers are opened meanwhile.
            self._names_of_held.update(volume.writer.names_in_use())

    def _goes_into(self, volume: OpenVolume, item: Ready) -> bool:
        """Return whether an item fits this volume, and open its directories there; else hold it back or write it on.

        If it does not fit, it waits for the next volume, or this volume is ended and the item is put into the next.
        """
        directories = self._above(item)
        if not isinstance(item, Restart):
            self._put_copies(volume, item, directories)
        if self._fits(volume, item, directories):
            volume.writer.enter(directories)
            return True
        if not volume.items and self._signing.drop(item):
            return self._goes_into(volume, item)  # there is room for the file, but not for its signature as well
        if not self._hold(volume, item):
            if not volume.items:
                number = volume.info.number if volume.info else 1
                raise UsageError(
                    f"volume {number}: {volume.size_bytes} bytes are too few for the structure and one segment of a "
                    "file; use larger volumes",
                    option="segment_size",
                    hint="makes segments smaller",
                )
            self._go_on()
            self.put(item)
        return False

    def _put_copies(self, volume: OpenVolume, item: Bare | PackedPiece, directories: Sequence[Entry]) -> None:
        """Write the second copies that come before an item in tree order.

        They are chosen when the first item of a volume is known, as that item must still fit.
        """
        before, share = self._to.before, self._to.second_copies
        if not share or before is None:
            return
        if volume.copies is None:
            left = self._left(volume) - volume.writer.cost(item, directories)
            volume.copies = SecondCopies(*before, min(int(volume.size_bytes * share), left))
        for copy in volume.copies.before(_path_of(item)):
            self._put_again(volume, copy)

    def _put_again(self, volume: OpenVolume, copy: SecondCopy) -> None:
        above = [(self._directories.get(entry.path, entry), name) for entry, name in copy.directories]
        # Files held back from the previous volume may have taken the room.
        if self._fits(volume, copy.item, [entry for entry, _ in above]):
            volume.writer.put_again(copy.item, copy.name, above)
            volume.again.add(copy.path)

    def close(self) -> bytes:
        """Write the end of the last volume, all but its parity, and return the path of its temporary file."""
        while self._held:
            self._go_on()
        volume = self._volume or self._begin()
        for copy in volume.copies.before(None) if volume.copies else ():
            self._put_again(volume, copy)
        self._close(volume, last=True)
        volume.output.flush()
        return volume.output.temporary

    def seal(self, *beside: Unsealed, monitor: Monitor) -> None:
        """Seal the closed volume together with files to be published just before it (``beside``).

        Raises as `pybackup.make.seal.seal`.
        """
        volume, unsealed = self._volume, self._unsealed
        assert volume is not None
        assert unsealed is not None
        seal(*beside, unsealed, monitor=monitor)
        self._to.sealed(volume)
        self._signing.sealed()
        self._volume = self._unsealed = None

    def _go_on(self) -> None:
        """End and seal the volume, and put the files that were held back into the next one."""
        assert self._volume is not None
        self._close(self._volume, last=False)
        self.seal(monitor=Aside(self._monitor))
        held, self._held = self._held, []
        for item in held:
            self.put(item)

    def _above(self, item: Ready) -> list[Entry]:
        """Return the entries of the directories that contain an item, from the top."""
        paths = directories_above(_path_of(item))
        return [self._directories[path] for path in paths if path in self._directories]

    def _hold(self, volume: OpenVolume, item: Ready) -> bool:
        """Hold a file back for the next volume, as later ones may fit into this one; return whether it is held back."""
        if not (self._to.tight and isinstance(item, PackedPiece) and item.piece.segments == 1 and volume.items):
            return False
        held = sum(len(each.packed.data) for each in self._held)
        if self._left(volume) * _FULL_PARTS < volume.limit_bytes or held + len(item.packed.data) > _HELD_BYTES:
            return False
        self._held.append(item)
        self._names_of_held.update(volume.writer.names_in_use())
        return True

    def _left(self, volume: OpenVolume) -> int:
        """Return how many bytes may still be written before the volume has to end."""
        used = self._used(volume) + volume.writer.room_to_close(volume.settings)
        return volume.limit_bytes - used

    def _used(self, volume: OpenVolume) -> int:
        """Return the bytes that are written, and those that will be at the end besides indexes."""
        return volume.output.tell() + self._to.fixed_bytes() + self._signing.waiting_bytes

    def _fits(self, volume: OpenVolume, item: Ready, directories: Sequence[Entry]) -> bool:
        written = self._used(volume) + self._signing.bytes_for(item) + volume.writer.cost(item, directories)
        if written + volume.writer.room_to_close(volume.settings) <= volume.limit_bytes:
            return True
        if volume.writer.slack_bytes * _LOOSE_PARTS < volume.limit_bytes:
            return False
        exact = volume.writer.room_to_close(volume.settings, exactly=True)
        return written + exact <= volume.limit_bytes

    def _begin(self) -> OpenVolume:
        self._volume = self._to.begin(self._carry)
        return self._volume

    def _close(self, volume: OpenVolume, *, last: bool) -> None:
        output, volume.is_last = volume.output, last
        stream = OwnStream(volume.parity, output) if volume.parity else None
        carry = volume.writer.suspend()
        self._carry = replace(carry, containers={**self._names_of_held, **carry.containers})
        structure, links = self._to.structures(self.count.bare)
        volume.blob = volume.writer.close(
            structure=structure,
            links=links,
            settings=self._to.settings(volume),
            own=[*self._signing.members(), set_member(self._to.blobs), earlier_member(self._to.earlier)],
            reserve=stream.reserve if stream else None,
        )
        check_length(volume)
        self._unsealed = Unsealed(output, output.publish, stream.fill if stream else None)


def _path_of(item: Ready) -> bytes:
    return (item.piece.entry if isinstance(item, PackedPiece) else item.entry).path
