"""Rebuilding the volumes of a set that are lost or damaged, from what is left of all of them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack

from pybackup.archive.find import find_volumes
from pybackup.errors import Damaged
from pybackup.host.environment import environment
from pybackup.host.output import Destination
from pybackup.host.readers import Readers
from pybackup.make.publish_rebuilt import NO_RECOVERY, publish_mended, publish_restored
from pybackup.make.rebuilt import Rebuilt
from pybackup.make.seal import phases_of_seal
from pybackup.mend.across import SetRows
from pybackup.mend.copies import length_of
from pybackup.mend.refused_files import RefusedFiles
from pybackup.mend.survey_set import survey_set
from pybackup.monitor import Monitor


def rebuild(
    paths: Sequence[bytes],
    directory: bytes,
    *,
    work_dir: bytes | None = None,
    overwrite: bool = False,
    keep_partial: bool = False,
    with_recovery: bool = True,
    monitor: Monitor,
) -> Rebuilt:
    """Write every volume of a set that is lost or damaged, as far as the others bring it back.

    Where no recovery volume is left that tells of the others, damaged ones are mended by their own parity and copies.
    Files that are too damaged to be used are problems, or notes where all volumes are there and enough were not given.

    Parameters
    ----------
    paths
        All volumes that are left, in any order: files, images, devices, directories of them.
    directory
        Where the volumes appear, under their first names; made. What is whole is not copied there. Those that an
        interrupted run has finished there count as given.
    overwrite
        Replace files there that have such a name and are none of the whole volumes.
    keep_partial
        Also give their names to data volumes of which some is lost: there are zeros in their place then.
    with_recovery
        Make recovery volumes again, too.

    Raises
    ------
    UsageError
        The volumes are of several sets.
    Exists
        One that would be written.
    Damaged
        No recovery volume is left that tells of the others, and parts are to be kept, or nothing else tells of any
        data volume.
    EnvironmentFailed
        A volume cannot be written, or was not read back as it was written.
    """
    to = Destination(directory, work_dir, overwrite, Readers.of(paths))
    with environment(directory), RefusedFiles(monitor) as heard, ExitStack() as stack:
        files = find_volumes(paths, thorough=True, monitor=heard).files
        # How many are to be made is known when it is known what is lost; one is, as a rule.
        then = phases_of_seal(max((length_of(file.path) for file in files), default=0), parity=True)
        surveyed_set = survey_set(files, to, stack=stack, then=then, monitor=heard)
        if surveyed_set.header is None:
            if keep_partial:
                # Parts can be had from what was given.
                raise Damaged(f"{surveyed_set.info.name}: {NO_RECOVERY}")
            return publish_mended(surveyed_set, to, stack, monitor)
        rows = SetRows(surveyed_set, surveyed_set.header, to, stack, heard)
        done = publish_restored(rows, to, stack, monitor, keep_partial=keep_partial, with_recovery=with_recovery)
        if done.complete:
            heard.settle(sum(one.given is None or one.given in surveyed_set.finished for one in done.volumes))
        return done
