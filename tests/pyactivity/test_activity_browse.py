"""The walk through the tree: what keys do, and all of it on a pseudo-terminal as a person sees it."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from activity_home import Home, moment

import pyactivity
from pyactivity import gather
from pyactivity.browse import Walk
from pyactivity.totals import FILES, SIZE, TIME, Sums

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(pyactivity.__file__).parents[1]), "TZ": "UTC0", "TERM": "vt100"}
NOW_NS = moment("2026-11-25 18:00")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """films are large, mail many, notes new; two files lie in the DIR itself."""
    home = Home(tmp_path / "root")
    home.put("films/old/a.mkv", moment("2020-01-01 10:00"), 900_000)
    home.put("films/b.mkv", moment("2021-01-01 10:00"), 50_000)
    for number in range(30):
        home.put(f"mail/{number}", moment("2022-01-01 10:00") + number, 10)
    home.put("notes/\u65e5\u672c.txt", moment("2026-11-25 12:00"), 100)
    home.put("top.txt", moment("2023-01-01 10:00"), 5)
    return tmp_path / "root"


def walk_of(*roots: Path) -> Walk:
    files = gather(roots).files
    return Walk(files, Sums(files, np.arange(len(files)), files.mtime_ns), NOW_NS)


def names(walk: Walk) -> list[str]:
    return [row.name.decode() for row in walk.rows]


def test_it_is_sorted_by_size_time_and_files(root: Path) -> None:
    walk = walk_of(root)
    assert names(walk) == ["films", "mail", "notes", "(files in here)"]
    walk.move(1)
    walk.sort(TIME)
    assert names(walk) == ["notes", "(files in here)", "mail", "films"]
    assert walk.rows[walk.place].name == b"mail"
    walk.sort(FILES)
    assert names(walk) == ["mail", "films", "(files in here)", "notes"]
    assert walk.title(500).endswith("root: 34 files, 928.1 KiB, by files")


def test_it_goes_down_and_up_again(root: Path) -> None:
    walk = walk_of(root)
    walk.leave()
    assert "films" in names(walk)
    walk.enter()
    assert names(walk) == ["old", "(files in here)"]
    walk.move(5)
    walk.enter()
    assert names(walk) == ["old", "(files in here)"]
    walk.move(-5)
    walk.enter()
    assert names(walk) == ["(files in here)"]
    walk.leave()
    walk.leave()
    assert (names(walk)[walk.place], walk.order) == ("films", SIZE)


def test_several_directories_have_a_list_above(root: Path) -> None:
    walk = walk_of(root / "films", root / "mail")
    assert [os.path.basename(row.name) for row in walk.rows] == [b"films", b"mail"]
    assert walk.title(500).startswith("all: 32 files")
    walk.enter()
    walk.leave()
    assert walk.place == 0


def test_lines_fit_and_follow_the_one_pointed_at(root: Path) -> None:
    walk = walk_of(root)
    for width in (20, 40, 60, 79, 200):
        assert len(walk.title(width)) <= width
        for height in (1, 2, 10):
            for place in range(len(walk.rows)):
                walk.move(place - walk.place)
                lines = list(walk.lines(height, width))
                assert len(lines) == min(height, len(walk.rows))
                assert all(len(line) <= width for line, _ in lines)
                assert sum(pointed for _, pointed in lines) == 1


def test_nothing_at_all_can_be_walked(tmp_path: Path) -> None:
    walk = walk_of(tmp_path)
    for act in (walk.enter, walk.leave, lambda: walk.move(1), lambda: walk.sort(TIME)):
        act()
    assert list(walk.lines(10, 80)) == []


class Terminal:
    """A pyactivity --browse on a terminal of 80 columns; what is drawn is kept."""

    def __init__(self, *arguments: str | Path) -> None:
        main, terminal = pty.openpty()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        command = [sys.executable, "-W", "error", "-m", "pyactivity", "--quiet", "--browse", *arguments]
        self.process = subprocess.Popen(command, stdin=terminal, stdout=terminal, stderr=terminal, env=ENVIRONMENT)
        os.close(terminal)
        self.main = main

    def until(self, pattern: str) -> str:
        """What is drawn until the pattern is among it, without what moves the cursor."""
        seen, end = "", time.monotonic() + 60
        while not re.search(pattern, seen):
            assert time.monotonic() < end, seen
            if select.select([self.main], [], [], 0.1)[0]:
                try:
                    drawn = os.read(self.main, 65536)
                except OSError:  # it has ended
                    break
                seen += re.sub(r"\x1b[\[(][0-9;?]*[A-Za-z]", "", drawn.decode("utf-8", "replace"))
        assert re.search(pattern, seen), seen
        return seen

    def type(self, keys: bytes) -> None:
        os.write(self.main, keys)


@pytest.fixture
def terminals() -> Iterator[list[Terminal]]:
    opened: list[Terminal] = []
    yield opened
    for terminal in opened:
        terminal.process.kill()
        terminal.process.wait()
        os.close(terminal.main)


@pytest.mark.parametrize("kind", ["vt100", "vt220"])
def test_on_a_terminal(root: Path, terminals: list[Terminal], kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ENVIRONMENT, "TERM", kind)
    terminal = Terminal(root)
    terminals.append(terminal)
    first = terminal.until("q ends")
    assert "by size" in first
    assert first.index("films/") < first.index("mail/") < first.index("notes/")
    assert "[##########] films/" in first
    terminal.type(b"jt\x0c")
    second = terminal.until("by time[^$]*q ends")
    assert second.rindex("notes/") < second.rindex("mail/") < second.rindex("films/")
    terminal.type(b"g\r\x0c")
    terminal.until("root/notes: 1 file, 100 B, by time[^$]*q ends")
    terminal.type(b"hf\x0c")
    third = terminal.until("by files[^$]*q ends")
    assert third.rindex("mail/") < third.rindex("films/") < third.rindex("notes/")
    terminal.type(b"q")
    assert terminal.process.wait(30) == 0


def test_ctrl_c_ends_it_in_order(root: Path, terminals: list[Terminal]) -> None:
    terminal = Terminal(root)
    terminals.append(terminal)
    terminal.until("q ends")
    terminal.process.send_signal(signal.SIGINT)
    terminal.until("interrupted")
    assert terminal.process.wait(30) == 130


def test_a_terminal_that_cannot_do_it_is_told_of_the_tree(
    root: Path, terminals: list[Terminal], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ENVIRONMENT, "TERM", "no-such-terminal")
    terminal = Terminal(root)
    terminals.append(terminal)
    terminal.until("--tree prints the same")
    assert terminal.process.wait(30) == 5


def test_a_pipe_is_told_of_the_tree(root: Path) -> None:
    command = [sys.executable, "-m", "pyactivity", "--browse", str(root)]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (5, "")
    assert "--browse needs a terminal; --tree prints the same for pipes" in done.stderr
