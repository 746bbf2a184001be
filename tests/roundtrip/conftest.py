"""All of these tests want root."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _root(as_root: None) -> None:
    """Trees have owners and devices."""
