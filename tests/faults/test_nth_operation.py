"""The N-th operation fails, for every N: nothing that is not whole ever has the name of something whole."""

from __future__ import annotations

import ctypes
import errno
import os
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from kit.memory import fast_directory
from kit.snapshot import Snapshot, snapshot
from kit.specimen import make_archive
from kit.trees import TIME_NS

from pybackup.archive.open import open_archive
from pybackup.check.verify import verify
from pybackup.compress.methods import MIB
from pybackup.errors import EnvironmentFailed
from pybackup.host import give_name
from pybackup.make.plan import CreateOptions, plan_create
from pybackup.make.run import perform_create
from pybackup.mend.health import State
from pybackup.mend.mended import as_found
from pybackup.model.extents import Extents
from pybackup.model.soundness import Soundness
from pybackup.model.source import Source
from pybackup.monitor import Monitor
from pybackup.restore.plan import RestoreOptions, plan_restore, plan_salvage
from pybackup.restore.run import run

from .faulty import CODES, Fault, run_with

OPERATIONS = (
    "open",
    "read",
    "pread",
    "write",
    "pwrite",
    "fsync",
    "rename",
    "ftruncate",
    "mkdir",
    "symlink",
    "link",
    "mkfifo",
    "chmod",
    "utime",
    "setxattr",
    "listdir",
    "scandir",
    "stat",
)
# What the jobs are known to call: if a test of these never fires, it tests nothing.
CREATING = frozenset({"open", "read", "pread", "pwrite", "fsync", "rename", "scandir", "stat"})
EXTRACTING = frozenset(
    {"open", "pread", "pwrite", "ftruncate", "mkdir", "symlink", "link", "mkfifo", "chmod", "utime", "setxattr"}
)
OPTIONS = CreateOptions(segment_bytes=MIB, overwrite=True, workers=1)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    top = tmp_path_factory.mktemp("source") / "tree"
    (top / "sub" / "empty").mkdir(parents=True)
    (top / "one").write_bytes(b"one " * 500)
    # Three segments, so that the output is flushed and patched while it is written.
    (top / "sub" / "large").write_bytes(os.urandom(MIB) + bytes(MIB) + b"end")
    with (top / "sub" / "sparse").open("wb") as file:
        file.truncate(1 << 20)
        file.seek(1 << 19)
        file.write(b"data")
    os.setxattr(top / "one", "user.colour", b"blue")
    (top / "link").symlink_to("one")
    os.link(top / "one", top / "hard")
    os.mkfifo(top / "pipe")
    os.utime(top / "one", ns=(TIME_NS, TIME_NS))
    return top


def create(source: Path, output: Path, monitor: Monitor) -> None:
    sources = [Source(os.fsencode(source), os.fsencode(source.name))]
    plan = plan_create(sources, os.fsencode(output), judge=None, options=OPTIONS, monitor=monitor)
    perform_create(plan, monitor=monitor)


def extract(archive: Path, target: Path, monitor: Monitor) -> None:
    with open_archive(os.fsencode(archive)) as opened:
        plan = plan_restore(opened, (), os.fsencode(target), RestoreOptions(workers=1))
        run(plan, monitor=monitor)


def salvage(archive: Path, target: Path, monitor: Monitor) -> None:
    run(
        plan_salvage(
            as_found(os.fsencode(archive), Soundness(), Extents()), os.fsencode(target), RestoreOptions(workers=1)
        ),
        monitor=monitor,
    )


def leftovers(directory: Path) -> list[str]:
    return [name for _, _, files in os.walk(directory) for name in files if name.endswith((".partial", ".tmp"))]


@pytest.mark.parametrize("code", CODES, ids=lambda code: errno.errorcode[code])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_create(source: Path, operation: str, code: int) -> None:
    with fast_directory() as base:
        output = base / "out.xtar"
        earlier = make_archive(source / "sub", output)
        for number in range(1, 10_000):
            output.write_bytes(earlier)
            fired, said = run_with(
                partial(Fault, operation=operation, number=number, code=code),
                lambda monitor: create(source, output, monitor),
            )
            if output.read_bytes() != earlier:
                assert verify(os.fsencode(output), workers=1, monitor=Monitor()).state is State.INTACT
            elif fired:
                assert said, f"{operation} {number} failed, and nothing is said of it"
            if leftovers(base):
                create(source, output, Monitor())
                assert leftovers(base) == []
            if not fired:
                assert said == ""
                assert output.read_bytes() != earlier
                assert number > 1 or operation not in CREATING
                return
        pytest.fail("there is no end to it")


@pytest.mark.parametrize("operation", ["read", "pwrite", "fsync", "rename"])
def test_create_leaves_no_archive_where_there_was_none(source: Path, operation: str) -> None:
    with fast_directory() as base:
        output = base / "out.xtar"
        for number in range(1, 10_000):
            fired, said = run_with(
                partial(Fault, operation=operation, number=number, code=errno.EIO),
                lambda monitor: create(source, output, monitor),
            )
            assert leftovers(base) == []
            if not fired:
                break
            assert said
            if output.exists():
                assert verify(os.fsencode(output), workers=1, monitor=Monitor()).state is State.INTACT
                output.unlink()


@pytest.mark.parametrize("code", CODES, ids=lambda code: errno.errorcode[code])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_extract(source: Path, operation: str, code: int) -> None:
    with fast_directory() as base:
        archive, target = base / "a.xtar", base / "target"
        make_archive(source, archive)
        extract(archive, target, Monitor())
        whole = snapshot(os.fsencode(target))
        for number in range(1, 10_000):
            remove(target)
            fired, said = run_with(
                partial(Fault, operation=operation, number=number, code=code),
                lambda monitor: extract(archive, target, monitor),
            )
            found = snapshot(os.fsencode(target)) if target.exists() else {}
            assert half_made(found, whole) == []
            assert leftovers(base) == []
            if found != whole:
                assert said, f"{operation} {number} failed, and nothing is said of it"
            if not fired:
                assert said == ""
                assert number > 1 or operation not in EXTRACTING
                return
        pytest.fail("there is no end to it")


@pytest.mark.parametrize("code", CODES, ids=lambda code: errno.errorcode[code])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_salvage(source: Path, operation: str, code: int) -> None:
    with fast_directory() as base:
        archive, target = base / "a.xtar", base / "target"
        make_archive(source, archive)
        extract(archive, target, Monitor())
        whole = snapshot(os.fsencode(target))
        for number in range(1, 10_000):
            remove(target)
            fired, said = run_with(
                partial(Fault, operation=operation, number=number, code=code),
                lambda monitor: salvage(archive, target, monitor),
            )
            found = snapshot(os.fsencode(target)) if target.exists() else {}
            named = {path: fact for path, fact in found.items() if path in whole}
            assert half_made(named, whole) == []
            for path in found.keys() - named.keys():
                part, true = found[path].content, whole[path.removesuffix(b".partial")].content
                assert len(part) == len(true)
                assert all(one in (0, other) for one, other in zip(part, true, strict=True))
            assert [name for name in leftovers(base) if name.endswith(".tmp")] == []
            if found != whole:
                assert said, f"{operation} {number} failed, and nothing is said of it"
            if not fired:
                assert said == ""
                assert number > 1 or operation not in EXTRACTING
                return
        pytest.fail("there is no end to it")


@pytest.mark.parametrize("code", CODES, ids=lambda code: errno.errorcode[code])
def test_extract_where_a_name_cannot_be_given(source: Path, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    real, left = give_name._renameat2, 0
    assert real is not None

    def failing(*args: Any) -> int:
        nonlocal left
        left -= 1
        if left == 0:
            ctypes.set_errno(code)
            return -1
        return int(real(*args))

    monkeypatch.setattr(give_name, "_renameat2", failing)
    with fast_directory() as base:
        archive, target = base / "a.xtar", base / "target"
        make_archive(source, archive)
        extract(archive, target, Monitor())
        whole = snapshot(os.fsencode(target))
        for number in range(1, 10):
            remove(target)
            left = number
            monitor = Monitor()
            try:
                extract(archive, target, monitor)
                said = bool(monitor.problems)
            except EnvironmentFailed:
                said = True
            found = snapshot(os.fsencode(target))
            assert half_made(found, whole) == []
            assert leftovers(base) == []
            assert said == (found != whole) == (left <= 0)


def half_made(found: Snapshot, whole: Snapshot) -> list[bytes]:
    """Paths of what has other content or another type than it should."""
    return [
        path
        for path, fact in found.items()
        if path not in whole or (fact.kind, fact.content) != (whole[path].kind, whole[path].content)
    ]


def remove(target: Path) -> None:
    if target.exists():
        for base, directories, files in os.walk(target, topdown=False):
            for name in files:
                os.unlink(os.path.join(base, name))
            for name in directories:
                path = os.path.join(base, name)
                if os.path.islink(path):
                    os.unlink(path)
                else:
                    os.rmdir(path)
        target.rmdir()


def test_a_failing_medium_under_the_output_is_an_environment_that_failed(source: Path, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        Fault(patch, "fsync", 1, errno.EIO)
        with pytest.raises(EnvironmentFailed):
            create(source, tmp_path / "out.xtar", Monitor())
    assert list(tmp_path.iterdir()) == []
