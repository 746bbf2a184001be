"""Groups of their own for impossible times, a radius by the data, and what came in bulk."""

import os
import pkgutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pyactivity
from pyactivity import HOUR_NS, NO_PARENT, BadValue, Files, cluster, describe
from pyactivity.activities import arrange
from pyactivity.bulk import came_in_bulk
from pyactivity.details import details
from pyactivity.radius import choose_radius
from pyactivity.survey import take_survey

SECOND, DAY = 10**9, 86_400 * 10**9
NOW = 1_795_000_000 * SECOND
INT64 = st.integers(-(2**63), 2**63 - 1)
TIMES = st.lists(
    INT64 | st.integers(NOW - DAY, NOW + DAY) | st.integers(-DAY - 2, DAY + 2) | st.sampled_from([0, SECOND, -SECOND]),
    max_size=25,
)
WINDOWS = st.none() | INT64


@settings(deadline=None)
@given(TIMES, st.integers(0, 2**62), WINDOWS, WINDOWS, INT64)
def test_every_file_is_in_one_place_and_it_is_the_right_one(
    times: list[int], radius: int, since: int | None, until: int | None, now: int
) -> None:
    found = arrange(np.array(times, np.int64), radius, now_ns=now, since_ns=since, until_ns=until)
    inside = [i for i, t in enumerate(times) if (since is None or since <= t) and (until is None or t <= until)]
    future = [i for i in inside if times[i] > now + 60 * SECOND]
    epoch = [i for i in inside if abs(times[i]) <= DAY and i not in future]
    usual = [i for i in inside if i not in future and i not in epoch]
    assert sorted(found.future.tolist()) == future
    assert sorted(found.epoch.tolist()) == epoch
    expected = cluster(np.array([times[i] for i in usual], np.int64), radius)
    assert [[usual[i] for i in members.tolist()] for members in expected] == [m.tolist() for m in found.clusters]
    assert found.files == len(inside)
    for group in (found.future, found.epoch):
        assert [times[i] for i in group.tolist()] == sorted(times[i] for i in group.tolist())


def test_numbers_count_from_the_newest() -> None:
    found = arrange(np.array([5, 1, 9], np.int64) * DAY * 100, 0, now_ns=NOW)
    assert [found.number(cluster) for cluster in range(3)] == [3, 2, 1]
    assert [found.numbered(number).tolist() for number in (1, 2, 3)] == [[2], [0], [1]]


# --radius auto


def sessions(pauses_s: Sequence[float]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return (np.cumsum([NOW / SECOND / 2, *pauses_s]) * SECOND).astype(np.int64)


def test_a_radius_between_short_and_long_pauses() -> None:
    pauses_s = ([300] * 20 + [30 * 3_600]) * 5
    chosen = choose_radius(sessions(pauses_s))
    assert (chosen.below_ns, chosen.above_ns) == (300 * SECOND, 30 * 3_600 * SECOND)
    assert chosen.radius_ns == 2 * HOUR_NS  # the round one next to the middle of 10 min, the least, and 30 h
    assert len(cluster(sessions(pauses_s), chosen.radius_ns)) == 6


def test_a_small_gap_between_the_classes_is_still_found() -> None:
    chosen = choose_radius(sessions([61, 65, 70, 80, 90, 100, 4_000, 4_200, 4_400, 5_000]))
    assert chosen.below_ns is not None
    assert (chosen.below_ns, chosen.above_ns) == (100 * SECOND, 4_000 * SECOND)
    assert 100 * SECOND <= chosen.radius_ns < 4_000 * SECOND


@pytest.mark.parametrize("pauses_s", [[], [7_200] * 7, [1] * 1_000, [30] * 1_000 + [7_200]])
def test_too_few_pauses_leave_the_default(pauses_s: list[float]) -> None:
    chosen = choose_radius(sessions(pauses_s))
    assert (chosen.radius_ns, chosen.below_ns, chosen.above_ns) == (HOUR_NS, None, None)


def test_pauses_that_are_all_alike_leave_the_default() -> None:
    assert choose_radius(sessions([7_200] * 100)).below_ns is None


@settings(deadline=None)
@given(st.lists(INT64, max_size=60))
def test_a_radius_is_round_within_bounds_and_the_same_for_any_order(times: list[int]) -> None:
    chosen = choose_radius(np.array(times, np.int64))
    assert 600 * SECOND <= chosen.radius_ns <= 48 * HOUR_NS
    assert chosen.radius_ns % (300 * SECOND) == 0
    assert choose_radius(np.array(times[::-1], np.int64)) == chosen


def test_the_pauses_are_split_as_otsu_says() -> None:
    # Against the definition: the within-class variance of the logarithms is least.
    rng = np.random.default_rng(3)
    pauses_s = np.sort(np.concatenate([rng.lognormal(6, 0.7, 60), rng.lognormal(11, 0.9, 40)]) + 60)
    chosen = choose_radius(sessions(rng.permutation(pauses_s).tolist()))
    logs = np.log(np.minimum(pauses_s, 48 * 3_600))
    within = [np.var(logs[:k]) * k + np.var(logs[k:]) * (100 - k) for k in range(1, 100)]
    best = int(np.argmin(within)) + 1
    assert chosen.below_ns == pytest.approx(pauses_s[best - 1] * SECOND, rel=1e-6)
    assert chosen.above_ns == pytest.approx(pauses_s[best] * SECOND, rel=1e-6)


# Bulk


def files_of(directories: list[bytes], parents: list[int], held: list[tuple[int, int]], suffix: bytes = b".c") -> Files:
    """Files of the given (directory, mtime), a byte each."""
    names = [b"%d%s" % (number, suffix) for number in range(len(held))]
    return Files(
        mtime_ns=np.array([mtime_ns for _, mtime_ns in held], np.int64),
        size_bytes=np.ones(len(held), np.int64),
        directory=np.array([directory for directory, _ in held], np.int32),
        names=b"".join(names),
        name_ends=np.cumsum([len(name) for name in names], dtype=np.int64),
        directories=tuple(directories),
        parents=np.array(parents, np.int32),
    )


@settings(deadline=None)
@given(st.lists(st.integers(0, 20), min_size=1, max_size=60), st.integers(2, 8))
def test_at_once_is_so_many_within_a_second(steps: list[int], at_once: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pyactivity.bulk.AT_ONCE", at_once)
        times = np.cumsum(np.array(steps) * (SECOND // 10) + 1).astype(np.int64)
        mask = came_in_bulk(files_of([b"d"], [NO_PARENT], [(0, time) for time in times.tolist()]))
        expected = set[int]()
        for start in range(len(times) - at_once + 1):
            if times[start + at_once - 1] - times[start] <= SECOND:
                expected |= set(range(start, start + at_once))
        assert set(np.flatnonzero(mask).tolist()) == expected


PLACES = [b"h", b"h/app", b"h/app/core", b"h/app/deps", b"h/app/deps/p", b"h/app/deps/q", b"h/notes", b"h/other"]
PARENTS = [NO_PARENT, 0, 1, 1, 3, 3, 0, 0]


def at_once(files: int, directories: tuple[int, ...], begin_ns: int = NOW) -> list[tuple[int, int]]:
    """Files within half a second, by turns in these directories."""
    return [(directories[n % len(directories)], begin_ns + n * (SECOND // 2 // files)) for n in range(files)]


def worked(directory: int, files: int, begin_ns: int = NOW) -> list[tuple[int, int]]:
    """Files saved ten minutes one after the other, the first in the midst of a second."""
    return [(directory, begin_ns + SECOND // 4 + 5 + n * 600 * SECOND) for n in range(files)]


@pytest.mark.parametrize(
    ("bulk", "by_hand"),
    [
        (at_once(400, (4, 5)), worked(2, 3)),
        (at_once(400, (4, 5)), worked(6, 3)),
        (at_once(400, (4, 5)), worked(1, 2)),
        # Two programs at once, and most of the files of one in one directory.
        (at_once(250, (4,)) + at_once(250, (7,)) + at_once(30, (5,)), worked(2, 3) + worked(6, 9)),
        # A tree that was edited since, in which of one directory half, of another one file is as it came.
        (at_once(600, (3, 4, 5)), worked(3, 80, NOW + 3600 * SECOND) + worked(4, 199, NOW + 3600 * SECOND)),
        (at_once(220, (3, 4)), worked(4, 500, NOW + 3600 * SECOND)),
    ],
)
def test_what_was_saved_while_others_came_at_once_did_not_come_with_them(
    bulk: list[tuple[int, int]], by_hand: list[tuple[int, int]]
) -> None:
    mask = came_in_bulk(files_of(PLACES, PARENTS, bulk + by_hand))
    assert mask.tolist() == [True] * len(bulk) + [False] * len(by_hand)


def test_what_is_not_looked_at_is_as_if_it_were_not_there() -> None:
    held = at_once(400, (4, 5)) + worked(2, 3)
    among = np.arange(len(held)) >= 250
    assert not came_in_bulk(files_of(PLACES, PARENTS, held), among=among).any()
    alone = came_in_bulk(files_of(PLACES, PARENTS, held[100:]))
    assert came_in_bulk(files_of(PLACES, PARENTS, held), among=np.arange(403) >= 100)[100:].tolist() == alone.tolist()


def whole_and_fractions(suffix: bytes = b".c") -> Files:
    """A package of 150 files with times of whole seconds over years, in two directories, and 30 files made here."""
    directories = [b"h", b"h/pkg", b"h/pkg/src", b"h/mine"]
    package = [(1 + number % 2, (1_500_000_000 + number * 100_000) * SECOND) for number in range(150)]
    mine = [(3, 1_600_000_000 * SECOND + number * 7_000 * SECOND + 123) for number in range(30)]
    return files_of(directories, [NO_PARENT, 0, 1, 0], package + mine, suffix)


def test_the_times_of_a_package_are_whole_seconds() -> None:
    mask = came_in_bulk(whole_and_fractions())
    assert mask.tolist() == [True] * 150 + [False] * 30


def test_where_all_times_are_whole_seconds_they_say_nothing() -> None:
    files = files_of([b"h"], [NO_PARENT], [(0, number * 100_000 * SECOND) for number in range(500)])
    assert not came_in_bulk(files).any()


def test_the_card_of_a_camera_is_no_package() -> None:
    assert not came_in_bulk(whole_and_fractions(b".JPG")).any()


def test_a_package_has_no_ctime() -> None:
    files = whole_and_fractions()
    spread = np.arange(len(files), dtype=np.int64) * 100_000 * SECOND
    moved = Files(
        files.mtime_ns,
        files.size_bytes,
        files.directory,
        files.names,
        files.name_ends,
        files.directories,
        files.parents,
        spread,
    )
    assert not came_in_bulk(moved, by="ctime").any()


def test_what_came_in_bulk_does_not_hide_what_was_done_by_hand() -> None:
    directories = [b"h", b"h/src", b"h/src/.git", b"h/src/a", b"h/src/b", b"h/docs"]
    parents = [NO_PARENT, 0, 1, 1, 1, 0]
    checkout = [(3 + number % 2, NOW + number) for number in range(400)]
    by_hand = [(5, NOW + 60 * SECOND * number) for number in range(1, 4)]
    files = files_of(directories, parents, checkout + by_hand)
    mask = came_in_bulk(files)
    group = describe(files, np.arange(403), bulk=mask)
    assert [(c.path, c.files, c.bulk) for c in group.carriers] == [
        (b"h/docs", 3, ""),
        (b"h/src", 400, "checked out"),
    ]
    assert (group.files, group.files_elsewhere) == (403, 0)
    # Without the mark the checkout would be all that is seen.
    assert [c.path for c in describe(files, np.arange(403)).carriers] == [b"h/src/a", b"h/src/b"]


def test_what_a_version_control_wrote_is_told_behind_what_was_done_by_hand() -> None:
    directories = [b"h", b"h/src", b"h/src/.git", b"h/src/.git/objects", b"h/other/.hg"]
    held = [(1, NOW), (1, NOW + 1)] + [(2 + number % 2, NOW + number) for number in range(90)] + [(4, NOW + 100)]
    files = files_of(directories, [NO_PARENT, 0, 1, 2, 0], held)
    mask = came_in_bulk(files)
    assert not mask.any()  # commits are a person's work, and not to be left out of a backup
    group = describe(files, np.arange(93), bulk=mask)
    assert [(c.path, c.files, c.bulk) for c in group.carriers] == [
        (b"h/src", 2, ""),
        (b"h/src/.git", 90, "history"),
        (b"h/other/.hg", 1, "history"),
    ]
    assert (group.files, group.files_elsewhere) == (93, 0)


def test_the_kinds_are_those_of_the_work_not_of_its_history(tmp_path: Path) -> None:
    for name in ("a.py", ".git/objects/12", ".git/objects/34", ".git/index"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    found = take_survey([tmp_path], radius_ns=HOUR_NS)
    (shown,) = (details(found, part) for part in found.parts())
    assert [kind.suffix for kind in shown.kinds] == ["py"]
    assert shown.few == (os.fsencode(tmp_path / "a.py"),)


@pytest.mark.parametrize("lies_in", [b"h/top/pkg/notes", b"h/top/letters", b"h/top"])
def test_a_file_of_a_whole_second_among_files_made_there_is_no_package(lies_in: bytes) -> None:
    directories = [b"h", b"h/top", b"h/top/pkg", b"h/top/pkg/notes", b"h/top/letters", b"h/mine"]
    parents = [NO_PARENT, 0, 1, 2, 1, 0]
    second = 1_500_000_000 * SECOND
    package = [(2, second + number * 9_000 * SECOND) for number in range(3_000)]
    made_here = [(5, second + number * 7_000 * SECOND + 5) for number in range(300)]
    place = directories.index(lies_in)
    here = [(place, second + number * 8_000 * SECOND + 5) for number in range(3)]
    mask = came_in_bulk(files_of(directories, parents, package + made_here + here + [(place, second)]))
    assert mask.tolist() == [True] * 3_000 + [False] * 304


def test_a_file_of_a_whole_second_above_where_others_work_is_no_package() -> None:
    directories = [b"h", b"h/top", b"h/top/pkg", b"h/top/trips", b"h/top/trips/2026", b"h/mine"]
    second = 1_500_000_000 * SECOND
    package = [(2, second + number * 9_000 * SECOND) for number in range(3_000)]
    made_here = [(5, second + number * 7_000 * SECOND + 5) for number in range(300)]
    made_here += [(4, second + number * 7_000 * SECOND + 5) for number in range(20)]
    mask = came_in_bulk(files_of(directories, [NO_PARENT, 0, 1, 1, 3, 0], [*package, *made_here, (3, second)]))
    assert mask.tolist() == [True] * 3_000 + [False] * 321


def test_a_package_of_which_some_files_were_edited_stays_one() -> None:
    second = 1_500_000_000 * SECOND
    held = [(1, second + number * 9_000 * SECOND + 5 * (number % 40 == 0)) for number in range(400)]
    held += [(2, second), (2, second + 100_000 * SECOND), (2, second + 200_000 * SECOND + 5)]
    held += [(3, second + number * 7_000 * SECOND + 5) for number in range(100)]
    files = files_of([b"h", b"h/pkg", b"h/pkg/sub", b"h/mine"], [NO_PARENT, 0, 1, 0], held)
    assert came_in_bulk(files).tolist() == [time_ns % SECOND == 0 for _, time_ns in held]


@pytest.mark.parametrize(
    ("directory", "how"),
    [
        (b"/home/me/node_modules", "installed"),
        (b"/usr/share/doc", "installed"),
        (b"/home/me/site-packages/x", "installed"),
        (b"/home/me/linux", "unpacked"),
    ],
)
def test_how_it_came_is_told_by_where_it_lies(directory: bytes, how: str) -> None:
    files = files_of([directory], [NO_PARENT], [(0, NOW + number) for number in range(300)])
    assert describe(files, np.arange(300), bulk=came_in_bulk(files)).carriers[0].bulk == how


def test_two_events_in_one_group_are_told_as_two() -> None:
    directories, parents = [b"h", b"h/one", b"h/two"], [NO_PARENT, 0, 0]
    held = [(1, NOW + number) for number in range(300)] + [(2, NOW + 120 * SECOND + number) for number in range(250)]
    files = files_of(directories, parents, held)
    carriers = describe(files, np.arange(550), bulk=came_in_bulk(files)).carriers
    assert [(c.path, c.files) for c in carriers] == [(b"h/one", 300), (b"h/two", 250)]


# A survey of a real directory


def test_a_survey_numbers_its_parts_and_sets_the_strange_apart(tmp_path: Path) -> None:
    for name, time_ns in (("a", NOW), ("b", NOW - 10 * DAY), ("zero", 0), ("ahead", NOW + 400 * DAY)):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, ns=(0, time_ns))
    found = take_survey([tmp_path], radius_ns=HOUR_NS, now_ns=NOW)
    told = [(part.kind, part.number, found.scan.files.name(int(part.members[0]))) for part in found.parts()]
    assert told == [("future", 0, b"ahead"), ("activity", 1, b"a"), ("activity", 2, b"b"), ("epoch", 0, b"zero")]
    assert [part.number for part in found.parts(limit=1, strange=False)] == [1]
    with pytest.raises(BadValue, match="no 'atime'"):
        take_survey([tmp_path], by="atime")


def test_a_survey_by_ctime_groups_what_moved_here_now(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / str(number)).touch()
        os.utime(tmp_path / str(number), ns=(0, NOW - number * 100 * DAY))
    assert len(take_survey([tmp_path], radius_ns=HOUR_NS).activities.clusters) == 3
    assert len(take_survey([tmp_path], radius_ns=HOUR_NS, by="ctime").activities.clusters) == 1


def test_no_public_name_is_a_modules() -> None:
    """`describe` was the module once anything had loaded it, and not the function."""
    modules = {module.name for module in pkgutil.iter_modules(pyactivity.__path__)}
    assert not modules & set(pyactivity.__all__)
