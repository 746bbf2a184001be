"""What fuzzing of sets and of images found, each as small as it gets."""

from __future__ import annotations

import os
import random
import struct
import tracemalloc
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from pybackup.archive.find import volumes_in
from pybackup.container.locate import locate
from pybackup.errors import FormatError
from pybackup.host.storage import ArchiveFile
from pybackup.jobs.rebuild import rebuild
from pybackup.layout import index
from pybackup.layout.recovery import MAGIC, RecoveryHeader
from pybackup.make.rebuilt import Outcome
from pybackup.mend import find_shard as finding_shards
from pybackup.mend.bodies import survey_volume
from pybackup.mend.copies import whole_file
from pybackup.mend.find_shard import find_shard
from pybackup.model.volume import VolumeInfo, VolumeKind
from pybackup.monitor import Monitor

from . import mutate, set_mutate
from .set_seeds import set_seeds

SECTOR = 2048


def image_of(archive: bytes, records: int, copies: int) -> bytes:
    """An ISO image as far as it is read: a root directory of so many records, which name the copies by turns."""
    each = -(-len(archive) // SECTOR)
    rows_sectors = -(-records // (SECTOR // 34))
    first = 17 + rows_sectors
    rows = b""
    for number in range(records):
        if SECTOR - len(rows) % SECTOR < 34:
            rows += bytes(-len(rows) % SECTOR)
        sector = first + number % copies * each
        rows += struct.pack("<BBI4xI4x7xBBBHHB", 34, 0, sector, len(archive), 0, 0, 0, 0, 0, 1) + b"A"
    root = struct.pack("<BBI4xI4x7xBBBHHB", 34, 0, 17, rows_sectors * SECTOR, 2, 0, 0, 0, 0, 1) + b"\0"
    descriptor = (b"\1CD001\1".ljust(156, b"\0") + root).ljust(SECTOR, b"\0")
    start = bytes(16 * SECTOR) + descriptor + rows.ljust(rows_sectors * SECTOR, b"\0")
    return start + archive.ljust(each * SECTOR, b"\0") * copies


def written(directory: Path, data: bytes) -> bytes:
    path = directory / "image"
    path.write_bytes(data)
    return os.fsencode(path)


def test_an_archive_that_a_directory_names_again_and_again_is_there_once(tmp_path: Path) -> None:
    """30,000 records in a MiB of directory were 30,000 archives, each with a listing of its own."""
    volume = next(iter(set_seeds().volumes.values()))
    path = written(tmp_path, image_of(volume, 500, 2))
    with ArchiveFile(path) as file:
        assert [n_bytes for _, n_bytes in locate(file)] == [len(volume)] * 2
    assert [found.n_bytes for found in volumes_in(path)] == [len(volume)] * 2


def test_an_extent_that_is_too_long_does_not_hide_the_next_archive(tmp_path: Path) -> None:
    volume = next(iter(set_seeds().volumes.values()))
    data = bytearray(image_of(volume, 2, 2))
    struct.pack_into("<I", data, 17 * SECTOR + 10, 2 * len(volume))
    with ArchiveFile(written(tmp_path, bytes(data))) as file:
        (first, length), (second, _) = locate(file)
        assert (first + length, second) == (second, first + -(-len(volume) // SECTOR) * SECTOR)


def test_archives_in_one_image_ask_for_no_more_than_one_may(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    volume = next(iter(set_seeds().volumes.values()))
    path = written(tmp_path, image_of(volume, 3, 3))
    (entries,) = {len(found.listing) for found in volumes_in(path)}
    monkeypatch.setattr(index, "_ENTRIES_RATIO", 0)
    monkeypatch.setattr(index, "_ENTRIES_ALLOWANCE", 2 * entries)
    assert len(list(volumes_in(path))) == 2


def test_a_volume_that_says_a_number_beyond_its_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """IndexError from `rebuild`."""
    (tmp_path / "set").mkdir()
    names = list(set_seeds().volumes)
    for name, data in set_seeds().volumes.items():
        (tmp_path / "set" / name).write_bytes(data)
    real = VolumeInfo.of_settings

    def lying(settings: dict[str, object]) -> VolumeInfo | None:
        found = real(settings)
        return replace(found, number=77) if found and (found.number, found.kind) == (2, VolumeKind.DATA) else found

    monkeypatch.setattr(VolumeInfo, "of_settings", lying)
    monitor = Monitor()
    done = rebuild([os.fsencode(tmp_path / "set")], os.fsencode(tmp_path / "to"), monitor=monitor)
    assert [(problem.path, problem.reason) for problem in monitor.problems] == [
        (os.fsencode(tmp_path / "set" / names[1]), "says that it is volume 77 of a set of 3")
    ]
    # What it would have been is rebuilt like one that is lost.
    assert done.complete
    assert [one.info.number for one in done.volumes if one.outcome is Outcome.REBUILT] == [2]
    assert (tmp_path / "to" / names[1]).read_bytes() == set_seeds().volumes[names[1]]


def _shard_of(data: bytes, directory: Path) -> finding_shards.FoundShard | None:
    path = written(directory, data)
    with ExitStack() as stack:
        copies = [whole_file(path, stack)]
        held = survey_volume(copies, 0, work_dir=os.fsencode(directory / "work"), stack=stack, monitor=Monitor())
        return find_shard(held, _header().set_id)


def _header() -> RecoveryHeader:
    data = set_seeds().recovery
    return RecoveryHeader.unpack(data[data.index(MAGIC) :])


@pytest.mark.parametrize("n_bytes", [1 << 40, 1 << 62])
def test_a_shard_of_which_next_to_nothing_is_there_is_none(n_bytes: int, tmp_path: Path) -> None:
    """A gigabyte of memory for a shard of a terabyte, and MemoryError beyond: of 200 KB that said so."""
    header = _header()
    lying = replace(header, bodies=[replace(header.bodies[0], n_bytes=n_bytes), *header.bodies[1:]])
    data = set_mutate.without_parity(set_seeds().recovery)
    at = data.index(MAGIC)
    one = data[:at] + lying.pack() + data[at + header.header_bytes :]
    # The copy tells the truth.
    found = _shard_of(one, tmp_path)
    assert found is not None
    assert found.header == header
    copy = one.rindex(MAGIC)
    both = one[:copy] + replace(lying, is_copy=True).pack() + one[copy + header.header_bytes :]
    tracemalloc.start()
    assert _shard_of(both, tmp_path) is None
    assert tracemalloc.get_traced_memory()[1] < 64 << 20
    tracemalloc.stop()


def test_what_looks_like_headers_everywhere_is_not_read_without_end(tmp_path: Path) -> None:
    """Each asked for a checksum of 1.5 MB: half a minute for a megabyte."""
    data = set_mutate.without_parity(set_seeds().recovery)
    at = data.index(MAGIC)
    fake = bytearray(_header().pack()[:48])
    struct.pack_into("<I", fake, 40, 32768)
    assert _shard_of(data[:at] + bytes(fake) * 10 + data[at:], tmp_path) is not None
    assert _shard_of(data[:at] + bytes(fake) * 100 + data[at:], tmp_path) is None


def test_what_is_resealed_is_accepted() -> None:
    """Else only checksums would be tested."""
    chance = random.Random(5)
    data = set_seeds().recovery
    at = data.index(MAGIC)
    accepted = 0
    for _ in range(200):
        changed = set_mutate.resealed_recovery(chance, data[at : at + SECTOR])
        with suppress(FormatError):
            accepted += RecoveryHeader.unpack(changed) != _header()
    assert accepted > 20
    volume = next(iter(set_seeds().volumes.values()))
    forged = [set_mutate.other_settings(chance, volume) for _ in range(50)]
    assert sum(_says_otherwise(data) for data in forged) > 15


def _says_otherwise(volume: bytes) -> bool:
    """Whether its last index of the tree is right by its checksums, and not what it was."""
    before = [blob.plain for _, blob in mutate.indexes(next(iter(set_seeds().volumes.values())))]
    return any(blob.plain not in before for _, blob in mutate.indexes(volume))
