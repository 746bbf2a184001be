"""Hooks in job files: programs that run before or after a job or a part of it, read from their tables."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .keys import check_type
from .mistakes import no_such

STATES = ("ok", "problems", "fail", "skipped")
_KEYS = ("before", "after", "states", "run", "shell", "time_limit")
_MOMENTS = {"before": ("run", "level", "burn", "prune"), "after": ("run", "level", "volume", "burn", "prune")}
_MODES: Mapping[str, tuple[str, ...]] = {
    "level": ("archive", "discs"),
    "volume": ("discs",),
    "burn": ("discs",),
    "prune": ("archive", "snapshot"),
}
_WITH_STATES = ("run", "level", "burn")
_SPAN = re.compile(r"(\d{1,6})\s*(s|min|h)")
_SECONDS = {"s": 1, "min": 60, "h": 3600}


@dataclass(frozen=True, slots=True)
class Hook:
    """A program to run.

    Attributes
    ----------
    argv
        The program and its arguments; with ``shell`` one command line for a shell.
    is_before
        Whether it runs before the step, which it can stop, or after it, whatever its outcome.
    states
        The outcomes after which it runs.
    limit_seconds
        It is killed after this time; None for no limit.
    about
        The step: ``run``, the whole run; ``level``, the making of each archive or of the set; ``volume``, each volume;
        ``burn``, the burning of each image; ``prune``, the deleting of earlier archives.
    """

    argv: tuple[str, ...]
    is_before: bool
    states: tuple[str, ...] = STATES
    shell: bool = False
    limit_seconds: int | None = None
    about: str = "run"

    @property
    def moment(self) -> str:
        """When it runs, as a text for people: ``before``, ``after``, ``after volume``."""
        side = "before" if self.is_before else "after"
        return side if self.about == "run" else f"{side} {self.about}"


def check_hooks(value: Any) -> None:
    """Raise ValueError for hooks with mistakes."""
    read_hooks(value)


def hooks_that_never_run(hooks: Sequence[Hook], mode: str, *, burns: bool) -> Iterator[str]:
    """Yield what is wrong with each hook for a step that a job of this mode does not have."""
    for number, hook in enumerate(hooks, 1):
        modes = _MODES.get(hook.about, (mode,))
        what = f"hook {number}: {'before' if hook.is_before else 'after'} = {hook.about!r}"
        if mode not in modes:
            yield f"{what} is for jobs of mode {' and '.join(modes)}"
        elif hook.about == "burn" and not burns:
            yield f'{what}: nothing is burnt without the key burn, such as burn = "/dev/sr0"'


def read_hooks(value: Any) -> list[Hook]:
    """Return the hooks of a job.

    Raises
    ------
    ValueError
        One has a mistake.
    """
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise ValueError("hooks are tables, each under a heading [[job.NAME.hook]]")
    return [_hook(number, each) for number, each in enumerate(value, 1)]


def _hook(number: int, table: Mapping[str, Any]) -> Hook:
    try:
        for name in table:
            if name not in _KEYS:
                raise ValueError(f"{name}: {no_such('key', name, _KEYS)}")
        sides = [name for name in ("before", "after") if name in table]
        if len(sides) != 1:
            raise ValueError('has either before = "run" or after = "run"')
        side, about = sides[0], table[sides[0]]
        there = ", ".join(f"{name!r}" for name in _MOMENTS[side])
        if about not in _MOMENTS[side]:
            raise ValueError(f"{side}: {about!r} is none of {there}")
        if about not in _WITH_STATES and "states" in table:
            raise ValueError("states are those of a run, a level or a burn")
        return Hook(_argv(table), side == "before", _states(table), table.get("shell", False), _limit(table), about)
    except ValueError as error:
        raise ValueError(f"hook {number}: {error}") from None


def _argv(table: Mapping[str, Any]) -> tuple[str, ...]:
    check_type(table.get("shell", False), frozenset((bool,)))
    run = table.get("run")
    if isinstance(run, str) and run:
        if not table.get("shell"):
            raise ValueError("run is a list, the program and each of its arguments; a text needs shell = true")
        return (run,)
    if not isinstance(run, list) or not run or not all(isinstance(part, str) for part in run) or not run[0]:
        raise ValueError("run is a list: the program and each of its arguments")
    if table.get("shell"):
        raise ValueError("shell = true is for a text, not for a list")
    return tuple(run)


def _states(table: Mapping[str, Any]) -> tuple[str, ...]:
    states = table.get("states", list(STATES))
    if "states" in table and "before" in table:
        raise ValueError("states are known only afterwards")
    if not isinstance(states, list) or not states:
        raise ValueError("states are a list")
    for state in states:
        if state not in STATES:
            raise ValueError(f"states: {no_such('state', str(state), STATES)}; there are {', '.join(STATES)}")
    return tuple(states)


def _limit(table: Mapping[str, Any]) -> int | None:
    if "time_limit" not in table:
        return None
    return read_span(table["time_limit"])


def read_span(value: Any) -> int:
    """Return a span of time such as ``30s``, ``10min`` or ``2h`` in seconds."""
    match = _SPAN.fullmatch(value) if isinstance(value, str) else None
    if match is None or not int(match[1]):
        raise ValueError(f"{value!r} is no span of time such as 30s, 10min or 2h")
    return int(match[1]) * _SECONDS[match[2]]
