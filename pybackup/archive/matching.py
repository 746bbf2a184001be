"""Finding the rows of a listing that a person names, by paths or patterns."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Sequence

from pybackup.container.read import read_locator
from pybackup.errors import Damaged, PybackupError, UsageError
from pybackup.host.storage import ArchiveFile
from pybackup.model.display import display
from pybackup.model.entry import Kind
from pybackup.model.listing import Listing


def select(listing: Listing, patterns: Sequence[bytes]) -> list[int]:
    """Return the rows that match any of the patterns; without patterns, all rows.

    A pattern is the path of an entry. If no entry has it, it is a path with escapes, as listings show it; or else a
    glob over whole paths, in which ``*`` matches slashes too. So a name with brackets is found if there is an entry of
    that name. Everything below a matching directory matches too.

    Raises
    ------
    UsageError
        A pattern matches nothing.
    Damaged
        A pattern matches nothing, but not all entries are known, as the archive is damaged.
    """
    if not patterns:
        return list(range(len(listing)))
    names = [_bare(pattern) for pattern in patterns]
    named = _named(listing, names)
    rows: set[int] = set()
    for pattern, name in zip(patterns, names, strict=True):
        found = named.get(name) or _matching(listing, name)
        if not found:
            shown = pattern.decode(errors="backslashreplace")
            if not listing.complete:
                raise Damaged(f"{shown}: no file here, and nothing that is known of the archive matches")
            if is_archive(pattern):
                raise UsageError(
                    f"{shown}: an archive of its own, and no volume of the same set; copies of one archive are put "
                    "together by 'pybackup repair' and 'pybackup salvage', other archives take a run each"
                )
            raise UsageError(f"{shown}: nothing in the archive matches")
        rows.update(found)
    return sorted(rows)


def is_archive(path: bytes) -> bool:
    """Return whether a path is that of a file that begins like an archive."""
    try:
        with ArchiveFile(path) as file:
            return read_locator(file) is not None
    except PybackupError:
        return False


def may_match_more(listing: Listing, pattern: bytes) -> bool:
    """Return whether a pattern may match entries lost by damage: any pattern but the path of a known entry."""
    if listing.complete:
        return False
    rows = _named(listing, [_bare(pattern)]).get(_bare(pattern), ())
    return len(rows) != 1 or listing.rows.kinds[rows[0]] == Kind.DIRECTORY


def _matching(listing: Listing, glob: bytes) -> list[int]:
    from pybackup.selection.globs import matching  # only here, as plain names need no globs

    return matching(glob, listing.paths)


def _bare(pattern: bytes) -> bytes:
    return (pattern.rstrip(b"/") or pattern).removeprefix(b"./")


def _named(listing: Listing, names: Iterable[bytes]) -> dict[bytes, list[int]]:
    """Return the rows at and below each name; a name that is no path of an entry may be one with escapes."""
    found = _at_or_below(listing.paths, set(names))
    if escaped := {name for name in names if b"\\" in name and name not in found}:
        found |= _at_or_below((os.fsencode(display(path)) for path in listing.paths), escaped)
    return found


def _at_or_below(paths: Iterable[bytes], names: Collection[bytes]) -> dict[bytes, list[int]]:
    """Return the rows at and below each name, in one pass over the listing for all names."""
    found: dict[bytes, list[int]] = {}
    above: dict[bytes, list[bytes]] = {b"": []}  # for each directory, the names that are it or one around it

    def names_of(path: bytes) -> list[bytes]:
        """Return those of the names that are a path, or a directory around it."""
        directory = path.rpartition(b"/")[0]
        if directory not in above:
            above[directory] = names_of(directory)
        return [*above[directory], path] if path in names else above[directory]

    for row, path in enumerate(paths):
        for name in names_of(path):
            found.setdefault(name, []).append(row)
    return found
