"""Where files have data and where holes, by files whose holes are known."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pybackup.tree.holes import data_extents, open_untouched, sparse_layout

MIB = 1 << 20


def _sparse(path: Path, size: int, pieces: dict[int, bytes]) -> bytes:
    with open(path, "wb") as file:
        for at, data in pieces.items():
            file.seek(at)
            file.write(data)
        file.truncate(size)
    return os.fsencode(path)


@pytest.mark.parametrize(
    ("size", "pieces"),
    [
        (MIB, {}),
        (MIB, {0: b"x" * 8192}),
        (MIB, {MIB - 5: b"end.."}),
        (4 * MIB, {MIB: b"a" * 100_000, 3 * MIB: b"b"}),
    ],
)
def test_data_lies_within_the_extents_and_holes_between(tmp_path: Path, size: int, pieces: dict[int, bytes]) -> None:
    path = _sparse(tmp_path / "f", size, pieces)
    extents = data_extents(path, size)
    content = (tmp_path / "f").read_bytes()
    at = 0
    for start, length in extents:
        # On whole blocks, ascending, and zeros between.
        assert start % 512 == 0
        assert start >= at
        assert not any(content[at:start])
        at = start + length
        assert at <= size
        assert at % 512 == 0 or at == size
    assert not any(content[at:])
    assert sum(length for _, length in extents) < size


@pytest.mark.parametrize("size", [0, 1, 100_000])
def test_a_file_without_holes_is_all_data(tmp_path: Path, size: int) -> None:
    (tmp_path / "f").write_bytes(b"x" * size)
    assert data_extents(os.fsencode(tmp_path / "f"), size) == ([(0, size)] if size else [])
    fd = os.open(tmp_path / "f", os.O_RDONLY)
    assert sparse_layout(fd, size) is None or size == 0
    os.close(fd)


def test_what_cannot_be_looked_at_has_all_of_it(tmp_path: Path) -> None:
    assert data_extents(os.fsencode(tmp_path / "missing"), 500) == [(0, 500)]
    (tmp_path / "link").symlink_to(_sparse(tmp_path / "f", MIB, {}))
    assert data_extents(os.fsencode(tmp_path / "link"), MIB) == [(0, MIB)]


def test_a_file_that_grew_since_it_was_planned_is_read_as_a_whole(tmp_path: Path) -> None:
    fd = os.open(_sparse(tmp_path / "f", 2 * MIB, {}), os.O_RDONLY)
    assert sparse_layout(fd, MIB) is None
    os.close(fd)


def test_the_file_is_at_its_start_again(tmp_path: Path) -> None:
    fd = os.open(_sparse(tmp_path / "f", MIB, {MIB // 2: b"x"}), os.O_RDONLY)
    assert sparse_layout(fd, MIB) is not None
    assert os.lseek(fd, 0, os.SEEK_CUR) == 0
    os.close(fd)


def test_reading_keeps_the_access_time_and_follows_no_link(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"x")
    os.utime(tmp_path / "f", ns=(1000, 2000))
    fd = open_untouched(os.fsencode(tmp_path / "f"))
    assert os.read(fd, 5) == b"x"
    os.close(fd)
    assert os.stat(tmp_path / "f").st_atime_ns == 1000
    (tmp_path / "link").symlink_to("f")
    with pytest.raises(OSError, match="symbolic"):
        open_untouched(os.fsencode(tmp_path / "link"))


# A child, so that one that waits for ever fails and is no hanging test.
_OPENS = "import os, sys; from pybackup.tree.holes import open_untouched; open_untouched(os.fsencode(sys.argv[1]))"


def test_no_fifo_is_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    assert subprocess.run([sys.executable, "-c", _OPENS, tmp_path / "fifo"], timeout=60, check=False).returncode == 0
