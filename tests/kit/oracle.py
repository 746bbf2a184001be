"""What may come of a damaged archive: everything, or part with what is lost named, or a refusal; never a wrong file."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Set
from dataclasses import dataclass
from pathlib import Path

from pybackup.archive.open import OpenArchive, open_archive
from pybackup.check.verdict import ArchiveVerdict
from pybackup.check.verify import verify
from pybackup.errors import PybackupError
from pybackup.jobs.extract import restore
from pybackup.mend.health import State
from pybackup.model.problem import Problem, Trouble
from pybackup.monitor import Monitor
from pybackup.restore.plan import RestoreOptions, plan_restore
from pybackup.restore.result import Extracted, Restored
from pybackup.restore.run import run
from pybackup.tree.place import PlaceOptions

from .snapshot import Snapshot, snapshot
from .specimen import Specimen

WHOLE = "whole"
PARTIAL = "partial"
REFUSED = "refused"

OPTIONS = RestoreOptions(place=PlaceOptions(devices=True), workers=1)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an extraction left, and what it said."""

    found: Snapshot
    problems: tuple[Problem, ...]
    refused: PybackupError | None = None
    extracted: Restored | Extracted | None = None

    @property
    def silent(self) -> bool:
        """Whether nothing was said to be wrong: exit status 0."""
        return self.refused is None and not self.problems


def extract_to(archive: Path, target: Path) -> Outcome:
    """Extract everything into ``target``, which is gone afterwards; only `PybackupError` may be raised within."""

    def extract(opened: OpenArchive, monitor: Monitor) -> Restored:
        return run(plan_restore(opened, (), os.fsencode(target), OPTIONS), monitor=monitor)

    return _outcome(archive, target, extract)


def restore_to(archive: Path, target: Path) -> Outcome:
    """The same, with what is lost looked for everywhere, and mended, as the verb does."""

    def extract(opened: OpenArchive, monitor: Monitor) -> Extracted:
        return restore(opened, (), os.fsencode(target), OPTIONS, monitor=monitor)

    return _outcome(archive, target, extract)


def _outcome(archive: Path, target: Path, extract: Callable[[OpenArchive, Monitor], Restored | Extracted]) -> Outcome:
    monitor = Monitor()
    extracted = refused = None
    try:
        with open_archive(os.fsencode(archive)) as opened:
            extracted = extract(opened, monitor)
    except PybackupError as error:
        refused = error
    found = snapshot(os.fsencode(target)) if target.exists() else {}
    if target.exists():
        shutil.rmtree(target)
    return Outcome(found, tuple(monitor.problems), refused, extracted)


def verify_quietly(archive: Path, *, deep: bool = False) -> ArchiveVerdict | PybackupError:
    """The verdict, or what was raised instead."""
    try:
        return verify(os.fsencode(archive), deep=deep, workers=1, monitor=Monitor())
    except PybackupError as error:
        return error


def faults(specimen: Specimen, outcome: Outcome, touched: Set[bytes], *, named: bool = True) -> list[str]:
    """Everything an extraction did that it must not; empty when all is well.

    Parameters
    ----------
    touched
        Files whose own bytes were hit: they may be lost. All others must be back.
    named
        Whether something is left that names the entries: else files may lie in ``lost+found``.
    """
    found, tree = outcome.found, specimen.tree
    problems = outcome.problems
    spoken = {problem.path for problem in problems}
    faults = [f"{path!r} was never archived" for path in found if path not in tree and not _is_refuge(path, named)]
    wrong = {path for path in found if path in tree and not _same(found[path], tree[path], spoken, path)}
    for path in sorted(wrong):
        faults.append(f"{path!r} is wrong: {found[path]}, not {tree[path]}")
    missing = tree.keys() - found.keys()
    if (missing or wrong) and outcome.silent:
        faults.append(f"silent, and {sorted(missing)} are missing")
    if outcome.silent and any(found.get(path) != fact for path, fact in tree.items()):
        faults.append("silent, and something differs")
    if outcome.refused is None:
        whole = {path for path, streams in specimen.streams.items() if streams} - touched
        faults += [f"{path!r} is lost though its bytes are whole" for path in sorted(whole & missing) if named]
    return faults


def _is_refuge(path: bytes, named: bool) -> bool:
    return not named and path.split(b"/")[0] == b"lost+found"


def _same(found: object, fact: object, spoken: set[bytes], path: bytes) -> bool:
    """Equal; where a problem names the entry, content and type must be right all the same."""
    if found == fact:
        return True
    left, right = _essence(found), _essence(fact)
    return left == right and (path in spoken or b"" in spoken)


def _essence(fact: object) -> tuple[object, ...]:
    return (getattr(fact, "kind", None), getattr(fact, "content", None))


def verdict_faults(specimen: Specimen, verdict: ArchiveVerdict | PybackupError, outcome: Outcome) -> list[str]:
    """Where what `verify` says of a changed archive disagrees with what an extraction gave."""
    if isinstance(verdict, PybackupError):
        return [] if outcome.refused is not None else [f"verify refused what extract did not: {verdict}"]
    whole = outcome.found == specimen.tree
    if verdict.state is State.INTACT:
        return ["verify noticed nothing"]
    if verdict.state is State.REPAIRABLE and not (whole and outcome.silent):
        return [f"called repairable, and was not restored: {outcome.problems}"]
    if verdict.state is State.BEYOND and whole and not _doubts(outcome):
        return [f"called beyond repair, and all came back: {verdict}"]
    return []


def _doubts(outcome: Outcome) -> bool:
    """Whether nothing is left that tells whether this is all."""
    return any(problem.trouble is Trouble.LOST and not problem.path for problem in outcome.problems)


def outcome_of(specimen: Specimen, outcome: Outcome) -> str:
    """The word for it in the table of the matrix."""
    if outcome.refused is not None:
        return REFUSED
    return WHOLE if outcome.found == specimen.tree and outcome.silent else PARTIAL
