"""Volumes that are made once, and a place in memory to damage them."""

from __future__ import annotations

import pytest
from kit.protected import Specimen, the_beside, the_own


@pytest.fixture
def own() -> Specimen:
    """A file with its stream in it."""
    return the_own()


@pytest.fixture
def beside() -> Specimen:
    """A file with a sidecar."""
    return the_beside()
