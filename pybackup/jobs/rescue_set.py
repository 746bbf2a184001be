"""Rescuing a set: each volume as good as its copies and its parity make it, then all of them as one."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

from pybackup.container.listing import Listing, Rows
from pybackup.container.read import open_listing, segment_numbers
from pybackup.errors import FormatError, UsageError
from pybackup.host.joined import Part, Place, open_place
from pybackup.host.monitor import Monitor
from pybackup.host.storage import ArchiveFile
from pybackup.model.extents import Extents
from pybackup.model.member import Stored
from pybackup.model.volume import VolumeInfo, VolumeKind, volume_id
from pybackup.parity.find import find

from .best_image import Image, best_image
from .copies import open_copies
from .set_view import address_of, joined
from .volumes import Volume, gather, volumes_in

_NAME = b"pybackup-salvage-%d"
# A header alone tells its volume by an id that is made of the number: so many are tried.
_MOST_VOLUMES = 4096


@dataclass(frozen=True, slots=True)
class SetImage:
    """All volumes together, as good as they can be had.

    Attributes
    ----------
    bad, repaired
        As in `pybackup.jobs.rescue.Image`, at the addresses of the volumes; what is missing is bad.
    """

    place: tuple[Part, ...]
    listing: Listing
    bad: Extents | None
    repaired: Extents


@dataclass(frozen=True, slots=True)
class _Mended:
    """A volume, and what is known of the image that it lies in."""

    volume: Volume
    image: Image


def group_copies(images: Sequence[bytes], maps: Sequence[bytes]) -> list[tuple[list[bytes], list[bytes]]]:
    """Return images and maps by the volume that they are copies of; in one group what does not tell.

    Parameters
    ----------
    maps
        One for each of the first images.
    """
    groups: dict[object, tuple[list[bytes], list[bytes]]] = {}
    first: object = None
    for number, image in enumerate(images):
        key = _key(image)
        key = first if key is None and groups else key
        first = key if first is None else first
        paths, their_maps = groups.setdefault(key, ([], []))
        if number < len(maps):
            if len(their_maps) < len(paths):
                raise UsageError("give the copies that have a map first, each with its own")
            their_maps.append(maps[number])
        paths.append(image)
    return list(groups.values())


def _key(path: bytes) -> object:
    """What copies of a volume have in common, in whichever form they are; None where nothing tells."""
    if os.path.isdir(path):
        return None
    with ArchiveFile(path) as file:
        guards = find([file]) if file.size else None
    if guards:
        return guards.digest
    found = next(volumes_in(path), None)
    return found.info.archive_id if found and found.info else None


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
    for number, (paths, maps) in enumerate(groups):
        given = stack.enter_context(open_copies(paths, maps))
        images.append(stack.enter_context(best_image(given, work_dir, monitor, name=_NAME % number)))
    clear = [_Mended(volume, image) for image in images for volume in _whole_in(image)]
    if not clear:
        if len(images) > 1:
            raise UsageError("these are copies of several volumes, and none tells of its set: salvage each alone")
        return images[0]
    told = {id(mended.image) for mended in clear}
    first = clear[0].volume.info
    assert first is not None
    # Of the same volume in another form, the whole one counts.
    clear.sort(key=lambda each: each.image.bad is None or bool(each.image.bad))
    mended = clear + [found for image in images if id(image) not in told if (found := _by_headers(image, first))]
    hand = gather([each.volume for each in mended], monitor)
    place, listing = joined(hand)
    by_path = {(each.volume.path, each.volume.offset): each.image for each in mended}
    images_of = {number: by_path[volume.path, volume.offset] for number, volume in hand.data.items()}
    repaired = Extents.of(
        extent for number, image in images_of.items() for extent in image.repaired.moved(address_of(number))
    )
    return SetImage(place, listing, _bad(place, images_of), repaired)


def _whole_in(image: Image) -> list[Volume]:
    """The volume in an image, if it tells which it is."""
    return [volume for volume in volumes_in(image.path) if volume.info][:1]


def _by_headers(image: Image, known: VolumeInfo) -> _Mended | None:
    """A volume whose tree index is lost: told by the id that its headers have."""
    try:
        with open_place(image.place) as file:
            listing, size = open_listing(file), file.size
    except FormatError:
        return None
    for number in range(1, _MOST_VOLUMES):
        if volume_id(known.set_id, VolumeKind.DATA, number) == listing.archive_id:
            info = VolumeInfo(known.set_id, known.name, number)
            numbered = replace(listing, rows=_NumberedRows(listing.rows, image.place))
            return _Mended(Volume(image.path, image.offset, image.n_bytes or size, info, numbered), image)
    return None


class _NumberedRows:
    """Rows found by headers: of a file that is there in part, its headers say which segments those are."""

    def __init__(self, rows: Rows, place: Place) -> None:
        self._rows = rows
        self._place = place
        self.kinds = rows.kinds

    def stored(self, row: int, path: bytes) -> Stored:
        """Return the entry of ``row``."""
        stored = self._rows.stored(row, path)
        if not stored.missing or stored.numbers:
            return stored
        with open_place(self._place) as file:
            return replace(stored, numbers=tuple(segment_numbers(file, stored.members)))


def _bad(place: Sequence[Part], images: Mapping[int, Image]) -> Extents | None:
    """What is bad of all volumes, and all of those that are missing; None where of one that is not known."""
    if any(image.bad is None for image in images.values()):
        return None
    bad = [extent for number, image in images.items() for extent in (image.bad or Extents()).moved(address_of(number))]
    return Extents.of([*bad, *((part.address, part.address + part.n_bytes) for part in place if not part.path)])
