"""What goes wrong with one file while the run goes on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Trouble(StrEnum):
    """The kinds of problem, as they appear in reports."""

    UNREADABLE = "unreadable"
    VANISHED = "vanished"
    CHANGED = "changed"
    LOST = "lost"
    DAMAGED = "damaged"
    DIFFERENT = "different"
    CONTRADICTORY = "contradictory"
    REFUSED = "refused"
    EXISTS = "exists"
    METADATA = "metadata"
    UNRECORDED = "not in the catalogue"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem: which path, of what kind, and why.

    A path is bytes because names are; whoever shows it decides how.
    """

    path: bytes
    trouble: Trouble
    reason: str
