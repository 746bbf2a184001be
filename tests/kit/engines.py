"""The engines of the code that there are here, the wheel's wherever our requirements ask for it; and a slow one."""

from functools import reduce
from pathlib import Path

import numpy as np
import pytest
from packaging.requirements import Requirement

import pybackup
from pybackup.codes.codec import Engine, LeopardEngine, NumpyEngine
from pybackup.codes.field import PERIOD, Symbols, logarithms, multiply, powers
from pybackup.codes.form import form_of
from pybackup.codes.stripes import Bytes, bytes_of, symbols_of


def _wheel_is_asked_for() -> bool:
    asked = (Path(pybackup.__file__).parent / "requirements.txt").read_text().splitlines()
    (wheel,) = (Requirement(line) for line in asked if line.startswith("reed-solomon-leopard"))
    return wheel.marker is None or wheel.marker.evaluate()


HAS_WHEEL = _wheel_is_asked_for()
# Where it is asked for and missing, nothing here runs.
ENGINES: tuple[Engine, ...] = (LeopardEngine(), NumpyEngine()) if HAS_WHEEL else (NumpyEngine(),)

needs_wheel = pytest.mark.skipif(not HAS_WHEEL, reason="the wheel of the code is not made for this Python")


def random_bytes(rows: int, width: int, seed: int = 0) -> Bytes:
    return np.random.default_rng((rows, width, seed)).integers(0, 256, (rows, width), dtype=np.uint8)


def product(factors: list[Symbols]) -> Symbols:
    return reduce(multiply, factors, np.ones(1, np.uint16))


def interpolated(known: Symbols, values: Symbols, at: int) -> Symbols:
    """The value at a point of the polynomial of degree < len(known) through values at known points: Lagrange."""
    found = np.zeros(values.shape[1], np.uint16)
    for i, value in zip(known, values, strict=True):
        others = [known[known == j] for j in known if j != i]
        above = product([other ^ np.uint16(at) for other in others])
        below = product([other ^ i for other in others])
        inverse = powers()[(PERIOD - logarithms()[below]) % PERIOD]
        found ^= multiply(value, multiply(above, inverse))
    return found


def slow_parity(data: Bytes, parity_count: int) -> Bytes:
    """Parity by interpolation through the values at all points that are known, zeros included."""
    form = form_of(len(data), parity_count)
    end = form.points if form.high else form.chunk
    start = form.chunk if form.high else 0
    known = np.arange(start, end, dtype=np.uint16)
    values = np.zeros((len(known), data.shape[1] // 2), np.uint16)
    values[: len(data)] = symbols_of(data)
    return bytes_of(np.stack([interpolated(known, values, form.parity_start + j) for j in range(parity_count)]))
