"""Which earlier archives an archive builds on, and which of several builds on all the others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pybackup.errors import FormatError
from pybackup.model.earlier import Ancestry

from .find import Volume


def ancestry(settings: Mapping[str, object]) -> Ancestry | None:
    """Return what the settings of an archive say of earlier ones; None where that is nothing, or cannot be."""
    try:
        return Ancestry.of_settings(settings)
    except FormatError:
        return None


def head_of(volumes: Sequence[Volume]) -> list[Volume] | None:
    """Return the volumes of the one archive that builds on all the others; None where there is no such archive."""
    groups: dict[bytes, list[Volume]] = {}
    for volume in volumes:
        groups.setdefault(volume.info.set_id if volume.info else volume.listing.archive_id, []).append(volume)
    if len(groups) < 2:
        return None
    ids = {key: {volume.listing.archive_id for volume in group} for key, group in groups.items()}
    on = {key: _ancestors(group) for key, group in groups.items()}
    return next(
        (group for key, group in groups.items() if all(on[key] & ids[other] for other in groups if other != key)), None
    )


def _ancestors(volumes: Iterable[Volume]) -> set[bytes]:
    told = (ancestry(volume.listing.settings) for volume in volumes)
    return {volume.archive_id for one in told if one for volume in one.volumes}
