"""64 KiB lost anywhere in an archive with parity, or a twentieth at either end: nothing is lost."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from kit.memory import fast_directory

from pybackup.compress.methods import MIB
from pybackup.jobs.repair import repair
from pybackup.layout.sums import sector_sums
from pybackup.make.plan import CreateOptions, plan_create
from pybackup.make.run import perform_create
from pybackup.mend.health import State, assess
from pybackup.model.source import Source
from pybackup.monitor import Monitor
from pybackup.parity.mend.copies import Survey, damaged_groups
from pybackup.parity.stream.dealing import Dealing
from pybackup.parity.stream.find import find
from pybackup.parity.stream.sum_table import load
from pybackup.sector import SECTOR

WINDOW = 64 * 1024
CONTENT = 20 * MIB
SAMPLE = 10
PARTS = 4


@dataclass(frozen=True, slots=True)
class Memory:
    """A file in memory, one window of which is replaced."""

    data: bytes
    start: int
    fill: bytes

    @property
    def size(self) -> int:
        return len(self.data)

    def read_at(self, offset: int, count: int) -> bytes:
        found = self.data[offset : offset + count]
        low, high = max(offset, self.start), min(offset + len(found), self.start + len(self.fill))
        if low < high:
            gone = self.fill[low - self.start : high - self.start]
            found = found[: low - offset] + gone + found[high - offset :]
        return found

    def read_what_is_left(self, offset: int, count: int) -> bytes:
        return self.read_at(offset, count)


@pytest.fixture(scope="session")
def archive() -> Iterator[bytes]:
    """Some 22 MB: random files, small and large, and text; a tenth of it again is parity."""
    chance = random.Random(17)
    with fast_directory() as base:
        top, output = base / "tree", base / "a.xtar"
        total = number = 0
        while total < CONTENT:
            size = chance.choice((300, 4000, 70_000, 900_000))
            directory = top / f"d{number % 7}"
            directory.mkdir(parents=True, exist_ok=True)
            (directory / f"noise{number}").write_bytes(chance.randbytes(size))
            (directory / f"text{number}").write_bytes(b"All that is written here must come back.\n" * (size // 50))
            total += size
            number += 1
        sources = [Source(os.fsencode(top), b"tree")]
        options = CreateOptions(segment_bytes=MIB, overwrite=True, workers=1)
        monitor = Monitor()
        perform_create(
            plan_create(sources, os.fsencode(output), judge=None, options=options, monitor=monitor), monitor=monitor
        )
        assert monitor.problems == []
        yield output.read_bytes()


def noise(start: int, length: int) -> bytes:
    return random.Random(start).randbytes(length)


def lost_at(archive: bytes, start: int, length: int, fill: str) -> Memory:
    length = min(length, len(archive) - start)
    return Memory(archive, start, noise(start, length) if fill == "noise" else bytes(length))


def windows(archive: bytes) -> list[int]:
    last = len(archive) - WINDOW
    return [*range(0, last, WINDOW), last]


def special(archive: bytes) -> list[tuple[int, int]]:
    """Start and length of losses: a twentieth at either end, the stream's ends, and windows within a sector."""
    found = find([Memory(archive, 0, b"")])
    assert found is not None
    start = found.geometry.before_bytes
    end = start + found.geometry.stream_bytes
    twentieth = len(archive) // 20
    lost = [(0, twentieth), (len(archive) - twentieth, twentieth)]
    lost += [(place, WINDOW) for place in (0, start - WINDOW, start - 99, start, end - WINDOW, end - 1000)]
    return [*lost, (start, twentieth), (end - twentieth, twentieth), (len(archive) - WINDOW, WINDOW)]


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("fill", ["zeros", "noise"])
def test_every_window_leaves_what_parity_mends(archive: bytes, fill: str, part: int) -> None:
    """By the sums alone: only the sectors of the window are bad, in each group no more than there is parity for."""
    for start in windows(archive)[part::PARTS]:
        damaged = lost_at(archive, start, WINDOW, fill)
        found = find([damaged])
        assert found is not None
        assert found.is_enough
        table = load(found)
        survey = Survey.of(table.geometry, table.sums)
        low, high = start // SECTOR, -(-(start + WINDOW) // SECTOR)
        survey.where[:low] = survey.where[high:] = 0
        numbers = np.arange(low, min(high, table.geometry.sectors))
        data = damaged.read_at(low * SECTOR, len(numbers) * SECTOR).ljust(len(numbers) * SECTOR, b"\0")
        survey.where[numbers[sector_sums(data, numbers) == table.sums[numbers]]] = 0
        assert len(survey.missing) > WINDOW // SECTOR - 3
        assert damaged_groups(Dealing(table.geometry), survey.missing).max() <= table.geometry.parity_shards


def test_table_is_that_of_the_archive(archive: bytes) -> None:
    """What the test above takes for granted of the sectors that it does not look at."""
    found = find([Memory(archive, 0, b"")])
    assert found is not None
    table = load(found)
    whole = archive.ljust(table.geometry.sectors * SECTOR, b"\0")
    assert (sector_sums(whole, np.arange(table.geometry.sectors)) == table.sums).all()


@pytest.mark.parametrize("fill", ["zeros", "noise"])
def test_a_sample_and_what_is_special_comes_back(archive: bytes, fill: str, room: Path) -> None:
    """The whole repair, in turns to a new file and in place."""
    starts = random.Random(fill).sample(windows(archive), 2 * SAMPLE)
    path, output = room / "damaged", room / "whole"
    for number, (start, length) in enumerate([*special(archive), *((start, WINDOW) for start in starts)]):
        damaged = lost_at(archive, start, length, fill)
        path.write_bytes(damaged.read_at(0, damaged.size))
        health = assess(os.fsencode(path), Monitor())
        assert health is not None
        assert not isinstance(health, str)
        assert health.state is State.REPAIRABLE
        in_place = bool(number % 2)
        output.unlink(missing_ok=True)
        done = repair([os.fsencode(path)], None if in_place else os.fsencode(output), monitor=Monitor())
        assert done.complete
        assert (path if in_place else output).read_bytes() == archive, (start, length)


@pytest.mark.parametrize("gone", ["start", "end", "start and end"])
def test_a_twentieth_cut_off_comes_back(archive: bytes, gone: str, room: Path) -> None:
    """Not overwritten but gone: all that is left has moved."""
    part = len(archive) // 20
    low = {"start": part, "end": 0, "start and end": part // 2 + 3}[gone]
    high = len(archive) - {"start": 0, "end": part, "start and end": part // 2 + 5}[gone]
    (room / "damaged").write_bytes(archive[low:high])
    assert repair([os.fsencode(room / "damaged")], os.fsencode(room / "whole"), monitor=Monitor()).complete
    assert (room / "whole").read_bytes() == archive
    assert repair([os.fsencode(room / "damaged")], None, monitor=Monitor()).complete
    assert (room / "damaged").read_bytes() == archive
