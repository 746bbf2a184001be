"""Programs that are killed while they work."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

# A killed parent leaves its workers for as long as they look away.
PATIENCE_SECONDS = 30
REPOSITORY = Path(__file__).parents[2]


def start(script: str, *arguments: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )


def kill_after(process: subprocess.Popen[bytes], seconds: float, *, group: bool) -> None:
    """Kill -9 so long after it began to work: it alone, or with all its workers."""
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    time.sleep(seconds)
    if group:
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()
    process.stdout.close()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (left := session(process.pid)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert left == [], "workers outlive their parent"


def session(leader: int) -> list[int]:
    """Processes of a session that are not dead yet."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                fields = Path("/proc", name, "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[3]) == leader and fields[0] not in "ZX":
                found.append(int(name))
    return found
