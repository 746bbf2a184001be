"""Timers: systemd itself says whether they are valid, and when they would run."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from pybackup.cli.main import main
from pybackup.jobfiles.schedule import parse_schedule

TABLE = [
    ("hourly", "hourly", "0 * * * *"),
    ("daily", "daily", "0 0 * * *"),
    ("weekly", "weekly", "0 0 * * 1"),
    ("monthly", "monthly", "0 0 1 * *"),
    ("02:30", "*-*-* 02:30:00", "30 2 * * *"),
    ("sun 2:05", "Sun *-*-* 02:05:00", "5 2 * * 0"),
    ("Friday 23:59", "Fri *-*-* 23:59:00", "59 23 * * 5"),
    ("1 00:00", "*-*-01 00:00:00", "0 0 1 * *"),
]


@pytest.mark.parametrize(("text", "calendar", "cron"), TABLE)
def test_both_say_the_same(text: str, calendar: str, cron: str) -> None:
    found = parse_schedule(text)
    assert (found.calendar, found.cron) == (calendar, cron)
    tool = shutil.which("systemd-analyze")
    if tool:
        subprocess.run([tool, "calendar", calendar], check=True, capture_output=True)


def test_units_and_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    path = tmp_path / "100% mine.toml"
    path.write_text('[job.work]\nsources = ["/a"]\noutput = "/b.xtar"\nschedule = "sun 02:30"\n')
    path.chmod(0o644)
    assert main(["jobs", "timers", "--config", str(path)]) == 0
    units = capsys.readouterr().out
    assert "# ~/.config/systemd/user/pybackup-work.service" in units
    assert "OnCalendar=Sun *-*-* 02:30:00\nPersistent=true\nRandomizedDelaySec=15min\n" in units
    assert f'run --quiet --config "{str(path).replace("%", "%%")}" work\n' in units
    assert main(["jobs", "timers", "--cron", "work", "--config", str(path)]) == 0
    line = capsys.readouterr().out
    assert line.startswith("30 2 * * 0 ")
    assert line.endswith(f" run --quiet --config '{str(path).replace('%', chr(92) + '%')}' work\n")
