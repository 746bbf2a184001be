"""How far a run has come in all of its phases, its present speed and the time left: the numbers, not the drawing."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence

from pybackup.monitor import Phase

_RECENT_SECONDS = 3.0  # time constant of the rate shown for a phase
_STEADY_SECONDS = 20.0  # time constant of the rate for the time left, which must not jump


class Rate:
    """A smoothed rate in units per second: the weight of a measurement decays exponentially with its age.

    Parameters
    ----------
    span
        The time constant in seconds, after which a measurement has about a third (1/e) of its weight.
    """

    def __init__(self, span: float) -> None:
        self._span = span
        self._sum = self._weight = 0.0

    def add(self, units: float, seconds: float) -> None:
        """Add a measurement: ``units`` in ``seconds``."""
        if seconds > 0:
            kept = math.exp(-seconds / self._span)
            self._sum = kept * self._sum + (1 - kept) * units / seconds
            self._weight = kept * self._weight + 1 - kept

    @property
    def value(self) -> float | None:
        """The rate in units per second; None before the first measurement."""
        return self._sum / self._weight if self._weight else None


class Course:
    """The phases of a run: those announced, the current one, and how much of them is done.

    A phase that was not announced, when no other is left, counts as a run of its own.

    Attributes
    ----------
    title
        The title of the current phase, or of the next one; empty if none is left.
    total, done
        The units of that phase, and how many are done; the total is 0 if it is not known.
    is_at_work
        Whether that phase has begun.
    longest
        The number of characters in the longest title announced.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._ahead: list[Phase] = []
        self._reset()
        self.title, self.total, self.done = "", 0, 0
        self.is_at_work = False
        self._work, self._since = 0.0, self._sampled_at
        self._rate = Rate(_RECENT_SECONDS)

    def _reset(self) -> None:
        self._finished = self._shown = 0.0
        self.longest = 0
        self._steady = Rate(_STEADY_SECONDS)
        self._sampled_at = self._clock()
        self._sampled_done, self._sampled_work = 0, 0.0

    @property
    def is_over(self) -> bool:
        """Whether no phase is running, and none is left."""
        return not self.title

    def plan(self, phases: Sequence[Phase]) -> None:
        """Announce further phases of the run; the current phase ends."""
        if self.is_at_work:
            self.end()
        elif self.is_over:
            self._reset()
        self._ahead = list(phases)
        self.longest = max(len(self.title), *(len(phase.title) for phase in phases), 0)
        self._turn_to_next()

    def begin(self, title: str, total: int) -> None:
        """Begin a phase: the current one ends, and phases announced before this one are skipped."""
        if self.is_at_work:
            self.end()
        at = next((at for at, phase in enumerate(self._ahead) if phase.title == title), None)
        if at is not None:
            self._work = self._ahead[at].work
            del self._ahead[: at + 1]
        else:
            if not self._ahead:
                self._reset()
            self._work = float(total)
        self._enter(title, total)
        self.is_at_work = True

    def drop(self) -> None:
        """Drop all announced phases: they will not come."""
        self._ahead = []
        self._turn_to_next()

    def _enter(self, title: str, total: int) -> None:
        self.title, self.total, self.done = title, total, 0
        self._since = self._sampled_at = self._clock()
        self._sampled_done, self._sampled_work = 0, self._finished
        self._rate = Rate(_RECENT_SECONDS)

    def advance(self, count: int) -> None:
        """Count ``count`` more units of the current phase as done."""
        self.done += count

    def end(self) -> None:
        """End the current phase, even if not all of its units were done."""
        self._sample()
        self._finished += self._work
        self._turn_to_next()

    def _turn_to_next(self) -> None:
        self.is_at_work = False
        self._work = 0.0
        self._enter(self._ahead[0].title if self._ahead else "", 0)

    def _sample(self) -> None:
        now = self._clock()
        seconds, self._sampled_at = now - self._sampled_at, now
        self._rate.add(self.done - self._sampled_done, seconds)
        work = self._done_work()
        self._steady.add(max(0.0, work - self._sampled_work), seconds)
        self._sampled_done, self._sampled_work = self.done, work

    def _done_work(self) -> float:
        part = min(1.0, self.done / self.total) if self.total else 0.0
        return self._finished + part * self._work

    def _all_work(self) -> float:
        return self._finished + self._work + sum(phase.work for phase in self._ahead)

    def fraction(self) -> float:
        """Return the fraction of the run that is done, from 0 to 1; it never decreases during a run."""
        whole = self._all_work()
        self._shown = max(self._shown, min(1.0, self._done_work() / whole) if whole else 0.0)
        return self._shown

    def measure(self) -> tuple[float | None, float | None, float]:
        """Return units per second in this phase, seconds left of the run, and seconds since the phase began.

        The first two are None if they are not known yet.
        """
        self._sample()
        speed, left = self._steady.value, self._all_work() - self._done_work()
        return self._rate.value if self.done else None, left / speed if speed else None, self._clock() - self._since
