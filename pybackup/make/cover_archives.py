"""Archives of no set that recovery volumes are to cover: which they are, in which order, under which names."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace

from pybackup.archive.covered import as_covered, infos_of
from pybackup.archive.find import Volume
from pybackup.archive.measure import header_of
from pybackup.container.own import END
from pybackup.errors import FormatError, UsageError
from pybackup.layout.guard import Geometry
from pybackup.layout.recovery import SUFFIX, Body, id_of_archives, is_archive_name, stream_start
from pybackup.model.volume import VolumeKind
from pybackup.monitor import Monitor
from pybackup.parity.stream.find import glance


def is_recovery(volume: Volume) -> bool:
    """Return whether an archive is a recovery volume."""
    return volume.info is not None and volume.info.kind is VolumeKind.RECOVERY


def are_no_set(volumes: Sequence[Volume]) -> bool:
    """Return whether these archives are no volumes of one set."""
    sets = {volume.info.set_id if volume.info else None for volume in volumes}
    return None in sets or len(sets) > 1


def each_once(volumes: Sequence[Volume], monitor: Monitor) -> list[Volume]:
    """Return each archive once, in order."""
    found: dict[bytes, Volume] = {}
    for volume in volumes:
        there = found.setdefault(volume.listing.archive_id, volume)
        if there is not volume:
            monitor.note(f"{volume.name}: the same archive once more, beside {there.name}")
    return list(found.values())


def those_of(recovery: Sequence[Volume], data: Sequence[Volume], monitor: Monitor) -> list[Volume]:
    """Return the recovery volumes that cover exactly these archives, of those that cover archives of no set."""
    ids, fitting = {volume.listing.archive_id for volume in data}, []
    for volume in recovery:
        try:
            header = header_of(volume)
        except FormatError as error:
            monitor.note(f"{volume.name}: {error}")
            continue
        if header.is_of_archives and {body.archive_id for body in header.bodies} == ids:
            fitting.append(volume)
        else:
            monitor.note(f"{volume.name}: is of other archives, and is left out")
    return fitting


def named(volumes: Sequence[Volume], bodies: Sequence[Body]) -> tuple[list[Volume], list[Body]]:
    """Return archives of no set with their numbers as a recovery volume covers them, and their bodies with names.

    Raises
    ------
    UsageError
        Two would get the same name when they are rebuilt, or one has a name that no archive may get.
    """
    told = [
        replace(body, name=_name(one), stream=_stream(one, body)) for one, body in zip(volumes, bodies, strict=True)
    ]
    of_name: dict[bytes, Volume] = {}
    for volume, body in zip(volumes, told, strict=True):
        if not is_archive_name(body.name):
            raise UsageError(f"{volume.name}: no archive that is rebuilt can be called so; rename it")
        if (other := of_name.setdefault(body.name, volume)) is not volume:
            raise UsageError(f"{volume.name}: would be rebuilt under the same name as {other.name}; rename one")
    return as_covered(volumes, infos_of(id_of_archives(told), told)), told


def _name(volume: Volume) -> bytes:
    """The name of the file; an archive on a disc is called as the image is."""
    name = os.path.basename(volume.path)
    return name if name.endswith(SUFFIX) else os.path.splitext(name)[0] + SUFFIX


def _stream(volume: Volume, body: Body) -> Geometry | None:
    """The shape of an archive's own parity stream; None for one without, as archives in images are."""
    with volume.open() as file:
        shape = glance(file)
    whole = stream_start(body.n_bytes), len(END)
    return shape if shape and (shape.before_bytes, shape.after_bytes) == whole and not shape.sidecar else None
