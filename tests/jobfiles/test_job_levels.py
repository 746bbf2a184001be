"""Levels of the runs of a job: by the calendar, as the job says, as the command line says."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

import pybackup
from pybackup.catalogue.connect import create_catalogue
from pybackup.cli.main import main
from pybackup.jobfiles.levels import level_of_run
from pybackup.monitor import Monitor

from .conftest import WriteJobs
from .days import Days

JOB = """
[job.work]
sources = ["docs"]
output = "out/{date}.xtar"
catalogue = "sqlite:///c.sqlite"
level = { full = "monthly", between = "differential" }
"""


@pytest.fixture
def days(jobs: WriteJobs, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Days:
    create_catalogue("sqlite:///c.sqlite")
    return Days(jobs(JOB), capsys, monkeypatch)


def run_of(day: str) -> dict[str, Any]:
    run = pybackup.info(f"out/{day}.xtar").settings["run"]
    assert isinstance(run, dict)
    return run


def test_a_full_run_a_month_and_others_between(days: Days) -> None:
    every = ["2026-01-30", "2026-01-31", "2026-02-01", "2026-02-02", "2026-04-15", "2026-04-16"]
    for number, day in enumerate(every):
        Path(f"docs/{number}.txt").write_text(day)
        report = days.run([day])
        is_first = day in ("2026-01-30", "2026-02-01", "2026-04-15")
        assert run_of(day)["level"] == ("full" if is_first else "differential")
        assert ("work: a full run, since none was made this month" in report["notes"]) is is_first
    assert run_of(day)["chain"] == "work"
    pybackup.extract(["out/2026-04-15.xtar", "out/2026-04-16.xtar"], "back")
    assert sorted(os.listdir("back/docs")) == sorted(os.listdir("docs"))


def test_each_source_is_a_chain_of_its_own(days: Days, jobs: WriteJobs) -> None:
    jobs(
        JOB.replace('["docs"]', '["docs", { path = "photos", separate_dirs = true }]').replace(
            "{date}", "{source}-{date}"
        )
    )
    days.run(["2026-01-30", "2026-01-31"])
    chains = {name: run_of(name.removesuffix(".xtar")) for name in os.listdir("out")}
    assert {name: run["chain"] for name, run in chains.items() if "30" in name} == {
        "work-2026-01-30.xtar": "work",
        "2001-2026-01-30.xtar": "work-2001",
        "2002-2026-01-30.xtar": "work-2002",
        "photos-2026-01-30.xtar": "work-photos",
    }
    assert {run["level"] for name, run in chains.items() if "31" in name} == {"differential"}


def test_the_command_line_has_the_last_word(days: Days, jobs: WriteJobs) -> None:
    days.run(["2026-01-30"])
    days.run(["2026-01-31"], 0, "--level", "full")
    assert run_of("2026-01-31")["level"] == "full"
    jobs(JOB.replace('level = { full = "monthly", between = "differential" }\n', ""))
    days.run(["2026-02-01"])
    assert "run" not in pybackup.info("out/2026-02-01.xtar").settings
    days.run(["2026-02-02"], 0, "--level", "incremental")
    assert run_of("2026-02-02")["level"] == "incremental"


def test_what_is_kept_of_a_chain_can_be_restored(days: Days, jobs: WriteJobs) -> None:
    """The full run stays as long as a kept one builds on it."""
    jobs(JOB + "keep = { last = 2 }\n")
    days.run(["2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04"])
    assert sorted(os.listdir("out")) == ["2026-01-01.xtar", "2026-01-03.xtar", "2026-01-04.xtar"]
    pybackup.extract(["out/2026-01-01.xtar", "out/2026-01-04.xtar"], "back")
    assert sorted(os.listdir("back/docs")) == sorted(os.listdir("docs"))
    days.run(["2026-02-01", "2026-02-02"])
    assert sorted(os.listdir("out")) == ["2026-02-01.xtar", "2026-02-02.xtar"]


def test_hooks_around_a_level_hear_which_it_is(days: Days, jobs: WriteJobs) -> None:
    hooks = """
[[job.work.hook]]
before = "level"
run = "echo before $PYBACKUP_LEVEL $(basename $PYBACKUP_FILE) >> said; case $PYBACKUP_FILE in *photos*) exit 75; esac"
shell = true
[[job.work.hook]]
after = "level"
run = ["sh", "-c", "echo after $1 $2 >> said", "sh", "{level}", "{status}"]
"""
    jobs(
        JOB.replace('"differential"', '"auto"').replace('["docs"]', '["docs", { path = "photos", store = ["jpg"] }]')
        + hooks
    )
    days.run(["2026-01-30", "2026-01-31"])
    assert Path("said").read_text().splitlines() == [
        "before full 2026-01-30.xtar",
        "after full ok",
        "before full 2026-01-30-photos.xtar",
        "after full skipped",
        "before auto 2026-01-31.xtar",
        "after incremental ok",
        "before full 2026-01-31-photos.xtar",
        "after full skipped",
    ]
    assert sorted(os.listdir("out")) == ["2026-01-30.xtar", "2026-01-31.xtar"]


def test_a_run_of_which_every_level_is_skipped_is_skipped(days: Days, jobs: WriteJobs) -> None:
    jobs(JOB + '[[job.work.hook]]\nbefore = "level"\nrun = "exit 75"\nshell = true\n')
    report = days.run(["2026-01-30"])
    assert (report["state"], report["made"]) == ("skipped", [])
    assert report["failures"] == [f"{os.getcwd()}/out/2026-01-30.xtar: it is not the time for it"]
    jobs(JOB + '[[job.work.hook]]\nbefore = "level"\nrun = ["false"]\n')
    report = days.run(["2026-01-30"], 5)
    assert (report["state"], report["made"]) == ("fail", [])
    assert report["failures"][0].endswith("before level: false: exit status 1")


def test_without_a_catalogue_it_says_what_to_do(days: Days, jobs: WriteJobs) -> None:
    jobs(JOB.replace("sqlite:///c.sqlite", "none"))
    report = days.run(["2026-01-30"], 2)
    assert "'pybackup catalogue init' makes one" in report["failures"][0]


def test_a_dry_run_says_the_level_and_makes_nothing(
    days: Days, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["run", str(tmp_path / "jobs.toml"), "--dry-run"]) == 0
    assert "work: a full run, since none was made this month" in capsys.readouterr().err
    assert not os.path.exists("out")


def test_a_level_that_is_no_table_is_asked_of_nobody() -> None:
    assert level_of_run("auto", "work", None, 0, Monitor()) == "auto"
    assert level_of_run(None, "work", None, 0, Monitor()) is None
