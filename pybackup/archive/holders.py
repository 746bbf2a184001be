"""Which archives, or volumes of a set, hold the content of a file."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from pybackup.model.catalogued import Needed
from pybackup.model.earlier import EarlierVolume
from pybackup.model.member import Member, Stored
from pybackup.model.volume import VolumeInfo

from .ancestry import ancestry
from .joined import STRIDE
from .open import OpenArchive


def holders(archive: OpenArchive, stored: Stored) -> list[tuple[EarlierVolume, Stored]]:
    """Return the archives and volumes that hold the content of a file, each with the entry as it is in that one.

    For a file with a base, these hold only what does not come from the base.
    """
    on = [(volume_of(archive, member.offset), number) for number, member in stored.own]
    parts = [(volume, [number for _, number in group]) for volume, group in groupby(on, key=lambda each: each[0])]
    return [(volume, _cut(stored, numbers, len(stored.members))) for volume, numbers in parts]


def volume_of(archive: OpenArchive, address: int) -> EarlierVolume:
    """Return the archive that has the byte at an address: this one, a volume of its set, or an earlier one."""
    earlier = archive.earlier.volume_at(address) if archive.earlier else None
    if earlier is not None:
        return earlier
    if archive.volume_set is None:
        return EarlierVolume(archive.listing.archive_id, _label_of(archive.path))
    info = archive.volume_set.info
    one = VolumeInfo(info.set_id, info.name, address // STRIDE)
    return EarlierVolume(one.archive_id, one.label)


def _cut(stored: Stored, numbers: Sequence[int], count: int) -> Stored:
    """Return an entry with only some neighbouring segments, at their offsets in the volume that holds them."""
    members = tuple(_in_volume(stored.members[number]) for number in numbers)
    if len(members) == count:
        return stored._replace(members=members, spares=())
    is_last = numbers[-1] == (stored.own[-1][0] if stored.base else count - 1)
    digest = stored.digest if is_last else b""
    return stored._replace(members=members, digest=digest, segments=count, numbers=tuple(numbers), spares=())


def _in_volume(member: Member) -> Member:
    return member._replace(offset=member.offset % STRIDE, others=(), base=())


def _label_of(path: bytes) -> str:
    """Return the name by which later archives know an archive: its file name."""
    return os.path.basename(os.path.abspath(path)).decode(errors="backslashreplace")


def ancestry_of(archive: OpenArchive) -> Iterator[EarlierVolume]:
    """Yield everything that a later archive builds on if it builds on this one: earlier ones, and all its volumes."""
    before = ancestry(archive.listing.settings)
    if before:
        yield from before.volumes
    if archive.volume_set is None:
        yield EarlierVolume(archive.listing.archive_id, _label_of(archive.path))
        return
    for number in range(1, archive.volume_set.known + 1):
        yield volume_of(archive, number * STRIDE)


def needed(archive: OpenArchive, rows: Iterable[int]) -> list[Needed]:
    """Return the archives and volumes that hold the content of these rows, and how much each holds."""
    found: dict[EarlierVolume, tuple[int, int]] = {}
    at: dict[int, EarlierVolume] = {}  # by the number of the stretch of the address space, see `joined`
    for row in rows:
        on: dict[EarlierVolume, int] = {}
        for member in archive.listing.stored(row).sources:
            stretch = member.offset // STRIDE
            if stretch not in at:
                at[stretch] = volume_of(archive, member.offset)
            on[at[stretch]] = on.get(at[stretch], 0) + member.raw_bytes
        for volume, n_bytes in on.items():
            files, before = found.get(volume, (0, 0))
            found[volume] = files + 1, before + n_bytes
    return [Needed(volume.archive_id, volume.label, *counts) for volume, counts in found.items()]
