"""The example that the form of job files was drawn up by: what of it runs, and what is refused by name."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

import pybackup
from pybackup.catalogue.connect import create_catalogue
from pybackup.cli.main import main
from pybackup.jobfiles.load import load, load_all

EXAMPLE = """
version = 1

[defaults]
catalogue = "sqlite:///~/.local/share/pybackup/catalogue.sqlite"
exclude   = [".DS_Store", ".localized", "Thumbs.db", "*.pyc"]
store     = ["+raw", "+dng"]
notify    = ["mail"]

[notify.mail]
sendmail = "me@example.org"
on       = ["fail", "problems", "disc-full"]
[notify.deadman]
ping     = { file = "~/.config/pybackup/ping-url" }
on       = ["start", "always"]

[job.work]
mode    = "archive"
sources = ["~/2010", { path = "~/.thunderbird", compression = "small" }, { path = "~/clients", separate_dirs = true }]
output  = "/backups/{job}-{date}-{comment}.xtar"
export  = "none"
level   = { full = "monthly", between = "differential" }
known   = { skip = true, min_copies = 1, max_age_of_check = "2y" }
catalogue = { url = "postgresql+psycopg://nando@localhost/backups", password = { file = "/etc/pybackup/pg" } }

[job.photos]
mode    = "discs"
sources = ["~/photos"]
media   = { first = ["596M", "396M", "640M", "2700M"], then = "bd25" }
parity  = "12.5%"
recovery_volumes = 1
level   = { full = "yearly", between = "incremental" }
delta   = { min_size = "1M", max_depth = 1, min_saving = "50%", base_copies = 2 }
copies  = { want = 2, places = 2 }

[job.music]
mode      = "stage"
watch     = "~/music"
staging   = "/srv/stage/music"
medium    = "dvd"
threshold = "75%"

[job.univac]
mode    = "snapshot"
source  = "root@univac:/"
to      = "/mnt/sda1/backups"
keep    = { last = 3, daily = 14, weekly = 8, monthly = 12, within = "7d" }
[[job.univac.hook]]
before = "run"
run    = ["notify-send", "Backing up"]
"""
NOT_YET = [
    "[notify.mail]: on: disc-full is an event of staging, which is not there yet",
    "[job.work]: known: is not there; since_catalogue = true leaves out",
    "[job.photos]: delta: needs chains of archives, which are not there yet",
    "[job.photos]: copies: needs chains of archives, which are not there yet",
    "[job.music]: mode: stage is not there yet: jobs of staging cannot be run",
]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    for name in (
        "2010/a.txt",
        ".thunderbird/mail",
        "clients/Bell/b.txt",
        "clients/Cray/c.txt",
        "photos/p.jpg",
        "2010/x.pyc",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name * 100)
    return tmp_path


def write(home: Path, text: str) -> str:
    path = home / "example.toml"
    path.write_text(text)
    path.chmod(0o600)
    return str(path)


def test_what_is_not_there_yet_is_refused_by_name_and_nothing_else(home: Path) -> None:
    _, mistakes = load_all([], [write(home, EXAMPLE)])
    told = [str(mistake).partition(": ")[2] for mistake in mistakes]
    # A notifier that makes no sense is none: whoever names it is told, too.
    told = [text for text in told if "no such notifier" not in text]
    assert len(told) == len(NOT_YET)
    assert all(text.startswith(start) for text, start in zip(told, NOT_YET, strict=True)), told


def test_the_rest_of_it_runs(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = EXAMPLE.partition("[job.music]")[0].replace(', "disc-full"', "")
    text = "".join(
        line for line in text.splitlines(keepends=True) if line.split(" ")[0] not in ("known", "delta", "copies")
    )
    url = f"sqlite:///{home}/.local/share/pybackup/catalogue.sqlite"
    create_catalogue(url)
    there = '{ url = "postgresql+psycopg://nando@localhost/backups", password = { file = "/etc/pybackup/pg" } }'
    assert there in text
    text = text.replace(there, f'"{url}"')
    path = write(home, text.replace('"/backups', f'"{home}/backups'))
    jobs = load([], [path]).jobs
    assert list(jobs) == ["work", "photos"]
    assert main(["run", path, "--comment", "of work", "--json"]) in (0, 1)
    work, photos = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (work["state"], work["files"], work["failures"], work["problems"]) == ("ok", 4, [], [])
    names = sorted(os.listdir(home / "backups"))
    assert [name.partition("of work")[2] for name in names] == [
        "-Bell.xtar",
        "-Cray.xtar",
        "-thunderbird.xtar",
        ".xtar",
    ]
    stored = {os.fsdecode(each.entry.path) for each in pybackup.list(home / "backups" / names[-1]) if each.members}
    assert stored == {"2010/a.txt"}
    assert [made["kind"] for made in photos["made"]] == ["volume", "volume"]
    assert photos["made"][0]["path"].startswith(f"{home}/data/pybackup/volumes/photos-")
