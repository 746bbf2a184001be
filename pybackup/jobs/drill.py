"""Drills: damaging, repairing and restoring copies of a volume, and comparing the outcome with the forecast."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack

from pybackup.archive.open import open_archive
from pybackup.check.drill import ROUND_WORK, Bout, DrillOutcome, DrillPlan, losses, nameless
from pybackup.errors import FormatError, NotAnArchive
from pybackup.host.environment import environment
from pybackup.host.storage import ArchiveFile, InPlace
from pybackup.host.temporaries import temporary_directory
from pybackup.model.problem import Problem
from pybackup.monitor import Aside, Monitor, Phase
from pybackup.parity.odds.harm import Strike, overwrite, plan_strike, write_copy
from pybackup.parity.stream.sidecar import SIDECAR_SUFFIX
from pybackup.parity.stream.volume import Sectors, VolumeWriter
from pybackup.restore.plan import RestoreOptions, plan_restore
from pybackup.restore.run import run

from .repair import repair

_STEP = 1 << 20


def perform_drill(plan: DrillPlan, monitor: Monitor) -> Iterator[DrillOutcome]:
    """Perform one round after the other, and yield the outcome of each; the volume itself is only read.

    Raises
    ------
    EnvironmentFailed
        The copies cannot be written.
    """
    rounds = len(plan.bouts)
    titles = [f"round {number} of {rounds}" for number in range(1, rounds + 1)]
    n_bytes = ROUND_WORK * plan.prospects.structures.geometry.volume_bytes
    monitor.plan([Phase(title, n_bytes) for title in titles])
    for title, bout in zip(titles, plan.bouts, strict=True):
        monitor.begin(title, 0, n_bytes)
        directory = plan.options.work_dir or os.fsencode(tempfile.gettempdir())
        with ExitStack() as stack:
            with environment(directory):
                place = stack.enter_context(temporary_directory(directory))
            outcome = _perform(plan, bout, place, _Steps(monitor))
        monitor.end()
        yield outcome


class _Steps(Aside):
    """Counts the progress of all stages within a round as progress of the round, and passes on nothing else."""

    def __init__(self, monitor: Monitor) -> None:
        super().__init__(monitor)
        self.problems = []

    def advance(self, files: int, n_bytes: int) -> None:
        """Report the bytes as progress of the round."""
        self._monitor.advance(0, n_bytes)

    def note(self, text: str) -> None:
        """Say nothing: notes of stages are not about the drill."""

    def problem(self, problem: Problem) -> None:
        """Say nothing: losses show in the outcome of the round."""
        self.problems.append(problem)


def _perform(plan: DrillPlan, bout: Bout, place: bytes, monitor: Monitor) -> DrillOutcome:
    geometry = plan.prospects.structures.geometry
    damage = plan_strike(geometry, bout.model, bout.sectors, bout.seed)
    copy, fixed, target = (os.path.join(place, name) for name in (b"copy", b"fixed", b"restored"))
    _damage(plan, damage, copy)
    monitor.advance(0, plan.prospects.structures.geometry.volume_bytes)
    pairs = [(plan.path, fixed)]
    if geometry.sidecar:
        pairs.append((plan.path + SIDECAR_SUFFIX, fixed + SIDECAR_SUFFIX))
    twice = 0
    try:
        done = repair([copy], fixed, work_dir=place, monitor=monitor)
        claimed, twice = done.complete, max(0, len(damage.lost) - done.mended - done.left)
    except FormatError:
        claimed, fixed = False, copy
    same = claimed and all(_same(*pair, monitor) for pair in pairs)
    if same or not plan.is_archive:
        return DrillOutcome(bout, len(damage.lost), claimed, same, twice=twice)
    os.mkdir(target)
    _restore(fixed, target, plan.options.workers, monitor)
    return DrillOutcome(bout, len(damage.lost), claimed, same, *losses(plan.path, target), nameless(target), twice)


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


def _same(one: bytes, other: bytes, monitor: Monitor) -> bool:
    with ArchiveFile(one) as left, ArchiveFile(other) as right:
        if left.size != right.size:
            return False
        for at in range(0, left.size, _STEP):
            if left.read_at(at, _STEP) != right.read_at(at, _STEP):
                return False
            monitor.advance(0, min(_STEP, left.size - at))
    return True


def _restore(image: bytes, target: bytes, workers: int | None, monitor: Monitor) -> None:
    """Restore what can be restored from a damaged copy; lost files are recognised by not being there."""
    try:
        archive = open_archive(image, alone=True)
    except NotAnArchive:
        return
    with archive:
        plan = plan_restore(archive, (), target, RestoreOptions(workers=workers))
        run(plan, monitor=monitor)
