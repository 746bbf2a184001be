"""Functions that make archives and parity."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pybackup.monitor import Monitor
from pybackup.options import values
from pybackup.options.functions import takes
from pybackup.options.making import (
    AddRecoveryVolumesRequest,
    ChainMergeRequest,
    CreateRequest,
    CreateSetRequest,
    ProtectRequest,
    StructureSaveRequest,
)

from .asked import maybe_directory, monitor_of

if TYPE_CHECKING:
    from pybackup.jobs.structure import Saved
    from pybackup.make.add_recovery import AddedRecovery
    from pybackup.make.plan import Plan
    from pybackup.make.run import Created, CreatedSet
    from pybackup.make.sidecar import Protected
    from pybackup.options.making import Making


@takes(CreateRequest)
def create(asked: CreateRequest) -> Created:
    """Archive directories and files, each under its base name; the archive gets its name after it was read back.

    A source that is a symbolic link is followed if it ends with a slash. Times may be given as nanoseconds since 1970,
    sizes as bytes, and a list of paths as an open binary file.

    Raises
    ------
    UsageError, EnvironmentFailed
        The output exists; a source does not exist; two have the same name; an option is wrong; the archive cannot be
        written.
    """
    from pybackup.jobs.create import plan_archive
    from pybackup.make.run import perform_create

    monitor = monitor_of(asked)
    made = perform_create(plan_archive(asked, monitor), executor=asked.executor, monitor=monitor)
    _record_run(asked, [made.path], monitor)
    return made


@takes(CreateRequest)
def plan_create(asked: CreateRequest) -> Plan:
    """Return what `create` would archive, and what it would leave out and why; raises as it does."""
    from pybackup.jobs.create import plan_archive

    return plan_archive(asked, monitor_of(asked))


@takes(CreateSetRequest)
def create_set(asked: CreateSetRequest) -> CreatedSet:
    """Archive directories and files as a set of volumes of given sizes, each an archive of its own.

    Raises
    ------
    UsageError, EnvironmentFailed
        As `create` does; or there are volumes already; or a size is too small.
    """
    from pybackup.jobs.create import plan_volumes
    from pybackup.make.run import perform_set

    monitor = monitor_of(asked)
    made = perform_set(plan_volumes(asked, monitor), executor=asked.executor, monitor=monitor)
    _record_run(asked, [volume.path for volume in made.volumes], monitor, for_discs=True)
    return made


@takes(ChainMergeRequest)
def chain_merge(asked: ChainMergeRequest) -> Created:
    """Make a full archive of the tree of a chain as it was at a time, from its archives alone.

    If nothing is missing, it has the same bytes as one that a full run had made.

    Raises
    ------
    UsageError, EnvironmentFailed
        As `restore_chain` and `create` do.
    """
    from pybackup.jobs.chain_merge import merge_asked

    return merge_asked(asked, monitor_of(asked))


@takes(ProtectRequest)
def protect(asked: ProtectRequest) -> Protected:
    """Write parity and checksums for any file into a sidecar.

    An existing sidecar is not replaced if the file is damaged according to it.
    """
    from pybackup.make.sidecar import protect_file
    from pybackup.parity.stream.sidecar import SIDECAR_SUFFIX

    file = values.path(asked.file)
    sidecar = values.maybe(asked.output, values.path) or file + SIDECAR_SUFFIX
    how, where = asked.protection(sidecar=True), maybe_directory(asked.work_dir)
    return protect_file(file, sidecar, how, work_dir=where, overwrite=asked.overwrite, monitor=monitor_of(asked))


@takes(AddRecoveryVolumesRequest)
def add_recovery_volumes(asked: AddRecoveryVolumesRequest) -> AddedRecovery:
    """Make further recovery volumes for a set. `rebuild` restores as many lost volumes as there are recovery volumes.

    All data volumes of the set are needed, and all recovery volumes that exist. Archives that are no set, of any sizes,
    are covered together in the same way; archives that are rebuilt get the names that the files have now.
    """
    from pybackup.make.add_recovery import add_recovery

    return add_recovery(values.paths(asked.volumes), asked.recovery(), monitor=monitor_of(asked))


@takes(StructureSaveRequest)
def structure_save(asked: StructureSaveRequest) -> Saved:
    """Save the directories, symbolic links, FIFOs and devices of trees as a tar, without files; raises as `create`."""
    from pybackup.jobs.structure import save_structure

    monitor = monitor_of(asked)
    sources, rules, where = asked.gather(asked.sources, monitor), asked.rules(), values.path(asked.output)
    saved = save_structure(sources, where, judge=rules.judge, overwrite=asked.overwrite, monitor=monitor)
    rules.tell_idle(monitor)
    return saved


def _record_run(asked: Making, paths: Sequence[bytes], monitor: Monitor, *, for_discs: bool = False) -> None:
    """Enter a run of a chain in the catalogue, as the next run builds on it."""
    if asked.chain is not None:
        from pybackup.jobs.chain_record import record_run

        record_run(asked, paths, monitor, for_discs=for_discs)
