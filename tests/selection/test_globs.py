"""Globs over whole paths: stars cross slashes, what lies below matches too, and no pattern takes long."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pybackup.selection.globs import matching

PATHS = [b"a", b"a/b", b"a/b/c.txt", b"a/bc", b"ab", b"x/a", b"x/c.txt", b"\xff/\xfe", b"new\nline", b"A", b"[z]"]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (b"a", [b"a", b"a/b", b"a/b/c.txt", b"a/bc"]),
        (b"a/b", [b"a/b", b"a/b/c.txt"]),
        (b"*", PATHS),
        (b"*.txt", [b"a/b/c.txt", b"x/c.txt"]),
        (b"a*", [b"a", b"a/b", b"a/b/c.txt", b"a/bc", b"ab"]),
        (b"*/c.txt", [b"a/b/c.txt", b"x/c.txt"]),
        (b"**/c.txt", [b"a/b/c.txt", b"x/c.txt"]),
        (b"?", [b"a", b"a/b", b"a/b/c.txt", b"a/bc", b"x/a", b"x/c.txt", b"\xff/\xfe", b"A"]),
        (b"a?b", []),
        (b"[ax]", [b"a", b"a/b", b"a/b/c.txt", b"a/bc", b"x/a", b"x/c.txt"]),
        (b"\\[z]", [b"[z]"]),
        (b"new*", [b"new\nline"]),
        (b"\xff", [b"\xff/\xfe"]),
        (b"c.txt", []),
        (b"", []),
    ],
)
def test_what_a_pattern_matches(pattern: bytes, expected: list[bytes]) -> None:
    expected = [path for path in expected if pattern != b"?" or len(path.partition(b"/")[0]) == 1]
    assert [PATHS[row] for row in matching(pattern, PATHS)] == expected


@pytest.mark.parametrize("pattern", [b"a\\", b"[a", b"["])
def test_a_pattern_that_makes_no_sense_matches_nothing(pattern: bytes) -> None:
    assert matching(pattern, PATHS) == []


@given(st.lists(st.binary(min_size=1, max_size=8).map(lambda path: path.replace(b"\0", b"_")), max_size=8), st.data())
def test_a_path_matches_itself_spelled_out_and_what_lies_below(paths: list[bytes], data: st.DataObject) -> None:
    if not paths:
        assert matching(b"*", paths) == []
        return
    path = data.draw(st.sampled_from(paths))
    spelled = b"".join(b"\\" + bytes([byte]) if byte < 128 else bytes([byte]) for byte in path)
    expected = [row for row, each in enumerate(paths) if each == path or each.startswith(path + b"/")]
    assert matching(spelled, paths) == expected
    assert matching(b"*", paths) == list(range(len(paths)))


def test_many_stars_over_a_long_path_end() -> None:
    """Where each star may stand for anything, trying all of them would take for ever."""
    assert matching(b"*a" * 40 + b"b", [b"a" * 4000]) == []
