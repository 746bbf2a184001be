"""Memory that Python has freed, given back to the system."""

from __future__ import annotations

import ctypes
from typing import Any

_M_MMAP_THRESHOLD = -3
_LARGE_BYTES = 1 << 18


def give_back() -> None:
    """Let the C library give freed memory back to the system, where it keeps some and can be told not to (glibc)."""
    trim = _of_c_library("malloc_trim")
    if trim is not None:
        trim(0)


def give_back_at_once() -> None:
    """From now on, have large blocks given back as soon as they are freed: for whoever has millions of rows."""
    set_option = _of_c_library("mallopt")
    if set_option is not None:
        set_option(_M_MMAP_THRESHOLD, _LARGE_BYTES)


def _of_c_library(name: str) -> Any:
    try:
        return getattr(ctypes.CDLL(None), name)
    except (OSError, AttributeError, TypeError):
        return None
