"""Opening an archive, or several volumes of a set as if they were one, to look into it."""

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

from .ancestry import Mended, ancestry, head_of, may_be_of, tell_of_untold, told_when_mended, untold
from .archive import Archive
from .find import Found, FoundFile, Look, Volume, find_volumes, is_called_volume, look_for, look_into, with_more
from .matching import is_archive

if TYPE_CHECKING:
    from .chain import Earlier
    from .volume_set import VolumeSet

_LACKING = "what earlier archives hold of its tree is not all known any more: the last archive is damaged"
# Earlier archives that a note names.
_MOST_NAMED = 10


class OpenArchive(Archive):
    """An archive that is open, or several volumes of a set as if they were one, and the listing.

    Attributes
    ----------
    path
        As it was named; the first of several.
    unclear
        Files that are damaged so much that they do not tell which volume they are.
    patterns
        Those of the candidates that are neither volumes of the same set nor archives that it builds on.
    earlier
        What it says that earlier archives hold, where these were named too; None where only it was.

    Raises
    ------
    UsageError
        There is no such file; or there are several, and they are neither of one set nor a chain.
    NotAnArchive
        It holds nothing of an archive.
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
                tell_of_untold([*chain.head.files, *chain.earlier], monitor)
        else:
            _tell_of_earlier(self.path, self.listing, monitor)
        self.file = open_place(self.place)

    def _join_earlier(self, own: Sequence[Volume], files: Sequence[FoundFile], mended: Mended | None) -> None:
        """Add what the archive says of earlier ones, whether these can be read or not."""
        if not any(ancestry(volume.listing.settings) for volume in own):
            return
        from .chain import Earlier, chained, read_tables  # nor does it need what only chains do

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
        """Take names of damaged volumes out of the patterns: they are called like volumes and like no entry."""
        ruined = [path for path in self.patterns if is_called_volume(path)]
        if ruined:
            known = set(self.listing.paths)
            ruined = [path for path in ruined if os.path.normpath(path) not in known]
            self.patterns = [pattern for pattern in self.patterns if pattern not in ruined]
        return ruined

    def _open_whole(self, files: Sequence[FoundFile]) -> None:
        """Open one archive, or what is left of one that does not tell what it is."""
        if len(files) > 1:
            raise UsageError("these are several archives, and none tells which set it is of: open each alone")
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
                # Bytes may have been lost or inserted anywhere: its members are looked for.
                self.listing = _relocated(self.file, self.listing)
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


def open_archive(
    path: bytes,
    candidates: Sequence[bytes] = (),
    *,
    alone: bool = False,
    with_earlier: bool = False,
    mended: Mended | None = None,
    monitor: Monitor | None = None,
) -> OpenArchive:
    """Open an archive, or volumes of a set, to look into it; use it in a ``with``.

    Parameters
    ----------
    path
        A file, an image, a device, or a directory in which volumes lie.
    candidates
        What may be further volumes, or archives that the last of them builds on: that is for the files to say. What is
        none is left in ``patterns``.
    alone
        The file is an archive, and nothing but what it holds itself is looked at, should it be a volume of a set.
    with_earlier
        List what it says that earlier archives hold, too, though these are not named.
    mended
        Is given what is damaged too much to tell which archive of a chain it is.
    """
    return OpenArchive(path, candidates, alone=alone, with_earlier=with_earlier, mended=mended, monitor=monitor)


class _Chain:
    """Which of several archives builds on all others, if any does.

    Attributes
    ----------
    head
        Where that lies; None where they are no chain.
    earlier
        Files of the other archives, and what does not tell what it is.
    candidates
        Those that are none of the chain's: all, where there is none.
    named
        As what a mended archive was named.
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
            head = volumes  # what it builds on may be among what does not tell what it is any more
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
        """What may be further archives of a chain."""
        files = [path for path in self.candidates if os.path.isfile(path)]
        others = [path for path in files if is_archive(path) or is_called_volume(path)]
        if any(ancestry(volume.listing.settings) for volume in found.volumes):
            others += [path for path in self.candidates if os.path.isdir(path)]
        return others


def _may_be_chain(files: Sequence[FoundFile]) -> bool:
    """Whether there are archives that are no volumes of sets, or that build on others."""
    volumes = (volume for file in files for volume in file.volumes)
    return any(not volume.info or ancestry(volume.listing.settings) for volume in volumes)


def _are_one(volumes: Sequence[Volume]) -> bool:
    return len({volume.info.set_id if volume.info else volume.listing.archive_id for volume in volumes}) == 1


def _told(files: Sequence[FoundFile], mended: Mended | None) -> list[FoundFile]:
    """The files, those that do not tell what they are mended, if they are no volumes of sets."""
    dark = untold(files) if mended else ()
    return [told_when_mended(file, mended) if mended and file in dark else file for file in files]


def _tell_of_earlier(path: bytes, listing: Listing, monitor: Monitor) -> None:
    """Note that an archive is not all there is of its tree."""
    said = ancestry(listing.settings)
    if said and said.files:
        names = ", ".join(volume.label for volume in said.volumes[:_MOST_NAMED])
        more = f" and {len(said.volumes) - _MOST_NAMED:,} more" if len(said.volumes) > _MOST_NAMED else ""
        words = f"{said.files:,} more files of its tree lie in earlier archives: name them as well ({names}{more})"
        monitor.note(f"{os.fsdecode(path)}: {words}")


def _relocated(file: ArchiveFile, listing: Listing) -> Listing:
    from pybackup.container.relocate import relocate  # only what is damaged needs it

    return relocate(file, listing)
