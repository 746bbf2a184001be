"""Unpacking gives every member the name that stock tar gives it."""

from __future__ import annotations

import os
from pathlib import Path

from pybackup.host.monitor import Monitor
from pybackup.jobs.unpack import unpack

from .running import archive


def test_directories_without_content_take_no_names(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "a.7z").mkdir(parents=True)
    (tree / "a").write_bytes(b"a")
    (tree / "b.7z").mkdir()
    (tree / "b.7z" / "c").write_bytes(b"c")
    (tree / "b").write_bytes(b"b")
    archive([tree], tmp_path / "t.xtar")
    unpack(os.fsencode(tmp_path / "t.xtar"), os.fsencode(tmp_path / "out"), monitor=Monitor())
    found = {path.relative_to(tmp_path / "out" / "tree").as_posix() for path in tmp_path.rglob("*.7z") if path.is_file()}
    assert found == {"a.7z", "b.7z", "b.7z~1/c.7z"} or found == {"a.7z", "b~1.7z", "b.7z/c.7z"}
