"""Operations of the system that fail, and what is said of that."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from typing import Any

import pytest

from pybackup.errors import PybackupError
from pybackup.monitor import Monitor

CODES = (errno.EIO, errno.ENOSPC)


class Fault:
    """Lets the ``number``-th call of one function of ``os`` fail."""

    def __init__(self, patch: pytest.MonkeyPatch, operation: str, number: int, code: int) -> None:
        self.fired = False
        self._left = number
        self._code = code
        self._real: Callable[..., Any] = getattr(os, operation)
        patch.setattr(os, operation, self)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self._left -= 1
        if self._left == 0:
            self.fired = True
            raise OSError(self._code, os.strerror(self._code))
        return self._real(*args, **kwargs)


def run_with(fault: Callable[[pytest.MonkeyPatch], Fault], job: Callable[[Monitor], None]) -> tuple[bool, str]:
    """Whether the fault fired, and what was said of it; nothing but a `PybackupError` may come out."""
    monitor = Monitor()
    said = ""
    with pytest.MonkeyPatch.context() as patch:
        injected = fault(patch)
        try:
            job(monitor)
        except PybackupError as error:
            said = f"{type(error).__name__}: {error}"
    return injected.fired, said or "; ".join(f"{problem.path!r}: {problem.reason}" for problem in monitor.problems)
