"""Tests leave nothing in memory, even where a worker, or the whole run, is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from kit.memory import ROOM, memory

TESTS = Path(__file__).parent
CASE = """
import os, signal
from pathlib import Path
from kit.memory import fast_directory

def test_dies():
    with fast_directory() as base:
        Path("where").write_text(str(base))
        os.kill({victim}, signal.SIGKILL)
        signal.pause()
"""


def run(room: Path, victim: str) -> tuple[int, Path]:
    """Run a test that kills; return the exit status, and where it had a directory."""
    (room / "test_case.py").write_text(CASE.format(victim=victim))
    (room / "conftest.py").write_text((TESTS / "conftest.py").read_text())
    environment = {name: value for name, value in os.environ.items() if name != ROOM and "PYTEST" not in name}
    options = ["-n", "1", "--max-worker-restart", "0", "-p", "no:cacheprovider", "--rootdir", str(room)]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *options, "test_case.py"],
        cwd=room,
        env={**environment, "PYTHONPATH": str(TESTS)},
        capture_output=True,
        check=False,
        timeout=300,
    )
    return done.returncode, Path((room / "where").read_text())


def test_a_killed_worker_leaves_nothing(tmp_path: Path) -> None:
    status, base = run(tmp_path, "os.getpid()")
    assert status == pytest.ExitCode.TESTS_FAILED
    assert base.parent.parent == memory()
    assert not base.parent.exists()


def test_what_a_killed_run_leaves_the_next_one_removes(tmp_path: Path) -> None:
    status, base = run(tmp_path, "os.getppid()")
    assert status == -signal.SIGKILL
    assert base.parent.exists()
    run(tmp_path, "os.getpid()")
    assert not base.parent.exists()
