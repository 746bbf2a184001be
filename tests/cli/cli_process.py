"""The command line as a process, warnings as errors."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pybackup

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
    return subprocess.run(
        [*COMMAND, *arguments], cwd=cwd, env=ENVIRONMENT, input=stdin, capture_output=True, check=False, timeout=300
    )


def parsed(done: Done) -> Any:
    """The one JSON object that was printed."""
    assert done.stdout.count(b"\n") == 1
    return json.loads(done.stdout)


def lines(output: bytes) -> list[str]:
    return output.decode().splitlines()


def plant(root: Path) -> Path:
    """A small tree with a bit of everything that verbs show; returns it."""
    docs = root / "docs"
    (docs / "empty").mkdir(parents=True)
    (docs / "sub").mkdir()
    (docs / "letter.txt").write_text("Dear reader\n" * 50)
    (docs / "sub/b.tmp").write_text("scratch")
    (docs / "sub/b.txt").write_text("keep")
    (docs / "link").symlink_to("letter.txt")
    os.link(docs / "letter.txt", docs / "twin")
    for name in (b"new\nline", b"lat\xff", b"back\\slash", b"\x1b[31mred"):
        with open(os.fsencode(docs) + b"/" + name, "wb") as file:
            file.write(b"odd")
    for directory, _, names in os.walk(docs, topdown=False):
        for found in names:
            os.utime(Path(directory) / found, ns=(0, 1_700_000_000_123_456_789), follow_symlinks=False)
    return docs
