"""The directory of the open disc, file by file: the last version of each path, and no content lost."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pybackup.stage.cost import cost_of
from pybackup.stage.open_disc import OpenDisc, disc_directory
from pybackup.stage.reconcile import reconcile
from pybackup.stage.state import StageState
from pybackup.stage.values import ChangeKind, KnownFile

from .making import files_below, new_state


class Filled:
    """An open disc that is filled with what ``watched`` has."""

    def __init__(self, base: Path, state: StageState) -> None:
        self.base, self.state, self.disc = base, state, OpenDisc(state, 1)
        self.disc.open()

    def put(self, path: str, content: bytes) -> None:
        watched = self.base / "watched" / path
        watched.parent.mkdir(parents=True, exist_ok=True)
        watched.write_bytes(content)
        copied = self.disc.copy(os.fsencode(watched))
        assert copied is not None
        self.disc.place(copied, path.encode(), self.disc.cost_of(path.encode(), len(content)), ChangeKind.NEW)
        self.state.set_file(path.encode(), KnownFile(len(content), 0, 0, self.disc.number, copied.sha256))

    @property
    def files(self) -> dict[str, bytes]:
        return files_below(Path(os.fsdecode(self.disc.directory)))


@pytest.fixture
def filled(tmp_path: Path) -> Iterator[Filled]:
    with new_state(tmp_path) as state:
        made = Filled(tmp_path, state)
        yield made
        # Whatever was done, the state agrees with the directory, and with the room that is said to be taken.
        made.disc.leave()
        now = state.disc(made.disc.number)
        assert (now.used_bytes, now.files) == (made.disc.used_bytes, len(made.files))
        assert reconcile(state, now, 2) == 0


def test_a_disc_has_its_directory(filled: Filled) -> None:
    assert filled.disc.directory == disc_directory(filled.state.directory, "w-0001")
    assert not filled.disc.is_marked
    filled.put("d/a", b"1")
    assert filled.disc.is_marked
    assert not filled.state.is_clean
    assert filled.files == {"d/a": b"1"}


def test_directories_cost_once(filled: Filled) -> None:
    assert filled.disc.cost_of(b"d/e/a", 9) == cost_of(b"d/e/a", 9, 2)
    filled.put("d/a", b"1")
    assert filled.disc.cost_of(b"d/e/a", 9) == cost_of(b"d/e/a", 9, 1)


def test_the_last_version_stays(filled: Filled) -> None:
    filled.put("a", b"1")
    filled.put("a", b"22")
    assert filled.files == {"a": b"22"}


def test_a_file_where_a_directory_was_and_the_other_way_round(filled: Filled) -> None:
    filled.put("a/b/c", b"1")
    filled.put("a/b/d", b"2")
    for path in ("a/b/c", "a/b/d"):
        (filled.base / "watched" / path).unlink()
        filled.state.forget_file(path.encode())
    (filled.base / "watched/a/b").rmdir()
    filled.put("a/b", b"3")
    assert filled.files == {"a/b": b"3"}
    (filled.base / "watched/a/b").unlink()
    filled.put("a/b/c", b"4")
    assert filled.files == {"a/b/c": b"4"}


def test_content_that_another_file_has_stays_under_its_name(filled: Filled) -> None:
    filled.put("a", b"same")
    (known,) = [known for _, known in filled.state.watched_files()]
    filled.state.set_file(b"d/twin", known)
    filled.put("a", b"changed")
    assert filled.files == {"a": b"changed", "d/twin": b"same"}


def test_content_whose_other_name_is_in_the_way_is_forgotten_to_be_staged_again(filled: Filled) -> None:
    filled.put("a", b"same")
    (known,) = [known for _, known in filled.state.watched_files()]
    filled.state.set_file(b"a/twin", known)
    (filled.base / "watched/a").unlink()
    filled.put("a", b"changed")
    assert filled.files == {"a": b"changed"}
    assert [path for path, _ in filled.state.watched_files()] == [b"a"]


def test_a_renamed_file_replaces_what_is_there(filled: Filled) -> None:
    filled.put("a", b"1")
    filled.put("b/c", b"2")
    copy = filled.state.copy_at(1, b"a")
    assert copy is not None
    filled.state.forget_file(b"b/c")
    filled.disc.rename(copy, b"b/c")
    assert filled.files == {"b/c": b"1"}
