"""Mended images opened as an archive, a single one or the volumes of a set; members are found by their headers."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from pybackup.archive.archive import Archive
from pybackup.archive.find import FoundFile, Volume
from pybackup.archive.joined import address_of, base_of, joined, spare_address
from pybackup.archive.volume_set import VolumeSet, gather
from pybackup.container.read import open_listing
from pybackup.container.relocate import relocate
from pybackup.errors import NotAnArchive
from pybackup.host.joined import JoinedFile, Part, Place, open_place, part_of
from pybackup.host.storage import ArchiveFile
from pybackup.model.extents import Extents
from pybackup.model.listing import FoundRows, Listing, Rows, Way
from pybackup.model.soundness import Soundness
from pybackup.model.volume import VolumeKind
from pybackup.monitor import Monitor

from .best_image import Image
from .health import Health

# Bytes that are bad in an image may be near the same place in a copy.
_NEAR_BYTES = 1 << 18


@dataclass(slots=True, eq=False)
class MendedArchive(Archive):
    """An archive, or the volumes of a set as one, repaired as far as copies and parity allow.

    Attributes
    ----------
    soundness
        Which bytes are good, by the addresses of ``place``; those of missing volumes are bad.
    repaired
        Byte ranges that were bad and have been repaired.
    health
        Of a single archive as it was found, by the checksums of its sectors; None if too few of these are left. Of an
        archive in an image with parity of its own, after the image was repaired.
    worn
        What was found damaged or lost, if that was checked: the name of the archive, or labels of volumes.
    refusal
        Why this is not an archive: then the listing is empty, and only contents with known signatures can be found.
    """

    soundness: Soundness = Soundness()  # noqa: RUF009 - a frozen value
    repaired: Extents = Extents()  # noqa: RUF009 - a frozen value
    health: Health | None = None
    worn: Sequence[str] = ()
    refusal: NotAnArchive | None = None


@dataclass(frozen=True, slots=True)
class MendedVolume:
    """A volume of a set, and which of its bytes are good, as in `MendedArchive`, but counted from its own start.

    Attributes
    ----------
    is_left
        It was not mended, since no damage to it is known; its members are at the places in its index.
    """

    volume: Volume
    soundness: Soundness
    repaired: Extents
    is_left: bool = False

    @property
    def number(self) -> int:
        """The listing of the volume."""
        return self.volume.info.number if self.volume.info else 0

    @property
    def identity(self) -> bytes:
        """The id of its archive."""
        return identity_of(self.volume)

    @property
    def is_whole(self) -> bool:
        """Whether checksums prove that all of it is right."""
        return _is_whole(self.soundness)

    @property
    def is_data(self) -> bool:
        """Whether it is a data volume."""
        return self.volume.info is not None and self.volume.info.kind is VolumeKind.DATA


def identity_of(volume: Volume) -> bytes:
    """Return the id of the archive of a volume."""
    return volume.info.archive_id if volume.info else b""


def alone(image: Image, copies: Sequence[FoundFile], seen: FoundFile) -> MendedArchive:
    """Return an archive that is not a volume of a set; bytes that are bad in the image may be good in a copy.

    Parameters
    ----------
    copies
        The copies that the image was made of.
    seen
        The archives found in the image.
    """
    listing = next((volume.listing for volume in seen.volumes if volume.offset == image.offset), None)
    if listing is not None and _is_whole(image.soundness):
        return MendedArchive(image.place, listing, None, image.soundness, image.repaired, image.health)
    spares = list(_spares(image, copies)) if not _is_whole(image.soundness) else []
    place: Place = image.place
    if spares:
        place = (_part_of(image), *spares)
    mended = as_found(place, image.soundness, image.repaired, listing=listing)
    if mended.listing.way is not Way.TREE:
        told = (volume.listing for file in copies for volume in file.volumes[:1])
        same = next((each for each in told if mended.listing.archive_id in (b"", each.archive_id)), None)
        if same is not None:
            mended = as_found(place, image.soundness, image.repaired, listing=same)
    return replace(mended, health=image.health)


def as_found(place: Place, soundness: Soundness, repaired: Extents, *, listing: Listing | None = None) -> MendedArchive:
    """Return an archive as it is; unless all of it is known to be right, its members are found by their headers.

    Parameters
    ----------
    listing
        Its listing, if it is known.
    """
    refusal = None
    with open_place(place) if isinstance(place, bytes) else JoinedFile([*_looked_through(place, soundness)]) as file:
        try:
            listing = relocate(file, listing or open_listing(file), sample=_is_whole(soundness))
        except NotAnArchive as error:
            listing, refusal = Listing((), FoundRows(()), Way.HEADERS, b"", None), error
    return MendedArchive(place, listing, None, soundness, repaired, refusal=refusal)


def _looked_through(place: Sequence[Part], soundness: Soundness) -> Iterator[Part]:
    """Yield an image, and the parts of spare copies near its bad places, or all of them if it has no checksums."""
    image = place[0]
    for part in place:
        if not part.is_spare or not soundness.is_proved:
            yield replace(part, is_spare=False)
            continue
        base = base_of(part.address)
        margin = _NEAR_BYTES + abs(part.n_bytes - image.n_bytes)  # bytes were lost or came in
        near = Extents.of((base + max(0, start - margin), base + end + margin) for start, end in soundness.bad)
        for start, end in near.within(part.address, part.address + part.n_bytes):
            yield Part(start, end - start, part.path, part.offset + start - part.address)


def _part_of(image: Image) -> Part:
    if image.n_bytes:
        return part_of(image.path, image.offset, image.n_bytes)
    with ArchiveFile(image.path) as file:
        return part_of(image.path, 0, file.size, label="the volume")


def _spares(image: Image, copies: Sequence[FoundFile]) -> Iterator[Part]:
    """Yield the copies of an image besides itself; only files, as a drive should be read only once."""
    paths = [path for path in dict.fromkeys(file.path for file in copies) if path != image.path]
    for number, path in enumerate(path for path in paths if os.path.isfile(path)):
        n_bytes = os.path.getsize(path) - image.offset
        if n_bytes > max(0, -image.offset):
            yield replace(part_of(path, image.offset, n_bytes, address=spare_address(number)), is_spare=True)


def together(volumes: Sequence[MendedVolume], monitor: Monitor) -> MendedArchive:
    """Return volumes of one set as one archive; bytes that are bad in one may be good in others of its number."""
    first: dict[bytes, MendedVolume] = {}
    spares: dict[int, list[Volume]] = {}
    for each in volumes:
        of_same = first.setdefault(each.identity, each)
        if of_same is not each and each.is_data and not of_same.is_whole:
            spares.setdefault(each.number, []).append(each.volume)
    volume_set = gather([each.volume for each in volumes], monitor)
    known = {each.number: each for each in first.values() if each.is_data}
    for number, each in known.items():
        if not (each.is_left or (each.is_whole and each.volume.listing.way is Way.TREE)):
            volume_set.tables[number] = _table_of(each, volume_set, spares.get(number, ()))
    place, listing = joined(volume_set, spares)
    repaired = Extents.of(_moved((number, each.repaired) for number, each in known.items()))
    missing = ((part.address, part.address + part.n_bytes) for part in place if not part.path)
    sound = [each.soundness.within(0, each.volume.n_bytes).moved(address_of(number)) for number, each in known.items()]
    bad = Extents.of([*(part for each in sound for part in each.bad), *missing])
    soundness = Soundness(bad, Extents.of(part for each in sound for part in each.unproved))
    return MendedArchive(place, listing, volume_set, soundness, repaired)


def _table_of(each: MendedVolume, volume_set: VolumeSet, spares: Iterable[Volume]) -> tuple[Rows, Sequence[bytes]]:
    """Return the entries of a data volume by its most complete index, with members at the places of their headers."""
    volume = each.volume
    rows, paths = volume_set.tables[each.number]
    if rows is volume.listing.rows and volume.listing.way is not Way.TREE:
        listings = (volume.listing, *(spare.listing for spare in spares))
        best = max(listings, key=lambda listing: (listing.way is Way.TREE, len(listing)))
        rows, paths = best.rows, best.paths
    listing = Listing(paths, rows, Way.TREE, each.identity, len(paths))
    with volume.open() as file:
        return relocate(file, listing, sample=each.is_whole).rows, paths


def _moved(extents: Iterable[tuple[int, Extents]]) -> Iterator[tuple[int, int]]:
    """Yield byte ranges of data volumes as addresses in the set."""
    for number, ranges in extents:
        yield from ranges.moved(address_of(number))


def _is_whole(soundness: Soundness) -> bool:
    return soundness.is_proved and not soundness.bad
