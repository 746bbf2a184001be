"""The command line as a process, warnings as errors; and the script rescue.py as one."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pybackup
from pybackup.standalone import rescue as rescue_script

ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"},
    "PYTHONPATH": str(Path(pybackup.__file__).parents[1]),
    "PYTHONIOENCODING": "utf-8",
    "PYTHONDONTWRITEBYTECODE": "1",
    "TZ": "UTC",
}
COMMAND = [sys.executable, "-W", "error", "-m", "pybackup"]

Argument = str | bytes | Path
Arguments = Sequence[Argument]
Done = subprocess.CompletedProcess[bytes]


def run(*arguments: Argument, cwd: Path | None = None, stdin: bytes = b"") -> Done:
    """Run a verb to its end."""
    return subprocess.run(
        [*COMMAND, *arguments], cwd=cwd, env=ENVIRONMENT, input=stdin, capture_output=True, check=False, timeout=300
    )


def parsed(done: Done) -> Any:
    """The one JSON object that was printed."""
    assert done.stdout.count(b"\n") == 1
    return json.loads(done.stdout)


def lines(output: bytes) -> list[str]:
    """What was printed, by lines."""
    return output.decode().splitlines()


SCRIPT = Path(rescue_script.__file__)


def run_rescue(*arguments: str | Path, before: Callable[[], None] | None = None) -> subprocess.CompletedProcess[str]:
    """The script alone, without all that is installed; ``before`` is called in the new process."""
    command = [sys.executable, "-I", SCRIPT, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd="/", preexec_fn=before)
