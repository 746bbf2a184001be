"""Snapshots on this machine: what is linked, what is copied, what is told, and what is refused."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from kit.planting import SHELL_NAMES

import pybackup
from pybackup.cli.main import main
from pybackup.errors import EnvironmentFailed, Exists, UsageError
from pybackup.model.problem import Trouble
from pybackup.snapshots.completeness import reason_to_doubt
from pybackup.snapshots.local_store import LocalStore
from pybackup.snapshots.location import parse_location
from pybackup.snapshots.plan import SnapshotOptions, plan_snapshot
from pybackup.snapshots.record import SnapshotState, parse_record
from pybackup.snapshots.shared import alone_bytes, compare_with_former

from .making import OLD, content, inode, make, write


def names(store: LocalStore) -> list[bytes]:
    return [snapshot.directory for snapshot in store.survey()]


def test_what_is_unchanged_is_linked_and_all_is_there(tree: Path, store: LocalStore) -> None:
    first, heard = make(tree, store.path)
    assert content(first.path) == content(tree)
    assert (first.record.files, first.record.copied_files, heard.problems) == (3, 3, [])
    write(tree / "a.txt", "changed")
    write(tree / "new.txt", "new")
    (tree / "sub/c.txt").unlink()
    second, heard = make(tree, store.path)
    assert content(second.path) == content(tree)
    record, shared = second.record, second.shared
    assert shared is not None
    assert (shared.linked, shared.new, shared.changed, shared.deleted) == (1, 1, 1, 1)
    assert (record.linked_files, record.new_files, record.changed_files, record.deleted_files) == (1, 1, 1, 1)
    assert (record.copied_files, record.copied_bytes) == (2, len("changed") + len("new"))
    assert inode(first.path + b"/sub/b.txt") == inode(second.path + b"/sub/b.txt")
    assert inode(first.path + b"/a.txt") != inode(second.path + b"/a.txt")
    assert os.readlink(store.path + b"/latest") == os.path.basename(second.path)
    assert heard.problems == []
    assert heard.notes == []
    assert [each.state for each in store.survey()] == [SnapshotState.COMPLETE] * 2
    assert store.survey()[1].record == record


def test_what_a_snapshot_alone_would_free_is_what_du_says(tree: Path, store: LocalStore) -> None:
    (tree / "big").write_bytes(os.urandom(300_000))
    os.link(tree / "big", tree / "twin")
    make(tree, store.path, name="one")
    (tree / "more").write_bytes(os.urandom(100_000))
    os.link(tree / "more", tree / "more twin")
    two, _ = make(tree, store.path, name="two")
    assert two.shared is not None
    before = {each.snapshot.name: each.alone_bytes for each in pybackup.snapshot_list(store.path, sizes=True)}
    assert before == {b"one": 0, b"two": two.shared.alone_bytes}
    # du counts each file of several directories once: what is left without one of them says what that frees.
    files = ["find", os.fsdecode(store.path), "-type", "f", "-links", "2", "-size", "+90k", "-printf", "%i %b\n"]
    blocks = dict(
        line.split() for line in subprocess.run(files, capture_output=True, text=True, check=True).stdout.splitlines()
    )
    assert two.shared.alone_bytes == sum(int(each) for each in blocks.values()) * 512
    one = next(each for each in store.survey() if each.name == b"one")
    store.remove(one)
    assert alone_bytes(two.path) > two.shared.alone_bytes
    assert content(two.path) == content(tree)


def test_modes_links_times_owners_and_attributes_are_kept(tree: Path, store: LocalStore) -> None:
    os.link(tree / "a.txt", tree / "twin")
    os.symlink("nowhere", tree / "link")
    (tree / "empty").mkdir()
    os.chmod(tree / "a.txt", 0o640)
    os.chmod(tree / "sub", 0o555)
    os.utime(tree / "sub", ns=(OLD, OLD + 123_456_789))
    os.mkfifo(tree / "fifo")
    os.setxattr(tree / "a.txt", "user.note", b"kept")
    made, heard = make(tree, store.path)
    done = subprocess.run(
        ["rsync", "-aHAXnc", "--itemize-changes", f"{tree}/", os.fsdecode(made.path) + "/"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, heard.problems) == ("", [])
    assert inode(made.path + b"/a.txt") == inode(made.path + b"/twin")
    # Directories that may not be written are no hindrance to their removal.
    store.remove(store.survey()[0])
    assert names(store) == []
    os.chmod(tree / "sub", 0o755)


def test_names_of_all_kinds_are_copied_as_they_are(
    tree: Path, store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tree.parent)
    for number, name in enumerate(SHELL_NAMES):
        directory = os.fsencode(tree) + b"/" + name
        os.mkdir(directory)
        with open(os.path.join(directory, name), "w") as file:
            file.write(str(number))
    for number, name in enumerate(SHELL_NAMES):
        source = os.fsencode(tree) + b"/" + name
        to = store.path + b"/" + name
        make(source, to)
        second, heard = make(source, to)
        assert content(second.path) == {name: str(number).encode()}
        assert heard.problems == []
        assert second.shared is not None
        assert second.shared.linked == 1, name
    whole, _ = make(tree, store.path + b"/all")
    assert content(whole.path) == content(tree)
    assert not Path("PWNED").exists()


def test_the_command_line_tells_it(tree: Path, store: LocalStore, capsys: pytest.CaptureFixture[str]) -> None:
    to = os.fsdecode(store.path)
    assert main(["snapshot", "run", str(tree), to, "--name", "one", "--dry-run"]) == 0
    assert "one: would have 3 files, 50 B, 3 copied (50 B)" in capsys.readouterr().err
    assert not os.path.exists(to)
    assert main(["snapshot", "run", str(tree), to, "--name", "one"]) == 0
    assert "one: 3 files, 50 B, 3 copied (50 B), 0 linked, 3 new, 0 changed, 0 deleted" in capsys.readouterr().err
    assert main(["snapshot", "run", str(tree), to, "--name", "two", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["linked_files"], told["copied_files"], told["linked_to"]) == (3, 0, [{"text": "one"}])
    assert main(["snapshot", "run", str(tree), to, "--name", "two"]) == 2
    assert "two: exists; choose another name" in capsys.readouterr().err
    assert main(["snapshot", "list", to, "--sizes"]) == 0
    out = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in out] == ["one", "two"]
    assert out[0].endswith("3 files  50 B  3 copied (50 B)  0 B of its own")


@pytest.mark.parametrize("name", ["a/b", "..", ".hidden", "latest", "x.incomplete", "x.removing"])
def test_names_that_are_none(name: str, tree: Path, store: LocalStore) -> None:
    with pytest.raises(UsageError, match="no name for a snapshot"):
        make(tree, store.path, name=name)
    assert not os.path.exists(store.path)


def test_a_name_that_is_taken(tree: Path, store: LocalStore) -> None:
    make(tree, store.path, name="x")
    with pytest.raises(Exists):
        make(tree, store.path, name="x")
    assert names(store) == [b"x"]


def test_order_is_that_of_the_runs_whatever_the_clock_says(tree: Path, store: LocalStore) -> None:
    """A clock that is set back, and the hour that comes twice when summer time ends."""
    place = parse_location(os.fsencode(tree))

    def at(now: float) -> bytes:
        plan = plan_snapshot(place, str(tree), store, SnapshotOptions(), now=now)
        make(tree, store.path, name=os.fsdecode(plan.name))
        return plan.name

    before, zone = os.environ.get("TZ"), "CET-1CEST,M3.5.0,M10.5.0/3"
    os.environ["TZ"] = zone
    time.tzset()
    try:
        first = at(1_792_888_200)  # 2026-10-25 02:30 summer time
        second = at(1_792_891_800)  # an hour later, 02:30 again
        third = at(1_000_000_000)
        assert (first, second) == (b"2026-10-25T023000", b"2026-10-25T023000-2")
        assert third == b"2001-09-09T034640"
        assert names(store) == [first, second, third]
        assert os.readlink(store.path + b"/latest") == third
    finally:
        if before is None:
            del os.environ["TZ"]
        else:
            os.environ["TZ"] = before
        time.tzset()


def test_dated_directories_of_others_are_linked_to(tree: Path, store: LocalStore) -> None:
    os.makedirs(store.path)
    shutil.copytree(tree, os.fsdecode(store.path) + "/2020-01-31")
    os.mkdir(store.path + b"/something else")
    made, _ = make(tree, store.path)
    assert made.shared is not None
    assert (made.shared.linked, made.linked_to) == (3, [b"2020-01-31"])
    assert [each.state for each in store.survey()] == [SnapshotState.FOREIGN, SnapshotState.COMPLETE]


def test_of_very_many_the_twenty_newest_are_linked_to(tree: Path, store: LocalStore) -> None:
    """rsync refuses more link targets. Files that only older snapshots have are copied again."""
    for number in range(22):
        write(tree / "only here", "once", OLD) if number == 0 else (tree / "only here").unlink(missing_ok=True)
        make(tree, store.path, name=f"{number:02}")
    write(tree / "only here", "once", OLD)
    made, heard = make(tree, store.path, name="last")
    assert made.linked_to == [b"%02d" % number for number in range(21, 1, -1)]
    assert made.shared is not None
    assert (made.shared.linked, made.shared.new, heard.problems) == (3, 1, [])
    assert os.stat(made.path + b"/a.txt").st_nlink == 23


def test_the_target_in_the_source_is_left_out(tree: Path) -> None:
    for _ in range(3):
        made, _ = make(tree, tree / "odd [x] dir")
    assert set(content(made.path)) == {b"a.txt", b"sub", b"sub/b.txt", b"sub/c.txt"}


@pytest.mark.parametrize("where", ["", "/sub"])
def test_the_source_in_the_target_is_refused(where: str, tree: Path) -> None:
    with pytest.raises(UsageError, match="where its snapshots would go"):
        make(f"{tree}{where}", tree)
    assert sorted(os.listdir(tree)) == ["a.txt", "sub"]


def test_a_source_that_is_not_there_or_empty_makes_none_and_harms_none(tree: Path, store: LocalStore) -> None:
    make(tree, store.path, name="good")
    for source, said in ((tree.parent / "gone", "is not there; is it mounted"), (tree / "a.txt", "is no directory")):
        with pytest.raises(EnvironmentFailed, match=said):
            make(source, store.path)
    empty = tree.parent / "empty"
    empty.mkdir()
    with pytest.raises(EnvironmentFailed, match="holds no files: is it mounted"):
        make(empty, store.path)
    with pytest.raises(EnvironmentFailed, match="3 files where there must be 4"):
        make(tree, store.path, require_files=4)
    with pytest.raises(EnvironmentFailed, match="nothing is mounted there"):
        make(tree, store.path, require_mounted=[empty])
    assert [name for name in names(store) if not name.endswith(b".incomplete")] == [b"good"]
    assert os.readlink(store.path + b"/latest") == b"good"
    made, _ = make(empty, store.path, require_files=0)
    assert content(made.path) == {}
    assert names(store) == [b"good", os.path.basename(made.path)]


def test_what_has_shrunk_a_lot_is_told(tree: Path, store: LocalStore) -> None:
    make(tree, store.path)
    shutil.rmtree(tree / "sub")
    made, heard = make(tree, store.path)
    assert [(each.trouble, each.reason) for each in heard.problems] == [
        (Trouble.MISSING, "1 files where there were 3: is all of the source there?")
    ]
    assert content(made.path) == content(tree)


def test_doubt() -> None:
    assert reason_to_doubt(50, 100, 100, 100) == ""
    assert reason_to_doubt(49, 100, 100, 100) == "49 files where there were 100"
    assert reason_to_doubt(100, 49, 100, 100) == "49 bytes where there were 100"
    assert reason_to_doubt(0, 0, 0, 0) == ""


def test_other_content_of_the_same_size_and_time_is_found_by_checksum_alone(tree: Path, store: LocalStore) -> None:
    make(tree, store.path)
    status = (tree / "a.txt").stat()
    write(tree / "a.txt", "THIS is a.txt\n", status.st_mtime_ns)
    made, heard = make(tree, store.path)
    assert (made.record.copied_files, heard.problems) == (0, [])
    assert content(made.path) != content(tree)
    made, heard = make(tree, store.path, checksum=True)
    assert content(made.path) == content(tree)
    assert made.record.checksum
    assert [each.trouble for each in heard.problems] == [Trouble.DIFFERENT]
    assert "rot" in heard.problems[0].reason


def test_files_with_as_many_links_as_there_may_be_are_told_from_others(tree: Path, store: LocalStore) -> None:
    """ext4 allows a file 65,000 names; rsync copies it when it has them all."""
    one, two = os.fsencode(tree.parent / "one"), os.fsencode(tree.parent / "two")
    for copy in (one, two):
        subprocess.run(["cp", "-a", tree, copy], check=True)
    for number in range(3):
        os.link(one + b"/a.txt", os.fsencode(tree.parent / f"link {number}"))
    shared = compare_with_former(two, one, link_limit=4)
    assert (shared.linked, shared.changed, shared.unlinked, shared.full) == (0, 3, 3, 1)
    assert compare_with_former(two, one).full == 0


def test_times_count_to_the_nanosecond(tree: Path, store: LocalStore) -> None:
    """A file that was saved twice within a second, with the same size."""
    make(tree, store.path)
    write(tree / "a.txt", "THIS is a.txt\n", OLD + 1)
    made, _ = make(tree, store.path)
    assert content(made.path) == content(tree)
    assert os.stat(made.path + b"/sub").st_mtime_ns == os.stat(tree / "sub").st_mtime_ns


def test_checksum_every(tree: Path, store: LocalStore) -> None:
    place, now = parse_location(os.fsencode(tree)), time.time()
    options = SnapshotOptions(checksum_every_ns=30 * 86_400 * 10**9)

    def is_due(days: float) -> bool:
        return plan_snapshot(place, "", store, options, now=now + days * 86_400).options.rsync.checksum

    assert not is_due(0)
    make(tree, store.path)
    assert (is_due(1), is_due(29), is_due(31)) == (False, False, True)
    make(tree, store.path)
    assert is_due(31)
    make(tree, store.path, checksum=True)
    assert (is_due(1), is_due(31)) == (False, True)
    made, _ = make(tree, store.path, checksum_every="30d")
    assert not made.record.checksum


@pytest.mark.parametrize(
    "damage", [b"", b"{", b"[]", b'{"version": 2}', b'{"version": 1, "number": "x"}', b"\xff" * 99]
)
def test_a_damaged_record_hides_no_snapshot(damage: bytes, tree: Path, store: LocalStore) -> None:
    made, _ = make(tree, store.path)
    (record,) = (
        path for path in Path(os.fsdecode(store.path), ".snapshot-records").iterdir() if path.suffix == ".json"
    )
    whole = record.read_bytes()
    assert parse_record(whole) == made.record
    record.write_bytes(damage)
    assert parse_record(damage) is None
    assert [each.state for each in store.survey()] == [SnapshotState.FOREIGN]
    again, _ = make(tree, store.path)
    assert again.shared is not None
    assert again.shared.linked == 3


def test_latest_that_is_a_directory_of_somebody_stays(tree: Path, store: LocalStore) -> None:
    os.makedirs(store.path + b"/latest")
    _, heard = make(tree, store.path)
    assert heard.notes == ["latest: stays as it is, since it is no symbolic link"]
    assert not os.path.islink(store.path + b"/latest")


def test_no_rsync(tree: Path, store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(EnvironmentFailed, match="apt install rsync"):
        make(tree, store.path)


def test_a_snapshot_can_be_archived_as_the_tree_can(tree: Path, store: LocalStore, tmp_path: Path) -> None:
    made, _ = make(tree, store.path)

    def archived(source: str) -> dict[bytes, tuple[int, int, bytes]]:
        archive = tmp_path / f"{os.path.basename(source.rstrip('/'))}.xtar"
        pybackup.create(source, archive, workers=1)
        return {
            each.entry.path.partition(b"/")[2]: (each.entry.mode, each.entry.mtime_ns, each.digest)
            for each in pybackup.list(archive)
        }

    of_tree = archived(str(tree))
    assert len(of_tree) == 5
    assert archived(os.fsdecode(made.path)) == of_tree
    assert archived(os.fsdecode(store.path) + "/latest/") == of_tree
