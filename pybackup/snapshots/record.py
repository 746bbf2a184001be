"""What is written down of a snapshot, beside it: when it was made, of what, and what it cost."""

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
        Counts the runs into one target: the order in which they were made, whatever clocks said.
    started, finished
        Seconds since the epoch.
    source
        As it was given.
    host
        The machine that it was made by.
    status
        How rsync ended.
    checksum
        All contents were compared.
    files, content_bytes
        What the snapshot holds; each name of a hard link counts.
    copied_files, copied_bytes
        Those that were copied.
    linked_files, new_files, changed_files, deleted_files
        Against the snapshot before; None where the target cannot be looked at.
    problems
        How many files were not copied, or not as they are.
    most_links
        How many names the file with most of them has in all snapshots together; 0 where nobody looked.
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
        """Return it as a line of JSON; names that are no UTF-8 have their bytes as lone surrogates, as in Python."""
        return json.dumps({"version": VERSION, **asdict(self)}, ensure_ascii=True).encode() + b"\n"


def parse_record(data: bytes) -> SnapshotRecord | None:
    """Return a record, None of what is none."""
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
    """A directory in the target, with what is known of it.

    Attributes
    ----------
    name
        Of the snapshot, without what marks one that is not complete.
    directory
        The name of the directory.
    record
        None for what others have made.
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
        """What they are sorted by: what was there before us comes first, by its dated name."""
        return (self.record.number if self.record else 0), self.name
