"""Selection files: what pyactivity writes is what pybackup reads, and nothing else is."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyactivity.selection import area_line, decimal_seconds, file_line, header_line
from pybackup.errors import UsageError
from pybackup.model.problem import Trouble
from pybackup.monitor import Monitor
from pybackup.selection.chosen import Chosen, ChosenArea, ChosenFile, parse_time, read_selection
from pybackup.selection.resolve import sources_from_selection
from pybackup.tree.walk import walk

HEADER = {"format": "pyactivity selection", "version": 1, "root": "/home/me"}
FILE: dict[str, Any] = {"path": "a/b.txt", "size": 3, "mtime": "1.000000001"}
AREA: dict[str, Any] = {"under": "a", "from": "1.0", "until": "2", "by": "mtime", "files": 1, "bytes": 3}

NAMES = st.binary(min_size=1, max_size=8).filter(lambda name: not {*name} & {0, 47} and name not in (b".", b".."))
PATHS = st.lists(NAMES, min_size=1, max_size=4).map(b"/".join)
TIMES = st.integers(-(2**65), 2**65)
COUNTS = st.integers(0, 2**63)
FILES = st.builds(ChosenFile, PATHS, COUNTS, TIMES)
AREAS = st.builds(
    ChosenArea,
    st.just(b"") | PATHS,
    TIMES,
    TIMES,
    st.sampled_from(["mtime", "ctime"]),
    COUNTS,
    COUNTS,
    st.frozensets(PATHS, max_size=3),
)


def lines(chosen: Chosen) -> Iterator[bytes]:
    yield header_line(chosen.root)
    for file in chosen.files:
        yield file_line(file.path, file.size, file.mtime_ns)
    for area in chosen.areas:
        yield area_line(
            area.under,
            area.from_ns,
            area.until_ns,
            by=area.by,
            files=area.files,
            size_bytes=area.n_bytes,
            exclude=area.exclude,
        )


def read(*objects: object) -> Chosen:
    return read_selection(io.BytesIO(b"".join(json.dumps(value).encode() + b"\n" for value in objects)))


@given(st.builds(Chosen, PATHS.map(lambda path: b"/" + path), st.lists(FILES).map(tuple), st.lists(AREAS).map(tuple)))
def test_what_is_written_is_read(chosen: Chosen) -> None:
    written = b"".join(lines(chosen))
    assert written.isascii()
    assert read_selection(io.BytesIO(written)) == chosen
    # As a browser writes it: what is text is text.
    loaded = [json.loads(line) for line in written.splitlines()]
    browser = "\n".join(json.dumps(fields, ensure_ascii=False, separators=(",", ":")) for fields in loaded)
    escaped = "".join(f"\\u{ord(c):04x}" if "\ud800" <= c <= "\udfff" else c for c in browser)
    assert read_selection(io.BytesIO(escaped.encode())) == chosen


@given(TIMES)
def test_times_keep_every_nanosecond(time_ns: int) -> None:
    assert parse_time(decimal_seconds(time_ns)) == time_ns


@pytest.mark.parametrize(
    ("text", "time_ns"), [("0", 0), ("-0.5", -500_000_000), ("1.5", 1_500_000_000), ("-1.000000001", -1_000_000_001)]
)
def test_times_as_they_are_written(text: str, time_ns: int) -> None:
    assert parse_time(text) == time_ns


@given(st.binary(max_size=200))
def test_rubbish_is_refused_and_nothing_worse(rubbish: bytes) -> None:
    with pytest.raises(UsageError):
        read_selection(io.BytesIO(rubbish))


@given(st.data())
def test_a_changed_byte_is_refused_or_still_a_selection(data: st.DataObject) -> None:
    whole = bytearray(b"".join(json.dumps(value).encode() + b"\n" for value in (HEADER, FILE, AREA)))
    whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        chosen = read_selection(io.BytesIO(whole))
    except UsageError:
        return
    assert b"".join(lines(chosen)).count(b"\n") == 1 + len(chosen.files) + len(chosen.areas)


@pytest.mark.parametrize(
    ("objects", "message"),
    [
        ([], "it is empty"),
        ([[]], "not a selection of pyactivity"),
        ([{"path": "a"}], "not a selection of pyactivity"),
        ([{**HEADER, "version": 2}], "version 2; this pybackup reads version 1"),
        ([{**HEADER, "version": True}], "version True"),
        ([{**HEADER, "root": "home"}], "no absolute path"),
        ([{**HEADER, "roots": []}], "unknown key 'roots'"),
        ([HEADER, {**FILE, "colour": 1}], "line 2: unknown key 'colour'"),
        ([HEADER, FILE, {**AREA, "colour": 1}], "line 3: unknown key 'colour'"),
        ([HEADER, {"size": 3, "mtime": "1"}], "there is no 'path'"),
        ([HEADER, {**FILE, "mtime": 1.5}], "not a time in seconds"),
        ([HEADER, {**FILE, "mtime": "1.0000000001"}], "not a time in seconds"),
        ([HEADER, {**FILE, "mtime": "1e9"}], "not a time in seconds"),
        ([HEADER, {**FILE, "mtime": "\u0661"}], "not a time in seconds"),
        ([HEADER, {**FILE, "size": -1}], "'size' is no whole number"),
        ([HEADER, {**FILE, "size": True}], "'size' is no whole number"),
        ([HEADER, {**FILE, "path": "/etc/passwd"}], "no path relative"),
        ([HEADER, {**FILE, "path": "a/../../b"}], "no path relative"),
        ([HEADER, {**FILE, "path": ""}], "no path relative"),
        ([HEADER, {**FILE, "path": "a//b"}], "no path relative"),
        ([HEADER, {**FILE, "path": "a\0b"}], "no path"),
        ([HEADER, {**FILE, "path": "\ud800"}], "no path in UTF-8"),
        ([HEADER, {**AREA, "under": ".."}], "no path relative"),
        ([HEADER, {**AREA, "by": "atime"}], "'by' is 'atime'"),
        ([HEADER, {**AREA, "by": ["mtime"]}], "'by' is"),
        ([HEADER, {**AREA, "exclude": "a"}], "'exclude' is no list"),
        ([HEADER, {**AREA, "exclude": ["../a"]}], "no path relative"),
        ([HEADER, 5], "no JSON object"),
    ],
)
def test_what_is_refused_and_why(objects: list[object], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(*objects)
    assert message in str(caught.value)


def test_a_key_that_stands_twice_is_refused() -> None:
    line = b'{"path": "a", "size": 1, "size": 2, "mtime": "1"}\n'
    with pytest.raises(UsageError, match="twice"):
        read_selection(io.BytesIO(json.dumps(HEADER).encode() + b"\n" + line))


# What becomes of it on disc.


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for number, name in enumerate(("a/1", "a/2", "a/deep/3", "b/4", "5")):
        path = tmp_path / "docs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * (number + 1))
        os.utime(path, ns=(0, number * 10**9 + 7))
    return tmp_path / "docs"


def resolve(root: Path, *items: ChosenFile | ChosenArea) -> tuple[list[bytes], list[tuple[bytes, Trouble, str]]]:
    """The archived paths, in the order of the walk, and the problems."""
    files = tuple(item for item in items if isinstance(item, ChosenFile))
    areas = tuple(item for item in items if isinstance(item, ChosenArea))
    monitor = Monitor()
    sources = sources_from_selection(Chosen(os.fsencode(root), files, areas), monitor=monitor)
    found = [planned.entry.path for planned in walk(sources, monitor=monitor)]
    return found, [(problem.path, problem.trouble, problem.reason) for problem in monitor.problems]


def area(under: bytes, start: int, end: int, files: int, n_bytes: int, **more: Any) -> ChosenArea:
    """Seconds, both inclusive with the odd nanoseconds of the fixture."""
    return ChosenArea(under, start * 10**9, end * 10**9 + 7, more.pop("by", "mtime"), files, n_bytes, **more)


def test_files_come_with_their_directories_under_the_name_of_the_root(root: Path) -> None:
    found, problems = resolve(root, ChosenFile(b"a/deep/3", 3, 2 * 10**9 + 7), ChosenFile(b"5", 5, 4 * 10**9 + 7))
    assert found == [b"docs", b"docs/5", b"docs/a", b"docs/a/deep", b"docs/a/deep/3"]
    assert problems == []


def test_the_root_of_all_is_called_root() -> None:
    sources = sources_from_selection(Chosen(b"/", (ChosenFile(b"etc/passwd", 0, 0),), ()), monitor=Monitor())
    assert [source.name for source in sources] == [b"root/etc", b"root", b"root/etc/passwd"]
    assert [source.path for source in sources] == [b"/etc/", b"/", b"/etc/passwd"]


def test_an_area_is_what_lies_in_its_time(root: Path) -> None:
    found, problems = resolve(root, area(b"", 1, 3, 3, 2 + 3 + 4))
    assert [path for path in found if path[-1:].isdigit()] == [b"docs/a/2", b"docs/a/deep/3", b"docs/b/4"]
    assert problems == []
    found, problems = resolve(root, area(b"a", 0, 9, 2, 3, exclude=frozenset([b"a/deep"])))
    assert found == [b"docs", b"docs/a", b"docs/a/1", b"docs/a/2"]
    assert problems == []


def test_an_area_by_ctime(root: Path) -> None:
    now_s = (root / "5").stat().st_ctime_ns // 10**9
    assert resolve(root, area(b"", now_s - 9999, now_s + 9999, 5, 15, by="ctime"))[1] == []
    assert resolve(root, area(b"", 0, 99, 0, 0, by="ctime")) == ([], [])


def test_chosen_twice_comes_once_and_exclusion_takes_only_out_of_its_area(root: Path) -> None:
    file = ChosenFile(b"a/1", 1, 7)
    found, problems = resolve(root, file, file, area(b"a", 0, 9, 1, 2, exclude=frozenset([b"a/1", b"a/deep"])))
    assert found == [b"docs", b"docs/a", b"docs/a/1", b"docs/a/2"]
    assert problems == []


def test_what_changed_is_told_and_archived_as_it_is(root: Path) -> None:
    found, problems = resolve(root, ChosenFile(b"a/1", 12, 8), ChosenFile(b"a/2", 2, 8))
    assert found == [b"docs", b"docs/a", b"docs/a/1", b"docs/a/2"]
    assert problems == [
        (b"docs/a/1", Trouble.CHANGED, "12 bytes when it was selected, 1 now; modified since it was selected"),
        (b"docs/a/2", Trouble.CHANGED, "modified since it was selected"),
    ]


def test_what_vanished_or_became_something_else_is_told_and_left_out(root: Path) -> None:
    (root / "a/1").unlink()
    (root / "a/2").unlink()
    (root / "a/2").mkdir()
    (root / "a/2/inside").touch()
    found, problems = resolve(root, ChosenFile(b"a/1", 1, 7), ChosenFile(b"a/2", 2, 10**9 + 7), ChosenFile(b"x", 1, 1))
    assert found == []
    assert problems == [
        (b"docs/a/1", Trouble.VANISHED, "it was there when it was selected"),
        (b"docs/a/2", Trouble.CHANGED, "no regular file any more, as when it was selected; left out"),
        (b"docs/x", Trouble.VANISHED, "it was there when it was selected"),
    ]


def test_an_area_that_changed_is_told(root: Path) -> None:
    (root / "a/1").unlink()
    found, problems = resolve(root, area(b"a", 0, 9, 3, 6), area(b"gone", 0, 9, 1, 1))
    assert found == [b"docs", b"docs/a", b"docs/a/2", b"docs/a/deep", b"docs/a/deep/3"]
    then = "when they were selected"
    assert problems == [
        (b"docs/a", Trouble.CHANGED, f"3 files of 6 bytes {then}, 2 files of 5 bytes now"),
        (b"docs/gone", Trouble.VANISHED, "it was there when it was selected"),
        (b"docs/gone", Trouble.CHANGED, f"1 file of 1 bytes {then}, 0 files of 0 bytes now"),
    ]


def test_links_in_an_area_lead_nowhere(root: Path) -> None:
    (root / "b/round").symlink_to(root / "a", target_is_directory=True)
    (root / "b/link").symlink_to(root / "5")
    assert resolve(root, area(b"b", 0, 9, 1, 4)) == ([b"docs", b"docs/b", b"docs/b/4"], [])


def test_times_beyond_what_pyactivity_holds_are_the_end_of_it(root: Path) -> None:
    # Whatever the file system makes of the year 2500, the scan gave it as the end of int64.
    path = root / "5"
    os.utime(path, ns=(0, 16_725_225_600 * 10**9))
    mtime_ns = min(path.stat().st_mtime_ns, 2**63 - 1)
    assert resolve(root, ChosenFile(b"5", 5, mtime_ns))[1] == []
