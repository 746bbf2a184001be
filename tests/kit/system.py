"""What is the system's: time zones and descriptors."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def local_zone(rule: str) -> Iterator[None]:
    """A ``with`` in which local time is as TZ says; a rule and not a name is read without tzdata, too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", rule)
        time.tzset()
        yield
    time.tzset()


def open_descriptors() -> int:
    """How many descriptors this process has open."""
    return len(os.listdir("/proc/self/fd"))
