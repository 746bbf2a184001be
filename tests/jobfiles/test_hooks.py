"""Hooks: every state and order, what they are told, and every way they can end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from pybackup.cli.main import main

from .conftest import WriteJobs

JOB = '[job.x]\nsources = ["{source}"]\noutput = "out/{{time}}.xtar"\n'


def hook(moment: str, command: object, **more: object) -> str:
    keys = {moment: "run", "run": command, **more}
    lines = (f"{key} = {json.dumps(value)}\n" for key, value in keys.items())
    return f"[[job.x.hook]]\n{''.join(lines)}"


def ran(
    jobs: WriteJobs, capsys: pytest.CaptureFixture[str], hooks: str, source: str = "docs"
) -> tuple[int, dict[str, Any]]:
    path = jobs(JOB.format(source=source) + hooks)
    status = main(["run", str(path), "--json"])
    return status, json.loads(capsys.readouterr().out)


def append(name: str) -> list[str]:
    return ["sh", "-c", f"echo {name} >> order"]


def test_they_run_in_order(jobs: WriteJobs, capsys: pytest.CaptureFixture[str]) -> None:
    hooks = (
        hook("after", append("3"))
        + hook("before", append("1"))
        + hook("before", append("2"))
        + hook("after", append("4"))
    )
    assert ran(jobs, capsys, hooks)[0] == 0
    assert Path("order").read_text().split() == ["1", "2", "3", "4"]


STATES = ("ok", "problems", "fail", "skipped")
STATUS = {"ok": 0, "problems": 1, "fail": 5, "skipped": 0}


@pytest.mark.parametrize("state", STATES)
def test_each_state_has_its_hooks(state: str, jobs: WriteJobs, capsys: pytest.CaptureFixture[str]) -> None:
    if state == "problems":
        os.mkfifo("docs/fifo")
    before = {"fail": hook("before", ["false"]), "skipped": hook("before", ["sh", "-c", "exit 75"])}.get(state, "")
    export = 'export = "zip"\n' if state == "problems" else ""
    after = "".join(hook("after", append(each), states=[each]) for each in STATES)
    path = jobs(JOB.format(source="docs") + export + before + after + hook("after", append("any")))
    assert main(["run", str(path), "--json"]) == STATUS[state]
    report = json.loads(capsys.readouterr().out)
    assert report["state"] == state
    assert Path("order").read_text().split() == [state, "any"]
    assert os.path.exists("out") is (state in ("ok", "problems"))


def test_what_they_are_told(jobs: WriteJobs, capsys: pytest.CaptureFixture[str]) -> None:
    names = "env | grep -E '^PYBACKUP_(JOB|STATUS|REPORT|EXIT)=' | sort; cp $PYBACKUP_REPORT report.json; "
    names += 'stat -c %a "$PYBACKUP_REPORT"'
    hooks = hook("before", "env | grep ^PYBACKUP_JOB", shell=True)
    hooks += hook("after", names, shell=True) + hook(
        "after", ["printf", "%s|", "{job}", "{status}", "{other}", "$HOME"]
    )
    _, report = ran(jobs, capsys, hooks)
    assert report["hooks"][0]["output"] == "PYBACKUP_JOB=x\n"
    exit_line, job, where, status, mode = report["hooks"][1]["output"].splitlines()
    assert (exit_line, job, status, mode) == ("PYBACKUP_EXIT=0", "PYBACKUP_JOB=x", "PYBACKUP_STATUS=ok", "600")
    told = json.loads(Path("report.json").read_text())
    assert (told["job"], told["state"], told["files"]) == ("x", "ok", 2)
    assert not os.path.exists(where.partition("=")[2])
    assert report["hooks"][2]["output"] == "x|ok|{other}|$HOME|"


def test_names_execute_nothing(jobs: WriteJobs, capsys: pytest.CaptureFixture[str]) -> None:
    """Names of files, and a comment, with everything that is special to a shell."""
    evil = "a'\"\n`touch bad1`$(touch bad2);touch bad3 |&"
    Path("docs", evil).write_text("x")
    os.mkfifo("docs/" + evil[::-1].replace("/", ""))
    read = "python3 -c \"import json,os; print(json.load(open(os.environ['PYBACKUP_REPORT']))['comment'])\""
    hooks = hook("after", read, shell=True) + hook("after", ["cat", "{report}"])
    path = jobs(JOB.format(source="docs") + 'export = "zip"\n' + hooks)
    assert main(["run", str(path), "--json", "--comment", evil]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["hooks"][0]["output"] == evil + "\n"
    assert json.loads(report["hooks"][1]["output"])["problem_count"] == 1
    assert not [name for name in os.listdir() if name.startswith("bad")]


@pytest.mark.parametrize(
    ("command", "status", "failure"),
    [
        (["/no/such/program"], 127, "/no/such/program: No such file or directory"),
        (["/etc"], 126, "/etc: Permission denied"),
        (["sh", "-c", "exit 3"], 3, "exit status 3"),
        (["sh", "-c", "kill -9 $$"], 137, "ended by SIGKILL"),
    ],
)
@pytest.mark.parametrize("moment", ["before", "after"])
def test_whatever_becomes_of_them(
    moment: str, command: list[str], status: int, failure: str, jobs: WriteJobs, capsys: pytest.CaptureFixture[str]
) -> None:
    found, report = ran(jobs, capsys, hook(moment, command) + hook("after", append("last")))
    done = next(each for each in report["hooks"] if each["moment"] == moment)
    assert (done["status"], done["failure"]) == (status, failure)
    assert found == (5 if moment == "before" else 1)
    assert report["state"] == ("fail" if moment == "before" else "problems")
    assert os.path.exists("out") is (moment == "after")
    assert os.path.exists("order")
    assert failure in report["failures"][0]


def test_one_that_hangs_is_ended_with_all_that_it_started(jobs: WriteJobs, capsys: pytest.CaptureFixture[str]) -> None:
    script = "trap '' TERM; (trap '' TERM; echo $BASHPID > child; sleep 600) & sleep 600"
    _, report = ran(jobs, capsys, hook("before", ["bash", "-c", script], time_limit="1s"))
    assert report["hooks"][0]["failure"] == "ended after its time limit of 1 s"
    assert report["state"] == "fail"
    child = int(Path("child").read_text())
    for _ in range(100):
        if not os.path.exists(f"/proc/{child}") or Path(f"/proc/{child}/stat").read_text().split()[2] == "Z":
            break
        time.sleep(0.05)
    else:
        pytest.fail("the child of the hook still runs")


def test_what_it_leaves_in_the_background_is_not_waited_for(
    jobs: WriteJobs, capsys: pytest.CaptureFixture[str]
) -> None:
    start = time.monotonic()
    status, report = ran(jobs, capsys, hook("before", ["sh", "-c", "sleep 60 & echo $! > pid; echo said"]))
    os.kill(int(Path("pid").read_text()), signal.SIGKILL)
    assert (status, report["hooks"][0]["output"]) == (0, "said\n")
    assert time.monotonic() - start < 50  # it did not wait for the end of that


def test_ten_megabytes_of_output(jobs: WriteJobs, capsys: pytest.CaptureFixture[str]) -> None:
    script = "echo begin; head -c 10000000 /dev/zero | tr '\\\\0' x; echo; echo end >&2"
    status, report = ran(jobs, capsys, hook("before", script.replace("\\\\", "\\"), shell=True))
    output = report["hooks"][0]["output"]
    assert status == 0
    assert output.startswith("begin\nxxx")
    assert output.endswith("xxx\nend\n")
    assert "bytes left out]" in output
    assert len(output) < 100_000


def test_sources_are_looked_for_behind_the_hook_that_mounts_them(
    jobs: WriteJobs, capsys: pytest.CaptureFixture[str]
) -> None:
    os.mkdir("mounted")
    if subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "none", "mounted"], capture_output=True).returncode:
        pytest.skip("mounting is forbidden here")
    mount = "mount -t tmpfs -o size=1m none mounted && echo there > mounted/file"
    hooks = hook("before", mount, shell=True) + hook("after", ["umount", "mounted"])
    status, report = ran(jobs, capsys, hooks, source="mounted")
    assert (status, report["files"]) == (0, 1), report
    assert os.listdir("mounted") == []


def test_hooks_behind_run_when_the_run_is_interrupted(jobs: WriteJobs, tmp_path: Path) -> None:
    hooks = hook("before", ["sh", "-c", "touch begun; sleep 60"]) + hook("after", append("after"))
    path = jobs(JOB.format(source="docs") + hooks)
    with subprocess.Popen([sys.executable, "-m", "pybackup", "run", path], cwd=tmp_path) as process:
        while not os.path.exists("begun"):
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
    assert Path("order").read_text() == "after\n"
    line = (tmp_path / "state/pybackup/runs.jsonl").read_text()
    assert json.loads(line)["status"] == 130


def test_what_a_failed_hook_said_is_shown(jobs: WriteJobs, capsys: pytest.CaptureFixture[str]) -> None:
    path = jobs(JOB.format(source="docs") + hook("before", "echo why; echo '\\u001b[31mred'; exit 1", shell=True))
    assert main(["run", str(path), "--quiet"]) == 5
    told = capsys.readouterr().err
    assert "said:\n  why\n" in told
    assert "\x1b" not in told


def test_each_volume_has_its_hook(jobs: WriteJobs, capsys: pytest.CaptureFixture[str]) -> None:
    path = jobs("""
[job.d]
mode = "discs"
sources = ["docs"]
volumes = "volumes"
media = "2M"
recovery_volumes = 1
[[job.d.hook]]
after = "volume"
run = ["sh", "-c", 'echo "$1 $PYBACKUP_FILE" >> said', "sh", "{file}"]
""")
    assert main(["run", str(path), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    made = [each["path"] for each in report["made"]]
    assert len(made) == 2
    assert Path("said").read_text().splitlines() == [f"{path} {path}" for path in made]
    assert [hook["moment"] for hook in report["hooks"]] == ["after volume"] * 2
