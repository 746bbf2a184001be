"""Creating a set: one tree over volumes of given sizes, each of them an archive of its own."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace

from pybackup.compress.methods import MIB
from pybackup.compress.stage import compress
from pybackup.container.frames import Carry
from pybackup.container.write import ArchiveWriter
from pybackup.errors import EnvironmentFailed, UsageError
from pybackup.host.monitor import Aside, Monitor
from pybackup.host.storage import Output, environment
from pybackup.host.workers import make_executor, surviving
from pybackup.layout import names, ustar
from pybackup.layout.note import Role
from pybackup.layout.readme import README
from pybackup.model.content import Bare, PackedPiece, Piece, Read, Ready
from pybackup.model.entry import Entry, Kind
from pybackup.model.volume import VolumeInfo
from pybackup.tree.content import read_contents

from .adding_recovery import complete_with_recovery
from .capacity import amount_in, body_limit
from .create import Count, Plan, own_time, settings_of, structures
from .plan_set import SetPlan, identify_set, shard_limit
from .protect import OwnStream
from .resume import PACKED_TIGHT, Resumption, find_finished, resume
from .verify import check_written

# Indexes are packed to see how long they are when by their bound so little is left; again, when that bound is so loose.
_LOOSE_PARTS = 1000
# Files that wait for the next volume take memory; and of a volume that is full but for so little no more is looked for.
_HELD_BYTES = 64 * MIB
_FULL_PARTS = 400


@dataclass(frozen=True, slots=True)
class CreatedVolume:
    """One volume that was made, or was there already; sizes in bytes."""

    path: bytes
    info: VolumeInfo
    files: int
    archive_bytes: int
    was_there: bool = False


@dataclass(frozen=True, slots=True)
class CreatedSet:
    """What came of it."""

    volumes: Sequence[CreatedVolume]
    entries: int
    files: int
    content_bytes: int


def perform_set(plan: SetPlan, *, executor: Executor | None = None, monitor: Monitor) -> CreatedSet:
    """Write the volumes that the plan comes to, each published when it has been read back.

    Raises
    ------
    UsageError
        Volumes of a set are there already, and shall not be gone on with; or cannot be, as they were made otherwise.
    EnvironmentFailed
        The volumes cannot be written, or the workers died.
    """
    to = plan.set
    with environment(to.directory):
        os.makedirs(to.directory, exist_ok=True)
    finished = find_finished(to.directory, to.name)
    if finished and not to.resume:
        there = os.fsdecode(finished[0].path)
        raise UsageError(f"{there}: a volume is there already; --resume goes on behind it, or choose another directory")
    with ExitStack() as stack:
        if executor is None:
            executor = stack.enter_context(make_executor(plan.plan.options.workers))
        begun = resume(plan.plan, finished, to, monitor)
        writer = _SetWriter(plan, begun, monitor)
        stack.callback(writer.discard)
        if not begun.complete:
            with surviving():
                _write(plan.plan, begun, writer, executor, monitor)
        volumes = [*writer.volumes, *_with_recovery(plan, writer.volumes, monitor)]
        return CreatedSet(volumes, writer.entries, writer.count.files, writer.count.content_bytes)


def _with_recovery(plan: SetPlan, volumes: Sequence[CreatedVolume], monitor: Monitor) -> list[CreatedVolume]:
    to = plan.set
    if not to.recovery_volumes:
        return []
    made = complete_with_recovery(
        [volume.path for volume in volumes],
        to.recovery_volumes,
        to.directory,
        work_dir=plan.plan.options.work_dir,
        monitor=monitor,
    )
    return [CreatedVolume(one.path, one.info, 0, one.archive_bytes, was_there) for one, was_there in made]


def _write(plan: Plan, begun: Resumption, writer: _SetWriter, executor: Executor, monitor: Monitor) -> None:
    options = plan.options
    monitor.begin("create", plan.files, plan.n_bytes)
    read = read_contents(begun.entries, segment_bytes=options.segment_bytes, monitor=monitor)
    pieces = _behind(read, begun)
    window = options.window_bytes
    with closing(compress(pieces, profile=options.profile, executor=executor, window_bytes=window)) as ready:
        for item in ready:
            writer.put(item)
    writer.finish()
    monitor.end()


def _behind(read: Iterable[Read], begun: Resumption) -> Iterator[Read]:
    """All pieces but those of the first file that a finished volume holds: they were read for the sake of its hash."""
    for item in read:
        if not (isinstance(item, Piece) and item.entry.path == begun.path and item.segment < begun.segment):
            yield item


@dataclass(slots=True)
class _Volume:
    """The volume that is being written."""

    info: VolumeInfo
    output: Output
    writer: ArchiveWriter
    limit_bytes: int
    settings: bytes
    files: int = 0
    items: int = 0


class _SetWriter:
    """Takes the items of a creation in tree order, and begins a new volume whenever one does not fit."""

    def __init__(self, plan: SetPlan, begun: Resumption, monitor: Monitor) -> None:
        self._plan = plan.plan
        self._set = plan.set
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
        self.count = Count()
        self.entries = 0
        self.volumes = [
            CreatedVolume(done.path, done.info, done.files, done.n_bytes, was_there=True) for done in begun.finished
        ]

    def put(self, item: Ready) -> None:
        """Write an item, into a new volume if there is no room in this one."""
        volume = self._volume or self._begin()
        directories = self._above(item)
        if not self._fits(volume, item, directories):
            if self._hold(volume, item):
                return
            if not volume.items:
                raise UsageError(
                    f"volume {volume.info.number}: {volume.info.volume_bytes} bytes are too few for one segment of a "
                    f"file beside the structure; use larger volumes, or a smaller --segment-size"
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

    def finish(self) -> None:
        """Write what ends the last volume."""
        while self._held:
            self._go_on()
        if self._volume is None:
            self._begin()
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
        parts = (item.piece.entry if isinstance(item, PackedPiece) else item.entry).path.split(b"/")
        paths = (b"/".join(parts[:length]) for length in range(1, len(parts)))
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
        path = os.path.join(self._set.directory, info.file_name)
        if os.path.lexists(path):
            raise UsageError(f"{os.fsdecode(path)}: exists, and is no volume of this set; remove it")
        output = Output(path, work_dir=self._plan.options.work_dir)
        mtime_ns = own_time(self._plan)
        writer = ArchiveWriter(output, archive_id=info.archive_id, readme=README, mtime_ns=mtime_ns, carry=self._carry)
        self._volume = _Volume(info, output, writer, self._limit_of(n_bytes), self._settings(info))
        return self._volume

    def _limit_of(self, n_bytes: int) -> int:
        """How long the body of a volume may be, and its shard in recovery volumes."""
        limit = body_limit(n_bytes, self._plan.options.parity, entries=len(self._plan.entries))
        return limit if self._shard_limit is None else min(limit, self._shard_limit)

    def _settings(self, info: VolumeInfo) -> bytes:
        more = {"pack": PACKED_TIGHT} if self._set.tight else {}
        return settings_of(self._plan, set=info.settings(), **more)

    def _end(self, *, last: bool) -> None:
        volume = self._volume
        assert volume is not None
        info = replace(volume.info, last=last)
        parity = self._plan.options.parity
        output, aside = volume.output, Aside(self._monitor)
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
        if stream:
            stream.fill(aside)
        if output.tell() > info.volume_bytes:
            raise EnvironmentFailed(
                f"{info.label}: {output.tell()} bytes, and {info.volume_bytes} fit: a bug, report it"
            )
        output.sync()
        check_written(output.temporary, aside)
        output.publish()
        self._blobs.append(blob)
        self.volumes.append(CreatedVolume(output.path, info, volume.files, output.tell()))
        self._volume = None


def _total(parts: Iterable[bytes]) -> int:
    return sum(map(len, parts))


def _padded_member(n_bytes: int) -> int:
    return ustar.BLOCK + ustar.padded(n_bytes) if n_bytes else 0
