"""Finding lost contents in other archives, by their SHA-256."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import repeat

from pybackup.archive.archive import Archive
from pybackup.archive.find import Volume, look_into
from pybackup.archive.joined import STRIDE
from pybackup.compress.unpack import decode
from pybackup.errors import FormatError, PybackupError
from pybackup.host.joined import Part, part_of
from pybackup.host.storage import ArchiveFile
from pybackup.model.listing import BriefRows, Rows
from pybackup.model.member import Member, Stored
from pybackup.model.volume import VolumeKind

# After the addresses of a set, its spare copies and earlier archives.
_ELSEWHERE_AT = 7 << 60
_DIGEST_BYTES = 32

More = Callable[[Collection[bytes]], Iterable[bytes]]
"""Gives the paths of archives that are known to hold contents of some SHA-256."""


class Elsewhere:
    """Searches archives for lost contents, for each file once.

    Parameters
    ----------
    paths
        Archives that are here, whatever they hold.
    more
        Called for further archives if these do not have all contents.
    """

    def __init__(self, paths: Sequence[bytes], more: More | None = None) -> None:
        self._paths, self._more = paths, more
        self._tried: set[bytes] = set()

    def view(self, archive: Archive, lost: Collection[bytes]) -> Archive | None:
        """Return the archive with its lost files replaced by the ones found elsewhere; None if nothing is found.

        Lost files are given by path. Each segment of one may be in another archive. A file is searched for only once.
        """
        wanted = set(lost) - self._tried
        self._tried |= wanted
        hurt = {row: archive.listing.stored(row) for row, path in enumerate(archive.listing.paths) if path in wanted}
        search = _Search(hurt.values())
        if not search.left:
            return None
        search.through(self._paths)
        if search.left and self._more:
            search.through(self._more(search.left))
        found = {row: other for row, stored in hurt.items() if (other := search.replaced(stored)) != stored}
        if not found:
            return None
        place = archive.place if isinstance(archive.place, tuple) else (_whole(archive.place),)
        # An archive in which something was found earlier keeps its address.
        parts = [each for each in place if each.address < _ELSEWHERE_AT]
        listing = replace(archive.listing, rows=_Replaced(archive.listing.rows, found))
        return Archive((*parts, *search.parts), listing, archive.volume_set)


def labels_of(view: Archive) -> list[str]:
    """Return the labels of the archives in which contents of a view were found."""
    return [part.label for part in view.place if part.address >= _ELSEWHERE_AT] if isinstance(view.place, tuple) else []


class _Search:
    """A search for contents, of whole files and of segments."""

    def __init__(self, hurt: Iterable[Stored]) -> None:
        self.left: set[bytes] = set()
        self.parts: list[Part] = []
        self._members: dict[bytes, Member] = {}
        self._files: dict[bytes, tuple[Member, ...]] = {}
        self._seen: set[bytes] = set()
        for stored in hurt:
            self.left |= {digest for digest in _digests(stored) if len(digest) == _DIGEST_BYTES}

    def through(self, paths: Iterable[bytes]) -> None:
        """Look through archives, until everything is found."""
        for path in paths:
            if not self.left:
                return
            if path not in self._seen:
                self._seen.add(path)
                with suppress(PybackupError):  # an unreadable archive is skipped
                    for volume in look_into(path, is_meant=False).volumes:
                        if volume.info is None or volume.info.kind is VolumeKind.DATA:
                            self._through(volume)

    def _through(self, volume: Volume) -> None:
        address = _ELSEWHERE_AT + len(self.parts) * STRIDE
        rows, count = volume.listing.rows, len(self.left)
        briefs = rows.briefs(range(len(volume.listing))) if isinstance(rows, BriefRows) else repeat(None)
        with volume.open() as file:
            for (row, path), brief in zip(enumerate(volume.listing.paths), briefs, strict=False):
                if brief is None or brief.digest in self.left:
                    self._take(file, rows.stored(row, path), address)
        if len(self.left) < count:
            self.parts.append(volume.part(address))

    def _take(self, file: ArchiveFile, stored: Stored, address: int) -> None:
        """Take contents that are searched for and intact here; this may be the archive they were lost in."""
        for member in stored.members:
            if member.digest in self.left and _is_whole(file, [member]):
                self._members[member.digest] = member.moved(address)
                self.left.discard(member.digest)
        if stored.digest in self.left and not stored.fault and _is_whole(file, stored.members):
            self._files[stored.digest] = tuple(member.moved(address) for member in stored.members)
            self.left.discard(stored.digest)

    def replaced(self, stored: Stored) -> Stored:
        """Return the entry of a file with members replaced by those that were found."""
        whole, one = self._files.get(stored.digest), self._members.get(stored.digest)
        if one is not None:
            whole = (one,)  # what is a segment of the lost file is a whole file there
        if whole is not None:
            return stored._replace(members=whole, segments=0, numbers=(), spares=())
        members = tuple(self._members.get(member.digest, member) for member in stored.members)
        return stored._replace(members=members, spares=()) if members != stored.members else stored


class _Replaced:
    """The rows of a listing, with some entries replaced."""

    def __init__(self, rows: Rows, instead: dict[int, Stored]) -> None:
        self._rows, self._instead, self.kinds = rows, instead, rows.kinds

    def stored(self, row: int, path: bytes) -> Stored:
        """Return the entry of ``row``."""
        return self._instead.get(row) or self._rows.stored(row, path)


def _is_whole(file: ArchiveFile, members: Sequence[Member]) -> bool:
    """Whether all members can be decoded and match their digests."""
    try:
        for member in members:
            for _ in decode(file, member):
                pass
    except (FormatError, OSError):
        return False
    return True


def _digests(stored: Stored) -> Iterable[bytes]:
    yield stored.digest
    for member in stored.members:
        yield member.digest


def _whole(path: bytes) -> Part:
    with ArchiveFile(path) as file:
        return part_of(path, 0, file.size)
