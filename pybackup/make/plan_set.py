"""Planning a set of volumes: its options, the plan, and what follows from both for every volume."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from pybackup.compress.methods import MIB, SMALL_SEGMENT_BYTES
from pybackup.errors import UsageError
from pybackup.host.output import Destination
from pybackup.model.source import Judge, Source
from pybackup.model.volume import is_set_name
from pybackup.monitor import Monitor

from .baseline import EarlierArchives
from .capacity import body_limit
from .plan import CreateOptions, LeaveOut, Plan, identify, plan_create, readers_of, settings_of
from .recovery_room import shard_limit_of
from .second_copies import share_text

_SEGMENT_PARTS = 160


@dataclass(frozen=True, slots=True)
class SetOptions:
    """Where the volumes go, and how long they may be.

    Attributes
    ----------
    directory
        The directory for the volumes, made if it does not exist.
    name
        The name of the set.
    first_bytes
        The sizes of the first volumes in bytes, for media that are partly used.
    volume_bytes
        The size of all further volumes in bytes.
    resume
        Continue an interrupted set after the volumes that exist.
    tight
        If the next file does not fit, fill the rest of a volume with later files.
    recovery_volumes
        How many recovery volumes to make, each of which can replace any one lost volume.
    second_copies
        The fraction of each volume that second copies of the smallest files of the previous volume may take; 0 for
        none.
    """

    directory: bytes
    name: str
    volume_bytes: int
    first_bytes: Sequence[int] = ()
    resume: bool = False
    recovery_volumes: int = 0

    tight: bool = False
    second_copies: Fraction = Fraction(0)

    def size_of(self, number: int) -> int:
        """Return the maximum length in bytes of the data volume with a number; numbers begin at 1."""
        return self.first_bytes[number - 1] if number <= len(self.first_bytes) else self.volume_bytes


@dataclass(frozen=True, slots=True)
class SetPlan:
    """Exactly what creating a set will do."""

    plan: Plan
    set: SetOptions

    @property
    def destination(self) -> Destination:
        """The directory and the names of the volumes."""
        options = self.plan.options
        return Destination(self.set.directory, options.work_dir, options.overwrite, readers_of(self.plan.entries))


def segment_for(smallest_bytes: int, asked_bytes: int) -> int:
    """Return the segment length in bytes: the one asked for, or less so that even the smallest volume is filled well.

    Up to one segment of a volume stays empty, where the next one does not fit.
    """
    wanted_bytes = smallest_bytes // _SEGMENT_PARTS
    unit = MIB if wanted_bytes > MIB else SMALL_SEGMENT_BYTES
    return min(asked_bytes, max(unit, wanted_bytes // unit * unit))


def plan_set(
    sources: Iterable[Source],
    to: SetOptions,
    *,
    judge: Judge | None,
    earlier: EarlierArchives | None = None,
    leave_out: LeaveOut | None = None,
    options: CreateOptions,
    monitor: Monitor,
) -> SetPlan:
    """Walk the sources and return the plan of a set; arguments as for `pybackup.make.plan.plan_create`.

    Raises
    ------
    UsageError
        As `pybackup.make.plan.plan_create`; or a size is too small for any volume.
    """
    if options.parity and options.parity.sidecar:
        raise UsageError("volumes contain their parity", option="parity_sidecar", hint="is for single archives")
    if not is_set_name(to.name):
        raise UsageError(f"{to.name!r} cannot be the name of a set")
    for n_bytes in (*to.first_bytes, to.volume_bytes):
        body_limit(n_bytes, options.parity)
    plan = plan_create(
        sources, to.directory, judge=judge, earlier=earlier, leave_out=leave_out, options=options, monitor=monitor
    )
    return SetPlan(plan, to)


def identify_set(plan: SetPlan) -> bytes:
    """Return the id of a set: a hash of its plan and of the sizes of its volumes."""
    to, parity = plan.set, plan.plan.options.parity
    volumes = {
        "name": to.name,
        "tight": to.tight,
        "sizes": [*to.first_bytes, to.volume_bytes],
        "parity": str(parity and parity.amount),
    }
    if to.second_copies:
        volumes["second_copies"] = share_text(to.second_copies)
    return identify(plan.plan, set=volumes)


def shard_limit(plan: SetPlan, structure_bytes: int) -> int:
    """Return the maximum length in bytes of a body whose shard fits a recovery volume; raises as `plan_set`."""
    to, options = plan.set, plan.plan.options
    return shard_limit_of(
        [planned.entry for planned in plan.plan.entries],
        (*to.first_bytes, to.volume_bytes),
        segment_bytes=options.segment_bytes,
        structure_bytes=structure_bytes,
        settings_bytes=len(settings_of(plan.plan)),
        second_copies=to.second_copies,
    )
