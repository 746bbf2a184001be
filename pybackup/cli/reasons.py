"""Errors of all kinds in words: why a run, or a job, failed."""

from __future__ import annotations

import os

from pybackup.errors import PybackupError

from .statuses import Status, is_lack_of_threads
from .text import printable, reason_of


def words_of_end(error: BaseException, status: Status) -> str:
    """Return a message for an error that ended a run with a status."""
    if status is Status.INTERRUPTED:
        return "interrupted"
    if isinstance(error, MemoryError):
        return "out of memory; fewer --workers need less"
    if is_lack_of_threads(error):
        return "the system allows no more threads or processes (ulimit -u)"
    if isinstance(error, ImportError | SystemError):
        return (
            f"a library cannot be loaded: {printable(_innermost(error))}; is it missing, or memory limited (ulimit -v)?"
        )
    if isinstance(error, FileNotFoundError) and error.filename is None and not _has_working_directory():
        return "the working directory no longer exists; change to another one"
    if isinstance(error, OSError):
        return printable(str(error.strerror or error)) + (f": {_named(error.filename)}" if error.filename else "")
    if status is Status.BUG:
        return "this is a bug in pybackup; please report it with the lines above"
    said = reason_of(error) if isinstance(error, PybackupError) else str(error)
    return "\n".join(map(printable, said.split("\n")))


def _has_working_directory() -> bool:
    try:
        os.getcwd()
    except FileNotFoundError:
        return False
    return True


def _innermost(error: BaseException) -> str:
    """Return the original error, which numpy wraps in a page of advice."""
    while cause := error.__cause__ or error.__context__:
        error = cause
    return str(error)


def _named(filename: object) -> str:
    return printable(os.fsdecode(filename)) if isinstance(filename, str | bytes) else str(filename)
