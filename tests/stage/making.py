"""A stage that tests scan at times they choose, and its discs read by other programs than the one that wrote them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pybackup
from pybackup.jobs.stage_close import ClosedDisc
from pybackup.jobs.stage_init import make_stage
from pybackup.jobs.stage_scan import StageScanned, close_open, scan_all
from pybackup.monitor import Noted
from pybackup.options.stages import StageCloseRequest, StageInitRequest, StageScanRequest
from pybackup.stage.state import StageState
from pybackup.stage.state_file import make_state
from pybackup.stage.values import ChangeKind, Comparison, OnFull, StageSettings

RESCUE = Path(pybackup.__file__).parent / "standalone/rescue.py"
DAY_NS = 86_400 * 10**9


@dataclass
class Stage:
    """A stage of a directory ``watched``."""

    base: Path
    medium: str = "2M"
    heard: Noted = field(default_factory=Noted)

    @property
    def watched(self) -> Path:
        return self.base / "watched"

    @property
    def staging(self) -> Path:
        return self.base / "staging"

    def init(self, **options: Any) -> Stage:
        self.watched.mkdir(exist_ok=True)
        asked = {"medium": self.medium, "settle": 0, **options}
        make_stage(StageInitRequest(self.watched, self.staging, **asked), self.heard)
        return self

    def write(self, name: str, content: bytes) -> None:
        path = self.watched / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def scan(self, now_ns: int | None = None) -> StageScanned:
        return scan_all(StageScanRequest(self.staging, workers=1), self.heard, now_ns=now_ns)

    def close(self, now_ns: int | None = None) -> list[ClosedDisc]:
        return close_open(StageCloseRequest(self.staging, workers=1), self.heard, now_ns=now_ns)

    def image(self, number: int) -> Path:
        return self.staging / f"images/watched-{number:04}.iso"


def kinds(done: StageScanned) -> dict[str, ChangeKind]:
    """Return what a scan did, by path."""
    return {os.fsdecode(change.path): change.kind for change in done.changes}


def files_below(directory: Path) -> dict[str, bytes]:
    """Return the files in a directory with their content; of links, the paths they hold."""
    return {
        str(path.relative_to(directory)): os.fsencode(os.readlink(path)) if path.is_symlink() else path.read_bytes()
        for path in directory.rglob("*")
        if path.is_symlink() or path.is_file()
    }


def rescued(image: Path, to: Path) -> dict[str, bytes]:
    """Return what is on a disc, by rescue.py, which shares no code with the program that wrote it."""
    subprocess.run(
        [sys.executable, RESCUE, "extract", image, "--to", to], check=True, capture_output=True
    )  # a process of its own, as it is alone
    return files_below(to)


@contextmanager
def new_state(directory: Path) -> Iterator[StageState]:
    """The state of a new stage in a directory, which watches ``watched`` there."""
    (directory / "watched").mkdir()
    settings = StageSettings(
        os.fsencode(directory / "watched"), "w", 1 << 21, 1 << 20, 0.9, 0, Comparison.STATUS, OnFull.BUILD, "10%", 0
    )
    with make_state(os.fsencode(directory), settings) as state:
        yield state


def sqlite(database: Path, query: str) -> list[str]:
    """Return the rows that the program sqlite3 prints."""
    done = subprocess.run(["sqlite3", database, query], check=True, capture_output=True)
    return os.fsdecode(done.stdout).splitlines()
