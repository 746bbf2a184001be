"""Repairing: copies merged sector by sector, the rest rebuilt from parity, all checked before it gets its name."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pybackup.check.verify import verify
from pybackup.errors import Damaged, FormatError, UsageError
from pybackup.host.readers import Readers
from pybackup.host.storage import ArchiveFile, InPlace, Output, check_outputs
from pybackup.layout.foreign import HEAD_BYTES, kind_of
from pybackup.layout.guard import Geometry
from pybackup.mend.assemble import assembled, mend_checked, tell_of_others
from pybackup.mend.copies import open_copies
from pybackup.mend.health import State, appended_bytes
from pybackup.mend.survey import Surveyed, extents_of, survey
from pybackup.model.extents import Extents
from pybackup.monitor import Monitor
from pybackup.parity.mend.copies import NO_ORIGIN
from pybackup.parity.mend.mend import MENDED, MendedSectors, assemble
from pybackup.parity.stream.sidecar import SIDECAR_SUFFIX, check_sidecar
from pybackup.parity.stream.volume import Sectors, VolumeWriter
from pybackup.sector import SECTOR

# Less of a file that is to be replaced is an accident, or it is another file.
_LEAST_SHARE = 0.01
# An image around an archive adds more than this, a mishap hardly ever.
_MOST_MOVED_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Moved:
    """A stretch that was found away from its place in a copy, by so many bytes."""

    copy: bytes
    offset: int
    n_bytes: int
    moved_bytes: int


@dataclass(frozen=True, slots=True)
class Repaired:
    """What a repair did; counts in sectors.

    Attributes
    ----------
    path
        The file that was written; that of the first copy in place.
    taken
        From each copy, by its path.
    damaged
        Not good in their place in the first copy.
    mended
        Rebuilt from parity.
    left
        Still bad, and where they lie in the file.
    groups_beyond
        Groups that miss more than they have parity.
    appended_bytes
        That were behind the end of the volume, and are left out.
    nothing_lost
        Where sectors are left, all that an archive holds can be read in spite of them, as `verify` says.
    """

    path: bytes
    geometry: Geometry
    taken: Sequence[tuple[bytes, int]]
    moved: Sequence[Moved]
    damaged: int
    mended: int
    left: int
    left_extents: Extents
    groups_beyond: int
    appended_bytes: int = 0
    nothing_lost: bool = False

    @property
    def complete(self) -> bool:
        """Whether every byte is what it was."""
        return not self.left


def repair(
    paths: Sequence[bytes],
    output: bytes | None,
    *,
    maps: Sequence[bytes] = (),
    work_dir: bytes | None = None,
    overwrite: bool = False,
    monitor: Monitor,
) -> Repaired:
    """Merge copies of a volume, rebuild what no copy has, and write the result.

    Parameters
    ----------
    paths
        Files, devices, or directories of pieces; sidecars beside them are found.
    output
        The file to write, and its sidecar if there is one; None to mend the first copy in place: only what is bad
        is overwritten, and only with what is known to be right. Where bytes moved, it is replaced as a whole.
    overwrite
        Replace files that have the name of the output.
    maps
        Of ddrescue, for the copies in the same order.

    Raises
    ------
    Damaged
        No checksums are left, or what came out is not what was protected.
    Exists
        The output, and it is not to be replaced.
    UsageError
        A copy does not exist, or cannot be mended in place: a directory, a sidecar, a file with more in it.
    EnvironmentFailed
        The output cannot be written.
    """
    _check_names(paths, output, overwrite)
    with open_copies(paths, maps) as given:
        surveyed = survey(given, monitor)
        if surveyed is None:
            kind = kind_of(given[0].file.read_what_is_left(0, HEAD_BYTES))
            raise Damaged(
                f"{os.fsdecode(paths[0])}: {f'{kind}; ' if kind else ''}no parity and no checksums are left of it; "
                "'pybackup salvage' restores what can be read"
            )
        before = surveyed.in_place()
        # A link stays one: what it leads to is mended.
        target = output if output is not None else os.path.realpath(given[0].path)
        if output is None:
            _check_target(surveyed)
            _refuse_to_cut(surveyed)
            if surveyed.geometry.sidecar:
                check_sidecar(target + SIDECAR_SUFFIX, replace=True)
        elif surveyed.geometry.sidecar:
            check_sidecar(output + SIDECAR_SUFFIX, replace=overwrite)
        tell_of_others(surveyed, monitor)
        if output is None and _can_be_mended_in_place(surveyed):
            mended = _mend_in_place(surveyed, before, monitor)
        else:
            readers = Readers.of(paths)

            def begin(suffix: bytes) -> Output:
                return Output(target + suffix, work_dir=work_dir, replace=overwrite or output is None, readers=readers)

            with assembled(surveyed, begin, monitor) as (outputs, mended):
                for made in outputs:
                    if output is None:
                        made.take_after(made.path)
                    made.publish()
        done = _report(output if output is not None else given[0].path, surveyed, before, mended)
    return replace(done, nothing_lost=_holds_all(done.path)) if done.left else done


def _holds_all(path: bytes) -> bool:
    """Whether all that an archive holds can be read, though not all of its bytes are what they were."""
    try:
        return verify(path, monitor=Monitor()).state is not State.BEYOND
    except FormatError:
        return False


def _check_names(paths: Sequence[bytes], output: bytes | None, overwrite: bool) -> None:
    """Refuse what cannot be written, or must not be."""
    if output is None:
        if os.path.isdir(paths[0]):
            raise UsageError(f"{os.fsdecode(paths[0])}: is a directory of pieces; write the whole to a file of its own")
        return
    read = [each + suffix for each in paths for suffix in (b"", SIDECAR_SUFFIX)]
    for path in (output, output + SIDECAR_SUFFIX):
        if os.path.exists(path) and any(os.path.exists(each) and os.path.samefile(path, each) for each in read):
            raise UsageError(f"{os.fsdecode(path)}: is what is read: mend it in place, or choose another name")
    check_outputs([output], replace=overwrite)


def _can_be_mended_in_place(surveyed: Surveyed) -> bool:
    """Whether all that is good is where it belongs; else the files have to be replaced as a whole."""
    return len(surveyed.targets) == 1 + surveyed.geometry.sidecar and not surveyed.moved().any()


def _check_target(surveyed: Surveyed) -> None:
    """Refuse to replace a file by the volume that is only a part of it, or by the one that it is the sidecar of."""
    geometry, first = surveyed.geometry, surveyed.given[0]
    name, shift = os.fsdecode(first.path), surveyed.shift_of_first()
    if geometry.sidecar and shift == -geometry.before_sectors * SECTOR:
        raise UsageError(f"{name}: is a sidecar; name the file that it protects first")
    if np.count_nonzero(surveyed.good_in(0)) < geometry.data_sectors * _LEAST_SHARE:
        raise UsageError(f"{name}: hardly anything of it is known to belong to the volume; write that to another file")
    excess = first.file.size - (geometry.before_bytes if geometry.sidecar else geometry.volume_bytes)
    if shift and shift > 0 and excess > _MOST_MOVED_BYTES:
        raise UsageError(f"{name}: what is protected begins at byte {shift} of it; write it to a file of its own")
    if not _can_be_mended_in_place(surveyed) and not os.path.isfile(first.path):
        raise UsageError(f"{name}: bytes of it have moved, and it is no regular file; write the whole to one")


def _refuse_to_cut(surveyed: Surveyed) -> None:
    """Refuse to cut off, in place, what is behind the volume, unless it is small or zeros."""
    name = os.fsdecode(surveyed.given[0].path)
    for other in surveyed.others:
        if other.path == surveyed.given[0].path:
            raise UsageError(
                f"{name}: another protected archive, of {other.n_bytes} bytes, begins at byte {other.offset} of it and "
                f"would be lost; 'tail -c +{other.offset + 1}' cuts it out; write this one to a file of its own"
            )
    if (appended := appended_bytes(surveyed)) > _MOST_MOVED_BYTES:
        raise UsageError(
            f"{name}: {appended:,} bytes behind its end would be cut off; write what is protected to a file of its own"
        )


def _mend_in_place(surveyed: Surveyed, in_place: NDArray[np.bool_], monitor: Monitor) -> MendedSectors:
    geometry, given = surveyed.geometry, surveyed.given
    with ExitStack() as stack:
        paths = [given[number].path for number, _ in surveyed.targets]
        targets = [stack.enter_context(InPlace(path)) for path in paths]
        writer = VolumeWriter(geometry, *targets)
        assemble(writer, surveyed.copies, surveyed.survey, lambda count: None, in_place=in_place)
        # What is cut off has grown back.
        files = [stack.enter_context(ArchiveFile(path)) for path in paths]
        mended = mend_checked(Sectors(geometry, *files), writer, surveyed, monitor)
        sizes = [geometry.before_bytes, geometry.stream_bytes] if geometry.sidecar else [geometry.volume_bytes]
        for target, size in zip(targets, sizes, strict=True):
            target.cut(size)
            target.sync()
    return mended


def _report(path: bytes, surveyed: Surveyed, before: NDArray[np.bool_], mended: MendedSectors) -> Repaired:
    where, origins = surveyed.survey.where, surveyed.survey.origins
    geometry = surveyed.geometry
    taken = dict.fromkeys((copy.path for copy in surveyed.given), 0)
    for number, origin in enumerate(origins):
        taken[surveyed.given[origin.copy].path] += int((where == number).sum())
    left = where == NO_ORIGIN
    end, size = surveyed.behind_end()
    return Repaired(
        path,
        geometry,
        tuple(taken.items()),
        [moved for number in range(len(origins)) if (moved := _moved_by(surveyed, number))],
        int((~before).sum()),
        int((where == MENDED).sum()),
        int(left.sum()),
        extents_of(geometry, left),
        len(mended.beyond),
        size - end,
    )


def _moved_by(surveyed: Surveyed, number: int) -> Moved | None:
    """What was found away from its place by one shift."""
    origin = surveyed.survey.origins[number]
    if origin.shift in (0, -surveyed.geometry.before_sectors * SECTOR * surveyed.geometry.sidecar):
        return None
    sectors = np.flatnonzero(surveyed.survey.where == number)
    if not len(sectors):
        return None
    start = int(sectors[0]) * SECTOR + origin.shift
    return Moved(surveyed.given[origin.copy].path, start, len(sectors) * SECTOR, origin.shift)
