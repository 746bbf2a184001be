"""The mender: an archive, or all volumes of a set, as good as copies, parity and recovery volumes make them.

What is put together lies in temporary files for as long as somebody reads it; nothing that was given is written.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

from pybackup.archive.by_headers import by_headers
from pybackup.archive.find import FoundFile, Volume, volumes_in
from pybackup.archive.joined import address_of, joined
from pybackup.archive.volume_set import SetAtHand, gather
from pybackup.container.read import open_indexed
from pybackup.errors import Damaged, FormatError, UsageError
from pybackup.host.joined import JoinedFile, Part, Place
from pybackup.host.staging import temporary_directory
from pybackup.host.storage import Destination, environment, make_directory
from pybackup.model.extents import Extents
from pybackup.model.listing import Listing
from pybackup.model.soundness import Soundness, unproved
from pybackup.model.volume import VolumeInfo, VolumeKind
from pybackup.monitor import Monitor

from .across import SetRows
from .alike import Alike, once, sort_out
from .best_image import Image, best_image
from .copies import open_copies
from .given import take_in
from .health import Health
from .unusable import Unusable


@dataclass(frozen=True, slots=True)
class Mended:
    """An archive, or volumes of a set as one, as good as can be had.

    Attributes
    ----------
    listing
        What it holds; None where that is for the reader to find out, from what is left.
    hand
        The volumes of the set; None for an archive that is of none.
    soundness
        What is known of the bytes at the addresses of ``place``; volumes that are missing are bad.
    repaired
        Byte ranges that were bad and have been put right.
    health
        Of a single archive as it was found, by the checksums of its sectors; None where too few of these are left. Of
        an archive in an image with parity of its own, as that has left it.
    worn
        What was found damaged or lost, where that was looked for: the archive's name, or labels of volumes.
    """

    place: Place
    listing: Listing | None
    hand: SetAtHand | None
    soundness: Soundness
    repaired: Extents
    health: Health | None = None
    worn: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class _MendedVolume:
    """A volume, and what is known of its bytes: as in `Mended`, from where it begins."""

    volume: Volume
    soundness: Soundness
    repaired: Extents


class Mender:
    """Makes the best of what was given; temporary files last as long as the stack.

    Parameters
    ----------
    work_dir
        Where they lie: they take as much space as the volumes that are damaged or lost.
    """

    def __init__(self, work_dir: bytes, stack: ExitStack, monitor: Monitor) -> None:
        self.work_dir = work_dir
        self._stack = stack
        self._monitor = monitor

    def best(self, files: Sequence[FoundFile], maps: Sequence[bytes] = ()) -> Mended:
        """Return all that was given, as good as it can be had.

        Parameters
        ----------
        maps
            Of ddrescue, one for each of the first files.

        Raises
        ------
        UsageError
            These are volumes of more than one set, or archives that are of none; or a map is for the wrong copy.
        EnvironmentFailed
            A temporary file cannot be written.
        """
        groups, silent = sort_out(files if maps else once(files), maps)
        if groups:
            # What nothing tells of is taken for a copy of the first.
            groups[0].files += silent
        else:
            groups = [Alike(b"", b"", False, list(silent))]
        if not maps and any(map(_is_recovery, files)) and (restored := self.across(files)):
            return restored
        images = [self._image(group) for group in groups]
        there = [list(_volumes_in(image, group.files)) for image, group in zip(images, groups, strict=True)]
        clear = [
            _MendedVolume(volume, image.soundness, image.repaired)
            for image, volumes in zip(images, there, strict=True)
            for volume in [volume for volume in volumes if volume.info][:1]
        ]
        if not clear:
            if len(images) > 1:
                raise UsageError("these are copies of several volumes, and none tells of its set: salvage each alone")
            image = images[0]
            found = next(iter(there[0]), None)
            # Where nothing vouches for the bytes, members may lie elsewhere than an index says.
            is_known = found is not None and found.offset == image.offset and image.soundness.is_proved
            listing = found.listing if found and is_known else None
            return Mended(image.place, listing, None, image.soundness, image.repaired, image.health)
        told = {each.volume.path for each in clear}
        known = clear[0].volume.info
        assert known is not None
        # Of the same volume in another form, the whole one counts.
        clear.sort(key=lambda each: not each.soundness.is_proved or bool(each.soundness.bad))
        dark = [image for image in images if image.path not in told]
        return _together([*clear, *(each for image in dark for each in _by_headers(image, known))], self._monitor)

    def better(self, files: Sequence[FoundFile], blamed: Collection[int], hand: SetAtHand) -> Mended | None:
        """Return a set with those volumes mended that are to blame, and all that are unclear; None for no better one.

        Parameters
        ----------
        files
            All files of the set: those of its volumes, and unclear ones.
        blamed
            Numbers of data volumes.
        """
        unclear = [file for file in files if not file.volumes]
        volumes = [*hand.data.values(), *hand.recovery.values()]
        mended: list[_MendedVolume] = []
        for volume in hand.data.values():
            if volume.info and volume.info.number in blamed:
                copies = [copy for copy in hand.copies if copy.info == volume.info]
                group = [FoundFile(path) for path in dict.fromkeys([volume.path, *(copy.path for copy in copies)])]
                image = self._image(Alike(b"", b"", False, group), first_named=volume.path)
                if image.path != volume.path:
                    found = [each for each in volumes_in(image.path) if each.info == volume.info]
                    mended += [_MendedVolume(each, image.soundness, image.repaired) for each in found]
        for file in unclear:
            image = self._image(Alike(b"", b"", False, [file]), first_named=file.path)
            found = [each for each in volumes_in(image.path) if each.info]
            mended += [_MendedVolume(each, image.soundness, image.repaired) for each in found]
            mended += [] if found else _by_headers(image, hand.info)
        if not mended:
            return None
        worn = [each.volume.info.label for each in mended if each.volume.info]
        others = [each for each in volumes if each.info not in {one.volume.info for one in mended}]
        whole = (_MendedVolume(each, unproved(), Extents()) for each in others)
        return replace(_together([*whole, *mended], Monitor()), worn=worn)

    def single(self, path: bytes) -> Mended | None:
        """Return the archive in a file as good as its parity and sidecar make it; None where that changes nothing."""
        image = self._image(Alike(b"", b"", False, [FoundFile(path)]), first_named=path)
        if image.path == path:
            return None
        found = next(volumes_in(image.path), None)
        worn = [os.fsdecode(path)]
        if found is not None and found.info is not None:
            return replace(_together([_MendedVolume(found, image.soundness, image.repaired)], self._monitor), worn=worn)
        place, listing = ((found.part(),), found.listing) if found else (image.place, None)
        return Mended(place, listing, None, image.soundness, image.repaired, image.health, worn)

    def across(self, files: Sequence[FoundFile]) -> Mended | None:
        """Return a set with what its recovery volumes bring back, own parity and other copies taken first.

        None where nothing can be brought back, as they do not tell enough.
        """
        make_directory(self.work_dir)
        with environment(self.work_dir):
            to = Destination(self._stack.enter_context(temporary_directory(self.work_dir)))
        with Unusable(self._monitor) as heard:
            try:
                taken = take_in(files, to, stack=self._stack, monitor=heard)
                if taken.header is None:
                    return None
                rows = SetRows(taken, taken.header, to, self._stack, heard)
                rows.restore()
            except (Damaged, UsageError) as error:
                # Whoever reads them says what is wrong with them.
                self._monitor.note(str(error))
                return None
            if not any(map(rows.lost_sectors, range(len(rows.bodies)))):
                heard.settle(sum(rows.held(row) is None for row in range(len(rows.bodies))))
        volumes = [each for row in range(len(rows.bodies)) if (each := _restored(rows, row))]
        recovery = [volume for (kind, _), volume in taken.volumes.items() if kind is VolumeKind.RECOVERY]
        worn = [rows.data_info(row).label for row in range(len(rows.bodies)) if rows.place_of(row)]
        whole = (_MendedVolume(each, Soundness(), Extents()) for each in recovery)
        return replace(_together([*volumes, *whole], Monitor()), worn=worn)

    def _image(self, group: Alike, *, first_named: bytes = b"") -> Image:
        """The best image of copies; ``first_named`` is told to be damaged before that is made, if it has to be."""
        given = self._stack.enter_context(open_copies(group.paths, group.maps))
        words = ""
        if first_named:
            where = os.fsdecode(self.work_dir)
            words = f"{os.fsdecode(first_named)}: damaged; mending a copy of it in {where}"
        return self._stack.enter_context(best_image(given, self.work_dir, self._monitor, words=words))


def _is_recovery(file: FoundFile) -> bool:
    return any(volume.info is not None and volume.info.kind is VolumeKind.RECOVERY for volume in file.volumes)


def _volumes_in(image: Image, files: Sequence[FoundFile]) -> Iterable[Volume]:
    """The archives in an image, which may be one of the files that were looked at already."""
    known = next((file.volumes for file in files if file.path == image.path), None)
    return volumes_in(image.path) if known is None else known


def _by_headers(image: Image, known: VolumeInfo) -> list[_MendedVolume]:
    found = by_headers(image.part(), known)
    return [_MendedVolume(found, image.soundness, image.repaired)] if found else []


def _restored(rows: SetRows, row: int) -> _MendedVolume | None:
    """A data volume after the rows were restored; None where nothing tells what it holds."""
    info, taken = rows.data_info(row), rows.taken
    there = rows.place_of(row)
    whole = taken.volumes.get((VolumeKind.DATA, row + 1))
    if there is None:
        return _MendedVolume(whole, Soundness(), Extents()) if whole else None
    listing = whole.listing if whole and whole.path == there.path else _indexed(there)
    if listing is None:
        volume = by_headers(there, taken.info)
    else:
        volume = Volume(there.path, there.offset, there.n_bytes, info, listing)
    return _MendedVolume(volume, *rows.soundness_of(row)) if volume else None


def _indexed(part: Part) -> Listing | None:
    with JoinedFile([part]) as file:
        try:
            return open_indexed(file)
        except FormatError:
            return None


def _together(volumes: Sequence[_MendedVolume], monitor: Monitor) -> Mended:
    """Volumes of one set as one archive; of several of one number the first."""
    hand = gather([each.volume for each in volumes], monitor)
    place, listing = joined(hand)
    by_place = {(each.volume.path, each.volume.offset): each for each in reversed(volumes)}
    known = {number: by_place[volume.path, volume.offset] for number, volume in hand.data.items()}
    repaired = Extents.of(_moved((number, each.repaired) for number, each in known.items()))
    missing = ((part.address, part.address + part.n_bytes) for part in place if not part.path)
    sound = [each.soundness.within(0, each.volume.n_bytes).moved(address_of(number)) for number, each in known.items()]
    bad = Extents.of([*(part for each in sound for part in each.bad), *missing])
    soundness = Soundness(bad, Extents.of(part for each in sound for part in each.unproved))
    return Mended(place, listing, hand, soundness, repaired)


def _moved(extents: Iterable[tuple[int, Extents]]) -> Iterator[tuple[int, int]]:
    """Byte ranges of data volumes, at their addresses."""
    for number, ranges in extents:
        yield from ranges.moved(address_of(number))
