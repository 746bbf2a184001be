"""Checking discs: the health of each in numbers, what it would still survive, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from pybackup.check.verdict import ArchiveVerdict
from pybackup.check.verify import phases_of_verify, verify
from pybackup.errors import EnvironmentFailed, FormatError
from pybackup.mend.health import State
from pybackup.model.problem import Problem, Trouble
from pybackup.monitor import Monitor
from pybackup.parity.odds.remaining import Remaining, remaining

# If this part of the worst group's parity is needed already, the disc is to be watched, or renewed.
_AGEING = 0.02
_WORN = 0.25


class Advice(StrEnum):
    """What to do about a disc."""

    KEEP = "keep"
    WATCH = "watch"
    RENEW = "renew"
    REPAIR = "repair"
    RESCUE = "rescue"
    LOOK = "look"


@dataclass(frozen=True, slots=True)
class CheckedDisc:
    """What the check of one disc found.

    Attributes
    ----------
    verdict
        The verdict on its archive; None if it could not be read, or has no archive.
    remaining
        What further damage it would survive; None if that is not known, or it is beyond repair already.
    failure
        Why there is no verdict.
    unread
        Whether the drive failed or must not be read, so that nothing is known about the disc.
    """

    path: bytes
    verdict: ArchiveVerdict | None
    remaining: Remaining | None
    advice: Advice
    failure: str = ""
    unread: bool = False

    @property
    def state(self) -> State:
        """The state of the disc; beyond repair if it cannot even be read."""
        return self.verdict.state if self.verdict else State.BEYOND


def check_discs(paths: Sequence[bytes], monitor: Monitor) -> Iterator[CheckedDisc]:
    """Read every sector of each image, archive or device, and yield the results; after a failure the others go on.

    Raises
    ------
    UsageError
        One does not exist.
    """
    monitor.plan([phase for path in paths for phase in phases_of_verify(path)])
    for path in paths:
        yield _check(path, monitor)


def _check(path: bytes, monitor: Monitor) -> CheckedDisc:
    try:
        verdict = verify(path, monitor=monitor)
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
    used = 1 - left.weakest_margin if left else 1.0
    if used <= _AGEING:
        return Advice.WATCH
    return Advice.RENEW if used <= _WORN else Advice.REPAIR
