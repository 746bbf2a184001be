"""Salvaging: damaged copies are merged and repaired as far as possible, then all remaining files are restored."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from pybackup.archive.find import FoundFile, find_volumes, look_into
from pybackup.container.recover import what_it_is
from pybackup.errors import NotAnArchive
from pybackup.host.joined import open_place
from pybackup.mend.alike import sort_out
from pybackup.mend.copies import length_of
from pybackup.mend.health import Health
from pybackup.mend.mender import Mender
from pybackup.model.extents import Extents
from pybackup.model.soundness import Soundness
from pybackup.monitor import Monitor
from pybackup.restore.plan import RestoreOptions, plan_salvage
from pybackup.restore.result import Restored
from pybackup.restore.run import phases_of_salvage, run


@dataclass(frozen=True, slots=True)
class Salvaged:
    """The result of salvaging.

    Attributes
    ----------
    restored
        The outcome for each file.
    health
        The state of the volume as it was found, by the checksums of its sectors; None if too few of these are left. For
        an archive in an image with its own parity, the state after repair by that parity.
    image_bytes
        The length of the image that files were restored from; 0 for several volumes.
    soundness
        Which of its bytes are known to be right or wrong.
    repaired
        The ranges of its bytes that were repaired.
    """

    restored: Restored
    health: Health | None
    image_bytes: int
    soundness: Soundness
    repaired: Extents


def salvage(
    images: Sequence[bytes],
    target: bytes,
    *,
    maps: Sequence[bytes] = (),
    work_dir: bytes | None = None,
    options: RestoreOptions,
    monitor: Monitor,
) -> Salvaged:
    """Merge and repair copies of a volume as far as possible, and restore every file of which something is left.

    Parameters
    ----------
    images, maps
        As ``paths`` and ``maps`` of `pybackup.jobs.repair.repair`; but they may belong to several volumes of a set.
    work_dir
        The directory for the repaired image, which takes as much room as the volume; None for that of the target.

    Raises
    ------
    NotAnArchive
        The images contain nothing of an archive.
    UsageError
        A copy does not exist.
    EnvironmentFailed
        The target or the repaired image cannot be written.
    """
    where = work_dir if work_dir is not None else os.path.dirname(os.path.abspath(target))
    with ExitStack() as stack:
        given = list(_given(images, maps, monitor))
        n_bytes = sum(length_of(file.path) for file in given)
        best = Mender(where, stack, monitor, then=phases_of_salvage(n_bytes)).best(given, maps)
        try:
            plan = plan_salvage(best, target, options)
            restored = run(plan, monitor=monitor)
        except NotAnArchive as error:
            name = os.fsdecode(images[0])
            advice = "; it has parity, and 'pybackup repair' mends it as it is" if best.health else ""
            with open_place(best.place) as file:
                raise NotAnArchive(f"{name}: {what_it_is(file)}{advice}") from error
        image_bytes = plan.image_bytes if best.volume_set is None else 0
        return Salvaged(restored, best.health, image_bytes, best.soundness, best.repaired)


def _given(images: Sequence[bytes], maps: Sequence[bytes], monitor: Monitor) -> Iterator[FoundFile]:
    """Yield the images; a directory of volumes is replaced by these, but one with pieces of an image is kept."""
    for number, image in enumerate(images):
        if not os.path.isdir(image):
            yield look_into(image)
            continue
        below = find_volumes([image], thorough=True, monitor=monitor).files if number >= len(maps) else ()
        if _are_pieces(below):
            yield FoundFile(image)
        else:
            yield from below


def _are_pieces(files: Sequence[FoundFile]) -> bool:
    """Return whether files are pieces of one image, the first of which may tell what the image is."""
    groups, _ = sort_out(files)
    return len(groups) < 2 and not any(volume.info for file in files for volume in file.volumes)
