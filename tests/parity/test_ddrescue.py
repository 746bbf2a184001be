"""A drive that gives not all, read by GNU ddrescue: its map and its image are all that repair needs."""

from __future__ import annotations

import random
import subprocess
from fractions import Fraction
from pathlib import Path

import pytest
from kit.protected import NO_PARITY, Specimen, bad_sectors, is_repairable, mended, with_own_stream, with_sidecar

from pybackup.layout.ddrescue import parse_map, write_map
from pybackup.model.extents import Extents
from pybackup.parity.stream.amount import Amount
from pybackup.parity.stream.geometry import ParityOptions
from pybackup.sector import SECTOR

OPTIONS = ParityOptions(Amount(share=Fraction(1, 8)), group_sectors=150)
CHANCE = random.Random(31)


def rescue(room: Path, name: str, content: bytes, bad: Extents, filler: bytes = b"") -> tuple[Path, Path]:
    """Read a drive with bad places by ddrescue; return image and map. ``filler`` is what the image held before."""
    drive, plays, image, log = (room / f"{name}.{suffix}" for suffix in ("drive", "plays", "img", "map"))
    drive.write_bytes(content)
    plays.write_bytes(write_map(bad, len(content)))
    if filler:
        image.write_bytes((filler * (len(content) // len(filler) + 1))[: len(content)])
    command = ["ddrescue", "--quiet", f"--test-mode={plays}", "--sector-size=2048", "--retry-passes=1"]
    subprocess.run([*command, drive, image, log], check=True, capture_output=True)
    return image, log


def spots(sectors: list[int], *, length: int = SECTOR) -> Extents:
    return Extents.of((number * SECTOR, number * SECTOR + length) for number in sectors)


@pytest.mark.parametrize("filler", [b"", b"\xa5"])
def test_bad_sectors_of_a_drive_come_back(room: Path, filler: bytes) -> None:
    specimen = with_own_stream(room, OPTIONS, CHANCE.randbytes(1000 * SECTOR), CHANCE.randbytes(5000))
    bad = sorted({*CHANCE.sample(range(specimen.sectors - 1), 40), *range(300, 345)})
    assert is_repairable(specimen.geometry, bad)
    image, log = rescue(room, "disc", specimen.data, spots(bad), filler)
    assert bad_sectors(specimen, image.read_bytes()) == bad
    assert parse_map(log.read_bytes()).unread(len(specimen.data)) == spots(bad)
    done = mended([image], room / "out", [log])
    assert (done.damaged, done.mended, done.left) == (len(bad), len(bad), 0)
    assert (room / "out").read_bytes() == specimen.data
    assert mended([image], None, [log]).complete
    assert image.read_bytes() == specimen.data


def test_two_drives_with_their_maps_and_no_parity(room: Path) -> None:
    """What neither of them gave is lost, and nothing else; each map belongs to its own image."""
    specimen = with_own_stream(room, NO_PARITY, CHANCE.randbytes(1000 * SECTOR))
    bad = [CHANCE.sample(range(900), 200) for _ in range(2)]
    read = [rescue(room, f"disc{number}", specimen.data, spots(numbers)) for number, numbers in enumerate(bad)]
    done = mended([image for image, _ in read], room / "out", [log for _, log in read])
    both = sorted(set(bad[0]) & set(bad[1]))
    assert done.left == len(both) > 0
    assert bad_sectors(specimen, (room / "out").read_bytes()) == both
    assert done.left_extents == spots(both)


def test_drive_beside_its_sidecar(room: Path) -> None:
    """The end of the drive was never tried, and bad places are no whole sectors."""
    specimen = with_sidecar(room, OPTIONS, CHANCE.randbytes(777_777))
    bad = Extents.of([(5000, 5512), (100_000, 130_000), (760_000, 777_777)])
    image, log = rescue(room, "disc", specimen.data, bad)
    (room / "disc.img.xpar").write_bytes(specimen.sidecar)
    assert mended([image], room / "out", [log]).complete
    assert (room / "out").read_bytes() == specimen.data
    assert (room / "out.xpar").read_bytes() == specimen.sidecar


def test_one_past_the_limit_is_said(room: Path) -> None:
    specimen: Specimen = with_own_stream(room, OPTIONS, CHANCE.randbytes(1000 * SECTOR))
    geometry = specimen.geometry
    length = (geometry.parity_shards + 2) * geometry.groups
    image, log = rescue(room, "disc", specimen.data, Extents.of([(0, length * SECTOR)]))
    done = mended([image], room / "out", [log])
    assert not done.complete
    assert done.groups_beyond == geometry.groups
    assert bad_sectors(specimen, (room / "out").read_bytes()) == list(range(length))
