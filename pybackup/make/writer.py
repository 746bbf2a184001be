"""Writing a set: items in tree order, over volumes of given sizes; each is published when it has been read back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from pybackup.compress.methods import MIB
from pybackup.container.frames import Carry
from pybackup.container.write import ArchiveWriter
from pybackup.errors import EnvironmentFailed, UsageError
from pybackup.host.storage import Output
from pybackup.layout import names, ustar
from pybackup.layout.note import Role
from pybackup.layout.readme import README
from pybackup.model.content import Bare, PackedPiece, Ready, Restart
from pybackup.model.entry import Entry, Kind, directories_above
from pybackup.model.volume import VolumeInfo
from pybackup.monitor import Aside, Monitor

from .capacity import amount_in, body_limit
from .plan import Count, own_time, settings_of, structures
from .plan_set import SetPlan, identify_set, shard_limit
from .resume import PACKED_TIGHT, SECOND_COPIES, Resumption
from .seal import OwnStream, Unsealed, seal
from .second_copies import SecondCopies, SecondCopy, share_text

# Indexes are packed to see how long they are when by their bound so little is left; again, when that bound is so loose.
_LOOSE_PARTS = 1000
# Files that wait for the next volume take memory; and of a volume that is full but for so little no more is looked for.
_HELD_BYTES = 64 * MIB
_FULL_PARTS = 400


@dataclass(frozen=True, slots=True)
class CreatedVolume:
    """One volume that was made, or was there already; sizes in bytes.

    ``files`` end in it; ``second_copies`` are files of the volume before, and not among them.
    """

    path: bytes
    info: VolumeInfo
    files: int
    archive_bytes: int
    was_there: bool = False
    second_copies: int = 0


@dataclass(slots=True)
class _Volume:
    """The volume that is being written.

    ``copies`` are what it may get of the volume before, None until its first item is at hand; ``again`` what it got.
    """

    info: VolumeInfo
    output: Output
    writer: ArchiveWriter
    limit_bytes: int
    settings: bytes
    files: int = 0
    items: int = 0
    copies: SecondCopies | None = None
    again: set[bytes] = field(default_factory=set)


class SetWriter:
    """Takes the items of a creation in tree order, and begins a new volume whenever one does not fit."""

    def __init__(self, plan: SetPlan, begun: Resumption, monitor: Monitor) -> None:
        self._plan = plan.plan
        self._set = plan.set
        # Files that are told of on a disc, second copies too.
        self._entries = len(plan.plan.entries) * (2 if plan.set.second_copies else 1)
        self._to = plan.destination
        self._monitor = monitor
        self._set_id = begun.set_id or identify_set(plan)
        self._carry: Carry = begun.carry
        self._directories = {
            planned.entry.path: planned.entry for planned in self._plan.entries if planned.entry.kind is Kind.DIRECTORY
        }
        self._held: list[PackedPiece] = []
        self._names_of_held: dict[bytes, tuple[bytes, names.Names]] = {}
        self._blobs = list(begun.blobs)
        bare = sum(map(_padded_member, map(_total, structures(planned.entry for planned in self._plan.entries))))
        self._structure_bytes = bare
        self._shard_limit = shard_limit(plan, bare) if plan.set.recovery_volumes else None
        self._volume: _Volume | None = None
        last = begun.finished[-1] if begun.finished else None
        self._before = (last.path, last.again) if last else None
        self.count = Count()
        self.entries = 0
        self.volumes = [
            CreatedVolume(done.path, done.info, done.files, done.n_bytes, True, len(done.again))
            for done in begun.finished
        ]

    def put(self, item: Ready) -> None:
        """Write an item, into a new volume if there is no room in this one."""
        volume = self._volume or self._begin()
        directories = self._above(item)
        if not isinstance(item, Restart):
            self._put_copies(volume, item, directories)
        if not self._fits(volume, item, directories):
            if self._hold(volume, item):
                return
            if not volume.items:
                raise UsageError(
                    f"volume {volume.info.number}: {volume.info.volume_bytes} bytes are too few for one segment of a "
                    f"file beside the structure; use larger volumes",
                    option="segment_size",
                    hint="makes segments smaller",
                )
            self._go_on()
            self.put(item)
            return
        volume.writer.enter(directories)
        volume.writer.put(item)
        volume.items += 1
        self.count.add(item, self._monitor)
        if isinstance(item, Bare):
            self.entries += 1
        elif isinstance(item, PackedPiece) and item.piece.whole:
            self.entries += 1
            volume.files += 1
        if self._held:
            # Whatever is opened meanwhile may be what a file that waits lies in.
            self._names_of_held.update(volume.writer.names_in_use())

    def _put_copies(self, volume: _Volume, item: Bare | PackedPiece, directories: Sequence[Entry]) -> None:
        """Write second copies that come before an item; which there are, its first item decides, which has to fit."""
        if not self._set.second_copies or self._before is None:
            return
        if volume.copies is None:
            left = volume.limit_bytes - volume.output.tell() - self._fixed_bytes()
            left -= volume.writer.room_to_close(volume.settings) + volume.writer.cost(item, directories)
            share_bytes = int(volume.info.volume_bytes * self._set.second_copies)
            volume.copies = SecondCopies(*self._before, min(share_bytes, left))
        for copy in volume.copies.before(_path_of(item)):
            self._put_again(volume, copy)

    def _put_again(self, volume: _Volume, copy: SecondCopy) -> None:
        above = [(self._directories.get(entry.path, entry), name) for entry, name in copy.directories]
        # Files that were held back may have taken their room.
        if self._fits(volume, copy.item, [entry for entry, _ in above]):
            volume.writer.put_again(copy.item, copy.name, above)
            volume.again.add(copy.path)

    def finish(self) -> None:
        """Write what ends the last volume."""
        while self._held:
            self._go_on()
        volume = self._volume or self._begin()
        for copy in volume.copies.before(None) if volume.copies else ():
            self._put_again(volume, copy)
        self._end(last=True)

    def _go_on(self) -> None:
        """End the volume, and begin the next with the files that were held back."""
        self._end(last=False)
        held, self._held = self._held, []
        for item in held:
            self.put(item)

    def discard(self) -> None:
        """Leave nothing of a volume that was not finished."""
        if self._volume:
            self._volume.output.discard()

    def _above(self, item: Ready) -> list[Entry]:
        """The directories that an item lies in, from the top."""
        paths = directories_above(_path_of(item))
        return [self._directories[path] for path in paths if path in self._directories]

    def _hold(self, volume: _Volume, item: Ready) -> bool:
        """Keep a file for the next volume, as later ones may fit into this one."""
        if not (self._set.tight and isinstance(item, PackedPiece) and item.piece.segments == 1 and volume.items):
            return False
        left = volume.limit_bytes - volume.output.tell() - self._fixed_bytes()
        left -= volume.writer.room_to_close(volume.settings)
        held = sum(len(each.packed.data) for each in self._held)
        if left * _FULL_PARTS < volume.limit_bytes or held + len(item.packed.data) > _HELD_BYTES:
            return False
        self._held.append(item)
        self._names_of_held.update(volume.writer.names_in_use())
        return True

    def _fits(self, volume: _Volume, item: Ready, directories: Sequence[Entry]) -> bool:
        written = volume.output.tell() + self._fixed_bytes() + volume.writer.cost(item, directories)
        if written + volume.writer.room_to_close(volume.settings) <= volume.limit_bytes:
            return True
        if volume.writer.slack_bytes * _LOOSE_PARTS < volume.limit_bytes:
            return False
        exact = volume.writer.room_to_close(volume.settings, exactly=True)
        return written + exact <= volume.limit_bytes

    def _fixed_bytes(self) -> int:
        """What is written when the volume ends, whatever is in it: structures and the set's index."""
        blobs = sum(map(len, self._blobs))
        return self._structure_bytes + (_padded_member(blobs) if blobs else 0)

    def _begin(self) -> _Volume:
        number = len(self.volumes) + 1
        parity = self._plan.options.parity
        n_bytes = self._set.size_of(number)
        info = VolumeInfo(
            self._set_id,
            self._set.name,
            number,
            parity=str(parity.amount) if parity else "none",
            group_sectors=parity.group_sectors if parity else 0,
            volume_bytes=n_bytes,
        )
        output = self._to.begin(info.file_name)
        mtime_ns = own_time(self._plan)
        writer = ArchiveWriter(output, archive_id=info.archive_id, readme=README, mtime_ns=mtime_ns, carry=self._carry)
        self._volume = _Volume(info, output, writer, self._limit_of(n_bytes), self._settings(info))
        return self._volume

    def _limit_of(self, n_bytes: int) -> int:
        """How long the body of a volume may be, and its shard in recovery volumes."""
        limit = body_limit(n_bytes, self._plan.options.parity, entries=self._entries)
        return limit if self._shard_limit is None else min(limit, self._shard_limit)

    def _settings(self, info: VolumeInfo) -> bytes:
        more = {"pack": PACKED_TIGHT} if self._set.tight else {}
        if self._set.second_copies:
            more[SECOND_COPIES] = share_text(self._set.second_copies)
        return settings_of(self._plan, set=info.settings(), **more)

    def _end(self, *, last: bool) -> None:
        volume = self._volume
        assert volume is not None
        info = replace(volume.info, last=last)
        parity = self._plan.options.parity
        output = volume.output
        stream = None
        if parity:
            stream = OwnStream(replace(parity, amount=amount_in(parity.amount, info.volume_bytes)), output)
        carry = volume.writer.suspend()
        self._carry = replace(carry, containers={**self._names_of_held, **carry.containers})
        structure, links = structures(planned.entry for planned in self._plan.entries)
        blob = volume.writer.close(
            structure=structure,
            links=links,
            settings=self._settings(info),
            own=[(names.SET_INDEX, Role.SET, self._blobs)],
            reserve=stream.reserve if stream else None,
        )
        if output.tell() > info.volume_bytes:
            raise EnvironmentFailed(
                f"{info.label}: {output.tell()} bytes, and {info.volume_bytes} fit: a bug, report it"
            )
        seal(Unsealed(output, output.publish, stream.fill if stream else None), monitor=Aside(self._monitor))
        self._blobs.append(blob)
        again = len(volume.again)
        self.volumes.append(CreatedVolume(output.path, info, volume.files, output.tell(), second_copies=again))
        self._before = output.path, frozenset(volume.again)
        self._volume = None


def _path_of(item: Ready) -> bytes:
    return (item.piece.entry if isinstance(item, PackedPiece) else item.entry).path


def _total(parts: Iterable[bytes]) -> int:
    return sum(map(len, parts))


def _padded_member(n_bytes: int) -> int:
    return ustar.BLOCK + ustar.padded(n_bytes) if n_bytes else 0
