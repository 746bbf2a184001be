"""What all tests of a run have in common.

One directory in memory for all that a run leaves there: gone afterwards, even where a worker was killed. And Ctrl-C,
which a run in the background ignores: so would the processes that tests interrupt.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from kit.memory import ROOM, fast_directory, memory
from kit.thorough import so_many

if TYPE_CHECKING:
    from kit.specimen import Specimen

_PREFIX = "pybackup-tests-"
# How long an example takes is no property: tests never assert seconds.
settings.register_profile("no seconds", deadline=None, max_examples=so_many(40, 100))
settings.load_profile("no seconds")
_LOCK = pytest.StashKey[int]()


def pytest_configure(config: pytest.Config) -> None:
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if ROOM in os.environ:
        return  # a worker: the directory is that of the run
    for left in memory().glob(f"{_PREFIX}*"):
        _remove_if_left(left)
    room = tempfile.mkdtemp(prefix=_PREFIX, dir=memory())
    # Locked while the run lives, so that a later one can tell what a killed one left.
    config.stash[_LOCK] = os.open(room, os.O_RDONLY | os.O_DIRECTORY)
    fcntl.flock(config.stash[_LOCK], fcntl.LOCK_EX)
    os.environ[ROOM] = room
    # What tests make is not written down in the catalogue of whoever runs them.
    os.environ["PYBACKUP_CATALOGUE"] = "none"


def pytest_unconfigure(config: pytest.Config) -> None:
    if _LOCK in config.stash:
        # Cases of the fuzzer nest deeper than Python does; their own cleaning has dealt with those.
        shutil.rmtree(os.environ.pop(ROOM), ignore_errors=True)
        os.close(config.stash[_LOCK])


def _remove_if_left(directory: Path) -> None:
    with contextlib.suppress(OSError):
        number = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(directory, ignore_errors=True)
        finally:
            os.close(number)


@pytest.fixture
def room() -> Iterator[Path]:
    """Where to damage, to mend and to restore: a directory in memory."""
    with fast_directory() as base:
        yield base


@pytest.fixture(scope="session")
def small() -> Iterator[Specimen]:
    """An archive with every kind of entry in some 30 KB, and where everything in it lies."""
    from kit.specimen import make_specimen
    from kit.trees import plant_every_kind

    with fast_directory() as base:
        yield make_specimen(plant_every_kind(base), base / "small.xtar")


@pytest.fixture
def as_root() -> None:
    """For tests that give files away and make devices: they want root, and in CI they insist."""
    if os.geteuid() != 0:
        said = "owners, devices, trusted attributes: run the tests as root"
        if os.environ.get("CI"):
            pytest.fail(said)
        pytest.skip(said)
