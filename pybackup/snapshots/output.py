"""Parsing what rsync prints: its progress, complaints about single files, and the totals at the end."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pybackup.model.problem import Problem, Trouble

_PROGRESS = re.compile(rb"\s*(\d+)\s+\d+%.*?(?:xfr#(\d+), )?(?:ir|to)-chk=(\d+)/(\d+)\)")
_TOTALS = {
    b"Number of regular files transferred": "copied_files",
    b"Total file size": "content_bytes",
    b"Total transferred file size": "copied_bytes",
    b"Total bytes sent": "sent_bytes",
    b"Total bytes received": "received_bytes",
}
_ENTRIES = re.compile(rb"Number of files: (\d+)(?: \((.*)\))?")
_REGULAR = re.compile(rb"reg: (\d+)")
_TOTAL = re.compile(rb"([A-Z][a-z ]+): (\d+)")
_ESCAPED = re.compile(rb"\\#([0-3][0-7]{2})")
_SAID = re.compile(rb"rsync(?: error)?: (?:\[[A-Za-z]+\] )?(.*)", re.DOTALL)
_NAMED = re.compile(rb'(.*?)"(.*)"(?: \(in (.*?)\))?(.*)', re.DOTALL)
_VANISHED = b"file has vanished: "
_CLOSING = b"rsync error: "
_WARNING = b"rsync warning: "
_ABOUT_METADATA = re.compile(
    rb"failed to set|chown|chmod|lchown|lsetxattr|lremovexattr|set_acl|sys_acl|rsync_xal|utimens|rsync_xattr"
)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far rsync is: entries looked at, entries known until now, and bytes copied."""

    entries: int
    known_entries: int
    copied_bytes: int


@dataclass(frozen=True, slots=True)
class Totals:
    """The totals that rsync prints at its end.

    Attributes
    ----------
    entries, files
        Entries of all kinds in the source; and regular files, each name of a hard link counted.
    content_bytes
        The sizes of all regular files.
    copied_files, copied_bytes
        The files that were not linked to an earlier snapshot.
    sent_bytes, received_bytes
        What was sent to and received from the other end.
    """

    entries: int = 0
    files: int = 0
    content_bytes: int = 0
    copied_files: int = 0
    copied_bytes: int = 0
    sent_bytes: int = 0
    received_bytes: int = 0


def parse_progress(line: bytes) -> Progress | None:
    """Return how far rsync is, of a line of its output; None for another line."""
    match = _PROGRESS.match(line)
    if match is None:
        return None
    left, known = int(match[3]), int(match[4])
    return Progress(max(0, known - left), known, int(match[1]))


def parse_totals(lines: list[bytes]) -> Totals:
    """Return the totals, of the last lines of rsync's output; a total that is not there is 0."""
    found: dict[str, int] = {}
    for line in lines:
        if entries := _ENTRIES.match(line):
            regular = _REGULAR.search(entries[2] or b"")
            found |= {"entries": int(entries[1]), "files": int(regular[1]) if regular else 0}
        elif (total := _TOTAL.match(line)) and total[1] in _TOTALS:
            found[_TOTALS[total[1]]] = int(total[2])
    return Totals(**found)


def parse_complaint(line: bytes) -> Problem | None:
    """Return what a line of rsync's standard error says about one file; None where it is about something else."""
    if line.startswith(_VANISHED):
        return Problem(_name(line.removeprefix(_VANISHED)), Trouble.VANISHED, "vanished while it was copied")
    if line.startswith((_CLOSING, _WARNING)) or not line.startswith(b"rsync: "):
        return None
    said = _SAID.match(line)
    named = _NAMED.match(said[1]) if said else None
    if said is None or named is None:
        return None
    before, name, module, behind = named.groups()
    if module:
        name = module + b"/" + name
    text = (before.rstrip() + b" " + behind.lstrip(b": ")).strip().decode(errors="backslashreplace")
    trouble = Trouble.METADATA if _ABOUT_METADATA.search(before) else Trouble.UNREADABLE
    return Problem(unescaped(name), trouble, text)


def reason_of_end(lines: list[bytes]) -> str:
    """Return why rsync gave up, in its own words, of the lines of its standard error."""
    said = [line.strip() for line in lines if line.strip()]
    telling = [line for line in said if not line.startswith((_CLOSING, _WARNING))] or said
    return " / ".join(_SAID.sub(rb"\1", line).decode(errors="backslashreplace") for line in telling[-2:])


def unescaped(name: bytes) -> bytes:
    r"""Return a name of which rsync has printed unprintable bytes as ``\#ooo``."""
    return _ESCAPED.sub(lambda match: bytes([int(match[1], 8)]), name)


def _name(quoted: bytes) -> bytes:
    named = _NAMED.match(quoted)
    return unescaped(named[2]) if named else quoted
