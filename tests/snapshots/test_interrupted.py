"""Runs that are killed: complete snapshots stay as they are, and what was copied is not copied again."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import time
from pathlib import Path

import pytest
from kit.memory import fast_directory

from pybackup.errors import EnvironmentFailed
from pybackup.snapshots.local_store import LocalStore
from pybackup.snapshots.record import Snapshot, SnapshotRecord, SnapshotState
from pybackup.snapshots.transfer import PARTIAL, VANISHED

from .making import COMMAND, ENVIRONMENT, OLD, content, inode, make, write

MIB = 1 << 20
FILES = 6
PATIENCE_SECONDS = 60
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="mounts a file system, or gives up a right of root")


@pytest.fixture
def heavy(tree: Path) -> Path:
    """A tree that takes a while to copy when rsync is told to be slow."""
    for number in range(FILES):
        (tree / f"heavy {number}").write_bytes(os.urandom(MIB))
        os.utime(tree / f"heavy {number}", ns=(OLD, OLD))
    return tree


def begin_slowly(source: Path, store: LocalStore, copied: int) -> subprocess.Popen[bytes]:
    """Start a run, and return when it has copied some of the heavy files."""
    arguments = ["snapshot", "run", str(source), os.fsdecode(store.path), "--rsync-arg=--bwlimit=4M"]
    process = subprocess.Popen([*COMMAND, *arguments], env=ENVIRONMENT, stderr=subprocess.PIPE)
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        found = [
            path for path in Path(os.fsdecode(store.path)).glob("*.incomplete/heavy*") if path.stat().st_size == MIB
        ]
        if len(found) >= copied:
            return process
        time.sleep(0.01)
    raise AssertionError("it copies nothing")


def settle(store: LocalStore) -> None:
    """Wait until the rsync processes that a killed run has left have ended."""
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        try:
            with store.locked():
                return
        except EnvironmentFailed:
            time.sleep(0.02)
    raise AssertionError("rsync goes on")


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_the_next_run_goes_on(how: signal.Signals, heavy: Path, store: LocalStore) -> None:
    good, _ = make(heavy, store.path, name="good", exclude=["heavy*"])
    before = content(good.path)
    with begin_slowly(heavy, store, 2) as process:
        process.send_signal(how)
        process.communicate()
    assert process.returncode == (-how if how is signal.SIGKILL else 130)
    settle(store)
    assert [each.state for each in store.survey()] == [SnapshotState.COMPLETE, SnapshotState.INCOMPLETE]
    left = store.survey()[-1].directory
    assert os.readlink(store.path + b"/latest") == b"good"
    done = {os.path.basename(path): inode(path) for path in Path(os.fsdecode(store.path + b"/" + left)).glob("heavy*")}
    made, heard = make(heavy, store.path)
    assert content(made.path) == content(heavy)
    assert made.linked_to == [left, b"good"]
    assert made.record.copied_files <= FILES - 2
    assert sum(inode(made.path + b"/" + os.fsencode(name)) == number for name, number in done.items()) >= 2
    assert [each.directory for each in store.survey()] == [b"good", os.path.basename(made.path)]
    assert (content(good.path), heard.problems) == (before, [])


def test_an_interrupted_run_changes_no_older_snapshot(tree: Path, store: LocalStore) -> None:
    """Files that it has linked are older snapshots' too: a mode that changes meanwhile must not be set on these."""
    good, _ = make(tree, store.path)
    left = SnapshotRecord(2, 0, 0, "", "", is_complete=False)
    store.begin(b"left", left)
    incomplete = store.path + b"/left.incomplete"
    os.link(good.path + b"/a.txt", incomplete + b"/a.txt")
    os.chmod(tree / "a.txt", 0o600)
    made, _ = make(tree, store.path)
    assert stat.S_IMODE(os.stat(good.path + b"/a.txt").st_mode) == 0o644
    assert stat.S_IMODE(os.stat(made.path + b"/a.txt").st_mode) == 0o600
    assert not os.path.exists(incomplete)


def test_two_runs_at_once(heavy: Path, store: LocalStore) -> None:
    with begin_slowly(heavy, store, 1) as process:
        with pytest.raises(EnvironmentFailed, match="another run is at work there"):
            make(heavy, store.path)
        process.communicate()
    assert process.returncode == 0
    assert [each.state for each in store.survey()] == [SnapshotState.COMPLETE]


def test_a_removal_that_was_interrupted_is_ended_by_the_next_run(tree: Path, store: LocalStore) -> None:
    make(tree, store.path, name="old")
    make(tree, store.path, name="new")
    os.rename(store.path + b"/old", store.path + b"/old.removing")
    os.unlink(store.path + b"/old.removing/a.txt")
    assert store.survey()[0] == Snapshot(b"old", b"old.removing", SnapshotState.GOING, store.survey()[0].record)
    made, _ = make(tree, store.path)
    assert made.linked_to == [b"new"]
    assert [each.name for each in store.survey()] == [b"new", os.path.basename(made.path)]


@needs_root
def test_a_disk_that_is_full(heavy: Path, tmp_path: Path) -> None:
    room = tmp_path / "small"
    room.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=9m", "none", room], check=True)
    try:
        store = LocalStore(os.fsencode(room / "snapshots"))
        good, _ = make(heavy, store.path, name="good")
        before = content(good.path)
        for number in range(FILES):
            write(heavy / f"heavy {number}", f"{number}" * MIB)
        with pytest.raises(EnvironmentFailed, match="the target is full"):
            make(heavy, store.path)
        assert content(good.path) == before
        assert os.readlink(store.path + b"/latest") == b"good"
        for number in range(2, FILES):
            (heavy / f"heavy {number}").unlink()
        made, _ = make(heavy, store.path)
        assert content(made.path) == content(heavy)
    finally:
        subprocess.run(["umount", room], check=True)


@needs_root
def test_files_that_cannot_be_read_are_problems_and_cost_no_other(tree: Path, store: LocalStore) -> None:
    """Run as a user who may not read everything: root without that right."""
    make(tree, store.path, name="good")
    write(tree / "a.txt", "secret")
    os.chmod(tree / "a.txt", 0)
    weak = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
    arguments = ["snapshot", "run", str(tree), os.fsdecode(store.path), "--name", "part", "--json"]
    done = subprocess.run([*weak, *COMMAND, *arguments], env=ENVIRONMENT, capture_output=True, check=False)
    assert done.returncode == 1, done.stderr
    assert f"{tree}/a.txt: unreadable: send_files failed to open Permission denied (13)" in done.stderr.decode()
    assert set(content(store.path + b"/part")) == {b"sub", b"sub/b.txt", b"sub/c.txt"}
    record = store.survey()[-1].record
    assert record is not None
    assert (record.status, record.problems) == (PARTIAL, 1)


@needs_root
def test_a_source_that_goes_away_makes_no_snapshot(tree: Path, store: LocalStore) -> None:
    """Most of the source cannot be read any more: the snapshot is refused, and the old ones stay the last ones."""
    make(tree, store.path, name="good")
    os.chmod(tree / "sub", 0)
    weak = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
    arguments = ["snapshot", "run", str(tree), os.fsdecode(store.path), "--name", "part"]
    done = subprocess.run([*weak, *COMMAND, *arguments], env=ENVIRONMENT, capture_output=True, check=False)
    os.chmod(tree / "sub", 0o755)
    assert done.returncode == 5
    assert b"1 files where there were 3, and not all could be read: is it there still?" in done.stderr
    assert [each.state for each in store.survey()] == [SnapshotState.COMPLETE, SnapshotState.INCOMPLETE]
    assert os.readlink(store.path + b"/latest") == b"good"


def test_files_that_vanish_meanwhile_are_noted(heavy: Path, store: LocalStore) -> None:
    write(heavy / "zz", "gone soon", OLD)
    with begin_slowly(heavy, store, 1) as process:
        (heavy / "zz").unlink()
        _, said = process.communicate()
    assert process.returncode == 0
    assert f"note: {heavy}/zz: vanished while it was copied" in said.decode()
    (snapshot,) = store.survey()
    assert content(store.path + b"/" + snapshot.name) == content(heavy)
    assert snapshot.record is not None
    assert snapshot.record.status == VANISHED


def test_a_target_that_cannot_be_written(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(EnvironmentFailed, match="Not a directory"):
        make(tree, tmp_path / "file/snapshots")
    with pytest.raises(EnvironmentFailed, match=r"File exists|Not a directory"):
        make(tree, tmp_path / "file")
    with fast_directory() as room, pytest.raises(EnvironmentFailed):
        make(tree, Path(room) / ("x" * 300))


def test_ssh_that_gets_nowhere(tmp_path: Path, store: LocalStore) -> None:
    with pytest.raises(EnvironmentFailed, match="Connection refused"):
        make("nobody@localhost:/nowhere", store.path, ssh=["ssh", "-p", "1", "-o", "BatchMode=yes"])
    assert store.survey() == []
    with pytest.raises(EnvironmentFailed, match="does it listen there"):
        make("rsync://127.0.0.1:1/module", store.path)
