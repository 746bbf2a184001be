"""Making recovery volumes: each one shard of a code over the bodies of all data volumes of a set."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

from pybackup.archive.find import Volume
from pybackup.codes.across import Across, has_code_across
from pybackup.container.cost import EMPTY_ARCHIVE_BYTES
from pybackup.container.first import FirstMember, read_first
from pybackup.container.own import BLOCK, recovery_member, set_member
from pybackup.container.skeleton import own_members
from pybackup.container.write import ArchiveWriter
from pybackup.errors import Damaged, UsageError
from pybackup.host.environment import make_directory
from pybackup.host.in_step import in_step
from pybackup.host.joined import JoinedFile
from pybackup.host.output import Destination, Output
from pybackup.host.room import check_room
from pybackup.host.storage import ArchiveFile
from pybackup.layout import names
from pybackup.layout.recovery import Body, RecoveryHeader
from pybackup.model.volume import VolumeInfo, VolumeKind
from pybackup.monitor import Aside, Monitor, Phase
from pybackup.parity.mend.columns import Shard, encode_across
from pybackup.sector import SECTOR

from .recovery_room import least_bytes, parity_of
from .seal import OwnStream, Unsealed, seal

_STEP_BYTES = 1 << 20
_MAKE = "make recovery volumes"
_ENCODE_WORK = 4  # as a multiple of reading and hashing


@dataclass(frozen=True, slots=True)
class Made:
    """A recovery volume that was made; sizes in bytes."""

    path: bytes
    info: VolumeInfo
    archive_bytes: int


@dataclass(frozen=True, slots=True)
class Together:
    """What recovery volumes made in one run have in common, which is enough to make any of them again.

    Attributes
    ----------
    first, count
        The number of the first, and how many they are.
    volume_bytes
        The most that each may take; 0 for no limit.
    """

    first: int
    count: int
    parity: str
    group_sectors: int
    volume_bytes: int

    @classmethod
    def of(cls, header: RecoveryHeader, info: VolumeInfo) -> Together:
        """Return the group in which a recovery volume was made, from its header."""
        return cls(header.first, header.count, info.parity, info.group_sectors, info.volume_bytes)

    @property
    def numbers(self) -> range:
        """The numbers of all of them."""
        return range(self.first, self.first + self.count)


@dataclass(frozen=True, slots=True)
class _Content:
    """What every recovery volume holds beside its shard: all of it taken from the last data volume, and the indexes."""

    readme: bytes
    mtime_ns: int
    settings: dict[str, object]
    structure: Sequence[tuple[int, int]]
    links: Sequence[tuple[int, int]]
    indexes: Sequence[bytes]

    @property
    def n_bytes(self) -> int:
        """Its length in bytes."""
        parts = sum(size for _, size in (*self.structure, *self.links))
        return (
            parts
            + sum(map(len, self.indexes))
            + len(self.readme)
            + len(json.dumps(self.settings))
            + EMPTY_ARCHIVE_BYTES
        )


def together_by_default(volumes: Sequence[Volume], first: int, count: int) -> Together:
    """Return recovery volumes with the parity of the last data volume, as large as the largest."""
    infos = [volume.info for volume in volumes if volume.info]
    most = max(info.volume_bytes for info in infos)
    return Together(first, count, infos[-1].parity, infos[-1].group_sectors, most)


def make_recovery(
    volumes: Sequence[Volume],
    bodies: Sequence[Body],
    together: Together,
    to: Destination,
    *,
    numbers: Sequence[int] = (),
    monitor: Monitor,
) -> list[Made]:
    """Make recovery volumes of a set in one pass over its data volumes, read them back, and publish them.

    Parameters
    ----------
    volumes
        All data volumes in order, which must be intact.
    bodies
        What `measure` returned for each.
    to
        The directory for them, and their names.
    numbers
        Which of the group to make; without numbers, all.

    Raises
    ------
    UsageError
        The given size is too small, or the code does not have so many volumes.
    Exists
        A file has one of their names.
    EnvironmentFailed
        They cannot be written, or were read back differently.
    """
    numbers = numbers or together.numbers
    if not numbers:
        return []
    if not has_code_across(len(bodies), together.numbers[-1]):
        raise UsageError(f"no code has {len(bodies)} data volumes and a recovery volume {together.numbers[-1]}")
    infos = [_info(volumes[0], together, number) for number in numbers]
    to.check(info.file_name for info in infos)
    header = RecoveryHeader(_set_id(volumes), numbers[0], together.first, together.count, bodies)
    content = _content_of(volumes)
    least = least_bytes(content.n_bytes, header)
    if together.volume_bytes and least > together.volume_bytes:
        raise UsageError(
            f"a recovery volume of this set takes {least} bytes at least, and {together.volume_bytes} fit",
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
        return [Made(maker.output.path, maker.info, maker.output.tell()) for maker in makers]


def phase_of_recovery(n_bytes: int) -> Phase:
    """What making recovery volumes of about so many bytes is, for `Monitor.plan`."""
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
    """One recovery volume while it is made."""

    def __init__(
        self, info: VolumeInfo, output: Output, header: RecoveryHeader, content: _Content, last: ArchiveFile
    ) -> None:
        self.info = info
        self.output = output
        self._header = header
        self._content = content
        self._last = last
        self._stream: OwnStream | None = None

    def write(self, shard: Iterator[bytes]) -> None:
        """Write all of it but its own parity, for which there is room."""
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
                # The last, since its indexes are found from the end.
                set_member(content.indexes),
            ],
            reserve=self._reserve,
        )

    def unsealed(self) -> Unsealed:
        """Return it, written but for its own parity."""
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


def _info(volume: Volume, together: Together, number: int) -> VolumeInfo:
    info = volume.info
    assert info is not None
    return VolumeInfo(
        info.set_id,
        info.name,
        number,
        VolumeKind.RECOVERY,
        parity=together.parity,
        group_sectors=together.group_sectors,
        volume_bytes=together.volume_bytes,
    )


def _set_id(volumes: Sequence[Volume]) -> bytes:
    info = volumes[0].info
    assert info is not None
    return info.set_id


def _content_of(volumes: Sequence[Volume]) -> _Content:
    """What recovery volumes repeat of the data volumes.

    Raises
    ------
    Damaged
        They are not whole after all.
    """
    last = volumes[-1]
    with last.open() as file:
        first = _first_of(file, last)
        members = own_members(file, last.listing)
        indexes = [blob_of(volume) for volume in volumes]
        settings = {key: value for key, value in last.listing.settings.items() if key != "set"}
        return _Content(
            first.readme,
            first.mtime_ns,
            settings,
            [members[names.STRUCTURE]] if names.STRUCTURE in members else [],
            [members[names.LINKS]] if names.LINKS in members else [],
            indexes,
        )


def blob_of(volume: Volume) -> bytes:
    """Return the bytes of the tree index of a volume, as they are in it."""
    with volume.open() as file:
        first = _first_of(file, volume)
        return file.read_at(first.tree_at, first.tree_bytes)


def _first_of(file: ArchiveFile, volume: Volume) -> FirstMember:
    first = read_first(file)
    if first is None:
        raise Damaged(f"{volume.name}: its first header could be read, and cannot be any more")
    return first
