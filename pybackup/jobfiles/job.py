"""A job as it holds after all files were merged: every value with its origin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .hooks import Hook, read_hooks
from .notifiers import Notifier

BUILT_IN = "built-in"
COMMAND_LINE = "command line"


@dataclass(frozen=True, slots=True)
class Setting:
    """A value.

    Attributes
    ----------
    value
        As TOML has it, paths absolute.
    origins
        Where it stands; several where items were added to those of another place.
    is_added
        It is a list whose items are added to what is built in.
    """

    value: Any
    origins: tuple[str, ...]
    is_added: bool = False

    def over(self, below: Setting | None) -> Setting:
        """Return what holds where this is set over another: tables merge, ``+`` adds to lists, all else replaces."""
        if isinstance(self.value, list) and self.is_added and below is not None and isinstance(below.value, list):
            return Setting([*below.value, *self.value], (*below.origins, *self.origins), below.is_added)
        if isinstance(self.value, dict) and below is not None and isinstance(below.value, dict):
            return Setting({**below.value, **self.value}, (*below.origins, *self.origins))
        return self


@dataclass(frozen=True, slots=True)
class Job:
    """A job.

    Attributes
    ----------
    settings
        By key, all that stand anywhere.
    notifiers
        Those that it tells.
    """

    name: str
    settings: Mapping[str, Setting]
    notifiers: Sequence[Notifier] = field(default=())

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value of a key."""
        return self.settings[key].value if key in self.settings else default

    @property
    def mode(self) -> str:
        """``archive``, ``discs``, ``snapshot`` or ``stage``."""
        return str(self.get("mode", "archive"))

    @property
    def hooks(self) -> list[Hook]:
        """Its hooks, in the order of the file."""
        return read_hooks(self.get("hook", []))


@dataclass(frozen=True, slots=True)
class Configuration:
    """All jobs, by name, and the files that they stand in."""

    jobs: Mapping[str, Job]
    files: Sequence[str]
