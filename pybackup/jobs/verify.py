"""Verifying several archives together: for volumes of a set, files that are intact on another volume are not lost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pybackup.archive.find import archives_at
from pybackup.archive.joined import joined
from pybackup.archive.volume_set import VolumeSet, sets_among, tell_of_missing
from pybackup.check.set_totals import SetTotal, totals
from pybackup.check.spared import with_spared
from pybackup.check.verdict import ArchiveVerdict
from pybackup.check.verify import phases_of_verify, verify
from pybackup.errors import EnvironmentFailed, FormatError
from pybackup.model.problem import Problem, Trouble
from pybackup.monitor import Monitor, Relay


@dataclass(frozen=True, slots=True)
class Verified:
    """The result of verifying one archive.

    Attributes
    ----------
    verdict
        The verdict on it; None if there is none, and then ``failure`` is why.
    problems
        The problems found in it.
    """

    archive: bytes
    verdict: ArchiveVerdict | None
    problems: Sequence[Problem]
    failure: FormatError | EnvironmentFailed | None = None


@dataclass(frozen=True, slots=True)
class VerifiedSet:
    """The result of verifying archives together.

    Attributes
    ----------
    archives
        The result for each archive, in order.
    totals
        For each set, what its volumes hold together, with each file counted once.
    """

    archives: Sequence[Verified]
    totals: Sequence[SetTotal]


class Verification:
    """A verification of archives, one after the other.

    Parameters
    ----------
    paths
        Archives, or directories of them.
    deep
        Also decompress every file.
    monitor
        Is told of damage, of missing volumes and, if there are several archives, of those without a verdict.
    """

    def __init__(
        self,
        paths: Sequence[bytes],
        *,
        deep: bool = False,
        workers: int | None = None,
        executor: Executor | None = None,
        monitor: Monitor,
    ) -> None:
        self._files = archives_at(paths)
        self.archives = [file.path for file in self._files]
        self._deep = deep
        self._work: dict[str, Any] = {"deep": deep, "workers": workers, "executor": executor}
        self._monitor = monitor
        self._verdicts: list[ArchiveVerdict] = []

    @cached_property
    def _sets(self) -> Sequence[VolumeSet]:
        """The sets that the archives belong to; found only once, when they are first needed."""
        return sets_among(self._files)

    @property
    def is_alone(self) -> bool:
        """Whether there is only one archive."""
        return len(self.archives) == 1

    def each(self) -> Iterator[Verified]:
        """Verify each archive, and go on if one cannot be verified.

        Raises
        ------
        FormatError, EnvironmentFailed
            The only archive cannot be verified.
        """
        ahead = [phase for archive in self.archives for phase in phases_of_verify(archive, deep=self._deep)]
        self._monitor.plan(ahead)
        for file in self._files:
            archive = file.path
            monitor = _Hearing(self._monitor)
            try:
                found = verify(archive, file, **self._work, monitor=monitor)
            except (FormatError, EnvironmentFailed) as error:
                if self.is_alone:
                    raise
                trouble = Trouble.UNREADABLE if isinstance(error, EnvironmentFailed) else Trouble.DAMAGED
                monitor.problem(Problem(archive, trouble, error.without(archive)))
                yield Verified(archive, None, monitor.problems, error)
                continue
            if not self.is_alone and found.not_intact:
                found = with_spared(found, self._sets)
            self._verdicts.append(found)
            yield Verified(archive, found, monitor.problems)

    def totals(self) -> Sequence[SetTotal]:
        """Return what the volumes of each set hold together, after each has been verified.

        Missing volumes are problems, and so is a file of which two volumes have different contents.
        """
        if self.is_alone:
            return ()
        sets = [(volume_set, joined(volume_set)[1]) for volume_set in self._sets]
        for _, listing in sets:
            for doubt in listing.doubts:
                self._monitor.problem(doubt)
        found = totals(sets, self._verdicts)
        tell_of_missing(self._sets, self.archives, self._monitor, is_problem=True)
        return found


class _Hearing(Relay):
    """A monitor that passes everything on, and remembers problems."""

    def problem(self, problem: Problem) -> None:
        super().problem(problem)
        self.problems.append(problem)


def verify_together(verification: Verification) -> VerifiedSet:
    """Verify all archives; raises as `Verification.each`."""
    archives = tuple(verification.each())
    return VerifiedSet(archives, verification.totals())
