"""Measuring volumes, compared with the bytes of their files."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from pathlib import Path

import pytest
from kit.hearing import Counting
from kit.small_sets import SmallSet, small_set

from pybackup.archive.find import Volume, look_into
from pybackup.archive.measure import hash_of, header_of, measure
from pybackup.errors import Damaged
from pybackup.host.storage import ArchiveFile
from pybackup.layout.note import Note
from pybackup.monitor import Monitor


@pytest.fixture(scope="module")
def small() -> SmallSet:
    return small_set()


@pytest.fixture
def directory(small: SmallSet, tmp_path: Path) -> Path:
    return small.write(tmp_path / "set")


def _volume(path: Path) -> Volume:
    (volume,) = look_into(os.fsencode(path)).volumes
    return volume


def test_the_body_of_a_data_volume_ends_where_its_first_header_says(small: SmallSet, directory: Path) -> None:
    for name in small.data:
        body = measure(_volume(directory / name), Monitor())
        said = Note.unpack(small.volumes[name][:512])
        assert (body.archive_id, body.n_bytes) == (said.archive_id, said.file_bytes)
        assert body.digest == hashlib.sha256(small.volumes[name][: said.file_bytes]).digest()


def test_a_recovery_volume_knows_each_body(small: SmallSet, directory: Path) -> None:
    bodies = [measure(_volume(directory / name), Monitor()) for name in small.data]
    for number, name in enumerate(small.recovery, 1):
        header = header_of(_volume(directory / name))
        assert list(header.bodies) == bodies
        assert (header.number, header.first, header.count) == (number, 1, len(small.recovery))


def test_a_volume_that_lost_its_start_or_end_is_damaged(small: SmallSet, directory: Path) -> None:
    path = directory / small.data[0]
    volume = _volume(path)
    whole = path.read_bytes()
    path.write_bytes(bytes(512) + whole[512:])
    with pytest.raises(Damaged, match="is damaged; repair it first"):
        measure(volume, Monitor())
    # It has become shorter since it was found.
    path.write_bytes(whole[:4096])
    with pytest.raises(Damaged, match="ends in the middle"):
        measure(volume, Monitor())
    path.write_bytes(whole[:40_000])
    with pytest.raises(Damaged):
        measure(replace(volume, n_bytes=40_000), Monitor())


def test_a_data_volume_has_no_shard(small: SmallSet, directory: Path) -> None:
    with pytest.raises(Damaged, match="a recovery volume without a shard"):
        header_of(_volume(directory / small.data[0]))


@pytest.mark.parametrize(("start", "n_bytes"), [(0, 0), (0, 1), (5, (1 << 20) - 1), (3, (1 << 20) + 1), (0, 3 << 20)])
def test_hashes_of_any_part(tmp_path: Path, start: int, n_bytes: int) -> None:
    data = bytes(range(251)) * 13_000
    (tmp_path / "f").write_bytes(data)
    heard = Counting()
    with ArchiveFile(os.fsencode(tmp_path / "f")) as file:
        found = hash_of(file, n_bytes, heard, start=start)
    assert found == hashlib.sha256(data[start : start + n_bytes]).digest()
    assert heard.n_bytes == n_bytes
