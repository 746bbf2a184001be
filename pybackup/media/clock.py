"""pycdlib with a fixed clock and fixed random numbers, so that the same files give the same image."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from time import struct_time
from types import ModuleType
from typing import Any

import pycdlib
from pycdlib import dates, headervd, udf, utils

# Those that ask for the time, or for its zone.
_MODULES: tuple[ModuleType, ...] = (pycdlib.pycdlib, dates, headervd, udf, utils)


class _Clock:
    """The functions of `time` that these modules use, for one fixed time in UTC."""

    def __init__(self, seconds: int) -> None:
        self._seconds = seconds

    def time(self) -> float:
        return float(self._seconds)

    def localtime(self, seconds: float | None = None) -> struct_time:
        return time.gmtime(self._seconds if seconds is None else seconds)

    gmtime = localtime

    def strftime(self, form: str, moment: struct_time) -> str:
        return time.strftime(form, moment)


@contextmanager
def standing_still(seconds: int, seed: bytes) -> Iterator[None]:
    """Give the modules of pycdlib, and nothing else, a fixed clock and random numbers, for which it has no parameters.

    Not for use in several threads at once.
    """
    stand_ins: dict[str, Any] = {"time": _Clock(seconds), "random": random.Random(seed)}
    real = [
        (module, name, getattr(module, name))
        for module in _MODULES
        for name in stand_ins
        if isinstance(getattr(module, name, None), ModuleType)
    ]
    try:
        for module, name, _ in real:
            setattr(module, name, stand_ins[name])
        yield
    finally:
        for module, name, original in real:
            setattr(module, name, original)
