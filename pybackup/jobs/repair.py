"""Repairing: copies are merged sector by sector, the rest is rebuilt from parity, and the result is checked."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace

from pybackup.check.verify import phases_of_verify, verify
from pybackup.container.notes import archive_id_in
from pybackup.errors import Damaged, FormatError, UsageError
from pybackup.host.check_outputs import check_outputs
from pybackup.host.output import Output
from pybackup.host.readers import Readers
from pybackup.layout.foreign import HEAD_BYTES, kind_of
from pybackup.mend.assemble import assembled, phases_of_mending, tell_of_others
from pybackup.mend.copies import open_copies
from pybackup.mend.health import State
from pybackup.mend.in_place import can_be_mended_in_place, check_target, mend_in_place, refuse_to_cut
from pybackup.mend.repaired import Repaired, report
from pybackup.mend.survey import phase_of_survey, survey
from pybackup.monitor import Monitor, Silent
from pybackup.parity.stream.sidecar import SIDECAR_SUFFIX, check_sidecar


def repair(
    paths: Sequence[bytes],
    output: bytes | None,
    *,
    maps: Sequence[bytes] = (),
    work_dir: bytes | None = None,
    overwrite: bool = False,
    keep_partial: bool = True,
    monitor: Monitor,
) -> Repaired:
    """Merge copies of a volume, rebuild what no copy has, and write the result.

    Parameters
    ----------
    paths
        Files, devices, or directories of pieces; sidecars beside them are used too.
    output
        The file to write, and beside it its sidecar if there is one; None to repair the first copy in place: only bad
        sectors are overwritten, and only with bytes known to be right. If bytes moved, the file is replaced as a whole.
    overwrite
        Replace existing outputs.
    keep_partial
        Also publish an output that can only be repaired in part, with zeros in place of lost bytes.
    maps
        Map files of ddrescue, for the copies in the same order.

    Raises
    ------
    Damaged
        No checksums are left; or the result differs from what was protected.
    Exists
        The output exists, and is not to be replaced.
    UsageError
        A copy does not exist, or cannot be repaired in place: a directory, a sidecar, or a file with other data in it.
    EnvironmentFailed
        The output cannot be written.
    """
    _check_names(paths, output, overwrite)
    with open_copies(paths, maps) as given:
        lengths = [copy.file.size for copy in given]
        monitor.plan([phase_of_survey(sum(lengths)), *phases_of_mending(max(lengths))])
        surveyed = survey(given, monitor)
        if surveyed is None:
            first = given[0].file
            kind = "" if archive_id_in(first) else kind_of(first.read_what_is_left(0, HEAD_BYTES))
            raise Damaged(
                f"{os.fsdecode(paths[0])}: {f'{kind}; ' if kind else ''}no parity and no checksums are left of it; "
                "'pybackup salvage' restores what can be read"
            )
        before = surveyed.in_place()
        # A symbolic link is kept: its target is repaired.
        target = output if output is not None else os.path.realpath(given[0].path)
        if output is None:
            check_target(surveyed)
            refuse_to_cut(surveyed)
            if surveyed.geometry.sidecar:
                check_sidecar(target + SIDECAR_SUFFIX, replace=True)
        elif surveyed.geometry.sidecar:
            check_sidecar(output + SIDECAR_SUFFIX, replace=overwrite)
        tell_of_others(surveyed, monitor)
        if output is None and can_be_mended_in_place(surveyed):
            mended = mend_in_place(surveyed, before, monitor)
        else:
            readers = Readers.of(paths)

            def begin(suffix: bytes) -> Output:
                return Output(target + suffix, work_dir=work_dir, replace=overwrite or output is None, readers=readers)

            with assembled(surveyed, begin, monitor) as (outputs, mended):
                if keep_partial or not len(surveyed.survey.missing):
                    for made in outputs:
                        if output is None:
                            made.take_after(made.path)
                        made.publish()
        done = report(output if output is not None else given[0].path, surveyed, before, mended)
    if done.left and keep_partial:
        return replace(done, nothing_lost=_holds_all(done.path, monitor))
    return done


def _holds_all(path: bytes, monitor: Monitor) -> bool:
    """Return whether all content of an archive can be read, although some of its bytes are damaged."""
    try:
        monitor.plan(phases_of_verify(path))
        return verify(path, monitor=Silent(monitor)).state is not State.BEYOND
    except FormatError:
        return False


def _check_names(paths: Sequence[bytes], output: bytes | None, overwrite: bool) -> None:
    """Refuse an output that cannot or must not be written."""
    if output is None:
        if os.path.isdir(paths[0]):
            raise UsageError(f"{os.fsdecode(paths[0])}: is a directory of pieces; name an output file")
        return
    read = [each + suffix for each in paths for suffix in (b"", SIDECAR_SUFFIX)]
    for path in (output, output + SIDECAR_SUFFIX):
        if os.path.exists(path) and any(os.path.exists(each) and os.path.samefile(path, each) for each in read):
            raise UsageError(f"{os.fsdecode(path)}: is one of the copies: repair it in place, or choose another name")
    check_outputs([output], replace=overwrite)
