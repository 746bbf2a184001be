"""Mending during a restoration: each way is tried once, and only losses that remain are reported."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path

import pytest
from kit.archives import archive
from kit.damage import overwritten
from kit.small_sets import small_set

from pybackup.archive.open import open_archive
from pybackup.compress.check import first_fault
from pybackup.errors import EnvironmentFailed
from pybackup.host.joined import open_place
from pybackup.model.problem import Problem, Trouble
from pybackup.monitor import Noted
from pybackup.restore.mending import HeldLosses, Mending

from .conftest import Packed, hurt

LOST = Problem(b"top/text", Trouble.LOST, "damaged")


class _Phases(Noted):
    """Counts how often a stage ended."""

    ended = 0

    def end(self) -> None:
        self.ended += 1


def test_losses_are_held_and_all_else_is_told() -> None:
    heard = _Phases()
    held = HeldLosses(heard)
    held.links = {b"top/link": b"top/text", b"top/other": b"top/whole"}
    other = Problem(b"top/other", Trouble.REFUSED, "no")
    unnamed = Problem(b"", Trouble.LOST, "entries are not known by name")
    for problem in (LOST, Problem(b"top/link", Trouble.REFUSED, "its file was not restored"), other, unnamed):
        held.problem(problem)
    assert heard.problems == [other, unnamed]
    assert (held.lost, held.told) == ({b"top/text", b"top/link"}, 2)
    # What is not given up is told of later or never.
    held.release({b"top/text"})
    assert heard.problems == [other, unnamed, LOST]


@pytest.mark.parametrize("is_lost", [False, True])
def test_the_stage_goes_on_where_something_is_to_be_mended(is_lost: bool) -> None:
    heard = _Phases()
    held = HeldLosses(heard)
    if is_lost:
        held.problem(LOST)
    held.end()
    assert heard.ended == (not is_lost)
    held.end_for_good()
    assert heard.ended == 1 + (not is_lost)


def _with_parity(room: Path) -> bytes:
    """An archive of noise, of which any two sectors can be repaired."""
    (room / "top").mkdir()
    for number in range(9):
        (room / f"top/file {number}").write_bytes(os.urandom(20_000))
    archive([room / "top"], room / "a.xtar")
    return (room / "a.xtar").read_bytes()


def test_a_single_archive_is_mended_by_its_parity(room: Path) -> None:
    data = _with_parity(room)
    (room / "a.xtar").write_bytes(overwritten(data, [10, 11]))
    heard = Noted()
    with open_archive(os.fsencode(room / "a.xtar")) as opened, ExitStack() as stack:
        mending = Mending(opened, os.fsencode(room / "work"), stack, heard)
        better = mending.better(opened, [])
        assert better is not None
        assert mending.worn
        with open_place(better.place) as file:
            assert [first_fault(file, stored.members) for stored in better.listing] == [""] * len(better.listing)
    assert not (room / "work").exists() or list((room / "work").iterdir()) == []
    assert (room / "a.xtar").read_bytes() == overwritten(data, [10, 11])
    mending.check([])


def test_a_set_is_rebuilt_by_its_recovery_volumes_and_once_only(room: Path) -> None:
    small = small_set()
    directory = small.write(room / "set", {"docs-001.xtar": None})
    heard = Noted()
    with open_archive(os.fsencode(directory)) as opened, ExitStack() as stack:
        mending = Mending(opened, os.fsencode(room / "work"), stack, heard)
        better = mending.better(opened, [])
        assert better is not None
        assert mending.worn == ["docs 1"]
        assert any("rebuilding what is lost or damaged in" in note for note in heard.notes)
        assert mending.better(better, []) is None


def test_what_is_beyond_help_is_damaged_still(packed: Packed, room: Path) -> None:
    stored = packed.stored[b"top/text"]
    (room / "a.xtar").write_bytes(hurt(packed.data, stored.members[0].stream_offset + 9))
    with open_archive(os.fsencode(room / "a.xtar")) as opened, ExitStack() as stack:
        mending = Mending(opened, os.fsencode(room / "work"), stack, Noted())
        view = mending.better(opened, [stored]) or opened
        with open_place(view.place) as file:
            faults = {each.entry.path: first_fault(file, each.members) for each in view.listing if each.members}
        # It could be mended as far as anybody knows: nothing is left for want of room.
        mending.check([b"top/text"])
    assert {path for path, fault in faults.items() if fault} == {b"top/text"}
    assert faults.keys() == packed.contents.keys()


def test_without_room_for_temporaries_nothing_is_called_lost(room: Path) -> None:
    data = _with_parity(room)
    (room / "a.xtar").write_bytes(overwritten(data, [10, 11]))
    (room / "work").write_bytes(b"a file stands there")
    with open_archive(os.fsencode(room / "a.xtar")) as opened, ExitStack() as stack:
        mending = Mending(opened, os.fsencode(room / "work"), stack, Noted())
        assert mending.better(opened, []) is None
        left = [b"file %d" % number for number in range(12)]
        with pytest.raises(EnvironmentFailed, match=r"could not be mended: .*work") as caught:
            mending.check(left)
    assert "not restored, and perhaps not lost: file 0, file 1" in str(caught.value)
    assert str(caught.value).endswith("file 9 and 2 more")
