"""What a run prints on standard error: on a terminal, elsewhere, and with --quiet."""

import json
import os
import pty
import re
import subprocess
import termios
from pathlib import Path

import pytest
from kit.command import COMMAND, ENVIRONMENT
from kit.trees import plant_docs

from pybackup.cli.json_form import json_line
from pybackup.cli.monitor import REPEATED, Talk
from pybackup.cli.results import check_complete, conclude
from pybackup.model.listing import FoundRows, Listing, Way
from pybackup.model.problem import Problem, Trouble

Captured = pytest.CaptureFixture[str]


def problem(number: int) -> Problem:
    return Problem(b"docs/%d" % number, Trouble.UNREADABLE, "Permission denied")


def test_problems_are_said_at_once_and_again_at_the_end(capsys: Captured) -> None:
    with Talk() as talk:
        talk.begin("create", 2, 100)
        talk.problem(problem(1))
        assert capsys.readouterr().err == "pybackup: docs/1: unreadable: Permission denied\n"
        talk.problem(problem(2))
        talk.end()
        capsys.readouterr()
        assert conclude(talk, "done") == 1
    assert capsys.readouterr().err.splitlines() == [
        "pybackup: 2 problems:",
        "  docs/1: unreadable: Permission denied",
        "  docs/2: unreadable: Permission denied",
        "pybackup: done",
    ]


@pytest.mark.parametrize("more", [0, 1, 1000])
def test_no_more_are_repeated_than_anybody_reads(more: int, capsys: Captured) -> None:
    with Talk() as talk:
        for number in range(REPEATED + more):
            talk.problem(problem(number))
        assert len(capsys.readouterr().err.splitlines()) == REPEATED + more
        talk.repeat_problems()
    said = capsys.readouterr().err.splitlines()
    assert said[0] == f"pybackup: {REPEATED + more:,} problems:"
    assert said[1 + REPEATED :] == ([f"  and {more:,} more, named above"] if more else [])


def test_quiet_says_problems_and_nothing_else(capsys: Captured) -> None:
    with Talk(quiet=True) as talk:
        talk.begin("create", 2, 100)
        talk.note("a note")
        talk.working_on(b"docs/1")
        talk.advance(1, 10)
        talk.end()
        assert conclude(talk, "done") == 0
        assert capsys.readouterr().err == ""
        talk.problem(problem(1))
        assert conclude(talk, "done") == 1
    assert capsys.readouterr().err.splitlines() == [
        "pybackup: docs/1: unreadable: Permission denied",
        "pybackup: 1 problem",
    ]


def test_what_is_a_result_is_not_said_but_counts(capsys: Captured) -> None:
    with Talk(results={Trouble.DIFFERENT}) as talk:
        talk.problem(Problem(b"docs/1", Trouble.DIFFERENT, "content"))
        assert conclude(talk) == 1
    assert capsys.readouterr().err == ""
    told = json.loads(json_line({"problems": talk.problems}))["problems"]
    assert told == [{"path": {"text": "docs/1"}, "trouble": "different", "reason": "content"}]


def test_nothing_reaches_a_terminal_as_it_is_named(capsys: Captured) -> None:
    with Talk(b"\x1b.xtar", verbose=True) as talk:
        talk.working_on(b"\x1b[31m")
        talk.problem(Problem(b"a\rb", Trouble.LOST, "it\x07rings"))
        talk.problem(Problem(b"", Trouble.LOST, "all"))
    assert capsys.readouterr().err.splitlines() == [
        "\\x1b[31m",
        "pybackup: a\\rb: lost: it\\x07rings",
        "pybackup: \\x1b.xtar: lost: all",
    ]


@pytest.mark.parametrize(
    ("expected", "said"),
    [(5, ""), (7, "2 of 7 entries are not even known by name"), (None, "nothing is left that says")],
)
def test_entries_that_are_lost(expected: int | None, said: str, capsys: Captured) -> None:
    with Talk(b"x.xtar") as talk:
        check_complete(Listing([b"a"] * 5, FoundRows(()), Way.TREE, b"", expected), talk)
    assert said in capsys.readouterr().err
    assert bool(talk.problems) == bool(said)


def on_terminal(*arguments: str | Path, cwd: Path, rows: int = 25, columns: int = 100) -> tuple[int, str, bytes]:
    """Return the exit status, what was written to the terminal as stderr, and stdout."""
    terminal, line = pty.openpty()
    termios.tcsetwinsize(line, (rows, columns))
    with subprocess.Popen(
        [*COMMAND, *arguments], cwd=cwd, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=line
    ) as process:
        os.close(line)
        said = b""
        try:
            while piece := os.read(terminal, 4096):
                said += piece
        except OSError:
            pass  # how Linux tells that the other side is closed
        assert process.stdout is not None
        out = process.stdout.read()
    os.close(terminal)
    return process.returncode, said.decode(), out


def test_a_bar_on_a_terminal(tmp_path: Path) -> None:
    docs = plant_docs(tmp_path)
    (docs / "large").write_bytes(b"0123456789" * 200_000)
    status, said, out = on_terminal("create", "docs", cwd=tmp_path)
    assert (status, out) == (0, b"")
    for shown in ("create:", "%|", "B/s", "left]", "verify:"):
        assert shown in said
    # One bar over all phases: it never goes back.
    parts = [int(part) for part in re.findall(r"(\d+)%\|", said)]
    assert parts == sorted(parts)
    assert len(set(parts)) > 2
    assert said.rstrip().splitlines()[-1].endswith("0 problems")
    status, said, out = on_terminal("create", "docs", "--overwrite", "--quiet", cwd=tmp_path)
    assert (status, said, out) == (0, "", b"")


@pytest.mark.parametrize("rows", [0, 25])
def test_a_bar_on_a_terminal_that_does_not_know_its_size(rows: int, tmp_path: Path) -> None:
    plant_docs(tmp_path)
    status, said, _ = on_terminal("create", "docs", cwd=tmp_path, rows=rows, columns=0)
    assert status == 0
    assert re.search(r"create: +0%\|", said)


def test_problems_above_the_bar(tmp_path: Path) -> None:
    plant_docs(tmp_path)
    assert on_terminal("create", "docs", cwd=tmp_path)[0] == 0
    assert on_terminal("extract", "docs.xtar", "--to", "out", cwd=tmp_path)[0] == 0
    (tmp_path / "out/docs/letter.txt").write_text("mine")
    status, said, _ = on_terminal("extract", "docs.xtar", "--to", "out", cwd=tmp_path)
    assert status == 1
    shown = [line.split("\r")[-1] for line in said.replace("\r\n", "\n").split("\n")]
    assert sum("docs/letter.txt: exists: " in line for line in shown) == 2
    assert "pybackup: docs/letter.txt: exists: it exists and is not to be replaced" in shown


def test_the_bar_counts_files_where_bytes_are_unknown(tmp_path: Path) -> None:
    plant_docs(tmp_path)
    assert on_terminal("create", "docs", cwd=tmp_path)[0] == 0
    status, said, out = on_terminal("verify", "docs.xtar", "--against", "docs", cwd=tmp_path)
    assert status == 0
    assert "compare:" in said
    assert "entries/s" in said
    assert b"intact" in out
