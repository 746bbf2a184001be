"""The volumes that a writer fills: one of unlimited length for a single archive, or those of a set, one by one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Protocol

from pybackup.compress.methods import Compression
from pybackup.container.frames import Carry
from pybackup.container.own import own_member_bytes
from pybackup.container.write import ArchiveWriter
from pybackup.errors import EnvironmentFailed
from pybackup.host.output import Output
from pybackup.layout.readme import README
from pybackup.model.entry import Entry
from pybackup.model.volume import VolumeInfo
from pybackup.parity.stream.geometry import ParityOptions

from .capacity import amount_in, body_limit
from .plan import Plan, identify, own_time, readers_of, settings_of, structures
from .plan_set import SetPlan, identify_set, shard_limit
from .resume import PACKED_TIGHT, SECOND_COPIES, Resumption
from .second_copies import SecondCopies, share_text


@dataclass(frozen=True, slots=True)
class CreatedVolume:
    """A volume of the set that was made, or already existed; sizes in bytes.

    Attributes
    ----------
    files
        How many files end in it, without second copies.
    was_there
        Whether an earlier, interrupted run had made it.
    second_copies
        How many files of the previous volume it holds a second copy of.
    """

    path: bytes
    info: VolumeInfo
    files: int
    archive_bytes: int
    was_there: bool = False
    second_copies: int = 0


@dataclass(slots=True)
class OpenVolume:
    """The volume that is being written.

    Attributes
    ----------
    parity
        The parity in the volume; None if it has none, or if its parity goes into a sidecar.
    info
        Its number and set; None for a single archive.
    is_limited, limit_bytes
        Whether the length of its body is limited, and how long it may be.
    files, items
        How many files, and entries and segments, were written so far, without second copies.
    copies
        The second copies that it may get of files of the previous volume; None until its first item is known.
    again
        The paths of the files of which a second copy was written.
    is_last, blob
        Whether no volume follows, and its tree index; set when it is closed.
    """

    output: Output
    writer: ArchiveWriter
    parity: ParityOptions | None
    settings: bytes
    info: VolumeInfo | None = None
    is_limited: bool = False
    limit_bytes: int = 0
    files: int = 0
    items: int = 0
    copies: SecondCopies | None = None
    again: set[bytes] = field(default_factory=set)
    is_last: bool = False
    blob: bytes = b""

    @property
    def size_bytes(self) -> int:
        """The maximum length of the volume with its parity, in bytes; 0 for no limit."""
        return self.info.volume_bytes if self.info else 0


class Volumes(Protocol):
    """Where a `Writer` writes: begins its volumes, and provides what each repeats of earlier ones.

    Attributes
    ----------
    tight
        Whether a file that does not fit waits for the next volume, so that smaller ones may still go into this one.
    before
        The path of the previous volume, and the paths of those files in it that are second copies themselves; None
        before the second volume.
    second_copies
        The fraction of each volume that second copies may take; 0 for none.
    blobs
        The tree indexes of the finished volumes, which each later volume repeats.
    earlier
        The encoded tables of what earlier archives hold, which each volume contains.
    """

    tight: bool
    second_copies: Fraction
    before: tuple[bytes, frozenset[bytes]] | None
    blobs: list[bytes]
    earlier: Sequence[bytes]

    def begin(self, carry: Carry) -> OpenVolume:
        """Begin the next volume, with the member names that the previous one hands on in ``carry``."""

    def fixed_bytes(self) -> int:
        """Return how many bytes are written at the end of each volume in any case: structures and the set's index."""

    def structures(self, bare: Sequence[Entry]) -> tuple[Iterator[bytes], Iterator[bytes]]:
        """Return `pybackup.make.plan.structures` of the entries without content, given those read so far."""

    def settings(self, volume: OpenVolume) -> bytes:
        """Return the settings of a volume that is about to end, as JSON."""

    def sealed(self, volume: OpenVolume) -> None:
        """Record a volume that was published."""


class SingleArchive:
    """The only volume of a single archive."""

    tight = False
    second_copies = Fraction(0)
    before: tuple[bytes, frozenset[bytes]] | None = None

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self.readers = readers_of(plan.entries)
        self.blobs: list[bytes] = []
        self.earlier: Sequence[bytes] = [table.pack() for table in plan.earlier]
        self.archive_bytes = 0

    def begin(self, carry: Carry) -> OpenVolume:
        """Begin the archive."""
        plan, options, parity = self._plan, self._plan.options, self._plan.options.parity
        archive_id, settings = identify(plan), settings_of(plan)
        own = None if parity is None or parity.sidecar else parity
        output = Output(plan.output, work_dir=options.work_dir, replace=options.overwrite, readers=self.readers)
        return OpenVolume(output, _begun(output, archive_id, plan, carry), own, settings)

    def fixed_bytes(self) -> int:
        """Return 0: the length of a single archive is not limited."""
        return 0

    def structures(self, bare: Sequence[Entry]) -> tuple[Iterator[bytes], Iterator[bytes]]:
        """Return the two tars of entries without content, all of which have been read by now."""
        return structures(bare)

    def settings(self, volume: OpenVolume) -> bytes:
        """Return the settings of the archive, as JSON."""
        return volume.settings

    def sealed(self, volume: OpenVolume) -> None:
        """Record the length of the archive."""
        self.archive_bytes = volume.output.tell()


class SetVolumes:
    """The volumes of a set, following those that an interrupted run finished.

    Attributes
    ----------
    made
        All finished volumes, including those of an earlier run.
    """

    def __init__(self, plan: SetPlan, begun: Resumption) -> None:
        self._plan, self._to, self._destination = plan.plan, plan.set, plan.destination
        self.tight, self.second_copies = plan.set.tight, plan.set.second_copies
        # INDEX.TXT.gz on a disc lists second copies as well.
        self._entries = len(plan.plan.entries) * (2 if plan.set.second_copies else 1)
        self._set_id = begun.set_id or identify_set(plan)
        self.blobs = list(begun.blobs)
        self.earlier: Sequence[bytes] = [table.pack() for table in plan.plan.earlier]
        self._structure_bytes = sum(own_member_bytes(sum(map(len, parts))) for parts in self._fixed_parts())
        self._shard_limit = shard_limit(plan, self._structure_bytes) if plan.set.recovery_volumes else None
        last = begun.finished[-1] if begun.finished else None
        self.before: tuple[bytes, frozenset[bytes]] | None = (last.path, last.again) if last else None
        self.made = [
            CreatedVolume(done.path, done.info, done.files, done.n_bytes, True, len(done.again))
            for done in begun.finished
        ]

    def begin(self, carry: Carry) -> OpenVolume:
        """Begin the next volume of the set."""
        number = len(self.made) + 1
        parity = self._plan.options.parity
        n_bytes = self._to.size_of(number)
        info = VolumeInfo(
            self._set_id,
            self._to.name,
            number,
            parity=str(parity.amount) if parity else "none",
            group_sectors=parity.group_sectors if parity else 0,
            volume_bytes=n_bytes,
        )
        own = replace(parity, amount=amount_in(parity.amount, n_bytes)) if parity else None
        settings, limit_bytes = self._settings(info), self._limit_of(n_bytes)
        output = self._destination.begin(info.file_name)
        writer = _begun(output, info.archive_id, self._plan, carry)
        return OpenVolume(output, writer, own, settings, info, True, limit_bytes)

    def _limit_of(self, n_bytes: int) -> int:
        """Return the maximum length in bytes of a volume's body, so that its shard fits a recovery volume too."""
        limit = body_limit(n_bytes, self._plan.options.parity, entries=self._entries)
        return limit if self._shard_limit is None else min(limit, self._shard_limit)

    def fixed_bytes(self) -> int:
        """Return how many bytes are written at the end of each volume in any case."""
        return self._structure_bytes + own_member_bytes(sum(map(len, self.blobs)))

    def _fixed_parts(self) -> Sequence[Iterable[bytes]]:
        """Return the contents of the members that each volume has."""
        return *self.structures(()), self.earlier

    def structures(self, bare: Sequence[Entry]) -> tuple[Iterator[bytes], Iterator[bytes]]:
        """Return the tars of all planned entries: the first volume has them before the others are read."""
        return structures(planned.entry for planned in self._plan.entries)

    def settings(self, volume: OpenVolume) -> bytes:
        """Return the settings of a volume that is about to end, as JSON."""
        assert volume.info is not None
        return self._settings(replace(volume.info, last=volume.is_last))

    def _settings(self, info: VolumeInfo) -> bytes:
        more = {"pack": PACKED_TIGHT} if self.tight else {}
        if self.second_copies:
            more[SECOND_COPIES] = share_text(self.second_copies)
        return settings_of(self._plan, set=info.settings(), **more)

    def sealed(self, volume: OpenVolume) -> None:
        """Record a volume that was published."""
        assert volume.info is not None
        path, n_bytes, again = volume.output.path, volume.output.tell(), frozenset(volume.again)
        info = replace(volume.info, last=volume.is_last)
        self.blobs.append(volume.blob)
        self.made.append(CreatedVolume(path, info, volume.files, n_bytes, second_copies=len(again)))
        self.before = path, again


def _begun(output: Output, archive_id: bytes, plan: Plan, carry: Carry) -> ArchiveWriter:
    """Begin an archive in a file, which is discarded if that fails."""
    time, fast = own_time(plan), plan.options.profile.compression is Compression.FAST
    try:
        return ArchiveWriter(output, archive_id=archive_id, readme=README, mtime_ns=time, carry=carry, fast=fast)
    except BaseException:
        output.discard()
        raise


def check_length(volume: OpenVolume) -> None:
    """Check that a volume does not exceed its size limit.

    Raises
    ------
    EnvironmentFailed
        It does: a bug in `pybackup.make.capacity` or `pybackup.container.cost`.
    """
    n_bytes, info = volume.output.tell(), volume.info
    if info and n_bytes > info.volume_bytes:
        raise EnvironmentFailed(
            f"{info.label}: has {n_bytes} bytes, but {info.volume_bytes} fit: this is a bug, please report it"
        )
