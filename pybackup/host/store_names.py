"""What backups are called in a store: by their tree, their level and their time, from which their order is read."""

from __future__ import annotations

import os
import re
import time
from calendar import timegm
from collections.abc import Sequence
from dataclasses import dataclass

from pybackup.errors import UsageError
from pybackup.model.run import RunLevel, is_chain_name

from .store import Store

_LEVELS = "|".join(RunLevel)
_NAME = re.compile(rf"(?P<tree>.+)\.(?P<level>{_LEVELS})\.(?P<moment>\d{{8}}T\d{{6}}\.\d{{6}})Z\.xtar", re.DOTALL)


@dataclass(frozen=True, slots=True, order=True)
class KeptBackup:
    """An archive in a store; the order is that of time.

    Attributes
    ----------
    moment
        When it was made, UTC, as names have it: ``20261130T081500.000000``.
    file
        Its name there.
    """

    moment: str
    level: str
    file: str


def check_name(name: str, source: bytes) -> None:
    """Refuse what a directory cannot be called in a store.

    Raises
    ------
    UsageError
        It is such a name.
    """
    if not is_chain_name(name):
        raise UsageError(
            f"{os.fsdecode(source)!r} cannot be called {name!r} in a store",
            option="name",
            hint="gives it another: 1 to 255 printable characters, no slash, no space around them",
        )


def kept_of(name: str, store: Store) -> list[KeptBackup]:
    """Return the backups of a tree that a store has, the oldest first."""
    found = (_NAME.fullmatch(file) for file in store.list())
    return sorted(
        KeptBackup(each["moment"], each["level"], each.string) for each in found if each and each["tree"] == name
    )


def base_of(kept: Sequence[KeptBackup], name: str, level: str) -> KeptBackup | None:
    """Return what the next backup builds on; None for a full one, and at any level but `RunLevel` where there is none.

    Raises
    ------
    UsageError
        There is none for that level.
    """
    if level == RunLevel.FULL:
        return None
    fitting = [each for each in kept if level != RunLevel.DIFFERENTIAL or each.level == RunLevel.FULL]
    if not fitting and level in list(RunLevel):
        raise UsageError(f"{name}: there is no backup in the store that a {level} one could build on", option="level")
    return max(fitting, default=None)


def next_moment(kept: Sequence[KeptBackup]) -> str:
    """Return the time of the next backup: now, but later than all there are."""
    now = moment_of(time.time_ns())
    last = max(kept, default=None)
    if last is None or last.moment < now:
        return now
    seconds, _, micro = last.moment.partition(".")
    at_ns = timegm(time.strptime(seconds, "%Y%m%dT%H%M%S")) * 10**9 + (int(micro) + 1) * 1000
    return moment_of(at_ns)


def moment_of(at_ns: int) -> str:
    """Return a time in nanoseconds since the epoch as names have it."""
    seconds, ns = divmod(at_ns, 10**9)
    return f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime(seconds))}.{ns // 1000:06}"
