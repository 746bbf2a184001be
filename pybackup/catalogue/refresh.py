"""Which media should be written again, which of their volumes are still needed, and the results of writing them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from pybackup.model.catalogued import CataloguedVolume, Medium, VolumeSort

from .connect import Catalogue
from .health import worn
from .media import find_medium, is_gone, media
from .risk import Exposed, exposed
from .runs import runs
from .standing import copies_of_volumes


@dataclass(frozen=True, slots=True)
class Worn:
    """A volume that should be written again, or no longer needs to be.

    Attributes
    ----------
    media
        The media of the volume that should be replaced, each with the reason.
    files, n_bytes
        How many of its files have fewer copies than wanted if these media do not count, and the sum of their sizes.
    chains
        The chains with a run in this volume, if the volume has fewer copies than wanted without these media.
    is_recovery
        It is a recovery volume, and no other medium with it counts.
    """

    media: Sequence[tuple[Medium, str]]
    files: int
    n_bytes: int
    chains: Sequence[str]
    is_recovery: bool

    @property
    def volume(self) -> CataloguedVolume:
        """The volume that all these media hold."""
        return self.media[0][0].volume

    @property
    def is_needed(self) -> bool:
        """Whether anything would have too few copies without these media."""
        return bool(self.files or self.chains or self.is_recovery)


class RefreshOutcome(StrEnum):
    """The result for a volume that was to be written again."""

    WRITTEN = "written"
    BEYOND = "beyond"
    MISSING = "missing"
    FOREIGN = "foreign"


@dataclass(frozen=True, slots=True)
class Refreshed:
    """A volume that was to be written again.

    Attributes
    ----------
    path
        What was written; None if it could not be written whole.
    others
        Other media of the volume that may help, lost ones left out.
    by
        Of a volume that could not be written: recovery volumes by which it can be rebuilt.
    """

    worn: Worn
    outcome: RefreshOutcome
    path: bytes | None = None
    others: Sequence[Medium] = ()
    by: Sequence[Medium] = ()


def plan_refresh(
    catalogue: Catalogue,
    named: Sequence[str] = (),
    *,
    copies: int = 2,
    added_before_ns: int | None = None,
    checked_since_ns: int | None = None,
) -> list[Worn]:
    """Return the volumes on worn media: those still needed first, and of these the ones with most files at risk.

    Parameters
    ----------
    named
        Labels of media; if empty, all that `health.worn` names, and all that were entered before ``added_before_ns``.
    copies
        How many copies of a file are wanted; a worn medium is none.
    added_before_ns, checked_since_ns
        In ns since the epoch. A medium that was not checked since then is no copy either.

    Raises
    ------
    UsageError
        No medium has such a label.
    """
    candidates = _named(catalogue, named) if named else _worn(catalogue, added_before_ns)
    without = [known.id for known, _ in candidates]
    few = exposed(catalogue, copies, checked_since_ns=checked_since_ns, without=without)
    at_risk: dict[int, Exposed] = {each.volume.id: each for each in few}
    counted = copies_of_volumes(catalogue, checked_since_ns=checked_since_ns, without=without)
    chains: dict[bytes, list[str]] = {}
    for run in runs(catalogue):
        for held in run.volumes:
            chains.setdefault(held.identity, []).append(run.mark.chain)

    of_volume: dict[int, list[tuple[Medium, str]]] = {}
    for known, reason in candidates:
        of_volume.setdefault(known.volume.id, []).append((known, reason))
    found = []
    for number, several in of_volume.items():
        held = several[0][0].volume
        risk = at_risk.get(number)
        left = counted.get(held.identity, 0)
        of_chains = sorted(set(chains.get(held.identity, ()))) if left < copies else []
        is_recovery = held.sort is VolumeSort.RECOVERY and not left
        found.append(Worn(several, risk.files if risk else 0, risk.n_bytes if risk else 0, of_chains, is_recovery))
    return sorted(found, key=lambda each: (not each.is_needed, -each.files, each.media[0][0].label))


def _named(catalogue: Catalogue, named: Sequence[str]) -> list[tuple[Medium, str]]:
    reasons = {known.id: reason for known, reason in worn(catalogue)}
    found = {known.id: known for known in (find_medium(catalogue, label) for label in named)}
    return [
        (known, known.state.value if is_gone(known) else reasons.get(known.id, "named")) for known in found.values()
    ]


def _worn(catalogue: Catalogue, added_before_ns: int | None) -> list[tuple[Medium, str]]:
    found = worn(catalogue)
    if added_before_ns is not None:
        listed = {known.id for known, _ in found}
        old = (known for known in media(catalogue) if known.added_ns < added_before_ns and not is_gone(known))
        found += [(known, "old") for known in old if known.id not in listed]
    return found
