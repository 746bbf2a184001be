"""The volumes of a set as one archive: one listing, and one address space in which each has its place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress

from pybackup.container.merge import MergedRows, VolumeRows
from pybackup.container.skeleton import read_skeleton
from pybackup.errors import FormatError
from pybackup.host.joined import Part
from pybackup.model.entry import Entry
from pybackup.model.extents import Extents
from pybackup.model.listing import Listing, Way
from pybackup.model.member import Stored
from pybackup.model.problem import Problem, Trouble
from pybackup.model.verdict import sectors_of

from .volume_set import SetAtHand

# No volume is as long, and all of them together are within what a listing may tell of.
_STRIDE = 1 << 44


def joined(hand: SetAtHand) -> tuple[tuple[Part, ...], Listing]:
    """Return where the bytes of a set are, and what it holds, as far as its volumes at hand tell."""
    numbers = sorted(hand.tables)
    parts = tuple(
        hand.data[number].part(address_of(number))
        if number in hand.data
        else Part(address_of(number), _STRIDE, b"", label=hand.label(number))
        for number in numbers
    )
    unknown = _unknown(hand)
    rows = MergedRows(
        [VolumeRows(address_of(number), *hand.tables[number], number in hand.data) for number in numbers],
        _skeleton(hand) if unknown else (),
    )
    volumes = [*hand.data.values(), *hand.recovery.values()]
    damage = [f"{volume.part().label}: {said}" for volume in volumes for said in volume.listing.damage]
    newest = max(
        hand.data.values() or hand.recovery.values(), key=lambda volume: volume.info.number if volume.info else 0
    )
    listing = Listing(
        rows.paths,
        rows,
        Way.TREE,
        hand.info.set_id,
        len(rows.paths),
        tuple(damage),
        newest.listing.settings,
        doubts=[_doubt(hand, path, addresses) for path, addresses in rows.contradictions()],
        unknown=unknown,
    )
    return parts, listing


def _doubt(hand: SetAtHand, path: bytes, addresses: Iterable[int]) -> Problem:
    labels = [hand.label(address // _STRIDE) for address in addresses]
    return Problem(path, Trouble.DAMAGED, f"{' and '.join(labels)} have different content of it; the last one counts")


def volumes_of(stored: Iterable[Stored], *, spares: bool = False) -> set[int]:
    """Return the numbers of the data volumes on which the content of these entries lies; all, if with their spares."""
    members = (member for one in stored for member in (*one.members, *(one.spares if spares else ())))
    return {member.offset // _STRIDE for member in members}


def needed_of(wanted: Extents, place: Sequence[Part]) -> str:
    """Say which volumes hold these ranges of addresses, and which of their sectors where only these are wanted.

    Sectors are counted from the start of the file or disc that holds the volume.
    """
    said = []
    for part in place:
        there = wanted.within(part.address, part.address + part.n_bytes)
        if not there:
            continue
        if not part.path:
            said.append(part.label)
            continue
        said.append(sectors_of(there.moved(part.offset - part.address), part.label or "the image"))
    return "; ".join(said) or "another copy of the volume"


def address_of(number: int) -> int:
    """Return where the bytes of a data volume stand."""
    return number * _STRIDE


def _unknown(hand: SetAtHand) -> str:
    """What no volume at hand tells of, in words."""
    dark = [number for number in range(1, hand.known + 1) if number not in hand.tables]
    if dark:
        return f"what {hand.labels(dark)} held is not known: it is not here, and no later volume is"
    if hand.last is None:
        known = f" after {hand.label(hand.known)}" if hand.known else ""
        return f"the volumes{known} are not here, and what they hold is not known"
    return ""


def _skeleton(hand: SetAtHand) -> Iterator[Entry]:
    """What has no content, of the whole set: each volume has that."""
    for volume in (*hand.data.values(), *hand.recovery.values()):
        with volume.open() as file, suppress(FormatError):
            if found := read_skeleton(file, volume.listing):
                yield from found
                return
