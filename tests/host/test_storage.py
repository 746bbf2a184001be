"""Files as archives and copies: what is opened, and what is refused without waiting for it."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from pybackup.errors import UsageError
from pybackup.host.storage import ArchiveFile

# A child, so that one that waits for ever fails and is no hanging test.
_OPENS = "import os, sys; from pybackup.host.storage import ArchiveFile; ArchiveFile(os.fsencode(sys.argv[1]))"


def test_a_fifo_is_refused_without_waiting_for_a_writer(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "ff")
    done = subprocess.run([sys.executable, "-c", _OPENS, tmp_path / "ff"], capture_output=True, timeout=60, check=False)
    assert done.returncode == 1
    assert f"UsageError: {tmp_path / 'ff'}: is a FIFO; a regular file or a block device".encode() in done.stderr


@pytest.mark.parametrize(
    "words",
    [("repair", "ff", "-o", "o"), ("protect", "ff"), ("verify", "ff"), ("salvage", "ff", "--to", "o")],
    ids=lambda words: words[0],
)
def test_verbs_name_the_fifo(words: tuple[str, ...], tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "ff")
    command = [sys.executable, "-m", "pybackup", *words]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"ff: is a FIFO" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["ff"]


def test_a_fifo_that_took_the_place_of_a_file_is_refused_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_bytes(b"file")
    os.mkfifo(tmp_path / "ff")
    status = os.stat(tmp_path / "file")
    before = set(os.listdir("/proc/self/fd"))
    monkeypatch.setattr(os, "stat", lambda path, **options: status)
    with pytest.raises(UsageError, match="is a FIFO"):
        ArchiveFile(os.fsencode(tmp_path / "ff"))
    assert set(os.listdir("/proc/self/fd")) == before


def test_what_has_no_offsets_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a directory"):
        ArchiveFile(os.fsencode(tmp_path))
    with pytest.raises(UsageError, match="/dev/null: is a character device"):
        ArchiveFile(b"/dev/null")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.fspath(tmp_path / "socket"))
        with pytest.raises(UsageError, match="is a socket"):
            ArchiveFile(os.fsencode(tmp_path / "socket"))
    with pytest.raises(UsageError, match="no such file"):
        ArchiveFile(os.fsencode(tmp_path / "missing"))


def test_a_file_is_read_by_a_link_to_it_and_waits_as_usual(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    (tmp_path / "link").symlink_to("file")
    with ArchiveFile(os.fsencode(tmp_path / "link")) as file:
        assert (file.size, file.read_at(3, 10)) == (7, b"tent")
        assert os.get_blocking(file._fd)
        assert stat.S_ISREG(os.fstat(file._fd).st_mode)
