"""The verdict on an archive in words: first whether anything is lost and what to do, then each loss and damage once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from .text import count, display, printable

if TYPE_CHECKING:
    from pybackup.check.verdict import ArchiveVerdict

_MOST_DAMAGE = 5  # so many damaged structures are named: only people who know the format understand them


def condition(verdict: ArchiveVerdict) -> str:
    """Return the condition of an archive, and whether anything in it is lost."""
    if verdict.state == "intact":
        return "intact"
    if verdict.by_parity:
        return "damaged, nothing is lost"
    if verdict.state == "repairable":
        return "damaged, but no content is lost"
    return f"damaged beyond repair{_how_much(verdict)}"


def remedy(verdict: ArchiveVerdict) -> str:
    """Return what to do about the damage; empty for an intact archive."""
    if verdict.state == "intact":
        return ""
    if verdict.by_parity:
        return "'pybackup repair' restores all of it"
    if verdict.spared and verdict.state == "repairable":
        return "'pybackup extract' of the whole set restores it; make this volume anew"
    if verdict.state == "repairable":
        return "'pybackup extract' restores all of it; archive it anew"
    if verdict.way is None:
        return "'pybackup repair' may restore it with another copy"
    return "'pybackup salvage' restores what is left, and more of it with another copy"


def losses(verdict: ArchiveVerdict) -> Iterator[str]:
    """Yield what is lost, each once, and why, unless the reason is just wrong bytes."""
    if verdict.missing is None:
        yield "lost: nothing is left that says how many entries there were; some may be missing"
    elif verdict.missing and not verdict.by_parity:
        yield f"lost: {count(verdict.missing, 'entry', 'entries')}, not even known by name"
    yield from (f"lost: {display(file.path)}{_why(file.reason)}" for file in verdict.not_intact if file.fate == "lost")


def harms(verdict: ArchiveVerdict) -> Iterator[str]:
    """Yield what is damaged but not lost: files that can be restored, and structures of the archive."""
    if verdict.missing and verdict.by_parity:
        yield f"needs repair: {count(verdict.missing, 'entry', 'entries')}, not even known by name"
    spared = set(verdict.spared)
    for file in verdict.not_intact:
        if file.fate != "lost":
            how = "damaged here, whole on another volume" if file.path in spared else "needs repair"
            yield f"{how}: {display(file.path)}"
    shown = verdict.damage[:_MOST_DAMAGE]
    yield from (f"damaged: {printable(said)}" for said in shown)
    if len(verdict.damage) > len(shown):
        yield f"damaged: {count(len(verdict.damage) - len(shown), 'more place')} in its structures; --json names them"


def _how_much(verdict: ArchiveVerdict) -> str:
    lost, back = len(verdict.lost), len(verdict.not_intact) - len(verdict.lost)
    said = [f"{lost:,} of {count(verdict.files, 'file')} lost, or there in part only"] if lost else []
    if verdict.missing:
        said.append(f"{count(verdict.missing, 'entry', 'entries')} not even known by name")
    elif verdict.missing is None and verdict.way is not None:
        said.append("and maybe more that no index lists")
    if back:
        said.append(f"{back:,} more damaged, which come back")
    return "".join(f", {each}" for each in said)


def _why(reason: str) -> str:
    from pybackup.compress.unpack import WRONG

    return f": {printable(reason)}" if reason and reason != WRONG else ""
