"""The first member of an archive tells what is in it, and tells nothing where its header is damaged."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from kit.archives import archive

from pybackup.container.first import read_first
from pybackup.host.storage import ArchiveFile
from pybackup.layout.readme import README

pytestmark = pytest.mark.usefixtures("as_root")


@pytest.fixture
def made(tmp_path: Path) -> Path:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree/file").write_bytes(b"content")
    os.utime(tmp_path / "tree", ns=(1_700_000_000_123_456_789,) * 2)
    archive([tmp_path / "tree"], tmp_path / "made.xtar")
    return tmp_path / "made.xtar"


def test_what_it_tells(made: Path) -> None:
    with ArchiveFile(os.fsencode(made)) as file:
        first = read_first(file)
        assert first is not None
        assert (first.readme, first.mtime_ns) == (README, 1_700_000_000_123_456_789)
        assert file.read_at(first.tree_at, 4) == made.read_bytes()[first.tree_at :][:4]
        assert 0 < first.tree_at < first.tree_at + first.tree_bytes < file.size


@pytest.mark.parametrize("at", [0, 100, 148, 160, 300, 511])
def test_nothing_where_its_header_is_damaged(made: Path, at: int) -> None:
    data = bytearray(made.read_bytes())
    data[at] ^= 1
    made.write_bytes(data)
    with ArchiveFile(os.fsencode(made)) as file:
        assert read_first(file) is None
