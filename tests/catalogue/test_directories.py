"""Paths of directories to ids and back, compared with a dictionary, on every database."""

from __future__ import annotations

import pytest

from pybackup.catalogue.connect import Catalogue
from pybackup.catalogue.directories import (
    Directories,
    Paths,
    find_containing,
    find_directory,
    find_ending,
    with_all_below,
)
from pybackup.catalogue.schema import ROOT

PATHS = [
    b"a",
    b"a/b",
    b"a/b/c",
    b"A",
    b"a/B",
    b"ab",
    b"b",
    b"b/c",
    b"x/b/c",
    b"\xff/\xfe",
    b"100%/_",
    b"new\nline/ end ",
    b"/".join(b"deep%d" % number for number in range(400)),
]
ALL = sorted({b"/".join(path.split(b"/")[:end]) for path in PATHS for end in range(1, path.count(b"/") + 2)})


@pytest.fixture
def ids(catalogue: Catalogue) -> dict[bytes, int]:
    """The directories, entered by two writers one after the other."""
    found: dict[bytes, int] = {}
    for part in (PATHS[:6], PATHS):
        with catalogue.writing() as connection:
            directories = Directories(connection)
            for path in part:
                number = directories.id_of(path)
                assert found.setdefault(path, number) == number == directories.id_of(path)
            directories.save()
    with catalogue.reading() as connection:
        return {path: number for number, path in Paths(connection).every().items()}


def test_each_path_has_one_id_and_those_above_it_too(catalogue: Catalogue, ids: dict[bytes, int]) -> None:
    assert ids.keys() == {b"", *ALL}
    assert ids[b""] == ROOT
    with catalogue.reading() as connection:
        paths = Paths(connection)
        for path, number in ids.items():
            assert paths[number] == path
            assert paths.of(number, b"name") == (path + b"/name" if path else b"name")
        # Each name in it is asked for.
        for path in PATHS:
            assert find_directory(connection, path) == ids[path]
        for path in (b"c", b"a/b/c/d", b"a/", b"ABC", b"\xff/\xff"):
            assert find_directory(connection, path) is None


def test_of_nothing_but_the_root_nothing_is_written(catalogue: Catalogue) -> None:
    with catalogue.writing() as connection:
        directories = Directories(connection)
        assert directories.id_of(b"") == ROOT
        directories.save()
        assert Paths(connection).every() == {ROOT: b""}


def test_paths_that_end_with_something_at_a_slash(catalogue: Catalogue, ids: dict[bytes, int]) -> None:
    with catalogue.reading() as connection:
        for tail in (b"b", b"b/c", b"c", b"a/b/c", b"\xfe", b"missing", b"y/b/c", b"B", b" end "):
            expected = {ids[path] for path in ALL if path == tail or path.endswith(b"/" + tail)}
            found = find_ending(connection, tail)
            assert (tail, len(found), set(found)) == (tail, len(expected), expected)


def test_all_that_lies_below(catalogue: Catalogue, ids: dict[bytes, int]) -> None:
    with catalogue.reading() as connection:
        for top in (b"a", b"deep0", b"b/c"):
            expected = {ids[path] for path in ALL if path == top or path.startswith(top + b"/")}
            found = with_all_below(connection, [ids[top]])
            assert (len(found), set(found)) == (len(expected), expected)
        both = with_all_below(connection, [ids[b"a"], ids[b"a/b"]])
        assert len(both) == len(set(both)) == 4
        assert with_all_below(connection, []) == []
        assert len(with_all_below(connection, [ids[b"deep0"]], most=10)) < 100


def test_names_that_contain_a_text_as_bytes(catalogue: Catalogue, ids: dict[bytes, int]) -> None:
    """Upper and lower case differ, and a percent sign is a character like any other."""
    with catalogue.reading() as connection:
        for part in (b"b", b"%", b"_", b"\xfe", b"\n", b" end", b"B", b"/"):
            tops = [path for path in ALL if part in path.rpartition(b"/")[2]]
            expected = {ids[path] for path in ALL if any(path == top or path.startswith(top + b"/") for top in tops)}
            assert (part, set(find_containing(connection, part, 5000) or ())) == (part, expected)
        assert find_containing(connection, b"deep", 5) is None
        assert find_containing(connection, b"", 5000) is None
