"""Running a hook: the result has everything, however the hook ends."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from pybackup.jobfiles.hooks import Hook
from pybackup.jobfiles.run_hook import HookRun, run_hook


def python(code: str, *arguments: str, limit_seconds: int | None = None) -> Hook:
    return Hook((sys.executable, "-c", code, *arguments), True, limit_seconds=limit_seconds)


def run(hook: Hook, **values: str) -> HookRun:
    return run_hook(hook, values, {"PYBACKUP_JOB": "work"})


def test_it_is_told_by_its_arguments_and_by_variables() -> None:
    done = run(python("import os, sys; print(sys.argv[1], os.environ['PYBACKUP_JOB'])", "{job}-{other}"), job="a b")
    assert (done.status, done.output, done.failure, done.moment) == (0, "a b-{other} work\n", "", "before")


def test_a_shell_gets_its_text_as_it_is() -> None:
    done = run(Hook(("echo {job} $PYBACKUP_JOB; exit 3",), False, shell=True), job="; rm -rf /")
    assert (done.status, done.output, done.failure, done.moment) == (3, "{job} work\n", "exit status 3", "after")


@pytest.mark.parametrize(("name", "status"), [("none", 127), ("plain", 126)])
def test_what_cannot_be_run_is_a_failure(name: str, status: int, tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("no program")
    done = run(Hook((str(tmp_path / name),), True))
    assert done.status == status
    assert done.failure.startswith(f"{tmp_path / name}: ")


def test_a_signal_is_named() -> None:
    done = run(python("import os; os.kill(os.getpid(), 9)"))
    assert (done.status, done.failure) == (137, "ended by SIGKILL")


def test_its_time_is_limited_and_all_that_it_started_ends_with_it(tmp_path: Path) -> None:
    code = (
        "import os, subprocess, sys, time; print('begun', flush=True);"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
        f"open({str(tmp_path / 'pid')!r}, 'w').write(str(child.pid)); time.sleep(600)"
    )
    done = run(python(code, limit_seconds=2))
    assert (done.failure, done.output) == ("ended after its time limit of 2 s", "begun\n")
    stat = Path(f"/proc/{(tmp_path / 'pid').read_text()}/stat")
    # A signal is sent at once, and followed when the system gets to it.
    until = time.monotonic() + 60
    while stat.exists() and stat.read_text().rpartition(")")[2].split()[0] not in "ZX":
        assert time.monotonic() < until
        time.sleep(0.01)


def test_of_much_that_it_says_beginning_and_end_are_kept() -> None:
    done = run(python("print('first'); print('x' * 1_000_000); print('last')"))
    assert done.output.startswith("first\n")
    assert done.output.endswith("x\nlast\n")
    assert "bytes left out]" in done.output
    assert len(done.output) < 100_000


def test_what_it_says_may_be_no_text() -> None:
    done = run(python(r"import os; os.write(1, b'a\xffb')"))
    assert done.output == r"a\xffb"


def test_what_is_left_running_with_its_output_open_is_not_waited_for(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys; child = subprocess.Popen(['sleep', '600'], start_new_session=True);"
        "open(sys.argv[1], 'w').write(str(child.pid)); print('done')"
    )
    done = run(python(code, str(tmp_path / "pid")))
    # Still there, and so nobody waited for it.
    os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)
    assert (done.status, done.output) == (0, "done\n")
