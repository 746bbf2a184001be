"""Jobs of mode snapshot: AutoWWW's script as a job of ten lines, and what its runs make."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pybackup.cli.main import main
from pybackup.jobfiles.load import load, load_all
from pybackup.jobfiles.snapshots import placed_location

WriteJobs = Callable[[str], Path]
JOB = """
[job.docs]
mode    = "snapshot"
source  = "docs"
to      = "snapshots"
exclude = ["*.tmp"]
require_files = 1
keep    = { last = 2 }
"""


def test_a_run(jobs: WriteJobs, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(jobs(JOB))
    assert main(["run", path, "--dry-run"]) == 0
    said = capsys.readouterr()
    assert f"{tmp_path}/snapshots/" in said.out + said.err
    assert not (tmp_path / "snapshots").exists()
    reports = []
    for number in range(3):
        (tmp_path / "docs/new.txt").write_text("x" * number)
        assert main(["run", path, "--json"]) == 0
        reports.append(json.loads(capsys.readouterr().out))
    kept = sorted(each.name for each in (tmp_path / "snapshots").iterdir() if each.name[0] == "2")
    first, second, third = (report["made"][0]["path"] for report in reports)
    assert kept == [os.path.basename(second), os.path.basename(third)]
    assert reports[2]["deleted"] == [first]
    assert reports[2]["files"] == 2
    assert [made["kind"] for made in reports[0]["made"]] == ["snapshot"]
    assert sorted(os.listdir(third)) == ["a.txt", "new.txt"]
    assert os.stat(f"{third}/a.txt").st_nlink == 2
    assert (tmp_path / "snapshots/latest").resolve() == Path(third)
    assert main(["run", path]) == 0
    assert "1 snapshot made" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "status", "goes"), [("true", 0, True), ("exit 75", 0, False), ("exit 3", 1, False)]
)
def test_hooks_around_deleting(
    command: str, status: int, goes: bool, jobs: WriteJobs, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hooks = "".join(
        f'[[job.docs.hook]]\n{side} = "prune"\nshell = true\nrun = "echo {side} $PYBACKUP_STATUS >> said; {text}"\n'
        for side, text in (("before", command), ("after", "true"))
    )
    path = str(jobs(JOB.replace("last = 2", "last = 1") + hooks))
    for number in range(2):
        assert not (tmp_path / "said").exists()  # nothing was to be deleted
        assert main(["run", path, "--json"]) == (status if number else 0)
    report = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (tmp_path / "said").read_text().split()[::2] == (["before", "after"] if goes else ["before"])
    assert len(report["deleted"]) == int(goes)
    assert len([each for each in (tmp_path / "snapshots").iterdir() if each.name[0] == "2"]) == (1 if goes else 2)


def test_what_a_run_requires_may_stand_in_a_table(
    jobs: WriteJobs, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = JOB.replace("require_files = 1", 'require = { mountpoint = "docs", min_files = 1 }')
    assert main(["run", str(jobs(text)), "--json"]) == 5
    assert f"{tmp_path}/docs: nothing is mounted there" in json.loads(capsys.readouterr().out)["failures"][0]
    text = text.replace('"docs", min_files = 1 }', '"/proc", min_files = 3 }')
    assert main(["run", str(jobs(text)), "--json"]) == 5
    assert "holds 1 files where there must be 3" in json.loads(capsys.readouterr().out)["failures"][0]
    assert main(["run", str(jobs(text.replace("= 3", "= 1")))]) == 0


def test_a_source_that_is_not_mounted_fails_and_deletes_nothing(
    jobs: WriteJobs, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(jobs(JOB + 'require_mounted = ["docs"]\n'))
    assert main(["run", path, "--json"]) == 5
    report = json.loads(capsys.readouterr().out)
    assert (report["state"], report["made"]) == ("fail", [])
    assert "docs: nothing is mounted there" in report["failures"][0]
    assert not (tmp_path / "snapshots").exists()


def test_autowww_as_a_job(jobs: WriteJobs) -> None:
    path = jobs(
        """
[job.univac]
mode    = "snapshot"
source  = "root@univac:/"
to      = "/mnt/sda1/backups"
ssh     = ["ssh", "-i", "/ssh_data/id_rsa", "-o", "UserKnownHostsFile=/ssh_data/known_hosts"]
exclude = ["/run/*", "/proc/*", "/sys/*"]
require_mounted = ["/mnt/sda1"]
require_files   = 1000
checksum_every  = "30d"
fake_super = true
rsync_arg  = ["--bwlimit=2M"]
keep    = { last = 3, daily = 14, weekly = 8, monthly = 12, within = "7d" }
syslog  = true
schedule = "02:30"
[[job.univac.hook]]
before = "run"
run    = ["notify-send", "Backing up"]
"""
    )
    job = load([], [str(path)]).jobs["univac"]
    assert (job.mode, job.get("source"), job.get("to")) == ("snapshot", "root@univac:/", "/mnt/sda1/backups")


WRONG = [
    ('source = "docs"', "to is missing, which a job of mode snapshot needs"),
    ('to = "x"', "source is missing, which a job of mode snapshot needs"),
    ('source = "docs"\nto = "x"\noutput = "y"', "output: is for jobs of mode archive"),
    ('source = "docs"\nto = "x"\nsources = ["y"]', "sources: is for jobs of mode archive"),
    ('source = "docs"\nto = "x"\nname = "y"', "name: is for jobs of mode discs"),
    ('source = "-e sh:/"\nto = "x"', "source: '-e sh:/': no name of a host begins with a dash"),
    ('source = 1\nto = "x"', "source: a text is wanted"),
    ('source = "docs"\nto = "x"\nssh = 1', "ssh: a text or a list of texts is wanted"),
    ('source = "docs"\nto = "x"\nssh = "ssh \'a"', 'ssh: "ssh \'a": no closing quotation'),
    ('source = "docs"\nto = "x"\nrequire_files = "5"', "require_files: a text stands where a number is wanted"),
    ('source = "docs"\nto = "x"\nrsync_arg = ["--inplace"]', "rsync_arg: argument of rsync '--inplace': would rewrite"),
    ('source = "docs"\nto = "x"\nchecksum_every = "soon"', "checksum_every: not an age such as 90d"),
]


@pytest.mark.parametrize(("text", "wrong"), WRONG)
def test_what_is_wrong_is_told(text: str, wrong: str, jobs: WriteJobs) -> None:
    _, mistakes = load_all([], [str(jobs(f'[job.x]\nmode = "snapshot"\n{text}\n'))])
    assert len(mistakes) == 1, mistakes
    assert wrong in str(mistakes[0])


def test_paths_are_those_of_the_file_but_for_other_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    assert placed_location("docs", "/etc/jobs") == "/etc/jobs/docs"
    assert placed_location("~/docs", "/etc/jobs") == "/home/me/docs"
    for elsewhere in ("host:docs", "me@host:~/docs", "rsync://host/module", "host::module/x"):
        assert placed_location(elsewhere, "/etc/jobs") == elsewhere
