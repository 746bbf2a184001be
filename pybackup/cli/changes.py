"""Printing what changed between two states of a tree, as text or JSON."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .json_form import json_line
from .monitor import Talk
from .results import conclude
from .statuses import Status
from .streams import deliver, deliver_lines
from .text import display, humane_bytes

if TYPE_CHECKING:
    from pybackup.check.diff import Change

_SIGNS = {"added": "+", "removed": "-", "changed": "~", "renamed": ">"}


def deliver_changes(changes: Sequence[Change], options: argparse.Namespace, talk: Talk) -> Status:
    """Print a line, or one of JSON, for each changed path; then the summary. Return the exit status."""
    if options.json:
        deliver(map(_json, changes))
    else:
        deliver_lines(map(_line, changes))
    counts = Counter(str(change.what) for change in changes)
    return conclude(talk, ", ".join(f"{counts[what]:,} {what}" for what in _SIGNS))


def _line(change: Change) -> str:
    name, size = display(change.path), change.size if change.size is not None else change.size_before
    told = "" if size is None else f"  {humane_bytes(size)}"
    if change.what == "changed":
        was = change.size_before
        if "size" in change.respects and was is not None and size is not None:
            told = f"  {humane_bytes(was)} to {humane_bytes(size)}"
        told = f"  {', '.join(change.respects)}{told}"
    former = f"{display(change.former)} -> " if change.former else ""
    return f"{_SIGNS[change.what]} {former}{name}{told}"


def _json(change: Change) -> bytes:
    return json_line(
        {
            "what": change.what,
            "path": change.path,
            "respects": change.respects,
            "size_before": change.size_before,
            "size": change.size,
            "former": change.former or None,
        }
    )
