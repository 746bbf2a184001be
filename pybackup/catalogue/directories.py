"""Paths of directories to their ids and back. The paths of all media share one table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from .bulk import batches, insert_rows
from .schema import ROOT, directory

_PARAMETERS = 500  # in one IN (...): every database takes as many


class Directories:
    """The ids of directories for entries that are being entered; new directories get ids at once and rows by `save`.

    Only the children of directories on the paths are read from the database, and those of each directory only once.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._ids: dict[bytes, int] = {b"": ROOT}
        newest = connection.execute(sa.select(sa.func.max(directory.c.id))).scalar()
        self._next = (newest or ROOT) + 1
        self._first_new = self._next
        self._new: list[tuple[int, int, bytes]] = []
        self._children: dict[int, dict[bytes, int]] = {}

    def id_of(self, path: bytes) -> int:
        """Return the id of a directory, which is new if it was not there."""
        known = self._ids.get(path)
        if known is not None:
            return known
        # A loop, since a path may be deeper than Python lets functions call each other.
        end = path.rfind(b"/")
        while end > 0 and path[:end] not in self._ids:
            end = path.rfind(b"/", 0, end)
        found = self._ids[path[:end]] if end > 0 else ROOT
        while end < len(path):
            start, end = end + 1, path.find(b"/", end + 1)
            end = end if end > 0 else len(path)
            found = self._ids[path[:end]] = self._child(found, path[start:end])
        return found

    def save(self) -> None:
        """Insert the rows of the new directories."""
        insert_rows(self._connection, directory, self._new)
        self._new = []

    def _child(self, parent: int, name: bytes) -> int:
        if parent < self._first_new:
            if parent not in self._children:
                rows = self._connection.execute(
                    sa.select(directory.c.name, directory.c.id).where(directory.c.parent_id == parent)
                )
                self._children[parent] = {bytes(found): number for found, number in rows}
            there = self._children[parent].get(name)
            if there is not None:
                return there
        number = self._next
        self._next += 1
        self._new.append((number, parent, name))
        return number


class Paths:
    """Paths of directories by their ids."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: dict[int, bytes] = {ROOT: b""}
        self._all = False

    def of(self, number: int, name: bytes) -> bytes:
        """Return the path of an entry, by the id of its directory and its name."""
        above = self[number]
        return above + b"/" + name if above else name

    def __getitem__(self, number: int) -> bytes:
        path = self._known.get(number)
        if path is None:
            parent, name = self._connection.execute(
                sa.select(directory.c.parent_id, directory.c.name).where(directory.c.id == number)
            ).one()
            path = self._known[number] = self.of(parent, bytes(name))
        return path

    def every(self) -> dict[int, bytes]:
        """Return the paths of all directories there are."""
        if not self._all:
            # By id, the directory around another one comes before it, as it was entered first.
            rows = self._connection.execute(
                sa.select(directory.c.id, directory.c.parent_id, directory.c.name).order_by(directory.c.id)
            )
            for number, parent, name in rows:
                if number != ROOT:
                    self._known[number] = self.of(parent, bytes(name))
            self._all = True
        return self._known


def find_directory(connection: Connection, path: bytes) -> int | None:
    """Return the id of a directory by its whole path; None for one that is not there."""
    number = ROOT
    for name in path.split(b"/") if path else ():
        found = connection.execute(
            sa.select(directory.c.id).where(directory.c.parent_id == number, directory.c.name == name)
        ).scalar()
        if found is None:
            return None
        number = found
    return number


def find_ending(connection: Connection, tail: bytes) -> list[int]:
    """Return the ids of the directories whose path is ``tail``, or ends in a slash and ``tail``."""
    *above, last = tail.split(b"/")
    rows = connection.execute(sa.select(directory.c.id, directory.c.parent_id).where(directory.c.name == last))
    # Pairs: a directory, and that one of those around it whose name is compared next.
    found = [(number, parent) for number, parent in rows if number != ROOT]
    for name in reversed(above):
        parents = _rows_of(connection, {parent for _, parent in found})
        found = [(number, parents[parent][0]) for number, parent in found if parents[parent][1] == name]
    return [number for number, _ in found]


def with_all_below(connection: Connection, tops: Iterable[int], *, most: int | None = None) -> list[int]:
    """Return the ids of directories and of all directories in them, at any depth; it stops soon after ``most``."""
    found = dict.fromkeys(tops)
    level = list(found)
    while level and (most is None or len(found) <= most):
        below: list[int] = []
        for some in batches(level, _PARAMETERS):
            below += connection.execute(sa.select(directory.c.id).where(directory.c.parent_id.in_(some))).scalars()
        level = [number for number in below if number not in found]
        found |= dict.fromkeys(level)
    return list(found)


def find_containing(connection: Connection, part: bytes, most: int) -> list[int] | None:
    """Return the ids of the directories with ``part`` in one name of their path.

    None for an empty part, and if there are more than ``most``.
    """
    if not part:
        return None
    tops = connection.execute(sa.select(directory.c.id).where(contains(directory.c.name, part))).scalars().all()
    found = with_all_below(connection, tops, most=most)
    return found if len(found) <= most else None


class contains(FunctionElement[bool]):  # noqa: N801 - used as a function
    """Whether bytes contain others. LIKE would ignore case in some databases, and refuse bytes that are no text."""

    type = sa.Boolean()
    inherit_cache = True


@compiles(contains)
def _by_instr(element: Any, compiler: Any, **options: Any) -> str:
    return f"instr({compiler.process(element.clauses, **options)}) > 0"


@compiles(contains, "postgresql")
def _by_position(element: Any, compiler: Any, **options: Any) -> str:
    within, sought = (compiler.process(clause, **options) for clause in element.clauses)
    return f"position({sought} in {within}) > 0"


def _rows_of(connection: Connection, numbers: Iterable[int]) -> dict[int, tuple[int, bytes]]:
    """Return the id of the parent, and the name, of each directory, by its id."""
    found: dict[int, tuple[int, bytes]] = {}
    for some in batches(numbers, _PARAMETERS):
        rows = connection.execute(
            sa.select(directory.c.id, directory.c.parent_id, directory.c.name).where(directory.c.id.in_(some))
        )
        found |= {number: (parent, bytes(name)) for number, parent, name in rows}
    return found
