"""Sealing a file: writing its parity, syncing it, reading all of it back, and only then giving it its name."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from pybackup.check.verify import check_written
from pybackup.host.environment import environment
from pybackup.host.room import check_room
from pybackup.host.scratch import Scratch
from pybackup.host.storage import ArchiveFile
from pybackup.layout.guard import Geometry
from pybackup.monitor import Monitor, Phase
from pybackup.parity.stream.geometry import ParityOptions, plan_geometry
from pybackup.parity.stream.protect import protect
from pybackup.parity.stream.volume import Sectors, VolumeWriter


@dataclass(frozen=True, slots=True)
class Unsealed:
    """A temporary file that is complete except for its parity.

    Attributes
    ----------
    output
        The temporary file.
    publish
        Gives the file its name.
    write_parity
        Writes the parity into the room left for it; None if the file has no parity, or has it already.
    read_back
        Reads the file at the given path again; raises `EnvironmentFailed` if it is not what was written.
    """

    output: Scratch
    publish: Callable[[], object]
    write_parity: Callable[[Monitor], None] | None = None
    read_back: Callable[[bytes, Monitor], None] = check_written


def phases_of_seal(n_bytes: int, *, parity: bool) -> list[Phase]:
    """Return the phases, for `Monitor.plan`, in which `seal` seals a file of about ``n_bytes`` bytes."""
    # "protect" reads the file twice and encodes it; "check sectors" compares checksums; a third phase hashes content.
    protect = [Phase("protect", 4 * n_bytes), Phase("check sectors", n_bytes)] if parity else []
    return [*protect, Phase("verify", n_bytes)]


def seal(*files: Unsealed, monitor: Monitor) -> None:
    """Write the parity of files, sync them, read them back, and then publish them.

    None of them gets its name before all have been read back.

    Raises
    ------
    Exists, UsageError
        Another file has got one of the names meanwhile.
    EnvironmentFailed
        A file cannot be written, or did not read back as written.
    """
    for file in files:
        if file.write_parity:
            file.write_parity(monitor)
        file.output.sync()
        file.read_back(file.output.temporary, monitor)
    for file in files:
        file.publish()


class OwnStream:
    """The parity stream of an unfinished archive: planned when its offset is known, written after everything else.

    Parameters
    ----------
    geometry
        Its shape, if that is known already; else it is planned by the options.
    """

    def __init__(self, options: ParityOptions, output: Scratch, geometry: Geometry | None = None) -> None:
        self._options = options
        self._output = output
        self._geometry = geometry

    def reserve(self, before_bytes: int, after_bytes: int) -> int:
        """Plan the stream, given the numbers of bytes before and after it, and return its length in bytes.

        Raises
        ------
        EnvironmentFailed
            There is no room for it.
        """
        if self._geometry is None:
            how = self._options
            self._geometry = plan_geometry(before_bytes, after_bytes, how.amount, group_sectors=how.group_sectors)
        self._output.flush()
        check_room({os.path.dirname(self._output.temporary)}, self._geometry.stream_bytes)
        return self._geometry.stream_bytes

    def fill(self, monitor: Monitor) -> None:
        """Write the stream."""
        assert self._geometry is not None
        write_stream(self._output, self._geometry, monitor)


def write_stream(output: Scratch, geometry: Geometry, monitor: Monitor) -> None:
    """Write the parity stream of an unfinished file, which has room for it."""
    output.flush()
    with ArchiveFile(output.temporary) as file:
        write_parity(output.path, Sectors(geometry, file), VolumeWriter(geometry, output), monitor)


def write_parity(path: bytes, volume: Sectors, writer: VolumeWriter, monitor: Monitor) -> None:
    """Write the parity stream of a volume; ``path`` is for the progress display."""
    geometry = volume.geometry
    passes = 2 if geometry.groups else 1
    monitor.begin("protect", 0, passes * (geometry.before_bytes + geometry.after_bytes))
    with environment(path):
        protect(volume, writer, progress=lambda count: monitor.advance(0, count))
    monitor.end()
