"""Drilling: copies of a volume are damaged, repaired, restored and compared, and what happened with the forecast."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from pybackup.archive.open import open_archive
from pybackup.check.compare import compare
from pybackup.check.forecast import forecast
from pybackup.check.verify import verify
from pybackup.container.read import read_locator
from pybackup.errors import Damaged, FormatError, NotAnArchive
from pybackup.host.staging import temporary_directory
from pybackup.host.storage import ArchiveFile, InPlace, environment
from pybackup.mend.health import Health, State, assess
from pybackup.model.entry import Kind
from pybackup.monitor import Monitor
from pybackup.parity.odds.harm import Model, Strike, overwrite, plan_strike, write_copy
from pybackup.parity.odds.prospect import Prospects, agrees
from pybackup.parity.stream.sidecar import SIDECAR_SUFFIX
from pybackup.parity.stream.volume import Sectors, VolumeWriter
from pybackup.restore.extract import ExtractOptions, perform_extract, plan_extract

from .repair import repair

_STEP = 1 << 20
_LOST_FOUND = b"lost+found"


@dataclass(frozen=True, slots=True)
class DrillOptions:
    """What to drill.

    Attributes
    ----------
    models
        Kinds of damage, in turn.
    fraction
        Part of the sectors that is hit; None for just below what the forecast says is survived, and just past it.
    seed, rounds
        That many rounds of each kind and fraction, with this seed and those that follow it.
    work_dir
        Where the damaged copies lie; None for the system's own place.
    """

    models: Sequence[Model] = tuple(Model)
    fraction: float | None = None
    seed: int = 0
    rounds: int = 1
    work_dir: bytes | None = None
    workers: int | None = None


@dataclass(frozen=True, slots=True)
class Bout:
    """One round: what will happen to a copy, and the probability that everything comes back."""

    model: Model
    sectors: int
    fraction: float
    seed: int
    chance: float


@dataclass(frozen=True, slots=True)
class DrillPlan:
    """All rounds."""

    path: bytes
    prospects: Prospects
    is_archive: bool
    bouts: Sequence[Bout]
    options: DrillOptions


@dataclass(frozen=True, slots=True)
class DrillOutcome:
    """What a round came to.

    Attributes
    ----------
    bad
        Sectors that were struck.
    claimed, whole
        What repair said: everything is back; and whether the result is, byte for byte, what the volume is.
    lost, wrong
        Files that did not come back under their names, and files that did with other content; nothing where the
        volume is no archive.
    nameless
        Files that came back in ``lost+found``, since the names of their directories are gone.
    twice
        Sectors of those struck that came neither from their place nor from parity: the same content stands elsewhere
        in the volume, which no layout tells.
    """

    bout: Bout
    bad: int
    claimed: bool
    whole: bool
    lost: Sequence[bytes] = ()
    wrong: Sequence[bytes] = ()
    nameless: int = 0
    twice: int = 0

    @property
    def agrees(self) -> bool:
        """Whether the forecast was right, and nothing came back wrong."""
        better = self.whole and self.twice > 0
        right = better or agrees(self.bout.chance, self.whole)
        return right and self.claimed == self.whole and not self.wrong


def plan_drill(path: bytes, options: DrillOptions, monitor: Monitor) -> DrillPlan:
    """Check that the volume is intact, and settle what happens in each round and what is expected of it.

    Raises
    ------
    Damaged
        The volume is damaged, or has no parity stream.
    """
    structures = forecast(path).structures
    health = assess(path, monitor)
    if not isinstance(health, Health) or health.state is not State.INTACT:
        raise Damaged(f"{os.fsdecode(path)}: is damaged already; a drill needs an intact volume: repair it first")
    with ArchiveFile(path) as file:
        is_archive = read_locator(file) is not None
    # Once: a copy that is repaired is compared with this byte for byte.
    if is_archive and verify(path, deep=True, workers=options.workers, monitor=monitor).state != "intact":
        raise Damaged(f"{os.fsdecode(path)}: is damaged already; 'pybackup verify --deep' says where")
    prospects = Prospects(structures)
    strengths = []
    for model in options.models:
        if options.fraction is not None:
            strengths.append((model, max(1, round(options.fraction * structures.sectors))))
        else:
            strengths += [(model, prospects.just_below(model)), (model, prospects.just_past(model))]
    bouts = []
    for model, sectors in strengths:
        if not sectors:
            continue
        chance = prospects.chance(model, sectors)
        seeds = range(options.seed, options.seed + options.rounds)
        bouts += [Bout(model, sectors, sectors / structures.sectors, seed, chance) for seed in seeds]
    return DrillPlan(path, prospects, is_archive, bouts, options)


def perform_drill(plan: DrillPlan, monitor: Monitor) -> Iterator[DrillOutcome]:
    """Do one round after the other; the volume itself is only read.

    Raises
    ------
    EnvironmentFailed
        The copies cannot be written.
    """
    monitor.begin("drill", len(plan.bouts), 0)
    for bout in plan.bouts:
        directory = plan.options.work_dir or os.fsencode(tempfile.gettempdir())
        with ExitStack() as stack:
            with environment(directory):
                place = stack.enter_context(temporary_directory(directory))
            outcome = _perform(plan, bout, place)
        monitor.advance(1, 0)
        yield outcome
    monitor.end()


def _perform(plan: DrillPlan, bout: Bout, place: bytes) -> DrillOutcome:
    geometry = plan.prospects.structures.geometry
    damage = plan_strike(geometry, bout.model, bout.sectors, bout.seed)
    copy, fixed, target = (os.path.join(place, name) for name in (b"copy", b"fixed", b"restored"))
    _damage(plan, damage, copy)
    pairs = [(plan.path, fixed)]
    if geometry.sidecar:
        pairs.append((plan.path + SIDECAR_SUFFIX, fixed + SIDECAR_SUFFIX))
    twice = 0
    try:
        done = repair([copy], fixed, work_dir=place, monitor=Monitor())
        claimed, twice = done.complete, max(0, len(damage.lost) - done.mended - done.left)
    except FormatError:
        claimed, fixed = False, copy
    same = claimed and all(_same(*pair) for pair in pairs)
    if same or not plan.is_archive:
        return DrillOutcome(bout, len(damage.lost), claimed, same, twice=twice)
    os.mkdir(target)
    _restore(fixed, target, plan.options.workers)
    return DrillOutcome(bout, len(damage.lost), claimed, same, *_losses(plan.path, target), _nameless(target), twice)


def _damage(plan: DrillPlan, damage: Strike, copy: bytes) -> None:
    """Make the damaged copy, with its sidecar."""
    geometry = plan.prospects.structures.geometry
    with ExitStack() as stack:
        paths = [copy, copy + SIDECAR_SUFFIX] if geometry.sidecar else [copy]
        for path in paths:
            with environment(path):
                open(path, "xb").close()
        targets = [stack.enter_context(InPlace(path)) for path in paths]
        source = stack.enter_context(ArchiveFile(plan.path))
        write_copy(source, targets[0], damage.splices, damage.seed)
        if geometry.sidecar:
            write_copy(stack.enter_context(ArchiveFile(plan.path + SIDECAR_SUFFIX)), targets[1], (), damage.seed)
        files = [stack.enter_context(ArchiveFile(path)) for path in paths]
        overwrite(Sectors(geometry, *files), VolumeWriter(geometry, *targets), damage)


def _same(one: bytes, other: bytes) -> bool:
    with ArchiveFile(one) as left, ArchiveFile(other) as right:
        if left.size != right.size:
            return False
        return all(left.read_at(at, _STEP) == right.read_at(at, _STEP) for at in range(0, left.size, _STEP))


def _restore(image: bytes, target: bytes, workers: int | None) -> None:
    """Restore what can be from a copy that is not whole; who is lost shows in what is not there."""
    monitor = Monitor()
    try:
        archive = open_archive(image, alone=True)
    except NotAnArchive:
        return
    with archive:
        plan = plan_extract(archive, (), target, ExtractOptions(workers=workers), monitor)
        perform_extract(plan, monitor=monitor)


def _losses(source: bytes, target: bytes) -> tuple[list[bytes], list[bytes]]:
    """Return the files of the archive that are not in the target, and those that are with other content."""
    with open_archive(source, alone=True) as archive:
        listing = archive.listing
        files = {path for path, kind in zip(listing.paths, listing.rows.kinds, strict=True) if kind == Kind.FILE}
    lost, wrong = [], []
    for difference in compare(source, target, alone=True, monitor=Monitor()).differences:
        if difference.path in files:
            if "missing" in difference.kinds:
                lost.append(difference.path)
            elif {"type", "size", "content"} & set(difference.kinds):
                wrong.append(difference.path)
    return lost, wrong


def _nameless(target: bytes) -> int:
    found = os.walk(os.path.join(target, _LOST_FOUND))
    return sum(len(names) for _, _, names in found)
