"""The table of the recovery discs of a stage: which discs each of them covers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from .tables import Tables
from .values import DiscState


class CoverTable(Tables):
    """Recovery discs, by the numbers of the discs that they cover. All that cover the same discs are a group."""

    def covers(self) -> dict[int, tuple[int, ...]]:
        """Return the numbers of the discs that each recovery disc covers, in order, by its own number."""
        found: dict[int, tuple[int, ...]] = {}
        for disc, covered in self._all("SELECT disc, covered FROM cover ORDER BY disc, covered"):
            found[disc] = (*found.get(disc, ()), covered)
        return found

    def set_cover(self, disc: int, covered: Iterable[int]) -> None:
        """Enter which discs a recovery disc covers."""
        for number in covered:
            self._do("INSERT INTO cover VALUES (?, ?)", disc, number)

    def drop_recovery_disc(self, disc: int) -> None:
        """Remove a recovery disc that could not be made."""
        self._do("DELETE FROM cover WHERE disc = ?", disc)
        self._do("DELETE FROM disc WHERE number = ?", disc)

    def rebuilders(self) -> dict[int, tuple[int, ...]]:
        """Return the lost discs that can be rebuilt, each with the recovery discs that are needed for it."""
        states = {number: DiscState(state.decode()) for number, state in self._all("SELECT number, state FROM disc")}
        return rebuildable(self.covers(), {number for number, state in states.items() if state is DiscState.LOST})


def rebuildable(covers: Mapping[int, Sequence[int]], lost: set[int]) -> dict[int, tuple[int, ...]]:
    """Return which lost discs can be rebuilt, and by which recovery discs.

    As many discs of a group can be as recovery discs of it are left. What is rebuilt in one group may help in another.

    Parameters
    ----------
    covers
        The discs that each recovery disc covers.
    lost
        All discs that are lost, of either kind.
    """
    groups: dict[tuple[int, ...], list[int]] = {}
    for disc, covered in covers.items():
        groups.setdefault(tuple(covered), []).append(disc)
    found: dict[int, tuple[int, ...]] = {}
    while True:
        before = len(found)
        for covered, recovery in groups.items():
            missing = [number for number in covered if number in lost and number not in found]
            there = [number for number in recovery if number not in lost]
            if missing and len(missing) <= len(there):
                found |= {number: tuple(there[: len(missing)]) for number in missing}
        if len(found) == before:
            return found
