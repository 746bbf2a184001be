"""A real file system that is full, and real processes that are killed."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from kit.memory import fast_directory
from kit.snapshot import snapshot
from kit.specimen import make_archive

from pybackup.archive.open import open_archive
from pybackup.check.verify import verify
from pybackup.errors import EnvironmentFailed
from pybackup.make.plan import CreateOptions, plan_create
from pybackup.make.run import perform_create
from pybackup.mend.health import State
from pybackup.model.source import Source
from pybackup.monitor import Monitor
from pybackup.restore.plan import RestoreOptions, plan_restore
from pybackup.restore.run import run
from pybackup.tree.place import Overwrite, PlaceOptions

from .killing import kill_after, start

MIB = 1 << 20
ROUNDS = 8

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="mounts a file system")

CREATE = """
import sys, os
from pybackup.monitor import Monitor
from pybackup.make.plan import CreateOptions, plan_create
from pybackup.make.run import perform_create
from pybackup.model.source import Source
source, output = map(os.fsencode, sys.argv[1:])
options = CreateOptions(segment_bytes=1 << 20, overwrite=True, workers=2)
plan = plan_create([Source(source, b"tree")], output, judge=None, options=options, monitor=Monitor())
print("ready", flush=True)
perform_create(plan, monitor=Monitor())
"""
EXTRACT = """
import sys, os
from pybackup.monitor import Monitor
from pybackup.archive.open import open_archive
from pybackup.restore.plan import RestoreOptions, plan_restore
from pybackup.restore.run import run
archive, target = map(os.fsencode, sys.argv[1:])
with open_archive(archive) as opened:
    plan = plan_restore(opened, (), target, RestoreOptions(workers=2))
    print("ready", flush=True)
    run(plan, monitor=Monitor())
"""


@pytest.fixture(scope="module")
def source() -> Iterator[Path]:
    chance = random.Random(3)
    with fast_directory() as base:
        top = base / "tree"
        for number in range(6):
            (top / f"sub{number}").mkdir(parents=True)
            for name in range(40):
                (top / f"sub{number}" / f"file{name}.zip").write_bytes(chance.randbytes(12_000))
            text = b"".join(b"%d %d\n" % (line, line * line) for line in range(6000))
            (top / f"sub{number}" / "text").write_bytes(text + bytes([number]))
        yield top


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A real ext4 of 2 MB on a loop device; a tmpfs where those are forbidden, as in a container."""
    image, mounted = tmp_path / "image", tmp_path / "mounted"
    image.write_bytes(bytes(2 * MIB))
    mounted.mkdir()
    subprocess.run(["mkfs.ext4", "-q", "-F", "-m", "0", "-O", "^has_journal", image], check=True)
    ways = (["-o", "loop", str(image)], ["-t", "tmpfs", "-o", f"size={2 * MIB}", "none"])
    if all(subprocess.run(["mount", *way, str(mounted)], check=False).returncode for way in ways):
        said = "mounting is forbidden here"
        if os.environ.get("CI"):
            pytest.fail(said)
        pytest.skip(said)
    try:
        yield mounted
    finally:
        subprocess.run(["umount", mounted], check=True)


def create(source: Path, output: Path, workers: int) -> None:
    options = CreateOptions(segment_bytes=MIB, overwrite=True, workers=workers)
    sources = [Source(os.fsencode(source), os.fsencode(source.name))]
    plan = plan_create(sources, os.fsencode(output), judge=None, options=options, monitor=Monitor())
    perform_create(plan, monitor=Monitor())


def extract(archive: Path, target: Path, workers: int, overwrite: Overwrite = Overwrite.NEVER) -> Monitor:
    monitor = Monitor()
    options = RestoreOptions(place=PlaceOptions(overwrite=overwrite), workers=workers)
    with open_archive(os.fsencode(archive)) as opened:
        plan = plan_restore(opened, (), os.fsencode(target), options)
        run(plan, monitor=monitor)
    return monitor


def half_made(target: Path, source: Path) -> list[bytes]:
    """Files below ``target`` that are not those below ``source``, whatever their metadata."""
    found, whole = snapshot(os.fsencode(target)), snapshot(os.fsencode(source.parent))
    return [path for path, fact in found.items() if b".tmp" not in path and fact.content != whole[path].content]


def temporaries(directory: Path) -> list[str]:
    return [name for _, _, files in os.walk(directory) for name in files if name.endswith((".tmp", ".partial"))]


@needs_root
@pytest.mark.parametrize("workers", [1, 2])
def test_creating_on_a_full_disk(source: Path, tiny_disk: Path, workers: int) -> None:
    earlier = tiny_disk / "earlier"
    earlier.write_bytes(bytes(MIB))
    with pytest.raises(EnvironmentFailed, match="free some space"):
        create(source, tiny_disk / "out.xtar", workers)
    assert {path.name for path in tiny_disk.iterdir()} - {"lost+found"} == {"earlier"}


@needs_root
@pytest.mark.parametrize("workers", [1, 2])
def test_extracting_on_a_full_disk(source: Path, tiny_disk: Path, tmp_path: Path, workers: int) -> None:
    archive = tmp_path / "a.xtar"
    make_archive(source, archive)
    target = tiny_disk / "target"
    with pytest.raises(EnvironmentFailed, match=r"[Nn]o space"):
        extract(archive, target, workers)
    assert half_made(target, source) == []
    assert temporaries(target) == []


def test_a_killed_creation(source: Path) -> None:
    chance = random.Random(11)
    with fast_directory() as base:
        output = base / "out.xtar"
        longest = 0.4
        for number in range(ROUNDS):
            earlier = output.read_bytes() if output.exists() else None
            kill_after(start(CREATE, source, output), chance.uniform(0, longest), group=number % 2 == 0)
            if output.exists() and output.read_bytes() != earlier:
                assert verify(os.fsencode(output), workers=1, monitor=Monitor()).state is State.INTACT
            if number % 3 == 2:
                output.unlink(missing_ok=True)
        create(source, output, 2)
        assert os.listdir(base) == ["out.xtar"]
        assert verify(os.fsencode(output), workers=1, monitor=Monitor()).state is State.INTACT


def test_a_killed_extraction(source: Path) -> None:
    chance = random.Random(12)
    whole = snapshot(os.fsencode(source.parent))
    with fast_directory() as base:
        archive, target = base / "a.xtar", base / "target"
        make_archive(source, archive)
        for number in range(ROUNDS):
            kill_after(start(EXTRACT, archive, target), chance.uniform(0, 0.15), group=number % 2 == 0)
            assert not target.exists() or half_made(target, source) == []
            if number % 3 == 2:
                shutil.rmtree(target, ignore_errors=True)
        monitor = extract(archive, target, 2, Overwrite.ALWAYS)
        assert monitor.problems == []
        assert snapshot(os.fsencode(target)) == whole
        assert temporaries(target) == []
