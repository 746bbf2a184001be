"""What an archive says of itself, and the shape of its parity."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

from pybackup.container.listing import Way
from pybackup.host.storage import ArchiveFile
from pybackup.layout.guard import Geometry
from pybackup.model.entry import Kind
from pybackup.parity.find import glance

from .inspect import OpenArchive, open_archive
from .protect import SIDECAR_SUFFIX


@dataclass(frozen=True, slots=True)
class Info:
    """What an archive says of itself; sizes in bytes, ``written`` in seconds since the epoch."""

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


def info(path: bytes) -> Info:
    """Return the summary of an archive."""
    with open_archive(path) as archive:
        listing = archive.listing
        kinds = dict.fromkeys(Kind, 0)
        content = packed = 0
        for stored in listing:
            kinds[stored.entry.kind] += 1
            content += stored.entry.size
            packed += sum(member.packed_bytes for member in stored.members)
        version = listing.settings.get("format", 1)
        return Info(
            path,
            archive.file.size,
            version if isinstance(version, int) else 1,
            len(listing),
            kinds[Kind.FILE],
            kinds[Kind.DIRECTORY],
            kinds[Kind.SYMLINK] + kinds[Kind.HARDLINK],
            content,
            packed,
            archive.file.size / content if content else 1.0,
            listing.way,
            tuple(listing.damage),
            listing.complete,
            archive.file.written,
            listing.settings,
            parity_of(archive),
        )


def parity_of(archive: OpenArchive) -> Geometry | None:
    """Return the shape of an archive's parity, its own or that of the sidecar beside it; None where no end tells it."""
    found = glance(archive.file)
    sidecar = archive.path + SIDECAR_SUFFIX
    if found is None and os.path.isfile(sidecar):
        with ArchiveFile(sidecar) as file:
            found = glance(file)
    return found
