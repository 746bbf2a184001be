"""Where sets are damaged and rebuilt: memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from kit.memory import fast_directory


@pytest.fixture
def room() -> Iterator[Path]:
    """Where to damage and to rebuild."""
    with fast_directory() as base:
        yield base
