"""Finding entries: by path, by part of a name, by content, by volume."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from pybackup.model.catalogued import CataloguedVolume, Medium, Sighting, Wanted
from pybackup.model.entry import Kind
from pybackup.model.filed import Filed

from .bulk import batches
from .connect import Catalogue
from .directories import Paths, contains, find_containing, find_directory, find_ending, with_all_below
from .media import media_on, volumes_on
from .schema import base, entry

_MAGIC = re.compile(rb"[*?\[]")
_PARAMETERS = 500  # in one IN (...): every database takes as many
# `find_history` takes a content with more names for copies; and after so many names of one file it stops.
_MOST_NAMES, _MOST_RENAMED = 8, 200
_MOST_DIRECTORIES = 20_000  # if there are more, comparing every name is quicker


def find(catalogue: Catalogue, wanted: Wanted) -> list[Sighting]:
    """Return the entries that match, by path, with the media that hold them."""
    with catalogue.reading() as connection:
        conditions = list(_conditions(wanted))
        if not wanted.pattern:
            return _sorted(_sightings(connection, conditions))
        return _sorted(_by_id(connection, _matching(connection, wanted.pattern), conditions))


def find_path(catalogue: Catalogue, path: bytes) -> list[Sighting]:
    """Return the entries whose path is ``path`` or ends with it (``letters/1.txt``), and all below these."""
    path = path.strip(b"/")
    with catalogue.reading() as connection:
        if not path:
            return _sorted(_sightings(connection, []))
        above, _, name = path.rpartition(b"/")
        inner = sa.select(entry.c.id).where(entry.c.name == name)
        if above:
            found: list[Sighting] = []
            for some in batches(find_ending(connection, above), _PARAMETERS):
                found += _sightings(connection, [entry.c.name == name, entry.c.directory_id.in_(some)])
        else:
            # By the index that has the names, not by the table.
            found = list(_sightings(connection, [entry.c.id.in_(inner.scalar_subquery())]))
        within = with_all_below(connection, find_ending(connection, path))
        for some in batches(within, _PARAMETERS):
            found += _sightings(connection, [entry.c.directory_id.in_(some)])
        return _sorted(found)


def find_history(catalogue: Catalogue, path: bytes) -> list[Sighting]:
    """Return all versions of a file, under other names too: files with the same content count as the file renamed.

    Parameters
    ----------
    path
        As for `find_path`; files below a directory are returned, but are not followed to other names.
    """
    path = path.strip(b"/")
    found = {_key(each): each for each in find_path(catalogue, path)}
    fresh = [each for each in found.values() if path and (b"/" + each.filed.path).endswith(b"/" + path)]
    contents: set[bytes] = set()
    paths = {each.filed.path for each in fresh}
    while fresh and len(paths) < _MOST_RENAMED:
        new = {each.filed.sha256 for each in fresh if each.filed.sha256 and _is_distinctive(each.filed)} - contents
        contents |= new
        named: dict[bytes | None, set[bytes]] = {}
        same = find_contents(catalogue, sorted(new))
        for each in same:
            named.setdefault(each.filed.sha256, set()).add(each.filed.path)
        # Content with many names was copied: nobody knows which of them was the file's.
        coming = [each for each in same if len(named[each.filed.sha256]) <= _MOST_NAMES]
        others = {each.filed.path for each in coming} - paths
        paths |= others
        fresh = coming + [each for other in sorted(others) for each in find_whole_path(catalogue, other)]
        fresh = [each for each in fresh if _key(each) not in found]
        found |= {_key(each): each for each in fresh}
    return _sorted(found.values())


def find_whole_path(catalogue: Catalogue, path: bytes) -> list[Sighting]:
    """Return the entries of this path, from the top."""
    above, _, name = path.rpartition(b"/")
    with catalogue.reading() as connection:
        where = find_directory(connection, above)
        if where is None:
            return []
        return _sorted(_sightings(connection, [entry.c.directory_id == where, entry.c.name == name]))


def _key(found: Sighting) -> tuple[object, ...]:
    return found.volume.id, found.filed


def _is_distinctive(filed: Filed) -> bool:
    """Return whether two files with this content are likely the same file; empty ones are not."""
    return filed.size > 0 and not filed.sparse


def find_contents(catalogue: Catalogue, digests: Iterable[bytes]) -> list[Sighting]:
    """Return the entries with one of these contents."""
    found: list[Sighting] = []
    with catalogue.reading() as connection:
        for some in batches(digests, _PARAMETERS):
            found += _sightings(connection, [entry.c.sha256.in_(some), entry.c.sparse == 0])
    return _sorted(found)


def find_in_directories(catalogue: Catalogue, tail: bytes, names: Sequence[bytes]) -> list[Sighting]:
    """Return the entries of these names in the directories whose path ends with ``tail``; in all if that is empty."""
    with catalogue.reading() as connection:
        found: list[Sighting] = []
        holding = find_ending(connection, tail) if tail else []
        for some in batches(names, _PARAMETERS):
            named = entry.c.name.in_(some)
            if not tail:
                # By the index that has the names, not by the table.
                inner = sa.select(entry.c.id).where(named).scalar_subquery()
                found += _sightings(connection, [entry.c.id.in_(inner)])
            for directories in batches(holding, _PARAMETERS):
                found += _sightings(connection, [named, entry.c.directory_id.in_(directories)])
        return found


def files_of(catalogue: Catalogue, volumes: Sequence[CataloguedVolume] | None = None) -> Iterator[Sighting]:
    """Yield the entries of these volumes, of all for None, in the order they were entered."""
    with catalogue.reading() as connection:
        paths = Paths(connection)
        paths.every()
        known = _Known(connection)
        chosen = list(known.volumes.values()) if volumes is None else volumes
        for each in chosen:
            query = entries_where(of_volume(each)).order_by(entry.c.id)
            for row in connection.execution_options(yield_per=2000).execute(query):
                yield known.sighting(row, paths.of(row.directory_id, bytes(row.name)))


def of_volume(held: CataloguedVolume) -> sa.ColumnElement[bool]:
    """Return the SQL condition that an entry is of a volume."""
    return sa.and_(entry.c.id >= held.first_entry, entry.c.id < held.first_entry + held.entries)


def entries_where(*conditions: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """Select entries, with their bases: rows for `filed_of_row`."""
    with_base = sa.select(entry, base.c.sha256.label("base")).join_from(
        entry, base, base.c.id == entry.c.id, isouter=True
    )
    return with_base.where(*conditions)


def filed_of_row(row: Any, path: bytes) -> Filed:
    """Return the entry of a row, without its base if that was not selected."""
    sha256 = None if row.sha256 is None else bytes(row.sha256)
    return Filed(
        path,
        row.kind,
        row.size,
        row.mtime_ns,
        row.mode,
        sha256,
        bool(row.sparse),
        row.first_part,
        row.parts_here,
        row.parts,
        row.nested,
        bytes(getattr(row, "base", None) or b""),
    )


class _Known:
    """Volumes and media by id."""

    def __init__(self, connection: Connection) -> None:
        self.volumes = volumes_on(connection)
        self.media: dict[int, list[Medium]] = {}
        for known in media_on(connection):
            self.media.setdefault(known.volume.id, []).append(known)

    def sighting(self, row: Any, path: bytes) -> Sighting:
        """Return an entry and the media that hold it."""
        held = self.volumes[row.volume_id]
        return Sighting(filed_of_row(row, path), held, tuple(self.media.get(held.id, ())))


def _sightings(connection: Connection, conditions: Sequence[sa.ColumnElement[bool]]) -> Iterator[Sighting]:
    paths = Paths(connection)
    rows = connection.execute(entries_where(*conditions)).all()
    if rows:
        known = _Known(connection)
        for row in rows:
            yield known.sighting(row, paths.of(row.directory_id, bytes(row.name)))


def _by_id(
    connection: Connection, numbers: Iterable[int], conditions: Sequence[sa.ColumnElement[bool]]
) -> Iterator[Sighting]:
    for some in batches(numbers, _PARAMETERS):
        yield from _sightings(connection, [entry.c.id.in_(some), *conditions])


def _matching(connection: Connection, pattern: bytes) -> list[int]:
    """Return the ids of the entries whose path matches; it reads an index only, not the table."""
    query = sa.select(entry.c.id, entry.c.directory_id, entry.c.name)
    conditions = _narrowed(connection, pattern)
    match, paths = _matcher(pattern), Paths(connection)
    if conditions is None:
        paths.every()
        conditions = [sa.true()]
    found: list[int] = []
    for condition in conditions:
        rows = connection.execute(query.where(condition))
        found += [number for number, where, name in rows if match(paths.of(where, bytes(name)))]
    return sorted(set(found))


def _narrowed(connection: Connection, pattern: bytes) -> list[sa.ColumnElement[bool]] | None:
    """Return SQL conditions of which at least one holds for each path that matches; None if there are none."""
    above, _, name = pattern.rpartition(b"/")
    if not _MAGIC.search(pattern):
        return [contains(entry.c.name, name)] if name else None
    # A star matches slashes too, so only the text behind the last star and slash must be in the name.
    certain = _literal(name.rpartition(b"*")[2])
    if certain:
        return [contains(entry.c.name, certain)]
    likely = _literal(name)
    within = find_containing(connection, likely or max(map(_literal, above.split(b"/")), key=len), _MOST_DIRECTORIES)
    if within is None:
        return None
    conditions: list[sa.ColumnElement[bool]] = [entry.c.directory_id.in_(some) for some in batches(within, _PARAMETERS)]
    return [contains(entry.c.name, likely), *conditions] if likely else conditions


def _literal(pattern: bytes) -> bytes:
    """Return the longest text that everything contains that the glob matches; empty where there is none."""
    return max(re.split(rb"[*?]|\[.*", pattern), key=len)


def _sorted(found: Iterable[Sighting]) -> list[Sighting]:
    return sorted(found, key=lambda each: (each.filed.path, -each.filed.mtime_ns, each.volume.id))


def _conditions(wanted: Wanted) -> Iterator[sa.ColumnElement[bool]]:
    if wanted.sha256:
        yield entry.c.sha256 == wanted.sha256
        yield entry.c.sparse == 0
    if wanted.least_bytes is not None or wanted.most_bytes is not None:
        yield entry.c.kind == int(Kind.FILE)
    bounds = (
        (wanted.least_bytes, entry.c.size.__ge__),
        (wanted.most_bytes, entry.c.size.__le__),
        (wanted.since_ns, entry.c.mtime_ns.__ge__),
        (wanted.until_ns, entry.c.mtime_ns.__le__),
    )
    for bound, holds in bounds:
        if bound is not None:
            yield holds(bound)


def _matcher(pattern: bytes) -> Callable[[bytes], object]:
    if _MAGIC.search(pattern):
        # Each path gets a slash in front, so that a glob can match at the beginning of any name in it.
        anchored = pattern if pattern.startswith((b"/", b"*")) else b"*/" + pattern
        regex = re.compile(fnmatch.translate(anchored.decode("latin-1")).encode("latin-1"))
        return lambda path: regex.match(b"/" + path)
    above, slash, name = pattern.rpartition(b"/")
    if not slash:
        return lambda path: name in path.rpartition(b"/")[2]
    return lambda path: _begins_in(path, above, name)


def _begins_in(path: bytes, above: bytes, name: bytes) -> bool:
    """Whether the last name of a path begins with ``name``, and its directory ends with ``above``.

    Where ``above`` begins with a slash it must be the whole directory.
    """
    head, _, tail = (b"/" + path).rpartition(b"/")
    return tail.startswith(name) and (head == above if above[:1] in (b"", b"/") else head.endswith(above))
