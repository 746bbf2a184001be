"""Ctrl-C at any moment, also during imports, gives one line and exit status 130."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from kit.command import ENVIRONMENT, run
from kit.signals import wait_until_asleep
from kit.trees import plant_docs

import pybackup

RESCUE = Path(pybackup.__file__).parent / "standalone/rescue.py"


@pytest.fixture(autouse=True)
def heeded() -> Iterator[None]:
    """Shells start background commands with signals ignored, and child processes inherit that; undo it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def interrupted_at(module: str, number: int, command: list[str | Path], cwd: Path) -> tuple[int, list[str]]:
    """Interrupt a command a number of imports after ``module`` was imported; return its status and last line."""
    with subprocess.Popen(
        [sys.executable, "-X", "importtime", *command],
        cwd=cwd,
        env=ENVIRONMENT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        # The process waits for its reader, and so does not run ahead of the count.
        fcntl.fcntl(process.stderr, fcntl.F_SETPIPE_SZ, 4096)
        begun = False
        for line in process.stderr:
            begun = begun or line.split("|")[-1].strip() == module
            number -= begun
            if number < 0:
                break
        process.send_signal(signal.SIGINT)
        said = [line.rstrip("\n") for line in process.stderr if not line.startswith("import time:")]
    return process.returncode, said


@pytest.mark.parametrize("number", range(5, 205, 20))
@pytest.mark.parametrize("verb", ["create", "verify", "extract", "disc"])
def test_while_modules_load(verb: str, number: int, tmp_path: Path) -> None:
    """Interrupt at ten moments, counted in imports. Before the first import Python itself starts, which is not ours."""
    plant_docs(tmp_path)
    assert run("create", "docs", "-o", "made.xtar", "--quiet", cwd=tmp_path).returncode == 0
    arguments = {
        "create": ["create", "docs", "-o", "new.xtar"],
        "verify": ["verify", "made.xtar"],
        "extract": ["extract", "made.xtar", "--to", "back"],
        "disc": ["disc", "build", "made.xtar", "--to", "images"],
    }[verb]
    status, said = interrupted_at("pybackup.errors", number, ["-m", "pybackup", *arguments], tmp_path)
    assert (status, said) == (130, ["pybackup: interrupted"])
    assert [path for path in tmp_path.rglob("*") if path.suffix in (".partial", ".tmp") and path.name != "b.tmp"] == []


@pytest.mark.parametrize("number", range(5, 105, 10))
def test_while_modules_of_pyactivity_load(number: int, tmp_path: Path) -> None:
    status, said = interrupted_at("pyactivity", number, ["-m", "pyactivity", tmp_path], tmp_path)
    assert (status, said) == (130, ["pyactivity: interrupted"])


def test_rescue_is_interrupted(tmp_path: Path) -> None:
    """The command waits to open its archive, a pipe, when the signal comes."""
    pipe = tmp_path / "archive"
    os.mkfifo(pipe)
    command = [sys.executable, str(RESCUE), "list", str(pipe)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        wait_until_asleep(process.pid)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (130, b"interrupted\n")
