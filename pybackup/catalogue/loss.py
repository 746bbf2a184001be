"""What would go with a medium, or went with it: copies are counted over media, by content.

Only a medium that is there, sound and lately enough checked counts (`media.counts_as_copy`). A file that goes on over
volumes of a set is a copy where all of its parts are. A recovery volume is no copy: it makes up for a lost volume.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from pybackup.model.entry import Kind
from pybackup.model.filed import CataloguedVolume, Medium, Sighting

from .connect import Catalogue
from .directories import Paths
from .find import filed_of_row, of_volume
from .schema import entry, medium
from .standing import Split, Standing


class Outlook(StrEnum):
    """What becomes of a file when a medium is lost, best first."""

    ELSEWHERE = "elsewhere"
    REBUILDABLE = "rebuildable"
    DOUBTFUL = "doubtful"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Loss:
    """What the loss of a medium comes to.

    Attributes
    ----------
    files, n_bytes
        All that is on it.
    copies
        Other media with the same volume that count.
    others
        Media that hold contents of it, and how many of its files each has: those that count.
    outlook
        Of each file of which no other medium that counts has a whole copy.
    by
        Recovery volumes that are there, and how many lost volumes of the set they would be needed for.
    """

    medium: Medium
    files: int
    n_bytes: int
    copies: tuple[Medium, ...]
    others: tuple[tuple[Medium, int], ...]
    outlook: tuple[tuple[Sighting, Outlook], ...]
    by: tuple[Medium, ...] = ()

    def count(self, outlook: Outlook) -> int:
        """Return how many files are in this position."""
        if outlook is Outlook.ELSEWHERE:
            return self.files - len(self.outlook)
        return sum(found is outlook for _, found in self.outlook)


def loss_of(catalogue: Catalogue, lost: Medium, *, checked_since_ns: int | None = None) -> Loss:
    """Return what would be lost with a medium, or was lost with it."""
    with catalogue.reading() as connection:
        known = Standing(connection, checked_since_ns, without=lost.id)
        held = lost.volume
        copies = tuple(known.counted.get(held.id, ()))
        if copies:
            return Loss(lost, held.files, held.content_bytes, copies, (), ())
        rows = connection.execute(_not_elsewhere(held, known.conditions)).all()
        others = _others(connection, held, known)
        split = Split(connection, known)
        rows = [row for row in rows if not split.is_whole(row)]
        by = known.recovery(held)
        paths = Paths(connection)
        doubted = _held_doubtfully(connection, rows, known)
        outlook = []
        for row in rows:
            position = Outlook.REBUILDABLE if by else Outlook.DOUBTFUL if row.id in doubted else Outlook.GONE
            filed = filed_of_row(row, paths.of(row.directory_id, bytes(row.name)))
            outlook.append((Sighting(filed, held, tuple(known.media.get(held.id, ()))), position))
    outlook.sort(key=lambda each: each[0].filed.path)
    return Loss(lost, held.files, held.content_bytes, (), others, tuple(outlook), tuple(by))


def _not_elsewhere(held: CataloguedVolume, conditions: Sequence[sa.ColumnElement[bool]]) -> sa.Select[Any]:
    other = entry.alias()
    elsewhere = (
        sa.select(sa.literal(1))
        .select_from(other)
        .join(medium, medium.c.volume_id == other.c.volume_id)
        .where(
            other.c.sha256 == entry.c.sha256,
            other.c.sparse == entry.c.sparse,
            other.c.parts == 0,
            other.c.volume_id != held.id,
            *conditions,
        )
    )
    return sa.select(entry).where(of_volume(held), entry.c.kind == int(Kind.FILE), ~elsewhere.exists())


def _others(connection: Connection, held: CataloguedVolume, known: Standing) -> tuple[tuple[Medium, int], ...]:
    other = entry.alias()
    pairs = (
        sa.select(entry.c.id, other.c.volume_id)
        .join_from(entry, other, sa.and_(other.c.sha256 == entry.c.sha256, other.c.sparse == entry.c.sparse))
        .where(of_volume(held), entry.c.kind == int(Kind.FILE), other.c.parts == 0, other.c.volume_id != held.id)
        .distinct()
        .subquery()
    )
    rows = connection.execute(sa.select(pairs.c.volume_id, sa.func.count()).group_by(pairs.c.volume_id))
    return tuple((each, int(count)) for number, count in rows for each in known.counted.get(number, ()))


def _held_doubtfully(connection: Connection, rows: Sequence[Any], known: Standing) -> set[int]:
    """Which of the rows lie on a suspect or unchecked medium as well."""
    if not known.doubtful or not rows:
        return set()
    doubtful = sa.select(entry.c.sha256, entry.c.sparse).where(
        entry.c.volume_id.in_(sorted(known.doubtful)), entry.c.parts == 0, entry.c.sha256.is_not(None)
    )
    contents = {(bytes(sha256), sparse) for sha256, sparse in connection.execute(doubtful)}
    return {
        row.id
        for row in rows
        if row.volume_id in known.doubtful or (row.sha256 is not None and (bytes(row.sha256), row.sparse) in contents)
    }
