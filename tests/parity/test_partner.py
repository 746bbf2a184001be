"""Two processes make the parity that one makes, and the failure of either is that of the whole."""

from __future__ import annotations

import os
import random
import signal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from pybackup.errors import EnvironmentFailed
from pybackup.host import second_process
from pybackup.host.second_process import SecondProcess
from pybackup.host.storage import ArchiveFile, InPlace
from pybackup.parity.stream import partner
from pybackup.parity.stream.amount import Amount
from pybackup.parity.stream.geometry import ParityOptions, plan_geometry
from pybackup.parity.stream.partner import Partner, partner_of
from pybackup.parity.stream.protect import protect
from pybackup.parity.stream.volume import Sectors, VolumeWriter
from pybackup.sector import SECTOR

OPTIONS = ParityOptions(Amount(share=Fraction(1, 10)), group_sectors=100)


@pytest.fixture
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second process for the smallest volume, on one processor too."""
    monkeypatch.setattr(partner, "is_worth_it", lambda: True)


class Written:
    """A file in memory."""

    def __init__(self, n_bytes: int) -> None:
        self.data = bytearray(n_bytes)

    def write_at(self, offset: int, data: bytes) -> None:
        self.data[offset : offset + len(data)] = data


def volume_of(path: Path) -> Sectors:
    path.write_bytes(random.Random(1).randbytes(500 * SECTOR))
    file = ArchiveFile(os.fsencode(path))
    return Sectors(plan_geometry(file.size, 0, OPTIONS.amount, sidecar=True, group_sectors=100), file, file)


def protected(volume: Sectors, *, step_sectors: int = 1024, least_sectors: int = 1) -> bytes:
    stream = Written(volume.geometry.stream_bytes)
    protect(
        volume,
        VolumeWriter(volume.geometry, stream, stream),
        step_sectors=step_sectors,
        least_sectors=least_sectors,
        progress=lambda count: None,
    )
    return bytes(stream.data)


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize("step_sectors", [1, 4, 7])
@pytest.mark.parametrize("after", [0, 1, 1024, 2 * SECTOR, 3 * SECTOR + 5])
def test_the_same_bytes(room: Path, step_sectors: int, after: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is left over when the data are cut into steps, groups and sectors."""
    started: list[Sectors] = []

    def starting(volume: Sectors, process: SecondProcess, parity: NDArray[np.uint8]) -> Partner:
        started.append(volume)
        return Partner(volume, process, parity)

    monkeypatch.setattr(partner, "Partner", starting)
    data = random.Random(2).randbytes(60 * SECTOR)
    for sectors in range(30, 45):
        shape = plan_geometry(sectors * SECTOR, after, OPTIONS.amount, group_sectors=20)
        made = []
        for least in (1, 1 << 30):
            path = room / "f"
            path.write_bytes(data[: shape.before_bytes] + bytes(shape.stream_bytes) + data[:after])
            with ArchiveFile(os.fsencode(path)) as file, InPlace(os.fsencode(path)) as output:
                protect(
                    Sectors(shape, file),
                    VolumeWriter(shape, output),
                    step_sectors=step_sectors,
                    least_sectors=least,
                    progress=lambda count: None,
                )
            made.append(path.read_bytes())
        assert made[0] == made[1]
    assert len(started) == 15


@pytest.mark.usefixtures("always")
def test_the_same_bytes_for_a_last_sector_of_any_length(room: Path) -> None:
    for tail in (1, 2, 511, 512, 1024, 2046, 2047, 2048):
        (room / "f").write_bytes(random.Random(1).randbytes(70 * SECTOR + tail))
        with ArchiveFile(os.fsencode(room / "f")) as file:
            shape = plan_geometry(file.size, 0, OPTIONS.amount, sidecar=True, group_sectors=20)
            volume = Sectors(shape, file, file)
            assert protected(volume, step_sectors=3) == protected(volume, least_sectors=1 << 30)


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
    monkeypatch.setattr(second_process, "default_workers", lambda: 2)
    with partner_of(volume, no_sums) as nobody:
        assert nobody is None
    with partner_of(volume, no_sums, least_sectors=1) as somebody:
        assert somebody is not None
    monkeypatch.setattr(second_process, "default_workers", lambda: 1)
    with partner_of(volume, no_sums, least_sectors=1) as nobody:
        assert nobody is None
