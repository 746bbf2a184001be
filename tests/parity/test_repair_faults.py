"""What fails on the way: nothing that was good is bad afterwards, nothing half made has a name."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import random
from pathlib import Path
from typing import Any

import pytest
from kit.damage import overwritten
from kit.memory import fast_directory
from kit.protected import SMALL_GROUPS, Specimen, bad_sectors, is_repairable, mended, protect, whole_of

from pybackup.errors import Damaged, EnvironmentFailed, UsageError
from pybackup.host import give_name
from pybackup.sector import SECTOR


class Stop(Exception):
    """The machine stops."""


@pytest.mark.parametrize("sidecar", [False, True])
def test_a_crash_at_any_write_leaves_no_sector_bad_that_was_good(
    own: Specimen, beside: Specimen, sidecar: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    specimen = beside if sidecar else own
    chance = random.Random(2)
    bad = chance.sample(range(specimen.sectors), specimen.sectors // 14)
    good = whole_of(specimen.geometry, specimen.data, specimen.sidecar)
    assert is_repairable(specimen.geometry, bad)
    changed = overwritten(good, bad, chance)
    start = specimen.geometry.before_sectors * SECTOR if sidecar else len(specimen.data)
    data = changed[: len(specimen.data)]
    real = os.pwrite
    for number in range(1, 10_000):
        left = number

        def failing(fd: int, view: Any, offset: int) -> int:
            nonlocal left
            left -= 1
            if left == 0:
                # Half of it arrives.
                real(fd, bytes(view)[: len(view) // 2 // SECTOR * SECTOR], offset)
                raise Stop
            return real(fd, view, offset)

        with fast_directory() as base:
            path = base / "f"
            path.write_bytes(data)
            if sidecar:
                (base / "f.xpar").write_bytes(changed[start:])
            monkeypatch.setattr(os, "pwrite", failing)
            with contextlib.suppress(Stop):
                mended([path], None)
            monkeypatch.setattr(os, "pwrite", real)
            stream = (base / "f.xpar").read_bytes() if sidecar else b""
            now_bad = bad_sectors(specimen, path.read_bytes(), stream)
            assert set(now_bad) <= set(bad)
            # And what was left undone is done by the next run.
            if number % 5 == 1 or left > 0:
                assert mended([path], None).complete
                assert path.read_bytes() == specimen.data
        if left > 0:
            assert number > 20
            return
    pytest.fail("there is no end to it")


@pytest.mark.parametrize("operation", ["open", "pwrite", "ftruncate", "fsync", "renameat2", "link"])
@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC])
def test_output_that_cannot_be_written_leaves_nothing(
    own: Specimen, operation: str, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = overwritten(own.data, [1, 2, 3, 200])
    if operation == "link":
        monkeypatch.setattr(give_name, "_renameat2", None)
    place, name = (give_name, "_renameat2") if operation == "renameat2" else (os, operation)
    real = getattr(place, name)
    for number in range(1, 10_000):
        left = number

        def failing(*args: Any, **kwargs: Any) -> Any:
            nonlocal left
            left -= 1
            if left:
                return real(*args, **kwargs)
            if operation == "renameat2":
                ctypes.set_errno(code)
                return -1
            raise OSError(code, os.strerror(code))

        with fast_directory() as base:
            path, output = base / "f", base / "out"
            path.write_bytes(data)
            monkeypatch.setattr(place, name, failing)
            try:
                done = mended([path], output)
            except EnvironmentFailed:
                done = None
            monkeypatch.setattr(place, name, real)
            assert path.read_bytes() == data
            if output.exists():
                assert output.read_bytes() == own.data
            assert [other for other in os.listdir(base) if other not in ("f", "out")] == []
            if left > 0:
                assert done is not None
                assert number > 1
                return
            assert done is None
    pytest.fail("there is no end to it")


def test_output_that_exists_is_not_replaced(room: Path, own: Specimen) -> None:
    path, output = room / "f", room / "out"
    path.write_bytes(overwritten(own.data, [1]))
    output.write_bytes(b"earlier")
    with pytest.raises(UsageError, match="exists"):
        mended([path], output)
    assert output.read_bytes() == b"earlier"


def test_nothing_is_left_of_a_repair_that_cannot_be(room: Path, own: Specimen) -> None:
    path, output = room / "f", room / "out"
    path.write_bytes(overwritten(own.data, range(own.geometry.before_sectors, own.sectors)))
    with pytest.raises(Damaged, match="no parity and no checksums"):
        mended([path], output)
    assert sorted(room.iterdir()) == [path]


def test_protecting_again_gives_the_same_sidecar(room: Path, beside: Specimen) -> None:
    path = room / "f"
    path.write_bytes(beside.data)
    protect(path, room / "f.xpar", SMALL_GROUPS)
    assert (room / "f.xpar").read_bytes() == beside.sidecar
