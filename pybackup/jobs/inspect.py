"""Looking into an archive: what it holds, which entries match, what it says of itself."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

from pybackup.container.listing import Listing
from pybackup.container.read import open_listing
from pybackup.errors import Damaged, UsageError
from pybackup.host.storage import ArchiveFile

_MAGIC = re.compile(rb"[*?\[]")


class OpenArchive:
    """An archive that is open, and its listing.

    Raises
    ------
    UsageError
        There is no such file.
    NotAnArchive
        It holds nothing of an archive.
    """

    def __init__(self, path: bytes) -> None:
        self.path = path
        self.file = ArchiveFile(path)
        try:
            self.listing: Listing = open_listing(self.file)
        except BaseException:
            self.file.close()
            raise

    def close(self) -> None:
        """Close the file; the listing stays usable."""
        self.file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_archive(path: bytes) -> OpenArchive:
    """Open an archive to look into it; use it in a ``with``."""
    return OpenArchive(path)


def select(listing: Listing, patterns: Sequence[bytes]) -> list[int]:
    """Return the rows that match any of the patterns; all for no patterns.

    A pattern is the path of an entry, or a glob over whole paths in which ``*`` also crosses slashes.
    What lies below a matching directory matches too.

    Raises
    ------
    UsageError
        A pattern matches nothing.
    Damaged
        The same, where not all entries are known any more.
    """
    if not patterns:
        return list(range(len(listing)))
    rows: set[int] = set()
    for pattern in patterns:
        wanted = _matcher(pattern.rstrip(b"/") or pattern)
        found = [row for row, path in enumerate(listing.paths) if wanted(path)]
        if not found:
            shown = pattern.decode(errors="backslashreplace")
            if not listing.complete:
                raise Damaged(f"{shown}: nothing that is left of the archive matches")
            raise UsageError(f"{shown}: nothing in the archive matches")
        rows.update(found)
    return sorted(rows)


def _matcher(pattern: bytes) -> Any:
    pattern = pattern.removeprefix(b"./")
    if not _MAGIC.search(pattern):
        below = pattern + b"/"
        return lambda path: path == pattern or path.startswith(below)
    # fnmatch's own form ends in \Z; what lies below shall match too.
    regex = fnmatch.translate(pattern.decode("latin-1")).removesuffix(r"\Z").removesuffix(r"\z")
    return re.compile(regex.encode("latin-1") + rb"(?s:/.*)?\Z").match
