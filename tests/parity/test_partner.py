"""Two processes make the parity that one makes, and the failure of either is that of the whole."""

from __future__ import annotations

import os
import random
import signal
from fractions import Fraction
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from pybackup.errors import EnvironmentFailed
from pybackup.host.storage import ArchiveFile
from pybackup.jobs.protect import ParityOptions
from pybackup.layout.guard import SECTOR
from pybackup.parity import partner
from pybackup.parity.amount import Amount
from pybackup.parity.geometry import plan_geometry
from pybackup.parity.partner import Partner, partner_of
from pybackup.parity.protect import protect
from pybackup.parity.volume import Volume, VolumeWriter

from .specimens import with_own_stream, with_sidecar

OPTIONS = ParityOptions(Amount(share=Fraction(1, 10)), group_sectors=100)


@pytest.fixture
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second process for the smallest volume, on one processor too."""
    monkeypatch.setattr(partner, "_LEAST_SECTORS", 1)
    monkeypatch.setattr(partner, "default_workers", lambda: 2)


class Written:
    """A file in memory."""

    def __init__(self, n_bytes: int) -> None:
        self.data = bytearray(n_bytes)

    def write_at(self, offset: int, data: bytes) -> None:
        self.data[offset : offset + len(data)] = data


def volume_of(path: Path) -> Volume:
    path.write_bytes(random.Random(1).randbytes(500 * SECTOR))
    file = ArchiveFile(os.fsencode(path))
    return Volume(plan_geometry(file.size, 0, OPTIONS.amount, sidecar=True, group_sectors=100), file, file)


def protected(volume: Volume) -> bytes:
    stream = Written(volume.geometry.stream_bytes)
    protect(volume, VolumeWriter(volume.geometry, stream, stream), progress=lambda count: None)
    return bytes(stream.data)


def test_the_same_bytes(room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, after = random.Random(2).randbytes(777 * SECTOR), random.Random(3).randbytes(1000)
    alone = [with_own_stream(room, OPTIONS, before, after).data, with_sidecar(room, OPTIONS, before[:-5]).sidecar]
    monkeypatch.setattr(partner, "_LEAST_SECTORS", 1)
    monkeypatch.setattr(partner, "default_workers", lambda: 2)
    started: list[Volume] = []

    def starting(volume: Volume, pipe: Connection, parity: NDArray[np.uint8]) -> Partner:
        started.append(volume)
        return Partner(volume, pipe, parity)

    monkeypatch.setattr(partner, "Partner", starting)
    both = [with_own_stream(room, OPTIONS, before, after).data, with_sidecar(room, OPTIONS, before[:-5]).sidecar]
    assert len(started) == 2
    assert both == alone


@pytest.mark.usefixtures("always")
def test_what_only_the_other_cannot_read_is_raised_here(room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    volume, mine, read = volume_of(room / "f"), os.getpid(), os.pread

    def failing(fd: int, count: int, offset: int) -> bytes:
        if os.getpid() != mine and offset > 300 * SECTOR:
            raise OSError(5, "Input/output error")
        return read(fd, count, offset)

    monkeypatch.setattr(os, "pread", failing)
    with pytest.raises(OSError, match="Input/output error"):
        protected(volume)


@pytest.mark.usefixtures("always")
def test_the_death_of_the_other_is_told(room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    volume, mine, read = volume_of(room / "f"), os.getpid(), os.pread

    def dying(fd: int, count: int, offset: int) -> bytes:
        if os.getpid() != mine:
            os.kill(os.getpid(), signal.SIGKILL)
        return read(fd, count, offset)

    monkeypatch.setattr(os, "pread", dying)
    with pytest.raises(EnvironmentFailed, match="died"):
        protected(volume)


def no_sums() -> NDArray[np.uint32]:
    return np.zeros(0, np.uint32)


def test_none_for_little_or_on_one_processor(room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    volume = volume_of(room / "f")
    with partner_of(volume, no_sums) as nobody:
        assert nobody is None
    monkeypatch.setattr(partner, "_LEAST_SECTORS", 1)
    monkeypatch.setattr(partner, "default_workers", lambda: 1)
    with partner_of(volume, no_sums) as nobody:
        assert nobody is None
