"""Scans: what counts as changed, what is copied and what is known, what waits, and what is refused."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest

import pybackup
from pybackup.errors import EnvironmentFailed, Exists, UsageError
from pybackup.model.problem import Trouble
from pybackup.model.source import Judge
from pybackup.monitor import Noted
from pybackup.stage import copying, marks
from pybackup.stage.copying import copy_file
from pybackup.stage.cost import cost_of
from pybackup.stage.file_table import FileTable
from pybackup.stage.look import DirectoryRange, Failed, Seen, look, place_of
from pybackup.stage.scan import Scan
from pybackup.stage.state_file import open_state, stage_lock
from pybackup.stage.values import ChangeKind, Comparison, KnownFile, WaitReason

from .making import Stage, files_below, kinds, new_state

NEW, WAITS = ChangeKind.NEW, ChangeKind.WAITS


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    made = Stage(tmp_path).init()
    made.write("a/one.bin", b"one" * 1000)
    made.write("two.bin", b"two" * 1000)
    return made


def staged(stage: Stage, number: int = 1) -> dict[str, bytes]:
    return files_below(stage.staging / f"discs/watched-{number:04}")


def test_what_is_new_is_copied_and_what_is_as_it_was_is_not(stage: Stage) -> None:
    os.symlink("nowhere", stage.watched / "link")
    stage.write("empty", b"")
    os.mkfifo(stage.watched / "pipe")
    os.utime(stage.watched / "two.bin", ns=(5, 1_000_000_007))
    (stage.watched / "two.bin").chmod(0o640)
    first = stage.scan()
    assert kinds(first) == dict.fromkeys(("a/one.bin", "two.bin", "link", "empty"), NEW)
    assert staged(stage) == files_below(stage.watched)
    there = os.stat(stage.staging / "discs/watched-0001/two.bin")
    assert (there.st_mtime_ns, there.st_mode & 0o777) == (1_000_000_007, 0o640)
    assert any("pipe" in note for note in stage.heard.notes)
    assert kinds(stage.scan()) == {}
    assert stage.heard.problems == []


def test_each_reason_is_told(stage: Stage) -> None:
    old = 1_600_000_000 * 10**9
    for name in ("size", "time", "content", "mode"):
        stage.write(name, name.encode() * 100)
        os.utime(stage.watched / name, ns=(old, old))
    stage.scan()
    stage.write("size", b"longer" * 1000)
    os.utime(stage.watched / "time", ns=(old, old + 1))
    stage.write("content", b"CONTENT" * 100)
    os.utime(stage.watched / "content", ns=(old, old))
    (stage.watched / "mode").chmod(0o600)
    (stage.watched / "two.bin").unlink()
    assert kinds(stage.scan()) == {
        "size": ChangeKind.SIZE,
        "time": ChangeKind.TOUCHED,
        "content": ChangeKind.STATUS,  # size and time are as they were
        "mode": ChangeKind.TOUCHED,
        "two.bin": ChangeKind.DELETED,
    }
    assert staged(stage)["content"] == b"CONTENT" * 100
    assert kinds(stage.scan()) == {}


def test_by_size_and_time_alone_or_by_content(tmp_path: Path) -> None:
    for compare, found in (("size+mtime", {}), ("checksum", {"f": ChangeKind.CONTENT})):
        stage = Stage(tmp_path / compare)
        stage.base.mkdir()
        stage.init(compare=compare)
        stage.write("f", b"one")
        stage.write("same", b"same")
        os.symlink("one", stage.watched / "link")
        os.utime(stage.watched / "f", ns=(7, 7))
        stage.scan()
        status = os.stat(stage.watched / "f")
        with open(stage.watched / "f", "r+b") as file:
            file.write(b"two")
        os.utime(stage.watched / "f", ns=(7, 7))
        if compare == "checksum":  # as a file system without such times tells it
            with open_state(os.fsencode(stage.staging)) as state:
                known = state.files_in(b"")[b"f"]
                state.set_file(b"f", known._replace(ctime_ns=os.stat(stage.watched / "f").st_ctime_ns))
                state.commit()
        assert status.st_size == 3
        assert kinds(stage.scan()) == found


def test_what_is_renamed_or_copied_is_told_and_not_copied_again(stage: Stage) -> None:
    stage.scan()
    os.rename(stage.watched / "a/one.bin", stage.watched / "a/other.bin")
    stage.write("twin", b"two" * 1000)
    done = stage.scan()
    assert kinds(done) == {"a/other.bin": ChangeKind.RENAMED, "twin": ChangeKind.ALIKE}
    assert [os.fsdecode(change.other) for change in done.changes] == ["two.bin", "a/one.bin"]
    assert done.counts.staged == 0
    # The disc is not closed yet, and has the name of today.
    assert {*staged(stage)} == {"two.bin", "a/other.bin"}
    stage.close()
    os.rename(stage.watched / "twin", stage.watched / "tw\udcffin")
    assert [*kinds(stage.scan()).values()] == [ChangeKind.RENAMED]
    assert staged(stage, 2) == {}


def test_of_what_changes_before_the_disc_is_closed_the_last_version_stays_and_twins_are_not_lost(stage: Stage) -> None:
    stage.scan()
    stage.write("twin", b"one" * 1000)
    stage.scan()
    for number in range(3):
        stage.write("a/one.bin", b"version %d" % number)
        stage.scan()
    assert staged(stage) == {"a/one.bin": b"version 2", "twin": b"one" * 1000, "two.bin": b"two" * 1000}
    # A directory in the place of a file, and the other way round.
    (stage.watched / "two.bin").unlink()
    stage.write("two.bin/below", b"below")
    (stage.watched / "a/one.bin").unlink()
    (stage.watched / "a").rmdir()
    stage.write("a", b"no directory")
    stage.scan()
    assert staged(stage) == {"a": b"no directory", "twin": b"one" * 1000, "two.bin/below": b"below"}
    assert kinds(stage.scan()) == {}
    with open_state(os.fsencode(stage.staging)) as state:
        disc = state.discs()[0]
        assert disc.files == 3
        assert disc.used_bytes <= 3 * cost_of(b"two.bin/below", 3000, 1)


def test_what_changed_just_now_waits(tmp_path: Path) -> None:
    stage = Stage(tmp_path).init(settle="10min")
    stage.write("f", b"1")
    now = time.time_ns()
    done = stage.scan(now + 60 * 10**9)
    assert kinds(done) == {"f": WAITS}
    assert done.changes[0].other.decode() == WaitReason.SETTLING
    assert done.counts.waiting == 1
    done = stage.scan(now + 601 * 10**9)
    assert kinds(done) == {"f": NEW}
    assert done.counts.waiting == 0


def test_what_changes_while_it_is_copied_waits_and_the_version_before_stays(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.scan()
    stage.write("two.bin", b"half")
    real = copying._copy_content

    def growing(source: bytes, fd: int) -> bytes:
        digest = real(source, fd)
        with open(source, "ab") as file:
            file.write(b"more")
        return digest

    monkeypatch.setattr(copying, "_copy_content", growing)
    assert kinds(stage.scan()) == {"two.bin": WAITS}
    assert [problem.trouble for problem in stage.heard.problems] == [Trouble.CHANGED]
    assert staged(stage)["two.bin"] == b"two" * 1000
    monkeypatch.undo()
    assert kinds(stage.scan()) == {"two.bin": ChangeKind.SIZE}
    assert staged(stage)["two.bin"] == b"halfmoremore"
    assert not [*(stage.staging / "discs/watched-0001").glob(".pybackup-*")]


def test_a_directory_without_files_or_not_mounted_is_refused(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.scan()
    os.rename(stage.watched, stage.base / "away")
    with pytest.raises(UsageError, match="no such directory"):
        stage.scan()
    stage.watched.mkdir()
    (stage.watched / "a").mkdir()
    with pytest.raises(UsageError, match="has no file any more, where 2 were"):
        stage.scan()
    (stage.watched / "a").rmdir()
    stage.watched.rmdir()
    os.rename(stage.base / "away", stage.watched)
    assert kinds(stage.scan()) == {}


def test_a_drive_has_to_be_mounted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drive, real = os.fsencode(tmp_path / "drive"), os.path.ismount
    monkeypatch.setattr(os.path, "ismount", lambda path: path == drive or real(path))
    stage = Stage(tmp_path / "drive")
    stage.base.mkdir()
    made = pybackup.stage_init(stage.base, tmp_path / "staging", medium="2M", settle=0)
    assert made.mounted == drive
    assert pybackup.stage_scan(tmp_path / "staging").counts.files == 0
    monkeypatch.undo()
    with pytest.raises(UsageError, match=r"nothing is mounted on .*drive"):
        pybackup.stage_scan(tmp_path / "staging")


def test_what_cannot_be_read_is_a_problem_and_is_not_taken_for_deleted(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.write("a/b/three.bin", b"three")
    stage.scan()
    real = os.open

    def refuse(path: bytes, *given: int, **named: int | None) -> int:
        if path == os.fsencode(stage.watched / "a"):
            raise PermissionError(13, "Permission denied")
        return real(path, *given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", refuse)
    assert kinds(stage.scan()) == {}
    assert [(each.path, each.trouble) for each in stage.heard.problems] == [(b"a", Trouble.UNREADABLE)]
    monkeypatch.undo()
    assert kinds(stage.scan()) == {}


def test_a_scan_that_is_not_gone_through_lets_go_of_the_disc(tmp_path: Path) -> None:
    """Only the changes it has yielded are done: the next scan finds the rest."""
    with new_state(tmp_path) as state:
        for name in "abc":
            (tmp_path / "watched" / name).write_bytes(name.encode())
        scan = Scan(state, judge=None, close=lambda disc: [], now_ns=0, monitor=Noted())
        open_before = len(os.listdir("/proc/self/fd"))
        going = scan.run()
        assert next(going).path == b"a"
        assert isinstance(going, Generator)
        going.close()
        assert len(os.listdir("/proc/self/fd")) == open_before
        assert [change.path for change in Scan(
            state, judge=None, close=lambda disc: [], now_ns=0, monitor=Noted()
        ).run()] == [b"b", b"c"]  # fmt: skip


def test_two_scans_at_once(stage: Stage) -> None:
    with stage_lock(os.fsencode(stage.staging)), pytest.raises(EnvironmentFailed, match="another run is at work"):
        stage.scan()


def test_a_file_that_is_larger_than_what_is_left_of_a_disc(tmp_path: Path) -> None:
    stage, chance = Stage(tmp_path).init(threshold="90%"), random.Random(1)
    stage.write("a", chance.randbytes(400_000))
    stage.write("b", chance.randbytes(1_100_000))
    stage.write("c", chance.randbytes(300_000))
    done = stage.scan()
    with open_state(os.fsencode(stage.staging)) as state:
        found = {disc.number: [os.fsdecode(copy.path) for copy in state.copies(disc.number)] for disc in state.discs()}
    # The one that does not fit beside the first goes onto the next disc in the same scan, and the small one fills.
    assert found == {1: ["a", "c"], 2: ["b"]}
    assert done.counts.closed == (1,)


def test_ask_leaves_a_full_disc_open(tmp_path: Path) -> None:
    stage, chance = Stage(tmp_path).init(on_full="ask"), random.Random(1)
    for number in range(5):
        stage.write(str(number), chance.randbytes(400_000))
    done = stage.scan()
    assert done.closed == ()
    waiting = [os.fsdecode(change.path) for change in done.changes if change.kind is WAITS]
    assert waiting
    assert stage.close()[0].files == 5 - len(waiting)
    assert {*kinds(stage.scan())} == {*waiting}


def test_patterns_leave_out(tmp_path: Path) -> None:
    stage = Stage(tmp_path).init(exclude=["*.tmp", "cache/"])
    for name in ("keep", "x.tmp", "cache/in", "a/cache/in"):
        stage.write(name, name.encode())
    assert {*kinds(stage.scan())} == {"keep"}


def test_a_stage_is_made_once_outside_of_what_it_watches_and_with_room(tmp_path: Path) -> None:
    stage = Stage(tmp_path).init()
    with pytest.raises(Exists, match="a directory is for one stage"):
        stage.init()
    with pytest.raises(UsageError, match="one directory is inside the other"):
        pybackup.stage_init(tmp_path, tmp_path / "below", medium="dvd")
    small = Stage(tmp_path / "small", "300K")
    small.base.mkdir()
    with pytest.raises(UsageError, match="too few for a disc"):
        small.init()
    with pytest.raises(UsageError, match="no staging directory"):
        pybackup.stage_status(tmp_path)


def test_blocks_are_shared_where_the_file_system_can(tmp_path: Path) -> None:
    """On Btrfs or XFS blocks are shared; elsewhere the content is copied; the hash is the same."""
    (tmp_path / "source").write_bytes(os.urandom(100_000))
    to = os.open(tmp_path, os.O_RDONLY)
    try:
        copied = copy_file(os.fsencode(tmp_path / "source"), to)
        assert copied is not None
        told = subprocess.run(["sha256sum", tmp_path / "source"], check=True, capture_output=True).stdout
        assert copied.sha256.hex() == told.decode().split()[0]
        copying.place_copy(copied, b"copy", to)
    finally:
        os.close(to)
    assert (tmp_path / "copy").read_bytes() == (tmp_path / "source").read_bytes()


def test_looking_goes_on_behind_what_cannot_be_looked_at(tmp_path: Path) -> None:
    for name in ("z", "a/b", "a/c/d", "gone/x"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    failed: list[bytes] = []
    found = []
    for directory, seen in look(os.fsencode(tmp_path), None, lambda path, error: failed.append(path)):
        found.append((directory, [name for name, *_ in seen]))
        if directory == b"":
            (tmp_path / "gone/x").unlink()
            (tmp_path / "gone").rmdir()
    assert found == [(b"", ["z"]), (b"a", ["b"]), (b"a/c", ["d"]), (b"gone", [])]
    assert failed == [b"gone"]


@pytest.mark.parametrize("compare", list(Comparison))
def test_a_directory_whose_mark_is_right_is_not_looked_up_and_any_change_is_still_found(
    stage: Stage, compare: Comparison, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The state is asked for the files of a directory only if a name or a status there is another one."""
    stage = Stage(stage.base / "other")
    stage.base.mkdir()
    stage.init(compare=compare.value)
    for number in range(6):
        stage.write(f"{'abc'[number % 3]}/{number}", b"%d" % number)
    stage.scan()
    asked: list[bytes] = []
    real = FileTable.files_in

    def count(table: FileTable, directory: bytes) -> dict[bytes, KnownFile]:
        asked.append(directory)
        return real(table, directory)

    monkeypatch.setattr(FileTable, "files_in", count)

    def scan() -> set[bytes]:
        asked.clear()
        stage.heard.notes.clear()
        done = kinds(stage.scan())
        assert all(name.startswith("b/") for name in done), done
        return {*asked}

    everywhere = {b"a", b"b", b"c"}
    scan()  # nothing changed: marks are set
    by_content = compare is Comparison.CHECKSUM
    assert scan() - {b""} == (everywhere if by_content else set())
    changes: dict[ChangeKind, Callable[[Path], object]] = {
        ChangeKind.SIZE: lambda path: path.write_bytes(b"longer"),
        ChangeKind.TOUCHED: lambda path: os.utime(path, ns=(1, 1)),
        ChangeKind.DELETED: lambda path: path.unlink(),
        ChangeKind.NEW: lambda path: path.write_bytes(b"fresh content"),
    }
    for kind, change in changes.items():
        change(stage.watched / "b/1")
        assert {kind} == {*kinds(stage.scan()).values()}
        scan()
        assert scan() - {b""} == (everywhere if by_content else set())
    stage.close()
    scan()
    pybackup.stage_lost(stage.staging, "1")
    assert {*kinds(stage.scan()).values()} == {ChangeKind.AGAIN}


def test_parts_of_a_look_are_the_whole(tmp_path: Path) -> None:
    """Wherever it is cut, no directory is missing, none is there twice, and none fails twice."""
    for name in ("z", "a/b", "a/c/d", "a/c/e/f", "a-b/g", "a.b/h", "deep/er/i", "y/j"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    os.symlink("nowhere", tmp_path / "a/c/link")
    top, failed = os.fsencode(tmp_path), list[bytes]()
    whole = list(look(top, None, lambda path, error: failed.append(path)))
    assert [directory for directory, _ in whole] == sorted((each for each, _ in whole), key=place_of)
    assert sum(len(found) for _, found in whole) == 9
    for middle in (b"", b"a", b"a/c", b"a/nothing", b"deep/er", b"zz"):
        cut = place_of(middle)
        parts = (DirectoryRange(b"", cut), DirectoryRange(cut))
        assert [each for part in parts for each in look(top, None, lambda *_: failed.append(b""), part)] == whole
    assert failed == []


@pytest.mark.parametrize("directories", [10**9, 1])
def test_with_a_second_process_the_same_comes_of_it(
    directories: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What changed, is new, gone or cannot be read in the half of the second process is told as in the other."""
    stage = Stage(tmp_path).init()
    monkeypatch.setattr(marks, "_WORTH_A_PROCESS", directories)
    monkeypatch.setattr(marks, "is_worth_it", lambda: True)
    real_look, real_open, parts = look, os.open, list[DirectoryRange]()

    def watch(top: bytes, judge: Judge | None, failed: Failed, part: DirectoryRange) -> Iterator[tuple[bytes, Seen]]:
        parts.append(part)
        return real_look(top, judge, failed, part)

    def refuse(path: bytes, *given: int, **named: int | None) -> int:
        if path == os.fsencode(stage.watched / "7"):
            raise PermissionError(13, "Permission denied")
        return real_open(path, *given, **named)  # type: ignore[arg-type]

    for number in range(40):
        stage.write(f"{number % 10}/{number}", b"%d" % number)
    stage.scan()
    stage.scan()  # nothing changed: marks are set
    monkeypatch.setattr(marks, "look", watch)
    quiet = stage.scan()
    assert (kinds(quiet), quiet.counts.files) == ({}, 40)
    assert parts == [
        DirectoryRange() if directories > 1 else DirectoryRange(b"", b"5")
    ]  # the other part is in the second process
    for name in "18":
        stage.write(f"{name}/new", name.encode() * 1000)
        stage.write(f"{name}/2{name}", name.encode() * 500)
        (stage.watched / f"{name}/3{name}").unlink()
    for name in "29":
        shutil.rmtree(stage.watched / name)
    monkeypatch.setattr(os, "open", refuse)
    done = stage.scan()
    assert [(os.fsdecode(each.path), each.kind) for each in done.changes] == [
        *((f"1/{name}", kind) for name, kind in (("21", ChangeKind.SIZE), ("new", NEW), ("31", ChangeKind.DELETED))),
        *((f"8/{name}", kind) for name, kind in (("28", ChangeKind.SIZE), ("new", NEW), ("38", ChangeKind.DELETED))),
        *((name, ChangeKind.DELETED) for name in ("2/12", "2/2", "2/22", "2/32", "9/19", "9/29", "9/39", "9/9")),
    ]
    assert done.counts.files == 40 - 8 - 4
    assert [(each.path, each.trouble) for each in stage.heard.problems] == [(b"7", Trouble.UNREADABLE)]
    monkeypatch.undo()
    assert kinds(stage.scan()) == {}
