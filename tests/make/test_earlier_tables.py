"""Entries that earlier archives have get into the table of the archive with their content, below their directories."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from kit.archives import archive

from pybackup.archive.open import open_archive
from pybackup.container.tables import load_table
from pybackup.layout.index import unpack_index
from pybackup.make.earlier_archive import EarlierArchive
from pybackup.make.earlier_tables import EarlierTables
from pybackup.model.earlier import EarlierVolume


def test_entries_are_entered_with_the_directories_above_them(tmp_path: Path) -> None:
    (tmp_path / "tree/sub").mkdir(parents=True)
    (tmp_path / "tree/sub/file").write_bytes(b"content")
    archive([tmp_path / "tree"], tmp_path / "x.xtar", with_parity=False)
    elsewhere = EarlierVolume(b"another!", "shelf")
    with open_archive(os.fsencode(tmp_path / "x.xtar")) as opened:
        earlier = EarlierArchive(opened)
        tables = EarlierTables([earlier])
        stored = earlier.file(earlier.rows[b"tree/sub/file"])
        assert stored is not None
        top = opened.listing.stored(earlier.rows[b"tree"]).entry
        tables.add_directory(replace(top, mode=0o700))  # as it is now
        tables.enter(earlier, stored, replace(stored.entry, path=b"tree/sub/moved"))
        tables.enter_by_hash(elsewhere, bytes(range(32)), replace(stored.entry, path=b"tree/known"))
        assert [volume.label for volume in tables.volumes] == ["x.xtar", "shelf"]
        own, of_hash = (load_table(unpack_index(table.pack())) for table in tables.ordered)
    assert list(own.paths()) == [b"tree", b"tree/sub", b"tree/sub/moved"]
    assert own.stored(0, b"tree").entry.mode == 0o700
    assert own.stored(2, b"").members == stored.members
    assert list(of_hash.paths()) == [b"tree", b"tree/known"]
    assert of_hash.stored(1, b"").digest == bytes(range(32))
