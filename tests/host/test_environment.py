"""What the system refuses is said with the path, and with what to do about it."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from pybackup.errors import EnvironmentFailed
from pybackup.host.environment import environment, make_directory


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        (errno.ENOSPC, "; free some space there, or write elsewhere"),
        (errno.EDQUOT, "; free some space there, or write elsewhere"),
        (errno.EACCES, "; choose a place you may write to"),
        (errno.EROFS, "; choose a place you may write to"),
        (errno.EIO, ""),
    ],
    ids=lambda value: errno.errorcode.get(value, ""),
)
def test_the_path_is_named_and_what_to_do(code: int, advice: str) -> None:
    with pytest.raises(EnvironmentFailed) as caught, environment(b"some/where"):
        raise OSError(code, os.strerror(code))
    assert str(caught.value) == f"some/where: {os.strerror(code)}{advice}"


def test_directories_above_are_made_too_and_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    make_directory(os.fsencode(tmp_path / "a/b/c"))
    make_directory(os.fsencode(tmp_path / "a/b/c"))
    assert (tmp_path / "a/b/c").is_dir()
    (tmp_path / "file").touch()
    with pytest.raises(EnvironmentFailed, match="file/d: Not a directory"):
        make_directory(os.fsencode(tmp_path / "file/d"))
