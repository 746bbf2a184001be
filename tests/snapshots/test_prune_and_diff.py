"""Which snapshots are kept, and what changed between two."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

import pybackup
from pybackup.check.diff import Change, What
from pybackup.cli.main import main
from pybackup.errors import UsageError
from pybackup.model.retention import Retention
from pybackup.monitor import Noted
from pybackup.snapshots.local_store import LocalStore
from pybackup.snapshots.prune import judge_snapshots, prune
from pybackup.snapshots.record import Snapshot, SnapshotRecord, SnapshotState

from .making import COMMAND, ENVIRONMENT, OLD, content, make, write

DAY = 86_400


def planted(*days: float, problems: tuple[int, ...] = ()) -> list[Snapshot]:
    """Return snapshots made on these days, in this order."""
    return [
        Snapshot(
            b"%d" % number,
            b"%d" % number,
            SnapshotState.COMPLETE,
            SnapshotRecord(number, day * DAY, day * DAY, "", "", problems=number in problems),
        )
        for number, day in enumerate(days, 1)
    ]


def kept(there: list[Snapshot], policy: Retention) -> list[bytes]:
    return [each.snapshot.name for each in judge_snapshots(there, policy) if each.stays]


def test_rules_and_reasons() -> None:
    there = planted(100, 101, 102.1, 102.5, 103)
    judged = judge_snapshots(there, Retention(last=1, daily=2))
    assert [each.stays for each in judged] == [False, False, False, True, True]
    assert judged[-1].reasons[0] == "the newest"
    assert len(judged[-1].reasons) == 3
    assert judged[3].reasons == ["daily: 1970-04-13"]


def test_never_to_zero_nor_to_those_with_problems_alone() -> None:
    assert kept(planted(1, 2, 3, problems=(3,)), Retention(last=1)) == [b"2", b"3"]
    assert kept(planted(1, 2, 3, problems=(1, 2, 3)), Retention(last=1)) == [b"3"]
    assert kept([], Retention(last=1)) == []
    # The clock was wrong for a while: the newest is that which was made last.
    assert kept(planted(1, 9_000, 2), Retention(last=1)) == [b"2", b"3"]


def test_what_is_not_whole_or_of_others_is_not_judged() -> None:
    there = [
        Snapshot(b"2001-01-01", b"2001-01-01", SnapshotState.FOREIGN),
        *planted(1, 2),
        Snapshot(b"x", b"x.incomplete", SnapshotState.INCOMPLETE, planted(3)[0].record),
        Snapshot(b"y", b"y.removing", SnapshotState.GOING, planted(3)[0].record),
    ]
    assert kept(there, Retention(last=1)) == [b"2001-01-01", b"2", b"x"]


def test_pruning_removes_what_goes_and_nothing_else(
    tree: Path, store: LocalStore, capsys: pytest.CaptureFixture[str]
) -> None:
    to = os.fsdecode(store.path)
    for number in range(4):
        write(tree / "a.txt", f"{number}" * (number + 1))
        make(tree, store.path, name=f"{number}")
    before = content(store.path + b"/3")
    assert main(["snapshot", "prune", to, "--keep", "last=2", "--dry-run"]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out == ["remove  0", "remove  1", "keep    2  last 2 of 2", "keep    3  the newest, last 1 of 2"]
    assert [each.name for each in store.survey()] == [b"0", b"1", b"2", b"3"]
    assert main(["snapshot", "prune", to, "--keep", "last=2", "--json"]) == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(each["keep"], each["removed"]) for each in told] == [(False, True)] * 2 + [(True, False)] * 2
    assert sorted(os.listdir(to)) == [".snapshot-records", "2", "3", "latest"]
    assert sorted(os.listdir(f"{to}/.snapshot-records")) == ["2.json", "3.json", "hashes.sqlite", "lock"]
    assert content(store.path + b"/3") == before
    assert main(["snapshot", "prune", to, "--keep", "last=0"]) == 2
    with pytest.raises(UsageError, match="none of last, daily"):
        pybackup.snapshot_prune(to, keep="hourly=3")
    assert [each.stays for each in pybackup.plan_snapshot_prune(to, keep={"last": 1}).judged] == [False, True]


def test_a_run_prunes_after_success(tree: Path, store: LocalStore) -> None:
    for number in range(3):
        make(tree, store.path, name=f"{number}")
    made, _ = make(tree, store.path, name="3", keep={"last": 2})
    assert made.removed == [b"0", b"1"]
    assert [each.name for each in store.survey()] == [b"2", b"3"]


@pytest.mark.skipif(os.geteuid() != 0, reason="gives up a right of root")
def test_a_run_with_problems_prunes_nothing(tree: Path, store: LocalStore) -> None:
    for number in range(2):
        make(tree, store.path, name=f"{number}")
    write(tree / "a.txt", "secret")
    os.chmod(tree / "a.txt", 0)
    weak = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
    arguments = ["snapshot", "run", str(tree), os.fsdecode(store.path), "--name", "2", "--keep", "last=1"]
    done = subprocess.run([*weak, *COMMAND, *arguments], env=ENVIRONMENT, capture_output=True, check=False)
    assert done.returncode == 1
    assert b"note: no snapshot was removed, since this one has problems" in done.stderr
    assert [each.name for each in store.survey()] == [b"0", b"1", b"2"]


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a file system")
def test_what_cannot_be_removed_is_a_problem_and_no_snapshot_any_more(tree: Path, store: LocalStore) -> None:
    first, _ = make(tree, store.path, name="first")
    for name in ("second", "third"):
        write(tree / "a.txt", name)
        make(tree, store.path, name=name)
    # Something is mounted in it: that directory is not to be had away.
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", os.fsdecode(first.path) + "/sub"], check=True)
    try:
        heard = Noted()
        removed = prune(store, judge_snapshots(store.survey(), Retention(last=1)), heard)
        assert [each.name for each in removed] == [b"second"]
        assert [each.path for each in heard.problems] == [b"first"]
        assert [(each.name, each.state.value) for each in store.survey()] == [
            (b"first", "being removed"),
            (b"third", "complete"),
        ]
    finally:
        subprocess.run(["umount", os.fsdecode(first.path) + ".removing/sub"], check=True)
    make(tree, store.path, name="fourth")
    assert [each.name for each in store.survey()] == [b"third", b"fourth"]


def test_diff_of_snapshots(tree: Path, store: LocalStore, capsys: pytest.CaptureFixture[str]) -> None:
    (tree / "moved from").write_text("this was moved")
    old, _ = make(tree, store.path, name="old")
    write(tree / "a.txt", "longer than it was")
    (tree / "sub/b.txt").unlink()
    (tree / "new").write_text("new")
    (tree / "moved from").rename(tree / "sub/moved to")
    os.chmod(tree / "sub/c.txt", 0o600)
    new, _ = make(tree, store.path, name="new")
    changes = pybackup.snapshot_diff(old.path, new.path)
    assert changes == [
        Change(What.CHANGED, b"a.txt", ("size", "time"), 14, 18),
        Change(What.ADDED, b"new", size=3),
        Change(What.REMOVED, b"sub/b.txt", size_before=18),
        Change(What.CHANGED, b"sub/c.txt", ("mode",), 18, 18),
        Change(What.RENAMED, b"sub/moved to", (), 14, 14, b"moved from"),
    ]
    assert pybackup.snapshot_diff(old.path, tree) == changes
    assert pybackup.snapshot_diff(new.path, tree, checksum=True) == []
    assert main(["snapshot", "diff", os.fsdecode(old.path), os.fsdecode(store.path) + "/latest"]) == 0
    said = capsys.readouterr()
    assert said.out.splitlines()[0] == "~ a.txt  size, time  14 B to 18 B"
    assert said.err == "pybackup: 1 added, 1 removed, 2 changed, 1 renamed\n"


def test_diff_reads_contents_where_that_is_asked(tree: Path, store: LocalStore) -> None:
    old, _ = make(tree, store.path, name="old")
    write(tree / "a.txt", "THIS is a.txt\n", OLD)
    assert pybackup.snapshot_diff(old.path, tree) == []
    assert pybackup.snapshot_diff(old.path, tree, checksum=True) == [
        Change(What.CHANGED, b"a.txt", ("content",), 14, 14)
    ]
    with pytest.raises(UsageError, match="no such directory"):
        pybackup.snapshot_diff(old.path, tree / "gone")


def test_what_is_in_an_archive_of_a_snapshot_is_archived_for_pyactivity(
    tree: Path, store: LocalStore, tmp_path: Path
) -> None:
    """From last night's snapshot to a disc: of the live tree, only new files are on no medium."""
    made, _ = make(tree, store.path, name="source")
    pybackup.create(made.path, tmp_path / "archive.xtar", workers=1)
    write(tree / "new.txt", "not archived")
    path = f"{Path(COMMAND[0]).parent}:{os.environ['PATH']}"
    for root, missing in ((tree, "1 file of 12 B"), (Path(os.fsdecode(made.path)), "0 files of 0 B")):
        program = [COMMAND[0], "-m", "pyactivity", str(root), "--against", str(tmp_path / "archive.xtar")]
        done = subprocess.run(program, env={**ENVIRONMENT, "PATH": path}, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert f"{missing} in no archive" in done.stderr
