"""Indexes that a scan found: each unpacked or why not, and never more than an honest archive can have."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import pybackup
from pybackup.container.found_indexes import found_indexes
from pybackup.container.scan import scan
from pybackup.errors import Damaged, FormatError
from pybackup.host.storage import ArchiveFile
from pybackup.layout import index
from pybackup.layout.index import Blob


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    for name in ("a/1", "b/2", "b/c/3"):
        path = tmp_path / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.urandom(3000))
    made = tmp_path / "a.xtar"
    pybackup.create([tmp_path / "tree"], made, workers=1, parity=None)
    return made


def test_all_of_one_scope_and_of_one_archive(archive: Path) -> None:
    with ArchiveFile(os.fsencode(archive)) as file:
        findings = scan(file)
        every = list(found_indexes(file, findings))
        assert [head for head, _ in every] == [head for _, head in findings.indexes]
        assert all(isinstance(blob, Blob) for _, blob in every)
        trees = [
            blob.head.entries for _, blob in found_indexes(file, findings, scope=index.TREE) if isinstance(blob, Blob)
        ]
        assert trees == [7]
        own = list(found_indexes(file, findings, scope=index.CONTAINER, archive_id=findings.main_id()))
        assert len(own) == 5
        assert not list(found_indexes(file, findings, archive_id=b"of other"))


def test_of_one_that_is_damaged_it_is_said_why(archive: Path) -> None:
    with ArchiveFile(os.fsencode(archive)) as file:
        offset, hurt = next((at, head) for at, head in scan(file).indexes if head.scope == index.TREE)
    data = bytearray(archive.read_bytes())
    data[offset + index.HEAD.size : offset + hurt.total_bytes - index.HEAD.size] = bytes(
        hurt.total_bytes - 2 * index.HEAD.size
    )
    archive.write_bytes(data)
    with ArchiveFile(os.fsencode(archive)) as file:
        found = list(found_indexes(file, scan(file)))
    assert [head.scope for head, blob in found if isinstance(blob, FormatError)] == [index.TREE]


def test_no_byte_is_read_more_than_twice(archive: Path) -> None:
    """One that lies upon the others a thousand times is hostile."""
    with ArchiveFile(os.fsencode(archive)) as file:
        findings = scan(file)
        findings.indexes[:] = findings.indexes[:1] * 1000
        found = [blob for _, blob in found_indexes(file, findings)]
        read = sum(blob.head.total_bytes for blob in found if isinstance(blob, Blob))
        assert 0 < read <= 2 * file.size
    assert isinstance(found[-1], Damaged)
    assert str(found[-1]) == "structures that lie upon each other"
