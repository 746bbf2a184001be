"""What an archive holds, however it was found out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple, Protocol, runtime_checkable

from pybackup.model.entry import Owner
from pybackup.model.member import Container, Stored
from pybackup.model.problem import Problem


class Way(StrEnum):
    """By which structure the entries were found, best first."""

    TREE = "tree index"
    CONTAINERS = "container indexes"
    HEADERS = "member headers"


class Rows(Protocol):
    """Entries by row: a table of an index, or a list put together from what is left."""

    @property
    def kinds(self) -> Sequence[int]:
        """The kind of each row, a `pybackup.model.entry.Kind` by number."""
        ...

    def stored(self, row: int, path: bytes) -> Stored:
        """Return the entry of ``row``."""
        ...


class Brief(NamedTuple):
    """An entry without link target and extras: what `Stored` says of it, at a fourth of the price.

    Attributes
    ----------
    digest
        SHA-256 of the content, or its first bytes; empty where unknown or without content.
    packed_bytes, segments
        Of its content: how long all its members are, and how many it has, wherever they are.
    """

    kind: int
    size: int
    mtime_ns: int
    mode: int
    digest: bytes
    sparse: bool
    owner: Owner
    changed: bool
    packed_bytes: int
    segments: int

    @classmethod
    def of(cls, stored: Stored) -> Brief:
        """Return the same of an entry that is there already."""
        entry, members = stored.entry, stored.members
        packed_bytes, segments = sum(member.packed_bytes for member in members), len(members) + stored.missing
        return cls(
            entry.kind,
            entry.size,
            entry.mtime_ns,
            entry.mode,
            stored.digest,
            stored.sparse,
            entry.owner,
            stored.changed,
            packed_bytes,
            segments,
        )


@runtime_checkable
class BriefRows(Protocol):
    """Rows that can tell the least of an entry, for whoever goes through millions."""

    def briefs(self, rows: Iterable[int]) -> Iterator[Brief | None]:
        """Yield the least of the entry of each row; None where that is not all there is to it."""
        ...


class FoundRows:
    """Entries put together one by one."""

    def __init__(self, entries: Sequence[Stored]) -> None:
        self._entries = entries
        self.kinds: Sequence[int] = [stored.entry.kind for stored in entries]

    def stored(self, row: int, path: bytes) -> Stored:
        """Return the entry of ``row``."""
        return self._entries[row]


@dataclass(frozen=True, slots=True)
class Listing:
    """The entries of an archive, in tree order.

    Attributes
    ----------
    paths
        Path of each row.
    way
        The structure that gave them.
    expected
        How many entries the archive was made with, None where nothing says so any more.
    damage
        What was found damaged on the way here, in words.
    settings
        What the archive says of its making; empty where that is lost.
    unknown
        Why there may be more entries than anybody can tell, in words; empty where `expected` says all.
    doubts
        Entries of which something but their content is lost, such as the name of their directory.
    digest
        Hash of the tree index: the same in archives that hold the same. Empty where another structure gave the entries.
    """

    paths: Sequence[bytes]
    rows: Rows
    way: Way
    archive_id: bytes
    expected: int | None
    damage: Sequence[str] = ()
    settings: dict[str, Any] = field(default_factory=dict)
    containers: Sequence[tuple[int, Container]] = ()
    doubts: Sequence[Problem] = ()
    unknown: str = ""
    digest: bytes = b""

    def __len__(self) -> int:
        return len(self.paths)

    @property
    def missing(self) -> int | None:
        """How many entries are not even known by name; None where nobody can tell.

        Of a volume that lost its tree index more may be found than it had: those without content, of its whole set.
        """
        if self.expected is None or self.expected < len(self):
            return None
        return self.expected - len(self)

    @property
    def complete(self) -> bool:
        """Whether every entry the archive was made with is known."""
        return self.expected == len(self.paths) and not self.unknown

    @property
    def incompleteness(self) -> str:
        """What is not known of the entries there were, in words; empty where all are known."""
        if self.unknown or self.complete:
            return self.unknown
        if self.expected is None:
            return "nothing is left that says how many entries there were; some may be missing"
        if self.expected < len(self):
            found = f"{len(self)} entries were found of {self.expected}"
            return f"{found}, some of which are of others; some may be missing"
        return f"{self.expected - len(self)} of {self.expected} entries are not even known by name"

    def stored(self, row: int) -> Stored:
        """Return the entry of ``row`` with its members."""
        return self.rows.stored(row, self.paths[row])

    def briefly(self, rows: Sequence[int]) -> Iterator[tuple[bytes, Brief, Stored | None]]:
        """Yield path and the least of the entry of each row, and the whole of it where that is more."""
        paths = self.paths if len(rows) == len(self.paths) else (self.paths[row] for row in rows)
        if not isinstance(self.rows, BriefRows):
            for row, path in zip(rows, paths, strict=True):
                stored = self.rows.stored(row, path)
                yield path, Brief.of(stored), stored
            return
        for row, path, brief in zip(rows, paths, self.rows.briefs(rows), strict=True):
            if brief is not None:
                yield path, brief, None
            else:
                stored = self.rows.stored(row, path)
                yield path, Brief.of(stored), stored

    def doubts_of(self, rows: Iterable[int]) -> list[Problem]:
        """Return the doubts that concern some rows."""
        if not self.doubts:
            return []
        paths = {self.paths[row] for row in rows}
        return [doubt for doubt in self.doubts if doubt.path in paths]

    def __iter__(self) -> Iterator[Stored]:
        for row in range(len(self.paths)):
            yield self.stored(row)
