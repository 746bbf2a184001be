"""Protected volumes, and surveys of copies of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from kit.memory import fast_directory
from kit.protected import AFTER, BEFORE, SMALL_GROUPS, Specimen, with_own_stream, with_sidecar

from pybackup.mend.copies import open_copies
from pybackup.mend.survey import survey
from pybackup.mend.surveyed import Surveyed
from pybackup.monitor import Monitor

Surveyor = Callable[..., Surveyed]


@pytest.fixture(scope="session")
def own() -> Iterator[Specimen]:
    """A volume of 278 data sectors in small groups, its stream in it."""
    with fast_directory() as base:
        yield with_own_stream(base, SMALL_GROUPS, BEFORE, AFTER)


@pytest.fixture(scope="session")
def beside() -> Iterator[Specimen]:
    """The same bytes with a sidecar."""
    with fast_directory() as base:
        yield with_sidecar(base, SMALL_GROUPS, BEFORE + AFTER)


@pytest.fixture
def surveyor(room: Path) -> Iterator[Surveyor]:
    """Surveys copies, by their contents, or paths of files that are there."""
    with ExitStack() as stack:

        def look(*copies: bytes | Path, monitor: Monitor | None = None) -> Surveyed:
            paths = []
            for number, copy in enumerate(copies):
                path = copy if isinstance(copy, Path) else room / f"copy{number}"
                if isinstance(copy, bytes):
                    path.write_bytes(copy)
                paths.append(os.fsencode(path))
            given = stack.enter_context(open_copies(paths))
            found = survey(given, monitor or Monitor())
            assert found is not None
            return found

        yield look
