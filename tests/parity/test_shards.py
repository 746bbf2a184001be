"""Sectors read and written as rows of arrays, of a volume whose sectors are numbered bytes."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pybackup.host.scratch import Scratch
from pybackup.host.storage import ArchiveFile
from pybackup.layout.guard import Geometry
from pybackup.parity.stream.dealing import NOWHERE
from pybackup.parity.stream.shards import read_pieces, read_shards, write_shards
from pybackup.parity.stream.volume import Sectors, VolumeWriter
from pybackup.sector import SECTOR

# 2,500 data sectors, of which the last has 100 bytes; 6 guard sectors in the middle of them.
GEOMETRY = Geometry(2400 * SECTOR, 99 * SECTOR + 100, 0, 0, 0, 0, 1, 3, 0, 3, False, 0)
LAST = GEOMETRY.sectors - 1


def _row(number: int) -> bytes:
    return number.to_bytes(4, "little") * (SECTOR // 4)


def _stored(number: int) -> bytes:
    """As it is read: the last is filled up with zeros."""
    if number == NOWHERE:
        return bytes(SECTOR)
    return _row(number)[:100].ljust(SECTOR, b"\0") if number == LAST else _row(number)


@pytest.fixture(scope="module")
def volume(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("shards") / "volume"
    path.write_bytes(b"".join(map(_row, range(GEOMETRY.sectors)))[: GEOMETRY.volume_bytes])
    return path


numbers = st.lists(st.integers(0, LAST) | st.just(NOWHERE), max_size=30) | st.builds(
    lambda first, count: list(range(first, min(LAST + 1, first + count))), st.integers(0, LAST), st.integers(0, 2500)
)


@given(numbers)
def test_each_row_is_its_sector_and_zeros_are_nowhere(volume: Path, wanted: list[int]) -> None:
    with ArchiveFile(os.fsencode(volume)) as file:
        sectors = Sectors(GEOMETRY, file)
        expected = b"".join(map(_stored, wanted))
        pieces = list(read_pieces(sectors, np.array(wanted, np.int64)))
        assert b"".join(pieces) == expected
        assert all(len(piece) % SECTOR == 0 for piece in pieces)
        rows = read_shards(sectors, np.array(wanted, np.int64))
        assert (rows.shape, rows.tobytes()) == ((len(wanted), SECTOR), expected)


@settings(max_examples=30)
@given(st.lists(st.integers(0, LAST) | st.just(NOWHERE), max_size=40, unique=True))
def test_rows_are_written_to_their_sectors_and_nowhere_else(volume: Path, to: list[int]) -> None:
    with Scratch(os.fsencode(volume.parent / "scratch")) as scratch:
        scratch.truncate(GEOMETRY.volume_bytes)
        rows = np.array([[number % 255 + 1] * SECTOR for number in to], np.uint8).reshape(-1, SECTOR)
        write_shards(VolumeWriter(GEOMETRY, scratch), np.array(to, np.int64), rows)
        scratch.sync()
        data = Path(os.fsdecode(scratch.temporary)).read_bytes()
    assert len(data) == GEOMETRY.volume_bytes
    for at in range(0, len(data), SECTOR):
        value = (at // SECTOR) % 255 + 1 if at // SECTOR in to else 0
        assert data[at : at + SECTOR] == bytes([value]) * len(data[at : at + SECTOR])


def test_a_medium_that_cannot_be_read_is_an_error(volume: Path) -> None:
    class Worn(ArchiveFile):
        def read_at(self, offset: int, count: int) -> bytes:
            raise OSError(5, "Input/output error")

    with Worn(os.fsencode(volume)) as file, pytest.raises(OSError, match="Input/output error"):
        list(read_pieces(Sectors(GEOMETRY, file), np.array([3, 4])))
