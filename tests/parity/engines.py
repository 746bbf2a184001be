"""The engines of the code that there are here: the wheel's wherever pyproject.toml asks for the wheel."""

import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from pybackup.codes.codec import Engine, LeopardEngine, NumpyEngine


def _wheel_is_asked_for() -> bool:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    (wheel,) = (r for r in map(Requirement, project["dependencies"]) if r.name == "reed-solomon-leopard")
    return wheel.marker is None or wheel.marker.evaluate()


HAS_WHEEL = _wheel_is_asked_for()
# Where it is asked for and missing, nothing here runs.
ENGINES: tuple[Engine, ...] = (LeopardEngine(), NumpyEngine()) if HAS_WHEEL else (NumpyEngine(),)

needs_wheel = pytest.mark.skipif(not HAS_WHEEL, reason="the wheel of the code is not made for this Python")
