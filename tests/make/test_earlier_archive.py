"""Files of an earlier archive: finding them by size and mtime, and which of them count as archived."""

from __future__ import annotations

import os
from pathlib import Path

import pybackup
from pybackup.archive.open import open_archive
from pybackup.make.earlier_archive import EarlierArchive

TIME = 1_700_000_000 * 10**9


def test_files_are_found_by_size_and_time_and_unsafe_ones_count_as_none(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    for name, size in (("a", 10), ("b", 10), ("c", 11)):
        (tree / name).write_bytes(os.urandom(size))
        os.utime(tree / name, ns=(TIME, TIME + (name == "b")))
    os.link(tree / "a", tree / "linked")
    pybackup.create([tree], output=tmp_path / "x.xtar", workers=1)
    with open_archive(os.fsencode(tmp_path / "x.xtar")) as opened:
        earlier = EarlierArchive(opened)
        row = earlier.rows[b"tree/a"]
        assert earlier.rows_of(10, TIME) == [row]
        assert earlier.rows_of(10, TIME + 1) == [earlier.rows[b"tree/b"]]
        assert earlier.rows_of(12, TIME) == []
        linked = earlier.file(earlier.rows[b"tree/linked"])
        assert linked is not None
        assert linked.entry.path == b"tree/a"
        assert earlier.file(earlier.rows[b"tree"]) is None
        assert EarlierArchive(opened, {opened.listing.archive_id}).file(row) is None
        assert EarlierArchive(opened, {b"another!"}).file(row) is not None
