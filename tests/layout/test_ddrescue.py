"""Map files of GNU ddrescue: those that it writes itself, the forms that its manual allows, and what is none."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pybackup.errors import Damaged
from pybackup.layout.ddrescue import DdrescueMap, parse_map, write_map
from pybackup.model.extents import Extents

OF_THE_MANUAL = b"""\
# Mapfile. Created by GNU ddrescue version 1.27
# Command line: ddrescue -d -c18 /dev/fd0 fdimage mapfile
# Start time:   2015-07-21 09:37:44
# Current time: 2015-07-21 09:38:19
# Copying non-tried blocks... Pass 1 (forwards)
# current_pos  current_status  current_pass
0x00120000     ?               1
#      pos        size  status
0x00000000  0x00117000  +
0x00117000  0x00000200  -
0x00117200  0x00001000  /
0x00118200  0x00007E00  *
0x00120000  0x00048000  ?
0x00168000  0x00001000  +
"""


def ranges(*pairs: tuple[int, int]) -> Extents:
    return Extents.of(pairs)


def rescue(source: Path, *options: str) -> tuple[DdrescueMap, bytes]:
    """Run ddrescue on a file: what its map says, and its copy."""
    copy, written = source.with_suffix(".copy"), source.with_suffix(".map")
    subprocess.run(["ddrescue", "--quiet", *options, source, copy, written], check=True)
    return parse_map(written.read_bytes()), copy.read_bytes()


def test_the_example_of_the_manual() -> None:
    found = parse_map(OF_THE_MANUAL)
    assert found.rescued == ranges((0, 0x117000), (0x168000, 0x169000))
    assert found.unread(0x168000) == ranges((0x117000, 0x168000))
    assert found.unread(0x200000) == ranges((0x117000, 0x168000), (0x169000, 0x200000))
    assert found.unread(0x100) == Extents()


@pytest.mark.parametrize(
    ("text", "rescued"),
    [
        (b"0 + 1\n0 0x10 +\n", ranges((0, 16))),
        (b"0 +\n010 0X10 +\n", ranges((8, 24))),
        (b"0 +\r\n0 10 +\r\n", ranges((0, 10))),
        (b"\n# c\n  0 F 12 # c\n\n  5  10  +  # c - \n\t# c\n", ranges((5, 15))),
        (b"0 + 1\n0 10 +", ranges((0, 10))),
        (b"0 G 1\n0 10+\n", ranges((0, 10))),
        (b"0 + 1\n", ranges()),
        (b"0 + 1\n5 0 +\n", ranges()),
        (b"0 + 1\n20 5 +\n0 5 +\n", ranges((0, 5), (20, 25))),
        (b"0 + 1\n0 100 +\n10 5 -\n99 9 ?\n", ranges((0, 10), (15, 99))),
        (b"0 + 1\n5 0x7FFFFFFFFFFFFFFF +\n", ranges((5, 2**63 - 1))),
    ],
)
def test_forms_that_are_allowed(text: bytes, rescued: Extents) -> None:
    assert parse_map(text).rescued == rescued


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (b"", "line 0"),
        (b"# only a comment\n", "line 1"),
        (b"\x7fELF\x02\x01\x01\0", "line 1"),
        (b"# c\n0 X 1\n", "line 2"),
        (b"0x10 0x10 +\n", "line 1"),
        (b"0 + 1 1\n", "line 1"),
        (b"0 + 1\n0 10 x\n", "line 2"),
        (b"0 + 1\n0 10\n", "line 2"),
        (b"0 + 1\n0 10 +-\n", "line 2"),
        (b"0 + 1\n0 10 + 5\n", "line 2"),
        (b"0 + 1\n0 10k +\n", "line 2"),
        (b"0 + 1\n0 10 +\n-5 10 +\n", "line 3"),
        (b"0 + 1\n09 10 +\n", "line 2"),
        (b"0 + 1\n0 0x8000000000000000 +\n", "line 2"),
        (b"0 + 1\n0 " + b"9" * 5_000 + b" +\n", "line 2"),
    ],
)
def test_what_is_no_map_is_refused_by_its_line(text: bytes, line: str) -> None:
    with pytest.raises(Damaged, match=rf"no map file of ddrescue: .*\b{line}\b"):
        parse_map(text)


@given(unread=st.lists(st.tuples(st.integers(0, 5_000), st.integers(0, 5_000))), size=st.integers(0, 6_000))
def test_what_is_written_reads_back(unread: list[tuple[int, int]], size: int) -> None:
    bad = Extents.of(unread)
    assert parse_map(write_map(bad, size)).unread(size) == bad.within(0, size)


@given(st.binary(max_size=80) | st.text("0x19+-?# \n", max_size=60).map(str.encode))
def test_no_bytes_bring_another_error(text: bytes) -> None:
    try:
        found = parse_map(text)
    except Damaged:
        return
    assert all(0 <= start < end for start, end in found.rescued)


def test_a_good_drive_as_ddrescue_maps_it(tmp_path: Path) -> None:
    source = tmp_path / "drive"
    source.write_bytes(bytes(range(256)) * 400)
    found, copy = rescue(source)
    assert copy == source.read_bytes()
    assert found.rescued == ranges((0, 102_400))


@pytest.mark.parametrize("options", [("--no-scrape",), ("--no-trim",), ("--no-scrape", "--reverse"), ("--retry=1",)])
def test_a_bad_drive_as_ddrescue_maps_it(tmp_path: Path, options: tuple[str, ...]) -> None:
    source = tmp_path / "drive"
    source.write_bytes(bytes(range(1, 256)) * 4_000)
    size = source.stat().st_size
    bad = ranges((0, 4_096), (300_032, 310_272), (311_296, 311_808), (size - 512, size))
    (tmp_path / "bad").write_bytes(write_map(bad, size))
    found, copy = rescue(source, f"--test-mode={tmp_path / 'bad'}", *options)
    unread = found.unread(size)
    assert (unread | bad) == unread
    assert all(copy[start:end] == source.read_bytes()[start:end] for start, end in found.rescued)
    if "--retry=1" in options:
        assert unread == bad
    else:
        assert unread.n_bytes > bad.n_bytes


def test_a_rescue_of_a_part(tmp_path: Path) -> None:
    source = tmp_path / "drive"
    source.write_bytes(bytes(200_000))
    found, _ = rescue(source, "--input-position=50000", "--size=20000")
    assert found.unread(200_000) == ranges((0, 50_000), (70_000, 200_000))
