"""The command line as a process, warnings as errors."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pybackup

Done = subprocess.CompletedProcess[bytes]


def run(*arguments: str, cwd: Path) -> Done:
    environment = {**os.environ, "PYTHONPATH": str(Path(pybackup.__file__).parents[1]), "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-W", "error", "-m", "pybackup", *arguments]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, check=False, timeout=300)


def parsed(done: Done) -> Any:
    """The one JSON object that was printed."""
    assert done.stdout.count(b"\n") == 1
    return json.loads(done.stdout)


def lines(output: bytes) -> list[str]:
    return output.decode().splitlines()
