"""Rescuing a set: each volume as good as its copies and its parity make it, then all of them as one."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from pybackup.archive.by_headers import by_headers
from pybackup.archive.find import Volume, volumes_in
from pybackup.archive.joined import address_of, joined
from pybackup.archive.volume_set import gather
from pybackup.container.notes import archive_id_in
from pybackup.errors import UsageError
from pybackup.host.joined import Part
from pybackup.host.storage import ArchiveFile
from pybackup.model.extents import Extents
from pybackup.model.listing import Listing
from pybackup.model.soundness import Soundness
from pybackup.model.volume import VolumeInfo
from pybackup.monitor import Monitor
from pybackup.parity.stream.find import find

from .best_image import Image, best_image
from .copies import open_copies


@dataclass(frozen=True, slots=True)
class SetImage:
    """All volumes together, as good as they can be had.

    Attributes
    ----------
    soundness, repaired
        As in `pybackup.jobs.salvage.Image`, at the addresses of the volumes; what is missing is bad.
    """

    place: tuple[Part, ...]
    listing: Listing
    soundness: Soundness
    repaired: Extents


@dataclass(frozen=True, slots=True)
class _Mended:
    """A volume, and what is known of the image that it lies in."""

    volume: Volume
    image: Image


@dataclass(slots=True)
class _Group:
    """Copies of one volume, and the maps of the first of them."""

    digest: bytes
    archive_id: bytes
    paths: list[bytes] = field(default_factory=list)
    maps: list[bytes] = field(default_factory=list)


def group_copies(images: Sequence[bytes], maps: Sequence[bytes]) -> list[tuple[list[bytes], list[bytes]]]:
    """Return images and maps by the volume that they are copies of; in one group what does not tell.

    Parameters
    ----------
    maps
        One for each of the first images.
    """
    groups: list[_Group] = []
    for number, image in enumerate(images):
        group = _group_of(image, groups)
        if number < len(maps):
            if len(group.maps) < len(group.paths):
                raise UsageError("give the copies that have a map first, each with its own")
            group.maps.append(maps[number])
        group.paths.append(image)
    return [(group.paths, group.maps) for group in groups]


def _group_of(path: bytes, groups: list[_Group]) -> _Group:
    """The copies of the same volume, in the same form, with what they have in common; else a new one."""
    digest, archive_id = (b"", b"") if os.path.isdir(path) else _marks(path)
    if digest:
        there = [group for group in groups if group.digest == digest]
    elif archive_id:
        there = [group for group in groups if group.archive_id == archive_id]
    else:
        # What nothing tells of is taken for a copy of the first.
        there = groups
    if not there:
        groups.append(_Group(digest, archive_id))
        return groups[-1]
    return there[0]


def _marks(path: bytes) -> tuple[bytes, bytes]:
    """The digest in the guard sectors of a file, and the id of the archive in it; empty where nothing tells."""
    with ArchiveFile(path) as file:
        guards = find([file]) if file.size else None
        found = next(volumes_in(path), None)
        archive_id = found.listing.archive_id if found else archive_id_in(file)
    return guards.digest if guards else b"", archive_id or b""


def mend_set(
    groups: Sequence[tuple[list[bytes], list[bytes]]], work_dir: bytes, stack: ExitStack, monitor: Monitor
) -> SetImage | Image:
    """Return the set that these copies are of; the image alone where they are of one archive that is of no set.

    Temporary files last as long as the stack.

    Raises
    ------
    UsageError
        They are of more than one set, or of archives that are of none.
    """
    images = []
    for paths, maps in groups:
        given = stack.enter_context(open_copies(paths, maps))
        images.append(stack.enter_context(best_image(given, work_dir, monitor)))
    clear = [_Mended(volume, image) for image in images for volume in _whole_in(image)]
    if not clear:
        if len(images) > 1:
            raise UsageError("these are copies of several volumes, and none tells of its set: salvage each alone")
        return images[0]
    told = {id(mended.image) for mended in clear}
    first = clear[0].volume.info
    assert first is not None
    # Of the same volume in another form, the whole one counts.
    clear.sort(key=lambda each: not each.image.soundness.is_proved or bool(each.image.soundness.bad))
    mended = clear + [found for image in images if id(image) not in told if (found := _by_headers(image, first))]
    hand = gather([each.volume for each in mended], monitor)
    place, listing = joined(hand)
    by_path = {(each.volume.path, each.volume.offset): each.image for each in mended}
    images_of = {number: by_path[volume.path, volume.offset] for number, volume in hand.data.items()}
    repaired = Extents.of(
        extent for number, image in images_of.items() for extent in image.repaired.moved(address_of(number))
    )
    return SetImage(place, listing, _soundness(place, images_of), repaired)


def _whole_in(image: Image) -> list[Volume]:
    """The volume in an image, if it tells which it is."""
    return [volume for volume in volumes_in(image.path) if volume.info][:1]


def _by_headers(image: Image, known: VolumeInfo) -> _Mended | None:
    found = by_headers(image.part(), known)
    return _Mended(found, image) if found else None


def _soundness(place: Sequence[Part], images: Mapping[int, Image]) -> Soundness:
    """What is known of all volumes at their addresses; those that are missing are bad."""
    missing = [(part.address, part.address + part.n_bytes) for part in place if not part.path]
    bad = missing
    unproved: list[tuple[int, int]] = []
    for number, image in images.items():
        start = address_of(number)
        known = image.soundness.within(0, image.part().n_bytes).moved(start)
        bad.extend(known.bad)
        unproved.extend(known.unproved)
    return Soundness(Extents.of(bad), Extents.of(unproved))
