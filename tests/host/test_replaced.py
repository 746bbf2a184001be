"""What stands in the way: aside while the block runs, back where it fails, gone afterwards, and nothing else."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pybackup.host.locks import try_lock
from pybackup.host.replaced import replaced
from pybackup.host.temporaries import open_claimed


@pytest.fixture
def claimed(tmp_path: Path) -> Iterator[int]:
    fd = open_claimed(os.fsencode(tmp_path))
    yield fd
    os.close(fd)


def _plant(tmp_path: Path, kind: str) -> None:
    standing = tmp_path / "name"
    if kind == "file":
        standing.write_bytes(b"before")
    elif kind == "link":
        standing.symlink_to(tmp_path / "kept")
    elif kind == "fifo":
        os.mkfifo(standing)
    else:
        (standing / "deep/er").mkdir(parents=True)
        (standing / "deep/er/file").write_bytes(b"before")
        (standing / "deep/closed").mkdir(mode=0o000)
        (standing / "out").symlink_to(tmp_path / "kept")
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept/file").write_bytes(b"kept")


def _written(path: Path) -> bytes:
    path.write_bytes(b"somebody's")
    return b""


@pytest.mark.parametrize("kind", ["file", "link", "fifo", "directory"])
def test_it_goes_when_another_is_in_its_place(kind: str, claimed: int, tmp_path: Path) -> None:
    _plant(tmp_path, kind)
    with replaced(claimed, b"name"):
        assert not os.path.lexists(tmp_path / "name")
        (tmp_path / "name").write_bytes(b"new")
    assert sorted(os.listdir(tmp_path)) == ["kept", "name"]
    assert (tmp_path / "name").read_bytes() == b"new"
    assert (tmp_path / "kept/file").read_bytes() == b"kept"


@pytest.mark.parametrize("kind", ["file", "link", "fifo", "directory"])
@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
def test_it_is_back_where_the_block_fails(kind: str, error: BaseException, claimed: int, tmp_path: Path) -> None:
    _plant(tmp_path, kind)
    before = os.lstat(tmp_path / "name")
    with pytest.raises(type(error)), replaced(claimed, b"name"):
        raise error
    assert os.lstat(tmp_path / "name").st_ino == before.st_ino
    assert sorted(os.listdir(tmp_path)) == ["kept", "name"]


def test_what_took_the_name_meanwhile_is_not_overwritten(claimed: int, tmp_path: Path) -> None:
    _plant(tmp_path, "file")
    with pytest.raises(NotADirectoryError), replaced(claimed, b"name"):
        (tmp_path / "name/below").write_bytes(_written(tmp_path / "name"))
    assert (tmp_path / "name").read_bytes() == b"somebody's"
    left = [path for path in tmp_path.iterdir() if path.is_file() and path.name != "name"]
    assert [path.read_bytes() for path in left] == [b"before"]


def test_nothing_there_is_an_error(claimed: int, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), replaced(claimed, b"name"):
        raise AssertionError("not reached")
    assert os.listdir(tmp_path) == []


def test_a_tree_deeper_than_any_path_goes(claimed: int, tmp_path: Path) -> None:
    (tmp_path / "name").mkdir()
    below = os.open(tmp_path / "name", os.O_RDONLY | os.O_DIRECTORY)
    for _ in range(600):
        os.mkdir("directory", dir_fd=below)
        deeper = os.open("directory", os.O_RDONLY | os.O_DIRECTORY, dir_fd=below)
        os.close(below)
        below = deeper
    os.close(below)
    with replaced(claimed, b"name"):
        pass
    assert os.listdir(tmp_path) == []


# In a mount namespace of its own, which ends with the process.
_MOUNTED = """
import os, subprocess, sys
from pybackup.host.replaced import replaced
from pybackup.host.temporaries import open_claimed
subprocess.run(["mount", "--bind", "kept", "name/deep/er"], check=True)
try:
    with replaced(open_claimed(b"."), b"name"):
        sys.exit("it was put aside")
except OSError as error:
    print(error.strerror)
print(sorted(os.listdir(".")), os.listdir("name/deep/er"))
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a file system")
def test_what_is_mounted_below_stays(tmp_path: Path) -> None:
    _plant(tmp_path, "directory")
    command = ["unshare", "-m", sys.executable, "-c", _MOUNTED]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "a file system is mounted in the directory that stands there",
        "['kept', 'name'] ['file']",
    ]


@pytest.mark.parametrize("operation", ["scandir", "fstat"])
def test_a_directory_that_cannot_be_cleaned_is_left_to_others(
    operation: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Locked alone for cleaning, and never let go of, it would hold up whoever makes a temporary there."""

    def fails(*args: object, **how: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patch:
        patch.setattr(os, operation, fails)
        with pytest.raises(OSError, match="Input/output error"):
            open_claimed(os.fsencode(tmp_path))
    fd = os.open(tmp_path, os.O_RDONLY)
    try:
        assert try_lock(fd)
    finally:
        os.close(fd)
