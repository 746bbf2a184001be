"""Performing the plan of an archive or of a set: reading, compressing, writing and sealing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import ExitStack, closing
from dataclasses import dataclass

from pybackup.compress.methods import Compression
from pybackup.compress.stage import compress, most_batches
from pybackup.container.frames import Carry
from pybackup.host.workers import make_executor, surviving
from pybackup.model.content import Piece, Read
from pybackup.monitor import Monitor, Phase
from pybackup.parity.stream.sidecar import SIDECAR_SUFFIX, check_sidecar
from pybackup.tree.content import read_contents

from .add_recovery import complete_with_recovery
from .plan import Plan
from .plan_set import SetPlan
from .present import check_output, finished_volumes, remove_rest
from .recovery_volumes import phase_of_recovery
from .resume import Resumption, resume
from .seal import Unsealed, phases_of_seal
from .sidecar import begin_sidecar
from .signing import Signing
from .volumes import CreatedVolume, SetVolumes, SingleArchive
from .writer import Count, Writer

# The work of reading and compressing, or reading and storing, a byte in units of reading and hashing it.
_COMPRESS_WORK, _STORE_WORK = 40, 2


@dataclass(frozen=True, slots=True)
class Created:
    """The archive that was created; sizes in bytes. ``files`` counts the regular files among the ``entries``."""

    path: bytes
    entries: int
    files: int
    content_bytes: int
    archive_bytes: int


@dataclass(frozen=True, slots=True)
class CreatedSet:
    """The set that was created: its volumes in order, recovery volumes last, and what this run wrote into them."""

    volumes: Sequence[CreatedVolume]
    entries: int
    files: int
    content_bytes: int


def perform_create(
    plan: Plan,
    *,
    content: Iterable[Read] | None = None,
    executor: Executor | None = None,
    last_use: bool = False,
    monitor: Monitor,
) -> Created:
    """Write the archive that ``plan`` describes, read it back, and publish it.

    Parameters
    ----------
    content
        The contents of the plan's entries, in order; None to read them from the files.
    executor
        Compresses instead of ``plan.options.workers`` processes.
    last_use
        Shut the executor down when everything is compressed, so that its memory is free while parity is made.

    Raises
    ------
    Exists
        The output exists, and is not to be replaced.
    UsageError
        The output exists, and is not an archive.
    EnvironmentFailed
        The output cannot be written, or the workers died.
    """
    replace, parity = plan.options.overwrite, plan.options.parity
    check_output(plan.output, replace=replace)
    if parity and parity.sidecar:
        check_sidecar(plan.output + SIDECAR_SUFFIX, replace=replace)
    to = SingleArchive(plan)
    with ExitStack() as stack:
        if executor is None:
            # Forked before this process holds anything large.
            executor, last_use = stack.enter_context(_workers_for(plan, monitor)), True
        signing = stack.enter_context(Signing(plan.options))
        writer = stack.enter_context(Writer(to, plan.entries, Carry(), signing, monitor))
        monitor.plan(_phases(plan))
        if content is None:
            content = read_contents(
                plan.entries, segment_bytes=plan.options.segment_bytes, formers=plan.formers, monitor=monitor
            )
        written = _write(plan, signing.watch(content), writer, executor, monitor)
        if last_use:
            executor.shutdown()
        writer.seal(*_sidecar_of(plan, written, to, stack), monitor=monitor)
    count = writer.count
    return Created(plan.output, count.entries, count.files, count.content_bytes, to.archive_bytes)


def perform_set(plan: SetPlan, *, executor: Executor | None = None, monitor: Monitor) -> CreatedSet:
    """Write the volumes of a planned set; each is read back and then published.

    Parameters
    ----------
    executor
        Compresses instead of ``plan.plan.options.workers`` processes.

    Raises
    ------
    Exists
        Volumes of the set exist, and are neither to be continued nor replaced.
    UsageError
        They cannot be continued, as they were made with other options; or the directory has volumes of another set.
    EnvironmentFailed
        The volumes cannot be written, or the workers died.
    """
    finished = finished_volumes(plan.set, replace=plan.plan.options.overwrite)
    with ExitStack() as stack:
        if executor is None:
            executor = stack.enter_context(_workers_for(plan.plan, monitor))
        begun = resume(plan.plan, finished, plan.set, monitor)
        volumes, count = SetVolumes(plan, begun), Count()
        monitor.plan(_phases_of_set(plan, begun))
        if not begun.complete:
            signing = stack.enter_context(Signing(plan.plan.options))
            writer = stack.enter_context(Writer(volumes, plan.plan.entries, begun.carry, signing, monitor))
            how = plan.plan
            content = read_contents(
                begun.entries, segment_bytes=how.options.segment_bytes, formers=how.formers, monitor=monitor
            )
            _write(plan.plan, _behind(signing.watch(content), begun), writer, executor, monitor)
            writer.seal(monitor=monitor)
            count = writer.count
        made = [*volumes.made, *_with_recovery(plan, volumes.made, monitor)]
        if plan.plan.options.overwrite:
            remove_rest(plan.set, made[0].info.set_id, monitor)
        return CreatedSet(made, count.entries, count.files, count.content_bytes)


def _phases(plan: Plan) -> list[Phase]:
    """Return the phases of creating an archive, for `Monitor.plan`."""
    parity = plan.options.parity
    # A sidecar is read back too.
    own = phases_of_seal(plan.n_bytes, parity=False) if parity and parity.sidecar else []
    return [_phase_of_writing(plan), *phases_of_seal(plan.n_bytes, parity=parity is not None), *own]


def _phases_of_set(plan: SetPlan, begun: Resumption) -> list[Phase]:
    """Return the phases of creating a set, for `Monitor.plan`.

    All volumes but the last are sealed within the phase of writing.
    """
    n_bytes, parity = plan.plan.n_bytes, plan.plan.options.parity is not None
    last = phases_of_seal(min(n_bytes, plan.set.volume_bytes), parity=parity)
    written = [] if begun.complete else [_phase_of_writing(plan.plan), *last]
    return [*written, *([phase_of_recovery(n_bytes)] if plan.set.recovery_volumes else [])]


def _phase_of_writing(plan: Plan) -> Phase:
    """Return the phase of reading and compressing the content."""
    stored = plan.options.profile.compression is Compression.STORE
    return Phase("create", (_STORE_WORK if stored else _COMPRESS_WORK) * plan.n_bytes)


def _workers_for(plan: Plan, monitor: Monitor) -> Executor:
    """Return an executor with as many processes as there is work for."""
    options = plan.options
    tasks = most_batches(plan.files, plan.n_bytes, options.segment_bytes)
    return make_executor(options.workers, tasks=tasks, task_bytes=options.task_bytes, monitor=monitor)


def _write(plan: Plan, content: Iterable[Read], writer: Writer, executor: Executor, monitor: Monitor) -> bytes:
    """Write an archive or set except for the parity of the last volume; return the path of its temporary file."""
    options = plan.options
    monitor.begin("create", plan.files, plan.n_bytes)
    ready = compress(content, profile=options.profile, executor=executor, window_bytes=options.window_bytes)
    with surviving(), closing(ready):
        for item in ready:
            writer.put(item)
    written = writer.close()
    monitor.end()
    return written


def _sidecar_of(plan: Plan, written: bytes, to: SingleArchive, stack: ExitStack) -> list[Unsealed]:
    """Begin the sidecar of an archive that was written, if there is to be one."""
    options = plan.options
    if not (options.parity and options.parity.sidecar):
        return []
    _, sidecar = begin_sidecar(
        written,
        plan.output + SIDECAR_SUFFIX,
        options.parity,
        work_dir=options.work_dir,
        overwrite=options.overwrite,
        readers=to.readers,
        stack=stack,
    )
    return [sidecar]


def _behind(content: Iterable[Read], begun: Resumption) -> Iterator[Read]:
    """Yield all pieces except those of the first file that finished volumes hold, which were read only to hash it."""
    for item in content:
        if not (isinstance(item, Piece) and item.entry.path == begun.path and item.segment < begun.segment):
            yield item


def _with_recovery(plan: SetPlan, volumes: Sequence[CreatedVolume], monitor: Monitor) -> list[CreatedVolume]:
    """Make the recovery volumes that the plan asks for, and return them."""
    count = plan.set.recovery_volumes
    if not count:
        return []
    made = complete_with_recovery([volume.path for volume in volumes], count, plan.destination, monitor=monitor)
    return [CreatedVolume(one.path, one.info, 0, one.archive_bytes, was_there) for one, was_there in made]
