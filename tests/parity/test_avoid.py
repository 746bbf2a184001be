"""What a map calls bad is not read from a drive again."""

from __future__ import annotations

import numpy as np
import pytest
from kit.damage import overwritten
from kit.protected import Specimen

from pybackup.model.extents import Extents
from pybackup.parity.mend.copies import Copy, Survey
from pybackup.parity.mend.mend import assemble
from pybackup.parity.stream.find import find
from pybackup.parity.stream.sum_table import load
from pybackup.parity.stream.volume import VolumeWriter
from pybackup.sector import SECTOR


class Drive:
    """Bytes, and which of them were asked for."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.size = len(data)
        self.asked: list[tuple[int, int]] = []

    def read_at(self, offset: int, count: int) -> bytes:
        self.asked.append((offset, offset + count))
        return self._data[offset : offset + count]

    read_what_is_left = read_at


def test_bad_places_of_a_drive_are_left_alone(own: Specimen) -> None:
    found = find([Drive(own.data)])
    assert found is not None
    table = load(found)
    bad = Extents.of([(3 * SECTOR + 5, 3 * SECTOR + 6), (10 * SECTOR, 14 * SECTOR)])
    for shift in (0, 700):
        drive = Drive(bytes(shift) + own.data)
        survey = Survey.of(found.geometry, table.sums)
        moved = Extents.of((start + shift, end + shift) for start, end in bad)
        survey.look(0, Copy(drive, moved, (shift,), moved), shift, lambda count: None)
        assert survey.missing.tolist() == [3, 10, 11, 12, 13]
        assert not any(moved.within(start, end) for start, end in drive.asked)
        # Of an image of the drive it is their sums that tell.
        survey = Survey.of(found.geometry, table.sums)
        survey.look(0, Copy(Drive(bytes(shift) + own.data), moved, (shift,)), shift, lambda count: None)
        assert np.array_equal(survey.missing, [])


@pytest.mark.parametrize("shift", [0, 700])
def test_a_volume_is_assembled_without_them(own: Specimen, shift: int) -> None:
    found = find([Drive(own.data)])
    assert found is not None
    table = load(found)
    bad = [3, 10, 11, 12, 13, own.sectors - 1]
    unread = Extents.of((shift + number * SECTOR + 7, shift + number * SECTOR + 8) for number in bad)
    drive = Drive(bytes(shift) + own.data)
    copy = Copy(drive, unread, (shift,), unread)
    survey = Survey.of(found.geometry, table.sums)
    survey.look(0, copy, shift, lambda count: None)
    made = bytearray(len(own.data))

    class Output:
        def write_at(self, offset: int, data: bytes) -> None:
            made[offset : offset + len(data)] = data

    assemble(VolumeWriter(found.geometry, Output()), [copy], survey, lambda count: None)
    assert bytes(made) == overwritten(own.data, bad)
    assert not any(unread.within(start, end) for start, end in drive.asked)
