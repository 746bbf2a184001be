"""Each table of the state of a stage: what is written down is found again, and nothing else."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pybackup.model.entry import Kind
from pybackup.stage.copy_table import CopyTable
from pybackup.stage.disc_table import DiscTable
from pybackup.stage.file_table import FileTable
from pybackup.stage.scan_table import ScanTable
from pybackup.stage.state import StageState
from pybackup.stage.state_file import open_state
from pybackup.stage.tables import join_path, split_path
from pybackup.stage.values import DiscState, KnownFile, StagedCopy, WaitReason

from .making import new_state


@pytest.fixture
def state(tmp_path: Path) -> Iterator[StageState]:
    with new_state(tmp_path) as made:
        yield made


def copy_of(path: bytes, content: bytes = b"c", *, disc: int = 1, kind: Kind = Kind.FILE) -> StagedCopy:
    return StagedCopy(0, disc, path, int(kind), len(content), 5, 0o644, content * 32, 100, "new file", 7)


def test_a_path_is_a_directory_and_a_name() -> None:
    for path, parts in ((b"a", (b"", b"a")), (b"a/b", (b"a", b"b")), (b"a/b/c", (b"a/b", b"c"))):
        assert split_path(path) == parts
        assert join_path(*parts) == path


def test_what_is_not_kept_is_not_there(tmp_path: Path) -> None:
    with new_state(tmp_path) as state:
        state.set_file(b"d/kept", KnownFile(1, 2, 3, 1, b"h"))
    with open_state(os.fsencode(tmp_path)) as state:
        state.set_file(b"e/lost", KnownFile(1, 2, 3, 1, b"h"))
    with open_state(os.fsencode(tmp_path)) as state:
        assert [path for path, _ in state.watched_files()] == [b"d/kept"]


def test_discs(state: DiscTable) -> None:
    assert isinstance(state, StageState)
    first = state.open_disc(11)
    assert (first.number, first.name, first.state, first.opened_ns, first.closed_ns) == (1, "w-0001", "open", 11, None)
    assert state.open_disc(12) == first
    state.set_state(1, DiscState.CLOSING)
    assert state.numbers(DiscState.CLOSING) == [1]
    state.set_archive(1, b"id", b"digest")
    state.set_built(1, 4096, 13)
    second = state.open_disc(14)
    assert (second.number, second.name) == (2, "w-0002")
    built, other = state.discs()
    assert other == second
    assert (built.state, built.archive_id, built.listing) == (DiscState.BUILT, b"id", b"digest")
    assert (built.image_bytes, built.closed_ns, built.checked_ns) == (4096, 13, None)
    state.set_checked(1, 15, is_medium=False)
    assert (state.disc(1).state, state.disc(1).checked_ns) == (DiscState.BUILT, 15)
    state.set_checked(1, 16, is_medium=True)
    assert (state.disc(1).state, state.disc(1).checked_ns) == (DiscState.BURNT, 16)


def test_copies(state: CopyTable) -> None:
    assert isinstance(state, StageState)
    state.open_disc(0)
    for path in (b"a/b/c", b"a/b.txt", b"a/b0", b"top"):
        state.add_copy(copy_of(path, path[-1:]))
    assert [copy.path for copy in state.copies(1)] == [b"top", b"a/b.txt", b"a/b0", b"a/b/c"]
    assert (state.disc(1).files, state.disc(1).used_bytes) == (4, 400)
    # Names that begin alike lie in no directory of that name.
    assert [copy.path for copy in state.copies_below(1, b"a/b")] == [b"a/b/c"]
    assert {copy.path for copy in state.copies_below(1, b"a")} == {b"a/b/c", b"a/b.txt", b"a/b0"}
    assert state.directories_on(1) == {b"", b"a", b"a/b"} - {b""}
    assert state.copies_below(2, b"a") == []
    found = state.copy_at(1, b"a/b/c")
    assert found is not None
    assert found[1:] == copy_of(b"a/b/c", b"c")[1:]
    state.move_copy(found, b"x/y")
    assert state.copy_at(1, b"a/b/c") is None
    state.add_copy(copy_of(b"x/y", b"new"))  # in place of the one that was moved there
    assert [copy.size for copy in state.copies(1) if copy.path == b"x/y"] == [3]
    assert state.has_size(3)
    state.remove_copy(state.copies_below(1, b"x")[0])
    assert not state.has_size(3)


def test_the_newest_copy_on_a_disc_that_is_not_lost(state: CopyTable) -> None:
    assert isinstance(state, StageState)
    for disc in (1, 2, 3):
        assert state.open_disc(0).number == disc
        state.add_copy(copy_of(b"f", disc=disc))
        state.add_copy(copy_of(b"l", b"link", disc=disc, kind=Kind.SYMLINK))
        state.set_state(disc, DiscState.BURNT)
    for lost, newest in ((None, 3), (3, 2), (2, 1), (1, None)):
        if lost is not None:
            state.set_state(lost, DiscState.LOST)
        found = state.sound_copy(b"c" * 32)
        assert (found and found.disc) == newest
        assert state.sound_copy(b"link" * 32) is None  # of links there are names alone


def test_watched_files(state: FileTable) -> None:
    assert isinstance(state, StageState)
    disc = state.open_disc(0)
    files = {path: KnownFile(size, 2, 3, disc.number, bytes([size % 2]) * 32)
             for size, path in enumerate((b"a", b"d/a", b"d/b", b"d/e/a"))}  # fmt: skip
    for path, known in files.items():
        state.set_file(path, known)
    assert dict(state.watched_files()) == files
    assert state.files_in(b"d") == {b"a": files[b"d/a"], b"b": files[b"d/b"]}
    assert state.count_files() == (4, 6)
    assert {*state.watched_directories()} == {b"", b"d", b"d/e"}
    assert {path for path, _ in state.with_hash(b"\1" * 32, 9)} == {b"d/a", b"d/e/a"}
    assert len(state.with_hash(b"\1" * 32, 1)) == 1
    state.set_state(disc.number, DiscState.LOST)
    assert state.count_unsafe() == 4
    other = state.open_disc(0)
    state.add_copy(copy_of(b"elsewhere", b"\1", disc=other.number))
    assert state.count_unsafe() == 2  # the others are on a disc that is not lost
    state.forget_content(b"\1" * 32)
    state.forget_file(b"a")
    assert [path for path, _ in state.watched_files()] == [b"d/b"]


def test_what_waits(state: ScanTable) -> None:
    first = state.begin_scan(10)
    state.wait(first, b"a", 1, WaitReason.SETTLING, 10)
    state.wait(first, b"b", 2, WaitReason.NO_ROOM, 10)
    assert state.last_scan_ns() is None
    state.end_scan(first, 11, 2)
    assert state.last_scan_ns() == 11
    second = state.begin_scan(20)
    state.wait(second, b"b", 3, WaitReason.UNREADABLE, 20)
    assert state.waiting(second) == [(b"b", 3, WaitReason.UNREADABLE, 10)]  # since the first scan that found it so
    assert len(state.waiting()) == 2
    state.end_scan(second, 21, 2)
    assert [path for path, *_ in state.waiting()] == [b"b"]
    state.wait_no_more(b"b")
    assert state.waiting() == []
