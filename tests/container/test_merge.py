"""Listings of volumes as one: each entry once, segments together, second copies as spares, contradictions told."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pybackup.container import merge
from pybackup.container.merge import MergedRows, VolumeRows, join, on_base, with_spares
from pybackup.model.entry import Entry, Kind, tree_key
from pybackup.model.listing import FoundRows
from pybackup.model.member import MAX_DEPTH, Member, Method, Stored


def _member(text: bytes, offset: int = 1000) -> Member:
    return Member(offset, 200 + len(text), len(text), len(text), Method.COPY, 0, hashlib.sha256(text).digest())


def _file(path: bytes, text: bytes = b"text", *, offset: int = 1000, mtime_ns: int = 7) -> Stored:
    member = _member(text, offset)
    return Stored(Entry(path, Kind.FILE, mtime_ns=mtime_ns, size=len(text)), (member,), member.digest)


def _part(path: bytes, numbers: Sequence[int], segments: int = 4, *, mtime_ns: int = 7) -> Stored:
    members = tuple(_member(b"%d" % number, 1000 * number) for number in numbers)
    entry = Entry(path, Kind.FILE, mtime_ns=mtime_ns, size=segments)
    return Stored(entry, members, b"", segments=segments, numbers=tuple(numbers))


def _volume(address: int, *stored: Stored, at_hand: bool = True, spares: tuple[int, ...] = ()) -> VolumeRows:
    return VolumeRows(address, FoundRows(stored), [each.entry.path for each in stored], at_hand, spares)


def _directory(path: bytes, mode: int = 0o755) -> Stored:
    return Stored(Entry(path, Kind.DIRECTORY, mode))


def _all(merged: MergedRows) -> dict[bytes, Stored]:
    return {path: merged.stored(row, path) for row, path in enumerate(merged.paths)}


def test_each_entry_is_there_once_in_tree_order_and_the_later_volume_counts() -> None:
    one = _volume(0, _directory(b"d", 0o700), _file(b"d/a"), _file(b"d.x"))
    two = _volume(10_000, _directory(b"d", 0o755), _file(b"d/b"), _directory(b"e"))
    merged = MergedRows([one, two], [Entry(b"e", Kind.FIFO), Entry(b"d/f", Kind.FIFO)])
    # A slash comes before any other byte: all of a directory, then what its name begins.
    assert merged.paths == [b"d", b"d/a", b"d/b", b"d/f", b"d.x", b"e"]
    kinds = [Kind.DIRECTORY, Kind.FILE, Kind.FILE, Kind.FIFO, Kind.FILE, Kind.DIRECTORY]
    assert [Kind(kind) for kind in merged.kinds] == kinds
    found = _all(merged)
    assert found[b"d"].entry.mode == 0o755
    assert found[b"d/a"].members[0].offset == 1000
    assert found[b"d/b"].members[0].offset == 11_000
    assert found[b"d/f"] == Stored(Entry(b"d/f", Kind.FIFO))


def test_nothing_is_no_rows() -> None:
    merged = MergedRows([])
    assert (merged.paths, list(merged.kinds), list(merged.contradictions())) == ([], [], [])


def test_other_images_of_a_volume_are_other_places_of_each_member() -> None:
    stored = _file(b"a")
    stored = stored._replace(members=(stored.members[0]._replace(others=(1500,)),))
    (found,) = _all(MergedRows([_volume(10_000, stored, spares=(50_000, 90_000))])).values()
    assert found.members[0].offset == 11_000
    assert set(found.members[0].others) == {11_500, 51_000, 51_500, 91_000, 91_500}


def test_segments_of_all_volumes_come_together() -> None:
    volumes = [_volume(0, _part(b"f", [0, 1])), _volume(10_000, _part(b"f", [2])), _volume(20_000, _part(b"f", [3]))]
    whole = _all(MergedRows(volumes))[b"f"]
    assert [member.offset for member in whole.members] == [0, 1000, 12_000, 23_000]
    assert (whole.numbers, whole.segments, whole.missing) == ((), 0, 0)
    left = _all(MergedRows(volumes[1:]))[b"f"]
    assert [member.offset for member in left.members] == [12_000, 23_000]
    assert (left.numbers, left.segments, left.missing) == ((2, 3), 4, 2)


def test_the_digest_of_the_whole_is_that_of_the_part_with_the_last_segment() -> None:
    """Of an earlier set the volumes are told last first."""
    first, last = _part(b"f", [0, 1]), _part(b"f", [2, 3])
    first, last = first._replace(digest=b""), last._replace(digest=b"whole")
    assert join([first, last]).digest == join([last, first]).digest == b"whole"


def test_what_was_begun_before_the_file_changed_is_no_part_of_it() -> None:
    found = join([_part(b"f", [0, 1], mtime_ns=1), _part(b"f", [2, 3], mtime_ns=2)])
    assert (found.numbers, found.missing) == ((2, 3), 2)
    other = join([_part(b"f", [0, 1], segments=5), _part(b"f", [2, 3])])
    assert other.numbers == (2, 3)


def test_a_part_that_changed_while_it_was_read_marks_the_whole() -> None:
    assert join([_part(b"f", [0, 1])._replace(changed=True), _part(b"f", [2, 3])]).changed


@given(st.permutations(range(6)), st.lists(st.integers(0, 6), max_size=3))
def test_any_cut_of_the_segments_is_joined_in_order(order: list[int], cuts: list[int]) -> None:
    ends = [0, *sorted(cuts), 6]
    pieces = [sorted(order[low:high]) for low, high in pairwise(ends) if low < high]
    whole = join([_part(b"f", numbers, 6) for numbers in pieces])
    assert [member.offset for member in whole.members] == [0, 1000, 2000, 3000, 4000, 5000]
    assert whole.segments == 0


def test_a_second_copy_stands_in_and_the_older_one_at_hand_is_read() -> None:
    one, two, three = (_file(b"f", offset=offset) for offset in (1, 2, 3))
    found = with_spares([one, two, three], [True, True, True])
    assert ([m.offset for m in found.members], [m.offset for m in found.spares]) == ([1], [2, 3])
    found = with_spares([one, two, three], [False, True, True])
    assert ([m.offset for m in found.members], [m.offset for m in found.spares]) == ([2], [3, 1])


def test_what_is_known_of_one_copy_holds_for_the_others() -> None:
    whole, short = _file(b"f", offset=1), _file(b"f", offset=2)
    short = short._replace(members=(short.members[0]._replace(digest=short.digest[:4]),), digest=short.digest[:4])
    found = with_spares([whole, short], [True, True])
    assert [member.digest for member in (*found.members, *found.spares)] == [whole.digest] * 2
    assert found.digest == whole.digest


@pytest.mark.parametrize(
    "other",
    [
        _file(b"f", b"tex!"),
        _file(b"f", b"longer"),
        _file(b"f", mtime_ns=8),
        _file(b"f")._replace(sparse=True),
        _file(b"f")._replace(members=(_member(b"text")._replace(digest=b""),), digest=b""),
        _file(b"f")._replace(members=(_member(b"te"), _member(b"xt"))),
    ],
    ids=["content", "size", "time", "sparse", "no digest", "two segments"],
)
def test_another_content_is_no_spare(other: Stored) -> None:
    last = _file(b"f", offset=5)
    assert with_spares([other, last], [True, True]) == last


def test_contradictions_are_those_of_whole_files_of_different_content() -> None:
    first = _volume(0, _file(b"same"), _file(b"other", b"one"), _file(b"time"), _part(b"part", [0]), _directory(b"z"))
    second = _volume(
        10_000,
        _file(b"same"),
        _file(b"other", b"two"),
        _file(b"time", mtime_ns=8),
        _part(b"part", [1], mtime_ns=8),
        _directory(b"z", 0o700),
    )
    third = _volume(20_000, _file(b"other", b"two"))
    assert dict(MergedRows([first, second, third]).contradictions()) == {
        b"other": [0, 10_000, 20_000],
        b"time": [0, 10_000],
    }


@given(st.lists(st.lists(st.sampled_from([b"a", b"b", b"b/c", b"b.c", b"c\xff"]), unique=True), max_size=4))
def test_paths_are_the_union_in_tree_order(volumes: list[list[bytes]]) -> None:
    merged = MergedRows([_volume(10_000 * n, *map(_file, paths)) for n, paths in enumerate(volumes)])
    assert merged.paths == sorted(set().union(*volumes), key=tree_key)
    for path, stored in _all(merged).items():
        assert stored.entry.path == path
        holders = [number for number, paths in enumerate(volumes) if path in paths]
        offsets = [member.offset for member in (*stored.members, *stored.spares)]
        assert offsets == [10_000 * number + 1000 for number in holders]


def _built(count: int) -> list[Stored]:
    """A content of two segments, and ``count`` of which each has the first segment of the one before."""
    first = _part(b"f", [0, 1], 2)._replace(digest=b"0", segments=0, numbers=())
    later = [
        _part(b"f", [1], 2, mtime_ns=number)._replace(digest=b"%d" % number, base_digest=b"%d" % (number - 1))
        for number in range(1, count + 1)
    ]
    return [first, *later]


def test_a_file_is_built_on_as_many_contents_as_the_format_allows() -> None:
    found = on_base(_built(MAX_DEPTH))
    assert (found.fault, found.depth, [member.offset for member in found.members]) == ("", MAX_DEPTH, [0, 1000])


def test_a_file_that_is_built_on_more_has_no_base() -> None:
    """One more, and as many as hostile indexes may tell of: they cost no depth of calls either."""
    found = on_base(_built(MAX_DEPTH + 1))
    assert (found.base, found.depth, found.members) == (None, 1, _built(MAX_DEPTH + 1)[-1].members)
    assert "earlier archives" in found.fault
    assert on_base(_built(5000)).base is None


@pytest.mark.parametrize("alike", [False, True], ids=["bases of bases", "parts of one content"])
def test_the_work_for_a_file_grows_with_what_is_told_of_it(alike: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = 0
    is_of = merge._is_of

    def counted(part: Stored, last: Stored) -> bool:
        nonlocal asked
        asked += 1
        return is_of(part, last)

    monkeypatch.setattr(merge, "_is_of", counted)
    monkeypatch.setattr(Stored, "__eq__", lambda one, other: pytest.fail("compared with each of the others"))
    parts = _built(2000)
    on_base([*parts[:2], *parts[1:2] * 2000] if alike else parts)
    assert asked <= 2 * (MAX_DEPTH + 1) * 2000 + 10
