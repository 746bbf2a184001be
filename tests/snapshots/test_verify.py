"""Rot in files that snapshots share: it is found, with the snapshots that share it, and where sound copies are."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from pathlib import Path

import pytest

import pybackup
from pybackup.cli.main import main
from pybackup.errors import EnvironmentFailed, UsageError
from pybackup.host.hash_file import hash_file
from pybackup.jobs.snapshot_verify import SnapshotsVerdict
from pybackup.model.problem import Problem, Trouble
from pybackup.monitor import Noted
from pybackup.snapshots.hashes import ContentFate, open_hashes
from pybackup.snapshots.local_store import LocalStore
from pybackup.snapshots.take_hashes import HashTaker
from pybackup.snapshots.verify import verify_snapshots

from .making import OLD, inode, make, write


def rot(path: Path | bytes) -> None:
    """Change a file's bytes but not its size and time, as a failing disk does."""
    status = os.stat(path)
    with open(path, "r+b") as file:
        first = file.read(1)
        file.seek(0)
        file.write(bytes([first[0] ^ 1]))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def verify(store: LocalStore, *names: str) -> tuple[SnapshotsVerdict, list[Problem]]:
    heard = Noted()
    return pybackup.snapshot_verify(store.path, names, monitor=heard), heard.problems


def test_what_is_sound_is_read_once_however_many_share_it(tree: Path, store: LocalStore) -> None:
    for number in range(4):
        write(tree / "a.txt", f"{number}")
        os.link(tree / "a.txt", tree / "twin") if number == 3 else None
        make(tree, store.path, name=f"{number}")
    done, problems = verify(store)
    assert (done.read.snapshots, done.read.files, done.read.new) == (4, 6, 0)
    assert (done.hurt, problems) == ([], [])
    done, _ = verify(store, "3")
    assert (done.read.snapshots, done.read.files) == (1, 3)
    with pytest.raises(UsageError, match="no snapshot '9' is there"):
        verify(store, "9")


def test_rot_in_a_file_that_all_share(tree: Path, store: LocalStore, tmp_path: Path) -> None:
    """Verifying any of them finds it, and names sound copies: in the source, or in a snapshot that copied the file."""
    for number in range(5):
        make(tree, store.path, name=f"{number}")
    write(tree / "copied again", "this is a.txt\n")
    make(tree, store.path, name="5")
    rot(store.path + b"/2/a.txt")
    for names in ((), ("0",), ("3", "4")):
        done, problems = verify(store, *names)
        (hurt,) = done.hurt
        newest = (names[-1] if names else "5").encode()
        assert hurt.file.path == newest + b"/a.txt"
        assert hurt.file.fate is ContentFate.ROT
        assert hurt.file.snapshots == [b"0", b"1", b"2", b"3", b"4", b"5"]
        assert hurt.file.sound == [b"5/copied again"]
        assert hurt.live == os.fsencode(tree / "a.txt")
        assert [(each.trouble, each.path) for each in problems] == [(Trouble.DAMAGED, hurt.file.path)]
        said = f"in 6 snapshots; sound in {tree}/a.txt, 5/copied again"
        assert problems[0].reason == f"has other content than it had; {said}"
    # What was found is not forgotten by the next look, nor taken for right.
    write(tree / "a.txt", "other", OLD)
    rot(store.path + b"/5/copied again")
    done, problems = verify(store)
    assert [(each.file.path, each.file.sound, each.live) for each in done.hurt if each.file.path == b"5/a.txt"] == [
        (b"5/a.txt", [], b"")
    ]
    assert next(each for each in problems if each.path == b"5/a.txt").reason.endswith("no sound copy is known")
    assert len(problems) == 2


def test_media_of_a_catalogue_that_hold_it(
    tree: Path, store: LocalStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = str(tmp_path / "catalogue.sqlite")
    shutil.copytree(tree, tmp_path / "drive")
    assert main(["catalogue", "init", "--catalogue", url]) == 0
    assert main(["catalogue", "add", str(tmp_path / "drive"), "--label", "the drive", "--catalogue", url]) == 0
    make(tree, store.path, name="one")
    write(tree / "a.txt", "other")
    rot(store.path + b"/one/a.txt")
    capsys.readouterr()
    to = os.fsdecode(store.path)
    assert main(["snapshot", "verify", to, "--catalogue", url, "--json"]) == 1
    (hurt,) = json.loads(capsys.readouterr().out)["hurt"]
    assert (hurt["media"], hurt["live"], hurt["sound"]) == (["the drive"], None, [])
    assert main(["catalogue", "lost", "the drive", "--catalogue", url]) in (0, 1)
    capsys.readouterr()
    assert main(["snapshot", "verify", to, "--catalogue", url]) == 1
    said = capsys.readouterr().err
    assert "one/a.txt: damaged: has other content than it had; in no other snapshot; no sound copy is known" in said
    assert "1 snapshot, 3 files of 50 B read, 1 hurt" in said


def test_what_was_written_to_is_told_from_rot(tree: Path, store: LocalStore) -> None:
    make(tree, store.path, name="one")
    make(tree, store.path, name="two")
    with open(store.path + b"/one/a.txt", "a") as file:
        file.write("more")
    done, problems = verify(store)
    assert [each.file.fate for each in done.hurt] == [ContentFate.WRITTEN]
    assert problems == [
        Problem(b"two/a.txt", Trouble.CHANGED, "was written to after its snapshot was made; in 2 snapshots")
    ]


def test_snapshots_without_hashes_are_known_from_the_first_look_on(tree: Path, store: LocalStore) -> None:
    os.makedirs(store.path)
    shutil.copytree(tree, os.fsdecode(store.path) + "/2020-01-31")
    make(tree, store.path, name="one", no_hash=True)
    write(tree / "a.txt", "new")
    make(tree, store.path, name="two", no_hash=True)
    assert verify(store)[0].read.new == 4
    assert verify(store)[0].read.new == 0
    rot(store.path + b"/one/sub/b.txt")
    assert [each.file.snapshots for each in verify(store)[0].hurt] == [[b"2020-01-31", b"one", b"two"]]


def test_an_inode_that_another_file_has_by_now_is_no_rot(tree: Path, store: LocalStore) -> None:
    """After pruning, new files get the inode numbers of removed ones."""
    first, _ = make(tree, store.path, name="one")
    number = inode(first.path + b"/a.txt")
    with open_hashes(store.records) as hashes:
        known = hashes.remembered(os.stat(first.path + b"/a.txt"), b"a.txt")
        assert known is not None
        assert known.sha256 == hash_file(os.fsencode(tree / "a.txt"))
        for read in (True, False):
            hashes.remember([(os.stat(first.path + b"/a.txt"), b"a.txt", bytes(32))])
            taker = HashTaker(hashes, first.path, read=read, monitor=Noted())
            taker.take(b"a.txt", os.stat(first.path + b"/a.txt"))
            taker.finish()
            again = hashes.remembered(os.stat(first.path + b"/a.txt"), b"a.txt")
            assert again == (known if read else None)
        hashes.forget([number])
    assert verify(store)[1] == []


def test_a_directory_of_snapshots_that_was_copied_elsewhere_keeps_its_hashes(
    tree: Path, store: LocalStore, tmp_path: Path
) -> None:
    for name in ("one", "two"):
        make(tree, store.path, name=name)
    copied = tmp_path / "copied"
    assert os.system(f"cp -a '{os.fsdecode(store.path)}' '{copied}'") == 0
    moved = LocalStore(os.fsencode(copied))
    shutil.rmtree(store.path)
    rot(copied / "one/a.txt")
    for _ in range(2):
        done, problems = verify(moved)
        assert (done.read.new, [each.file.path for each in done.hurt]) == (0, [b"two/a.txt"])
        assert len(problems) == 1


def test_hashes_that_are_damaged_cost_no_snapshot(tree: Path, store: LocalStore) -> None:
    make(tree, store.path, name="one")
    path = os.path.join(store.records, b"hashes.sqlite")
    with open(path, "wb") as file:
        file.write(b"no database" * 1000)
    _, heard = make(tree, store.path, name="two")
    assert [each.trouble for each in heard.problems] == [Trouble.UNRECORDED]
    assert "remove it: hashes are taken anew" in heard.problems[0].reason
    with pytest.raises(EnvironmentFailed, match="remove it"):
        verify(store)
    os.unlink(path)
    assert verify(store)[0].read.new == 3


def test_what_cannot_be_read_is_a_problem(tree: Path, store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """As with a bad sector: the other files are read."""
    made, _ = make(tree, store.path, name="one")
    whole = hash_file

    def bad(path: bytes) -> bytes:
        if path == made.path + b"/a.txt":
            raise OSError(5, "Input/output error")
        return whole(path)

    monkeypatch.setattr("pybackup.snapshots.verify.hash_file", bad)
    with open_hashes(store.records) as hashes:
        heard = Noted()
        found = verify_snapshots(store, store.survey(), hashes, heard)
    assert (found.files, found.hurt) == (2, [])
    assert heard.problems == [Problem(b"one/a.txt", Trouble.UNREADABLE, "Input/output error")]


def test_the_hashes_are_plain_sqlite(tree: Path, store: LocalStore) -> None:
    make(tree, store.path, name="one")
    connection = sqlite3.connect(os.fsdecode(os.path.join(store.records, b"hashes.sqlite")))
    rows = connection.execute("select path, size, sha256 from content order by path").fetchall()
    connection.close()
    assert rows == [
        (path, (tree / os.fsdecode(path)).stat().st_size, hash_file(os.fsencode(tree) + b"/" + path))
        for path in (b"a.txt", b"sub/b.txt", b"sub/c.txt")
    ]
