"""The mender: repairs an archive, or all volumes of a set, as far as copies, parity and recovery volumes allow.

The results are temporary files, which are kept as long as they are read; the given files are never written to.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import replace

from pybackup.archive.ancestry import ancestry
from pybackup.archive.by_headers import by_headers, clear_up
from pybackup.archive.find import FoundFile, Volume, look_into
from pybackup.archive.volume_set import VolumeSet
from pybackup.container.read import open_indexed
from pybackup.errors import Damaged, FormatError, UsageError
from pybackup.host.environment import environment, make_directory
from pybackup.host.joined import JoinedFile, Part
from pybackup.host.output import Destination
from pybackup.host.temporaries import temporary_directory
from pybackup.model.extents import Extents
from pybackup.model.listing import Listing
from pybackup.model.soundness import Soundness, unproved
from pybackup.model.volume import VolumeInfo, VolumeKind
from pybackup.monitor import Monitor, Phase

from .across import SetRows
from .alike import Alike, once, sort_out
from .assemble import phases_of_images
from .best_image import Image, best_image
from .copies import open_copies
from .mended import MendedArchive, MendedVolume, alone, identity_of, together
from .refused_files import RefusedFiles
from .survey_set import survey_set


class Mender:
    """Repairs the given files as far as possible; temporary files are removed at the end of the stack.

    Parameters
    ----------
    work_dir
        The directory for temporary files, which take as much space as the damaged and lost volumes.
    then
        The phases of the work with the result, for `Monitor.plan`.
    """

    def __init__(self, work_dir: bytes, stack: ExitStack, monitor: Monitor, *, then: Sequence[Phase] = ()) -> None:
        self.work_dir = work_dir
        self._then = then
        self._stack = stack
        self._monitor = monitor

    def best(self, files: Sequence[FoundFile], maps: Sequence[bytes] = ()) -> MendedArchive:
        """Return the given files as one archive, repaired as far as copies, parity and recovery volumes allow.

        Parameters
        ----------
        maps
            Map files of ddrescue, one for each of the first files.

        Raises
        ------
        UsageError
            The files are volumes of more than one set, or several single archives; or a map is for the wrong copy.
        EnvironmentFailed
            A temporary file cannot be written.
        """
        groups, silent = sort_out(files if maps else once(files), maps)
        if groups:
            # Files that cannot be identified are taken for copies of the first.
            groups[0].files += silent
        else:
            groups = [Alike(b"", b"", False, list(silent))]
        if not maps and any(map(_is_recovery, files)) and (restored := self.across(files)):
            return restored
        self._plan(group.paths for group in groups)
        images = [self._image(group) for group in groups]
        seen = _seen(images, groups)
        clear = _clear(images, seen)
        if clear:
            return together(clear, self._monitor)
        if len(images) > 1:
            if any(ancestry(each.listing.settings) for file in files for each in file.volumes):
                raise UsageError(
                    "these are archives of a chain: 'pybackup extract' takes all of them, mends each, and gives the "
                    "tree of the last one; pieces of what is lost then are to be had of each archive alone"
                )
            raise UsageError("these are copies of several volumes, and none tells of its set: salvage each alone")
        return alone(images[0], groups[0].files, seen[0])

    def better(
        self, files: Sequence[FoundFile], blamed: Collection[int], volume_set: VolumeSet
    ) -> MendedArchive | None:
        """Return a set with some of its volumes, and all unidentified files, mended; None if that is no better.

        Parameters
        ----------
        files
            All files of the set: those of its volumes, and unidentified ones.
        blamed
            The numbers of the data volumes to mend, as some of their content is lost.
        """
        hurt = [volume for volume in volume_set.data.values() if volume.info and volume.info.number in blamed]
        groups = [Alike(b"", b"", False, _copies_of(volume, volume_set)) for volume in hurt]
        groups += [Alike(b"", b"", False, [file]) for file in files if not file.volumes]
        self._plan(group.paths for group in groups)
        images = [self._image(group, first_named=group.paths[0]) for group in groups]
        mended = _clear(images, _seen(images, groups), volume_set.info)
        if not mended:
            return None
        worn = [each.volume.info.label for each in mended if each.volume.info]
        told = {each.identity for each in mended}
        others = [each for each in volume_set.volumes if identity_of(each) not in told]
        whole = (MendedVolume(each, unproved(), Extents(), is_left=True) for each in others)
        return replace(together([*whole, *mended], Monitor()), worn=worn)

    def single(self, path: bytes, *copies: bytes) -> MendedArchive:
        """Return the archive in a file, mended by copies, parity and sidecar; members are found by their headers."""
        self._plan([[path, *copies]])
        group = Alike(b"", b"", False, [FoundFile(each) for each in (path, *copies)])
        image = self._image(group, first_named=path)
        seen = _seen([image], [group])
        clear = _clear([image], seen)
        mended = together(clear, self._monitor) if clear else alone(image, group.files, seen[0])
        return replace(mended, worn=[os.fsdecode(path)])

    def across(self, files: Sequence[FoundFile]) -> MendedArchive | None:
        """Return a set with everything that its recovery volumes, parity and copies can restore.

        None if the recovery volumes are too damaged to be identified.
        """
        make_directory(self.work_dir)
        with environment(self.work_dir):
            to = Destination(self._stack.enter_context(temporary_directory(self.work_dir)))
        with RefusedFiles(self._monitor) as heard:
            try:
                surveyed_set = survey_set(files, to, stack=self._stack, then=self._then, monitor=heard)
                if surveyed_set.header is None:
                    return None
                rows = SetRows(surveyed_set, surveyed_set.header, to, self._stack, heard)
                rows.restore()
            except (Damaged, UsageError) as error:
                # Problems with these files are reported when they are read.
                self._monitor.note(str(error))
                return None
            if not any(map(rows.lost_sectors, range(len(rows.bodies)))):
                heard.settle(sum(rows.volume(row) is None for row in range(len(rows.bodies))))
        self._monitor.plan(self._then)
        volumes = {row + 1: each for row in range(len(rows.bodies)) if (each := _restored(rows, row))}
        whole = {number for number, each in volumes.items() if each.is_whole}
        weak = {*range(1, len(rows.bodies) + 1)} - whole
        recovery = [volume for (kind, _), volume in surveyed_set.volumes.items() if kind is VolumeKind.RECOVERY]
        worn = [rows.data_info(row).label for row in range(len(rows.bodies)) if rows.place_of(row)]
        others = (MendedVolume(each, Soundness(), Extents(), is_left=True) for each in recovery)
        spares = self._each(files, surveyed_set.info, weak) if weak else ()
        return replace(together([*volumes.values(), *others, *spares], Monitor()), worn=worn)

    def _each(self, files: Sequence[FoundFile], known: VolumeInfo, numbers: Collection[int]) -> list[MendedVolume]:
        """Return data volumes mended by their own parity and copies only; they may have bytes that the set lacks."""
        groups, silent = sort_out(once(files))
        groups += [Alike(b"", b"", False, [file]) for file in silent]
        self._plan(group.paths for group in groups)
        images = [self._image(group) for group in groups]
        found = _clear(images, _seen(images, groups), known)
        return [each for each in found if each.is_data and each.number in numbers]

    def _plan(self, groups: Iterable[Sequence[bytes]]) -> None:
        """Announce the phases of mending the copies of each volume, and of the work after that."""
        self._monitor.plan([*phases_of_images(list(groups)), *self._then])

    def _image(self, group: Alike, *, first_named: bytes = b"") -> Image:
        """Return the best image of copies; if that has to be made, a note says that ``first_named`` is damaged."""
        given = self._stack.enter_context(open_copies(group.paths, group.maps))
        words = ""
        if first_named:
            where = os.fsdecode(self.work_dir)
            words = f"{os.fsdecode(first_named)}: damaged; mending a copy of it in {where}"
        return self._stack.enter_context(best_image(given, self.work_dir, self._monitor, words=words))


def _is_recovery(file: FoundFile) -> bool:
    return any(volume.info is not None and volume.info.kind is VolumeKind.RECOVERY for volume in file.volumes)


def _copies_of(volume: Volume, volume_set: VolumeSet) -> list[FoundFile]:
    copies = [copy.path for copy in volume_set.copies if copy.info == volume.info]
    return [FoundFile(path) for path in dict.fromkeys([volume.path, *copies])]


def _seen(images: Sequence[Image], groups: Sequence[Alike]) -> list[FoundFile]:
    """Return the archives in images; an image that is one of the given files was looked into already."""
    return [
        next((file for file in group.files if file.path == image.path and file.volumes), None) or look_into(image.path)
        for image, group in zip(images, groups, strict=True)
    ]


def _clear(images: Sequence[Image], seen: Sequence[FoundFile], known: VolumeInfo | None = None) -> list[MendedVolume]:
    """Return the volumes of a set in images, by their indexes or by their headers; none if no set is found.

    Parameters
    ----------
    known
        Any volume of the set, if the set is known already.
    """
    mended = []
    for image, file in zip(images, clear_up(seen, known), strict=True):
        for volume in [volume for volume in file.volumes if volume.info][:1]:
            mended.append(MendedVolume(volume, image.soundness, image.repaired))
    # Of two forms of a volume, the intact one counts.
    return sorted(mended, key=lambda each: not each.is_whole)


def _restored(rows: SetRows, row: int) -> MendedVolume | None:
    """Return a data volume after the rows were restored; None if it has no index."""
    info, surveyed_set = rows.data_info(row), rows.surveyed_set
    there = rows.place_of(row)
    whole = surveyed_set.volumes.get((VolumeKind.DATA, row + 1))
    if there is None:
        return MendedVolume(whole, Soundness(), Extents()) if whole else None
    listing = whole.listing if whole and whole.path == there.path else _indexed(there)
    if listing is None:
        volume = by_headers(there.path, there.offset, there.n_bytes, surveyed_set.info)
    else:
        volume = Volume(there.path, there.offset, there.n_bytes, info, listing)
    return MendedVolume(volume, *rows.soundness_of(row)) if volume else None


def _indexed(part: Part) -> Listing | None:
    with JoinedFile([part]) as file:
        try:
            return open_indexed(file)
        except FormatError:
            return None
