"""Backups in a store that the caller provides, as Incremental-Backups-Tools made them: full, incremental, restored."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path

import pytest
from kit.command import run
from kit.snapshot import Snapshot, snapshot

import pybackup
from pybackup.errors import Exists, UsageError
from pybackup.host.store import DirectoryStore, Store
from pybackup.host.store_names import kept_of, next_moment
from pybackup.jobs.export_state import VERSION
from pybackup.jobs.store_backup import StoredBackup
from pybackup.monitor import Monitor


class MemoryStore:
    """Keeps files in memory, and remembers what it was asked for."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.fetched: list[str] = []

    def put(self, name: str, path: str) -> None:
        self.files[name] = Path(path).read_bytes()

    def get(self, name: str, path: str) -> None:
        self.fetched.append(name)
        Path(path).write_bytes(self.files[name])

    def list(self) -> Iterable[str]:
        return self.files.keys()

    def delete(self, name: str) -> None:
        del self.files[name]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    top = tmp_path / "docs"
    (top / "sub").mkdir(parents=True)
    for name in ("a.txt", "b.txt", "sub/c.txt"):
        (top / name).write_text(name * 500)
    (top / "link").symlink_to("a.txt")
    return top


def change(tree: Path, day: int) -> None:
    (tree / f"day {day}").write_text(f"day {day}\n" * 99)
    (tree / "b.txt").write_text(f"changed on day {day}")
    if day == 2:
        (tree / "a.txt").rename(tree / "sub/moved.txt")
        (tree / "sub/c.txt").unlink()


def days_in(store: Store, tree: Path) -> list[Snapshot]:
    """Back up a full day and three incremental ones; return what there was on each."""
    states = []
    for day in range(4):
        change(tree, day)
        done: StoredBackup = pybackup.backup(tree, store, monitor=Monitor())
        assert (done.name, done.level) == ("docs", "incremental" if day else "full")
        states.append(snapshot(os.fsencode(tree)))
    return states


def moments(store: Store) -> list[str]:
    return [each.moment for each in kept_of("docs", store)]


def test_any_day_comes_back_and_only_what_it_needs_is_fetched(tree: Path, tmp_path: Path) -> None:
    store = MemoryStore()
    assert pybackup.Store is Store
    states = days_in(store, tree)
    assert sorted(name.split(".")[1] for name in store.files) == ["full", *["incremental"] * 3, *["state"] * 4]
    # Each built on the one before alone.
    assert [name.split(".")[1] for name in store.fetched] == ["full", "incremental", "incremental"]
    for day, moment in enumerate(moments(store)):
        at = f"{moment[:4]}-{moment[4:6]}-{moment[6:8]}T{moment[9:11]}:{moment[11:13]}:{moment[13:22]}Z"
        pybackup.restore_backup("docs", tmp_path / f"day {day}", store, at=at if day < 3 else None, monitor=Monitor())
        assert snapshot(os.fsencode(tmp_path / f"day {day}/docs")) == states[day]
    store.fetched.clear()
    pybackup.restore_backup("docs", tmp_path / "one", store, patterns=["docs/day 1"], monitor=Monitor())
    assert (tmp_path / "one/docs/day 1").read_text().startswith("day 1")
    # The newest, which tells where it lies, and that.
    assert store.fetched == [f"docs.incremental.{moments(store)[day]}Z.xtar" for day in (3, 1)]


def test_the_state_of_each_day_is_json(tree: Path) -> None:
    store = MemoryStore()
    days_in(store, tree)
    first, *_, last = (json.loads(store.files[name]) for name in sorted(store.files) if ".state." in name)
    assert first["version"] == VERSION
    assert (first["level"], last["level"], last["chain"]) == ("full", "incremental", "docs")
    assert last["subdirs"] == ["docs", "docs/sub"]
    assert set(last["files"]) == {*(f"docs/day {day}" for day in range(4)), "docs/b.txt", "docs/sub/moved.txt"}
    assert last["links"] == {"docs/link": "a.txt"}
    # What is stored in an earlier archive has its hash, too.
    assert last["index"]["docs/sub/moved.txt"] == first["index"]["docs/a.txt"]
    assert last["index"]["docs/b.txt"] != first["index"]["docs/b.txt"]


def test_in_a_directory_by_the_names_of_the_parent(tree: Path, tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path / "kept")
    assert list(store.list()) == []
    done = pybackup.full_backup(tree, store, exclude=["b.txt"], monitor=Monitor())
    assert {name: (tmp_path / "kept" / name).stat().st_size for name in done.files} == done.files
    change(tree, 2)
    pybackup.incremental_backup(tree, store, exclude=["b.txt"], monitor=Monitor())
    pybackup.restore_backup("docs", tmp_path / "back", store, monitor=Monitor())
    (tree / "b.txt").unlink()
    assert sorted(os.listdir(tmp_path / "back/docs")) == sorted(os.listdir(tree))
    kept = next(iter(done.files))
    with pytest.raises(Exists):
        store.put(kept, os.fspath(tree / "day 2"))
    store.get(kept, os.fspath(tmp_path / "copy"))
    assert (tmp_path / "copy").read_bytes() == (tmp_path / "kept" / kept).read_bytes()
    store.delete(kept)
    assert kept not in store.list()


def test_what_cannot_be(tree: Path, tmp_path: Path) -> None:
    store = MemoryStore()
    with pytest.raises(UsageError, match="no backup in the store"):
        pybackup.incremental_backup(tree, store, monitor=Monitor())
    with pytest.raises(UsageError, match="no backup of that name"):
        pybackup.restore_backup("docs", tmp_path / "to", store, monitor=Monitor())
    pybackup.full_backup(tree, store, monitor=Monitor())
    with pytest.raises(UsageError, match="the store has no backup so early"):
        pybackup.restore_backup("docs", tmp_path / "to", store, at="2001-01-01", monitor=Monitor())
    pybackup.backup(tree, store, level="differential", monitor=Monitor())
    # An archive that is gone costs what lay in it, by name.
    store.delete(next(name for name in store.files if ".full." in name))
    heard = Monitor()
    pybackup.restore_backup("docs", tmp_path / "to", store, monitor=heard)
    assert {problem.path for problem in heard.problems} == {b"docs/a.txt", b"docs/b.txt", b"docs/sub/c.txt"}
    assert (tmp_path / "to/docs/link").is_symlink()


def test_a_clock_that_was_set_back_puts_no_backup_before_those_there_are() -> None:
    store = MemoryStore()
    store.files["docs.full.29990101T000000.000009Z.xtar"] = b""
    assert next_moment(kept_of("docs", store)) == "29990101T000000.000010"
    store.files["docs.full.29991231T235959.999999Z.xtar"] = b""
    assert next_moment(kept_of("docs", store)) == "30000101T000000.000000"
    assert kept_of("doc", store) == kept_of("docs.full", store) == []


@pytest.mark.parametrize("called", [b"lat\xff", b"two\nlines", b" "])
def test_a_directory_whose_name_is_none_for_a_store_is_given_one(tmp_path: Path, called: bytes) -> None:
    top = os.path.join(os.fsencode(tmp_path), called)
    os.mkdir(top)
    store = MemoryStore()
    for source in (top, b"/"):
        with pytest.raises(UsageError, match="gives it another") as refused:
            pybackup.backup(source, store, monitor=Monitor())
        assert refused.value.option == "name"
    pybackup.backup(top, store, name="odd", monitor=Monitor())
    pybackup.restore_backup("odd", tmp_path / "to", store, monitor=Monitor())
    assert os.listdir(os.fsencode(tmp_path / "to")) == [called]


def test_a_sidecar_is_refused_for_it_would_not_get_into_the_store(tree: Path) -> None:
    with pytest.raises(UsageError, match="contains its parity"):
        pybackup.backup(tree, MemoryStore(), parity_sidecar=True, monitor=Monitor())


def test_a_store_that_fails_leaves_no_backup(tree: Path) -> None:
    class Full(MemoryStore):
        def put(self, name: str, path: str) -> None:
            if name.endswith(".xtar"):
                raise OSError("no room")
            super().put(name, path)

    store = Full()
    with pytest.raises(OSError, match="no room"):
        pybackup.backup(tree, store, monitor=Monitor())
    assert moments(store) == []


def test_export_writes_the_state_of_what_matches(tree: Path, tmp_path: Path) -> None:
    (tree / os.fsdecode(b"lat\xff")).write_text("x")
    pybackup.create([tree], tmp_path / "a.xtar", monitor=Monitor())
    done = run("export", tmp_path / "a.xtar", "--to", tmp_path / "a.json", "--json")
    assert done.returncode == 0
    told = json.loads((tmp_path / "a.json").read_text())
    assert os.fsencode(next(name for name in told["index"] if "lat" in name)) == b"docs/lat\xff"
    assert told["index"]["docs/b.txt"] == hashlib.sha256(b"b.txt" * 500).hexdigest()
    assert (told["chain"], told["level"], told["at_ns"]) == (None, None, None)
    said = json.loads(done.stdout)
    assert (said["format"], said["files"], said["entries"]) == ("json", 4, 7)
    assert run("export", tmp_path / "a.xtar", "docs/sub", "--to", tmp_path / "sub.json").returncode == 0
    assert json.loads((tmp_path / "sub.json").read_text())["files"] == ["docs/sub/c.txt"]
    assert run("export", tmp_path / "a.xtar", "--to", tmp_path / "sub.json").returncode == 2
