"""The spool of a tree gives its entries back in order, however many there are and however often it is read."""

from __future__ import annotations

import pytest

from pybackup.catalogue.spool import Spool
from pybackup.model.entry import Kind
from pybackup.model.filed import Filed

ONE = Filed(b"a", Kind.FILE, 5, 7, 0o644)


@pytest.mark.parametrize("count", [0, 1, 999, 1000, 1001, 3500])
def test_all_comes_out_as_often_as_wanted(count: int) -> None:
    filed = [Filed(b"d/%d" % number, Kind.FILE, number, -number, 0o644) for number in range(count)]
    with Spool() as spool:
        for each in filed:
            spool.add(each)
        assert spool.count == count
        assert list(spool) == list(spool) == filed


@pytest.mark.parametrize(
    "other",
    [
        ONE._replace(path=b"b"),
        ONE._replace(size=6),
        ONE._replace(mtime_ns=8),
        ONE._replace(kind=Kind.SYMLINK),
    ],
)
def test_the_hash_tells_what_changed(other: Filed) -> None:
    digests = []
    for filed in (ONE, ONE, other):
        with Spool() as spool:
            spool.add(filed)
            digests.append(spool.digest)
    assert digests[0] == digests[1] != digests[2]
