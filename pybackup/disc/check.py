"""Checking discs: the health of each in numbers, what it would still survive, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from pybackup.check.verify import Verdict, verify
from pybackup.errors import EnvironmentFailed, FormatError
from pybackup.mend.health import State
from pybackup.model.problem import Problem, Trouble
from pybackup.monitor import Monitor
from pybackup.parity.odds.remaining import Remaining, remaining

# Of the parity of the worst group: what is needed of it already.
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
    """What one disc came to.

    Attributes
    ----------
    verdict
        None where it could not be read, or is nothing of ours.
    remaining
        What it would survive beyond its damage; None where nothing is known, or it does not survive that.
    failure
        Why there is no verdict.
    unread
        It says nothing of the disc: the drive, or the permission to read it, is what failed.
    """

    path: bytes
    verdict: Verdict | None
    remaining: Remaining | None
    advice: Advice
    failure: str = ""
    unread: bool = False

    @property
    def state(self) -> State:
        """How the disc is; beyond where it cannot even be read."""
        return self.verdict.state if self.verdict else State.BEYOND


def check_discs(paths: Sequence[bytes], monitor: Monitor) -> Iterator[CheckedDisc]:
    """Read every sector of each image, archive or device, and yield what it came to; one bad disc stops nothing.

    Raises
    ------
    UsageError
        One does not exist.
    """
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


def _advice(verdict: Verdict, left: Remaining | None) -> Advice:
    if verdict.state is State.BEYOND:
        return Advice.RESCUE
    if verdict.state is State.INTACT:
        return Advice.KEEP
    used = 1 - left.weakest_margin if left else 1.0
    if used <= _AGEING:
        return Advice.WATCH
    return Advice.RENEW if used <= _WORN else Advice.REPAIR
