"""Clustering: laws of the partition, and the sort compared with single linkage done pair by pair."""

from collections.abc import Iterable, Sequence
from itertools import combinations
from random import Random

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from pyactivity import HOUR_NS, ActivityError, BadValue, Clusters, cluster

INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1
# Few values close together make equal mtimes and gaps of exactly the radius; the ends of int64 make overflows.
MOMENTS = st.integers(0, 40) | st.integers(INT64_MIN, INT64_MAX) | st.sampled_from([INT64_MIN, INT64_MAX])
TIMES = st.lists(MOMENTS, max_size=30)
RADII = st.integers(0, 12) | st.integers(0, 2**65)

Partition = set[frozenset[int]]


def column(times: Sequence[int]) -> NDArray[np.int64]:
    return np.array(times, dtype=np.int64)


def partition(clusters: Iterable[NDArray[np.intp]]) -> Partition:
    return {frozenset(members.tolist()) for members in clusters}


def single_linkage(times: Sequence[int], radius: int) -> Partition:
    """Merge the groups of every pair within the radius, until all pairs were seen."""
    group = {index: frozenset([index]) for index in range(len(times))}
    for one, other in combinations(range(len(times)), 2):
        if abs(times[one] - times[other]) <= radius:
            merged = group[one] | group[other]
            group.update(dict.fromkeys(merged, merged))
    return set(group.values())


@settings(deadline=None)
@given(TIMES, RADII)
@example([INT64_MIN, INT64_MAX], 2**64 - 2)
@example([INT64_MIN, INT64_MAX], 2**64 - 1)
@example([INT64_MIN, INT64_MAX], 2**63)
def test_sort_and_gap_equals_single_linkage(times: list[int], radius: int) -> None:
    assert partition(cluster(column(times), radius)) == single_linkage(times, radius)


@settings(deadline=None)
@given(TIMES, RADII)
def test_clusters_partition_the_files(times: list[int], radius: int) -> None:
    clusters = cluster(column(times), radius)
    listed = [index for members in clusters for index in members.tolist()]
    assert sorted(listed) == list(range(len(times)))
    assert all(len(members) for members in clusters)
    assert [times[index] for index in listed] == sorted(times)


@settings(deadline=None)
@given(TIMES, RADII, st.randoms(use_true_random=False))
def test_order_of_the_files_does_not_matter(times: list[int], radius: int, random: Random) -> None:
    places = list(range(len(times)))
    random.shuffle(places)
    shuffled = partition(cluster(column([times[place] for place in places]), radius))
    assert {frozenset(places[index] for index in members) for members in shuffled} == partition(
        cluster(column(times), radius)
    )


@settings(deadline=None)
@given(TIMES, RADII)
def test_two_files_within_the_radius_are_never_apart(times: list[int], radius: int) -> None:
    label = {i: n for n, members in enumerate(cluster(column(times), radius)) for i in members.tolist()}
    for one, other in combinations(range(len(times)), 2):
        assert label[one] == label[other] or abs(times[one] - times[other]) > radius


@settings(deadline=None)
@given(TIMES, RADII, RADII)
def test_a_larger_radius_only_merges(times: list[int], one: int, other: int) -> None:
    fine = partition(cluster(column(times), min(one, other)))
    coarse = partition(cluster(column(times), max(one, other)))
    assert all(any(members <= larger for larger in coarse) for members in fine)


@settings(deadline=None)
@given(TIMES, RADII, st.none() | MOMENTS | st.just(-(10**30)), st.none() | MOMENTS | st.just(10**30))
def test_files_outside_the_window_neither_count_nor_link(
    times: list[int], radius: int, since: int | None, until: int | None
) -> None:
    inside = [
        index
        for index, time in enumerate(times)
        if (since is None or since <= time) and (until is None or time <= until)
    ]
    among_themselves = single_linkage([times[index] for index in inside], radius)
    expected = {frozenset(inside[index] for index in members) for members in among_themselves}
    assert partition(cluster(column(times), radius, since_ns=since, until_ns=until)) == expected


def test_a_gap_of_exactly_the_radius_joins_and_one_more_parts() -> None:
    assert len(cluster(column([0, HOUR_NS]))) == 1
    assert len(cluster(column([0, HOUR_NS + 1]))) == 2


def test_equal_mtimes_keep_the_order_of_the_files() -> None:
    # Many, since numpy's unstable sorts are stable on few.
    order = cluster(column([7, 5] * 1_000)).order.tolist()
    assert order == [*range(1, 2_000, 2), *range(0, 2_000, 2)]


def test_no_files_make_no_clusters() -> None:
    clusters = cluster(column([]))
    assert (len(clusters), list(clusters), clusters.newest().tolist()) == (0, [], [])


def test_newest_first_large_enough_and_limited() -> None:
    clusters: Clusters = cluster(column([100, 101, 200, 300, 301, 302]), 10)
    assert clusters.newest().tolist() == [2, 1, 0]
    assert clusters.newest(min_files=2).tolist() == [2, 0]
    assert clusters.newest(min_files=2, limit=1).tolist() == [2]
    assert clusters.newest(min_files=4).tolist() == []


def test_what_is_no_radius_or_no_column_is_refused() -> None:
    with pytest.raises(BadValue, match="radius cannot be negative"):
        cluster(column([1]), -1)
    with pytest.raises(BadValue, match="one row of int64, not 2 dimensions"):
        cluster(np.zeros((2, 2), np.int64))
    with pytest.raises(ActivityError, match="1 dimensions of float64"):
        cluster(np.zeros(2))  # type: ignore[arg-type]
