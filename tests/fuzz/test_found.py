"""What fuzzing found, each as small as it gets."""

from __future__ import annotations

import os
import random
import tracemalloc
from pathlib import Path

import pytest

from pybackup.archive.open import open_archive
from pybackup.check.info import info
from pybackup.cli.main import main
from pybackup.container import recover
from pybackup.errors import Refused
from pybackup.layout import index, note, table, ustar
from pybackup.layout.ddrescue import parse_map
from pybackup.layout.names import Names
from pybackup.layout.note import Note, Role
from pybackup.model.extents import Extents
from pybackup.monitor import Monitor
from pybackup.restore.unpack import unpack

from . import bombs, mutate
from .seeds import seeds


def _written(directory: Path, data: bytes) -> bytes:
    path = directory / "image"
    path.write_bytes(data)
    return os.fsencode(path)


def _containers(count: int, rows: int) -> bytes:
    """Own indexes of so many containers with so many directories each, of names that are their own."""
    return b"".join(bombs.packed_index(number, rows, 6, b"c%d" % number) for number in range(count))


def test_many_small_indexes_are_refused_as_one_large_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each asked for a million entries in 500 bytes, and a megabyte held thousands of them: gigabytes of memory."""
    path = _written(tmp_path, _containers(4, 600))
    with open_archive(path) as opened:
        assert (len(opened.listing), opened.listing.damage[1:]) == (2400, ())
        body_bytes = index.Head.unpack(opened.file.read_at(0, index.HEAD.size)).body_bytes
    monkeypatch.setattr(index, "_ENTRIES_RATIO", 0)
    monkeypatch.setattr(index, "_ENTRIES_ALLOWANCE", 1300)
    with open_archive(path) as opened:
        assert len(opened.listing) == 1200
        assert sum("more entries than" in words for words in opened.listing.damage) == 2
    monkeypatch.undo()
    monkeypatch.setattr(index, "_PLAIN_RATIO", 0)
    growth = index.Allowance()
    head = index.Head(index.CONTAINER, 4, bytes(8), 0, 1, 0, 0, plain_bytes=30 << 20, body_bytes=body_bytes)
    growth.add(head)
    growth.add(head)
    with pytest.raises(Refused, match="beyond measure"):
        growth.add(head)


def test_a_long_place_is_not_put_before_every_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """60 GB of paths from 40 KB."""
    monkeypatch.setattr(table, "_PATHS_ALLOWANCE", 1 << 20)
    data = bombs.packed_index(0, 300, 6, b"p" * 100_000) + bombs.packed_index(1, 5, 6, b"short")
    with open_archive(_written(tmp_path, data)) as opened:
        paths = list(opened.listing.paths)
        assert any("paths that would grow beyond measure" in words for words in opened.listing.damage)
    assert sum(map(len, paths)) < 8 << 20
    assert paths


def test_nested_containers_do_not_take_the_square(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What would be too long goes to lost+found, as if the names above it were lost."""

    def header(number: int) -> bytes:
        said = Note(Role.CONTAINER, b"nested!!", container=number - 1, raw_bytes=number)
        return note.seal(ustar.Header(b"d" * 90 + b"/.xtar", linkname=said.pack()).pack())

    path = _written(tmp_path, b"".join(map(header, range(1, 200))))
    with open_archive(path) as opened:
        assert len(opened.listing.paths) == 199
        assert max(map(len, opened.listing.paths)) == 199 * 91 - 1
    monkeypatch.setattr(table, "_PATHS_ALLOWANCE", 1 << 18)
    monkeypatch.setattr(recover, "_PATH_BYTES", 0)
    with open_archive(path) as opened:
        assert len(opened.listing.paths) == 199
        assert sum(map(len, opened.listing.paths)) <= 2 << 18
        assert any(path.startswith(b"lost+found/container-") for path in opened.listing.paths)
        assert opened.listing.doubts


def test_blocks_of_a_map_that_cross_do_not_multiply() -> None:
    """A gigabyte from 140 KB: each finished block was cut by every other one before they were joined."""
    count = 2000
    lines = [b"0x%x 0x7fffffffffff +\n" % number for number in range(count)]
    lines += [b"0x%x 1 -\n" % (2 * number + 0x10000) for number in range(count)]
    tracemalloc.start()
    found = parse_map(b"0 + 1\n" + b"".join(lines))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10 << 20
    assert len(found.rescued.ranges) == count + 1
    assert list(found.unread(0x10004)) == [(0x10000, 0x10001), (0x10002, 0x10003)]


@pytest.mark.parametrize("seed", range(20))
def test_parts_of_extents_are_those_of_their_bytes(seed: int) -> None:
    chance = random.Random(seed)
    extents = Extents.of((at, at + chance.randrange(4)) for at in (chance.randrange(40) for _ in range(9)))
    covered = {at for start, end in extents for at in range(start, end)}
    for start in range(42):
        for end in range(start, 42):
            inside = extents.within(start, end)
            assert {at for low, high in inside for at in range(low, high)} == covered & set(range(start, end))
            assert all(low < high for low, high in inside)


def test_a_file_may_say_that_billions_of_its_segments_are_missing(tmp_path: Path) -> None:
    """All of their names were claimed."""
    chance = random.Random(1)
    data = mutate.stripped(chance, seeds().plain)
    while mutate.indexes(data):
        data = mutate.stripped(chance, data)
    at = next(at for at in mutate.headers(data) if data[at:].startswith(b"tiny.7z\0"))
    block = data[at : at + ustar.BLOCK]
    segments = ustar.NOTE_OFFSET + 24
    block = note.seal(block[:segments] + b"\xff\xff\xff\xff" + block[segments + 4 :])
    path = _written(tmp_path, data[:at] + block + data[at + ustar.BLOCK :])
    monitor = Monitor()
    unpack(path, os.fsencode(tmp_path / "out"), monitor=monitor)
    assert any("4294967294 of its segments are gone" in problem.reason for problem in monitor.problems)
    assert [found.name for found in tmp_path.glob("out/**/tiny*")] == ["tiny.7z.part0001.7z"]


def test_names_of_the_segments_that_are_there() -> None:
    assert Names().claim_file(b"f", segments=1 << 32, sparse=False, present=[0, 4]) == [
        b"f.part0001.7z",
        b"f.part0005.7z",
    ]
    assert Names().claim_file(b"f", segments=2, sparse=True) == [b"f.sparse.part0001.7z", b"f.sparse.part0002.7z"]


SETTINGS = [b'{"format": []}', b'{"format": "x"}', b'{"format": Infinity}', b'{"sources": 7}', b'{"sources": {"a": 1}}']
SETTINGS += [b'{"%s": %s}' % (key, b"9" * 400) for key in (b"newest_ns", b"date", b"segment_bytes", b"format")]


@pytest.mark.parametrize("settings", SETTINGS, ids=lambda settings: settings[:20].decode())
@pytest.mark.parametrize("options", [(), ("--json",)])
def test_settings_may_be_anything(
    settings: bytes, options: tuple[str, ...], tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """TypeError, ValueError or OverflowError from `info`."""
    path = _written(tmp_path, bombs.with_settings(settings))
    assert isinstance(info(path).format_version, int)
    assert main(["info", *options, os.fsdecode(path)]) == 0
    assert b"bug" not in capfdbinary.readouterr().err
