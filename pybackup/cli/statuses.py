"""The exit statuses, their meanings, and which error leads to which."""

from __future__ import annotations

from enum import IntEnum

from pybackup.errors import EnvironmentFailed, FormatError, UsageError


class Status(IntEnum):
    """The exit statuses."""

    DONE = 0
    PROBLEMS = 1
    USAGE = 2
    REPAIRABLE = 3
    BEYOND = 4
    ENVIRONMENT = 5
    BUG = 70  # EX_SOFTWARE of sysexits.h
    INTERRUPTED = 130  # what a shell reports for SIGINT


MEANINGS = {
    Status.DONE: "all done",
    Status.PROBLEMS: "done, with problems: something was unreadable, changed, lost, different or contradictory",
    Status.USAGE: "wrong usage",
    Status.REPAIRABLE: "the archive is damaged but repairable",
    Status.BEYOND: "the archive is damaged beyond repair, or is none",
    Status.ENVIRONMENT: "the environment failed: disk full, no permission, a program missing",
    Status.BUG: "a bug in pybackup",
    Status.INTERRUPTED: "interrupted",
}

# The first class that fits decides; any other error is a bug.
_OF_ERRORS: tuple[tuple[type[BaseException], Status], ...] = (
    (UsageError, Status.USAGE),
    (FormatError, Status.BEYOND),
    (EnvironmentFailed, Status.ENVIRONMENT),
    (OSError, Status.ENVIRONMENT),
    (MemoryError, Status.ENVIRONMENT),
    # A library is missing or cannot be loaded, for example because memory is limited.
    (ImportError, Status.ENVIRONMENT),
    (SystemError, Status.ENVIRONMENT),
    (KeyboardInterrupt, Status.INTERRUPTED),
)


def status_of(error: BaseException) -> Status:
    """Return the status of a run that ended by ``error``."""
    if is_interruption(error):
        return Status.INTERRUPTED
    if is_lack_of_threads(error):
        return Status.ENVIRONMENT
    return next((status for kind, status in _OF_ERRORS if isinstance(error, kind)), Status.BUG)


def is_interruption(error: BaseException) -> bool:
    """Return whether an error was caused by an interruption: a library's cleaning up after one may fail itself."""
    first: BaseException | None = error
    while first is not None and not isinstance(first, KeyboardInterrupt):
        first = first.__cause__ or first.__context__
    return first is not None


def is_lack_of_threads(error: BaseException) -> bool:
    """Return whether an error means that no further thread can be started; Python has no class for it."""
    return isinstance(error, RuntimeError) and str(error) == "can't start new thread"


def table() -> str:
    """Return the table that ``--help`` shows."""
    return "\n".join(["exit status:", *(f"  {status:3}  {meaning}" for status, meaning in MEANINGS.items())])
