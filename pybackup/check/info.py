"""The description of an archive: what it records of itself, and the geometry of its parity."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pybackup.archive.find import Volume
from pybackup.archive.open import OpenArchive, open_archive
from pybackup.archive.volume_set import VolumeSet
from pybackup.host.storage import ArchiveFile
from pybackup.layout.guard import Geometry
from pybackup.mend.names import all_named
from pybackup.model.entry import Kind
from pybackup.model.listing import Listing, Way
from pybackup.model.problem import Problem
from pybackup.model.volume import VolumeInfo
from pybackup.monitor import Monitor
from pybackup.parity.stream.find import glance
from pybackup.parity.stream.sidecar import SIDECAR_SUFFIX


@dataclass(frozen=True, slots=True)
class SetSummary:
    """Which volumes of a set were examined, and which others are known from them.

    Attributes
    ----------
    volume
        The examined one; None if there are several.
    at_hand
        The labels of the examined volumes.
    known
        The number of known data volumes.
    last
        The number of the last one; None if unknown.
    missing
        The labels of known data volumes that were not examined; at most a hundred.
    """

    name: str
    set_id: bytes
    volume: VolumeInfo | None
    at_hand: Sequence[str]
    known: int
    last: int | None
    missing: str


@dataclass(frozen=True, slots=True)
class Info:
    """The description of an archive; sizes in bytes, ``written`` in seconds since the epoch.

    For one volume of a set everything but ``set`` is about that volume alone, for several about all of them. ``doubts``
    are contradictions between volumes, and losses of entries other than their content.
    """

    path: bytes
    archive_bytes: int
    format_version: int
    entries: int
    files: int
    directories: int
    links: int
    content_bytes: int
    packed_bytes: int
    ratio: float
    way: Way
    damage: tuple[str, ...]
    complete: bool
    written: float
    settings: dict[str, Any] = field(default_factory=dict)
    parity: Geometry | None = None
    set: SetSummary | None = None
    doubts: Sequence[Problem] = ()


def info(path: bytes) -> Info:
    """Return the summary of an archive, or of a volume or several."""
    with open_archive(path) as archive, all_named(archive, Monitor()) as named:
        volumes = _volumes(archive.volume_set)
        listing = replace(named.listing, damage=archive.listing.damage)
        if len(volumes) != 1:
            n_bytes = sum(volume.n_bytes for volume in volumes) if volumes else archive.file.size
            shape = None if volumes else parity_of(archive)
            return _info(path, listing, n_bytes, archive.file.written, shape, _summary(archive.volume_set))
        volume = volumes[0]
        listing = volume.listing if volume.listing.way is Way.TREE else listing
        with volume.open() as file:
            found = glance(file)
            written = file.written
        if found is None and not volume.fills_file:
            with ArchiveFile(volume.path) as image:
                found = glance(image)
        return _info(path, listing, volume.n_bytes, written, found, _summary(archive.volume_set))


def _volumes(volume_set: VolumeSet | None) -> list[Volume]:
    return volume_set.volumes if volume_set else []


def _summary(volume_set: VolumeSet | None) -> SetSummary | None:
    if volume_set is None:
        return None
    infos = [volume.info for volume in _volumes(volume_set) if volume.info]
    return SetSummary(
        volume_set.info.name,
        volume_set.info.set_id,
        infos[0] if len(infos) == 1 else None,
        [info.label for info in infos],
        volume_set.known,
        volume_set.last,
        volume_set.labels(volume_set.missing),
    )


def _info(
    path: bytes, listing: Listing, n_bytes: int, written: float, parity: Geometry | None, summary: SetSummary | None
) -> Info:
    kinds = dict.fromkeys(Kind, 0)
    content = packed = 0
    for stored in listing:
        kinds[stored.entry.kind] += 1
        here = sum(member.raw_bytes for member in stored.members)
        content += here if stored.missing else stored.entry.size
        packed += sum(member.packed_bytes for member in stored.members)
    version = listing.settings.get("format", 1)
    return Info(
        path,
        n_bytes,
        version if isinstance(version, int) else 1,
        len(listing),
        kinds[Kind.FILE],
        kinds[Kind.DIRECTORY],
        kinds[Kind.SYMLINK] + kinds[Kind.HARDLINK],
        content,
        packed,
        n_bytes / content if content else 1.0,
        listing.way,
        tuple(listing.damage),
        listing.complete,
        written,
        listing.settings,
        parity,
        summary,
        listing.doubts,
    )


def parity_of(archive: OpenArchive) -> Geometry | None:
    """Return the geometry of an archive's parity, its own or a sidecar's; None if neither is found from the end."""
    found = glance(archive.file)
    sidecar = archive.path + SIDECAR_SUFFIX
    if found is None and os.path.isfile(sidecar):
        with ArchiveFile(sidecar) as file:
            found = glance(file)
    return found
