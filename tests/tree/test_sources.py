"""Sources: one that is not there is refused, and one that would stand in the place of another file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pybackup.errors import UsageError
from pybackup.model.source import Source
from pybackup.tree.sources import look_at, reason_of, refuse_another_file, require


def test_a_source_that_is_not_there_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "dangling").symlink_to("nowhere")
    for name in ("file", "dangling"):
        require(Source(os.fsencode(tmp_path / name), b"name"))
    for name in ("none", "file/below"):
        with pytest.raises(UsageError, match=f"{name}: N"):
            require(Source(os.fsencode(tmp_path / name), b"name"))


def test_a_source_may_be_named_beside_its_directory_and_another_file_not(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).touch()
    (tmp_path / "hard").hardlink_to(tmp_path / "a")
    path = os.fsencode(tmp_path / "a")
    refuse_another_file(path, Source(path, b"name"))
    refuse_another_file(path, Source(os.fsencode(tmp_path / "hard"), b"name"))
    refuse_another_file(path, Source(os.fsencode(tmp_path / "gone"), b"name"))
    with pytest.raises(UsageError, match="would both be archived as"):
        refuse_another_file(path, Source(os.fsencode(tmp_path / "b"), b"name"))


def test_a_listed_file_with_a_slash_is_the_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    path = os.fsencode(tmp_path / "file") + b"/"
    source, name, status = look_at(Source(path, b"name", listed=True), path, None)
    assert (source.path, name, status.st_size) == (path[:-1], path[:-1], 0)
    with pytest.raises(NotADirectoryError):
        look_at(Source(path, b"name"), path, None)


def test_why_is_said_in_words() -> None:
    assert reason_of(OSError(13, "Permission denied")) == "Permission denied"
    assert reason_of(OSError("of no number")) == "of no number"
