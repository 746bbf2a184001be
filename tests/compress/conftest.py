"""A directory in memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from kit.memory import fast_directory


@pytest.fixture
def field() -> Iterator[Path]:
    """Where files go."""
    with fast_directory() as base:
        yield base
