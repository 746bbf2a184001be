"""The progress of a run: one fraction over all phases, steady figures, and drawing while nothing is reported."""

from __future__ import annotations

import io
import itertools
import os
import pty
import re
import termios
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from pathlib import Path

import pytest
from kit.trees import plant_docs

from pybackup.cli.monitor import Talk
from pybackup.cli.progress import Course, Rate
from pybackup.compress.methods import Profile
from pybackup.make.plan import CreateOptions, plan_create
from pybackup.make.plan_set import SetOptions, plan_set
from pybackup.make.run import perform_create, perform_set
from pybackup.model.source import Source
from pybackup.monitor import Aside, Monitor, Phase, Relay
from pybackup.parity.stream.geometry import ParityOptions

PLAN = [Phase("create", 800), Phase("protect", 150), Phase("verify", 50)]


class Clock:
    """A clock that advances only when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_phases_take_their_share_of_one_run(clock: Clock) -> None:
    course = Course(clock)
    course.plan(PLAN)
    assert (course.title, course.is_over, course.fraction()) == ("create", False, 0)
    for title, total, done, fraction in (("create", 10, 5, 0.4), ("protect", 7, 7, 0.95), ("verify", 3, 0, 0.95)):
        course.begin(title, total)
        course.advance(done)
        assert course.title == title
        assert course.fraction() == pytest.approx(fraction)
        course.end()
    assert course.is_over
    assert course.fraction() == 1


def test_between_two_phases_the_next_one_is_named(clock: Clock) -> None:
    course = Course(clock)
    course.plan(PLAN)
    course.begin("create", 10)
    course.end()
    assert (course.title, course.is_at_work, course.fraction()) == ("protect", False, 0.8)


def test_a_phase_that_does_not_come_is_passed_over_and_one_more_never_takes_back_what_was_shown(clock: Clock) -> None:
    course = Course(clock)
    course.plan(PLAN)
    course.begin("create", 10)
    course.end()
    course.begin("verify", 10)
    assert course.fraction() == pytest.approx(800 / 850)
    course.plan([Phase("more", 10_000)])
    course.begin("unforeseen", 500)
    assert course.fraction() == pytest.approx(800 / 850)


def test_a_phase_that_was_not_announced_is_a_run_of_its_own(clock: Clock) -> None:
    course = Course(clock)
    for title in ("one", "two"):
        course.begin(title, 4)
        assert course.fraction() == 0
        course.advance(1)
        assert course.fraction() == 0.25
        course.end()
        assert course.is_over


def test_time_left_does_not_jump_where_pieces_are_done_in_bursts(clock: Clock) -> None:
    """At 100 units per second, reported in bursts up to four seconds late, the time left hardly ever rises."""
    course = Course(clock)
    course.plan([Phase("create", 100_000)])
    course.begin("create", 100_000)
    said: list[float] = []
    for second in range(1, 901):
        clock.now += 1
        if second % 4 == 0:
            course.advance(400)
        _, left, _ = course.measure()
        if left is not None:
            said.append(left + second)
    settled = said[60:]
    assert len(settled) > 800
    assert all(700 < whole < 1500 for whole in settled)
    assert all(abs(one - other) < 200 for one, other in itertools.pairwise(settled))


def test_time_left_carries_over_from_phase_to_phase(clock: Clock) -> None:
    """Work is counted as announced: compressing a byte counts as much as reading ten."""
    course = Course(clock)
    course.plan([Phase("create", 1000), Phase("verify", 1000)])
    course.begin("create", 100)
    for _ in range(100):
        clock.now += 1
        course.advance(1)
        speed, left, _ = course.measure()
    assert speed == pytest.approx(1)
    assert left == pytest.approx(100)
    course.end()
    course.begin("verify", 1000)
    speed, left, _ = course.measure()
    assert speed is None
    assert left == pytest.approx(100)


def test_no_rate_is_told_before_anything_is_measured(clock: Clock) -> None:
    assert Rate(3).value is None
    course = Course(clock)
    course.begin("create", 0)
    assert course.measure() == (None, None, 0)
    assert course.fraction() == 0


@contextmanager
def terminal() -> Iterator[int]:
    """Make standard error a terminal of 100 columns, and yield what is written to it."""
    reader, line = pty.openpty()
    termios.tcsetwinsize(line, (25, 100))
    os.set_blocking(reader, False)
    with open(line, "w", encoding="utf-8") as stderr, redirect_stderr(stderr):
        yield reader
    os.close(reader)


def shown(reader: int) -> str:
    """Return what was written to the terminal since the last call."""
    got = io.BytesIO()
    try:
        while piece := os.read(reader, 1 << 16):
            got.write(piece)
    except BlockingIOError:
        pass
    return got.getvalue().decode()


def test_a_phase_that_stands_still_shows_that_time_goes_on(clock: Clock) -> None:
    with terminal() as reader, Talk(clock=clock) as talk:
        talk.begin("protect", 0, 1000)
        talk.advance(0, 500)
        shown(reader)
        clock.now += 65
        talk.draw()
        assert re.search(r"protect:  50%\|.*500/0?1?\.?\d*.* \[01:05, ", shown(reader))
        talk.end()
        shown(reader)
        talk.draw()
        assert shown(reader) == ""


def test_the_gap_between_two_phases_is_drawn_too(clock: Clock) -> None:
    with terminal() as reader, Talk(clock=clock) as talk:
        talk.plan(PLAN)
        assert re.search(r"create: +0%", shown(reader))
        talk.begin("create", 1, 1000)
        talk.end()
        clock.now += 7
        talk.draw()
        assert re.search(r"protect: +80%\|.*\[00:07, ", shown(reader).split("\r")[-1])
        # A verb that is done, though not all came that was announced.
        talk.end()
        shown(reader)
        talk.draw()
        assert shown(reader) == ""


def test_what_is_said_stands_above_the_bar(clock: Clock) -> None:
    with terminal() as reader, Talk(clock=clock) as talk:
        talk.begin("create", 1, 1000)
        talk.note("a note")
        assert re.search(r"pybackup: note: a note\r\n\r?create:   0%", shown(reader))


@pytest.mark.parametrize("parity", [None, ParityOptions()])
def test_creating_tells_its_phases_and_keeps_to_them(tmp_path: Path, parity: ParityOptions | None) -> None:
    heard = Heard()
    plan = plan_create(
        [source(tmp_path)],
        os.fsencode(tmp_path / "a.xtar"),
        judge=None,
        options=CreateOptions(parity=parity, workers=1, profile=Profile()),
        monitor=heard,
    )
    perform_create(plan, monitor=heard)
    assert heard.planned == heard.begun == ["create", *(["protect", "check sectors"] if parity else []), "verify"]


def test_a_set_tells_of_its_last_volume_and_of_its_recovery_volumes(tmp_path: Path) -> None:
    heard = Heard()
    wanted = SetOptions(os.fsencode(tmp_path / "set"), "docs", 200_000, recovery_volumes=1)
    plan = plan_set([source(tmp_path)], wanted, judge=None, options=CreateOptions(workers=1), monitor=heard)
    perform_set(plan, monitor=heard)
    assert heard.planned == ["create", "protect", "check sectors", "verify", "make recovery volumes"]
    assert [title for title in heard.begun if title in heard.planned] == heard.planned


def test_a_relay_hands_a_plan_on_and_a_stage_within_another_does_not() -> None:
    heard = Heard()
    Aside(heard).plan(PLAN)
    assert heard.planned == []
    Relay(heard).plan(PLAN)
    assert heard.planned == ["create", "protect", "verify"]


def source(tmp_path: Path) -> Source:
    return Source(os.fsencode(plant_docs(tmp_path)), b"docs")


class Heard(Monitor):
    """A monitor that remembers the titles of phases."""

    def __init__(self) -> None:
        super().__init__()
        self.planned: list[str] = []
        self.begun: list[str] = []

    def plan(self, phases: object) -> None:
        assert isinstance(phases, list)
        self.planned += [phase.title for phase in phases]

    def begin(self, title: str, total_files: int, total_bytes: int) -> None:
        self.begun.append(title)
