"""The record of a snapshot, kept beside it: when it was made, of what, and how many files and bytes it has."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any

VERSION = 1
_LONGEST_BYTES = 1 << 16
_TYPES: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (int, float),
    "str": (str,),
    "bool": (bool,),
    "int | None": (int, type(None)),
}


class SnapshotState(StrEnum):
    """How far a snapshot got."""

    COMPLETE = "complete"
    INCOMPLETE = "incomplete"
    GOING = "being removed"
    FOREIGN = "not made by pybackup"


@dataclass(frozen=True, slots=True)
class SnapshotRecord:
    """A run that made a snapshot.

    Attributes
    ----------
    number
        Counts the runs into one target, so it gives their order even if clocks were wrong.
    started, finished
        Seconds since the epoch.
    source
        As the user gave it.
    host
        The machine that made it.
    status
        The exit status of rsync.
    checksum
        Whether all contents were compared.
    files, content_bytes
        What the snapshot holds; each name of a hard link counts.
    copied_files, copied_bytes
        What was copied and not linked.
    linked_files, new_files, changed_files, deleted_files
        Compared with the snapshot before; None if the target is on another machine.
    problems
        How many files were not copied, or not exactly.
    most_links
        The most names that any of its files has in all snapshots together; 0 if that is not known.
    """

    number: int
    started: float
    finished: float
    source: str
    host: str
    status: int = 0
    checksum: bool = False
    files: int = 0
    content_bytes: int = 0
    copied_files: int = 0
    copied_bytes: int = 0
    linked_files: int | None = None
    new_files: int | None = None
    changed_files: int | None = None
    deleted_files: int | None = None
    problems: int = 0
    most_links: int = 0
    is_complete: bool = True

    def to_json(self) -> bytes:
        """Return it as a line of JSON; bytes that are no UTF-8 are lone surrogates, as in Python's file names."""
        return json.dumps({"version": VERSION, **asdict(self)}, ensure_ascii=True).encode() + b"\n"


def parse_record(data: bytes) -> SnapshotRecord | None:
    """Return the record that `SnapshotRecord.to_json` wrote; None for anything else."""
    try:
        found = json.loads(data[:_LONGEST_BYTES])
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or found.pop("version", None) != VERSION:
        return None
    known = {field.name: field for field in fields(SnapshotRecord)}
    if not all(name in known and _fits(known[name].type, value) for name, value in found.items()):
        return None
    try:
        return SnapshotRecord(**found)
    except TypeError:
        return None  # something is missing


def _fits(wanted: Any, value: object) -> bool:
    """Whether a value is of the type of a field."""
    return type(value) in _TYPES[wanted]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A snapshot in a target, with its record.

    Attributes
    ----------
    name
        Its name, without ``.incomplete``.
    directory
        The name of its directory in the target.
    record
        None if another program has made it.
    """

    name: bytes
    directory: bytes
    state: SnapshotState
    record: SnapshotRecord | None = None

    @property
    def is_complete(self) -> bool:
        """Whether it can be linked to, and restored from."""
        return self.state in (SnapshotState.COMPLETE, SnapshotState.FOREIGN)

    @property
    def order(self) -> tuple[int, bytes]:
        """The key for sorting: by number; those of other programs come first, by their dated names."""
        return (self.record.number if self.record else 0), self.name
