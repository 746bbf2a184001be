"""What the columns of a table are called, shared by the two that write and read them."""

from __future__ import annotations

from pybackup.model.entry import Kind

ENTRY_COLUMNS = ("kind", "flags", "up", "mode", "owner", "mtime_s", "mtime_ns", "excess", "members")
MEMBER_COLUMNS = ("gap", "packed", "tail", "raw", "method", "dictionary")
SPARSE = 1
CHANGED = 2
BUNDLED = 4
DELTA = 8  # in the column of methods
SECOND = 1_000_000_000
LINKS = (Kind.SYMLINK, Kind.HARDLINK)
DEVICES = (Kind.CHARACTER, Kind.BLOCK)
