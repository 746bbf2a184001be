"""Opening an archive to read it: a single one, several volumes of a set as one, or the archives of a chain as one."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from functools import cache, partial
from types import TracebackType
from typing import TYPE_CHECKING, Self

from pybackup.container.read import open_listing, read_locator
from pybackup.errors import UsageError
from pybackup.host.joined import open_place, part_of
from pybackup.host.storage import ArchiveFile
from pybackup.model.listing import Listing
from pybackup.monitor import Monitor

from .ancestry import Mended, ancestry, head_of, may_be_of, mended_if_identified, report_unidentified, unidentified
from .archive import Archive
from .find import Found, FoundFile, Look, Volume, find_volumes, look_for, look_into, with_more
from .matching import is_archive
from .suffixes import is_called_volume

if TYPE_CHECKING:
    from .chain import Earlier
    from .volume_set import VolumeSet

_LACKING = "what earlier archives hold of its tree is not all known any more: the last archive is damaged"
# How many earlier archives are named in a note.
_MOST_NAMED = 10


class OpenArchive(Archive):
    """An open archive with its listing; several volumes of a set, or archives of a chain, are opened as one.

    Attributes
    ----------
    path
        As it was named; the first of several.
    unclear
        Files that are too damaged to be identified as a certain volume.
    patterns
        Those of the candidates that are neither volumes of the same set nor archives that it builds on.
    earlier
        The part of the tree in earlier archives, if that was asked for or some were named; else None.

    Raises
    ------
    UsageError
        There is no such file; or several were named that are neither of one set nor of one chain.
    NotAnArchive
        The file has no part of an archive.
    """

    unclear: Sequence[bytes]
    patterns: list[bytes]
    earlier: Earlier | None

    def __init__(
        self,
        path: bytes,
        candidates: Sequence[bytes] = (),
        *,
        alone: bool = False,
        with_earlier: bool = False,
        mended: Mended | None = None,
        monitor: Monitor | None = None,
    ) -> None:
        self.path = path
        self.volume_set: VolumeSet | None = None
        self.earlier = None
        if alone:
            self.unclear, self.patterns = (), list(candidates)
            self._open_whole([look_into(path)])
            return
        monitor = monitor or Monitor()
        found = find_volumes([path], monitor=monitor)
        look = cache(partial(look_for, monitor=monitor))
        chain = _Chain(found, candidates, look, with_earlier, mended)
        candidates = chain.candidates
        if chain.head is not None:
            found = chain.head
            self.path = chain.named.get(found.files[0].path, found.files[0].path)
        if len(found.volumes) > 1 or found.unclear or found.volumes[0].info:
            found, self.patterns = with_more(found, candidates, look)
        else:
            self.patterns = list(candidates)
        unclear = found.unclear
        if unclear:
            from .by_headers import clear_up  # only what is damaged needs it

            found = Found(clear_up(found.files))
        self.unclear = found.unclear
        if not found.volumes:
            self._open_whole(found.files)
            return
        volume = found.volumes[0]
        if len(found.volumes) > 1 or volume.info:
            from .joined import joined  # an archive alone is opened without what only sets need
            from .volume_set import gather

            self.volume_set = gather(found.volumes, monitor)
            self.place, self.listing = joined(self.volume_set)
            self.unclear = [*found.unclear, *self._ruined()]
        else:
            self.place = volume.path if volume.fills_file else (volume.part(),)
            self.listing = volume.listing
        for each in dict.fromkeys([*unclear, *self.unclear]):
            words = f"{os.fsdecode(each)}: damaged so much that it does not tell which volume it is"
            monitor.note(words)
        if chain.head is not None or with_earlier:
            self._join_earlier(found.volumes, chain.earlier, mended)
            if chain.head is not None and not with_earlier:
                report_unidentified([*chain.head.files, *chain.earlier], monitor)
        else:
            _tell_of_earlier(self.path, self.listing, monitor)
        self.file = open_place(self.place)

    def _join_earlier(self, own: Sequence[Volume], files: Sequence[FoundFile], mended: Mended | None) -> None:
        """Add the entries whose content is in earlier archives, whether these were found or not."""
        if not any(ancestry(volume.listing.settings) for volume in own):
            return
        from .chain import Earlier, chained, read_tables  # nor without what only chains need

        self.earlier = Earlier.among(read_tables(own), files)
        if mended and self.earlier.lacks(self.listing):
            again = [each for volume in own for each in look_into(mended(volume.path)).volumes]
            self.earlier = Earlier.among(read_tables(again), files)
        parts = (own[0].part(),) if isinstance(self.place, bytes) else self.place
        lacks = self.earlier.lacks(self.listing)
        self.place, self.listing = chained(parts, self.listing, self.earlier)
        if lacks:
            self.listing = replace(self.listing, unknown=_LACKING)

    def _ruined(self) -> list[bytes]:
        """Remove the names of damaged volumes from the patterns: names like those of volumes, but of no entry."""
        ruined = [path for path in self.patterns if is_called_volume(path)]
        if ruined:
            known = set(self.listing.paths)
            ruined = [path for path in ruined if os.path.normpath(path) not in known]
            self.patterns = [pattern for pattern in self.patterns if pattern not in ruined]
        return ruined

    def _open_whole(self, files: Sequence[FoundFile]) -> None:
        """Open one archive, or what is left of one that cannot be identified."""
        if len(files) > 1:
            raise UsageError("these are several archives, and not volumes of one set: open each alone")
        path, begin = files[0].path, files[0].begin
        volume = next(iter(files[0].volumes), None)
        if volume is not None:
            self.place = path if volume.fills_file else (volume.part(),)
        else:
            with ArchiveFile(path) as file:
                self.place = (part_of(path, begin, file.size - begin),) if begin else path
        self.file = open_place(self.place)
        try:
            self.listing = volume.listing if volume else open_listing(self.file)
            if read_locator(self.file) is None:
                # Bytes may have been lost or inserted anywhere, so each member is searched for.
                self.listing = _relocated(self.file, self.listing)
        except BaseException:
            self.file.close()
            raise

    def close(self) -> None:
        """Close the file; the listing can still be used."""
        self.file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_archive(
    path: bytes,
    candidates: Sequence[bytes] = (),
    *,
    alone: bool = False,
    with_earlier: bool = False,
    mended: Mended | None = None,
    monitor: Monitor | None = None,
) -> OpenArchive:
    """Open an archive, or volumes of a set, to read it; use it in a ``with``.

    Parameters
    ----------
    path
        A file, an image, a device, or a directory that has volumes.
    candidates
        Paths that may be further volumes, or archives that the last one builds on, which their content shows; the
        others are left in ``patterns``.
    alone
        Open this file alone, even if it is a volume of a set.
    with_earlier
        Also list the entries whose content is in earlier archives, even if these are not named.
    mended
        Called with the path of an archive that is too damaged to be identified; returns the path of a mended copy.
    """
    return OpenArchive(path, candidates, alone=alone, with_earlier=with_earlier, mended=mended, monitor=monitor)


class _Chain:
    """Finds which of several archives builds on all the others, if any does.

    Attributes
    ----------
    head
        The files of that archive; None if they are no chain.
    earlier
        The files of the other archives, and those that cannot be identified.
    candidates
        Those that are not of the chain; all if there is none.
    named
        The name under which a mended archive was given.
    """

    def __init__(
        self, found: Found, candidates: Sequence[bytes], look: Look, with_earlier: bool, mended: Mended | None
    ) -> None:
        self.head: Found | None = None
        self.earlier: Sequence[FoundFile] = ()
        self.candidates = candidates
        self.named: dict[bytes, bytes] = {}
        looked = {path: more for path in self._others(found) if (more := look(path))}
        files = [*found.files, *(file for more in looked.values() for file in more.files)]
        if with_earlier or (len(looked) and _may_be_chain(files)):
            told = _told(files, mended)
            self.named = {new.path: old.path for new, old in zip(told, files, strict=True)}
            files = told
        volumes = [volume for file in files for volume in file.volumes]
        head = head_of(volumes)
        if head is None and len(files) > 1 and _are_one(volumes) and ancestry(volumes[0].listing.settings):
            head = volumes  # archives that it builds on may be among the files that cannot be identified
        if head is None:
            if with_earlier and len(found.files) == 1 and files[0].path != found.files[0].path:
                self.head = Found(files[:1])
            return
        own = [file for file in files if any(volume in head for volume in file.volumes)]
        set_ids = {volume.info.set_id for volume in head if volume.info}
        own += [file for file in files if not file.volumes and may_be_of(file, set_ids, ())]
        self.head, self.earlier = Found(own), [file for file in files if file not in own]
        self.candidates = [path for path in candidates if path not in looked]

    def _others(self, found: Found) -> list[bytes]:
        """Return the candidates that may be further archives of a chain."""
        files = [path for path in self.candidates if os.path.isfile(path)]
        others = [path for path in files if is_archive(path) or is_called_volume(path)]
        # A directory that stands behind an archive may name entries of it; behind a volume it has volumes.
        if any(volume.info or ancestry(volume.listing.settings) for volume in found.volumes):
            others += [path for path in self.candidates if os.path.isdir(path)]
        return others


def _may_be_chain(files: Sequence[FoundFile]) -> bool:
    """Return whether any archive is not a volume of a set, or builds on others."""
    volumes = (volume for file in files for volume in file.volumes)
    return any(not volume.info or ancestry(volume.listing.settings) for volume in volumes)


def _are_one(volumes: Sequence[Volume]) -> bool:
    return len({volume.info.set_id if volume.info else volume.listing.archive_id for volume in volumes}) == 1


def _told(files: Sequence[FoundFile], mended: Mended | None) -> list[FoundFile]:
    """Return the files; those that cannot be identified, and are no volumes of sets, as mended copies."""
    dark = unidentified(files) if mended else ()
    return [mended_if_identified(file, mended) if mended and file in dark else file for file in files]


def _tell_of_earlier(path: bytes, listing: Listing, monitor: Monitor) -> None:
    """Note that an archive is only a part of its tree, as earlier ones hold the rest."""
    said = ancestry(listing.settings)
    if said and said.files:
        names = ", ".join(volume.label for volume in said.volumes[:_MOST_NAMED])
        more = f" and {len(said.volumes) - _MOST_NAMED:,} more" if len(said.volumes) > _MOST_NAMED else ""
        words = f"{said.files:,} more files of its tree lie in earlier archives: name them as well ({names}{more})"
        monitor.note(f"{os.fsdecode(path)}: {words}")


def _relocated(file: ArchiveFile, listing: Listing) -> Listing:
    from pybackup.container.relocate import relocate  # only what is damaged needs it

    return relocate(file, listing)
