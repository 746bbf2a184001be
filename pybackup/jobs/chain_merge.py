"""Merging a chain: making a full archive of the tree as it was at a run, from the archives of the chain alone."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import ExitStack
from dataclasses import replace

from pybackup.archive.archive import Archive
from pybackup.archive.runs import Runs
from pybackup.compress.methods import DEFAULT_SEGMENT_BYTES
from pybackup.errors import UsageError
from pybackup.make.plan import SIGNED, CreateOptions, Plan
from pybackup.make.present import check_output
from pybackup.make.run import Created, perform_create
from pybackup.mend.identify import IdentifyingMender
from pybackup.model.entry import directories_above
from pybackup.model.listing import Listing
from pybackup.model.member import Stored
from pybackup.model.problem import Problem, Trouble
from pybackup.model.restorable import RestorableRun
from pybackup.model.run import RunLevel
from pybackup.model.source import Planned, Source
from pybackup.monitor import Monitor, Once
from pybackup.options import values
from pybackup.options.making import ChainMergeRequest, profile_of
from pybackup.restore.elsewhere import Elsewhere
from pybackup.restore.mending import Mending
from pybackup.restore.recut import Recutter

from .chain_runs import run_at, runs_of


def merge_asked(asked: ChainMergeRequest, monitor: Monitor) -> Created:
    """Merge a chain as `pybackup.chain_merge` says; raises as `merge`, or UsageError for an unknown chain or run."""
    where = values.maybe(asked.work_dir, values.directory)
    with IdentifyingMender(
        where or os.path.dirname(os.path.abspath(values.path(asked.output))), monitor
    ) as identifying:
        runs = runs_of([*values.paths(asked.chain), *values.paths(asked.more)], asked.catalogue, monitor, identifying)
        return _merge_runs(runs, asked, monitor)


def _merge_runs(runs: Runs, asked: ChainMergeRequest, monitor: Monitor) -> Created:
    if runs.patterns:
        raise UsageError(
            f"{os.fsdecode(runs.patterns[0])}: not an archive; all of a chain is merged, so give no patterns"
        )
    options = CreateOptions(
        profile=profile_of(asked.compression, asked.store),
        segment_bytes=DEFAULT_SEGMENT_BYTES if asked.segment_size is None else values.segment(asked.segment_size),
        parity=None if asked.parity is None else asked.protection(),
        comment=values.comment(asked.comment),
        workers=values.maybe(asked.workers, values.positive),
        work_dir=values.maybe(asked.work_dir, values.directory),
        overwrite=asked.overwrite,
    )
    run = run_at(runs, asked.at)
    return merge(runs, run, values.path(asked.output), options, executor=asked.executor, monitor=monitor)


def merge(
    runs: Runs,
    run: RestorableRun,
    output: bytes,
    options: CreateOptions,
    *,
    executor: Executor | None = None,
    monitor: Monitor,
) -> Created:
    """Write the full archive of a run; it gets its name once it has been read back. Each lost file is a problem.

    If nothing is lost, its bytes are those that a full run with the same options would have written at that time.

    Raises
    ------
    UsageError
        The output exists, or is one of the archives that are read; or nothing of the run's own archive was found.
    EnvironmentFailed
        The output cannot be written, or there is no room for temporary files to mend a damaged archive.
    """
    check_output(output, replace=options.overwrite)
    monitor = Once(monitor)
    with ExitStack() as stack:
        archive = stack.enter_context(runs.open(run, monitor))
        read = [archive.place] if isinstance(archive.place, bytes) else [part.path for part in archive.place]
        if os.path.exists(output) and any(path and os.path.samefile(path, output) for path in read):
            raise UsageError(f"{os.fsdecode(output)}: is one of the files that are read; choose another name")
        where = options.work_dir or os.path.dirname(os.path.abspath(output))
        mending = Mending(archive, where, stack, monitor)
        view = mending.first_view()
        if run.mark is not None:
            signed = view.listing.settings.get(SIGNED)
            options = replace(
                options,
                run=replace(run.mark, level=RunLevel.FULL, reason=""),
                signed_from_bytes=signed if type(signed) is int else None,
            )
        plan = Plan(output, list(_planned(view.listing, read[0] or output)), (), options)

        elsewhere = Elsewhere(runs.at_hand, runs.known_to_hold)

        def better(than: Archive, stored: Stored) -> Archive | None:
            found = mending.better(than, [stored])
            found = found or elsewhere.view(than, [stored.entry.path])
            if found is None:
                mending.check([stored.entry.path])
            return found

        reader = Recutter(view, segment_bytes=options.segment_bytes, better=better, monitor=monitor)
        content = reader.read(range(len(view.listing)))
        made = perform_create(plan, content=content, executor=executor, monitor=monitor)
        if view.listing.incompleteness:
            monitor.problem(Problem(b"", Trouble.LOST, view.listing.incompleteness))
    return made


def _planned(listing: Listing, path: bytes) -> Iterator[Planned]:
    """Yield the entries of a listing as if a walk over the tree had found them, with the sources' former names.

    Parameters
    ----------
    path
        The archive; those who may read it may read the merged one.
    """
    told = listing.settings.get("sources")
    names: Sequence[object] = told if isinstance(told, list) else ()
    sources: dict[bytes, Source] = {}
    for stored in listing:
        entry = stored.entry
        above = (*directories_above(entry.path), entry.path)
        of = next((each for each in above if each.decode(errors="backslashreplace") in names), None)
        name = of if of is not None else b"" if "" in names else above[0]
        if name not in sources:
            sources[name] = Source(path, name)
        yield Planned(entry, sources[name], 0, 0)
