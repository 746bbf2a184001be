"""Which run is meant by a time, and which medium of several is taken first."""

from __future__ import annotations

import itertools

import pytest

from pybackup.errors import UsageError
from pybackup.model.catalogued import CataloguedVolume, Medium, MediumState, MediumType, Needed, VolumeSort
from pybackup.model.restorable import NeededVolume, RestorableRun, newest_until, where_to_look
from pybackup.model.run import RunLevel, RunMark

HELD = CataloguedVolume(1, b"1" * 8, VolumeSort.ARCHIVE, "a", b"", "", 0, False, "", "", *[0] * 5)


def need(number: int) -> Needed:
    return Needed(bytes([number]) * 8, f"a{number}", 1, 1)


def run(number: int, at_ns: int | None, *on: int, chain: str = "c") -> RestorableRun:
    mark = None if at_ns is None else RunMark(chain, at_ns, RunLevel.FULL)
    return RestorableRun(bytes([number]) * 8, mark, (need(number),), tuple(map(need, on)))


def test_the_newest_run_that_was_not_later() -> None:
    runs = [run(1, 100), run(2, 200, 1), run(3, 300)]
    for order in itertools.permutations(runs):
        for at_ns, wanted in ((100, 1), (199, 1), (200, 2), (1000, 3), (None, 3)):
            assert newest_until(order, at_ns).archive == bytes([wanted]) * 8
        assert newest_until(order, None, oldest=True) == runs[0]
        with pytest.raises(UsageError, match="no run was as early as that"):
            newest_until(order, 99)


def test_without_times_the_last_is_what_builds_on_all_others() -> None:
    runs = [run(1, None), run(2, None, 1), run(3, None, 1, 2)]
    for order in itertools.permutations(runs):
        assert newest_until(order, None) == runs[2]
    with pytest.raises(UsageError, match="a1 says nothing of when it was made"):
        newest_until(runs, 100)
    with pytest.raises(UsageError, match="says nothing"):
        newest_until([run(1, None), run(2, None)], None)


def test_archives_of_two_chains_have_no_order() -> None:
    with pytest.raises(UsageError, match="several chains"):
        newest_until([run(1, 100), run(2, 200, chain="d")], None)


def medium(label: str, state: str = "ok", seen: int | None = 1, checked: int | None = None) -> Medium:
    return Medium(1, label, MediumType.DISC, MediumState(state), "", b"", None, 0, seen, checked, HELD)


def test_what_is_at_hand_comes_first_then_what_is_sound() -> None:
    media = {
        b"\1" * 8: [medium("lost", "lost")],
        b"\2" * 8: [medium("never seen", seen=None), medium("old", checked=1), medium("checked", checked=2)],
        b"\3" * 8: [medium("suspect", "suspect"), medium("retired", "retired")],
    }
    found = where_to_look([need(1), need(2), need(3), need(4), need(5)], {b"\5" * 8: b"/here"}, media)
    assert [(each.label, each.state) for each in found] == [
        ("a5", "at hand"),
        ("checked", "ok"),
        ("retired", "retired"),
        ("a4", "unknown"),
        ("lost", "lost"),
    ]
    assert found[1] == NeededVolume(need(2), b"", (*found[1].media,))
    assert [each.label for each in found[1].media] == ["checked", "old", "never seen"]
