"""Functions that make archives, and what protects them."""

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
    from pybackup.make.add_recovery import Added
    from pybackup.make.plan import Plan
    from pybackup.make.run import Created, CreatedSet
    from pybackup.make.sidecar import Protected
    from pybackup.options.making import Making


@takes(CreateRequest)
def create(asked: CreateRequest) -> Created:
    """Archive directories and files, each under its base name; the archive appears when it has been read back.

    A source with a slash at its end is followed where it is a symbolic link. A time is also a number of nanoseconds
    since the epoch, a size a number of bytes, a list of paths also an open binary file.

    Raises
    ------
    UsageError, EnvironmentFailed
        The output exists; a source does not, two have the same name, an option makes no sense; the archive cannot be
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
    """Archive directories and files over volumes of given sizes, each an archive of its own.

    Raises
    ------
    UsageError, EnvironmentFailed
        As `create` does; there are volumes already; sizes are too small.
    """
    from pybackup.jobs.create import plan_volumes
    from pybackup.make.run import perform_set

    monitor = monitor_of(asked)
    made = perform_set(plan_volumes(asked, monitor), executor=asked.executor, monitor=monitor)
    _record_run(asked, [volume.path for volume in made.volumes], monitor, for_discs=True)
    return made


@takes(ChainMergeRequest)
def chain_merge(asked: ChainMergeRequest) -> Created:
    """Make a full archive of what the tree of a chain was at a time, out of its archives alone.

    Where all of them are there, it is what a full run made, byte for byte.

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

    One that says that the file is damaged is not replaced.
    """
    from pybackup.make.sidecar import protect_file
    from pybackup.parity.stream.sidecar import SIDECAR_SUFFIX

    file = values.path(asked.file)
    sidecar = values.maybe(asked.output, values.path) or file + SIDECAR_SUFFIX
    how, where = asked.protection(sidecar=True), maybe_directory(asked.work_dir)
    return protect_file(file, sidecar, how, work_dir=where, overwrite=asked.overwrite, monitor=monitor_of(asked))


@takes(AddRecoveryVolumesRequest)
def add_recovery_volumes(asked: AddRecoveryVolumesRequest) -> Added:
    """Make more recovery volumes for a set: any that many volumes of it may be lost, and `rebuild` brings them back.

    All data volumes of the set are needed, and the recovery volumes there are.
    """
    from pybackup.make.add_recovery import add_recovery

    return add_recovery(values.paths(asked.volumes), asked.recovery(), monitor=monitor_of(asked))


@takes(StructureSaveRequest)
def structure_save(asked: StructureSaveRequest) -> Saved:
    """Save the skeleton of trees as a tar without content; errors as those of `create`."""
    from pybackup.jobs.structure import save_structure

    monitor = monitor_of(asked)
    sources, rules, where = asked.gather(asked.sources, monitor), asked.rules(), values.path(asked.output)
    saved = save_structure(sources, where, judge=rules.judge, overwrite=asked.overwrite, monitor=monitor)
    rules.tell_idle(monitor)
    return saved


def _record_run(asked: Making, paths: Sequence[bytes], monitor: Monitor, *, for_discs: bool = False) -> None:
    """Write down a run of a chain: the next one builds on what is known of it."""
    if asked.chain is not None:
        from pybackup.jobs.chain import record_run

        record_run(asked, paths, monitor, for_discs=for_discs)
