"""Repairing real files: everything below the limit comes back, nothing beyond it is claimed to be right."""

from __future__ import annotations

import errno
import os
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from damage.fast_disk import fast_directory
from hypothesis import given, settings
from hypothesis import strategies as st

from pybackup.errors import Damaged, EnvironmentFailed, PybackupError, UsageError
from pybackup.jobs.protect import ParityOptions
from pybackup.jobs.repair import Repaired
from pybackup.layout.guard import SECTOR
from pybackup.parity.geometry import Amount

from .specimens import (
    NO_PARITY,
    Specimen,
    bad_sectors,
    erasures,
    is_repairable,
    mended,
    overwritten,
    protect,
    shards_of,
    whole_of,
    with_own_stream,
    with_sidecar,
)

SMALL_GROUPS = ParityOptions(Amount(share=Fraction(1, 5)), group_sectors=48)
RANDOM = random.Random(5)
BEFORE, AFTER = RANDOM.randbytes(260 * SECTOR), RANDOM.randbytes(17 * SECTOR + 700)


@cache
def the_own() -> Specimen:
    """A file with its stream, in several groups, bytes behind the stream."""
    with fast_directory() as base:
        return with_own_stream(base, SMALL_GROUPS, BEFORE, AFTER)


@cache
def the_beside() -> Specimen:
    """A file whose last sector is not whole, and its sidecar."""
    with fast_directory() as base:
        return with_sidecar(base, SMALL_GROUPS, BEFORE + AFTER)


@pytest.fixture
def room() -> Iterator[Path]:
    with fast_directory() as base:
        yield base


@dataclass(frozen=True, slots=True)
class Result:
    """What a repair left, and what it said; ``done`` is None where it was refused."""

    done: Repaired | None
    refused: PybackupError | None
    data: bytes
    sidecar: bytes


def repaired(data: bytes, sidecar: bytes = b"", *, in_place: bool = False) -> Result:
    """Repair a file that is made for it; what is given must not change."""
    with fast_directory() as base:
        path, beside, output = base / "damaged", base / "damaged.xpar", base / "whole"
        path.write_bytes(data)
        if sidecar:
            beside.write_bytes(sidecar)
        done = refused = None
        try:
            done = mended([path], None if in_place else output)
        except PybackupError as error:
            refused = error
        if in_place:
            output = path
        else:
            assert path.read_bytes() == data, "the source was changed"
            assert not sidecar or beside.read_bytes() == sidecar, "the sidecar was changed"
        made = output.with_name(output.name + ".xpar")
        assert [name for name in os.listdir(base) if name.endswith(".partial")] == []
        return Result(
            done,
            refused,
            output.read_bytes() if output.exists() else b"",
            made.read_bytes() if made.exists() else b"",
        )


def is_whole(specimen: Specimen, result: Result) -> bool:
    return (result.data, result.sidecar) == (specimen.data, specimen.sidecar)


def check(specimen: Specimen, result: Result, bad: list[int]) -> None:
    """The outcome that was to be expected, where these sectors were bad and nothing has moved."""
    geometry = specimen.geometry
    if result.done is None:
        assert isinstance(result.refused, Damaged)
        kinds = shards_of(geometry)
        assert sum(kinds[number][0] == "guard" for number in bad) > geometry.guard_recovery
        return
    left = bad_sectors(specimen, result.data, result.sidecar)
    assert result.done.left == len(left), "said to be right, and is not"
    assert result.done.complete == is_whole(specimen, result)
    # A sector of which only zeros are cut off is damaged, and nothing of it is lost.
    assert result.done.damaged - len(bad) in (0, 1)
    misses = erasures(geometry, bad)
    beyond = {group for group, count in misses.items() if count > geometry.parity_shards}
    assert result.done.groups_beyond == len(beyond)
    kinds = shards_of(geometry)
    assert left == [number for number in bad if kinds[number][0] != "guard" and kinds[number][1] in beyond]
    lost = result.done.left_extents
    for number in left:
        if number < geometry.before_sectors:
            assert lost.within(number * SECTOR, (number + 1) * SECTOR).n_bytes > 0
    assert result.done.complete == is_repairable(geometry, bad)


@pytest.fixture
def own() -> Specimen:
    return the_own()


@pytest.fixture
def beside() -> Specimen:
    return the_beside()


# Damage in place: sectors that are overwritten, bits that flip, a file that is cut.

Damage = Callable[[bytes, random.Random], bytes]


def flips(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.choice((1, 5, 40))):
        changed[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def scattered(data: bytes, chance: random.Random) -> bytes:
    n_sectors = -(-len(data) // SECTOR)
    numbers = chance.sample(range(n_sectors), int(n_sectors * chance.choice((0.02, 0.08, 0.12, 0.2, 0.5))))
    return overwritten(data, numbers, chance if chance.random() < 0.5 else None)


def burst(data: bytes, chance: random.Random) -> bytes:
    n_sectors = -(-len(data) // SECTOR)
    length = int(n_sectors * chance.choice((0.01, 0.1, 0.14, 0.3)))
    start = chance.randrange(n_sectors - length)
    return overwritten(data, range(start, start + length), chance if chance.random() < 0.5 else None)


def scratches(data: bytes, chance: random.Random) -> bytes:
    for _ in range(chance.choice((3, 8, 12))):
        start, length = chance.randrange(len(data)), chance.randrange(1, 4 * SECTOR)
        gone = chance.randbytes(length)[: len(data) - start]
        data = data[:start] + gone + data[start + len(gone) :]
    return data


def no_start(data: bytes, chance: random.Random) -> bytes:
    gone = chance.randrange(1, int(len(data) * 0.14))
    return bytes(gone) + data[gone:]


def no_end(data: bytes, chance: random.Random) -> bytes:
    gone = chance.randrange(1, int(len(data) * 0.14))
    return data[:-gone] + bytes(gone)


def no_ends(data: bytes, chance: random.Random) -> bytes:
    gone = len(data) // 15
    return bytes(gone) + data[gone:-gone] + bytes(gone)


def cut(data: bytes, chance: random.Random) -> bytes:
    return data[: -chance.randrange(1, int(len(data) * 0.16))]


DAMAGE: tuple[Damage, ...] = (flips, scattered, burst, scratches, no_start, no_end, no_ends, cut)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(DAMAGE), min_size=1, max_size=3), st.integers(0, 2**32), st.booleans())
def test_damage_in_place(damages: list[Damage], seed: int, in_place: bool) -> None:
    own = the_own()
    chance = random.Random(seed)
    data = own.data
    for damage in damages:
        data = damage(data, chance)
    check(own, repaired(data, in_place=in_place), bad_sectors(own, data))


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.sampled_from(DAMAGE), max_size=2),
    st.lists(st.sampled_from(DAMAGE), max_size=2),
    st.integers(0, 2**32),
    st.booleans(),
)
def test_damage_to_a_file_and_its_sidecar(
    damages: list[Damage], to_sidecar: list[Damage], seed: int, in_place: bool
) -> None:
    beside = the_beside()
    chance = random.Random(seed)
    data, sidecar = beside.data, beside.sidecar
    for damage in damages:
        data = damage(data, chance)
    for damage in to_sidecar:
        sidecar = damage(sidecar, chance)
    check(beside, repaired(data, sidecar, in_place=in_place), bad_sectors(beside, data, sidecar))


@pytest.mark.parametrize("in_place", [False, True])
@pytest.mark.parametrize("fill", ["zeros", "garbage"])
def test_the_limit_of_each_group(own: Specimen, fill: str, in_place: bool) -> None:
    """All groups at the limit, then one of them one past it: the others are repaired."""
    geometry, chance = own.geometry, random.Random(11)
    assert geometry.groups >= 6
    members: dict[int, list[int]] = {group: [] for group in range(geometry.groups)}
    for number, (kind, group, _) in enumerate(shards_of(geometry)):
        if kind != "guard":
            members[group].append(number)
    bad = [number for group in members.values() for number in chance.sample(group, geometry.parity_shards)]
    garbage = chance if fill == "garbage" else None
    result = repaired(overwritten(own.data, bad, garbage), in_place=in_place)
    assert is_whole(own, result)
    check(own, result, sorted(bad))
    worse = [*bad, next(number for number in members[3] if number not in bad)]
    result = repaired(overwritten(own.data, worse, garbage), in_place=in_place)
    assert result.done is not None
    assert (result.done.left, result.done.groups_beyond) == (geometry.parity_shards + 1, 1)
    check(own, result, sorted(worse))


def test_sectors_that_cannot_be_repaired_are_as_they_were_found(own: Specimen) -> None:
    bad = range(200)
    data = overwritten(own.data, bad, random.Random(3))
    for in_place in (False, True):
        result = repaired(data, in_place=in_place)
        assert result.done is not None
        for number in bad_sectors(own, result.data):
            assert result.data[number * SECTOR : (number + 1) * SECTOR] == data[number * SECTOR : (number + 1) * SECTOR]


@pytest.mark.parametrize("in_place", [False, True])
def test_lost_parity_is_made_again(own: Specimen, in_place: bool) -> None:
    geometry = own.geometry
    kinds = shards_of(geometry)
    parity = [number for number, (kind, _, _) in enumerate(kinds) if kind == "parity"]
    guards = [number for number, (kind, _, _) in enumerate(kinds) if kind == "guard"]
    bad = sorted(parity + guards[geometry.table_shards :])
    result = repaired(overwritten(own.data, bad), in_place=in_place)
    assert is_whole(own, result)
    assert result.done is not None
    assert result.done.mended == len(bad)


@pytest.mark.parametrize("in_place", [False, True])
def test_intact_volume(own: Specimen, beside: Specimen, in_place: bool) -> None:
    for specimen in (own, beside):
        result = repaired(specimen.data, specimen.sidecar, in_place=in_place)
        assert is_whole(specimen, result)
        assert result.done is not None
        assert (result.done.damaged, result.done.mended, result.done.left) == (0, 0, 0)


# Bytes that are lost or inserted: all behind them moves.


def inserted(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data))
    return data[:at] + chance.randbytes(chance.choice((1, 100, SECTOR, 5000, 20 * SECTOR))) + data[at:]


def deleted(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data))
    return data[:at] + data[at + chance.choice((1, 100, SECTOR, 5000, 12 * SECTOR)) :]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([inserted, deleted, flips]), min_size=1, max_size=3), st.integers(0, 2**32))
def test_bytes_inserted_and_deleted(damages: list[Damage], seed: int) -> None:
    own = the_own()
    chance = random.Random(seed)
    data = own.data
    for damage in damages:
        data = damage(data, chance)
    for in_place in (False, True):
        result = repaired(data, in_place=in_place)
        if result.done is None:
            assert isinstance(result.refused, UsageError if in_place else Damaged)
            continue
        left = bad_sectors(own, result.data)
        assert result.done.left == len(left)
        # What is bad after realigning is few: the sectors that were cut through, what is gone, and what was flipped.
        if flips not in damages:
            assert left == []
            assert result.data[: len(own.data)] == own.data


@settings(max_examples=40, deadline=None)
@given(st.sampled_from([inserted, deleted]), st.booleans(), st.integers(0, 2**32), st.booleans())
def test_bytes_inserted_into_and_deleted_from_file_or_sidecar(
    damage: Damage, to_sidecar: bool, seed: int, in_place: bool
) -> None:
    beside = the_beside()
    chance = random.Random(seed)
    data, sidecar = beside.data, beside.sidecar
    if to_sidecar:
        sidecar = damage(sidecar, chance)
    else:
        data = damage(data, chance)
    result = repaired(data, sidecar, in_place=in_place)
    assert result.done is not None
    assert result.done.left == 0
    assert result.data[: len(beside.data)] == beside.data
    assert result.sidecar[: len(beside.sidecar)] == beside.sidecar


@pytest.mark.parametrize("lost", [1, 2048, 5000])
@pytest.mark.parametrize("where", ["start", "end"])
@pytest.mark.parametrize("in_place", [False, True])
def test_sidecar_without_its_start_or_end(beside: Specimen, where: str, lost: int, in_place: bool) -> None:
    sidecar = beside.sidecar[lost:] if where == "start" else beside.sidecar[:-lost]
    data = overwritten(beside.data, [3, 90])
    result = repaired(data, sidecar, in_place=in_place)
    assert is_whole(beside, result)


@pytest.mark.parametrize("n_bytes", [1, 700, 2047, 2048, 2049, 4096, 100_001])
def test_tiny_files_and_their_sidecars(n_bytes: int) -> None:
    content = random.Random(n_bytes).randbytes(n_bytes)
    with fast_directory() as base:
        specimen = with_sidecar(base, ParityOptions(), content)
    number = (n_bytes - 1) // SECTOR
    for data in (overwritten(content, [number]), overwritten(content, [0], random.Random(1)), content[:-1]):
        for in_place in (False, True):
            assert is_whole(specimen, repaired(data, specimen.sidecar, in_place=in_place))
    assert is_whole(specimen, repaired(content, overwritten(specimen.sidecar, [0, 1])))


def test_zeros_that_are_cut_off_grow_back() -> None:
    """The last sector is filled up with zeros where it ends early: it looks whole without the zeros it had."""
    with fast_directory() as base:
        for specimen in (
            with_own_stream(base, SMALL_GROUPS, BEFORE, bytes(3000)),
            with_own_stream(base, SMALL_GROUPS, BEFORE, bytes(2048)),
            with_own_stream(base, NO_PARITY, BEFORE, bytes(512)),
            with_sidecar(base, SMALL_GROUPS, BEFORE + bytes(512)),
            with_sidecar(base, NO_PARITY, BEFORE + bytes(512)),
        ):
            for gone in (1, 511):
                for in_place in (False, True):
                    result = repaired(specimen.data[:-gone], specimen.sidecar, in_place=in_place)
                    assert is_whole(specimen, result)
                    assert result.done is not None
                    assert result.done.damaged == 1


@pytest.mark.parametrize("junk", [b"x", b"junk" * 2000, bytes(5 * SECTOR)])
@pytest.mark.parametrize("options", [SMALL_GROUPS, NO_PARITY])
def test_bytes_behind_the_end_are_no_part_of_it(options: ParityOptions, junk: bytes) -> None:
    with fast_directory() as base:
        volumes = [with_own_stream(base, options, BEFORE, AFTER), with_sidecar(base, options, BEFORE + AFTER)]
    for specimen in volumes:
        result = repaired(specimen.data + junk, specimen.sidecar)
        assert is_whole(specimen, result)
        assert result.done is not None
        assert result.done.damaged == 0
        result = repaired(specimen.data + junk, specimen.sidecar, in_place=True)
        assert result.data == specimen.data + junk


# Several copies.


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


# What fails on the way.


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
            try:
                mended([path], None)
            except Stop:
                pass
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


@pytest.mark.parametrize("operation", ["open", "pwrite", "ftruncate", "fsync", "rename"])
@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC])
def test_output_that_cannot_be_written_leaves_nothing(
    own: Specimen, operation: str, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = overwritten(own.data, [1, 2, 3, 200])
    real = getattr(os, operation)
    for number in range(1, 10_000):
        left = number

        def failing(*args: Any, **kwargs: Any) -> Any:
            nonlocal left
            left -= 1
            if left == 0:
                raise OSError(code, os.strerror(code))
            return real(*args, **kwargs)

        with fast_directory() as base:
            path, output = base / "f", base / "out"
            path.write_bytes(data)
            monkeypatch.setattr(os, operation, failing)
            try:
                done = mended([path], output)
            except EnvironmentFailed:
                done = None
            monkeypatch.setattr(os, operation, real)
            assert path.read_bytes() == data
            if output.exists():
                assert output.read_bytes() == own.data
            assert [name for name in os.listdir(base) if name not in ("f", "out")] == []
            if left > 0:
                assert done is not None
                assert number > 1
                return
            assert done is None
    pytest.fail("there is no end to it")


def test_output_that_exists_is_replaced_only_by_what_was_made(room: Path, own: Specimen) -> None:
    path, output = room / "f", room / "out"
    path.write_bytes(overwritten(own.data, range(own.geometry.before_sectors, own.sectors)))
    output.write_bytes(b"earlier")
    with pytest.raises(Damaged, match="no parity and no checksums"):
        mended([path], output)
    assert output.read_bytes() == b"earlier"


def test_protecting_again_gives_the_same_sidecar(room: Path, beside: Specimen) -> None:
    path = room / "f"
    path.write_bytes(beside.data)
    protect(path, room / "f.xpar", SMALL_GROUPS)
    assert (room / "f.xpar").read_bytes() == beside.sidecar
