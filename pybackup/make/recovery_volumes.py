"""Making recovery volumes: each holds one shard of an erasure code over the bodies of all data volumes of a set."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

from pybackup.archive.find import Volume
from pybackup.codes.across import Across, has_code_across
from pybackup.container.own import BLOCK, recovery_member, set_member
from pybackup.container.write import ArchiveWriter
from pybackup.errors import UsageError
from pybackup.host.environment import make_directory
from pybackup.host.in_step import in_step
from pybackup.host.joined import JoinedFile
from pybackup.host.output import Destination, Output
from pybackup.host.room import check_room
from pybackup.host.storage import ArchiveFile
from pybackup.layout.recovery import Body, RecoveryHeader
from pybackup.model.volume import VolumeInfo, VolumeKind
from pybackup.monitor import Aside, Monitor, Phase
from pybackup.parity.mend.columns import Shard, encode_across
from pybackup.sector import SECTOR

from .recovery_content import RecoveryContent, content_of
from .recovery_room import least_bytes, parity_of
from .seal import OwnStream, Unsealed, seal

_STEP_BYTES = 1 << 20
_MAKE = "make recovery volumes"
_ENCODE_WORK = 4  # as a multiple of reading and hashing


@dataclass(frozen=True, slots=True)
class MadeRecoveryVolume:
    """A recovery volume that was made; sizes in bytes."""

    path: bytes
    info: VolumeInfo
    archive_bytes: int


@dataclass(frozen=True, slots=True)
class RecoveryGroup:
    """The recovery volumes made in one run, and their options: enough to make any of them again.

    Attributes
    ----------
    first, count
        The number of the first recovery volume, and how many there are.
    parity
        The amount of parity of each, as text such as ``10%``.
    group_sectors
        The maximum number of sectors in a parity group.
    volume_bytes
        The maximum length of each in bytes; 0 for no limit.
    """

    first: int
    count: int
    parity: str
    group_sectors: int
    volume_bytes: int

    @classmethod
    def of(cls, header: RecoveryHeader, info: VolumeInfo) -> RecoveryGroup:
        """Return the group that a recovery volume was made in, from its header and its settings."""
        return cls(header.first, header.count, info.parity, info.group_sectors, info.volume_bytes)

    @property
    def numbers(self) -> range:
        """The numbers of all recovery volumes of the group."""
        return range(self.first, self.first + self.count)


def default_group(volumes: Sequence[Volume], first: int, count: int) -> RecoveryGroup:
    """Return a group with the parity of the last data volume and the size of the largest one."""
    infos = [volume.info for volume in volumes if volume.info]
    most = max(info.volume_bytes for info in infos)
    return RecoveryGroup(first, count, infos[-1].parity, infos[-1].group_sectors, most)


def make_recovery(
    volumes: Sequence[Volume],
    bodies: Sequence[Body],
    group: RecoveryGroup,
    to: Destination,
    *,
    numbers: Sequence[int] = (),
    monitor: Monitor,
) -> list[MadeRecoveryVolume]:
    """Make recovery volumes of a set in one pass over its data volumes, read them back, and publish them.

    Parameters
    ----------
    volumes
        All data volumes in order, which must be intact.
    bodies
        The result of `pybackup.archive.measure.measure` for each of them.
    group
        The group that the recovery volumes belong to.
    to
        The directory for the recovery volumes, and their names.
    numbers
        The recovery volumes of the group to make; empty for all.

    Raises
    ------
    UsageError
        The given size is too small, or the code does not have so many volumes.
    Exists
        A file has one of their names.
    EnvironmentFailed
        They cannot be written, or did not read back as written.
    """
    numbers = numbers or group.numbers
    if not numbers:
        return []
    if not has_code_across(len(bodies), group.numbers[-1]):
        raise UsageError(f"no code has {len(bodies)} data volumes and a recovery volume {group.numbers[-1]}")
    infos = [_info(volumes[0], group, number) for number in numbers]
    to.check(info.file_name for info in infos)
    header = RecoveryHeader(_set_id(volumes), numbers[0], group.first, group.count, bodies)
    content = content_of(volumes)
    least = least_bytes(content.n_bytes, header)
    if group.volume_bytes and least > group.volume_bytes:
        raise UsageError(
            f"a recovery volume of this set has at least {least} bytes, but {group.volume_bytes} fit",
            option="volume_size",
            hint="allows more",
        )
    make_directory(to.directory)
    check_room({to.scratch}, least * len(infos))
    with ExitStack() as stack:
        last = stack.enter_context(volumes[-1].open())
        outputs = [stack.enter_context(to.begin(info.file_name)) for info in infos]
        makers = [
            _Maker(info, output, replace(header, number=info.number), content, last)
            for info, output in zip(infos, outputs, strict=True)
        ]
        _encode(volumes, bodies, makers, monitor)
        seal(*(maker.unsealed() for maker in makers), monitor=Aside(monitor))
        return [MadeRecoveryVolume(maker.output.path, maker.info, maker.output.tell()) for maker in makers]


def phase_of_recovery(n_bytes: int) -> Phase:
    """Return the phase of making recovery volumes of ``n_bytes`` bytes of data volumes, for `Monitor.plan`."""
    return Phase(_MAKE, _ENCODE_WORK * n_bytes)


def _encode(volumes: Sequence[Volume], bodies: Sequence[Body], makers: Sequence[_Maker], monitor: Monitor) -> None:
    monitor.begin(_MAKE, 0, sum(body.n_bytes for body in bodies))
    with ExitStack() as stack:
        files: list[JoinedFile] = [stack.enter_context(volume.open()) for volume in volumes]
        shards = [Shard(file, 0, body.n_bytes) for file, body in zip(files, bodies, strict=True)]
        wanted = [maker.info.number - 1 for maker in makers]
        rows = encode_across(Across(len(bodies)), shards, wanted, lambda count: monitor.advance(0, count))
        in_step(([row.tobytes() for row in made] for _, made in rows), [maker.write for maker in makers])
    monitor.end()


class _Maker:
    """A recovery volume that is being made."""

    def __init__(
        self, info: VolumeInfo, output: Output, header: RecoveryHeader, content: RecoveryContent, last: ArchiveFile
    ) -> None:
        self.info = info
        self.output = output
        self._header = header
        self._content = content
        self._last = last
        self._stream: OwnStream | None = None

    def write(self, shard: Iterator[bytes]) -> None:
        """Write all of the volume, leaving room for its own parity."""
        content = self._content
        writer = ArchiveWriter(
            self.output, archive_id=self.info.archive_id, readme=content.readme, mtime_ns=content.mtime_ns
        )
        writer.close(
            structure=self._copied(content.structure),
            links=self._copied(content.links),
            settings=json.dumps({**content.settings, "set": self.info.settings()}, sort_keys=True).encode(),
            own=[
                recovery_member(self._member(shard)),
                # This member comes last, since its indexes are found from the end.
                set_member(content.indexes),
            ],
            reserve=self._reserve,
        )

    def unsealed(self) -> Unsealed:
        """Return the volume, written except for its own parity, for sealing."""
        assert self._stream is not None
        return Unsealed(self.output, self.output.publish, self._stream.fill)

    def _copied(self, places: Sequence[tuple[int, int]]) -> Iterator[bytes]:
        for offset, n_bytes in places:
            for at in range(0, n_bytes, _STEP_BYTES):
                yield self._last.read_at(offset + at, min(_STEP_BYTES, n_bytes - at))

    def _member(self, shard: Iterator[bytes]) -> Iterator[bytes]:
        # The header of the member is not written yet.
        content = self.output.tell() + BLOCK
        yield bytes(-content % SECTOR) + self._header.pack()
        yield from shard
        yield replace(self._header, is_copy=True).pack()

    def _reserve(self, before_bytes: int, after_bytes: int) -> int:
        options = parity_of(self.info, before_bytes, after_bytes)
        self._stream = OwnStream(options, self.output)
        return self._stream.reserve(before_bytes, after_bytes)


def _info(volume: Volume, group: RecoveryGroup, number: int) -> VolumeInfo:
    info = volume.info
    assert info is not None
    return VolumeInfo(
        info.set_id,
        info.name,
        number,
        VolumeKind.RECOVERY,
        parity=group.parity,
        group_sectors=group.group_sectors,
        volume_bytes=group.volume_bytes,
    )


def _set_id(volumes: Sequence[Volume]) -> bytes:
    info = volumes[0].info
    assert info is not None
    return info.set_id
