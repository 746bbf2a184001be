"""Planning a drill: what will happen to copies of a volume, and what is expected of it; what came of each round."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from pybackup.check.forecast import forecast
from pybackup.check.verify import verify
from pybackup.container.read import read_locator
from pybackup.errors import Damaged
from pybackup.host.storage import ArchiveFile
from pybackup.mend.health import Health, State, assess
from pybackup.monitor import Monitor
from pybackup.parity.odds.harm import Model
from pybackup.parity.odds.prospect import Prospects, agrees


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
