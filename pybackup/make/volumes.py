"""Creating a set: one tree over volumes of given sizes, each of them an archive of its own."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import ExitStack, closing
from dataclasses import dataclass

from pybackup.archive.find import volumes_in
from pybackup.compress.stage import compress
from pybackup.errors import Exists, UsageError
from pybackup.host.directories import files_in
from pybackup.host.storage import make_directory
from pybackup.host.workers import surviving
from pybackup.model.content import Piece, Read
from pybackup.monitor import Monitor
from pybackup.tree.content import read_contents

from .add_recovery import complete_with_recovery
from .plan import Plan, workers_for
from .plan_set import SetOptions, SetPlan
from .resume import Resumption, find_finished, resume
from .writer import CreatedVolume, SetWriter


@dataclass(frozen=True, slots=True)
class CreatedSet:
    """What came of it."""

    volumes: Sequence[CreatedVolume]
    entries: int
    files: int
    content_bytes: int


def perform_set(plan: SetPlan, *, executor: Executor | None = None, monitor: Monitor) -> CreatedSet:
    """Write the volumes that the plan comes to, each published when it has been read back.

    Raises
    ------
    Exists
        Volumes of the set are there already, and shall not be gone on with, nor replaced.
    UsageError
        They cannot be gone on with, as they were made otherwise; or volumes of another set are there.
    EnvironmentFailed
        The volumes cannot be written, or the workers died.
    """
    to, replace = plan.set, plan.plan.options.overwrite
    if to.resume and replace:
        raise UsageError("what is to be gone on with cannot be replaced")
    make_directory(to.directory)
    _check_strangers(to)
    finished = [] if replace else find_finished(to.directory, to.name)
    if finished and not to.resume:
        there = os.fsdecode(finished[0].path)
        raise Exists(
            f"{there}: a volume is there already; another directory is for another set",
            option="resume",
            hint="goes on behind it",
        )
    with ExitStack() as stack:
        if executor is None:
            executor = stack.enter_context(workers_for(plan.plan, monitor))
        begun = resume(plan.plan, finished, to, monitor)
        writer = SetWriter(plan, begun, monitor)
        stack.callback(writer.discard)
        if not begun.complete:
            with surviving():
                _write(plan.plan, begun, writer, executor, monitor)
        volumes = [*writer.volumes, *_with_recovery(plan, writer.volumes, monitor)]
        return CreatedSet(volumes, writer.entries, writer.count.files, writer.count.content_bytes)


def _check_strangers(to: SetOptions) -> None:
    """Refuse to mix sets in one directory: what is made of all that lies there would be of neither."""
    for path in files_in(to.directory):
        if path.endswith(b".xtar"):
            for volume in volumes_in(path):
                if volume.info and volume.info.name != to.name:
                    raise UsageError(
                        f"{os.fsdecode(path)}: is a volume of another set, {volume.info.name}; choose another directory"
                    )


def _with_recovery(plan: SetPlan, volumes: Sequence[CreatedVolume], monitor: Monitor) -> list[CreatedVolume]:
    to = plan.set
    if not to.recovery_volumes:
        return []
    made = complete_with_recovery(
        [volume.path for volume in volumes],
        to.recovery_volumes,
        plan.destination,
        monitor=monitor,
    )
    return [CreatedVolume(one.path, one.info, 0, one.archive_bytes, was_there) for one, was_there in made]


def _write(plan: Plan, begun: Resumption, writer: SetWriter, executor: Executor, monitor: Monitor) -> None:
    options = plan.options
    monitor.begin("create", plan.files, plan.n_bytes)
    read = read_contents(begun.entries, segment_bytes=options.segment_bytes, monitor=monitor)
    pieces = _behind(read, begun)
    window = options.window_bytes
    with closing(compress(pieces, profile=options.profile, executor=executor, window_bytes=window)) as ready:
        for item in ready:
            writer.put(item)
    writer.finish()
    monitor.end()


def _behind(read: Iterable[Read], begun: Resumption) -> Iterator[Read]:
    """All pieces but those of the first file that a finished volume holds: they were read for the sake of its hash."""
    for item in read:
        if not (isinstance(item, Piece) and item.entry.path == begun.path and item.segment < begun.segment):
            yield item
