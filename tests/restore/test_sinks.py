"""Writing content into a staged file: which bytes are in place, and which of them were verified."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.memory import fast_directory

from pybackup.compress.partial import Fragment
from pybackup.errors import Damaged
from pybackup.layout.sparse import SparseLayout
from pybackup.model.entry import Entry, Kind
from pybackup.model.extents import Extents
from pybackup.monitor import Monitor
from pybackup.restore.sinks import PlainSink, SparseSink, sink_for
from pybackup.tree.place import PlaceOptions, StagedFile, Target

SIZE = 10_000
# Data at 2,000 to 3,000 and at 7,000 to 7,500; all else are holes.
LAYOUT = SparseLayout(SIZE, ((2000, 1000), (7000, 500)))
DATA = b"a" * 1000 + b"b" * 500
STREAM = LAYOUT.head(b"f", mode=0o644, mtime=0) + DATA + LAYOUT.tail()
DATA_AT = STREAM.index(DATA)
HOLES = ((0, 2000), (3000, 7000), (7500, SIZE))


@pytest.fixture
def staged(tmp_path: Path) -> Iterator[StagedFile]:
    with Target(os.fsencode(tmp_path), PlaceOptions(), Monitor()) as target:
        begun = target.begin_file(Entry(b"f", Kind.FILE, size=SIZE))
        assert begun is not None
        with begun:
            yield begun


def _content(staged: StagedFile) -> bytes:
    fd = os.open(f"/proc/self/fd/{staged.fd}", os.O_RDONLY)
    try:
        return os.pread(fd, SIZE, 0).ljust(SIZE, b"\0")
    finally:
        os.close(fd)


@given(st.lists(st.tuples(st.integers(0, SIZE), st.integers(0, 600), st.booleans()), max_size=8))
def test_plain_content_is_where_it_was_put_and_told_by_what_is_known_of_it(
    pieces: list[tuple[int, int, bool]],
) -> None:
    with fast_directory() as base, Target(os.fsencode(base), PlaceOptions(), Monitor()) as target:
        staged = target.begin_file(Entry(b"f", Kind.FILE, size=SIZE))
        assert staged is not None
        with staged:
            sink = PlainSink(staged)
            expected = bytearray(SIZE)
            at = 0
            for gap, n_bytes, proved in pieces:
                start = min(at + gap, SIZE)
                data = bytes([65 + proved]) * min(n_bytes, SIZE - start)
                assert sink.put(Fragment(start, data, proved))
                expected[start : start + len(data)] = data
                at = start + len(data)
            assert _content(staged) == expected
            for extents, letter in ((sink.present, b"B"), (sink.plausible, b"A")):
                marked = bytearray(SIZE)
                for start, end in extents:
                    marked[start:end] = letter * (end - start)
                assert marked == bytes(byte if byte == letter[0] else 0 for byte in expected)
            assert sink.useful == bool(pieces)


@pytest.mark.parametrize(("offset", "n_bytes"), [(-1, 1), (SIZE, 1), (SIZE - 3, 4), (1 << 62, 1)])
def test_what_does_not_fit_the_file_is_damage(staged: StagedFile, offset: int, n_bytes: int) -> None:
    sink = sink_for(staged, sparse=False)
    with pytest.raises(Damaged, match="a segment that does not fit its file"):
        sink.put(Fragment(offset, b"x" * n_bytes))
    assert not sink.useful


def test_a_target_that_takes_no_more_says_so(staged: StagedFile) -> None:
    staged.discard()
    assert sink_for(staged, sparse=False).put(Fragment(0, b"x")) is False


@pytest.mark.parametrize("step", [1000, 512, 77, 1 << 20])
def test_a_sparse_stream_in_pieces_of_any_length(staged: StagedFile, step: int) -> None:
    sink = sink_for(staged, sparse=True)
    for at in range(0, len(STREAM), step):
        assert sink.put(Fragment(at, STREAM[at : at + step]))
    sink.finish(whole=True)
    assert sink.present.ranges == ((0, SIZE),)
    assert not sink.plausible
    assert sink.useful
    assert _content(staged) == bytes(2000) + b"a" * 1000 + bytes(4000) + b"b" * 500 + bytes(2500)


def test_data_that_is_lost_is_a_gap_between_holes(staged: StagedFile) -> None:
    sink = SparseSink(staged)
    sink.put(Fragment(0, STREAM[: DATA_AT + 400]))
    sink.put(Fragment(DATA_AT + 1100, STREAM[DATA_AT + 1100 :]))
    assert sink.present == Extents.of([*HOLES, (2000, 2400), (7100, 7500)])


def test_without_its_map_nothing_of_it_is_anywhere(staged: StagedFile) -> None:
    sink = SparseSink(staged)
    assert sink.put(Fragment(DATA_AT, STREAM[DATA_AT:]))
    assert sink.put(Fragment(0, STREAM))
    assert (sink.present, sink.plausible, sink.useful) == (Extents(), Extents(), False)
    with pytest.raises(Damaged):
        sink.finish(whole=True)
    sink.finish(whole=False)


@pytest.mark.parametrize("doubtful", ["map", "data"])
def test_what_is_no_better_known_than_its_map(staged: StagedFile, doubtful: str) -> None:
    sink = SparseSink(staged)
    sink.put(Fragment(0, STREAM[:DATA_AT], doubtful != "map"))
    sink.put(Fragment(DATA_AT, STREAM[DATA_AT:], doubtful != "data"))
    data = Extents.of([(2000, 3000), (7000, 7500)])
    if doubtful == "map":
        assert (bool(sink.present), sink.plausible.ranges) == (False, ((0, SIZE),))
    else:
        assert (sink.present, sink.plausible) == (Extents(HOLES), data)


def test_a_file_that_is_all_hole_is_of_use(staged: StagedFile) -> None:
    layout = SparseLayout(SIZE, ())
    sink = SparseSink(staged)
    sink.put(Fragment(0, layout.head(b"f", mode=0o644, mtime=0) + layout.tail()))
    assert (sink.useful, sink.present.ranges) == (True, ((0, SIZE),))


def test_a_stream_that_ends_too_early_is_not_whole(staged: StagedFile) -> None:
    sink = SparseSink(staged)
    sink.put(Fragment(0, STREAM[: DATA_AT + 1400]))
    with pytest.raises(Damaged, match="a sparse stream ends too early"):
        sink.finish(whole=True)
