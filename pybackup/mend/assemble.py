"""Assembling a volume in a temporary file: copies merged by sectors, the rest rebuilt from parity, and checked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TypeVar

import numpy as np

from pybackup.errors import Damaged
from pybackup.host.scratch import Scratch
from pybackup.host.storage import ArchiveFile
from pybackup.model.problem import Problem, Trouble
from pybackup.monitor import Monitor, Phase
from pybackup.parity.mend.mend import MENDED, MendedSectors, assemble, mend
from pybackup.parity.stream.protect import digest_of
from pybackup.parity.stream.shards import write_shards
from pybackup.parity.stream.sidecar import SIDECAR_SUFFIX
from pybackup.parity.stream.volume import Sectors, VolumeWriter
from pybackup.sector import SECTOR

from .copies import length_of
from .survey import phase_of_survey
from .surveyed import Surveyed

_File = TypeVar("_File", bound=Scratch)


@contextmanager
def assembled(
    surveyed: Surveyed, begin: Callable[[bytes], _File], monitor: Monitor
) -> Iterator[tuple[list[_File], MendedSectors]]:
    """Assemble and mend a volume under temporary names, and yield the files, the protected one first.

    Parameters
    ----------
    begin
        Begins a temporary file, given the suffix that its name will have after the volume's name.
    """
    geometry = surveyed.geometry
    with ExitStack() as stack:
        outputs = [begin(b"")]
        stack.enter_context(outputs[0])
        outputs[0].truncate(geometry.before_bytes + geometry.after_bytes)
        if geometry.sidecar:
            outputs.append(begin(SIDECAR_SUFFIX))
            stack.enter_context(outputs[1])
            outputs[1].truncate(geometry.stream_bytes)
        else:
            outputs[0].truncate(geometry.volume_bytes)
        writer = VolumeWriter(geometry, outputs[0], outputs[1] if geometry.sidecar else None)
        monitor.begin("merge", 0, geometry.sectors * SECTOR)
        assemble(writer, surveyed.copies, surveyed.survey, lambda count: monitor.advance(0, count))
        monitor.end()
        files = [stack.enter_context(ArchiveFile(made.temporary)) for made in outputs]
        mended = mend_checked(Sectors(geometry, *files), writer, surveyed, monitor, guess=True)
        for made in outputs:
            made.sync()
        yield outputs, mended


def phases_of_mending(n_bytes: int) -> list[Phase]:
    """Return the phases of `assembled` for a volume of so many bytes, for `Monitor.plan`."""
    return [Phase("merge", 2 * n_bytes), Phase("repair", 4 * n_bytes), Phase("check", n_bytes)]


def phases_of_images(groups: Sequence[Sequence[bytes]]) -> list[Phase]:
    """Return the phases of mending copies of volumes, for `Monitor.plan`.

    For several volumes these do not include mending, which is announced when it begins, as most are usually intact.

    Parameters
    ----------
    groups
        Paths of the copies of each volume.
    """
    lengths = [[length_of(path) for path in paths] for paths in groups]
    mending = phases_of_mending(max(lengths[0])) if len(lengths) == 1 else []
    return [*(phase_of_survey(sum(copies)) for copies in lengths), *mending]


def mend_checked(
    volume: Sectors, writer: VolumeWriter, surveyed: Surveyed, monitor: Monitor, *, guess: bool = False
) -> MendedSectors:
    """Rebuild missing sectors from parity, and check the hash of the whole if none is missing any more.

    Parameters
    ----------
    guess
        Also write sectors that were corrected by their checksums alone; they count as missing unless the hash of the
        whole is right then.
    """
    geometry, found = surveyed.geometry, surveyed.survey
    proposals = surveyed.proposals()
    monitor.begin("repair", 0, geometry.groups * geometry.data_shards * SECTOR)
    mended = mend(volume, writer, surveyed.table, found, lambda count: monitor.advance(0, count), proposals=proposals)
    monitor.end()
    guessed = np.intersect1d(found.missing, proposals.numbers) if guess else found.missing[:0]
    _, rows = proposals.rows_of(guessed)
    write_shards(writer, guessed, proposals.data[rows])
    if len(guessed) == len(found.missing):
        total = geometry.before_bytes + geometry.after_bytes
        monitor.begin("check", 0, total)
        right = digest_of(volume, progress=lambda count: monitor.advance(0, count)) == surveyed.table.digest
        monitor.end()
        if right:
            found.where[guessed] = MENDED
        elif not len(guessed):
            raise Damaged("every sector has its checksum, and yet the whole is not what was protected")
    return MendedSectors(np.flatnonzero(found.where == MENDED), mended.beyond if len(found.missing) else ())


def tell_of_others(surveyed: Surveyed, monitor: Monitor) -> None:
    """Report as a problem that a copy contains other volumes besides the one that is meant."""
    for other in surveyed.others:
        reason = (
            f"another protected archive, of {other.n_bytes} bytes, begins at byte {other.offset} of it and is left "
            f"out; 'tail -c +{other.offset + 1}' cuts it out"
        )
        monitor.problem(Problem(other.path, Trouble.REFUSED, reason))
