"""Descriptions of groups: the carriers compared with their definition, applied directory by directory."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyactivity import NO_PARENT, BadValue, Carrier, Files, describe


def files_of(parents: list[int], held: list[tuple[int, int]]) -> Files:
    """Files named 0, 1, ... of the given (directory, size), one nanosecond apart."""
    names = [b"%d" % number for number in range(len(held))]
    return Files(
        mtime_ns=np.arange(len(held), dtype=np.int64),
        size_bytes=np.array([size for _, size in held], dtype=np.int64),
        directory=np.array([directory for directory, _ in held], dtype=np.int32),
        names=b"".join(names),
        name_ends=np.cumsum([len(name) for name in names], dtype=np.int64),
        directories=tuple(b"d%d" % number for number in range(len(parents))),
        parents=np.array(parents, dtype=np.int32),
    )


def upwards(directory: int, parents: list[int]) -> list[int]:
    found = []
    while directory != NO_PARENT:
        found.append(directory)
        directory = parents[directory]
    return found


def carriers_by_definition(parents: list[int], held: list[tuple[int, int]]) -> set[Carrier]:
    total_bytes = sum(size for _, size in held)
    unclaimed, found = list(held), set[Carrier]()
    for directory in reversed(range(len(parents))):
        below = [file for file in unclaimed if directory in upwards(file[0], parents)]
        below_bytes = sum(size for _, size in below)
        if 4 * len(below) >= len(held) or (total_bytes and 4 * below_bytes >= total_bytes):
            found.add(Carrier(b"d%d" % directory, len(below), below_bytes))
            unclaimed = [file for file in unclaimed if file not in below]
    return found


@st.composite
def forests(draw: st.DrawFn) -> tuple[list[int], list[tuple[int, int]]]:
    parents = [draw(st.integers(NO_PARENT, number - 1)) for number in range(draw(st.integers(1, 12)))]
    sizes = st.integers(0, 3) | st.integers(0, 2**63 - 1)
    return parents, draw(st.lists(st.tuples(st.integers(0, len(parents) - 1), sizes), min_size=1, max_size=25))


@settings(deadline=None)
@given(forests())
def test_carriers_equal_their_definition(forest: tuple[list[int], list[tuple[int, int]]]) -> None:
    parents, held = forest
    group = describe(files_of(parents, held), np.arange(len(held)))
    assert set(group.carriers) == carriers_by_definition(parents, held)
    assert len(group.carriers) <= 8
    assert [c.files for c in group.carriers] == sorted((c.files for c in group.carriers), reverse=True)
    assert (group.files, group.size_bytes) == (len(held), sum(size for _, size in held))
    assert group.files_elsewhere >= 0
    assert group.bytes_elsewhere >= 0
    if parents.count(NO_PARENT) == 1:
        assert 4 * group.files_elsewhere < group.files


def test_scattered_files_are_told_by_what_they_have_in_common() -> None:
    photos = [NO_PARENT] + [0] * 10
    group = describe(files_of(photos, [(1 + number, 5) for number in range(10)]), np.arange(10))
    assert group.carriers == (Carrier(b"d0", 10, 50),)


def test_one_big_file_carries_its_group_beside_many_small_ones() -> None:
    held = [(1, 1)] * 100 + [(2, 4_000)]
    group = describe(files_of([NO_PARENT, 0, 0], held), np.arange(101))
    assert group.carriers == (Carrier(b"d1", 100, 100), Carrier(b"d2", 1, 4_000))


def test_only_the_members_count() -> None:
    files = files_of([NO_PARENT, NO_PARENT], [(0, 1), (1, 2), (1, 4)])
    group = describe(files, np.array([1, 2]))
    assert (group.first_ns, group.last_ns, group.files, group.size_bytes) == (1, 2, 2, 6)
    assert group.carriers == (Carrier(b"d1", 2, 6),)


def test_a_group_has_files() -> None:
    with pytest.raises(BadValue, match="at least one file"):
        describe(files_of([NO_PARENT], []), np.arange(0))
