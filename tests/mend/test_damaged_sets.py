"""Damage on all volumes at once: sectors are erasures one by one, own parity and the code across help each other."""

from __future__ import annotations

import itertools
import os
import random
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kit.damage import overwritten
from kit.small_sets import SmallSet, contents, rebuilt, sectors, small_set

from pybackup.errors import Damaged, EnvironmentFailed, PybackupError
from pybackup.host.storage import ArchiveFile, InPlace
from pybackup.layout import ustar
from pybackup.layout.note import Note
from pybackup.layout.recovery import MAGIC, stream_start
from pybackup.make.add_recovery import RecoveryOptions, add_recovery
from pybackup.make.rebuilt import Outcome
from pybackup.monitor import Monitor
from pybackup.parity.stream.amount import Amount
from pybackup.parity.stream.geometry import plan_geometry
from pybackup.parity.stream.protect import protect
from pybackup.parity.stream.volume import Sectors, VolumeWriter
from pybackup.sector import SECTOR

FIRST = "docs-001.xtar"
RECOVERY = "docs-R01.xtar"


def body_bytes(volume: bytes) -> int:
    return Note.unpack(volume[: ustar.BLOCK]).file_bytes


def check(whole: SmallSet, changed: Mapping[str, bytes | None], room: Path) -> None:
    """All of what was changed comes back."""
    done = rebuilt(whole.write(room / "given", changed), room / "to")
    assert done.complete
    assert contents(room / "to") == {name: whole.volumes[name] for name in sorted(changed)}


@pytest.mark.parametrize("seed", range(3))
def test_two_sectors_of_each_column_are_lost_on_all_volumes(seed: int, room: Path) -> None:
    """Without any parity of their own: a third of all sectors of six volumes, scattered, and nothing is missing."""
    whole = small_set(parity="none")
    chance = random.Random(seed)
    names = list(whole.volumes)
    offsets = dict.fromkeys(whole.data, 0)
    offsets |= {name: whole.volumes[name].index(b"XTRECOVR") // SECTOR + 1 for name in whole.recovery}
    lost: dict[str, list[int]] = {name: [] for name in names}
    longest = max(body_bytes(whole.volumes[name]) for name in whole.data)
    for column in range(longest // SECTOR):
        for name in chance.sample(names, 2):
            length = body_bytes(whole.volumes[name]) if name in whole.data else longest
            if (column + 1) * SECTOR <= length:
                lost[name].append(offsets[name] + column)
    assert all(len(lost[name]) > 2 for name in names)
    check(whole, {name: overwritten(whole.volumes[name], lost[name]) for name in names}, room)


def test_one_more_in_a_column_loses_that_column_only(room: Path) -> None:
    whole = small_set(parity="none")
    hurt = {name: overwritten(whole.volumes[name], [3, 9 + row]) for row, name in enumerate(whole.data[:3])}
    done = rebuilt(whole.write(room / "given", hurt), room / "to", keep_partial=True)
    beyond = [volume for volume in done.volumes if volume.outcome is Outcome.BEYOND]
    assert [volume.lost_sectors for volume in beyond] == [(2, 1)] * 3
    assert (done.needed, done.helpful) == (0, [])
    for name in whole.data[:3]:
        expected = overwritten(whole.volumes[name], [3])
        assert (room / "to" / name).read_bytes() == expected


def test_own_parity_and_the_code_across_take_turns(room: Path) -> None:
    """Neither alone can begin with it: see the comments."""
    whole = small_set(recovery_volumes=1, parity="20%")
    one, two = whole.data[0], whole.data[1]
    parity = parity_sectors(whole, one)
    shared, alone = range(10, 10 + parity - 2), range(2, 8)
    assert sectors(whole.volumes[two][: body_bytes(whole.volumes[two])]) > shared[-1] + 8
    # More than its parity mends, until the code across has given back those that are lost here alone.
    hurt_one = overwritten(whole.volumes[one], [*alone, *shared])
    # Nothing but the code across can help this one, and not before the other is mended.
    start = stream_start(body_bytes(whole.volumes[two])) // SECTOR
    stream = range(start, sectors(whole.volumes[two]))
    kept = [number for number in stream if whole.volumes[two][number * SECTOR :][:8] == b"XTPARITY"]
    hurt_two = overwritten(whole.volumes[two], [*shared, *(set(stream) - set(kept))])
    assert len(alone) + len(shared) > parity
    check(whole, {one: hurt_one, two: hurt_two}, room)


def parity_sectors(whole: SmallSet, name: str) -> int:
    body = body_bytes(whole.volumes[name])
    return plan_geometry(stream_start(body), len(ustar.END), Amount(share=Amount().least * 2)).parity_sectors


def test_a_recovery_shard_is_made_again_where_it_can(room: Path) -> None:
    """Its parity mends the rest then, and that brings back the volume that is gone."""
    whole = small_set(recovery_volumes=1, parity="20%")
    recovery, gone, short = RECOVERY, whole.data[0], min(whole.data, key=lambda name: len(whole.volumes[name]))
    assert short != gone
    first = whole.volumes[recovery].index(b"XTRECOVR") // SECTOR + 1
    parity = parity_sectors(whole, recovery)
    # Where the volume that is gone has ended nothing is lost of the others: those sectors can be made anew.
    behind = [first + number for number in range(body_bytes(whole.volumes[short]) // SECTOR + 1, 60)]
    lost = [*behind[: parity - 2], *range(first + 2, first + 8)]
    assert len(lost) > parity
    check(whole, {recovery: overwritten(whole.volumes[recovery], lost), short: None}, room)


def flipped(data: bytes, place: range) -> bytes:
    at = place.start + 7
    return data[:at] + bytes([data[at] ^ 64]) + data[at + 1 :]


def swapped(data: bytes, place: range) -> bytes:
    behind = place.stop + len(place)
    return data[: place.start] + data[place.stop : behind] + data[place.start : place.stop] + data[behind:]


DAMAGES: dict[str, Callable[[bytes, range], bytes]] = {
    "overwritten": lambda data, place: data[: place.start] + bytes(len(place)) + data[place.stop :],
    "flipped": flipped,
    "cut out": lambda data, place: data[: place.start] + data[place.stop :],
    "inserted": lambda data, place: data[: place.start] + b"\xa5" * 700 + data[place.start :],
    "cut off": lambda data, place: data[: place.start],
    "swapped": swapped,
}


def places(volume: bytes) -> dict[str, range]:
    header = volume.index(b"XTRECOVR")
    copy = volume.index(b"XTRECOVR", header + 1)
    body = body_bytes(volume)
    return {
        "first header": range(512),
        "before the shard": range(header - 3 * SECTOR, header),
        "header of the shard": range(header, header + SECTOR),
        "start of the shard": range(header + SECTOR, header + 2 * SECTOR),
        "middle of the shard": range(header + 20 * SECTOR, header + 23 * SECTOR),
        "copy of the header": range(copy, copy + SECTOR),
        "indexes": range(copy + SECTOR, body),
        "parity": range(stream_start(body) + 5 * SECTOR, stream_start(body) + 7 * SECTOR),
    }


PLACES = places(small_set().volumes[RECOVERY])


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_of_a_recovery_volume(damage: str, place: str, room: Path) -> None:
    """One damaged, another lost, and a data volume too: all three come back, or it is said that they do not."""
    whole = small_set()
    hurt = DAMAGES[damage](whole.volumes[RECOVERY], PLACES[place])
    assert hurt != whole.volumes[RECOVERY]
    changed = {RECOVERY: hurt, "docs-R02.xtar": None, "docs-003.xtar": None}
    given, to = whole.write(room / "given", changed), room / "to"
    if damage == "cut off" and place in ("first header", "before the shard", "header of the shard"):
        monitor = Monitor()
        assert not rebuilt(given, to, monitor=monitor).complete
        said = "no recovery volume was given, or too little is left of it"
        assert any(said in problem.reason for problem in monitor.problems)
        assert not to.exists()
        return
    done = rebuilt(given, to)
    # What is cut off within the shard is missing from the volume that is gone.
    beyond = damage == "cut off" and place in ("start of the shard", "middle of the shard")
    expected = {} if beyond else {name: whole.volumes[name] for name in changed}
    assert done.complete == bool(expected)
    assert contents(to) == expected


@pytest.mark.parametrize("place", ["first header", "first 64 KiB", "all but the last 30 KiB"])
def test_damage_of_data_volumes_that_are_there(place: str, room: Path) -> None:
    whole = small_set()
    count = {"first header": 512, "first 64 KiB": 65_536}.get(place)

    def hurt(data: bytes) -> bytes:
        n_bytes = len(data) - 30_000 if count is None else count
        return bytes(n_bytes) + data[n_bytes:]

    changed = {name: hurt(whole.volumes[name]) for name in whole.data[:2]}
    check(whole, changed, room)


def test_volume_whose_checksums_are_gone(room: Path) -> None:
    """Only the hash in the recovery volumes can say that the rest of it is right."""
    whole = small_set()
    data = whole.volumes[FIRST]
    start = body_bytes(data)
    check(whole, {FIRST: data[:start] + bytes(len(data) - start), "docs-002.xtar": None, "docs-003.xtar": None}, room)


def test_damaged_copies_of_one_volume_are_merged(room: Path) -> None:
    whole = small_set(recovery_volumes=1, parity="none")
    data, count = whole.volumes[FIRST], sectors(whole.volumes[FIRST]) - 10
    given = whole.write(room / "given", {FIRST: overwritten(data, range(5, count // 2)), "docs-002.xtar": None})
    (given / "again").write_bytes(overwritten(data, range(count // 2, count)))
    assert rebuilt(given, room / "to").complete
    assert contents(room / "to") == {FIRST: data, "docs-002.xtar": whole.volumes["docs-002.xtar"]}


def image_of(volume: bytes, path: Path, front: int) -> bytes:
    """An image with the undressed volume in it, protected as a whole, as `disc build` makes them."""
    body = volume[: body_bytes(volume)] + ustar.END
    before = (b"FILE SYSTEM" * 12_000)[: front * SECTOR] + body + bytes(-len(body) % SECTOR)
    geometry = plan_geometry(len(before), 4 * SECTOR, Amount(n_bytes=40 * SECTOR))
    path.write_bytes(before + bytes(geometry.stream_bytes) + b"anchor!!" * SECTOR)
    with ArchiveFile(os.fsencode(path)) as file, InPlace(os.fsencode(path)) as out:
        protect(Sectors(geometry, file), VolumeWriter(geometry, out), progress=lambda count: None)
    return path.read_bytes()


@pytest.mark.parametrize("lost", [(), range(3), (*range(10, 14), *range(30, 34)), range(32, 78)], ids=len)
def test_images(lost: tuple[int, ...], room: Path) -> None:
    """Their own parity, and where that is too little, the others; what comes out is the volume, dressed."""
    whole = small_set()
    given = whole.write(room / "given", dict.fromkeys(whole.data[:2]))
    path = given / "disc.iso"
    path.write_bytes(overwritten(image_of(whole.volumes[FIRST], path, 30), lost))
    assert rebuilt(given, room / "to").complete
    found = contents(room / "to")
    assert found.pop("docs-002.xtar") == whole.volumes["docs-002.xtar"]
    assert found in ({FIRST: whole.volumes[FIRST]}, {})
    assert found or not lost


def test_an_image_without_its_beginning_is_placed_by_any_member(room: Path) -> None:
    """Beyond its parity, and the first header is gone: the recovery volume tells where members lie."""
    whole = small_set(recovery_volumes=1, parity="none")
    given = whole.write(room / "given", dict.fromkeys(whole.data[:2]))
    path = given / "disc.iso"
    front, lost = 60, range(86)
    path.write_bytes(overwritten(image_of(whole.volumes["docs-002.xtar"], path, front), lost))
    done = rebuilt(given, room / "to")
    one, two = done.volumes[:2]
    left = len(lost) - front
    assert two.given == os.fsencode(path)
    assert (one.given, one.lost_sectors[1], two.lost_sectors) == (None, left, (left, left))
    (given / "docs-001.xtar").write_bytes(whole.volumes["docs-001.xtar"])
    assert rebuilt(given, room / "to").complete
    assert contents(room / "to") == {"docs-002.xtar": whole.volumes["docs-002.xtar"]}


def test_dressed_volume_within_an_image_that_protects_nothing(room: Path) -> None:
    whole = small_set()
    given = whole.write(room / "given", dict.fromkeys(whole.data[:2]))
    image = b"FILE SYSTEM" * 3000
    image += bytes(-len(image) % SECTOR) + overwritten(whole.volumes[FIRST], [0, 1, 20]) + b"behind it" * 500
    (given / "disc.iso").write_bytes(image)
    assert rebuilt(given, room / "to").complete
    assert contents(room / "to") == {name: whole.volumes[name] for name in whole.data[:2]}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 1 << 30),
    share=st.sampled_from([0.02, 0.1, 0.3, 0.6]),
    gone=st.integers(0, 3),
    parity=st.sampled_from(["10%", "none"]),
)
def test_never_anything_wrong(
    room: Path, counter: itertools.count[int], seed: int, share: float, gone: int, parity: str
) -> None:
    whole = small_set(parity=parity)
    chance = random.Random(seed)
    changed: dict[str, bytes | None] = dict.fromkeys(chance.sample(list(whole.volumes), gone))
    for name, data in whole.volumes.items():
        if name not in changed and chance.random() < 0.7:
            lost = [number for number in range(sectors(data)) if chance.random() < share]
            changed[name] = overwritten(data, lost)
    at = next(counter)
    given, to = whole.write(room / f"given {at}", changed), room / f"to {at}"
    monitor = Monitor()
    try:
        done = rebuilt(given, to, monitor=monitor)
    except PybackupError:
        assert not to.exists() or contents(to) == {}
        return
    # Where nothing had to be written there is no directory either.
    found = contents(to) if to.exists() else {}
    assert found == {name: whole.volumes[name] for name in found}
    for volume in done.volumes:
        name = os.fsdecode(volume.info.file_name)
        there = found.get(name, changed.get(name, whole.volumes[name]))
        assert (there == whole.volumes[name]) == (volume.outcome is not Outcome.BEYOND)


@pytest.mark.parametrize("beside", [False, True], ids=["alone", "beside what is left of a data volume"])
@pytest.mark.parametrize("keep_partial", [False, True])
def test_a_recovery_volume_that_tells_its_set_only_is_beyond_repair(
    room: Path, keep_partial: bool, beside: bool
) -> None:
    """Both headers of the code across are gone: no data volume is known of, so none of them is whole either."""
    whole = small_set(recovery_volumes=1, parity="none")
    volume = whole.volumes[RECOVERY]
    headers = [found.start() // SECTOR for found in re.finditer(MAGIC, volume)]
    assert len(headers) == 2
    (room / "given").mkdir()
    (room / "given" / RECOVERY).write_bytes(overwritten(volume, headers))
    if beside:
        data = whole.volumes[FIRST]
        (room / "given" / FIRST).write_bytes(overwritten(data, [*range(20), *range(30, sectors(data))]))
    monitor = Monitor()
    with pytest.raises(Damaged, match="docs: "):
        rebuilt(room / "given", room / "to", keep_partial=keep_partial, monitor=monitor)
    assert {os.path.basename(problem.path) for problem in monitor.problems} >= {os.fsencode(RECOVERY)}
    assert not (room / "to").exists() or contents(room / "to") == {}


@pytest.fixture
def counter() -> itertools.count[int]:
    """Numbers for directories."""
    return itertools.count()


@pytest.mark.parametrize("nth", [1, 2, 5, 20])
def test_a_full_disk_leaves_nothing_half_made(nth: int, room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = small_set()
    changed = {FIRST: None, "docs-002.xtar": overwritten(whole.volumes["docs-002.xtar"], range(4, 30))}
    given = whole.write(room / "given", changed)
    write, seen = os.pwrite, itertools.count(1)

    def pwrite(fd: int, data: bytes, offset: int) -> int:
        if next(seen) >= nth:
            raise OSError(28, "No space left on device")
        return write(fd, data, offset)

    monkeypatch.setattr(os, "pwrite", pwrite)
    with pytest.raises(EnvironmentFailed, match="No space left on device; free some space"):
        rebuilt(given, room / "to")
    monkeypatch.undo()
    assert contents(room / "to") == {}


def test_too_little_room_is_said_before(room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = small_set()
    given = whole.write(room / "given", {FIRST: None})
    monkeypatch.setattr("pybackup.host.room._free_bytes", lambda directory: 1000)
    with pytest.raises(EnvironmentFailed, match="bytes are needed there, and 1,000 are free"):
        rebuilt(given, room / "to")
    assert not (room / "to").exists()


def test_losses_are_counted_by_the_sector(room: Path) -> None:
    whole = small_set()
    body = body_bytes(whole.volumes[FIRST])
    hurt = {FIRST: overwritten(whole.volumes[FIRST], range(4, 44)), "docs-002.xtar": None}
    done = rebuilt(whole.write(room / "given", hurt), room / "to")
    lost = {os.fsdecode(volume.info.file_name): volume.lost_sectors for volume in done.volumes}
    assert lost[FIRST] == (40, 0)
    assert lost["docs-002.xtar"] == (sectors(bytes(body_bytes(whole.volumes["docs-002.xtar"]))), 0)
    assert np.ceil(body / SECTOR) > 44


def test_unreadable_sectors_are_lost_ones(room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On every volume that is left, more than its own parity makes up for on one of them."""
    whole = small_set()
    given = whole.write(room / "given", {"docs-001.xtar": None})
    bad = {"docs-002.xtar": range(8, 32), "docs-003.xtar": range(2, 4), "docs-R01.xtar": range(40, 43)}
    read = ArchiveFile.read_at

    def read_at(self: ArchiveFile, offset: int, count: int) -> bytes:
        lost = bad.get(os.fsdecode(os.path.basename(self.path)), range(0))
        if self.path.startswith(os.fsencode(given)) and any(
            offset < (sector + 1) * SECTOR and sector * SECTOR < offset + count for sector in lost
        ):
            raise OSError(5, "Input/output error")
        return read(self, offset, count)

    monkeypatch.setattr(ArchiveFile, "read_at", read_at)
    assert rebuilt(given, room / "to").complete
    assert contents(room / "to") == {name: whole.volumes[name] for name in ("docs-001.xtar", *bad)}


@pytest.mark.parametrize("nth", [1, 3, 6, 9, 15])
def test_a_full_disk_leaves_no_recovery_volume(nth: int, room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two are written in step: what fails in one ends the other."""
    given = small_set().write(room / "given")
    write, seen = os.pwrite, itertools.count(1)

    def pwrite(fd: int, data: bytes, offset: int) -> int:
        if next(seen) >= nth:
            raise OSError(28, "No space left on device")
        return write(fd, data, offset)

    monkeypatch.setattr(os, "pwrite", pwrite)
    with pytest.raises(EnvironmentFailed, match="No space left on device; free some space"):
        add_recovery([os.fsencode(given)], RecoveryOptions(2, os.fsencode(room / "more")), monitor=Monitor())
    monkeypatch.undo()
    assert contents(room / "more") == {}
    assert contents(given) == dict(small_set().volumes)


def test_only_one_of_a_high_number_is_left(room: Path) -> None:
    whole = small_set()
    given = whole.write(room / "given", dict.fromkeys(whole.recovery))
    add_recovery([os.fsencode(given)], RecoveryOptions(1, first=700), monitor=Monitor())
    (given / FIRST).unlink()
    assert rebuilt(given, room / "to").complete
    assert contents(room / "to") == {FIRST: whole.volumes[FIRST]}
