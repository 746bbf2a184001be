"""These tests give files away and make devices: they want root, and in CI they insist."""

from __future__ import annotations

import os

import pytest


@pytest.fixture(autouse=True)
def _root() -> None:
    if os.geteuid() != 0:
        said = "owners, devices, trusted attributes: run the tests as root"
        if os.environ.get("CI"):
            pytest.fail(said)
        pytest.skip(said)
