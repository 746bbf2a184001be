"""What is asked for from an archive of which part is lost: said when it may not be all, and only then."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from kit.oracle import OPTIONS
from kit.specimen import Specimen

from pybackup.archive.open import open_archive
from pybackup.errors import Damaged
from pybackup.monitor import Monitor
from pybackup.restore.plan import plan_restore
from pybackup.restore.run import run
from pybackup.restore.unpack import unpack


@pytest.fixture
def cut(small: Specimen, room: Path) -> Path:
    """The archive without all from the last segment of the file of two on."""
    archive = room / "cut"
    start = small.streams[b"tree/deep/large"][1][0] - 32 - 512
    archive.write_bytes(small.data[:start])
    return archive


def problems(archive: Path, room: Path, *patterns: bytes) -> list[bytes]:
    monitor = Monitor()
    with open_archive(os.fsencode(archive)) as opened:
        plan = plan_restore(opened, patterns, os.fsencode(room / "out"), OPTIONS)
        run(plan, monitor=monitor)
    return [problem.path for problem in monitor.problems]


def test_one_whole_file_is_all_that_was_asked_for(cut: Path, room: Path) -> None:
    # The directory above it comes too, and has lost its attributes.
    assert problems(cut, room, b"tree/deep/er/sparse") == [b"tree/deep"]


def test_a_directory_may_have_held_more(cut: Path, room: Path) -> None:
    assert b"" in problems(cut, room, b"tree/deep/er")


def test_a_pattern_may_have_matched_more(cut: Path, room: Path) -> None:
    assert b"" in problems(cut, room, b"*sparse")


def test_what_is_not_there_any_more_is_no_slip_of_the_hand(cut: Path, room: Path) -> None:
    with pytest.raises(Damaged, match="nothing that is known of the archive matches"):
        problems(cut, room, b"tree/set")


def test_a_file_of_which_a_segment_is_lost_is_named(cut: Path, room: Path) -> None:
    assert b"tree/deep/large" in problems(cut, room)
    assert not (room / "out" / "tree" / "deep" / "large").exists()


def test_unpacked_segments_keep_their_numbers(small: Specimen, room: Path) -> None:
    """The first segment and every index lost: the second is still called the second."""
    data = bytearray(small.data)
    for place in small.places:
        if "index" in place.name:
            data[place.start : place.end] = bytes(place.end - place.start)
    first = small.streams[b"tree/deep/large"][0][0] - 32 - 512
    data[first : first + 512] = bytes(512)
    archive = room / "damaged"
    archive.write_bytes(bytes(data))
    monitor = Monitor()
    unpack(os.fsencode(archive), os.fsencode(room / "out"), monitor=monitor)
    found = sorted(path.name for path in (room / "out").rglob("large*"))
    assert found == ["large.part0002.7z"]
    assert b"tree/deep/large" in [problem.path for problem in monitor.problems]
