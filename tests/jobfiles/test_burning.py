"""Discs of a job: images that wait, burnt by xorriso with hooks around each, counted by the catalogue."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import pybackup
from pybackup.catalogue.connect import create_catalogue
from pybackup.cli.main import main

from .conftest import WriteJobs
from .servers import MailServer, plain

JOB = """
[job.d]
mode = "discs"
sources = ["photos"]
volumes = "volumes"
images = "images"
media = "2M"
workers = 1
catalogue = "sqlite:///c.sqlite"
copies = { want = 2, places = 2 }
"""
DRIVE = 'burn = "stdio:drive"\n'
CHANGE = '''
[[job.d.hook]]
before = "burn"
run = "echo {file} $PYBACKUP_FILE >> before; test ! -e no-disc || exit 75"
shell = true
[[job.d.hook]]
after = "burn"
run = """
echo $PYBACKUP_STATUS $(basename $PYBACKUP_FILE) >> after
test ! -e drive || mv drive disc-$(ls | grep -c disc-)
"""
shell = true
'''
DAY_NS = 86_400 * 10**9
Run = Callable[..., dict[str, Any]]


@pytest.fixture
def run(jobs: WriteJobs, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a job of photos for two discs."""
    for number in range(6):
        Path(f"photos_{number}").write_bytes(os.urandom(500_000))

    def do(text: str, status: int = 0) -> dict[str, Any]:
        path = jobs(text)
        for number in range(6):
            if (new := Path(f"photos_{number}")).exists():
                new.rename(f"photos/{number}.jpg")
        found = main(["run", str(path), "--json"])
        told = capsys.readouterr()
        assert found == status, told
        report = json.loads(told.out)
        assert isinstance(report, dict)
        return report

    create_catalogue("sqlite:///c.sqlite").close()
    return do


def images_of(report: dict[str, Any]) -> list[str]:
    return [made["path"] for made in report["made"] if made["kind"] == "image"]


def test_what_waits_for_a_disc_is_told(run: Run) -> None:
    server = MailServer()
    smtp = f'smtp = {{ host = "127.0.0.1", port = {server.port}, security = "none", to = "me@example.org" }}'
    report = run(f'{JOB}notify = ["n", "m"]\n[notify.n]\n{smtp}\non = ["disc-full"]\n[notify.m]\n{smtp}\n')
    server.close()
    assert len(report["to_burn"]) > 1
    assert report["to_burn"] == images_of(report)
    assert report["advice"] == [f"burn {path} twice, and keep the discs in 2 places" for path in report["to_burn"]]
    (mail,) = server.mails
    assert mail["Subject"].endswith(f": all is well, {len(report['to_burn'])} to burn")
    assert f"What to do next\n  {report['advice'][0]}\n" in plain(mail)


def test_each_image_is_burnt_onto_a_disc_of_its_own(run: Run) -> None:
    report = run(JOB + DRIVE + CHANGE)
    images = images_of(report)
    assert Path("before").read_text() == "".join(f"{{file}} {path}\n" for path in images)
    assert Path("after").read_text() == "".join(f"ok {os.path.basename(path)}\n" for path in images)
    assert (report["to_burn"], report["state"]) == ([], "ok")
    for number, path in enumerate(images):
        image = Path(path).read_bytes()
        assert Path(f"disc-{number}").read_bytes()[: len(image)] == image
    pybackup.extract([f"disc-{number}" for number in range(len(images))], "back", workers=1)
    assert sorted(os.listdir("back/photos")) == sorted(os.listdir("photos"))


def test_a_disc_that_nobody_changes_is_not_burnt_over(run: Run) -> None:
    """The first disc is still in the drive for the second image, and is not overwritten, though discs may be."""
    report = run(JOB + 'burn = { device = "stdio:drive", overwrite = true }\n', status=2)
    first, *others = images_of(report)
    assert Path("drive").read_bytes()[: os.path.getsize(first)] == Path(first).read_bytes()
    assert report["to_burn"] == others
    assert "drive" in report["failures"][0]
    assert report["advice"][: len(others)] == [f"burn {path} twice, and keep the discs in 2 places" for path in others]


def test_a_hook_that_has_no_disc_leaves_it_for_later(run: Run) -> None:
    Path("no-disc").touch()
    report = run(JOB + DRIVE + CHANGE)
    assert report["to_burn"] == images_of(report)
    assert set(Path("after").read_text().split()[::2]) == {"skipped"}
    assert not os.path.exists("drive")
    assert report["notes"][-1].endswith("it is not the time for it")


def test_the_catalogue_says_what_is_to_be_copied_and_checked(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    first = run(JOB + DRIVE + CHANGE)
    labels = [f"d {number}" for number, _ in enumerate(images_of(first), 1)]
    later = SimpleNamespace(time_ns=lambda: time.time_ns() + 2 * 366 * DAY_NS, strftime=time.strftime)
    monkeypatch.setattr("pybackup.jobfiles.wanted.time", SimpleNamespace(**vars(later), localtime=time.localtime))
    again = run(JOB.replace('"volumes"', '"v2"').replace('"images"', '"i2"').replace("places = 2", "places = 1"))
    burn, copy, check = (
        [line for line in again["advice"] if line.startswith(verb)] for verb in ("burn", "make one", "check")
    )
    assert len(burn) == len(labels)
    assert [*burn, *copy, *check] == again["advice"]
    today = time.strftime("%Y-%m-%d")
    assert check == [f"check {label} (place not known): not read since {today}" for label in labels]
    # Of the first discs each file has the one copy that was burnt.
    assert copy[0].startswith(f"make one more copy of {labels[0]} (place not known): ")
    assert copy[0].endswith(" files on it have fewer than 2 sound copies")
