"""What the API functions share: the default monitor, and opening archives."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pybackup import errors
from pybackup.model.problem import Problem
from pybackup.monitor import Monitor
from pybackup.options import Path, values
from pybackup.options.exporting import ExportRequest
from pybackup.options.reading import ListRequest, ReadRequest
from pybackup.options.restoring import ExtractRequest

if TYPE_CHECKING:
    from pybackup.archive.open import OpenArchive
    from pybackup.options.shared import Monitored


class ProblemWarning(UserWarning):
    """The warning that reports a problem if no monitor was given."""


class _Warning(Monitor):
    def problem(self, problem: Problem) -> None:
        super().problem(problem)
        path = problem.path.decode(errors="backslashreplace")
        warnings.warn(f"{path}: {problem.trouble.value}: {problem.reason}", ProblemWarning, stacklevel=2)


def monitor_of(asked: Monitored) -> Monitor:
    """Return the monitor that was given, or one that makes each problem a `ProblemWarning`."""
    return warning_monitor(asked.monitor)


def warning_monitor(monitor: Monitor | None) -> Monitor:
    """Return the monitor that was given, or one that makes each problem a `ProblemWarning`."""
    return monitor or _Warning()


def maybe_directory(path: Path | None) -> bytes | None:
    """Return the path of an existing directory, as bytes; None for None."""
    return values.maybe(path, values.directory)


def maybe_count(number: int | None) -> int | None:
    """Return a number above 0; None for None."""
    return values.maybe(number, values.positive)


def archives_of(paths: Path | Iterable[Path]) -> Sequence[bytes]:
    """Return the paths of one archive or of several, as bytes; raises UsageError for an empty list."""
    named = values.paths(paths)
    if not named:
        raise errors.UsageError("no archive")
    return named


@contextmanager
def open_asked(
    asked: ListRequest | ReadRequest | ExtractRequest | ExportRequest, monitor: Monitor, *, with_earlier: bool = False
) -> Iterator[OpenArchive]:
    """Open an archive, or volumes of one set; raises UsageError for other files."""
    from pybackup.archive.open import open_archive
    from pybackup.mend.identify import IdentifyingMender

    archive, *more = archives_of(asked.archive)
    work_dir = None if isinstance(asked, ListRequest) else maybe_directory(asked.work_dir)
    with (
        IdentifyingMender(work_dir, monitor) as identifying,
        open_archive(archive, more, with_earlier=with_earlier, mended=identifying, monitor=monitor) as opened,
    ):
        if opened.patterns:
            raise errors.UsageError(f"{os.fsdecode(opened.patterns[0])}: is no volume of the set of the first")
        yield opened
