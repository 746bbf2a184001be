"""Looking into an archive: what it holds, which entries match, what it says of itself."""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

from pybackup.container.read import open_listing
from pybackup.errors import Damaged, UsageError
from pybackup.host.joined import Place, open_place
from pybackup.host.storage import ArchiveFile
from pybackup.model.listing import Listing
from pybackup.monitor import Monitor

from .find import find_volumes, is_called_volume, with_more
from .joined import joined
from .volume_set import SetAtHand, gather

_MAGIC = re.compile(rb"[*?\[]")


class OpenArchive:
    """An archive that is open, or several volumes of a set as if they were one, and the listing.

    Attributes
    ----------
    path
        As it was named; the first of several.
    place
        Where its bytes are, for workers to open.
    hand
        Which volumes there are; None for an archive that is no volume of a set.
    unclear
        Files that are damaged so much that they do not tell which volume they are.
    patterns
        Those of the candidates that are no volumes of the same set.

    Raises
    ------
    UsageError
        There is no such file; or there are several, and they are not of one set.
    NotAnArchive
        It holds nothing of an archive.
    """

    place: Place
    listing: Listing
    unclear: Sequence[bytes]
    patterns: list[bytes]

    def __init__(
        self, path: bytes, candidates: Sequence[bytes] = (), *, alone: bool = False, monitor: Monitor | None = None
    ) -> None:
        self.path = path
        self.hand: SetAtHand | None = None
        if alone:
            self.unclear, self.patterns = (), list(candidates)
            self._open_whole(path)
            return
        found = find_volumes([path])
        if len(found.volumes) > 1 or found.unclear or found.volumes[0].info:
            found, self.patterns = with_more(found, candidates)
        else:
            self.patterns = list(candidates)
        self.unclear = found.unclear
        if not found.volumes:
            self._open_whole(path)
            return
        volume = found.volumes[0]
        if len(found.volumes) > 1 or volume.info:
            self.hand = gather(found.volumes, monitor or Monitor())
            self.place, self.listing = joined(self.hand)
            self.unclear = [*found.unclear, *self._ruined()]
        else:
            self.place = volume.path if volume.fills_file else (volume.part(),)
            self.listing = volume.listing
        for unclear in self.unclear:
            (monitor or Monitor()).note(
                f"{os.fsdecode(unclear)}: damaged so much that it does not tell which volume it is"
            )
        self.file = open_place(self.place)

    def _ruined(self) -> list[bytes]:
        """Take what is called as a volume is, and as no entry, out of the patterns: its start and end are lost."""
        ruined = [path for path in self.patterns if is_called_volume(path)]
        if ruined:
            known = set(self.listing.paths)
            ruined = [path for path in ruined if os.path.normpath(path) not in known]
            self.patterns = [pattern for pattern in self.patterns if pattern not in ruined]
        return ruined

    def _open_whole(self, path: bytes) -> None:
        self.place = path
        with ArchiveFile(path) as file:
            self.listing = open_listing(file)
        self.file = open_place(path)

    def close(self) -> None:
        """Close the file; the listing stays usable."""
        self.file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_archive(
    path: bytes, candidates: Sequence[bytes] = (), *, alone: bool = False, monitor: Monitor | None = None
) -> OpenArchive:
    """Open an archive, or volumes of a set, to look into it; use it in a ``with``.

    Parameters
    ----------
    path
        A file, an image, a device, or a directory in which volumes lie.
    candidates
        What may be further volumes: that is for the files to say. What is none is left in ``patterns``.
    alone
        The file is an archive, and nothing but what it holds itself is looked at, should it be a volume of a set.
    """
    return OpenArchive(path, candidates, alone=alone, monitor=monitor)


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
                raise Damaged(f"{shown}: no file here, and nothing that is known of the archive matches")
            raise UsageError(f"{shown}: nothing in the archive matches")
        rows.update(found)
    return sorted(rows)


def named_by(pattern: bytes) -> bytes | None:
    """Return the path that a pattern names; None for a glob, which may match any."""
    if _MAGIC.search(pattern):
        return None
    return (pattern.rstrip(b"/") or pattern).removeprefix(b"./")


def _matcher(pattern: bytes) -> Any:
    named = named_by(pattern)
    if named is not None:
        below = named + b"/"
        return lambda path: path == named or path.startswith(below)
    pattern = pattern.removeprefix(b"./")
    # fnmatch's own form ends in \Z; what lies below shall match too.
    regex = fnmatch.translate(pattern.decode("latin-1")).removesuffix(r"\Z").removesuffix(r"\z")
    return re.compile(regex.encode("latin-1") + rb"(?s:/.*)?\Z").match
