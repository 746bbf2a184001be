"""Kinds, the largest file, and activity summed up a tree."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyactivity import BadValue, Files, gather
from pyactivity.kinds import Kind, kinds, largest, suffix
from pyactivity.totals import sum_up


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (b"a.txt", "txt"),
        (b"a.tar.GZ", "gz"),
        (b".bashrc", ""),
        (b"..x", ""),
        (b"Makefile", ""),
        (b"libc.so.6", ""),
        (b"a.7z", "7z"),
        (b"a.", ""),
        (b"a.b c", ""),
        (b"a.\xc3\xa9", ""),
        (b"a.averylongsuffix", ""),
    ],
)
def test_suffixes(name: bytes, kind: str) -> None:
    assert suffix(name) == kind


def plant(root: Path, sizes: dict[str, int]) -> Files:
    for number, (name, size) in enumerate(sizes.items()):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x" * size)
        os.utime(root / name, ns=(0, 10**18 + number))
    return gather([root]).files


def everything(files: Files) -> "np.ndarray[tuple[int], np.dtype[np.intp]]":
    return np.argsort(files.mtime_ns)


def test_kinds_are_counted_and_the_largest_is_found(tmp_path: Path) -> None:
    files = plant(tmp_path, {"a.c": 5, "b.c": 9, "c.h": 1, "README": 9, "d.H": 1})
    members = everything(files)
    assert kinds(files, members) == (Kind("c", 2), Kind("h", 2), Kind("", 1))
    assert files.name(largest(files, members)) == b"README"  # of two as large the later one
    with pytest.raises(BadValue, match="at least one"):
        largest(files, members[:0])


def test_the_tree_shows_what_carries_the_activity(tmp_path: Path) -> None:
    sizes = {"top": 100, "a/b/c/large": 5_000, "a/b/c/second": 1_000, "z/x/small": 200, "z/y/small": 300}
    files = plant(tmp_path, sizes)
    told = [
        (os.path.relpath(os.fsdecode(b.path), tmp_path), b.depth, b.files, b.size_bytes)
        for b in sum_up(files, everything(files))
    ]
    # Of a/b/c, whose directories have nothing else in them, only the last is shown.
    assert told == [
        (".", 0, 5, 6_600),
        ("a/b/c", 1, 2, 6_000),
        ("z", 1, 2, 500),
        ("z/y", 2, 1, 300),
        ("z/x", 2, 1, 200),
    ]


def test_small_directories_are_counted_not_shown(tmp_path: Path) -> None:
    sizes = {f"h/large/{number}": 1_000 for number in range(200)} | {"h/s1/x": 1, "h/s2/x": 1, "top": 1}
    files = plant(tmp_path, sizes)
    root, home, large = sum_up(files, everything(files))
    assert (root.files, root.hidden) == (203, 0)
    assert (home.files, home.hidden, large.files, large.hidden) == (202, 2, 200, 0)
    assert [branch.hidden for branch in sum_up(files, everything(files), depth=1)] == [0, 3]


def test_right_below_the_top_all_are_shown_and_of_many_alike_the_first(tmp_path: Path) -> None:
    """Forty projects were one line."""
    files = plant(tmp_path, {f"a/{number}/x": 10 for number in range(40)} | {"tiny/x": 0})
    names = [(os.path.basename(branch.path), branch.hidden) for branch in sum_up(files, everything(files))]
    ten = sorted(b"%d" % number for number in range(40))[:10]
    assert names[1:] == [(b"a", 30), *((name, 0) for name in ten), (b"tiny", 0)]


def test_what_came_in_bulk_is_not_unfolded(tmp_path: Path) -> None:
    sizes = {f"x/pkg{number % 4}/{number}": 10 for number in range(40)} | {"x/own/a": 300, "w/b": 400, "w/c/d": 400}
    files = plant(tmp_path, sizes)
    bulk = np.array([b"/pkg" in path for path in files.paths(np.arange(len(files)))])
    packed = np.array([b"/x/" in path for path in files.paths(np.arange(len(files)))])
    everywhere = [os.path.relpath(os.fsdecode(one.path), tmp_path) for one in sum_up(files, everything(files))]
    assert {"x/pkg0", "x/own", "w/c"} <= set(everywhere)
    told = sum_up(files, everything(files), bulk=bulk)
    assert [os.path.relpath(os.fsdecode(one.path), tmp_path) for one in told] == everywhere
    folded = {
        os.path.relpath(os.fsdecode(one.path), tmp_path): one for one in sum_up(files, everything(files), bulk=packed)
    }
    assert "x/pkg0" not in folded
    assert (folded["x"].bulk, folded["x"].hidden, folded["x"].files) == (True, 5, 41)
    assert not folded["w"].bulk


def test_the_tree_goes_as_deep_as_told(tmp_path: Path) -> None:
    files = plant(tmp_path, {"a/b/1": 5, "a/c/2": 5, "d/3": 5})
    names = [os.path.basename(branch.path) for branch in sum_up(files, everything(files), depth=1)]
    assert names == [os.fsencode(tmp_path.name), b"a", b"d"]


def test_no_files_make_no_tree(tmp_path: Path) -> None:
    files = plant(tmp_path, {"a/1": 5})
    assert sum_up(files, np.zeros(0, np.intp)) == ()


@settings(deadline=None)
@given(st.data())
def test_sums_are_those_of_the_files_below(data: st.DataObject) -> None:
    parents = [data.draw(st.integers(-1, number - 1)) for number in range(data.draw(st.integers(1, 8)))]
    held = data.draw(st.lists(st.tuples(st.integers(0, len(parents) - 1), st.integers(0, 2**63 - 1)), max_size=12))
    files = Files(
        mtime_ns=np.arange(len(held), dtype=np.int64),
        size_bytes=np.array([size for _, size in held], np.int64),
        directory=np.array([directory for directory, _ in held], np.int32),
        names=b"n" * len(held),
        name_ends=np.arange(1, len(held) + 1, dtype=np.int64),
        directories=tuple(b"%d" % number for number in range(len(parents))),
        parents=np.array(parents, np.int32),
    )

    def below(directory: int, top: int) -> bool:
        while directory not in (top, -1):
            directory = parents[directory]
        return directory == top

    for branch in sum_up(files, np.arange(len(held))):
        mine = [(n, size) for n, (directory, size) in enumerate(held) if below(directory, int(branch.path))]
        assert branch.files == len(mine)
        assert branch.size_bytes == sum(size for _, size in mine)
        assert branch.newest_ns == max(n for n, _ in mine)
