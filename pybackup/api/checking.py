"""Functions that check whether archives are whole, and compare."""

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
    """Return what changed from one state of a tree to another; raises as `list` does.

    An archive that was made since earlier ones stands for the whole tree of its day, though these are not at hand.
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
    """Check archives, or directories of them, together: volumes of a set each in the light of the others.

    What is damaged in one and whole in another is not lost; the totals count each file of a set once. An archive of
    which nothing can be said stops no other, and a volume that is not here is a problem.

    Raises
    ------
    UsageError, NotAnArchive
        One does not exist; there is only one, and it is none.
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
    """Compare an archive with what was archived, or extracted from it; each difference is a problem too."""
    from pybackup.check.compare import compare as find_differences

    archive, *more = archives_of(asked.archive)
    return find_differences(archive, values.path(asked.against), *more, monitor=monitor_of(asked))


@takes(ForecastRequest)
def forecast(asked: ForecastRequest) -> Forecast:
    """Return what an archive, or a file with its sidecar, survives: by its layout, nothing is checked.

    Raises
    ------
    UsageError, Damaged
        There is no such file; it has no parity stream, or none that is left.
    """
    from pybackup.check.forecast import forecast as foresee

    return foresee(values.path(asked.file))
