"""Which earlier archives an archive builds on, and which of several builds on all the others."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from pybackup.container.notes import archive_id_in
from pybackup.errors import FormatError
from pybackup.host.storage import ArchiveFile
from pybackup.model.earlier import Ancestry
from pybackup.model.problem import Problem, Trouble
from pybackup.model.volume import VolumeKind, number_of
from pybackup.monitor import Monitor

from .find import FoundFile, Volume, look_into

Mended = Callable[[bytes], bytes]
"""Returns the path of a mended copy of a damaged archive, or of the archive itself if it cannot be mended."""


def ancestry(settings: Mapping[str, object]) -> Ancestry | None:
    """Return what the settings of an archive say about earlier archives; None if nothing, or nothing valid."""
    try:
        return Ancestry.of_settings(settings)
    except FormatError:
        return None


def head_of(volumes: Sequence[Volume]) -> list[Volume] | None:
    """Return the volumes of the archive that builds on all the others; None if there is none."""
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


def may_be_of(file: FoundFile, set_ids: Collection[bytes], beside: Collection[bytes]) -> bool:
    """Return whether a file that cannot be identified may be a volume of one of these sets.

    Parameters
    ----------
    beside
        The directories that have volumes of the sets; a file without any header left may be a volume if it is in one.
    """
    if not set_ids:
        return False
    with ArchiveFile(file.path) as opened:
        identity = archive_id_in(opened) if opened.size else b""
    if not identity:
        return os.path.dirname(file.path) in beside
    return any(number_of(identity, set_id, kind) is not None for set_id in set_ids for kind in VolumeKind)


def unidentified(files: Sequence[FoundFile]) -> list[FoundFile]:
    """Return the files that cannot be identified, and are no volumes of sets of which the others are."""
    of_sets = [(volume.info.set_id, file.path) for file in files for volume in file.volumes if volume.info]
    set_ids, beside = {set_id for set_id, _ in of_sets}, {os.path.dirname(path) for _, path in of_sets}
    dark = (file for file in files if not file.volumes and not os.path.isdir(file.path))
    return [file for file in dark if not may_be_of(file, set_ids, beside)]


def mended_if_identified(file: FoundFile, mended: Mended) -> FoundFile:
    """Return a mended copy of a file if that can be identified, else the file itself; both under the file's name."""
    found = look_into(mended(file.path))
    return found if found.volumes else file


def report_unidentified(files: Sequence[FoundFile], monitor: Monitor) -> None:
    """Report files that cannot be identified: they may be a later run, or hold content that will be missing."""
    for file in unidentified(files):
        monitor.problem(Problem(file.path, Trouble.REFUSED, "damaged too much to tell which archive it is"))


def _ancestors(volumes: Iterable[Volume]) -> set[bytes]:
    told = (ancestry(volume.listing.settings) for volume in volumes)
    return {volume.archive_id for one in told if one for volume in one.volumes}
