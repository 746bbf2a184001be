"""Groups and directories as lines and as JSON."""

import base64
import json
import os
import re
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kit.system import local_zone

from pyactivity import Carrier, Group, Part, Radius
from pyactivity.details import Archived, Details
from pyactivity.json_form import branch_line, group_chunks
from pyactivity.kinds import Kind
from pyactivity.render import group_lines, radius_text, tree_lines
from pyactivity.totals import Branch
from pyactivity.wrapping import wrapped

SECOND = 10**9
HOUR = 3_600 * SECOND
MAY_3_NOON = 1_714_730_400 * SECOND  # 2024-05-03 12:00 in central Europe, 10:00 UTC


@pytest.fixture(autouse=True)
def _central_europe() -> Iterator[None]:
    with local_zone("CET-1CEST,M3.5.0,M10.5.0/3"):
        yield


def told(
    *carriers: Carrier,
    elsewhere: int = 0,
    kinds: tuple[Kind, ...] = (),
    few: tuple[bytes, ...] = (),
    largest: tuple[bytes, int] = (b"h/a/big", 2048),
    archived: Archived | None = None,
    part: tuple[str, int] = ("activity", 3),
    times_ns: tuple[int, int] = (MAY_3_NOON, MAY_3_NOON + HOUR),
) -> Details:
    bulk = [carrier for carrier in carriers if carrier.bulk not in ("", "history")]
    in_bulk = sum(c.files for c in bulk), sum(c.size_bytes for c in bulk)
    group = Group(*times_ns, sum(c.files for c in carriers) + elsewhere, 4096, carriers, *in_bulk)
    return Details(Part(*part, np.zeros(group.files, np.intp)), group, kinds, largest, few, archived)


def lines(shown: Details, base: bytes = b"h") -> list[str]:
    return [re.sub(" {2,}", "  ", line.strip()) for line in group_lines(shown, MAY_3_NOON + HOUR, base)]


WHEN = "3  today 12:00 - 13:00"


@pytest.mark.parametrize(
    ("carriers", "elsewhere", "where"),
    [
        ([Carrier(b"h/a", 5, 1)], 0, "5 files  4.0 KiB  a"),
        ([Carrier(b"h", 5, 1)], 0, "5 files  4.0 KiB  h"),
        ([Carrier(b"other/a", 5, 1)], 0, "5 files  4.0 KiB  other/a"),
        ([Carrier(b"h/a\n", 5, 1)], 1, r"6 files  4.0 KiB  a\n (5), 1 elsewhere"),
        ([Carrier(b"h/a", 1_000, 1), Carrier(b"h/b", 5, 1)], 0, "1,005 files  4.0 KiB  a (1,000), b (5)"),
        ([Carrier(b"h/%d" % n, 2, 1) for n in range(5)], 1, "11 files  4.0 KiB  0 (2), 1 (2), 2 (2), 5 elsewhere"),
    ],
)
def test_a_line_names_the_carriers_and_the_rest(carriers: list[Carrier], elsewhere: int, where: str) -> None:
    assert lines(told(*carriers, elsewhere=elsewhere))[0] == f"{WHEN}  {where}"


def test_a_single_file_is_named_and_needs_no_second_line() -> None:
    assert lines(told(Carrier(b"h/a", 1, 1), few=(b"h/a/letter",))) == [f"{WHEN}  1 file  4.0 KiB  a/letter"]


def test_few_files_are_named_many_are_told_by_kind() -> None:
    few = told(Carrier(b"h/a", 2, 1), few=(b"h/a/x", b"h/a/y\x1b"))
    assert lines(few)[1:] == ["x, y\\x1b"]
    kinds = (Kind("txt", 3), Kind("", 2), Kind("c", 1), Kind("h", 1), Kind("o", 1), Kind("p", 1))
    assert lines(told(Carrier(b"h/a", 9, 1), kinds=kinds))[1:] == [
        "3 txt, 1 c, 1 h, 1 o, 3 other; largest big, 2.0 KiB"
    ]
    assert lines(told(Carrier(b"h/a", 9, 1), kinds=(Kind("", 9),), largest=(b"h/a/big", 0)))[1:] == []


def test_bulk_stands_below_what_was_done_by_hand_or_alone() -> None:
    bulk = Carrier(b"h/v", 400, 1, "installed")
    assert lines(told(Carrier(b"h/a", 5, 1), bulk, kinds=(Kind("c", 5),))) == [
        f"{WHEN}  5 files  4.0 KiB  a (5)",
        "5 c; largest big, 2.0 KiB",
        "+ 400 files of 1 B in v (installed)",
    ]
    history = Carrier(b"h/.git", 3, 1, "history")
    assert lines(told(Carrier(b"h/a", 5, 1), history))[::2] == [
        f"{WHEN}  8 files  4.0 KiB  a (5)",
        "3 of them in .git (history)",
    ]
    assert lines(told(bulk, kinds=(Kind("c", 400),)))[0].endswith("  400 files  4.0 KiB  v (installed)")


@pytest.mark.parametrize(("files", "word"), [(0, "NOT"), (2, "partly"), (5, "archived")])
def test_what_is_archived_is_a_word(files: int, word: str) -> None:
    shown = lines(told(Carrier(b"h/a", 5, 1), archived=Archived(files, 1024), kinds=(Kind("c", 5),)))
    assert shown[0].startswith(f"3  {word}  today")
    assert ("3 files of 3.0 KiB in no archive" in shown) is (word == "partly")


@pytest.mark.parametrize("moment", [-(2**63), -1, 2**63 - 1])
@pytest.mark.parametrize("kind", ["activity", "future", "epoch"])
def test_the_ends_of_int64_can_be_shown(moment: int, kind: str) -> None:
    shown = told(Carrier(b"h/a", 5, 1), part=(kind, 0), times_ns=(moment, moment))
    assert lines(shown)[0].startswith("-  ")
    assert json.loads(b"".join(group_chunks(shown, "mtime")))["from_ns"] == moment


def test_json_of_a_group() -> None:
    carriers = Carrier(b"\xff", 2, 8), Carrier(b"v", 4, 16, "unpacked")
    shown = told(
        *carriers, elsewhere=1, kinds=(Kind("c", 3),), archived=Archived(2, 8), times_ns=(MAY_3_NOON, MAY_3_NOON + 1)
    )
    assert json.loads(b"".join(group_chunks(shown, "ctime"))) == {
        "group": "activity",
        "number": 3,
        "by": "ctime",
        "from": "2024-05-03T12:00:00.000000000+02:00",
        "to": "2024-05-03T12:00:00.000000001+02:00",
        "from_ns": MAY_3_NOON,
        "to_ns": MAY_3_NOON + 1,
        "files": 7,
        "bytes": 4096,
        "directories": [
            {"path": {"bytes": "/w=="}, "files": 2, "bytes": 8, "bulk": ""},
            {"path": {"text": "v"}, "files": 4, "bytes": 16, "bulk": "unpacked"},
        ],
        "elsewhere": {"files": 1, "bytes": 4072},
        "in_bulk": {"files": 4, "bytes": 16},
        "kinds": [{"suffix": "c", "files": 3}],
        "largest": {"path": {"text": "h/a/big"}, "bytes": 2048},
        "archived": {"files": 2, "bytes": 8},
    }


@settings(deadline=None)
@given(st.lists(st.binary(max_size=8) | st.text(max_size=8).map(lambda t: t.encode("utf-8", "replace")), max_size=5))
def test_every_name_survives_json(paths: list[bytes]) -> None:
    written = b"".join(group_chunks(told(Carrier(b"h", 1, 1), few=(b"x",)), "mtime", iter(paths)))
    assert written.endswith(b"}\n")
    assert written.isascii()
    assert written[:-1].decode().isprintable()
    names = json.loads(written)["names"]
    read = [name["text"].encode() if "text" in name else base64.b64decode(name["bytes"]) for name in names]
    assert read == paths


def test_a_directory_of_the_tree() -> None:
    branch = Branch(b"h/a/b\n", 2, 1_234, 2048, MAY_3_NOON, 1)
    (line,) = tree_lines(branch, b"h/a", MAY_3_NOON)
    assert line == f"{'2.0 KiB':>10}  {'1,234':>11}  {'today 12:00':<18}          b\\n  (+ 1 small directory)"
    assert json.loads(branch_line(branch)) == {
        "path": {"text": "h/a/b\n"},
        "depth": 2,
        "files": 1_234,
        "bytes": 2048,
        "newest": "2024-05-03T12:00:00.000000000+02:00",
        "newest_ns": MAY_3_NOON,
        "hidden": 1,
    }


def test_why_a_radius_was_chosen() -> None:
    assert radius_text(Radius(2 * HOUR, 1_234, HOUR // 2, 5 * HOUR)) == (
        "radius 2 h: of 1,234 pauses the short ones end at 30 min and the long ones begin at 5 h"
    )
    assert radius_text(Radius(HOUR, 1)) == (
        "radius 1 h, the default: 1 pause of a minute or more are too few to choose by"
    )


@pytest.mark.parametrize("columns", [40, 60, 80, 100])
def test_a_line_that_is_too_long_breaks_between_items_and_not_within_words(columns: int) -> None:
    """At 80 columns the list had seven, and the terminal cut it anywhere."""
    carriers = [Carrier(b"h/" + name * 4, 5, 1) for name in (b"project ", b"letters of ", b"photos-")]
    shown = told(*carriers, elsewhere=9, kinds=(Kind("tex", 9), Kind("pdf", 7), Kind("c", 5), Kind("h", 3)))
    wide, narrow = (
        list(group_lines(shown, MAY_3_NOON, b"h")),
        list(group_lines(shown, MAY_3_NOON, b"h", columns)),
    )
    assert max(map(len, narrow)) <= columns
    assert " ".join(narrow).split() == " ".join(wide).split()
    assert list(group_lines(shown, MAY_3_NOON, b"h", 500)) == wide
    assert all(line.startswith(" " * (9 if columns >= 60 else 4)) for line in narrow[1:])


WORDS = st.lists(st.text("abc/(", min_size=1, max_size=30), min_size=1, max_size=5).map(" ".join)


@given(
    st.lists(WORDS, max_size=4).map("   ".join),
    st.lists(WORDS, min_size=1, max_size=6).map(", ".join),
    st.integers(20, 90),
)
def test_no_line_is_wider_than_the_terminal_but_for_one_word(head: str, rest: str, columns: int) -> None:
    lines = list(wrapped(f"{head}  " if head else "", rest, columns))
    # Nothing is lost, added or moved.
    assert "".join("".join(lines).split()) == "".join((head + rest).split())
    indent = 9 if columns >= 60 else 4
    for line in lines:
        words = re.findall(r"[^/ ]+/*|/+", line)
        assert (
            len(line) <= columns or len(words) <= 1 or any(len(cell) + indent > columns for cell in head.split("   "))
        )
    # Words end where they ended: at a blank, or behind the slash of a path that is too long for a line.
    whole = set((head + " " + rest).split())
    for line in lines:
        for word in line.split():
            assert word in whole or "/" in word or any(word in one for one in whole if "/" in one)


@pytest.mark.parametrize("columns", [40, 80])
@pytest.mark.parametrize(
    "arguments", [[], ["--tree"], ["--largest", "3"], ["--overview"], ["--explain", "--limit", "2"]]
)
def test_lists_are_as_wide_as_the_terminal(tmp_path: Path, columns: int, arguments: list[str]) -> None:
    for number in range(25):
        place = tmp_path / "projects of the year" / f"project{number}" / "with a long name for a directory"
        place.mkdir(parents=True)
        for name in ("letter to somebody.odt", "another letter.odt", "third.txt"):
            (place / name).write_bytes(b"x" * 100)
            os.utime(place / name, (1_700_000_000 + 90_000 * number,) * 2)
    command = [sys.executable, "-m", "pyactivity", "--quiet", *arguments, "projects of the year"]
    wide = subprocess.run(command, cwd=tmp_path, stdout=subprocess.PIPE, check=True, text=True).stdout
    narrow = on_terminal(command, tmp_path, columns)
    assert narrow.split() == wide.split()
    assert max(map(len, narrow.splitlines())) <= columns


@pytest.mark.parametrize("command", [[], ["select"]])
@pytest.mark.parametrize("columns", [40, 80])
def test_the_help_is_as_wide_as_the_terminal(tmp_path: Path, columns: int, command: list[str]) -> None:
    told = on_terminal([sys.executable, "-m", "pyactivity", *command, "--help"], tmp_path, columns)
    assert "exit status" in told
    assert [line for line in told.splitlines() if len(line) > columns and " " in line.strip()] == []


def on_terminal(command: list[str], place: Path, columns: int) -> str:
    """What a command writes to a terminal of so many columns."""
    end, terminal = os.openpty()
    termios.tcsetwinsize(terminal, (25, columns))
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    with subprocess.Popen(command, cwd=place, stdin=terminal, stdout=terminal, env=environment) as process:
        os.close(terminal)
        pieces = []
        try:
            while piece := os.read(end, 65536):
                pieces.append(piece)
        except OSError:  # how Linux says that a terminal has nobody at its other end any more
            pass
        os.close(end)
        assert process.wait() == 0
    return b"".join(pieces).decode().replace("\r\n", "\n")
