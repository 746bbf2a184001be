"""Planning a drill: how copies of a volume will be damaged, and what repair is expected to do; and its outcomes."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from pybackup.archive.open import open_archive
from pybackup.check.compare import compare
from pybackup.check.forecast import forecast
from pybackup.check.verify import phases_of_verify, verify
from pybackup.container.read import read_locator
from pybackup.errors import Damaged
from pybackup.host.storage import ArchiveFile
from pybackup.mend.health import Health, State, assess
from pybackup.mend.survey import phase_of_survey
from pybackup.model.entry import Kind
from pybackup.monitor import Monitor, Phase
from pybackup.parity.odds.harm import Model
from pybackup.parity.odds.prospect import Prospects, agrees

# How often a round reads a volume: to damage it, for its checksums, to merge it, to check it, to compare it.
ROUND_WORK = 5
_LOST_FOUND = b"lost+found"


@dataclass(frozen=True, slots=True)
class DrillOptions:
    """The options of a drill.

    Attributes
    ----------
    models
        Kinds of damage, one after the other.
    fraction
        The fraction of sectors to damage; None for just below and just above what the forecast says is survived.
    seed, rounds
        The number of rounds for each kind and fraction, with this seed and the following ones.
    work_dir
        The directory for damaged copies; None for the system's directory for temporary files.
    """

    models: Sequence[Model] = tuple(Model)
    fraction: float | None = None
    seed: int = 0
    rounds: int = 1
    work_dir: bytes | None = None
    workers: int | None = None


@dataclass(frozen=True, slots=True)
class Bout:
    """One round: how a copy is damaged, and the probability that all of it can be repaired."""

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
    """The outcome of one round.

    Attributes
    ----------
    bad
        How many sectors were damaged.
    claimed, whole
        Whether repair reported that everything is restored; and whether the result equals the volume byte for byte.
    lost, wrong
        Files that were not restored under their names, and files that were restored with other content; empty if the
        volume is not an archive.
    nameless
        How many files were restored in ``lost+found``, since the names of their directories are lost.
    twice
        How many damaged sectors were restored from the same content elsewhere in the volume, which a forecast cannot
        know, as it only looks at the layout.
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
        """Whether the forecast was right, and nothing was restored wrongly."""
        better = self.whole and self.twice > 0
        right = better or agrees(self.bout.chance, self.whole)
        return right and self.claimed == self.whole and not self.wrong


def plan_drill(path: bytes, options: DrillOptions, monitor: Monitor) -> DrillPlan:
    """Check that the volume is intact, and plan the damage of each round and what repair is expected to do.

    Raises
    ------
    Damaged
        The volume is damaged, or has no parity stream.
    """
    structures = forecast(path).structures
    rounds = options.rounds * len(options.models) * (2 if options.fraction is None else 1)
    n_bytes = structures.geometry.volume_bytes
    looks = [phase_of_survey(n_bytes), *phases_of_verify(path, deep=True)]
    monitor.plan([*looks, Phase("rounds", ROUND_WORK * n_bytes * rounds)])
    health = assess(path, monitor)
    if not isinstance(health, Health) or health.state is not State.INTACT:
        raise Damaged(f"{os.fsdecode(path)}: is damaged already; a drill needs an intact volume: repair it first")
    with ArchiveFile(path) as file:
        is_archive = read_locator(file) is not None
    # Once is enough: repaired copies are compared with this volume byte for byte.
    if is_archive and verify(path, deep=True, workers=options.workers, monitor=monitor).state != "intact":
        raise Damaged(f"{os.fsdecode(path)}: is damaged already; verifying every content says where")
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


def losses(source: bytes, target: bytes) -> tuple[list[bytes], list[bytes]]:
    """Return the files of the archive that are missing in the target, and those with other content there."""
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


def nameless(target: bytes) -> int:
    """Return how many files were restored without their names."""
    found = os.walk(os.path.join(target, _LOST_FOUND))
    return sum(len(names) for _, _, names in found)
