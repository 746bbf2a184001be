"""Paths put together when asked for: a sequence like any list of them, bounded in what it grows to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pybackup.errors import Refused
from pybackup.layout.table_paths import TablePaths
from pybackup.model.entry import Kind

Table = tuple[list[int], list[bytes], list[int], list[bytes]]
FILE, DIRECTORY = int(Kind.FILE), int(Kind.DIRECTORY)


@st.composite
def _tables(draw: st.DrawFn) -> Table:
    """Columns, and the paths that they stand for."""
    kinds: list[int] = []
    names: list[bytes] = []
    ups: list[int] = []
    paths: list[bytes] = []
    for row in range(draw(st.integers(0, 20))):
        above = draw(st.sampled_from([None, *(at for at in range(row) if kinds[at] == DIRECTORY)]))
        name = draw(st.binary(min_size=1, max_size=5))
        kinds.append(draw(st.sampled_from([FILE, DIRECTORY])))
        names.append(name)
        ups.append(0 if above is None else row - above)
        paths.append(name if above is None else paths[above] + b"/" + name)
    return kinds, names, ups, paths


@given(_tables(), st.data())
def test_it_is_the_list_of_them(table: Table, data: st.DataObject) -> None:
    kinds, names, ups, paths = table
    found = TablePaths(kinds, names, ups, 1 << 20)
    assert (len(found), list(found), found == paths) == (len(paths), paths, True)
    assert [found[row] for row in range(-len(paths), len(paths))] == paths + paths
    start, stop = data.draw(st.integers(-25, 25)), data.draw(st.integers(-25, 25))
    cut = slice(start, stop, data.draw(st.sampled_from([1, 2, -1])))
    assert found[cut] == paths[cut]
    assert found != [*paths, b"more"]
    for row in (len(paths), -len(paths) - 1):
        with pytest.raises(IndexError):
            found[row]


@given(_tables())
def test_they_grow_to_what_is_allowed_and_no_further(
    table: Table,
) -> None:
    kinds, names, ups, paths = table
    total = sum(map(len, paths))
    TablePaths(kinds, names, ups, total)
    if total:
        with pytest.raises(Refused, match="grow beyond measure"):
            TablePaths(kinds, names, ups, total - 1)
