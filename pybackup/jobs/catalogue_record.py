"""Writing down in the catalogue what other jobs made, burnt and checked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pybackup.archive.find import Volume, volumes_in
from pybackup.catalogue.connect import Catalogue
from pybackup.catalogue.media import add_health, find_medium, media
from pybackup.model.filed import Health, Medium, MediumType, NewMedium
from pybackup.monitor import Aside, Monitor

from .catalogue_add import AddOptions, add, enter_volume

_STDIO = b"stdio:"


def record_archives(catalogue: Catalogue, paths: Iterable[bytes], monitor: Monitor) -> None:
    """Enter archives that were made as the files that they are."""
    for path in paths:
        for _ in add(catalogue, [path], AddOptions(), Aside(monitor)):
            pass


def record_for_discs(catalogue: Catalogue, paths: Iterable[bytes], monitor: Monitor) -> None:
    """Enter what was made to be burnt: as discs that nobody has seen yet, and that are no copies so far."""
    for volume in _volumes(paths):
        enter_volume(catalogue, volume, NewMedium(MediumType.DISC, seen=False), AddOptions(), Aside(monitor))


def record_burnt(
    catalogue: Catalogue, image: bytes, device: bytes, health: Health | None, monitor: Monitor
) -> list[Medium]:
    """Enter the disc that an image was burnt on, which was to come or is one more copy, and what reading it back found.

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


def record_check(
    catalogue: Catalogue, path: bytes, health: Health, monitor: Monitor, *, label: str = ""
) -> list[Medium]:
    """Add what a check found to the history of a medium, which is entered if it is new; return it.

    Parameters
    ----------
    label
        Of the medium; empty for what its archives tell. There is none where too little of them is left.
    """
    if label:
        found = [find_medium(catalogue, label)]
    else:
        if not any(True for _ in volumes_in(path)):
            return []
        found = [added.medium for added in add(catalogue, [path], AddOptions(), Aside(monitor))]
    for medium in found:
        add_health(catalogue, medium.id, health)
    return found


def _volumes(paths: Iterable[bytes]) -> Iterator[Volume]:
    for path in paths:
        yield from volumes_in(path)
