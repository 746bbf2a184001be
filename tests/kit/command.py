"""The command line as a process, warnings as errors; and the script rescue.py as one."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pybackup
from pybackup.standalone import rescue as rescue_script

from .warm import Warm

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


def run(*arguments: Argument, cwd: Path | None = None, stdin: bytes = b"", **environment: str) -> Done:
    """Run a verb to its end, with so much more in its environment."""
    return run_module("pybackup", *arguments, cwd=cwd, stdin=stdin, environment=ENVIRONMENT | environment)


def run_module(
    module: str,
    *arguments: Argument,
    cwd: Path | None = None,
    stdin: bytes = b"",
    environment: Mapping[str, str] = ENVIRONMENT,
) -> Done:
    """Run ``python -W error -m module`` to its end; by fork where an interpreter's start has no part in it."""
    given = [os.fspath(argument) for argument in arguments]
    if _read_at_start(environment) == _read_at_start(ENVIRONMENT):
        return _warm().run(module, given, environment=environment, cwd=cwd, stdin=stdin)
    command = [sys.executable, "-W", "error", "-m", module, *given]
    return subprocess.run(command, cwd=cwd, env=environment, input=stdin, capture_output=True, check=False, timeout=300)


def _read_at_start(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith(("PYTHON", "LC_", "LANG", "MALLOC_"))}


@cache
def _warm() -> Warm:
    return Warm(ENVIRONMENT)


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
