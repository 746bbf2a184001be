"""The names of all files as columns, for the page of the catalogue; a path occurs once for each content it has."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from pybackup.model.entry import Kind

from .connect import Catalogue
from .directories import Paths
from .schema import entry

_READ_ROWS = 5000
Group = tuple[int, ...]


@dataclass(slots=True)
class FileNames:
    """Files, ordered by directory.

    Attributes
    ----------
    directories, counts
        The paths of directories, and how many of the files lie in each.
    names, sizes, times, groups
        For each file: its name, its size in bytes, its mtime in seconds since 1970, and an index into `holders`.
    holders
        Groups of ids of volumes: those that hold one content, under any name.
    """

    directories: list[bytes] = field(default_factory=list)
    counts: array[int] = field(default_factory=lambda: array("I"))
    names: list[bytes] = field(default_factory=list)
    sizes: array[float] = field(default_factory=lambda: array("d"))
    times: array[float] = field(default_factory=lambda: array("d"))
    groups: array[int] = field(default_factory=lambda: array("I"))
    holders: list[Group] = field(default_factory=list)


def all_names(catalogue: Catalogue) -> FileNames:
    """Return the names of all files of a catalogue."""
    with catalogue.reading() as connection:
        paths = Paths(connection).every()
        shared = _shared(connection)
        numbers: dict[Group, int] = {}
        found = FileNames()
        for directory, rows in groupby(_rows(connection), key=itemgetter(0)):
            before = len(found.names)
            for (_, name, size, mtime_ns, sha256, sparse), same in groupby(rows, key=itemgetter(0, 1, 2, 3, 4, 5)):
                own = tuple(dict.fromkeys(row[6] for row in same))
                group = own if sha256 is None else shared.get((bytes(sha256), sparse), own)
                found.names.append(bytes(name))
                found.sizes.append(size)
                found.times.append(mtime_ns // 10**9)
                found.groups.append(numbers.setdefault(group, len(numbers)))
            found.directories.append(paths[directory])
            found.counts.append(len(found.names) - before)
        found.holders = list(numbers)
        return found


def _rows(connection: Connection) -> Iterator[Any]:
    columns = (entry.c.directory_id, entry.c.name, entry.c.size, entry.c.mtime_ns, entry.c.sha256, entry.c.sparse)
    query = sa.select(*columns, entry.c.volume_id).where(entry.c.kind == int(Kind.FILE))
    ordered = query.order_by(*columns, entry.c.volume_id)
    return iter(connection.execution_options(yield_per=_READ_ROWS).execute(ordered))


def _shared(connection: Connection) -> dict[tuple[bytes, int], Group]:
    """Return the volumes of each content that more than one volume holds."""
    columns = entry.c.sha256, entry.c.sparse, entry.c.volume_id
    query = sa.select(*columns).where(entry.c.sha256.is_not(None)).distinct().order_by(*columns)
    rows = connection.execution_options(yield_per=_READ_ROWS).execute(query)
    found: dict[tuple[bytes, int], Group] = {}
    for (sha256, sparse), same in groupby(rows, key=itemgetter(0, 1)):
        volumes = tuple(row[2] for row in same)
        if len(volumes) > 1:
            found[bytes(sha256), sparse] = volumes
    return found
