"""Drilling: copies of a volume are damaged, repaired, restored and compared, and what happened with the forecast."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack

from pybackup.archive.open import open_archive
from pybackup.check.compare import compare
from pybackup.check.drill import Bout, DrillOutcome, DrillPlan
from pybackup.errors import FormatError, NotAnArchive
from pybackup.host.staging import temporary_directory
from pybackup.host.storage import ArchiveFile, InPlace, environment
from pybackup.model.entry import Kind
from pybackup.monitor import Monitor
from pybackup.parity.odds.harm import Strike, overwrite, plan_strike, write_copy
from pybackup.parity.stream.sidecar import SIDECAR_SUFFIX
from pybackup.parity.stream.volume import Sectors, VolumeWriter
from pybackup.restore.plan import RestoreOptions, plan_restore
from pybackup.restore.run import run

from .repair import repair

_STEP = 1 << 20
_LOST_FOUND = b"lost+found"


def perform_drill(plan: DrillPlan, monitor: Monitor) -> Iterator[DrillOutcome]:
    """Do one round after the other; the volume itself is only read.

    Raises
    ------
    EnvironmentFailed
        The copies cannot be written.
    """
    monitor.begin("drill", len(plan.bouts), 0)
    for bout in plan.bouts:
        directory = plan.options.work_dir or os.fsencode(tempfile.gettempdir())
        with ExitStack() as stack:
            with environment(directory):
                place = stack.enter_context(temporary_directory(directory))
            outcome = _perform(plan, bout, place)
        monitor.advance(1, 0)
        yield outcome
    monitor.end()


def _perform(plan: DrillPlan, bout: Bout, place: bytes) -> DrillOutcome:
    geometry = plan.prospects.structures.geometry
    damage = plan_strike(geometry, bout.model, bout.sectors, bout.seed)
    copy, fixed, target = (os.path.join(place, name) for name in (b"copy", b"fixed", b"restored"))
    _damage(plan, damage, copy)
    pairs = [(plan.path, fixed)]
    if geometry.sidecar:
        pairs.append((plan.path + SIDECAR_SUFFIX, fixed + SIDECAR_SUFFIX))
    twice = 0
    try:
        done = repair([copy], fixed, work_dir=place, monitor=Monitor())
        claimed, twice = done.complete, max(0, len(damage.lost) - done.mended - done.left)
    except FormatError:
        claimed, fixed = False, copy
    same = claimed and all(_same(*pair) for pair in pairs)
    if same or not plan.is_archive:
        return DrillOutcome(bout, len(damage.lost), claimed, same, twice=twice)
    os.mkdir(target)
    _restore(fixed, target, plan.options.workers)
    return DrillOutcome(bout, len(damage.lost), claimed, same, *_losses(plan.path, target), _nameless(target), twice)


def _damage(plan: DrillPlan, damage: Strike, copy: bytes) -> None:
    """Make the damaged copy, with its sidecar."""
    geometry = plan.prospects.structures.geometry
    with ExitStack() as stack:
        paths = [copy, copy + SIDECAR_SUFFIX] if geometry.sidecar else [copy]
        for path in paths:
            with environment(path):
                open(path, "xb").close()
        targets = [stack.enter_context(InPlace(path)) for path in paths]
        source = stack.enter_context(ArchiveFile(plan.path))
        write_copy(source, targets[0], damage.splices, damage.seed)
        if geometry.sidecar:
            write_copy(stack.enter_context(ArchiveFile(plan.path + SIDECAR_SUFFIX)), targets[1], (), damage.seed)
        files = [stack.enter_context(ArchiveFile(path)) for path in paths]
        overwrite(Sectors(geometry, *files), VolumeWriter(geometry, *targets), damage)


def _same(one: bytes, other: bytes) -> bool:
    with ArchiveFile(one) as left, ArchiveFile(other) as right:
        if left.size != right.size:
            return False
        return all(left.read_at(at, _STEP) == right.read_at(at, _STEP) for at in range(0, left.size, _STEP))


def _restore(image: bytes, target: bytes, workers: int | None) -> None:
    """Restore what can be from a copy that is not whole; who is lost shows in what is not there."""
    monitor = Monitor()
    try:
        archive = open_archive(image, alone=True)
    except NotAnArchive:
        return
    with archive:
        plan = plan_restore(archive, (), target, RestoreOptions(workers=workers))
        run(plan, monitor=monitor)


def _losses(source: bytes, target: bytes) -> tuple[list[bytes], list[bytes]]:
    """Return the files of the archive that are not in the target, and those that are with other content."""
    with open_archive(source, alone=True) as archive:
        listing = archive.listing
        files = {path for path, kind in zip(listing.paths, listing.rows.kinds, strict=True) if kind == Kind.FILE}
    lost, wrong = [], []
    for difference in compare(source, target, alone=True, monitor=Monitor()).differences:
        if difference.path in files:
            if "missing" in difference.kinds:
                lost.append(difference.path)
            elif {"type", "size", "content"} & set(difference.kinds):
                wrong.append(difference.path)
    return lost, wrong


def _nameless(target: bytes) -> int:
    found = os.walk(os.path.join(target, _LOST_FOUND))
    return sum(len(names) for _, _, names in found)
