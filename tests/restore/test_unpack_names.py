"""Unpacking gives every member the name that it has in its container."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from kit.archives import archive

from pybackup.monitor import Monitor
from pybackup.restore.unpack import unpack

pytestmark = pytest.mark.usefixtures("as_root")


def test_a_directory_without_content_takes_no_name(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    # Too long for a suffix, so it is stored under a stem; the directory of that very name comes first in tree order.
    long_name = os.fsdecode(253 * b"\xff")
    short_name = os.fsdecode(200 * b"\xff" + b"~1.7z")
    (tree / long_name).write_bytes(b"content")
    (tree / short_name).mkdir()
    archive([tree], tmp_path / "t.xtar")
    unpack(os.fsencode(tmp_path / "t.xtar"), os.fsencode(tmp_path / "out"), monitor=Monitor())
    assert os.listdir(tmp_path / "out" / "tree") == [short_name]
