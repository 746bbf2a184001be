"""The files of a directory that was named."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pybackup.errors import EnvironmentFailed
from pybackup.host.directories import files_in
from pybackup.host.temporaries import create, open_claimed


def test_files_and_links_to_them_in_the_order_of_their_bytes(tmp_path: Path) -> None:
    top = os.fsencode(tmp_path)
    for name in (b"b", b"a", b"\xff", b"B", b".hidden", b"new\nline"):
        with open(top + b"/" + name, "wb"):
            pass
    (tmp_path / "directory").mkdir()
    (tmp_path / "directory/below").touch()
    os.symlink("a", tmp_path / "link")
    os.symlink("directory", tmp_path / "link to a directory")
    os.symlink("missing", tmp_path / "broken")
    os.mkfifo(tmp_path / "fifo")
    expected = [b".hidden", b"B", b"a", b"b", b"link", b"new\nline", b"\xff"]
    assert files_in(top) == [top + b"/" + name for name in expected]


def test_half_made_files_are_none_though_other_names_like_theirs_are(tmp_path: Path) -> None:
    top = os.fsencode(tmp_path)
    directory = open_claimed(top)
    try:
        name, fd = create(directory, lambda free: os.open(free, os.O_CREAT | os.O_EXCL | os.O_WRONLY, dir_fd=directory))
        os.close(fd)
        assert os.listdir(tmp_path) == [os.fsdecode(name)]
        assert files_in(top) == []
    finally:
        os.close(directory)
    # The same name in another directory was made by nobody.
    (tmp_path / "other").mkdir()
    os.rename(top + b"/" + name, top + b"/other/" + name)
    assert files_in(top + b"/other") == [top + b"/other/" + name]


@pytest.mark.parametrize(("name", "reason"), [("missing", "No such file"), ("file", "Not a directory")])
def test_what_cannot_be_listed_is_named(name: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EnvironmentFailed, match=f"{tmp_path / name}: {reason}"):
        files_in(os.fsencode(tmp_path / name))
