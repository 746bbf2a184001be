"""Locks of files and directories: who has one, who gets one, and who no longer has it."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pybackup.host.locks import try_lock

_HOLDS = """
import os, sys
from pybackup.host.locks import try_lock
print(try_lock(os.open(sys.argv[1], os.O_RDONLY), shared=sys.argv[2] == "shared"), flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("held", ["shared", "alone"])
@pytest.mark.parametrize("wanted", ["shared", "alone"])
def test_a_lock_is_had_unless_another_process_has_it(held: str, wanted: str, tmp_path: Path) -> None:
    fd = os.open(tmp_path, os.O_RDONLY)
    command = [sys.executable, "-c", _HOLDS, str(tmp_path), held]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"True\n"
        assert try_lock(fd, shared=wanted == "shared") == (held == wanted == "shared")
        other.kill()
    assert try_lock(fd)
    os.close(fd)


def test_a_file_system_without_locks_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def without(fd: int, how: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", without)
    fd = os.open(tmp_path, os.O_RDONLY)
    with pytest.raises(OSError, match="No locks"):
        try_lock(fd)
    os.close(fd)
