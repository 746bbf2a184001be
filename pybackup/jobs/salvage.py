"""Salvaging: damaged copies are merged and repaired as far as possible, then every file is restored that is left."""

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
    """What came of a salvage.

    Attributes
    ----------
    restored
        What became of each file.
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
    """The images, and instead of a directory of volumes these; one of pieces of an image stays what it is."""
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
    """Whether files are pieces of one image, of which the first may tell what the whole is."""
    groups, _ = sort_out(files)
    return len(groups) < 2 and not any(volume.info for file in files for volume in file.volumes)
