"""Runs of a chain: which chain an archive is of, when its run was, and at which level."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pybackup.errors import Damaged, UsageError

_MAX_NAME = 255
_MAX_REASON = 1000
_KEY = "run"
_RANGE_NS = 1 << 63


class RunLevel(StrEnum):
    """What of a tree a run stores."""

    FULL = "full"
    DIFFERENTIAL = "differential"
    INCREMENTAL = "incremental"


@dataclass(frozen=True, slots=True)
class RunMark:
    """What an archive, or each volume of a set, says of the run that made it.

    Attributes
    ----------
    chain
        Its name, as for `check_chain`.
    at_ns
        When the run began.
    reason
        Why it is of this level, where nobody asked for that; may be empty.
    """

    chain: str
    at_ns: int
    level: RunLevel
    reason: str = ""

    def settings(self) -> dict[str, Any]:
        """Return what the settings of the archive hold."""
        told = {"chain": self.chain, "at_ns": self.at_ns, "level": self.level.value, "reason": self.reason}
        return {_KEY: told}

    @classmethod
    def of_settings(cls, settings: Mapping[str, Any]) -> RunMark | None:
        """Return what the settings of an archive say; None for one that is of no chain.

        Raises
        ------
        Damaged
            They say what cannot be.
        """
        said = settings.get(_KEY)
        if said is None:
            return None
        if isinstance(said, dict):
            chain, at_ns, level, reason = (said.get(key) for key in ("chain", "at_ns", "level", "reason"))
            if (
                isinstance(chain, str)
                and is_chain_name(chain)
                and type(at_ns) is int
                and -_RANGE_NS <= at_ns < _RANGE_NS
                and level in tuple(RunLevel)
                and isinstance(reason, str)
                and len(reason) <= _MAX_REASON
            ):
                return cls(chain, at_ns, RunLevel(level), reason)
        raise Damaged("settings that tell of an impossible run of a chain")


def is_chain_name(text: str) -> bool:
    """Return whether a chain may be called so: 1 to 255 printable characters, no slash, no white space around them."""
    return 0 < len(text) <= _MAX_NAME and text.isprintable() and "/" not in text and text == text.strip()


def check_chain(text: str) -> str:
    """Return the name of a chain.

    Raises
    ------
    UsageError
        It is none.
    """
    if not is_chain_name(text):
        raise UsageError(
            f"no name for a chain: {text!r}; 1 to {_MAX_NAME} printable characters, no slash, no space around them"
        )
    return text
