"""What is lost with a medium: which of its files are on no other one. Copies are counted by content.

Only a medium that is there, sound and checked lately enough counts (`media.counts_as_copy`). Of a file that is divided
over volumes of a set, all parts together are a copy. A recovery volume is no copy, but a volume can be rebuilt by it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from pybackup.model.catalogued import CataloguedVolume, Medium, Sighting
from pybackup.model.entry import Kind

from .bulk import batches
from .connect import Catalogue
from .directories import Paths
from .find import of_volume
from .needed import NeededBy, needed_by
from .schema import entry, medium, volume
from .standing import Split, Standing

_PARAMETERS = 500  # in one IN (...): every database takes as many


class Outlook(StrEnum):
    """What becomes of a file when a medium is lost, best first."""

    ELSEWHERE = "elsewhere"
    REBUILDABLE = "rebuildable"
    DOUBTFUL = "doubtful"
    DEPENDENT = "dependent"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Loss:
    """The consequences of losing a medium.

    Attributes
    ----------
    files, n_bytes
        All that is on it.
    copies
        Other media that count and hold the same volume.
    others
        Other media that count and have content of it, each with the number of its files that it has.
    outlook
        If details were asked for: each file of which no other medium that counts has a whole copy. Dependent are files
        on other media, stored there as deltas to a content that is on no other medium.
    by
        Recovery volumes by which the lost volume can be rebuilt.
    counts
        How many files have each outlook.
    needed_by
        Chains with archives that build on the volume.
    """

    medium: Medium
    files: int
    n_bytes: int
    copies: tuple[Medium, ...]
    others: tuple[tuple[Medium, int], ...]
    outlook: tuple[tuple[Sighting, Outlook], ...]
    by: tuple[Medium, ...] = ()
    counts: Mapping[Outlook, int] = field(default_factory=dict)
    needed_by: tuple[NeededBy, ...] = ()


def loss_of(catalogue: Catalogue, lost: Medium, *, details: bool = True, checked_since_ns: int | None = None) -> Loss:
    """Return what would be lost with a medium, or was lost with it.

    Parameters
    ----------
    details
        Fill `Loss.outlook` with each file; counting alone is quicker where there are millions.
    """
    with catalogue.reading() as connection:
        known = Standing(connection, checked_since_ns, without=[lost.id])
        held = lost.volume
        copies = tuple(known.counted.get(held.id, ()))
        if copies:
            everywhere = {Outlook.ELSEWHERE: held.files}
            return Loss(lost, held.files, held.content_bytes, copies, (), (), counts=everywhere)
        by = known.recovery(held)
        rows: Sequence[Any] = ()
        split = Split(connection, known)
        dependent = [] if by else _dependent(connection, lost, known, split)
        if details:
            rows = [
                row for row in connection.execute(_not_elsewhere(held, known.conditions)) if not split.is_whole(row)
            ]
            doubted = set() if by else _held_doubtfully(connection, rows, known)
            n_doubted, n_alone = len(doubted), len(rows)
        else:
            doubted = set()
            n_alone, n_doubted = _count(connection, held, known, split)
        n_doubted = 0 if by else n_doubted
        counts = {
            Outlook.ELSEWHERE: held.files - n_alone,
            Outlook.REBUILDABLE: n_alone if by else 0,
            Outlook.DOUBTFUL: n_doubted,
            Outlook.DEPENDENT: len(dependent),
            Outlook.GONE: 0 if by else n_alone - n_doubted,
        }
        outlook = _outlook(connection, rows, known, doubted, bool(by)) if details else []
        if details:
            paths = Paths(connection)
            outlook += [(known.sighting(row, paths), Outlook.DEPENDENT) for row in dependent]
        others = _others(connection, held, known)
        chains = needed_by(connection, [held.identity])
    return Loss(lost, held.files, held.content_bytes, (), others, tuple(outlook), tuple(by), counts, chains)


def _dependent(connection: Connection, lost: Medium, known: Standing, split: Split) -> list[Any]:
    """Return the entries of other volumes that can be read only with this medium."""
    if not split.bases:
        return []
    with_it = split.under(known.with_copy(lost))
    keys = {split.key(row) for row in split.rows if row.id in split.bases and row.sha256 is not None}
    keys = {key for key in keys if not split.copies(key)[0]}
    whole: dict[Any, set[int]] = {}
    for some in batches({sha256 for sha256, _ in keys}, _PARAMETERS):
        query = sa.select(entry.c.sha256, entry.c.sparse, entry.c.volume_id)
        for sha256, sparse, number in connection.execute(query.where(entry.c.sha256.in_(some), entry.c.parts == 0)):
            whole.setdefault((bytes(sha256), sparse), set()).add(number)
    gone = {
        key
        for key in keys
        if whole.get(key, set()).isdisjoint(known.counted)
        and (with_it.copies(key)[0] or lost.volume.id in whole.get(key, ()))
    }
    return [
        row for row in split.rows if row.id in split.bases and row.volume_id in known.counted and split.key(row) in gone
    ]


def _count(connection: Connection, held: CataloguedVolume, known: Standing, split: Split) -> tuple[int, int]:
    """Return how many files are nowhere else, and how many of these are on a doubtful medium as well.

    The database counts; only entries whose content is divided over volumes somewhere are looked at here.
    """
    whole = sa.select(sa.func.count()).where(of_volume(held), entry.c.kind == int(Kind.FILE), entry.c.parts == 0)
    there = _also_in(held, known, known.counted).where(entry.c.parts == 0).with_only_columns(entry.c.id)
    alone = int(connection.execute(whole).scalar_one()) - _number_of(connection, there.distinct())
    doubted = 0
    if held.id not in known.doubtful and known.doubtful:
        doubtful = _also_in(held, known, known.doubtful).where(entry.c.parts == 0).with_only_columns(entry.c.id)
        doubted = _number_of(connection, doubtful.except_(there))
    if split.rows:
        other = entry.alias()
        in_parts = entry.c.sha256.in_(sa.select(other.c.sha256).where(other.c.parts > 0))
        rows = connection.execute(_not_elsewhere(held, known.conditions).where(sa.or_(entry.c.parts > 0, in_parts)))
        missing, made_up = [], []
        for row in rows:
            if row.parts and not split.is_whole(row):
                missing.append(row)
            elif not row.parts and split.is_whole(row):
                made_up.append(row)
        alone += len(missing) - len(made_up)
        doubted += len(_held_doubtfully(connection, missing, known))
        doubted -= len(_held_doubtfully(connection, made_up, known))
    return alone, alone if held.id in known.doubtful else doubted


def _number_of(connection: Connection, rows: sa.Select[Any] | sa.CompoundSelect[Any]) -> int:
    return int(connection.execute(sa.select(sa.func.count()).select_from(rows.subquery())).scalar_one())


def _also_in(held: CataloguedVolume, known: Standing, volumes: Collection[int]) -> sa.Select[Any]:
    """Select each file of ``held`` and each of ``volumes`` that has its whole content, starting at the smaller side."""
    wanted = sorted(set(volumes) - {held.id})
    other = entry.alias()
    same = sa.and_(other.c.sha256 == entry.c.sha256, other.c.sparse == entry.c.sparse)
    columns = sa.select(entry.c.id, other.c.volume_id)
    if sum(known.volumes[number].entries for number in wanted) < held.entries:
        # By the id of the volume, not by the range of ids of its entries: so an index leads from a content to these.
        of_others = sa.and_(other.c.id >= volume.c.first_entry, other.c.id < volume.c.first_entry + volume.c.entries)
        pairs = columns.select_from(volume).join(other, of_others).join(entry, same).where(entry.c.volume_id == held.id)
    else:
        pairs = columns.select_from(entry).join(other, same).join(volume, volume.c.id == other.c.volume_id)
        pairs = pairs.where(of_volume(held))
    return pairs.where(volume.c.id.in_(wanted), entry.c.kind == int(Kind.FILE), other.c.parts == 0)


def _outlook(
    connection: Connection, rows: Sequence[Any], known: Standing, doubted: set[int], is_rebuildable: bool
) -> list[tuple[Sighting, Outlook]]:
    paths = Paths(connection)
    found = []
    for row in rows:
        otherwise = Outlook.DOUBTFUL if row.id in doubted else Outlook.GONE
        found.append((known.sighting(row, paths), Outlook.REBUILDABLE if is_rebuildable else otherwise))
    return sorted(found, key=lambda each: each[0].filed.path)


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
    pairs = _also_in(held, known, known.counted).distinct().subquery()
    counted = sa.select(pairs.c.volume_id, sa.func.count()).group_by(pairs.c.volume_id).order_by(pairs.c.volume_id)
    rows = connection.execute(counted)
    return tuple((each, int(count)) for number, count in rows for each in known.counted.get(number, ()))


def _held_doubtfully(connection: Connection, rows: Sequence[Any], known: Standing) -> set[int]:
    """Return the ids of the rows whose content is also on a medium that is suspect or was not checked lately."""
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
