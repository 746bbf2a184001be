"""Rules of the columns of a table: each broken by itself, in columns that keep all others."""

from __future__ import annotations

import numpy as np
import pytest

from pybackup.errors import Damaged
from pybackup.layout.columns import Int64s, Reader, pack_column, pack_texts
from pybackup.layout.table_rules import check_members, check_names, check_rows, check_sizes, member_columns, read_owners
from pybackup.model.entry import Kind, Owner

Columns = dict[str, Int64s]


def _columns(**values: list[int]) -> Columns:
    return {name: np.array(column, np.int64) for name, column in values.items()}


def _members(**changes: list[int]) -> Columns:
    """A container of 600 bytes of headers, and in it two files."""
    usual = {
        "gap": [0, 512, 512],
        "packed": [3000, 132, 600],
        "tail": [0, 60, 60],
        "raw": [1, 100, 900],
        "method": [0, 0, 1],
        "dictionary": [0, 0, 12],
    }
    return _columns(**{**usual, **changes})


CONTENT = np.array([False, True, True])
NO_STREAM = np.array([False, False, False])


def _placed(columns: Columns, stream: np.ndarray[tuple[int], np.dtype[np.bool_]] = NO_STREAM) -> list[list[int]]:
    found = member_columns(columns, CONTENT, stream, 1000, ascending=True)
    return [column.tolist() for column in found]


def test_members_lie_one_behind_the_other() -> None:
    """A container does not take room of its own; a file is filled up to blocks of 512."""
    offsets, packed, stream, raw, method, dictionary = _placed(_members())
    assert offsets == [1000, 1512, 1512 + 512 + 512]
    assert (packed, raw, method, dictionary) == ([3000, 132, 600], [1, 100, 900], [0, 0, 1], [0, 0, 12])
    assert stream == [0, 132 - 32 - 60, 600 - 32 - 60]


def test_streams_of_a_bundle_follow_each_other_without_padding() -> None:
    columns = _members(gap=[0, 512, 0], tail=[0, 0, 0])
    offsets, _, stream, *_ = _placed(columns, np.array([False, True, True]))
    assert (offsets, stream) == ([1000, 1512, 1512 + 132], [0, 132, 600])


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"gap": [0, -1, 512]}, "negative size"),
        ({"packed": [3000, -1, 600]}, "negative size"),
        ({"raw": [1, -1, 900]}, "negative size"),
        ({"packed": [3000, 1 << 61, 1 << 61]}, "beyond the end of any archive"),
        ({"gap": [0, (1 << 63) - 1, (1 << 63) - 1]}, "beyond the end of any archive"),
        ({"method": [0, 16, 1]}, "unknown method"),
        ({"dictionary": [0, 0, 41]}, "unknown method"),
        ({"method": [1, 0, 1]}, "container that is packed"),
        ({"tail": [1, 60, 60]}, "container that is packed"),
        ({"raw": [1 << 32, 100, 900]}, "impossible number of a container"),
        ({"packed": [3000, 91, 600]}, "shorter than its parts"),
        ({"tail": [0, 101, 60]}, "shorter than its parts"),
    ],
)
def test_members_that_cannot_be(changes: dict[str, list[int]], reason: str) -> None:
    with pytest.raises(Damaged, match=reason):
        _placed(_members(**changes))


def test_a_stream_has_no_tail() -> None:
    with pytest.raises(Damaged, match="header of its own"):
        _placed(_members(), np.array([False, True, False]))


def test_offsets_may_go_back_where_they_need_not_ascend_but_not_before_the_archive() -> None:
    back = _members(gap=[0, 4000, -2000])
    with pytest.raises(Damaged):
        member_columns(back, CONTENT, NO_STREAM, 1000, ascending=True)
    offsets, *_ = member_columns(back, CONTENT, NO_STREAM, 1000, ascending=False)
    assert offsets.tolist() == [1000, 5000, 5000 + 512 - 2000]
    with pytest.raises(Damaged, match="before the archive"):
        member_columns(_members(gap=[0, -2000, 0]), CONTENT, NO_STREAM, 1000, ascending=False)


def test_no_members_are_none() -> None:
    empty = _columns(gap=[], packed=[], tail=[], raw=[], method=[], dictionary=[])
    nothing = np.array([], bool)
    assert all(len(column) == 0 for column in member_columns(empty, nothing, nothing, 0, ascending=True))


@pytest.mark.parametrize("name", [b"a/b", b"/", b"a\0", b"", b".", b".."])
def test_a_name_that_is_none(name: bytes) -> None:
    check_names([b"good", b"...", b"\xff\n"])
    with pytest.raises(Damaged, match="a name that is none"):
        check_names([b"good", name])


FILE, DIRECTORY, LINK = int(Kind.FILE), int(Kind.DIRECTORY), int(Kind.SYMLINK)


@pytest.mark.parametrize(
    ("kinds", "counts", "digests_bytes", "reason"),
    [
        ([FILE, DIRECTORY], [2, 1], 64, ""),
        ([FILE, DIRECTORY], [0, 0], 0, ""),
        ([FILE], [1], 64, "another number of digests"),
        ([FILE], [1], 33, "another number of digests"),
        ([FILE], [2], 32, "impossible number of members"),
        ([FILE], [1 << 62], 32, "impossible number of members"),
        ([FILE, FILE], [2, -1], 32, "impossible number of members"),
        ([DIRECTORY], [2], 96, "that has no content"),
        ([LINK], [1], 32, "that has no content"),
    ],
)
def test_members_and_digests(kinds: list[int], counts: list[int], digests_bytes: int, reason: str) -> None:
    columns = _columns(kind=kinds, members=counts)
    if not reason:
        check_members(columns, digests_bytes, 32)
        return
    with pytest.raises(Damaged, match=reason):
        check_members(columns, digests_bytes, 32)


@pytest.mark.parametrize(
    ("kinds", "excess", "counts", "raw", "reason"),
    [
        ([FILE, FILE], [5, -100], [1, 1], [10, 100], ""),
        ([FILE, FILE], [-11, 0], [1, 1], [10, 100], "negative size"),
        ([DIRECTORY, FILE], [1, 0], [0, 1], [10], "to an entry that is no file"),
        ([FILE, FILE], [1 << 61, 1 << 61], [1, 1], [1 << 60, 1 << 60], "impossible size"),
        ([FILE], [-(1 << 63)], [1], [0], "impossible size"),
    ],
)
def test_sizes(kinds: list[int], excess: list[int], counts: list[int], raw: list[int], reason: str) -> None:
    columns = _columns(kind=kinds, excess=excess, members=counts)
    if not reason:
        check_sizes(columns, np.array(raw, np.int64))
        return
    with pytest.raises(Damaged, match=reason):
        check_sizes(columns, np.array(raw, np.int64))


def _rows(**changes: list[int]) -> Columns:
    """A directory with a file and a link in it, and a file beside it, of two owners."""
    usual = {
        "kind": [DIRECTORY, FILE, LINK, FILE],
        "flags": [0, 1, 0, 4],
        "up": [0, 1, 2, 0],
        "mode": [0o755, 0o7777, 0o777, 0],
        "owner": [0, 1, 0, 1],
        "mtime_s": [0, -5, 1 << 61, 7],
        "mtime_ns": [0, 999_999_999, 0, 1],
        "members": [1, 2, 0, 1],
    }
    return _columns(**{**usual, **changes})


def test_rows_that_can_be() -> None:
    check_rows(_rows(), 2, bundles=True)
    check_rows(_columns(**{name: [] for name in _rows()}), 0, bundles=False)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"kind": [DIRECTORY, 0, LINK, FILE]}, "impossible kind"),
        ({"kind": [DIRECTORY, 8, LINK, FILE]}, "impossible kind"),
        ({"flags": [0, 8, 0, 4]}, "impossible flags"),
        ({"mode": [0o755, 0o10000, 0o777, 0]}, "impossible mode"),
        ({"mode": [-1, 0, 0, 0]}, "impossible mode"),
        ({"owner": [0, 2, 0, 1]}, "impossible owner"),
        ({"mtime_ns": [0, 1_000_000_000, 0, 1]}, "impossible mtime_ns"),
        ({"mtime_s": [0, (1 << 62) + 1, 0, 1]}, "impossible mtime_s"),
        ({"up": [1, 1, 2, 0]}, "none of the entries before it"),
        ({"up": [0, -1, 2, 0]}, "none of the entries before it"),
        ({"up": [0, 1, 1, 0]}, "something that is no directory"),
        ({"flags": [1, 1, 0, 4]}, "flags to an entry that is no file"),
        ({"flags": [0, 5, 0, 4]}, "no file of one piece"),
        ({"flags": [0, 4, 0, 4]}, "no file of one piece"),
        ({"members": [1, 2, 0, 0]}, "no file of one piece"),
        ({"owner": [1, 0, 0, 1]}, "order of their entries"),
        ({"owner": [0, 0, 0, 0]}, "order of their entries"),
    ],
)
def test_rows_that_cannot_be(changes: dict[str, list[int]], reason: str) -> None:
    with pytest.raises(Damaged, match=reason):
        check_rows(_rows(**changes), 2, bundles=True)


def test_nothing_lies_in_a_bundle_where_there_are_none() -> None:
    with pytest.raises(Damaged, match="impossible flags"):
        check_rows(_rows(), 2, bundles=False)


def _owners(owners: list[Owner], count: int | None = None) -> bytes:
    data = (len(owners) if count is None else count).to_bytes(4, "little")
    for values in ([owner.uid for owner in owners], [owner.gid for owner in owners]):
        data += pack_column(values)
    return data + pack_texts([owner.user for owner in owners]) + pack_texts([owner.group for owner in owners])


TWO = [Owner(0, 0, b"root", b""), Owner(0xFFFFFFFF, 5, b"", b"\xff")]


def test_owners_as_they_were_packed() -> None:
    assert read_owners(Reader(_owners(TWO)), 2) == TWO
    assert read_owners(Reader(_owners([])), 0) == []


@pytest.mark.parametrize(
    ("data", "entries", "reason"),
    [
        (_owners(TWO), 1, "impossible number of owners"),
        (_owners([], 0xFFFFFFFF), 5, "impossible number of owners"),
        (_owners([TWO[0], TWO[0]]), 2, "names an owner twice"),
        (_owners([Owner(1 << 32, 0)]), 1, "an impossible owner"),
        (_owners(TWO)[:-1], 2, "in the middle of a column"),
        (_owners(TWO, 3), 3, "an index"),
    ],
    ids=["entries", "billions", "twice", "number", "cut", "three of two"],
)
def test_owners_that_cannot_be(data: bytes, entries: int, reason: str) -> None:
    with pytest.raises(Damaged, match=reason):
        read_owners(Reader(data), entries)
