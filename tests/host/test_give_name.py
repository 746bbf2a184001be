"""Names given in one step: by a rename that replaces, by one that does not, and where the system has no such rename."""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pybackup.host import give_name


@pytest.fixture(params=["renameat2", "link", "look first"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """By which means a name is given that nothing may have."""

    def refused(*arguments: object, **named: object) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    if request.param != "renameat2":
        monkeypatch.setattr(give_name, "_renameat2", lambda *_: ctypes.set_errno(errno.EINVAL) or -1)
    if request.param == "look first":
        monkeypatch.setattr(os, "link", refused)
    return str(request.param)


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[int]:
    """The directory of the test, open; a file named ``made`` is in it."""
    (tmp_path / "made").write_text("made")
    fd = os.open(tmp_path, os.O_RDONLY)
    yield fd
    os.close(fd)


@pytest.mark.usefixtures("way")
def test_a_free_name_is_given(directory: int, tmp_path: Path) -> None:
    give_name.give_name(directory, b"made", b"name", directory, replace=False)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"name": "made"}


@pytest.mark.usefixtures("way")
def test_a_name_that_is_taken_is_not(directory: int, tmp_path: Path) -> None:
    (tmp_path / "name").write_text("there before")
    with pytest.raises(FileExistsError):
        give_name.give_name(directory, b"made", b"name", directory, replace=False)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"made": "made", "name": "there before"}


def test_a_name_that_is_taken_is_given_where_that_is_wanted(directory: int, tmp_path: Path) -> None:
    (tmp_path / "name").write_text("there before")
    give_name.give_name(directory, b"made", b"name", directory, replace=True)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"name": "made"}


@pytest.mark.usefixtures("way")
def test_the_name_may_be_in_another_directory(directory: int, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = os.open(tmp_path / "other", os.O_RDONLY)
    give_name.give_name(directory, b"made", b"name", other, replace=False)
    os.close(other)
    assert (tmp_path / "other/name").read_text() == "made"
    assert not (tmp_path / "made").exists()
