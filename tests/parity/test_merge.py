"""Several copies: what is good in any of them is good; pieces, sidecars, and what is refused."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest
from kit.damage import overwritten
from kit.protected import (
    AFTER,
    NO_PARITY,
    SMALL_GROUPS,
    Specimen,
    bad_sectors,
    is_repairable,
    mended,
    shards_of,
    with_own_stream,
    with_sidecar,
)

from pybackup.errors import UsageError
from pybackup.sector import SECTOR

RANDOM = random.Random("unlike the others")


def copies_of(base: Path, contents: list[bytes]) -> list[Path]:
    paths = [base / f"copy{number}" for number in range(len(contents))]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    return paths


@pytest.mark.parametrize("fill", ["zeros", "garbage"])
@pytest.mark.parametrize("in_place", [False, True])
def test_two_copies_without_parity_that_lost_different_parts(room: Path, fill: str, in_place: bool) -> None:
    specimen = with_own_stream(room, NO_PARITY, RANDOM.randbytes(900 * SECTOR), AFTER)
    chance = random.Random(7)
    numbers = list(range(specimen.sectors))
    chance.shuffle(numbers)
    part = int(specimen.sectors * 0.4)
    garbage = chance if fill == "garbage" else None
    contents = [
        overwritten(specimen.data, numbers[:part], garbage),
        overwritten(specimen.data, numbers[part : 2 * part], garbage),
    ]
    paths = copies_of(room, contents)
    output = paths[0] if in_place else room / "out"
    done = mended(paths, None if in_place else output)
    assert output.read_bytes() == specimen.data
    assert (done.left, done.damaged) == (0, part)
    assert paths[1].read_bytes() == contents[1]
    assert sum(count for _, count in done.taken) == specimen.sectors


def test_three_copies_without_parity_leave_what_is_bad_in_all(room: Path) -> None:
    specimen = with_own_stream(room, NO_PARITY, RANDOM.randbytes(3000 * SECTOR))
    chance = random.Random(8)
    kinds = shards_of(specimen.geometry)
    bad = [set(chance.sample(range(specimen.sectors), specimen.sectors // 10)) for _ in range(3)]
    in_all = {number for number in set.intersection(*bad) if kinds[number][0] != "guard"}
    assert in_all
    paths = copies_of(room, [overwritten(specimen.data, numbers, chance) for numbers in bad])
    done = mended(paths, room / "out")
    assert set(bad_sectors(specimen, (room / "out").read_bytes())) == in_all
    assert done.left == len(in_all)
    assert done.left_extents.n_bytes == len(in_all) * SECTOR


def test_copies_and_parity_together(room: Path, own: Specimen) -> None:
    """Neither the copies nor parity would do alone."""
    chance = random.Random(9)
    bad = [chance.sample(range(own.sectors), own.sectors // 4) for _ in range(2)]
    both = sorted(set(bad[0]) & set(bad[1]))
    assert is_repairable(own.geometry, both)
    assert not is_repairable(own.geometry, bad[0])
    paths = copies_of(room, [overwritten(own.data, numbers, chance) for numbers in bad])
    done = mended(paths, None)
    assert paths[0].read_bytes() == own.data
    assert (done.left, done.mended) == (0, len(both))


def test_copies_that_moved_differently(room: Path, own: Specimen) -> None:
    gone = [range(40, 180), range(0, 100), range(190, 300)]
    data = [overwritten(own.data, numbers) for numbers in gone]
    contents = [data[0][:50_000] + data[0][50_001:], b"junk" * 99 + data[1], data[2][3000:]]
    paths = copies_of(room, contents)
    done = mended(paths, room / "out")
    assert (room / "out").read_bytes() == own.data
    assert done.left == 0


@pytest.mark.parametrize("numbers", [range(7), (0, 2, 3, 4, 6)])
def test_pieces_in_a_directory(room: Path, own: Specimen, numbers: range | tuple[int, ...]) -> None:
    """As ddrescue or `split` leave them: in any order, of any length, some of them missing."""
    pieces = room / "pieces"
    pieces.mkdir()
    step = len(own.data) // 7 + 1
    for number in numbers:
        (pieces / f"{9 - number}").write_bytes(own.data[number * step : (number + 1) * step])
    done = mended([pieces], room / "out")
    result = (room / "out").read_bytes()
    assert done.left == len(bad_sectors(own, result))
    if len(numbers) == 7:
        assert result == own.data
    else:
        assert 0 < done.left <= 2 * (step // SECTOR + 2)


def test_pieces_are_never_mended_in_place(room: Path, own: Specimen) -> None:
    pieces = room / "pieces"
    pieces.mkdir()
    parts = {"1": own.data[:99_999], "2": own.data[99_999:]}
    for name, part in parts.items():
        (pieces / name).write_bytes(part)
    with pytest.raises(UsageError, match="directory"):
        mended([pieces], None)
    assert {path.name: path.read_bytes() for path in pieces.iterdir()} == parts


def test_two_files_with_two_sidecars(room: Path, beside: Specimen) -> None:
    """The sidecar of the first is mended even if that of the second has what it lacks."""
    for name, lost in (("a", [5, 6]), ("b", [100, 101])):
        (room / name).write_bytes(overwritten(beside.data, lost))
        (room / f"{name}.xpar").write_bytes(overwritten(beside.sidecar, lost))
    assert mended([room / "a", room / "b"], None).complete
    assert (room / "a").read_bytes() == beside.data
    assert (room / "a.xpar").read_bytes() == beside.sidecar
    assert (room / "b").read_bytes() != beside.data


def test_sidecar_that_is_elsewhere(room: Path, beside: Specimen) -> None:
    data, sidecar = room / "data", room / "elsewhere"
    data.write_bytes(overwritten(beside.data, [7]))
    sidecar.write_bytes(overwritten(beside.sidecar, [2]))
    mended([data, sidecar], None)
    assert (data.read_bytes(), sidecar.read_bytes()) == (beside.data, beside.sidecar)


def test_volume_within_a_file_is_never_taken_for_all_of_it(room: Path, own: Specimen) -> None:
    """An archive in an image: written out on its own it may be, but the image is not replaced by it."""
    image = room / "image"
    content = RANDOM.randbytes(50_000) + overwritten(own.data, [9]) + RANDOM.randbytes(70_000)
    image.write_bytes(content)
    with pytest.raises(UsageError, match="begins at byte 50000"):
        mended([image], None)
    assert image.read_bytes() == content
    assert mended([image], room / "out").complete
    assert (room / "out").read_bytes() == own.data
    assert image.read_bytes() == content


def test_sidecar_of_an_earlier_file_is_not_believed(room: Path, own: Specimen) -> None:
    """It is larger, and all of it is whole, but hardly a sector of the file is what it says."""
    earlier = with_sidecar(room, SMALL_GROUPS, RANDOM.randbytes(len(own.data) + 40 * SECTOR))
    path = room / "f"
    path.write_bytes(overwritten(own.data, [4, 5]))
    (room / "f.xpar").write_bytes(earlier.sidecar)
    done = mended([path], None)
    assert (done.damaged, done.left) == (2, 0)
    assert path.read_bytes() == own.data
    assert (room / "f.xpar").read_bytes() == earlier.sidecar


@pytest.mark.parametrize("lost", [0, 20])
def test_outer_of_two_volumes_is_mended(room: Path, own: Specimen, lost: int) -> None:
    """What the inner has no parity for, the outer has, and the other way round it is the outer that counts."""
    outer = with_sidecar(room, SMALL_GROUPS, own.data + RANDOM.randbytes(5000))
    bad = random.Random(6).sample(range(outer.geometry.before_sectors), lost)
    assert is_repairable(outer.geometry, bad)
    path = room / "f"
    path.write_bytes(overwritten(outer.data, bad))
    (room / "f.xpar").write_bytes(outer.sidecar)
    done = mended([path], room / "out")
    assert (done.geometry, done.damaged, done.left) == (outer.geometry, lost, 0)
    assert (room / "out").read_bytes() == outer.data


def test_sidecar_in_the_place_of_what_it_protects_is_not_overwritten(room: Path, beside: Specimen) -> None:
    data, sidecar = room / "data", room / "data.xpar"
    data.write_bytes(overwritten(beside.data, [1]))
    sidecar.write_bytes(overwritten(beside.sidecar, [3]))
    before = sidecar.read_bytes()
    for paths in ([sidecar], [sidecar, data]):
        with pytest.raises(UsageError, match="is a sidecar"):
            mended(paths, None)
    assert sidecar.read_bytes() == before
    assert mended([sidecar, data], room / "out").complete
    assert (room / "out").read_bytes() == beside.data


def test_output_that_is_a_copy_or_no_file_is_refused(room: Path, own: Specimen) -> None:
    path, link, pipe = room / "f", room / "link", room / "pipe"
    path.write_bytes(own.data)
    os.link(path, link)
    os.mkfifo(pipe)
    for output, reason in ((path, "is one of the copies"), (link, "is one of the copies"), (pipe, "exists")):
        with pytest.raises(UsageError, match=f"{output.name}: {reason}"):
            mended([path], output)
    assert path.read_bytes() == own.data


def test_sidecar_of_the_output_replaces_nothing_else(room: Path, beside: Specimen) -> None:
    for name, content in (("f", beside.data), ("f.xpar", beside.sidecar), ("out.xpar", b"a letter")):
        (room / name).write_bytes(content)
    with pytest.raises(UsageError, match="exists"):
        mended([room / "f"], room / "out")
    assert (room / "out.xpar").read_bytes() == b"a letter"
    assert not (room / "out").exists()
