"""Verifying archives together: each in the light of the others, where they are volumes of a set."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cached_property

from pybackup.archive.find import files_of
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
    """What came of one archive.

    Attributes
    ----------
    verdict
        On it; None where nothing can be said, and then `failure` says why.
    problems
        That were found in it.
    """

    archive: bytes
    verdict: ArchiveVerdict | None
    problems: Sequence[Problem]
    failure: FormatError | EnvironmentFailed | None = None


@dataclass(frozen=True, slots=True)
class VerifiedSet:
    """What came of archives that were verified together.

    Attributes
    ----------
    archives
        Each, in order.
    totals
        What the volumes of each set hold together, each file counted once.
    """

    archives: Sequence[Verified]
    totals: Sequence[SetTotal]


class Verification:
    """Archives to be verified, one after the other.

    Parameters
    ----------
    paths
        Archives, or directories of them.
    deep
        Also decompress every file.
    monitor
        Told of what is damaged, of volumes that are missing and, of several archives, of those that cannot be judged.
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
        self.archives = files_of(paths)
        self._deep = deep
        self._workers = workers
        self._executor = executor
        self._monitor = monitor
        self._verdicts: list[ArchiveVerdict] = []

    @cached_property
    def _sets(self) -> Sequence[VolumeSet]:
        """Looked up when they are needed first, which may be at the end, and no more than once."""
        return sets_among(self.archives)

    @property
    def is_alone(self) -> bool:
        """Whether there is one archive, and no more."""
        return len(self.archives) == 1

    def each(self) -> Iterator[Verified]:
        """Verify each archive; what cannot be verified stops no other.

        Raises
        ------
        FormatError, EnvironmentFailed
            It cannot be verified, and is the only one.
        """
        ahead = [phase for archive in self.archives for phase in phases_of_verify(archive, deep=self._deep)]
        self._monitor.plan(ahead)
        for archive in self.archives:
            monitor = _Hearing(self._monitor)
            try:
                found = verify(
                    archive, deep=self._deep, workers=self._workers, executor=self._executor, monitor=monitor
                )
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
        """Return what the volumes of each set hold together, when each has been verified; missing ones are problems.

        So is it where two volumes have different content of a file.
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
    """Hands on what is said, and keeps the problems."""

    def problem(self, problem: Problem) -> None:
        super().problem(problem)
        self.problems.append(problem)


def verify_together(verification: Verification) -> VerifiedSet:
    """Verify all; raises as `Verification.each`."""
    archives = tuple(verification.each())
    return VerifiedSet(archives, verification.totals())
