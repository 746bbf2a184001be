"""The status of jobs, for people and for programs that watch them."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from pybackup.cli.main import main
from pybackup.jobfiles.monitoring import health_of

from .conftest import WriteJobs

DAY = 86_400
TWO = '[job.a]\nsources = ["docs"]\noutput = "out/a.xtar"\n[job.b]\nsources = ["docs"]\noutput = "out/b.xtar"\n'


def remembered(tmp_path: Path, *runs: tuple[str, str, float]) -> None:
    """Write a history: job, outcome, how many days ago."""
    path = tmp_path / "state/pybackup/runs.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    now = time.time()
    statuses = {"ok": 0, "problems": 1, "fail": 5, "skipped": 0}
    with path.open("a") as file:
        for job, state, days in runs:
            ended = now - days * DAY
            line = {"job": job, "mode": "archive", "state": state, "status": statuses[state], "started": ended - 5}
            more = {"finished": ended, "comment": "", "files": 3, "content_bytes": 9, "made": [], "failures": []}
            file.write(json.dumps({**line, **more, "problem_count": int(state == "problems")}) + "\n")


@pytest.mark.parametrize(
    ("runs", "status", "said", "nagios"),
    [
        ([("a", "ok", 0.5), ("b", "ok", 1)], 0, ["a: ok 0.5 days ago", "b: ok 1.0 days ago"], 0),
        ([("a", "ok", 0.5)], 1, ["a: ok 0.5 days ago", "b: never ran"], 2),
        ([("a", "ok", 0.5), ("b", "ok", 3)], 1, ["a: ok", "b: ok 3.0 days ago, nothing stored for 3.0 days"], 2),
        ([("a", "ok", 1), ("a", "fail", 0.5), ("b", "ok", 1)], 1, ["a: fail 0.5 days ago", "b: ok"], 2),
        ([("a", "problems", 0.5), ("b", "ok", 1)], 1, ["a: problems 0.5", "b: ok"], 1),
        ([("a", "ok", 1), ("a", "skipped", 0.1), ("b", "ok", 1)], 0, ["a: skipped 0.1", "b: ok"], 0),
        ([("a", "ok", 5), ("a", "skipped", 0), ("b", "ok", 1)], 1, ["a: skipped 0.0 days ago, nothing stored", "b"], 2),
        ([("a", "skipped", 0.1), ("b", "ok", 1)], 1, ["a: skipped 0.1 days ago, nothing stored ever", "b"], 2),
    ],
)  # fmt: skip
def test_who_ran_and_who_did_not(
    runs: list[tuple[str, str, float]],
    status: int,
    said: list[str],
    nagios: int,
    jobs: WriteJobs,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = jobs(TWO)
    remembered(tmp_path, *runs)
    assert main(["jobs", "status", "--config", str(path), "--max-age", "2d"]) == status
    lines = capsys.readouterr().out.splitlines()
    assert all(line.startswith(start) for line, start in zip(lines, said, strict=True)), lines
    assert main(["jobs", "status", "--config", str(path), "--format", "nagios"]) == nagios
    line = capsys.readouterr().out
    assert line.startswith(f"PYBACKUP {('OK', 'WARNING', 'CRITICAL')[nagios]} - ")
    assert line.count("\n") == 1


def test_prometheus(jobs: WriteJobs, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = jobs(TWO)
    remembered(tmp_path, ("a", "problems", 1))
    assert main(["jobs", "status", "--config", str(path), "--format", "prometheus"]) == 1
    text = capsys.readouterr().out
    samples = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert samples['pybackup_last_run_status{job="a"}'] == "1"
    assert samples['pybackup_last_success_timestamp_seconds{job="b"}'] == "0"
    assert abs(float(samples['pybackup_last_run_timestamp_seconds{job="a"}']) - time.time() + DAY) < 600
    names = {name.partition("{")[0] for name in samples}
    assert names == {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}


def test_the_log_of_a_job(jobs: WriteJobs, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    remembered(tmp_path, ("a", "ok", 2), ("b", "ok", 1), ("a", "fail", 0.1))
    with (tmp_path / "state/pybackup/runs.jsonl").open("a") as file:
        file.write("cut off {\n[1]\n")
    assert main(["jobs", "log", "a"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[3] for line in lines] == ["ok", "fail"]
    assert main(["jobs", "log", "--json"]) == 0
    assert [json.loads(line)["job"] for line in capsys.readouterr().out.splitlines()] == ["a", "b", "a"]


def test_a_run_that_is_new_enough_is_well(jobs: WriteJobs) -> None:
    path = jobs(TWO)
    assert main(["run", "a", "--config", str(path), "--quiet"]) == 0
    (health,) = health_of(["a"], 60)
    assert health.is_well
    (health,) = health_of(["a"], 60, time.time() + 61)
    assert health.is_late
