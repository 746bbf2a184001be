"""A job as merged from all files: every value with the places it comes from."""

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
    """The value of a key.

    Attributes
    ----------
    value
        As TOML gives it, with paths made absolute.
    origins
        The places in files that it comes from; several if items were added to a list of another file.
    is_added
        Whether it is a list whose items are added to the built-in ones.
    """

    value: Any
    origins: tuple[str, ...]
    is_added: bool = False

    def over(self, below: Setting | None) -> Setting:
        """Return this setting put over a weaker one: tables are merged, ``+`` adds to lists, all else is replaced."""
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
        The settings of all files, by key.
    notifiers
        Those that are told about it.
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
    """All jobs, by name, and the files they are in."""

    jobs: Mapping[str, Job]
    files: Sequence[str]
