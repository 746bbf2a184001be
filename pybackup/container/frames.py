"""What is open while an archive is written: containers, directories, a file; and what a volume hands on to the next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pybackup.layout import names
from pybackup.layout.table_builder import TableBuilder
from pybackup.model.content import Piece
from pybackup.model.entry import Entry, Owner
from pybackup.model.member import Member, Stored

from .bundles import Bundle

if TYPE_CHECKING:
    from hashlib import _Hash


@dataclass(slots=True)
class Open:
    """The container of a directory while it is being written."""

    number: int
    header_at: int
    start: int
    table: TableBuilder
    region: _Hash
    names: names.Names = field(default_factory=names.Names)
    bundles: dict[Owner, Bundle] = field(default_factory=dict)
    bundles_written: int = 0

    @property
    def waiting_bytes(self) -> int:
        """How much the bundles that wait will add at most."""
        return sum(bundle.bound_bytes for bundle in self.bundles.values())


@dataclass(slots=True)
class Frame:
    """A directory while it is being written; its container is opened by the first content below it.

    ``row`` is its row in the table of the directory above, ``rows`` what waits for its own table.
    """

    entry: Entry
    row: int
    tree_row: int | None
    rows: list[tuple[Stored, int | None]] = field(default_factory=list)
    container: Open | None = None
    member_name: bytes = b""

    def add(self, stored: Stored, parent: int | None) -> int:
        """Add a row, and return its number: the same before and after the container is opened."""
        if self.container:
            return self.container.table.add(stored, parent)
        self.rows.append((stored, parent))
        return len(self.rows) - 1


@dataclass(slots=True)
class File:
    """A file while its pieces are written, and what to go back to when it starts anew.

    ``piece`` is the last one written, ``numbers`` those of the segments that are here.
    """

    at: int
    region: _Hash
    names: list[bytes]
    piece: Piece
    members: list[Member] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Carry:
    """What one volume hands on to the next, so that names of members are the same in both.

    Attributes
    ----------
    containers
        By path: the member name of a directory's container, and the names that are taken in it. Of those that will
        be written to; there may be more.
    file
        The names of all members of the file that goes on; None where none does.
    """

    containers: Mapping[bytes, tuple[bytes, names.Names]] = field(default_factory=dict)
    file: list[bytes] | None = None
