"""Specimens, made once a worker; with ``PYBACKUP_EVERY_DAMAGE=1`` the sweeps leave nothing out."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from kit.memory import fast_directory
from kit.specimen import Specimen, make_specimen
from kit.thorough import EVERYTHING
from kit.trees import plant_large


@pytest.fixture(scope="session")
def every_damage() -> bool:
    return EVERYTHING


@pytest.fixture(scope="session")
def large() -> Iterator[Specimen]:
    """A tree of some 3 MB."""
    with fast_directory() as base:
        yield make_specimen(plant_large(base), base / "large.xtar")
