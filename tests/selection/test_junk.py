"""What a system makes again by itself, by name, kind and size."""

from __future__ import annotations

import pytest

from pybackup.selection.junk import is_junk


@pytest.mark.parametrize(
    ("name", "is_directory", "size_bytes", "expected"),
    [
        (b".DS_Store", False, 6148, True),
        (b".ds_store", False, 6148, True),
        (b"Thumbs.db", False, 5000, True),
        (b"desktop.ini", False, 100, True),
        (b"module.pyc", False, 100, True),
        (b"__pycache__", True, 0, True),
        (b".Trash-1000", True, 0, True),
        (b"$RECYCLE.BIN", True, 0, True),
        # AppleDouble: resource forks are small; a film of such a name is none.
        (b"._photo.jpg", False, 4096, True),
        (b"._film.mov", False, 1 << 30, False),
        # A file is no directory, and neither the other way round.
        (b"__pycache__", False, 0, False),
        (b".DS_Store", True, 0, False),
        (b"notes.txt", False, 0, False),
        (b"my__pycache__", True, 0, False),
        (b"", False, 0, False),
        (b"", True, 0, False),
    ],
)
def test_by_name_kind_and_size(name: bytes, is_directory: bool, size_bytes: int, expected: bool) -> None:
    assert is_junk(name, is_directory, size_bytes) == expected
