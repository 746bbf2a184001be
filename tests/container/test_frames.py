"""What is open while an archive is written: numbers of rows, and how much waits in bundles."""

from __future__ import annotations

import hashlib

from pybackup.container.bundles import Bundle
from pybackup.container.frames import Frame, Open
from pybackup.layout.table_builder import TableBuilder
from pybackup.model.entry import NOBODY, Entry, Kind, Owner
from pybackup.model.member import Stored


def test_a_row_has_its_number_whether_the_container_is_open_or_not() -> None:
    frame = Frame(Entry(b"d", Kind.DIRECTORY), 0, None)
    stored = [Stored(Entry(b"d/%d" % number, Kind.FIFO)) for number in range(4)]
    assert [frame.add(each, None) for each in stored[:2]] == [0, 1]
    table = TableBuilder(base=0, digest_bytes=4)
    for each, parent in frame.rows:
        table.add(each, parent)
    frame.container = Open(1, 0, 512, table, hashlib.sha256())
    assert [frame.add(each, None) for each in stored[2:]] == [2, 3]
    assert len(frame.rows) == 2


def test_what_waits_is_the_sum_over_bundles() -> None:
    container = Open(1, 0, 512, TableBuilder(base=0, digest_bytes=4), hashlib.sha256())
    assert container.waiting_bytes == 0
    container.bundles[NOBODY] = Bundle(NOBODY, bound_bytes=700)
    container.bundles[Owner(1)] = Bundle(Owner(1), bound_bytes=50)
    assert container.waiting_bytes == 750
