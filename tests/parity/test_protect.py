"""Protecting once more: what the earlier sidecar could still bring back is not thrown away."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from pybackup.errors import UsageError
from pybackup.layout.guard import SECTOR

from .specimens import AFTER, BEFORE, NO_PARITY, SMALL_GROUPS, mended, overwritten, protect

CONTENT = BEFORE + AFTER
CHANCE = random.Random("once more")


@pytest.fixture
def protected(room: Path) -> tuple[Path, Path]:
    path, sidecar = room / "f", room / "f.xpar"
    path.write_bytes(CONTENT)
    protect(path, sidecar, SMALL_GROUPS)
    return path, sidecar


@pytest.mark.parametrize(
    "damaged",
    [overwritten(CONTENT, [9]), CONTENT[:-3000], overwritten(CONTENT, range(120), CHANCE), overwritten(CONTENT, [277])],
    ids=["one sector", "cut", "beyond parity", "the last sector"],
)
def test_of_a_damaged_file_is_refused(protected: tuple[Path, Path], damaged: bytes) -> None:
    path, sidecar = protected
    before = sidecar.read_bytes()
    path.write_bytes(damaged)
    with pytest.raises(UsageError, match="are damaged; 'pybackup repair'"):
        protect(path, sidecar, SMALL_GROUPS)
    assert sidecar.read_bytes() == before


@pytest.mark.parametrize(
    "later",
    [CONTENT, CONTENT + b"appended", CHANCE.randbytes(len(CONTENT)), CHANCE.randbytes(99)],
    ids=["the same", "appended", "another", "a smaller one"],
)
def test_of_another_version_is_made(protected: tuple[Path, Path], later: bytes) -> None:
    path, sidecar = protected
    path.write_bytes(later)
    protect(path, sidecar, NO_PARITY)
    assert mended([path], None).damaged == 0


def test_a_damaged_sidecar_is_replaced(protected: tuple[Path, Path]) -> None:
    path, sidecar = protected
    before = sidecar.read_bytes()
    for lost in ([3], range(len(before) // SECTOR)):
        sidecar.write_bytes(overwritten(before, lost))
        if any(sidecar.read_bytes()):
            protect(path, sidecar, SMALL_GROUPS)
            assert sidecar.read_bytes() == before
        else:
            with pytest.raises(UsageError, match="is no sidecar"):
                protect(path, sidecar, SMALL_GROUPS)
