"""Protecting any file by parity in a second file, its sidecar."""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import dataclass

from pybackup.errors import EnvironmentFailed, UsageError
from pybackup.host.output import Output
from pybackup.host.readers import Readers
from pybackup.host.room import check_room
from pybackup.host.storage import ArchiveFile
from pybackup.layout.guard import Geometry
from pybackup.mend.copies import length_of, whole_file
from pybackup.mend.health import State, health_of
from pybackup.mend.survey import phase_of_survey, survey_sidecar
from pybackup.monitor import Monitor
from pybackup.parity.mend.copies import Copy, Survey
from pybackup.parity.stream.find import find
from pybackup.parity.stream.geometry import ParityOptions, plan_geometry
from pybackup.parity.stream.sidecar import check_sidecar
from pybackup.parity.stream.sum_table import load
from pybackup.parity.stream.volume import Sectors, VolumeWriter
from pybackup.sector import SECTOR

from .seal import Unsealed, phases_of_seal, seal, write_parity


@dataclass(frozen=True, slots=True)
class Protected:
    """The sidecar that was made; sizes in bytes."""

    path: bytes
    sidecar: bytes
    protected_bytes: int
    stream_bytes: int
    geometry: Geometry


def protect_file(
    path: bytes,
    sidecar: bytes,
    options: ParityOptions,
    *,
    work_dir: bytes | None = None,
    overwrite: bool = False,
    monitor: Monitor,
) -> Protected:
    """Write the sidecar of any file, image or device; it is read back before it gets its name.

    Parameters
    ----------
    overwrite
        Replace an existing sidecar of that name.

    Raises
    ------
    Exists
        The sidecar exists, and is not to be replaced.
    UsageError
        The file is empty; or a file that is no sidecar has the sidecar's name; or according to the existing sidecar the
        file has been damaged since.
    EnvironmentFailed
        The sidecar cannot be written, or did not read back as written. A lack of room is found before anything is
        written.
    """
    if os.path.isfile(sidecar):
        n_bytes = length_of(path)
        monitor.plan([phase_of_survey(n_bytes), *phases_of_seal(n_bytes, parity=True)])
        # Checked as if it may be replaced: that the file is damaged is more important to report than "exists already".
        check_sidecar(sidecar, replace=True)
        _refuse_to_lose(path, sidecar, monitor)
    check_sidecar(sidecar, replace=overwrite)
    with ExitStack() as stack:
        made, unsealed = begin_sidecar(
            path,
            sidecar,
            options,
            work_dir=work_dir,
            overwrite=overwrite,
            readers=Readers.of([path]),
            stack=stack,
        )
        monitor.plan(phases_of_seal(made.protected_bytes, parity=True))
        seal(unsealed, monitor=monitor)
    return made


def begin_sidecar(
    path: bytes,
    sidecar: bytes,
    options: ParityOptions,
    *,
    work_dir: bytes | None,
    overwrite: bool,
    readers: Readers,
    stack: ExitStack,
) -> tuple[Protected, Unsealed]:
    """Begin the sidecar of a file, and return it for sealing; raises as `protect_file`.

    Parameters
    ----------
    stack
        At its end open files are closed, and the sidecar is discarded if it was not published.
    """
    file = stack.enter_context(ArchiveFile(path))
    if not file.size:
        raise UsageError(f"{os.fsdecode(path)}: is empty: there is nothing to protect")
    geometry = plan_geometry(file.size, 0, options.amount, sidecar=True, group_sectors=options.group_sectors)
    beside = os.path.dirname(sidecar) or b"."
    check_room({beside, beside if work_dir is None else work_dir}, geometry.stream_bytes)
    output = stack.enter_context(Output(sidecar, work_dir=work_dir, replace=overwrite, readers=readers))
    output.truncate(geometry.stream_bytes)
    stream = stack.enter_context(ArchiveFile(output.temporary))

    def write(monitor: Monitor) -> None:
        write_parity(path, Sectors(geometry, file, stream), VolumeWriter(geometry, output, output), monitor)

    made = Protected(path, sidecar, file.size, geometry.stream_bytes, geometry)
    return made, Unsealed(output, output.publish, write, lambda _, monitor: _check(geometry, stream, monitor))


def _refuse_to_lose(path: bytes, sidecar: bytes, monitor: Monitor) -> None:
    """Refuse to replace a sidecar according to which the file is damaged, since it may be needed to repair the file.

    Appended bytes are no damage. A file of which no sector is as it was, and none can be repaired, counts as a new file
    under an old name.
    """
    with ExitStack() as stack:
        copy, stream = whole_file(path, stack), whole_file(sidecar, stack)
        surveyed = survey_sidecar(copy, stream, monitor)
        if surveyed is None:
            return
        sectors = surveyed.geometry.before_sectors
        bad = sectors - int(surveyed.in_place()[:sectors].sum())
        if bad and (surveyed.good_in(0).any() or health_of(surveyed).state is not State.BEYOND):
            raise UsageError(
                f"{os.fsdecode(sidecar)}: according to this sidecar {bad:,} of {sectors:,} sectors of "
                f"{os.fsdecode(path)} are damaged; 'pybackup repair' restores what it can. If they were changed on "
                "purpose, remove the sidecar"
            )


def _check(geometry: Geometry, stream: ArchiveFile, monitor: Monitor) -> None:
    """Read the sidecar back and check it; the protected file was only read."""
    found = find([stream])
    if found is None or found.geometry != geometry:
        raise EnvironmentFailed("the sidecar did not read back as it was written; is the disk failing?")
    survey = Survey.of(geometry, load(found).sums)
    monitor.begin("verify", 0, stream.size)
    first = geometry.before_sectors
    good = survey.look(0, Copy(stream), -first * SECTOR, lambda count: monitor.advance(0, count), first=first)
    monitor.end()
    if good != geometry.stream_sectors:
        raise EnvironmentFailed("the sidecar did not read back as it was written; is the disk failing?")
