"""A file kept in memory is read as the file itself is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pybackup.host.kept import KeptFile
from pybackup.host.storage import ArchiveFile


@given(st.integers(0, 15), st.integers(0, 15))
def test_it_answers_as_the_file_does(tmp_path_factory: pytest.TempPathFactory, offset: int, count: int) -> None:
    path = tmp_path_factory.getbasetemp() / "kept content"
    path.write_bytes(b"0123456789")
    with ArchiveFile(os.fsencode(path)) as file, KeptFile(file) as kept:
        assert kept.read_at(offset, count) == b"0123456789"[offset : offset + count] == file.read_at(offset, count)
        assert (kept.size, kept.path, kept.written, kept.is_drive) == (10, file.path, file.written, False)


def test_what_was_read_stays_though_the_file_changes_and_closing_leaves_the_file_open(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"before")
    with ArchiveFile(os.fsencode(tmp_path / "f")) as file:
        with KeptFile(file) as kept:
            (tmp_path / "f").write_bytes(b"behind")
            assert kept.read_at(0, 10) == b"before"
        assert file.read_at(0, 10) == b"behind"


@pytest.mark.parametrize("offset", [-1, -(1 << 63)])
def test_an_offset_that_is_none_is_an_error_as_of_the_file(offset: int, tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"content")
    with ArchiveFile(os.fsencode(tmp_path / "f")) as file, KeptFile(file) as kept:
        for either in (file, kept):
            with pytest.raises(OSError, match="Invalid argument"):
                either.read_at(offset, 3)
