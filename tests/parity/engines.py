"""The engines of the code that there are here: the wheel's wherever our requirements ask for the wheel."""

from pathlib import Path

import pytest
from packaging.requirements import Requirement

import pybackup
from pybackup.codes.codec import Engine, LeopardEngine, NumpyEngine


def _wheel_is_asked_for() -> bool:
    asked = (Path(pybackup.__file__).parent / "requirements.txt").read_text().splitlines()
    (wheel,) = (Requirement(line) for line in asked if line.startswith("reed-solomon-leopard"))
    return wheel.marker is None or wheel.marker.evaluate()


HAS_WHEEL = _wheel_is_asked_for()
# Where it is asked for and missing, nothing here runs.
ENGINES: tuple[Engine, ...] = (LeopardEngine(), NumpyEngine()) if HAS_WHEEL else (NumpyEngine(),)

needs_wheel = pytest.mark.skipif(not HAS_WHEEL, reason="the wheel of the code is not made for this Python")
