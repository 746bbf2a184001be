"""`rebuild` and `disc build` that fail at the N-th operation or are killed: nothing half-made has its final name."""

from __future__ import annotations

import errno
import os
import random
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from kit.damage import overwritten
from kit.memory import fast_directory
from kit.small_sets import contents, rebuilt, small_set

from pybackup.disc.build import perform_build
from pybackup.disc.plan_build import BuildOptions, plan_build
from pybackup.errors import UsageError
from pybackup.monitor import Monitor

from .faulty import CODES, Fault, run_with
from .killing import kill_after, start

# What writes, each of them; of reading every so many, since what cannot be read is lost, which other tests look at.
WRITING = ("open", "pwrite", "ftruncate", "fsync", "rename", "mkdir", "unlink")
READING = ("pread", "listdir", "scandir", "stat")
STEPS = dict.fromkeys(WRITING, 1) | dict.fromkeys(READING, 9)
# Names are given by renameat2, which replaces nothing and cannot be made to fail from here.
REBUILDING = frozenset({"open", "pwrite", "ftruncate", "fsync", "mkdir", "pread", "stat"})
BUILDING = frozenset({"open", "pwrite", "ftruncate", "fsync", "rename", "pread"})
LOST, DAMAGED = "docs-002.xtar", "docs-003.xtar"
KILLED = 6

REBUILD = """
import os, sys
from pybackup.errors import UsageError
from pybackup.monitor import Monitor
from pybackup.jobs.rebuild import rebuild
given, to = map(os.fsencode, sys.argv[1:])
print("ready", flush=True)
rebuild([given], to, monitor=Monitor())
"""
BUILD = """
import os, sys
from pybackup.errors import UsageError
from pybackup.monitor import Monitor
from pybackup.disc.build import perform_build
from pybackup.disc.plan_build import BuildOptions, plan_build
volume, to = map(os.fsencode, sys.argv[1:])
print("ready", flush=True)
perform_build(plan_build(volume, to, BuildOptions(medium_bytes=1 << 20)), Monitor())
"""


def given_set(base: Path) -> Path:
    """A set with one volume lost, one damaged within its parity, and one of its two recovery volumes lost."""
    whole = small_set()
    hurt = overwritten(whole.volumes[DAMAGED], range(4))
    return whole.write(base / "given", {LOST: None, DAMAGED: hurt, "docs-R02.xtar": None})


def expected() -> dict[str, bytes]:
    return {name: small_set().volumes[name] for name in (LOST, DAMAGED, "docs-R02.xtar")}


def sweep(operation: str, code: int, job: Callable[[Monitor], None], check: Callable[[str], None]) -> int:
    """Let each N-th call fail, by steps, until none does; return how many failed."""
    for number in range(1, 100_000, STEPS[operation]):
        fired, said = run_with(partial(Fault, operation=operation, number=number, code=code), job)
        check(said)
        if not fired:
            assert said == ""
            return number - 1
    pytest.fail("there is no end to it")


@pytest.mark.parametrize("code", CODES, ids=lambda code: errno.errorcode[code])
@pytest.mark.parametrize("operation", STEPS)
def test_rebuild(operation: str, code: int) -> None:
    with fast_directory() as base:
        given, to = given_set(base), base / "to"
        rounds = 0

        def check(said: str) -> None:
            nonlocal rounds
            found = contents(to) if to.exists() else {}
            # One that could not be read for once may be rebuilt, too.
            assert [name for name, data in found.items() if small_set().volumes[name] != data] == []
            rounds += 1
            if not expected().keys() <= found.keys():
                assert said, f"{operation} failed, and nothing is said of it"
                if found or rounds % 9 == 1:
                    # What is finished stays, the rest follows.
                    assert rebuilt(given, to).complete
                    assert contents(to) == {**found, **expected()}
            if to.exists():
                for path in to.iterdir():
                    path.unlink()
                to.rmdir()

        failed = sweep(operation, code, lambda monitor: _rebuild(given, to, monitor), check)
        assert failed or operation not in REBUILDING


def _rebuild(given: Path, to: Path, monitor: Monitor) -> None:
    rebuilt(given, to, monitor=monitor)


@pytest.mark.parametrize("code", CODES, ids=lambda code: errno.errorcode[code])
@pytest.mark.parametrize("operation", STEPS)
def test_disc_build(operation: str, code: int) -> None:
    with fast_directory() as base:
        volume, to = small_set().write(base / "given") / "docs-001.xtar", base / "to"
        to.mkdir()
        build(volume, to, Monitor())
        (whole,) = contents(to).items()
        (to / whole[0]).unlink()

        def check(said: str) -> None:
            found = contents(to)
            assert said or found == dict([whole]), f"{operation} failed, and nothing is said of it"
            assert found in ({}, dict([whole]))
            for path in to.iterdir():
                path.unlink()

        failed = sweep(operation, code, lambda monitor: build(volume, to, monitor), check)
        assert failed or operation not in BUILDING
        build(volume, to, Monitor())
        assert contents(to) == dict([whole])


def build(volume: Path, to: Path, monitor: Monitor) -> None:
    # Where a name may be taken, that is by `rename`, which can be made to fail here.
    options = BuildOptions(medium_bytes=1 << 20, overwrite=True)
    perform_build(plan_build(os.fsencode(volume), os.fsencode(to), options), monitor)


def half_made(to: Path, whole: dict[str, bytes]) -> list[str]:
    """What has the name of something whole, and is not."""
    found = contents(to) if to.exists() else {}
    return [name for name, data in found.items() if not name.startswith(".") and whole[name] != data]


def test_a_killed_rebuilding() -> None:
    chance = random.Random(21)
    with fast_directory() as base:
        given, to = given_set(base), base / "to"
        for _ in range(KILLED):
            kill_after(start(REBUILD, given, to), chance.uniform(0, 0.12), group=True)
            assert half_made(to, expected()) == []
        assert rebuilt(given, to).complete
        assert {name: data for name, data in contents(to).items() if not name.startswith(".")} == expected()


def test_a_killed_building() -> None:
    chance = random.Random(22)
    with fast_directory() as base:
        volume, to, other = small_set().write(base / "given") / "docs-001.xtar", base / "to", base / "other"
        to.mkdir()
        other.mkdir()
        build(volume, other, Monitor())
        for _ in range(KILLED):
            kill_after(start(BUILD, volume, to), chance.uniform(0, 0.25), group=True)
            assert half_made(to, contents(other)) == []
        build(volume, to, Monitor())
        assert contents(to) == contents(other)


@pytest.mark.parametrize("existing", ["damaged", "other"])
def test_what_stands_where_a_volume_is_to_be_is_not_replaced(existing: str) -> None:
    with fast_directory() as base:
        given, to = given_set(base), base / "to"
        to.mkdir()
        data = b"other" if existing == "other" else overwritten(small_set().volumes[LOST], range(20, 90))
        (to / LOST).write_bytes(data)
        with pytest.raises(UsageError, match=f"{LOST}: exists"):
            rebuilt(given, to)
        assert contents(to) == {LOST: data}
