"""Interrupts a command at every line that makes, names or removes temporaries: each time in a process of its own.

usage: every_line.py signal|exception ARGUMENTS, for a command that writes into the directory ``new``, which is
emptied each time. Prints a line of JSON for each moment that went wrong, and how many there were.
"""

from __future__ import annotations

import atexit
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pybackup
from pyactivity.ending import heed
from pybackup.cli.main import main

PACKAGE = Path(pybackup.__file__).parent
# Whatever begins a temporary file or a process, holds it while others write into it, or gives it its name.
WATCHED = {
    os.fspath(PACKAGE / name)
    for name in (
        "host/give_name.py",
        "host/output.py",
        "host/replaced.py",
        "host/scratch.py",
        "host/second_process.py",
        "host/temporaries.py",
        "host/workers.py",
        "make/seal.py",
        "make/sidecar.py",
        "make/volumes.py",
        "mend/assemble.py",
        "tree/place.py",
        "tree/site.py",
        "tree/special.py",
        "tree/staged.py",
    )
}
NEW = Path("new")
PATIENCE_SECONDS = 60

Line = tuple[str, int]


class Tracer:
    """Calls a function at each line that is watched, in the main thread of this process."""

    def __init__(self, at: Callable[[Line], None]) -> None:
        self._at = at
        self._owner = os.getpid()

    def __call__(self, frame: FrameType, event: str, argument: object) -> Any:
        if frame.f_code.co_filename not in WATCHED or os.getpid() != self._owner:
            return None
        if event == "line":
            self._at((frame.f_code.co_filename, frame.f_lineno))
        return self


def traced(at: Callable[[Line], None], arguments: list[str]) -> int:
    sys.settrace(Tracer(at))
    try:
        return main(arguments)
    finally:
        sys.settrace(None)


def empty() -> None:
    shutil.rmtree(NEW, ignore_errors=True)
    if Path("before").is_dir():
        shutil.copytree("before", NEW, symlinks=True)
    else:
        NEW.mkdir()


def in_a_child(run: Callable[[], int]) -> int:
    """Return the status of a process of its own, -9 for one that had to be killed."""
    child = os.fork()
    if not child:
        status = 99
        try:
            for number, name in ((1, "out"), (2, "said")):
                fd = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
                os.dup2(fd, number)
                os.close(fd)
            status = run()
        finally:
            os._exit(status)
    until = time.monotonic() + PATIENCE_SECONDS
    while not os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT | os.WNOHANG):
        if time.monotonic() > until:
            os.kill(child, signal.SIGKILL)
        time.sleep(0.001)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def lines_of(arguments: list[str]) -> list[Line]:
    """Each watched line that the command comes by, once, when all its modules are loaded."""
    seen: dict[Line, None] = {}
    for _ in range(2):
        seen.clear()
        empty()
        assert traced(lambda line: seen.setdefault(line), arguments) == 0, arguments
    return list(seen)


def interrupted(how: str, at: Line, arguments: list[str]) -> int:
    """Run the command, and interrupt it when it comes by a line for the first time."""

    def by(line: Line) -> None:
        if line == at:
            sys.settrace(None)
            if how == "exception":
                raise KeyboardInterrupt
            signal.raise_signal(signal.SIGINT)

    if how == "signal":
        heed("pybackup")
    status = traced(by, arguments)
    atexit._run_exitfuncs()  # as Python does in the end
    return status


def content(root: Path) -> dict[str, bytes]:
    return {
        os.fspath(path.relative_to(root)): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and not path.is_symlink()
    }


def wrong(status: int, allowed: dict[str, set[bytes]]) -> Iterator[str]:
    """Say what is not as it should be behind an interrupted run."""
    said = Path("said").read_text()
    if status != 130 or said.splitlines()[-1:] != ["pybackup: interrupted"] or "Traceback" in said:
        yield f"status {status}: {said}"
    for name, data in content(NEW).items():
        if ".pybackup-" in name:
            yield f"left: {name}"
        elif data not in allowed.get(name, ()):
            yield f"not whole: {name}"
    left = [path.name for path in Path().iterdir() if ".pybackup-" in path.name]
    if left:
        yield f"left: {left}"


def interrupt_everywhere(how: str, arguments: list[str]) -> None:
    lines = lines_of(arguments)
    allowed: dict[str, set[bytes]] = {name: {data} for name, data in content(NEW).items()}
    empty()
    for name, data in content(NEW).items():
        allowed.setdefault(name, set()).add(data)
    # Half of the lines by a signal, the others by an exception; all of them where nothing is left out.
    tried = lines if os.environ.get("PYBACKUP_EVERY_DAMAGE") else lines[how == "exception" :: 2]
    for at in tried:
        empty()
        status = in_a_child(lambda at=at: interrupted(how, at, arguments))  # type: ignore[misc]
        if faults := list(wrong(status, allowed)):
            print(json.dumps({"line": f"{os.path.relpath(at[0], PACKAGE)}:{at[1]}", "faults": faults}))
    print(json.dumps({"moments": len(tried)}))


if __name__ == "__main__":
    interrupt_everywhere(sys.argv[1], sys.argv[2:])
