"""One tree and one set of it for all tests of sets; they must not be changed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from kit.memory import fast_directory
from kit.sets import make
from kit.trees import plant_for_volumes


@pytest.fixture(scope="session")
def tree() -> Iterator[Path]:
    """What sets are made of, in a directory of its own."""
    with fast_directory() as base:
        yield plant_for_volumes(base / "tree")


@pytest.fixture(scope="session")
def docs(tree: Path) -> Path:
    """A set of it: a directory of volumes."""
    to = tree.parent / "volumes"
    make(tree, to)
    return to
