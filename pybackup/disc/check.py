"""Checking discs: how damaged each one is, how much more damage its parity can repair, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from pybackup.archive.find import FoundFile
from pybackup.check.verdict import ArchiveVerdict
from pybackup.check.verify import phases_of_verify, verify
from pybackup.errors import EnvironmentFailed, FormatError
from pybackup.mend.health import State
from pybackup.model.problem import Problem, Trouble
from pybackup.monitor import Monitor
from pybackup.parity.odds.remaining import Remaining, remaining

# A disc is to be watched as soon as it needs parity; to be renewed if the repair of the worst group takes more than
# _AGEING of its parity; to be repaired at once if it takes more than _WORN.
_AGEING = 0.02
_WORN = 0.25


class Advice(StrEnum):
    """What to do about a disc.

    KEEP: nothing, it is intact. WATCH: check it more often. RENEW: burn it anew. REPAIR: repair a copy of it at once.
    ANEW: the image cannot be repaired, but all content is there: make a new image of it. RESCUE: it is beyond repair,
    extract what is left. LOOK: nothing could be read, look after the drive.
    """

    KEEP = "keep"
    WATCH = "watch"
    RENEW = "renew"
    REPAIR = "repair"
    ANEW = "anew"
    RESCUE = "rescue"
    LOOK = "look"


@dataclass(frozen=True, slots=True)
class CheckedDisc:
    """What the check of one disc found.

    Attributes
    ----------
    verdict
        The verdict on the disc's archive; None if the disc could not be read or has no archive.
    remaining
        How much further damage could be repaired; None if that is not known, or the disc is already beyond repair.
    failure
        Why there is no verdict; empty if there is one.
    unread
        Whether the drive failed or may not be opened, so that nothing is known about the disc.
    """

    path: bytes
    verdict: ArchiveVerdict | None
    remaining: Remaining | None
    advice: Advice
    failure: str = ""
    unread: bool = False

    @property
    def state(self) -> State:
        """The state of the disc: that of its archive; beyond repair if there is no verdict."""
        return self.verdict.state if self.verdict else State.BEYOND


def check_discs(files: Sequence[FoundFile], monitor: Monitor) -> Iterator[CheckedDisc]:
    """Read every sector of each image, archive or device, and yield what was found.

    A disc that cannot be read, or has no archive, is a problem for the monitor; the others are still checked.

    Raises
    ------
    UsageError
        A path does not exist.
    """
    monitor.plan([phase for file in files for phase in phases_of_verify(file.path)])
    for file in files:
        yield _check(file, monitor)


def _check(file: FoundFile, monitor: Monitor) -> CheckedDisc:
    path = file.path
    try:
        verdict = verify(path, file, monitor=monitor)
    except (FormatError, EnvironmentFailed) as error:
        reason = error.without(path)
        unread = isinstance(error, EnvironmentFailed)
        monitor.problem(Problem(path, Trouble.UNREADABLE, reason))
        return CheckedDisc(path, None, None, Advice.LOOK if unread else Advice.RESCUE, reason, unread)
    health = verdict.health
    left = None
    if health is not None and health.geometry.groups:
        left = remaining(health.geometry, np.flatnonzero(health.bad))
    return CheckedDisc(path, verdict, left, _advice(verdict, left))


def _advice(verdict: ArchiveVerdict, left: Remaining | None) -> Advice:
    if verdict.state is State.BEYOND:
        return Advice.RESCUE
    if verdict.state is State.INTACT:
        return Advice.KEEP
    if not verdict.by_parity:
        return Advice.ANEW  # all content is there, but not every byte of the disc comes back
    used = 1 - left.weakest_margin if left else 1.0
    if used <= _AGEING:
        return Advice.WATCH
    return Advice.RENEW if used <= _WORN else Advice.REPAIR
