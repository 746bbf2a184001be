"""The state of a tree never tells a wrong SHA-256."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pybackup
from pybackup.monitor import Monitor


def test_of_a_file_with_holes_no_digest_is_told(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    with open(tmp_path / "tree/holes", "wb") as file:
        file.seek(3 << 20)
        file.write(b"end")
    (tmp_path / "tree/plain").write_bytes(b"plain")
    pybackup.create([tmp_path / "tree"], output=tmp_path / "a.xtar", workers=1, monitor=Monitor())
    pybackup.export(tmp_path / "a.xtar", to=tmp_path / "a.json", monitor=Monitor())
    index = json.loads((tmp_path / "a.json").read_text())["index"]
    assert index == {"tree/holes": None, "tree/plain": hashlib.sha256(b"plain").hexdigest()}
