"""Errors in words: what went wrong first, and what to do about it."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from pybackup.cli.reasons import words_of_end
from pybackup.cli.statuses import Status
from pybackup.errors import UsageError


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (KeyboardInterrupt(), Status.INTERRUPTED, "interrupted"),
        (MemoryError(), Status.ENVIRONMENT, "fewer --workers"),
        (RuntimeError("can't start new thread"), Status.ENVIRONMENT, "ulimit -u"),
        (OSError(errno.EIO, "Input/output error", b"a\n\xff"), Status.ENVIRONMENT, r"Input/output error: a\n"),
        (OSError("no number"), Status.ENVIRONMENT, "no number"),
        (UsageError("first\nsecond\x1b[2J"), Status.USAGE, "first\nsecond"),
        (ZeroDivisionError("x"), Status.BUG, "this is a bug"),
    ],
)
def test_words(error: BaseException, status: Status, words: str) -> None:
    said = words_of_end(error, status)
    assert words in said
    assert "\x1b" not in said


def test_of_a_library_that_cannot_be_loaded_the_first_cause_is_said() -> None:
    try:
        try:
            raise ImportError("libfoo.so: cannot open")
        except ImportError as error:
            raise ImportError("a page of advice") from error
    except ImportError as error:
        said = words_of_end(error, Status.ENVIRONMENT)
    assert "libfoo.so: cannot open" in said
    assert "advice" not in said


def test_a_working_directory_that_is_gone_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    os.rmdir(tmp_path / "gone")
    error = FileNotFoundError(errno.ENOENT, "No such file or directory")
    assert "change to another one" in words_of_end(error, Status.ENVIRONMENT)
    monkeypatch.chdir(tmp_path)
    assert words_of_end(error, Status.ENVIRONMENT) == "No such file or directory"
