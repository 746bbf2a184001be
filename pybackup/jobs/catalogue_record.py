"""Recording in the catalogue what other jobs made, burnt and checked."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from pybackup.archive.find import Found, Volume, look_into, volumes_in
from pybackup.catalogue.connect import Catalogue
from pybackup.catalogue.health import add_health
from pybackup.catalogue.media import find_medium, media, remove
from pybackup.mend.alike import sort_out
from pybackup.model.catalogued import Medium, MediumCheck, MediumType, NewMedium
from pybackup.model.display import display
from pybackup.monitor import Aside, Monitor

from .catalogue_enter import AddOptions, enter_volume, place_of
from .catalogue_volumes import add_found, add_volumes

if TYPE_CHECKING:
    from pybackup.disc.burn import ReadBack
    from pybackup.mend.repaired import Repaired

_STDIO = b"stdio:"


def record_archives(catalogue: Catalogue, paths: Iterable[bytes], monitor: Monitor) -> list[bytes]:
    """Enter new archives, each as a medium that is a file, and return their identities."""
    entered = (added for path in paths for added in add_volumes(catalogue, path, AddOptions(), Aside(monitor)))
    return [added.medium.volume.identity for added in entered]


def record_for_discs(catalogue: Catalogue, paths: Iterable[bytes], monitor: Monitor) -> list[bytes]:
    """Enter volumes to be burnt, as discs not seen yet, which do not count as copies; return their identities."""
    on = NewMedium(MediumType.DISC, seen=False)
    entered = [enter_volume(catalogue, volume, on, AddOptions(), Aside(monitor)) for volume in _volumes(paths)]
    return [added.medium.volume.identity for added in entered]


def forget_files(catalogue: Catalogue, paths: Iterable[bytes]) -> None:
    """Remove the media that were these files, which have been deleted."""
    gone = {os.path.realpath(path) for path in paths}
    for known in media(catalogue):
        if known.type is MediumType.FILE and known.location in gone:
            remove(catalogue, known)


def record_burnt(
    catalogue: Catalogue, image: bytes, device: bytes, health: MediumCheck | None, monitor: Monitor
) -> list[Medium]:
    """Enter the disc that an image was burnt on, as the one expected or as another copy, and how it read back.

    Parameters
    ----------
    device
        The drive, or ``stdio:FILE``, which is a file.
    """
    made = []
    for volume in _volumes([image]):
        known = [each for each in media(catalogue) if each.volume.identity == volume.listing.archive_id]
        if device.startswith(_STDIO):
            on = NewMedium(MediumType.FILE, location=device.removeprefix(_STDIO))
        else:
            burnt = any(each.type is MediumType.DISC and each.seen_ns is not None for each in known)
            unseen = any(each.seen_ns is None for each in known)
            on = NewMedium(MediumType.DISC, another=burnt and not unseen)
        added = enter_volume(catalogue, volume, on, AddOptions(), Aside(monitor))
        if health is not None:
            add_health(catalogue, added.medium.id, health)
        made.append(added.medium)
    return made


def health_read_back(found: ReadBack, device: bytes) -> MediumCheck:
    """Return what reading a disc back found, for the catalogue."""
    bad, means = found.unreadable + found.different, f"read back after burning, in {display(device)}"
    return MediumCheck(time.time_ns(), found.state.value, bad, found.sectors, found.margin, means)


def record_check(
    catalogue: Catalogue, path: bytes, health: MediumCheck, monitor: Monitor, *, label: str = ""
) -> list[Medium]:
    """Add what a check found to the history of a medium, which is entered if it is new; return it.

    Parameters
    ----------
    label
        The label of the medium; if empty, it is recognised by its archives. If these are too damaged for that, nothing
        is recorded.
    """
    if label:
        found = [find_medium(catalogue, label)]
    else:
        there = Found([look_into(path, is_meant=False)])
        if there.volumes:
            found = [added.medium for added in add_found(catalogue, path, there, AddOptions(), Aside(monitor))]
        else:
            found = _known_by_id(catalogue, there)
    for medium in found:
        add_health(catalogue, medium.id, health)
    return found


def _known_by_id(catalogue: Catalogue, there: Found) -> list[Medium]:
    """Return the known medium with the place and the archive id of a file that is too damaged to be entered."""
    groups, _ = sort_out(there.files)
    found = []
    for group in groups:
        place = place_of(group.paths[0])
        of_volume = [known for known in media(catalogue) if known.volume.identity == group.archive_id]
        same = [known for known in of_volume if (known.type, known.location) == place]
        if len(same) == 1:
            found += same
    return found


def record_repair(
    catalogue: Catalogue, copy: bytes, done: Repaired, monitor: Monitor, *, label: str = ""
) -> list[Medium]:
    """Add what a repair found in its first copy, and what it mended there, to the history of that copy's medium.

    Parameters
    ----------
    label
        As for `record_check`.
    """
    found = "beyond" if done.left else "repairable" if done.damaged else "intact"
    sectors, means = done.geometry.sectors, f"repair {os.fsdecode(copy)}"
    now = time.time_ns()
    checks = [MediumCheck(now, found, done.damaged, sectors, means=means)]
    if done.path == copy and done.damaged and done.complete:
        checks.append(MediumCheck(now + 1, "intact", 0, sectors, means=means))
    media: list[Medium] = []
    for health in checks:
        media = record_check(catalogue, copy, health, monitor, label=label)
    return media


def _volumes(paths: Iterable[bytes]) -> Iterator[Volume]:
    for path in paths:
        yield from volumes_in(path)
