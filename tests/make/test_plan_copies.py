"""The predicted size of second copies, compared with sums made by hand."""

from __future__ import annotations

from fractions import Fraction

import pytest

from pybackup.container.cost import EntryCosts
from pybackup.make.plan_copies import CopiesAhead
from pybackup.model.entry import Entry, Kind
from pybackup.model.source import Planned, Source

COSTS = EntryCosts(0.5, file_bytes=10, directory_bytes=100, bare_bytes=1)
SOURCE = Source(b"/top", b"top")
# Costs: a directory with files 101 bytes, each file of 1,000 bytes 510.
ENTRIES = [
    Entry(b"top", Kind.DIRECTORY),
    Entry(b"top/a", Kind.FILE, size=1000),
    Entry(b"top/b", Kind.FILE, size=200),
    Entry(b"top/large", Kind.FILE, size=9000),
    Entry(b"top/z", Kind.FILE, size=1000),
]


def _ahead(share: Fraction, segment_bytes: int = 5000) -> CopiesAhead:
    planned = [Planned(entry, SOURCE, 0, 0) for entry in ENTRIES]
    return CopiesAhead(planned, COSTS, share=share, segment_bytes=segment_bytes)


WHOLE = 101 + 510 + 110 + 4510 + 510


@pytest.mark.parametrize(
    ("share", "start", "end", "medium", "room", "expected"),
    [
        # Copies of all small files, and their directory once.
        (Fraction(1), 0, WHOLE, 100_000, 100_000, 100 + 510 + 110 + 510),
        # The smallest first, as far as the share goes; after the first that does not fit no larger one is tried.
        (Fraction(1, 10), 0, WHOLE, 3000, 100_000, 110 + 100),
        (Fraction(1, 10), 0, WHOLE, 2000, 100_000, 0),
        (Fraction(0), 0, WHOLE, 100_000, 100_000, 0),
        # Only files that are whole on the disc: the first two.
        (Fraction(1), 0, 101 + 510 + 110, 100_000, 100_000, 100 + 510 + 110),
        (Fraction(1), 0, 101 + 510 + 109, 100_000, 100_000, 100 + 510),
        # A file that begins on the disc before gets no copy.
        (Fraction(1), 300, WHOLE, 100_000, 100_000, 100 + 110 + 510),
        # Room for one segment is left free for the first new item.
        (Fraction(1), 0, WHOLE, 100_000, 2500 + 210, 100 + 110),
        (Fraction(1), 0, WHOLE, 100_000, 0, 0),
    ],
)
def test_copies_of_one_disc(share: Fraction, start: int, end: int, medium: int, room: int, expected: int) -> None:
    assert _ahead(share).of(start, end, medium, room) == expected


def test_files_longer_than_a_segment_have_none() -> None:
    assert _ahead(Fraction(1), 500).of(0, WHOLE, 100_000, 100_000) == 100 + 110
    assert _ahead(Fraction(1), 10_000).of(0, WHOLE, 100_000, 100_000) == 100 + 510 + 110 + 510 + 4510


def test_nothing_planned_is_nothing() -> None:
    assert CopiesAhead([], COSTS, share=Fraction(1), segment_bytes=1).of(0, 100, 100, 100) == 0
