"""Functions that verify and compare archives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pybackup.options import values
from pybackup.options.checking import CompareRequest, DiffRequest, ForecastRequest, VerifyRequest, VerifySetRequest
from pybackup.options.functions import takes

from .asked import archives_of, maybe_count, monitor_of

if TYPE_CHECKING:
    from pybackup.check.compare import Compared
    from pybackup.check.diff import Change
    from pybackup.check.forecast import Forecast
    from pybackup.check.verdict import ArchiveVerdict
    from pybackup.jobs.verify import VerifiedSet


@takes(DiffRequest)
def diff(asked: DiffRequest) -> Sequence[Change]:
    """Return what changed between two archives, or between an archive and a live directory; raises as `list` does.

    An archive of a chain stands for the whole tree of its day; the earlier archives need not be at hand.
    """
    from pybackup.check.diff import diff as differences

    old, new = values.path(asked.old), values.path(asked.new)
    return differences(old, new, checksum=asked.checksum, monitor=monitor_of(asked))


@takes(VerifyRequest)
def verify(asked: VerifyRequest) -> ArchiveVerdict:
    """Check every byte of an archive against its hashes; raises as `list` does."""
    from pybackup.check.verify import verify as check

    return check(
        values.path(asked.archive),
        deep=asked.deep,
        workers=maybe_count(asked.workers),
        executor=asked.executor,
        monitor=monitor_of(asked),
    )


@takes(VerifySetRequest)
def verify_set(asked: VerifySetRequest) -> VerifiedSet:
    """Check several archives, or directories of them, together.

    A file that is damaged on one volume of a set and intact on another is not lost; the totals count each file of a set
    once. An archive that cannot be read does not stop the others, and a missing volume is a problem.

    Raises
    ------
    UsageError, NotAnArchive
        A path does not exist; or the only file is not an archive.
    """
    from pybackup.jobs.verify import Verification, verify_together

    return verify_together(
        Verification(
            values.paths(asked.archives),
            deep=asked.deep,
            workers=maybe_count(asked.workers),
            executor=asked.executor,
            monitor=monitor_of(asked),
        )
    )


@takes(CompareRequest)
def compare(asked: CompareRequest) -> Compared:
    """Compare an archive with the archived or extracted tree; each difference is also reported as a problem."""
    from pybackup.check.compare import compare as find_differences

    archive, *more = archives_of(asked.archive)
    return find_differences(archive, values.path(asked.against), *more, monitor=monitor_of(asked))


@takes(ForecastRequest)
def forecast(asked: ForecastRequest) -> Forecast:
    """Return how much damage an archive, or a file with its sidecar, survives, from its layout; nothing is checked.

    Raises
    ------
    UsageError, Damaged
        There is no such file; it has no parity stream; or nothing of that is left.
    """
    from pybackup.check.forecast import forecast as foresee

    return foresee(values.path(asked.file))
