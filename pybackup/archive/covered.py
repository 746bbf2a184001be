"""Archives of no set that recovery volumes cover: these give each a number, as if they were the volumes of one set."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from pybackup.errors import FormatError
from pybackup.layout.guard import MAX_SHARDS
from pybackup.layout.recovery import Body, RecoveryHeader
from pybackup.model.volume import CoveredArchive, VolumeKind

from .find import FoundFile, Volume
from .measure import header_of

PARITY = "10%"
"""How much parity a recovery volume of such archives gets: they do not say what they were made with."""
_MOST_NAME_BYTES = 180


def infos_of(set_id: bytes, bodies: Sequence[Body]) -> dict[bytes, CoveredArchive]:
    """Return what is said of each archive that a header of version 2 covers, by its archive id."""
    return {body.archive_id: info_at(set_id, bodies, number) for number, body in enumerate(bodies, 1)}


def info_at(set_id: bytes, bodies: Sequence[Body], number: int) -> CoveredArchive:
    """Return what is said of the archive of a number, from 1."""
    body, name = bodies[number - 1], name_of_archives(bodies[0].name, bodies[-1].name)
    return CoveredArchive(
        set_id, name, number, last=number == len(bodies), parity=PARITY, group_sectors=MAX_SHARDS,
        own_id=body.archive_id, own_name=body.name,
    )  # fmt: skip


def name_of_archives(first: bytes, last: bytes) -> str:
    """Return what archives are called together of which the first and the last have these file names: ``A..B``."""
    stems = [os.fsdecode(os.path.splitext(name)[0]) for name in dict.fromkeys([first, last])]
    name = "..".join(stems)
    return os.fsdecode(os.fsencode(name)[:_MOST_NAME_BYTES]) if name.strip() else "archives"


def covered_by(header: RecoveryHeader) -> dict[bytes, CoveredArchive]:
    """Return the archives that a recovery volume covers without being of their set; none for one of a set."""
    return infos_of(header.set_id, header.bodies) if header.is_of_archives else {}


def covered(volumes: Iterable[Volume]) -> dict[bytes, CoveredArchive]:
    """Return the archives that the recovery volumes among these cover, by archive id; what is damaged tells nothing."""
    found: dict[bytes, CoveredArchive] = {}
    known = [(volume, volume.info) for volume in volumes if volume.info is not None]
    sets = {info.set_id for _, info in known if info.kind is VolumeKind.DATA and not isinstance(info, CoveredArchive)}
    for volume, info in known:
        # One of a set need not be read to know that.
        if info.kind is VolumeKind.RECOVERY and info.set_id not in sets:
            with suppress(FormatError, OSError):
                header = header_of(volume)
                if header.set_id == info.set_id:
                    found = {**covered_by(header), **found}
    return found


def as_covered(volumes: Sequence[Volume], archives: Mapping[bytes, CoveredArchive]) -> list[Volume]:
    """Return volumes; those that are covered archives, with their numbers as such."""
    return [
        replace(volume, info=archives.get(volume.listing.archive_id, volume.info)) if archives else volume
        for volume in volumes
    ]


def files_as_covered(files: Sequence[FoundFile], archives: Mapping[bytes, CoveredArchive]) -> list[FoundFile]:
    """Return files; of those in them that are covered archives, with their numbers as such."""
    return [replace(file, volumes=as_covered(file.volumes, archives)) for file in files]
