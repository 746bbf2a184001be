"""Jobs of mode stage: dBackup's settings as a job of ten lines, what its runs make, and who is told of a full disc."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from pybackup.catalogue.connect import create_catalogue, open_catalogue
from pybackup.catalogue.media import media
from pybackup.cli.main import main
from pybackup.jobfiles.load import load, load_all
from pybackup.jobfiles.message import subject
from pybackup.jobfiles.notifiers import read_notifier
from pybackup.jobfiles.report import Report
from pybackup.jobfiles.stages import plan_scan

WriteJobs = Callable[[str], Path]
JOB = """
[notify.mail]
sendmail = "me@example.org"
on       = ["disc-full"]
[job.docs]
mode      = "stage"
watch     = "docs"
staging   = "staging"
medium    = "2M"
threshold = "75%"
compare   = "size+mtime+ctime"
settle    = "0"
exclude   = ["*.tmp"]
on_full   = "build"
notify    = ["mail"]
"""


def test_runs(
    jobs: WriteJobs, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    program, mail = tmp_path / "bin/sendmail", tmp_path / "mail"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\ncat >> {mail}\n")
    program.chmod(0o700)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    catalogue = f"sqlite:///{tmp_path}/catalogue.sqlite"
    with create_catalogue(catalogue):
        pass
    path = str(jobs(JOB + f'catalogue = "{catalogue}"\n'))
    assert main(["run", path, "--dry-run"]) == 0
    assert f"{tmp_path}/staging would hold 1 file" in capsys.readouterr().out
    assert not (tmp_path / "staging").exists()
    assert main(["run", path, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["state"], report["files"], report["made"]) == ("ok", 1, [])
    assert not mail.exists()
    chance = random.Random(3)
    for number in range(3):
        (tmp_path / f"docs/{number}").write_bytes(chance.randbytes(400_000))
    assert plan_scan(load([], [path]).jobs["docs"])[1:] == (3, 1_200_000)
    assert main(["run", path, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    image = f"{tmp_path}/staging/images/docs-0001.iso"
    assert [(made["kind"], made["path"]) for made in report["made"]] == [("disc", image)]
    assert os.path.isfile(image)
    # Whoever asked for that, and for nothing else, hears of a disc that is full.
    told = mail.read_text().replace("=\n", "")
    assert "1 to burn" in told
    assert f"burn {image}" in told
    with open_catalogue(catalogue) as opened:
        assert [(medium.label, medium.seen_ns) for medium in media(opened)] == [("docs-0001", None)]
    # What the job says now holds from now on; another directory is another stage.
    jobs(JOB.replace('"75%"', '"90%"'))
    assert main(["run", path]) == 0
    jobs(JOB.replace('watch     = "docs"', 'watch     = "."'))
    assert main(["run", path]) != 0
    assert "one directory is inside the other" in capsys.readouterr().err
    (tmp_path / "elsewhere").mkdir()
    jobs(JOB.replace('watch     = "docs"', 'watch     = "elsewhere"'))
    assert main(["run", path]) == 2
    assert "is the stage of" in capsys.readouterr().err


def test_dbackup_as_a_job(jobs: WriteJobs) -> None:
    text = JOB.replace('"0"', '"10min"').replace('"2M"', '"dvd"')
    job = load([], [str(jobs(text))]).jobs["docs"]
    assert (job.mode, job.get("medium"), job.get("settle")) == ("stage", "dvd", "10min")
    assert job.get("watch").endswith("/docs")


WRONG = [
    ('staging = "s"\nmedium = "dvd"', "watch is missing, which a job of mode stage needs"),
    ('watch = "w"\nstaging = "s"', "medium is missing, which a job of mode stage needs"),
    ('watch = "w"\nstaging = "s"\nmedium = "disc"', "medium: not a size such as 596M"),
    ('watch = "w"\nstaging = "s"\nmedium = "dvd"\nsettle = "10"', "settle: not a span such as 30s, 10min"),
    ('watch = "w"\nstaging = "s"\nmedium = "dvd"\nthreshold = "120%"', "threshold: not a percentage above 0"),
    ('watch = "w"\nstaging = "s"\nmedium = "dvd"\non_full = "wait"', "on_full: 'wait' is none of ask, build, burn"),
    ('watch = "w"\nstaging = "s"\nmedium = "dvd"\noutput = "y"', "output: is for jobs of mode archive"),
]


@pytest.mark.parametrize(("text", "wrong"), WRONG)
def test_what_is_wrong_is_told(text: str, wrong: str, jobs: WriteJobs) -> None:
    _, mistakes = load_all([], [str(jobs(f'[job.x]\nmode = "stage"\n{text}\n'))])
    assert len(mistakes) == 1, mistakes
    assert wrong in str(mistakes[0])


def test_a_mail_tells_of_a_full_disc() -> None:
    report = Report("music", "stage", 0.0, to_burn=["/s/images/music-0001.iso"])
    assert subject(report, "home") == "backup of music on home: all is well, 1 to burn"
    assert read_notifier("m", {"sendmail": "a@b.c", "on": ["disc-full"]}).hears("disc-full")
