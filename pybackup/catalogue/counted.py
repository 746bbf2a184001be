"""Which entries of the catalogue count as copies for a run that leaves out what is known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from pybackup.model.catalogued import Sighting, VolumeSort
from pybackup.model.entry import Kind

Counts = Callable[[Sighting], Sighting | None]
"""Returns an entry with only the media that count; None if none does."""


def counted(found: Iterable[Sighting], counts: Counts | None) -> Iterator[Sighting]:
    """Yield these entries with only the media that count; without ``counts``, all as they are."""
    return iter(found) if counts is None else (held for each in found if (held := counts(each)))


class CountedCopies:
    """Decides which entries of the catalogue count, and on which media.

    Parameters
    ----------
    output
        Files whose paths begin with this do not count, as they may be replaced.
    own
        Ids of archives and volumes that do not count: a full run of a chain must not need its earlier runs.
    only_in_archives
        Only files that are whole in an archive count, since a chain refers to members of archives.
    """

    def __init__(self, output: bytes, own: set[bytes], *, only_in_archives: bool) -> None:
        self._output, self._own, self._only_in_archives = output, own, only_in_archives

    def __call__(self, found: Sighting) -> Sighting | None:
        """Return an entry with only the media that count; None if none does."""
        filed = found.filed
        if found.volume.identity in self._own:
            return None
        if self._only_in_archives:
            is_whole = filed.kind == Kind.FILE and not (filed.parts or filed.nested or filed.sparse)
            if not is_whole or not filed.sha256 or found.volume.sort is not VolumeSort.ARCHIVE:
                return None
        media = tuple(known for known in found.media if not known.location.startswith(self._output))
        return replace(found, media=media) if media else None
