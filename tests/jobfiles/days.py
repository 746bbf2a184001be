"""Runs of a job on given days."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pybackup.cli.main import main
from pybackup.jobfiles import perform


class Days:
    """Runs a job on given days, and returns the reports."""

    def __init__(self, path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._path = path
        self._capsys = capsys
        self._monkeypatch = monkeypatch

    @staticmethod
    def seconds(day: str) -> int:
        return int(datetime.fromisoformat(f"{day} 12:00").timestamp())

    def run(self, days: Sequence[str], status: int = 0, *options: str) -> dict[str, Any]:
        for day in days:
            now = self.seconds(day)
            clock = SimpleNamespace(time=lambda now=now: now, localtime=time.localtime, strftime=time.strftime)
            self._monkeypatch.setattr(perform, "time", clock)
            self._monkeypatch.setenv("SOURCE_DATE_EPOCH", str(now))  # when a run of a chain begins
            found = main(["run", str(self._path), "--json", *options])
            told = self._capsys.readouterr()
            assert found == status, told.err
        report = json.loads(told.out)
        assert isinstance(report, dict)
        return report
