"""Processes that signals are sent to."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest


def wait_until_asleep(pid: int) -> None:
    """Wait until a process waits in the system, where a signal reaches it at once."""
    while Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "S":
        time.sleep(0.01)


@pytest.fixture
def heeded(number: signal.Signals) -> Iterator[None]:
    """A shell starts what runs in the background with signals ignored, and children inherit that."""
    before = signal.getsignal(number)
    if before is signal.SIG_IGN:
        signal.signal(number, signal.SIG_DFL)
    yield
    signal.signal(number, before)
