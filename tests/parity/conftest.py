"""Volumes that are made once, and a place in memory to damage them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from kit.memory import fast_directory
from kit.protected import Specimen, the_beside, the_own


@pytest.fixture
def room() -> Iterator[Path]:
    """Where to damage and to repair."""
    with fast_directory() as base:
        yield base


@pytest.fixture
def own() -> Specimen:
    """A file with its stream in it."""
    return the_own()


@pytest.fixture
def beside() -> Specimen:
    """A file with a sidecar."""
    return the_beside()
