"""Memory that Python has freed, given back to the system."""

from __future__ import annotations

import ctypes


def give_back() -> None:
    """Let the C library give freed memory back to the system, where it keeps some and can be told not to (glibc)."""
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError, TypeError):
        return
    trim(0)
