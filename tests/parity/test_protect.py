"""Protecting once more: what the earlier sidecar could still bring back is not thrown away."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from kit.damage import overwritten
from kit.protected import AFTER, BEFORE, NO_PARITY, SMALL_GROUPS, Specimen, mended, protect

import pybackup
from pybackup.errors import UsageError
from pybackup.sector import SECTOR

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


TWENTY = CHANCE.randbytes(20 * SECTOR)
TEXT = b"important text\n"


@pytest.mark.parametrize(
    ("content", "parity", "damaged"),
    [
        (TEXT, "10%", b"imp0rtant text\n"),
        (TEXT, "none", b"imp0rtant text\n"),
        (TEXT, "10%", b"\n"),
        (TEXT, "10%", b"+" + TEXT),
        (TEXT, "10%", b"something else, and more of it"),
        (TWENTY[: 3 * SECTOR], "100%", bytes(3 * SECTOR)),
        (TWENTY, "200%", overwritten(TWENTY, range(19))),
        (TWENTY, "200%", overwritten(TWENTY, range(20))),
        (TWENTY, "none", overwritten(TWENTY, range(19), CHANCE)),
        (TWENTY, "10%", b"+" + TWENTY),
        (TWENTY, "none", b"+" + TWENTY),
        (TWENTY, "none", TWENTY[1:]),
        (TWENTY, "10%", TWENTY[:-1]),
        (TWENTY + b"end", "10%", TWENTY + b"End" + TWENTY),
    ],
)
def test_what_the_sidecar_knows_better_is_never_taken_for_another_version(
    room: Path, content: bytes, parity: str, damaged: bytes
) -> None:
    path, sidecar = room / "n", room / "n.xpar"
    path.write_bytes(content)
    pybackup.protect(path, parity=parity)
    before = sidecar.read_bytes()
    path.write_bytes(damaged)
    with pytest.raises(UsageError, match="are damaged; 'pybackup repair'"):
        pybackup.protect(path, parity=parity)
    assert sidecar.read_bytes() == before
    assert sorted(entry.name for entry in room.iterdir()) == ["n", "n.xpar"]


def test_of_an_archive_with_parity_of_its_own_its_sidecar_counts(room: Path, own: Specimen) -> None:
    """The sectors that are good by the file's own sums say nothing of the sidecar."""
    path, sidecar = room / "f", room / "f.xpar"
    path.write_bytes(own.data)
    protect(path, sidecar, SMALL_GROUPS)
    before = sidecar.read_bytes()
    path.write_bytes(overwritten(own.data, [9]))
    with pytest.raises(UsageError, match="according to this sidecar 1 of"):
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
