"""How a process ends by a signal: what is to be done before is done, and nothing else."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from pyactivity import ending

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(ending.__file__).parents[1])}
HEEDED = """
import os, signal, sys, time
from pyactivity import ending
from pyactivity.ending import Child, Meanwhile, before_end, heed, settled, wait_for
def ends(number=signal.SIGINT):
    signal.raise_signal(number)
    print("went on", flush=True)
def write(text):
    return lambda: os.write(1, f"{text}\\n".encode())
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_DFL)
heed("program")
"""


def ended(script: str) -> tuple[int, str, str]:
    """Run a script in which signals are heeded; return its status and what it wrote."""
    done = subprocess.run(
        [sys.executable, "-c", HEEDED + script],
        env=ENVIRONMENT,
        capture_output=True,
        check=False,
        timeout=60,
        text=True,
    )
    return done.returncode, done.stdout, done.stderr


def is_over(pid: int) -> bool:
    """Whether a process has ended, though nobody may have waited for it yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_one_line_and_a_status(number: str) -> None:
    assert ended(f"ends(signal.{number})") == (130, "", "program: interrupted\n")


def test_nothing_runs_behind_it() -> None:
    assert ended("try:\n    ends()\nfinally:\n    print('finally')") == (130, "", "program: interrupted\n")


def test_what_is_ignored_stays_so() -> None:
    script = "signal.signal(signal.SIGHUP, signal.SIG_IGN)\nheed('program')\nends(signal.SIGHUP)"
    assert ended(script) == (0, "went on\n", "")


def test_duties_are_done_the_last_first_and_one_that_fails_stops_none() -> None:
    script = "before_end(write('first'))\nbefore_end(lambda: 1 / 0)\nwith Meanwhile(write('last')):\n    ends()"
    assert ended(script) == (130, "last\nfirst\n", "program: interrupted\n")


def test_what_is_settled_is_not_done() -> None:
    script = "duty = write('duty')\nbefore_end(duty)\nsettled(duty)\nwith Meanwhile(duty):\n    pass\nends()"
    assert ended(script) == (130, "", "program: interrupted\n")


def test_a_second_signal_changes_nothing() -> None:
    script = "before_end(write('done'))\nbefore_end(lambda: signal.raise_signal(signal.SIGTERM))\nends()"
    assert ended(script) == (130, "done\n", "program: interrupted\n")


def test_without_standard_error() -> None:
    assert ended("os.close(2)\nbefore_end(write('done'))\nends()") == (130, "done\n", "")


def test_a_signal_while_a_child_is_started_ends_that_too() -> None:
    script = """
import subprocess
class Started(subprocess.Popen):
    def __init__(self, *words, **how):
        super().__init__(*words, **how)
        write(self.pid)()
        signal.raise_signal(signal.SIGTERM)
subprocess.Popen = Started
with Child(["sleep", "600"]):
    print("went on")
"""
    status, pid, said = ended(script)
    assert (status, said) == (130, "program: interrupted\n")
    assert is_over(int(pid))


def test_a_child_ends_when_its_block_fails() -> None:
    def fail() -> None:
        with ending.Child(["sleep", "600"]) as child:
            started.append(child)
            raise ValueError

    started: list[subprocess.Popen[bytes]] = []
    with pytest.raises(ValueError):  # noqa: PT011 - raised here
        fail()
    assert started[0].returncode == -signal.SIGTERM


def test_a_child_that_does_not_end_is_killed() -> None:
    words = [sys.executable, "-c", "import signal, time; signal.signal(15, signal.SIG_IGN); print(1); time.sleep(600)"]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.read(1)
        child.terminate()
        ending.wait_for([child.pid], 0.1)
        assert child.wait() == -signal.SIGKILL


def test_a_forked_child_does_none_of_it() -> None:
    script = """
before_end(write("duty"))
child = os.fork()
if not child:
    ends(signal.SIGTERM)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    assert ended(script) == (0, f"{128 + signal.SIGTERM}\n", "")


@pytest.mark.parametrize("place", ["within", "behind"])
def test_a_keyboard_interrupt_leaves_no_child_behind(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a program that uses the library, whose child runs before the call that starts it has returned."""
    children: list[subprocess.Popen[bytes]] = []

    class Interrupted(subprocess.Popen):  # type: ignore[type-arg]
        def __init__(self, *words: object, **how: object) -> None:
            super().__init__(*words, **how)  # type: ignore[call-overload]
            children.append(self)
            if place == "within":
                signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(subprocess, "Popen", Interrupted)
    duties = list(ending._duties)
    with pytest.raises(KeyboardInterrupt), ending.Child(["sleep", "60"]):
        signal.raise_signal(signal.SIGINT)
    assert [child.returncode for child in children] == [-signal.SIGTERM]
    assert ending._duties == duties
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_child_is_started_by_a_thread_that_gets_no_signals() -> None:
    ended: list[int] = []

    def run() -> None:
        with ending.Child(["true"]) as child:
            ended.append(child.wait())

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert ended == [0]
