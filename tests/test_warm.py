"""Runs by fork from a warm process are what runs of an interpreter of their own are."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from kit.command import ENVIRONMENT
from kit.warm import Warm

PROGRAM = """
import atexit, os, signal, sys, time

def run():
    atexit.register(print, "at exit")
    what, *_ = sys.argv[1:]
    sys.stdout.write(sys.stdin.read())
    print(ascii(sys.argv[1:]), os.getcwd(), os.environ["OWN"], "HOME" in os.environ, time.tzname)
    print(oct(os.umask(0)), [stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)], file=sys.stderr)
    print(signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGPIPE))
    if what == "die":
        sys.stdout.flush()
        os.kill(os.getpid(), signal.SIGTERM)
    if what == "hang":
        time.sleep(600)
    if what == "fail":
        raise ValueError(what)
    sys.exit({"none": None, "three": 3, "words": "words"}[what])

if __name__ == "__main__":
    run()
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("warm")
    (place / "program").mkdir()
    (place / "program/__init__.py").write_text("")
    (place / "program/__main__.py").write_text(PROGRAM)
    return place


@pytest.fixture(scope="module")
def environment(place: Path) -> dict[str, str]:
    return ENVIRONMENT | {"PYTHONPATH": f"{place}:{ENVIRONMENT['PYTHONPATH']}"}


@pytest.fixture(scope="module")
def warm(environment: dict[str, str]) -> Iterator[Warm]:
    process = Warm(environment)
    yield process
    process.close()


@pytest.mark.parametrize("what", ["none", "three", "words", "fail", "die"])
def test_the_same_as_an_interpreter(what: str, place: Path, warm: Warm, environment: dict[str, str]) -> None:
    words: list[str | bytes] = [what, "a b", b"\xff", "\N{SNOWMAN}"]
    own = {"OWN": "\udcff", "TZ": "Asia/Tokyo", "PATH": environment["PATH"]}
    own |= {name: value for name, value in environment.items() if name.startswith(("PYTHON", "LC_", "LANG"))}
    stdin = b"given\n" * 50_000
    one = warm.run("program", [os.fsdecode(word) for word in words], environment=own, cwd=place, stdin=stdin)
    command = [sys.executable, "-W", "error", "-m", "program", *words]
    other = subprocess.run(command, env=own, cwd=place, input=stdin, capture_output=True, check=False)
    assert one.returncode == other.returncode
    assert one.stdout == other.stdout
    assert one.stderr.splitlines()[-1:] == other.stderr.splitlines()[-1:]
    assert one.stderr.splitlines()[0] == other.stderr.splitlines()[0]


def test_one_that_hangs_is_killed_and_the_next_runs(place: Path, warm: Warm, environment: dict[str, str]) -> None:
    environment = environment | {"OWN": "x"}
    with pytest.raises(subprocess.TimeoutExpired):
        warm.run("program", ["hang"], environment=environment, cwd=place, seconds=0.3)
    assert warm.run("program", ["three"], environment=environment, cwd=place).returncode == 3
