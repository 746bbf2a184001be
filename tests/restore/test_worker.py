"""The tasks of workers: files are placed whole, or what is left of them if the policy is that."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from pybackup.model.extents import Extents
from pybackup.model.member import Stored
from pybackup.model.soundness import Soundness, unproved
from pybackup.model.verdict import Fate
from pybackup.monitor import Monitor
from pybackup.restore.plan import Policy
from pybackup.restore.worker import BatchDone, Ground, restore_batch, restore_segment, said_of_all
from pybackup.tree.place import PlaceOptions, Target

from .conftest import MIB, Packed, hurt

SOUND = Soundness()


def _ground(room: Path, data: bytes, policy: Policy = Policy.WHOLE, *, keep_partial: bool = True) -> Ground:
    (room / "archive").write_bytes(data)
    place = PlaceOptions(owner=False)
    return Ground(os.fsencode(room / "archive"), os.fsencode(room / "out"), place, policy, keep_partial=keep_partial)


def _restored(room: Path, *, but: str = "") -> dict[bytes, bytes]:
    top = room / "out/top"
    names = os.listdir(top) if top.exists() else []
    return {b"top/" + os.fsencode(name): (top / name).read_bytes() for name in names if name != but}


@pytest.mark.parametrize("policy", Policy)
def test_a_batch_of_whole_files_has_no_verdicts(packed: Packed, room: Path, policy: Policy) -> None:
    ground = _ground(room, packed.data, policy)
    assert restore_batch(ground, list(packed.stored.values()), SOUND) == BatchDone([], [], [])
    assert _restored(room) == packed.contents


@pytest.mark.parametrize("path", [b"top/text", b"top/long", b"top/sparse", b"top/noise.bin"])
def test_a_damaged_file_is_lost_whole_and_hurts_no_other(packed: Packed, room: Path, path: bytes) -> None:
    stored = packed.stored[path]
    member = stored.members[-1]
    data = hurt(packed.data, member.stream_offset + member.stream_bytes // 2)
    done = restore_batch(_ground(room, data), list(packed.stored.values()), SOUND)
    (verdict,) = done.verdicts
    assert (verdict.path, verdict.fate, verdict.placed_as, bool(verdict.reason)) == (path, Fate.LOST, None, True)
    assert _restored(room) == {other: content for other, content in packed.contents.items() if other != path}


@pytest.mark.parametrize("keep_partial", [False, True])
def test_what_is_left_stands_beside_its_name_where_it_is_wanted(packed: Packed, room: Path, keep_partial: bool) -> None:
    path = b"top/noise.bin"
    member = packed.stored[path].members[0]
    bad = Extents(((member.stream_offset + 2000, member.stream_offset + 2500),))
    ground = _ground(room, hurt(packed.data, bad.ranges[0][0], 500), Policy.PARTIAL, keep_partial=keep_partial)
    (verdict,) = restore_batch(ground, [packed.stored[path]], Soundness(bad)).verdicts
    assert (verdict.fate, verdict.present.ranges, verdict.wanted) == (Fate.PARTIAL, ((0, 2000), (2500, 9000)), bad)
    whole = packed.contents[path]
    left = whole[:2000] + bytes(500) + whole[2500:]
    assert _restored(room) == ({path + b".partial": left} if keep_partial else {})
    assert verdict.placed_as == (path + b".partial" if keep_partial else None)


def test_of_what_nothing_vouches_for_all_is_plausible_at_most(packed: Packed, room: Path) -> None:
    path = b"top/noise.bin"
    member = packed.stored[path].members[0]
    data = hurt(packed.data, member.stream_offset + 2000)
    ground = _ground(room, data, Policy.PARTIAL)
    (verdict,) = restore_batch(ground, [packed.stored[path]], unproved()).verdicts
    assert (verdict.fate, bool(verdict.present), verdict.plausible.n_bytes) == (Fate.PARTIAL, False, 9000)


def test_a_file_of_several_segments_keeps_those_that_are_whole(packed: Packed, room: Path) -> None:
    path = b"top/long"
    stored = packed.stored[path]
    second = stored.members[1]
    data = hurt(packed.data, second.stream_offset, 100)
    bad = Soundness(Extents(((second.stream_offset, second.offset + second.packed_bytes),)))
    (verdict,) = restore_batch(_ground(room, data, Policy.PARTIAL), [stored], bad).verdicts
    assert verdict.present.ranges == ((0, MIB), (2 * MIB, 2 * MIB + 900))
    whole = packed.contents[path]
    assert _restored(room) == {path + b".partial": whole[:MIB] + bytes(MIB) + whole[2 * MIB :]}


@pytest.mark.parametrize(
    ("gone", "present"), [((0,), ((MIB, 2 * MIB + 900),)), ((1,), ((0, MIB), (2 * MIB, 2 * MIB + 900)))]
)
def test_segments_that_are_gone_leave_their_place_free(
    packed: Packed, room: Path, gone: tuple[int, ...], present: tuple[tuple[int, int], ...]
) -> None:
    """Their numbers are in their headers."""
    stored = packed.stored[b"top/long"]
    left = tuple(member for number, member in enumerate(stored.members) if number not in gone)
    stored = stored._replace(members=left, segments=3)
    ground = _ground(room, packed.data, Policy.PARTIAL)
    (verdict,) = restore_batch(ground, [stored], SOUND).verdicts
    assert verdict.present.ranges == present
    assert verdict.reason == "1 of its segments is gone"
    # No sectors of this image would bring it back.
    assert verdict.needed == "another copy of the volume"
    (whole,) = restore_batch(_ground(room, packed.data), [stored], SOUND).verdicts
    assert whole.fate is Fate.LOST


def test_another_copy_stands_in_for_a_damaged_one(packed: Packed, room: Path) -> None:
    stored = packed.stored[b"top/text"]
    (member,) = stored.members
    shift = len(packed.data)
    twice = stored._replace(spares=(member.moved(shift),))
    data = hurt(packed.data, member.stream_offset + 5) + packed.data
    for policy in Policy:
        (verdict,) = restore_batch(_ground(room, data, policy), [twice], SOUND).verdicts
        assert (verdict.fate, verdict.placed_as) == (Fate.REPAIRED, b"top/text")
        assert _restored(room) == {b"top/text": packed.contents[b"top/text"]}
        os.unlink(room / "out/top/text")
    both = hurt(data, member.stream_offset + 5 + shift)
    (verdict,) = restore_batch(_ground(room, both), [twice], SOUND).verdicts
    assert verdict.fate is Fate.LOST
    assert "; its other copy: " in verdict.reason


def test_what_the_target_does_not_take_is_unplaced(packed: Packed, room: Path) -> None:
    (room / "out/top").mkdir(parents=True)
    (room / "out/top/text").write_bytes(b"mine")
    (room / "out/top/sparse").mkdir()
    done = restore_batch(_ground(room, packed.data), list(packed.stored.values()), SOUND)
    assert {verdict.path: verdict.fate for verdict in done.verdicts} == {
        b"top/text": Fate.UNPLACED,
        b"top/sparse": Fate.UNPLACED,
    }
    assert all("another file is in the way" in verdict.reason for verdict in done.verdicts)
    assert (room / "out/top/text").read_bytes() == b"mine"
    assert {problem.path for problem in done.problems} == {b"top/text", b"top/sparse"}


def test_an_entry_whose_size_is_not_that_of_its_segments_is_lost(packed: Packed, room: Path) -> None:
    stored: Stored = packed.stored[b"top/text"]
    lying = stored._replace(entry=replace(stored.entry, size=5))
    for policy in Policy:
        (verdict,) = restore_batch(_ground(room, packed.data, policy), [lying], SOUND).verdicts
        assert (verdict.fate, verdict.reason) == (Fate.LOST, "its size is not that of its segments")
    assert _restored(room) == {}


@pytest.mark.parametrize("policy", Policy)
@pytest.mark.parametrize("damaged", [False, True])
def test_a_segment_into_a_staged_file(packed: Packed, room: Path, policy: Policy, damaged: bool) -> None:
    stored = packed.stored[b"top/long"]
    member = stored.members[1]
    bad = Extents(((member.stream_offset + 700, member.stream_offset + 800),))
    data = hurt(packed.data, bad.ranges[0][0], 100) if damaged else packed.data
    ground = _ground(room, data, policy)
    with Target(ground.target, ground.place, Monitor()) as target:
        staged = target.begin_file(stored.entry)
        assert staged is not None
        with staged:
            known = Soundness(bad) if damaged else SOUND
            done = restore_segment(ground, staged.directory, staged.temporary, MIB, member, known)
            written = (room / "out/top" / os.fsdecode(staged.temporary)).read_bytes()
    whole = packed.contents[b"top/long"]
    if not damaged:
        assert (done.fault, done.spoiled, done.present.ranges) == ("", False, ((MIB, 2 * MIB),))
        assert written[MIB:] == whole[MIB : 2 * MIB]
    elif policy is Policy.WHOLE:
        assert done.spoiled
        assert done.fault
    else:
        assert (bool(done.fault), done.spoiled) == (True, False)
        assert done.present.ranges == ((MIB, MIB + 700), (MIB + 800, 2 * MIB))
        assert all(written[low:high] == whole[low:high] for low, high in done.present)


@pytest.mark.parametrize("temporary", [b"text", b"../archive", b".pybackup-0-0.tmp"])
def test_a_segment_goes_into_a_temporary_and_nothing_else(packed: Packed, room: Path, temporary: bytes) -> None:
    ground = _ground(room, packed.data)
    (room / "out/top").mkdir(parents=True)
    (room / "out/top/text").write_bytes(b"mine")
    done = restore_segment(ground, b"top", temporary, 0, packed.stored[b"top/text"].members[0], SOUND)
    assert (done.spoiled, done.fault.startswith("cannot be written: ")) == (True, True)
    assert (room / "out/top/text").read_bytes() == b"mine"
    assert (room / "archive").read_bytes() == packed.data


def test_what_is_said_of_all_places() -> None:
    assert said_of_all([]) == ""
    assert said_of_all(["one"]) == "one"
    assert said_of_all(["one", "two"]) == "one; its other copy: two"
