"""The probability that damage of a given kind and size is survived."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .forecast import HOPELESS, LIKELY, Structures
from .harm import Model, plan_strike

# So many that all alike say "certainly" and "never" by the bounds of the forecast.
_SAMPLES = 1000
_SEED = 1 << 32
# From here on both sides are looked for steps that make a difference.
_STEP = 0.05


@dataclass(frozen=True)
class Prospects:
    """What a volume survives, by kinds of damage."""

    structures: Structures

    def chance(self, model: Model, sectors: int) -> float:
        """Return the probability that everything comes back, over all seeds.

        It is exact, but for scratches and for bytes put in or taken out: of these many are planned, and counted.
        """
        structures = self.structures
        # No more of a file can be lost at its ends than there is: of a tiny one the sidecar has all.
        of_file = min(sectors, structures.file_sectors)
        if model is Model.FLIPS:
            return structures.flipping.chance(sectors)
        if model is Model.SCATTERED:
            return structures.scattering.chance(sectors)
        if model is Model.BURST:
            return structures.burst_chance(sectors)
        if model is Model.START:
            return float(of_file <= structures.longest_start)
        if model in (Model.END, Model.TRUNCATE):
            return float(of_file <= structures.longest_end)
        if model is Model.BOTH:
            return float(of_file <= structures.longest_both)
        return (sum(self._sample(model, sectors, seed) for seed in range(_SAMPLES)) + 1) / (_SAMPLES + 2)

    def just_below(self, model: Model) -> int:
        """Return how many sectors may be hit so that everything most likely comes back; 0 where that is none."""
        structures = self.structures
        exact = {
            Model.BURST: structures.longest_burst,
            Model.START: structures.longest_start,
            Model.END: structures.longest_end,
            Model.TRUNCATE: structures.longest_end,
            Model.BOTH: structures.longest_both,
            Model.FLIPS: structures.flipping.most(LIKELY),
        }
        likely = structures.scattering.most(LIKELY)
        if model not in _SAMPLED:
            return exact.get(model, likely)
        sectors = likely
        while sectors > 1 and not self._all(model, sectors, 1.0):
            sectors = int(sectors * (1 - _STEP))
        return sectors

    def just_past(self, model: Model) -> int:
        """Return how many sectors must be hit for something to be left, most likely; 0 where none are too many."""
        structures = self.structures
        ends = {
            Model.START: structures.longest_start,
            Model.END: structures.longest_end,
            Model.TRUNCATE: structures.longest_end,
            Model.BOTH: structures.longest_both,
        }
        if model in ends:
            return ends[model] + 1 if ends[model] < structures.file_sectors else 0
        exact = {
            Model.BURST: structures.luckiest_burst + 1,
            Model.FLIPS: structures.flipping.most(HOPELESS) + 1,
        }
        sectors = structures.scattering.most(HOPELESS) + 1
        if model not in _SAMPLED or model is Model.INSERT:
            # No length is too much to be put in.
            return min(exact.get(model, sectors), structures.geometry.sectors)
        while sectors < structures.file_sectors // 2 and not self._all(model, sectors, 0.0):
            sectors += 1 + int(sectors * _STEP)
        return sectors

    def _all(self, model: Model, sectors: int, outcome: float) -> bool:
        return all(self._sample(model, sectors, seed) == outcome for seed in range(_SAMPLES))

    def _sample(self, model: Model, sectors: int, seed: int) -> float:
        """Return 1 for a strike that is survived, 0 for one that is not, and a half where that is not sure."""
        damage = plan_strike(self.structures.geometry, model, sectors, _SEED + seed)
        if not self.structures.survives(damage.lost):
            return 0.0
        if not len(damage.near):
            return 1.0
        return 1.0 if self.structures.survives(np.concatenate([damage.lost, damage.near])) else 0.5


_SAMPLED = frozenset((Model.SCRATCHES, Model.INSERT, Model.DELETE))


def is_decided(chance: float) -> bool:
    """Return whether a probability says what will happen."""
    return not HOPELESS < chance < LIKELY


def agrees(chance: float, whole: bool) -> bool:
    """Return whether what happened is what a probability said."""
    return not is_decided(chance) or (chance >= LIKELY) == whole
