"""Rescuing: damaged copies merged and repaired as far as they go, then every file restored that is left."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from pybackup.archive.find import find_volumes, volumes_in
from pybackup.errors import NotAnArchive, UsageError
from pybackup.mend.best_image import Image
from pybackup.mend.health import Health
from pybackup.mend.volumes import group_copies, mend_set
from pybackup.model.extents import Extents
from pybackup.model.soundness import Soundness
from pybackup.model.volume import VolumeKind
from pybackup.monitor import Monitor
from pybackup.restore.salvage import Salvaged, SalvageOptions, salvage_files

from .stand_ins import stand_ins


@dataclass(frozen=True, slots=True)
class Rescued:
    """What came of a rescue.

    Attributes
    ----------
    health
        The volume as it was found, by the checksums of its sectors; None where too few of these are left. Of an archive
        in an image with parity of its own, as that has left it.
    image_bytes
        Length of the image that files were restored from; 0 for several volumes.
    soundness
        What is known of its bytes.
    repaired
        Byte ranges of it that were bad, and have been put right.
    """

    salvaged: Salvaged
    health: Health | None
    image_bytes: int
    soundness: Soundness
    repaired: Extents


def rescue(
    images: Sequence[bytes],
    target: bytes,
    *,
    maps: Sequence[bytes] = (),
    work_dir: bytes | None = None,
    options: SalvageOptions,
    monitor: Monitor,
) -> Rescued:
    """Merge and repair copies of a volume as far as they go, and restore every file of which something is left.

    Parameters
    ----------
    images, maps
        As in `pybackup.jobs.repair.repair`; of several volumes of a set they may be, too.
    work_dir
        Where the repaired image lies meanwhile; None for beside the target. It takes as much space as the volume.

    Raises
    ------
    NotAnArchive
        Nothing in the images belongs to an archive.
    UsageError
        A copy does not exist.
    EnvironmentFailed
        The target or the repaired image cannot be written.
    """
    where = work_dir if work_dir is not None else os.path.dirname(os.path.abspath(target))
    with ExitStack() as stack:
        paths = list(_expanded(images, maps))
        if not maps and _has_recovery(paths):
            paths = stack.enter_context(stand_ins(paths, where, monitor))
        image = mend_set(group_copies(paths, maps), where, stack, monitor)
        if not isinstance(image, Image):
            salvaged = salvage_files(
                image.place,
                target,
                listing=image.listing,
                soundness=image.soundness,
                repaired=image.repaired,
                options=options,
                monitor=monitor,
            )
            return Rescued(salvaged, None, 0, image.soundness, Extents())
        try:
            salvaged = salvage_files(
                image.place,
                target,
                soundness=image.soundness,
                repaired=image.repaired,
                options=options,
                monitor=monitor,
            )
        except NotAnArchive as error:
            name = os.fsdecode(images[0])
            advice = "; it has parity, and 'pybackup repair' mends it as it is" if image.health else ""
            raise NotAnArchive(f"{name}: no archive, or nothing of one is left{advice}") from error
        return Rescued(salvaged, image.health, os.stat(image.path).st_size, image.soundness, image.repaired)


def _expanded(images: Sequence[bytes], maps: Sequence[bytes]) -> Iterator[bytes]:
    """The images, and instead of a directory of volumes these; one of pieces stays what it is."""
    for number, image in enumerate(images):
        if number >= len(maps) and os.path.isdir(image):
            try:
                found = find_volumes([image])
            except UsageError:
                found = None
            if found and any(volume.info for volume in found.volumes):
                yield from (volume.path for volume in found.volumes)
                yield from found.unclear
                continue
        yield image


def _has_recovery(paths: Sequence[bytes]) -> bool:
    files = [path for path in paths if not os.path.isdir(path)]
    return any(
        volume.info is not None and volume.info.kind is VolumeKind.RECOVERY
        for path in files
        for volume in volumes_in(path)
    )
