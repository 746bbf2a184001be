"""Rebuilding lost and damaged volumes of a set from the remaining ones."""

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
    """Write every lost or damaged volume of a set, as far as the others can restore it.

    Without a usable recovery volume, damaged volumes are repaired by their own parity and by copies. Files too damaged
    to be used are problems, or just notes if all volumes are intact without them.

    Parameters
    ----------
    paths
        All remaining volumes, in any order: files, images, devices, directories of them.
    directory
        The directory for the volumes, which get their original names; made if it does not exist. Intact volumes are not
        copied there. Volumes that an interrupted run finished there count as given.
    overwrite
        Replace files there that have the name of a volume but are not intact.
    keep_partial
        Also publish data volumes that can only be restored in part, with zeros in place of lost bytes.
    with_recovery
        Also make lost recovery volumes again.

    Raises
    ------
    UsageError
        The volumes belong to several sets.
    Exists
        A file to be written exists.
    Damaged
        There is no usable recovery volume, and ``keep_partial`` is set or no data volume can be identified.
    EnvironmentFailed
        A volume cannot be written, or did not read back as written.
    """
    to = Destination(directory, work_dir, overwrite, Readers.of(paths))
    with environment(directory), RefusedFiles(monitor) as heard, ExitStack() as stack:
        files = find_volumes(paths, thorough=True, monitor=heard).files
        # The number of volumes to be made is not known yet; usually it is one.
        then = phases_of_seal(max((length_of(file.path) for file in files), default=0), parity=True)
        surveyed_set = survey_set(files, to, stack=stack, then=then, monitor=heard)
        if surveyed_set.header is None:
            if keep_partial:
                # Parts need no rebuilding: they can be read from the given volumes.
                raise Damaged(f"{surveyed_set.info.name}: {NO_RECOVERY}")
            return publish_mended(surveyed_set, to, stack, monitor)
        rows = SetRows(surveyed_set, surveyed_set.header, to, stack, heard)
        done = publish_restored(rows, to, stack, monitor, keep_partial=keep_partial, with_recovery=with_recovery)
        if done.complete:
            heard.settle(sum(one.given is None or one.given in surveyed_set.finished for one in done.volumes))
        return done
