"""The progress bar is drawn while a phase reports nothing, and no more once it has been removed."""

from __future__ import annotations

import io
import os
import pty
import sys
import threading

import pytest

from pybackup.cli.bar import STEPS, Beat, make_bar


def test_it_beats_until_it_is_stopped() -> None:
    drawn = threading.Semaphore(0)
    beat = Beat(lambda: drawn.release())
    beat.start()
    for _ in range(2):
        assert drawn.acquire(timeout=60)
    beat.stop()
    assert not beat.is_alive()


def test_one_that_could_not_be_started_can_be_stopped() -> None:
    Beat(lambda: None).stop()


def test_it_goes_to_standard_error_and_is_gone_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as stream, io.FileIO(ours) as shown:
        monkeypatch.setattr(sys, "stderr", stream)
        bar = make_bar()
        bar.n, bar.desc, bar.figures = STEPS // 2, "reading:", "5 files"
        bar.refresh()
        half = shown.read(10_000) or b""
        bar.close()
        after = shown.read(10_000) or b""
    assert b"reading:  50%|" in half
    assert b"5 files" in half
    assert after.rpartition(b"\r")[2].strip() == b""
