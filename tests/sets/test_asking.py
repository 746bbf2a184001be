"""Volumes that are needed and not there are asked for at a terminal, by their labels."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

from roundtrip.manifest import differences, manifest

from .making import make, volumes


def at_terminal(*arguments: str | Path, answers: list[str]) -> tuple[int, str]:
    """Run the command line at a terminal, answering each question in turn; return its status and all that was shown."""
    master, slave = pty.openpty()
    command = [sys.executable, "-W", "error", "-m", "pybackup", *arguments]
    process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, close_fds=True)
    os.close(slave)
    shown = b""
    left = list(answers)
    while True:
        try:
            data = os.read(master, 4096)
        except OSError:  # as a terminal says that nobody is left at its other end
            break
        if not data:
            break
        shown += data
        if left and shown.count(b"go on without it): ") > len(answers) - len(left):
            os.write(master, os.fsencode(left.pop(0)) + b"\n")
    os.close(master)
    return process.wait(), shown.decode(errors="replace")


def test_the_volume_that_is_asked_for_is_taken_and_another_is_not(tree: Path, docs: Path, tmp_path: Path) -> None:
    make(tree, tmp_path / "strangers", first=(), size=4_000_000)
    paths = volumes(docs)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(paths[2].read_bytes())
    given = [path for number, path in enumerate(paths) if number != 2]
    answers = [str(given[0]), str(tmp_path / "nothing"), str(volumes(tmp_path / "strangers")[0]), str(elsewhere)]
    status, shown = at_terminal("extract", *given, "--to", tmp_path / "out", answers=answers)
    assert status == 0, shown
    assert shown.count("docs 3 is needed") == 4
    assert f"{given[0]}: that is docs 1, not docs 3" in shown.replace("\r\n", "")
    assert "nothing: no such file or device" in shown.replace("\r\n", "")
    assert "is of another set than" in shown
    assert differences(manifest(tree), manifest(tmp_path / "out/tree")) == []


def test_who_has_it_not_goes_on_without(docs: Path, tmp_path: Path) -> None:
    given = [path for number, path in enumerate(volumes(docs)) if number not in (1, 2)]
    status, shown = at_terminal("extract", *given, "--to", tmp_path / "out", answers=["", ""])
    assert status == 1
    assert "docs 2 is needed" in shown
    assert "docs 3 is needed" in shown
    assert (tmp_path / "out/tree/d7").is_dir()


def test_another_volume_that_is_needed_too_is_taken(docs: Path, tmp_path: Path) -> None:
    paths = volumes(docs)
    given = [path for number, path in enumerate(paths) if number not in (1, 2)]
    answers = [str(paths[2]), str(paths[1])]
    status, shown = at_terminal("extract", *given, "--to", tmp_path / "out", answers=answers)
    assert status == 0, shown
    assert shown.count("docs 2 is needed") == 2
    assert "docs 3 is needed" not in shown
    assert "that is docs 3, not docs 2" in shown


def test_what_is_not_known_is_said_once(docs: Path, tmp_path: Path) -> None:
    """Where a directory is wanted, both the job and the command told that there may be more of it."""
    status, shown = at_terminal("extract", volumes(docs)[0], "tree/d0", "--to", tmp_path / "out", answers=[])
    assert status == 1
    # As it happens, and again at the end.
    assert shown.count("what they hold is not known") == 2
    assert "1 problem:" in shown
    assert "salvage" not in shown
