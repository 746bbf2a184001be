"""Sealing an archive in the making: its parity stream."""

from __future__ import annotations

import os
from dataclasses import dataclass

from pybackup.host.room import check_room
from pybackup.host.storage import ArchiveFile, Scratch, environment
from pybackup.layout.guard import Geometry
from pybackup.monitor import Monitor
from pybackup.parity.stream.amount import DEFAULT_AMOUNT, Amount
from pybackup.parity.stream.geometry import DEFAULT_GROUP_SECTORS, plan_geometry
from pybackup.parity.stream.protect import protect
from pybackup.parity.stream.volume import Sectors, VolumeWriter


@dataclass(frozen=True, slots=True)
class ParityOptions:
    """How much parity, and where.

    Attributes
    ----------
    sidecar
        The stream is a file of its own.
    group_sectors
        The most sectors of a group; memory is in proportion to it.
    """

    amount: Amount = DEFAULT_AMOUNT
    sidecar: bool = False
    group_sectors: int = DEFAULT_GROUP_SECTORS


class OwnStream:
    """The parity stream of an archive in the making: planned when its place is known, written when all else is."""

    def __init__(self, options: ParityOptions, output: Scratch) -> None:
        self._options = options
        self._output = output
        self._geometry: Geometry | None = None

    def reserve(self, before_bytes: int, after_bytes: int) -> int:
        """Plan the stream and return its length in bytes.

        Raises
        ------
        EnvironmentFailed
            There is no room for it beside what is written so far.
        """
        options = self._options
        self._geometry = plan_geometry(before_bytes, after_bytes, options.amount, group_sectors=options.group_sectors)
        self._output.flush()
        check_room({os.path.dirname(self._output.temporary)}, self._geometry.stream_bytes)
        return self._geometry.stream_bytes

    def fill(self, monitor: Monitor) -> None:
        """Write the stream."""
        assert self._geometry is not None
        write_stream(self._output, self._geometry, monitor)


def write_stream(output: Scratch, geometry: Geometry, monitor: Monitor) -> None:
    """Write the parity stream of a file in the making, for which there is room in it."""
    output.flush()
    with ArchiveFile(output.temporary) as file:
        write_parity(output.path, Sectors(geometry, file), VolumeWriter(geometry, output), monitor)


def write_parity(path: bytes, volume: Sectors, writer: VolumeWriter, monitor: Monitor) -> None:
    """Write the parity stream of a volume; the path is for messages."""
    geometry = volume.geometry
    passes = 2 if geometry.groups else 1
    monitor.begin("protect", 0, passes * (geometry.before_bytes + geometry.after_bytes))
    with environment(path):
        protect(volume, writer, progress=lambda count: monitor.advance(0, count))
    monitor.end()
