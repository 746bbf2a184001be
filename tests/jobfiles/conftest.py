"""Each test has directories of its own for configuration and state, and no catalogue."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

WriteJobs = Callable[[str], Path]


@pytest.fixture(autouse=True)
def _own_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("PYBACKUP_CATALOGUE", "none")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def jobs(tmp_path: Path) -> WriteJobs:
    """Write a job file, and a small tree beside it."""
    for name in ("docs/a.txt", "docs/b.tmp", "photos/2001/x.jpg", "photos/2002/y.jpg", "photos/loose.jpg"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"this is {name}\n" * 20)

    def write(text: str) -> Path:
        path = tmp_path / "jobs.toml"
        path.write_text(text)
        path.chmod(0o644)
        return path

    return write
