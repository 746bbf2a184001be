"""What is to be decoded is read as a whole; what cannot be is said in words."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from pybackup.compress.read_there import read_there
from pybackup.errors import Damaged
from pybackup.host.storage import ArchiveFile


@pytest.fixture
def path(tmp_path: Path) -> bytes:
    (tmp_path / "file").write_bytes(b"0123456789")
    return os.fsencode(tmp_path / "file")


def test_all_is_read(path: bytes) -> None:
    with ArchiveFile(path) as file:
        assert read_there(file, 0, 10) == b"0123456789"
        assert read_there(file, 4, 2) == b"45"
        assert read_there(file, 10, 0) == b""


@pytest.mark.parametrize(("offset", "count"), [(0, 11), (9, 2), (11, 1), (0, 1 << 60)])
def test_what_ends_before_is_damaged(offset: int, count: int, path: bytes) -> None:
    with ArchiveFile(path) as file, pytest.raises(Damaged, match="ends before it"):
        read_there(file, offset, count)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.EIO, "Input/output error"), "cannot be read there: Input/output error"),
        (OSError(errno.ENOMEDIUM, "it lies on volume 3"), "it lies on volume 3"),
    ],
)
def test_what_cannot_be_read_is_said(error: OSError, words: str, path: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(file: ArchiveFile, offset: int, count: int) -> bytes:
        raise error

    monkeypatch.setattr(ArchiveFile, "read_at", failing)
    with ArchiveFile(path) as file, pytest.raises(Damaged, match=words):
        read_there(file, 0, 1)
