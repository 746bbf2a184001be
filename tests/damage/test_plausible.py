"""Salvage where no checksum of a sector is left: every byte that was read stands in the partial file, as plausible."""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from pathlib import Path

import pytest

import pybackup
from pybackup.model.verdict import Fate, FileVerdict
from pybackup.monitor import Monitor
from pybackup.restore.result import Restored

SECTOR, BLOCK = 2048, 512


def archive(tree: Path, parity: str = "none") -> bytearray:
    path = tree.parent / "a.xtar"
    pybackup.create([tree], path, parity=parity, workers=1)
    return bytearray(path.read_bytes())


def salvaged(data: bytearray, room: Path, target: str = "out", **options: Sequence[Path]) -> Restored:
    (room / "image").write_bytes(data)
    image, maps = room / "image", options.get("maps", ())
    return pybackup.salvage(image, room / target, map=maps, workers=1, monitor=Monitor()).restored


def placed(done: Restored, path: bytes, room: Path) -> tuple[FileVerdict, bytes]:
    """The verdict on a partial file, and its bytes."""
    verdict = next(verdict for verdict in done.verdicts if verdict.path == path)
    assert verdict.fate is Fate.PARTIAL
    assert verdict.placed_as == path + b".partial"
    return verdict, (room / "out" / os.fsdecode(path + b".partial")).read_bytes()


@pytest.mark.parametrize("is_cut", [True, False])
def test_photos_with_bad_sectors_and_the_end_gone(room: Path, is_cut: bool) -> None:
    """Both stretches of checksums, or all that lies behind the photos, lost: what stands there plainly comes back."""
    tree, chance = room / "tree", random.Random(1)
    tree.mkdir()
    for number in range(4):
        (tree / f"{number}.jpg").write_bytes(chance.randbytes(300_000 + 1000 * number))
    data = archive(tree)
    bad = (50, 210, 330, 500)
    for sector in bad:
        data[sector * SECTOR : (sector + 1) * SECTOR] = bytes(SECTOR)
    gone = 40 * SECTOR
    data[-gone:] = b"" if is_cut else bytes(gone)
    done = salvaged(data, room)
    assert not done.nothing
    assert done.counts[Fate.PARTIAL] == 4
    for number in range(4):
        name = b"tree/%d.jpg" % number
        true = (tree / f"{number}.jpg").read_bytes()
        verdict, found = placed(done, name, room)
        assert not verdict.present
        assert len(found) == len(true)
        wrong = sum(found[at : at + BLOCK] != true[at : at + BLOCK] for at in range(0, len(true), BLOCK))
        # A sector is not where blocks of the file begin.
        allowed = SECTOR // BLOCK + 1 + (gone // BLOCK if number == 3 else 0)
        assert 0 < wrong <= allowed
        holes = (verdict.present | verdict.plausible).gaps(0, len(true))
        assert SECTOR <= holes.n_bytes <= allowed * BLOCK
        for low, high in verdict.plausible:
            assert found[low:high] == true[low:high]
    assert done.plausible_bytes == sum(verdict.plausible.n_bytes for verdict in done.verdicts) > 1_100_000


@pytest.mark.parametrize("compression", ["fast", "default"])
def test_what_a_decoder_gives_before_the_hole(room: Path, compression: str) -> None:
    tree, chance = room / "tree", random.Random(2)
    tree.mkdir()
    text = b" ".join(chance.randbytes(3).hex().encode() for _ in range(80_000))
    (tree / "words.txt").write_bytes(text)
    pybackup.create([tree], room / "a.xtar", parity="none", workers=1, compression=compression)
    data = bytearray((room / "a.xtar").read_bytes())
    (stored,) = (each for each in pybackup.list(room / "a.xtar") if each.members)
    (member,) = stored.members
    hole = (member.offset + member.packed_bytes * 3 // 5) // SECTOR * SECTOR
    data[hole : hole + SECTOR] = bytes(SECTOR)
    del data[member.offset + member.packed_bytes :]
    verdict, found = placed(salvaged(data, room), b"tree/words.txt", room)
    # Behind the hole only an LZMA2 stream goes on, with its next block.
    (start, end), *more = verdict.plausible
    assert bool(more) == (compression == "default")
    for low, high in more:
        assert found[low:high] == text[low:high]
    assert (start, verdict.present.n_bytes) == (0, 0)
    assert end > len(text) * (hole - member.offset) / member.packed_bytes * 0.8
    assert found[:end] == text[:end]


def test_segments_that_are_whole_are_proved(room: Path) -> None:
    """Of a file of several segments those whose digest agrees are right for certain."""
    tree = room / "tree"
    tree.mkdir()
    true = random.Random(3).randbytes((5 << 20) + 999)
    (tree / "long.jpg").write_bytes(true)
    data = archive(tree)
    at = data.index(true[1_000_000:1_000_100])
    data[at : at + 5000] = bytes(5000)
    del data[data.index(true[-100:]) + 100 :]
    verdict, found = placed(salvaged(data, room), b"tree/long.jpg", room)
    assert verdict.present.ranges == ((4 << 20, len(true)),)
    assert (4 << 20) - 5000 - 2 * BLOCK < verdict.plausible.n_bytes <= (4 << 20) - 5000 + 2 * BLOCK
    assert found[4 << 20 :] == true[4 << 20 :]


def test_what_a_map_does_not_list_was_read_and_is_not_proved(room: Path) -> None:
    """A drive can give wrong bytes without a word; a map vouches for nothing."""
    tree = room / "tree"
    tree.mkdir()
    true = random.Random(4).randbytes(100_000)
    (tree / "p.jpg").write_bytes(true)
    data = archive(tree)
    start = data.index(true[:100])
    data[start + 50_000] ^= 1
    del data[data.index(true[-100:]) + 100 :]
    bad = (start + 20_000) // SECTOR * SECTOR
    data[bad : bad + SECTOR] = b"\xff" * SECTOR
    text = f"0x0 ? 1\n0x0 0x{bad:x} +\n0x{bad:x} 0x800 -\n0x{bad + SECTOR:x} 0x{len(data) - bad - SECTOR:x} +\n"
    (room / "map").write_text(text)
    done = salvaged(data, room, maps=[room / "map"])
    verdict, found = placed(done, b"tree/p.jpg", room)
    assert not verdict.present
    assert verdict.plausible.gaps(0, len(true)).ranges == ((bad - start, bad - start + SECTOR),)
    assert found[bad - start : bad - start + SECTOR] == bytes(SECTOR)


def test_with_checksums_nothing_is_merely_plausible(room: Path) -> None:
    tree = room / "tree"
    tree.mkdir()
    true = random.Random(5).randbytes(300_000)
    (tree / "p.jpg").write_bytes(true)
    data = archive(tree)
    at = data.index(true[100_000:100_100]) // SECTOR * SECTOR
    data[at : at + SECTOR] = bytes(SECTOR)
    verdict, _ = placed(salvaged(data, room), b"tree/p.jpg", room)
    assert not verdict.plausible
    assert verdict.present.n_bytes == len(true) - SECTOR
