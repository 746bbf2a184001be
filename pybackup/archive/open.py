"""Opening an archive, or several volumes of a set as if they were one, to look into it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from pybackup.container.read import open_listing, read_locator
from pybackup.container.relocate import relocate
from pybackup.host.joined import open_place
from pybackup.monitor import Monitor

from .archive import Archive
from .find import find_volumes, is_called_volume, place_of, with_more
from .joined import joined
from .volume_set import SetAtHand, gather


class OpenArchive(Archive):
    """An archive that is open, or several volumes of a set as if they were one, and the listing.

    Attributes
    ----------
    path
        As it was named; the first of several.
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
        self.place = place_of(path)
        with open_place(self.place) as file:
            listing = open_listing(file)
            # Where the first header is lost, nobody knows where the archive begins: its members are looked for.
            self.listing = listing if read_locator(file) else relocate(file, listing)
        self.file = open_place(self.place)

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
