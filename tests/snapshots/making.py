"""Making snapshots, and looking at them."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pybackup
from pybackup.monitor import Noted
from pybackup.snapshots.run import SnapshotMade

COMMAND = [sys.executable, "-W", "error", "-m", "pybackup"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(pybackup.__file__).parents[1]), "TZ": "UTC"}
OLD = 1_600_000_000 * 10**9


def make(tree: Path | str | bytes, to: Path | str | bytes, **options: Any) -> tuple[SnapshotMade, Noted]:
    """Make a snapshot, and return it with what the monitor was told."""
    heard = Noted()
    return pybackup.snapshot_run(tree, to, monitor=heard, **options), heard


def inode(path: Path | bytes) -> int:
    return os.stat(path, follow_symlinks=False).st_ino


def content(root: Path | bytes) -> dict[bytes, bytes | None]:
    """Return every path below a directory, with the content of files."""
    top = os.fsencode(root)
    found: dict[bytes, bytes | None] = {}
    for directory, names, files in os.walk(top):
        for name in names:
            found[os.path.relpath(os.path.join(directory, name), top)] = None
        for name in files:
            path = os.path.join(directory, name)
            with open(path, "rb") as file:
                found[os.path.relpath(path, top)] = file.read()
    return found


def write(path: Path, text: str, at_ns: int | None = None) -> None:
    path.write_text(text)
    if at_ns is not None:
        os.utime(path, ns=(at_ns, at_ns))
