"""Files of the root container: checked in long steps, and not the same as a tree that has what they lost."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from kit.hostile import without_indexes

from pybackup.check.compare import compare
from pybackup.check.verify import verify
from pybackup.errors import PybackupError
from pybackup.host.storage import ArchiveFile
from pybackup.layout import ustar
from pybackup.layout.note import Note, Role
from pybackup.make.plan import CreateOptions, plan_create
from pybackup.make.run import perform_create
from pybackup.mend.health import State
from pybackup.monitor import Monitor
from pybackup.selection.filelist import named_source

MIB = 1 << 20


def made(tmp_path: Path) -> Path:
    """An archive of one file of three segments, at its top."""
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "f").write_bytes(os.urandom(5 * MIB // 2))
    path, monitor = tmp_path / "a.xtar", Monitor()
    source = named_source(os.fsencode(tmp_path / "tree" / "f"))
    options = CreateOptions(segment_bytes=MIB, overwrite=True, workers=1)
    plan = plan_create([source], os.fsencode(path), judge=None, options=options, monitor=monitor)
    perform_create(plan, monitor=monitor)
    return path


def test_content_is_not_read_block_by_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = made(tmp_path)
    reads = []
    read_at = ArchiveFile.read_at

    def counted(self: ArchiveFile, offset: int, count: int) -> bytes:
        reads.append(count)
        return read_at(self, offset, count)

    monkeypatch.setattr(ArchiveFile, "read_at", counted)
    assert verify(os.fsencode(archive), workers=1, monitor=Monitor()).state is State.INTACT
    assert len(reads) < 100


def test_a_lost_last_segment_is_not_the_same(tmp_path: Path) -> None:
    archive = made(tmp_path)
    data = bytearray(without_indexes(archive.read_bytes(), "without any index"))
    for at in range(0, len(data), ustar.BLOCK):
        try:
            said = Note.unpack(bytes(data[at : at + ustar.BLOCK]))
        except PybackupError:
            continue
        if said.role is Role.CONTENT and said.segment == 2:
            data[at : at + ustar.BLOCK] = bytes(ustar.BLOCK)
    archive.write_bytes(data)
    monitor = Monitor()
    compared = compare(os.fsencode(archive), os.fsencode(tmp_path / "tree"), monitor=monitor)
    assert compared.entries == 1
    assert [problem.reason for problem in monitor.problems] == ["1 of its segments is gone"]
