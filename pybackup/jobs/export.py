"""Exporting an archive, or a part of it, as a zip or a tar; damage is repaired on the way."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack

from pybackup.archive.open import OpenArchive
from pybackup.errors import UsageError
from pybackup.foreign.formats import ExportFormat, writer_of
from pybackup.host.check_outputs import check_outputs
from pybackup.host.joined import Place
from pybackup.host.output import Output
from pybackup.host.readers import Readers
from pybackup.model.entry import Kind
from pybackup.model.problem import Problem, Trouble
from pybackup.monitor import Monitor, Once
from pybackup.restore.export import Exported, Exporter
from pybackup.restore.mending import Mending
from pybackup.restore.plan import RestoreOptions, RestorePlan, plan_restore, plan_rows
from pybackup.restore.spool import ContentSpool

from .export_state import export_state


def export(
    archive: OpenArchive,
    patterns: Sequence[bytes],
    output: bytes,
    kind: ExportFormat,
    *,
    overwrite: bool = False,
    work_dir: bytes | None = None,
    monitor: Monitor,
) -> Exported:
    """Write the matching entries into a file, which gets its name when it is complete; each lost file is a problem.

    For the state of a tree as JSON, the archive has to be opened with its table of earlier archives.

    Parameters
    ----------
    work_dir
        The directory for temporary files, which take as much room as the largest file and all damaged volumes; None for
        that of the output.

    Raises
    ------
    UsageError
        A pattern matches nothing; or the output exists, or is one of the files that are read.
    EnvironmentFailed
        The output cannot be written; or damage cannot be repaired in ``work_dir``.
    """
    read = _paths_of(archive.place)
    _check(output, read, overwrite=overwrite)
    if kind is ExportFormat.JSON:
        return export_state(archive, patterns, output, overwrite=overwrite, work_dir=work_dir, monitor=monitor)
    where = work_dir if work_dir is not None else os.path.dirname(os.path.abspath(output))
    monitor = Once(monitor)
    with ExitStack() as stack:
        mending = Mending(archive, where, stack, monitor)
        view = mending.first_view()
        plan = plan_restore(view, patterns, output, RestoreOptions())
        sink = stack.enter_context(Output(output, work_dir=work_dir, replace=overwrite, readers=Readers.of(read)))
        writer, spool = writer_of(kind, sink), stack.enter_context(ContentSpool(where))
        exporter = Exporter(writer, spool, plan.entries.of(Kind.HARDLINK), monitor)
        monitor.begin("export", plan.files, plan.n_bytes)
        exporter.add(view.place, plan.entries)
        late = {os.path.dirname(path) for path in exporter.lost}
        if exporter.lost:
            hurt = [stored for stored in plan.entries if stored.entry.path in exporter.lost]
            better = mending.better(view, hurt)
            mending.check(sorted(exporter.lost))
            if better is not None:
                rows = [row for row, path in enumerate(better.listing.paths) if path in exporter.lost]
                again = plan_rows(better, rows, (b"",), output, RestoreOptions()).entries
                exporter.add(better.place, [stored for stored in again if stored.entry.path in exporter.lost])
        exporter.finish(each for each in plan.entries.of(Kind.DIRECTORY) if each.entry.path in late)
        exporter.done.n_bytes = sink.tell()
        sink.publish()
        monitor.end()
    _tell(plan, monitor)
    return exporter.done


def _tell(plan: RestorePlan, monitor: Monitor) -> None:
    """Report entries whose names are lost."""
    for doubt in plan.doubts:
        monitor.problem(doubt)
    if plan.everything and not plan.listing.complete:
        monitor.problem(Problem(b"", Trouble.LOST, plan.listing.incompleteness))


def _paths_of(place: Place) -> list[bytes]:
    """Return the paths of the files that hold an archive."""
    return [place] if isinstance(place, bytes) else [*dict.fromkeys(part.path for part in place if part.path)]


def _check(output: bytes, read: Sequence[bytes], *, overwrite: bool) -> None:
    check_outputs([output], replace=overwrite)
    if os.path.exists(output) and any(os.path.samefile(output, each) for each in read):
        raise UsageError(f"{os.fsdecode(output)}: is one of the files that are read; choose another name")
