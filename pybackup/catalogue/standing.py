"""Which media count as copies, which volumes could be rebuilt, which files divided over volumes are whole."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from copy import copy
from typing import Any, Self

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from pybackup.model.catalogued import CataloguedVolume, Medium, MediumState, Sighting, VolumeSort
from pybackup.model.member import MAX_DEPTH

from .connect import Catalogue
from .directories import Paths
from .find import filed_of_row
from .media import counts_as_copy, covers_on, is_gone, media_on, volumes_on
from .schema import base, entry, medium


class Standing:
    """Which media count as copies, by their volume.

    Parameters
    ----------
    checked_since_ns
        See `media.counts_as_copy`.
    without
        The ids of media that are treated as lost.
    """

    def __init__(self, connection: Connection, checked_since_ns: int | None, *, without: Collection[int] = ()) -> None:
        self.volumes = volumes_on(connection)
        self.media: dict[int, list[Medium]] = {}
        self.counted: dict[int, list[Medium]] = {}
        self.doubtful: set[int] = set()
        for known in media_on(connection):
            self.media.setdefault(known.volume.id, []).append(known)
            if known.id in without:
                continue
            if counts_as_copy(known, checked_since_ns=checked_since_ns):
                self.counted.setdefault(known.volume.id, []).append(known)
            elif not is_gone(known):
                self.doubtful.add(known.volume.id)
        self._covered: dict[tuple[bytes, ...], list[int]] = {}
        for number, covered in covers_on(connection).items():
            self._covered.setdefault(covered, []).append(number)
        # `counts_as_copy` as an SQL condition
        self.conditions: list[sa.ColumnElement[bool]] = [
            medium.c.state == MediumState.OK.value,
            medium.c.seen_ns.is_not(None),
        ]
        if checked_since_ns is not None:
            self.conditions.append(medium.c.checked_ns >= checked_since_ns)
        if without:
            self.conditions.append(medium.c.id.not_in(without))

    def with_copy(self, known: Medium) -> Self:
        """Return a `Standing` with one more medium that counts as a copy."""
        other = copy(self)
        other.counted = {**self.counted, known.volume.id: [*self.counted.get(known.volume.id, ()), known]}
        return other

    def recovery(self, held: CataloguedVolume) -> list[Medium]:
        """Return the media of recovery volumes by which a volume can be rebuilt; none if there are too few."""
        return next((there for lost, there in self._groups(held) if lost <= len(there)), [])

    def can_lose(self, held: CataloguedVolume) -> bool:
        """Return whether a volume that is there could be rebuilt if it were lost now."""
        return any(lost + (held.id in self.counted) <= len(there) for lost, there in self._groups(held))

    def _groups(self, held: CataloguedVolume) -> Iterator[tuple[int, list[Medium]]]:
        """Yield the result of `_of_set` for its set, and the same for each group of archives covered together."""
        yield self._of_set(held)
        groups = [(covered, recovery) for covered, recovery in self._covered.items() if held.identity in covered]
        there = {self.volumes[number].identity for number in self.counted} if groups else set()
        for covered, recovery in groups:
            lost = sum(identity not in there for identity in covered)
            yield lost, [self.counted[number][0] for number in recovery if number in self.counted]

    def _of_set(self, held: CataloguedVolume) -> tuple[int, list[Medium]]:
        """Return how many data volumes of its set are lost, and a medium of each recovery volume that is not."""
        if not held.set_id or held.sort is VolumeSort.RECOVERY:
            return 1, []
        of_set = [each for each in self.volumes.values() if each.set_id == held.set_id]
        data = {each.number: each for each in of_set if each.sort is not VolumeSort.RECOVERY}
        last = max(data)
        if not data[last].last:
            return 1, []  # the number of volumes in the set is not known
        lost = sum(number not in data or data[number].id not in self.counted for number in range(1, last + 1))
        recovery = [each for each in of_set if each.sort is VolumeSort.RECOVERY and each.id in self.counted]
        return lost, [self.counted[each.id][0] for each in recovery]

    def sighting(self, row: Any, paths: Paths) -> Sighting:
        """Return an entry and the media that hold it."""
        path = paths.of(row.directory_id, bytes(row.name))
        held = self.volumes[row.volume_id]
        return Sighting(filed_of_row(row, path), held, tuple(self.media.get(held.id, ())))


def copies_of_volumes(
    catalogue: Catalogue, *, checked_since_ns: int | None = None, without: Collection[int] = ()
) -> dict[bytes, int]:
    """Return on how many media that count each volume is, by its id; recovery volumes that make up for it are one.

    Parameters
    ----------
    checked_since_ns, without
        See `Standing`.
    """
    with catalogue.reading() as connection:
        standing = Standing(connection, checked_since_ns, without=without)
        return {
            held.identity: len(standing.counted.get(held.id, ())) + standing.can_lose(held)
            for held in standing.volumes.values()
        }


class Split:
    """Counts the copies of files that are divided over volumes: all parts of one together are a copy."""

    def __init__(self, connection: Connection, known: Standing) -> None:
        self.bases = {row.id: bytes(row.sha256) for row in connection.execute(sa.select(base))}
        divided = sa.select(entry).where(entry.c.parts > 0)
        self.rows = connection.execute(divided).all() if self.bases or _has_sets(known) else []
        self._known = known
        self._sets: dict[Any, dict[tuple[Any, int], list[Any]]] = {}
        for row in self.rows:
            of_set = (known.volumes[row.volume_id].set_id or row.volume_id, row.parts)
            self._sets.setdefault(self.key(row), {}).setdefault(of_set, []).append(row)
        self._whole: dict[bytes, set[int]] = {}
        if self.bases:
            whole = sa.select(entry.c.sha256, entry.c.volume_id).where(
                entry.c.sha256.in_(sa.select(base.c.sha256)), entry.c.parts == 0
            )
            for sha256, number in connection.execute(whole):
                self._whole.setdefault(bytes(sha256), set()).add(number)

    def under(self, known: Standing) -> Self:
        """Return a `Split` for which other media count."""
        other = copy(self)
        other._known = known
        return other

    def key(self, row: Any) -> Any:
        """Return a key that is the same for all parts of one content."""
        if row.sha256 is not None:
            return bytes(row.sha256), row.sparse
        return self._known.volumes[row.volume_id].set_id, row.directory_id, bytes(row.name), row.parts

    def copies(self, key: Any) -> tuple[int, int]:
        """Return how many copies there are of a content that is divided or a delta, and in how many places."""
        return self._copies(key, MAX_DEPTH)

    def _copies(self, key: Any, depth: int) -> tuple[int, int]:
        counts = [self._of_set(rows, parts, depth) for (_, parts), rows in self._sets.get(key, {}).items()]
        return sum(count for count, _ in counts), max((places for _, places in counts), default=0)

    def is_whole(self, row: Any) -> bool:
        """Return whether all parts of the file in this row exist."""
        return self.copies(self.key(row))[0] > 0

    def _of_base(self, sha256: bytes, depth: int) -> tuple[int, int]:
        """Return how many copies there are of the base of deltas, and in how many places."""
        if depth < 1:
            return 0, 0
        volumes = self._whole.get(sha256, ())
        on = {each.id: each.place for number in volumes for each in self._known.counted.get(number, ())}
        others = [self._copies((sha256, sparse), depth - 1) for sparse in (0, 1)]
        return len(on) + sum(count for count, _ in others), max(len({*on.values()}), *(where for _, where in others))

    def _of_set(self, rows: Sequence[Any], parts: int, depth: int) -> tuple[int, int]:
        """Return the copies of a file that volumes of one set have parts of, and their places.

        Parts of a delta that no volume has are those of its base, which is needed in any case.
        """
        media: list[set[int]] = [set() for _ in range(parts)]
        places: list[set[str]] = [set() for _ in range(parts)]
        for row in rows:
            for each in self._known.counted.get(row.volume_id, ()):
                for part in range(row.first_part, min(row.first_part + row.parts_here, parts)):
                    media[part].add(each.id)
                    places[part].add(each.place)
        copies, where = [*map(len, media)], [*map(len, places)]
        sha256 = next((self.bases[row.id] for row in rows if row.id in self.bases), None)
        if sha256 is not None:
            told = {part for row in rows for part in range(row.first_part, row.first_part + row.parts_here)}
            of_base = self._of_base(sha256, depth)
            copies = [*(copies[part] for part in told if part < parts), of_base[0]]
            where = [*(where[part] for part in told if part < parts), of_base[1]]
        return min(copies), min(where)


def _has_sets(known: Standing) -> bool:
    return any(held.set_id for held in known.volumes.values())
