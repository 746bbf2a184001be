"""Which runs of a chain are kept restorable, and which media none of them needs any more."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from pybackup.errors import UsageError
from pybackup.model.catalogued import CataloguedRun, CataloguedVolume, Medium, MediumState, VolumeSort
from pybackup.model.retention import Retention, why_kept

from .connect import Catalogue
from .media import is_gone, media, set_state
from .runs import runs


@dataclass(frozen=True, slots=True)
class Pruning:
    """The runs that the rules keep, the others, and the media that are not needed any more.

    Attributes
    ----------
    kept
        The runs that are kept, the oldest first, each with the reasons.
    dropped
        The runs that no rule keeps, and that no kept run needs to be restored.
    superseded
        Media that hold nothing that a kept run, or a run of another chain, needs.
    """

    kept: Sequence[tuple[CataloguedRun, Sequence[str]]]
    dropped: Sequence[CataloguedRun]
    superseded: Sequence[Medium]


def plan_pruning(catalogue: Catalogue, chain: str, policy: Retention) -> Pruning:
    """Return which runs the rules keep, and which media are superseded; nothing is changed.

    A run of which not all volumes are known is neither kept nor dropped: it may not be finished yet.

    Raises
    ------
    UsageError
        The chain has no complete run.
    """
    every = runs(catalogue)
    own = [run for run in every if run.mark.chain == chain]
    complete = [run for run in own if run.is_complete]
    if not complete:
        raise UsageError(f"{chain}: no chain of the catalogue that has a complete run")
    reasons = why_kept([run.mark.at_ns for run in complete], policy)
    pairs = list(zip(complete, reasons, strict=True))
    kept = [(run, why) for run, why in pairs if why]
    dropped = [run for run, why in pairs if not why]
    others = [run for run in every if run.mark.chain != chain or not run.is_complete]
    needed = {identity for run in (*(run for run, _ in kept), *others) for identity in _ids(run)}
    candidates = {held.identity for run in dropped for held in run.volumes} - needed
    # A recovery volume is needed as long as any volume of its set is.
    sets = {run.archive for run in dropped if candidates.issuperset(held.identity for held in run.volumes)}
    superseded = [known for known in media(catalogue) if not is_gone(known) and _is_of(known.volume, candidates, sets)]
    return Pruning(kept, dropped, superseded)


def retire(catalogue: Catalogue, superseded: Sequence[Medium]) -> None:
    """Mark superseded media as retired: they do not count as copies any more."""
    for known in superseded:
        set_state(catalogue, known.id, MediumState.RETIRED)


def _is_of(held: CataloguedVolume, identities: Collection[bytes], sets: Collection[bytes]) -> bool:
    """Whether a volume has one of these identities, or is a recovery volume of one of these sets."""
    return held.identity in identities or (held.sort is VolumeSort.RECOVERY and held.set_id in sets)


def _ids(run: CataloguedRun) -> set[bytes]:
    """Return the ids of the volumes that have the tree of a run."""
    return {held.identity for held in run.volumes} | {need.identity for need in run.needs if need.files}
