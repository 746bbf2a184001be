"""The volumes of a set as one archive: one listing, and one address space.

The address space is cut into stretches of equal length, and each volume begins at the start of its own, so that an
address shows which volume it is in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

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

from .find import Volume
from .volume_set import VolumeSet

STRIDE = 1 << 44
"""Longer than any volume, and so that the addresses of all volumes are within the limits of a listing."""
# The first address after the last volume that a set can have.
_SPARES_AT = 1 << 61


def joined(
    volume_set: VolumeSet, spares: Mapping[int, Sequence[Volume]] | None = None
) -> tuple[tuple[Part, ...], Listing]:
    """Return one address space and one listing for the volumes of a set, as far as the volumes found have them.

    Parameters
    ----------
    spares
        Further copies of data volumes, by number: bytes that are wrong in the first copy may be right there.
    """
    numbers = sorted(volume_set.tables)
    others = [(number, volume) for number, volumes in (spares or {}).items() for volume in volumes]
    standing = [(number, volume, spare_address(row)) for row, (number, volume) in enumerate(others)]
    parts = tuple(
        volume_set.data[number].part(address_of(number))
        if number in volume_set.data
        else Part(address_of(number), STRIDE, b"", label=volume_set.label(number))
        for number in numbers
    )
    parts += tuple(replace(volume.part(at), is_spare=True) for _, volume, at in standing)
    unknown = _unknown(volume_set)
    rows = MergedRows(
        [
            VolumeRows(
                address_of(number),
                *volume_set.tables[number],
                number in volume_set.data,
                tuple(at for of, _, at in standing if of == number),
            )
            for number in numbers
        ],
        _skeleton(volume_set) if unknown else (),
    )
    damage = [f"{volume.part().label}: {said}" for volume in volume_set.volumes for said in volume.listing.damage]
    newest = max(
        volume_set.data.values() or volume_set.recovery.values(),
        key=lambda volume: volume.info.number if volume.info else 0,
    )
    listing = Listing(
        rows.paths,
        rows,
        Way.TREE,
        volume_set.info.set_id,
        len(rows.paths),
        tuple(damage),
        newest.listing.settings,
        doubts=[_doubt(volume_set, path, addresses) for path, addresses in rows.contradictions()],
        unknown=unknown,
    )
    return parts, listing


def _doubt(volume_set: VolumeSet, path: bytes, addresses: Iterable[int]) -> Problem:
    labels = [volume_set.label(address // STRIDE) for address in addresses]
    reason = f"{' and '.join(labels)} have different content of it; the last one counts"
    return Problem(path, Trouble.CONTRADICTORY, reason)


def volumes_of(stored: Iterable[Stored], *, spares: bool = False) -> set[int]:
    """Return the numbers of the data volumes that hold the content of these entries, also in spares if asked for."""
    members = (member for one in stored for member in (*one.sources, *(one.spares if spares else ())))
    return {member.offset // STRIDE for member in members}


def needed_of(wanted: Extents, place: Sequence[Part]) -> str:
    """Return, as a text for people, which volumes hold these addresses, and which sectors of them if not all.

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
    """Return the address at which a data volume begins."""
    return number * STRIDE


def spare_address(number: int) -> int:
    """Return the address at which a spare copy begins; they are numbered from 0."""
    return _SPARES_AT + number * STRIDE


def number_at(address: int) -> int:
    """Return the number of the stretch that an address is in; in a set, it is the number of the volume."""
    return address // STRIDE


def base_of(address: int) -> int:
    """Return the address at which the volume or spare copy begins that an address is in."""
    return address - address % STRIDE


def _unknown(volume_set: VolumeSet) -> str:
    """Return a text for people that says which volumes' content is unknown, as no volume found lists it; or ''."""
    dark = [number for number in range(1, volume_set.known + 1) if number not in volume_set.tables]
    if dark:
        return f"what {volume_set.labels(dark)} held is not known: it is not here, and no later volume is"
    if volume_set.last is None:
        known = f" after {volume_set.label(volume_set.known)}" if volume_set.known else ""
        return f"the volumes{known} are not here, and what they hold is not known"
    return ""


def _skeleton(volume_set: VolumeSet) -> Iterator[Entry]:
    """Yield directories and other entries without content, which each volume has for the whole set."""
    for volume in volume_set.volumes:
        with volume.open() as file, suppress(FormatError):
            if found := read_skeleton(file, volume.listing):
                yield from found
                return
