"""The whole example from the specification of job files runs."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from snapshots.machines import SshServer, ssh_server

import pybackup
from pybackup.catalogue.connect import create_catalogue, open_catalogue
from pybackup.catalogue.media import media
from pybackup.cli.main import main
from pybackup.jobfiles.load import load, load_all

from .servers import MailServer, plain, web

EXAMPLE = """
version = 1

[defaults]
catalogue = "sqlite:///~/.local/share/pybackup/catalogue.sqlite"
exclude   = [".DS_Store", ".localized", "Thumbs.db", "*.pyc"]      # rules of .gitignore
store     = ["+raw", "+dng"]                                      # "+" adds to the built-in suffixes
notify    = ["mail"]

[notify.mail]
sendmail = "me@example.org"                                       # the local program; or smtp = {...}
on       = ["fail", "problems", "disc-full"]
[notify.deadman]
ping     = { file = "~/.config/pybackup/ping-url" }               # start, then the exit status appended
on       = ["start", "always"]

[job.work]                                                        # as Backalaika
mode    = "archive"                                               # archive | discs | stage | snapshot
sources = ["~/2010", { path = "~/.thunderbird", compression = "small" }, { path = "~/clients", separate_dirs = true }]
output  = "/backups/{job}-{date}-{comment}.xtar"
export  = "none"                                                  # zip | tar.gz | tar.bz2: beside it, or instead
level   = { full = "monthly", between = "differential" }          # or "full" | "incremental" | "differential" | "auto"
known   = { skip = true, min_copies = 1, max_age_of_check = "2y" }
catalogue = { url = "postgresql+psycopg://nando@localhost/backups", password = { file = "/etc/pybackup/pg" } }

[job.photos]                                                      # discs of which some are partly used
mode    = "discs"
sources = ["~/photos"]
media   = { first = ["596M", "396M", "640M", "2700M"], then = "bd25" }
parity  = "12.5%"
recovery_volumes = 1
level   = { full = "yearly", between = "incremental" }
delta   = { min_size = "1M", max_depth = 1, min_saving = "50%", base_copies = 2 }
copies  = { want = 2, places = 2 }

[job.music]                                                       # as dBackup: discs that fill over months
mode      = "stage"
watch     = "~/music"
staging   = "/srv/stage/music"
medium    = "dvd"
threshold = "75%"
compare   = "size+mtime+ctime"                                    # or "checksum"
settle    = "10min"                                               # leave alone what changed just now
on_full   = "build"                                               # ask | build | burn

[job.univac]                                                      # as AutoWWW's script
mode    = "snapshot"
source  = "root@univac:/"
to      = "/mnt/sda1/backups"
ssh     = ["ssh", "-i", "/ssh_data/id_rsa", "-o", "UserKnownHostsFile=/ssh_data/known_hosts"]
exclude = ["/run/*", "/proc/*", "/sys/*", "/dev/*", "/tmp/*"]
require = { mountpoint = "/mnt/sda1", min_files = 1000 }
keep    = { last = 3, daily = 14, weekly = 8, monthly = 12, within = "7d" }
syslog  = true
[[job.univac.hook]]
before = "run"                                                    # run | level | volume | burn | prune
run    = ["notify-send", "Backing up"]                            # argv; a string needs shell = true
[[job.univac.hook]]
after  = "run"
states = ["fail", "problems"]                                     # ok | problems | fail
run    = ["/usr/local/bin/tell", "{job}", "{status}"]
"""


def write(home: Path, text: str) -> str:
    path = home / "example.toml"
    path.write_text(text)
    path.chmod(0o600)
    return str(path)


def test_nothing_of_it_is_refused(tmp_path: Path) -> None:
    jobs, mistakes = load_all([], [write(tmp_path, EXAMPLE)])
    assert (list(jobs.jobs), mistakes) == (["work", "photos", "music", "univac"], [])


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home directory with what is backed up, and stand-ins for programs, which write down their input."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    names = ("2010/a.txt", "2010/x.pyc", ".thunderbird/mail", "clients/Bell/b.txt", "clients/Cray/c.txt")
    for name in (*names, "photos/p.raw", "music/m.flac", "univac/etc/passwd", "univac/tmp/gone", "univac/home/u"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name * 100)
    for program, heard in (("notify-send", "sent"), ("tell", "told")):
        path = tmp_path / "bin" / program
        path.parent.mkdir(exist_ok=True)
        path.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/{heard}\n')
        path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{Path(sys.executable).parent}:{os.environ['PATH']}")
    monkeypatch.setattr("syslog.syslog", lambda level, line: (tmp_path / "syslog").write_text(line))
    create_catalogue(f"sqlite:///{tmp_path}/.local/share/pybackup/catalogue.sqlite").close()
    create_catalogue(f"sqlite:///{tmp_path}/postgresql").close()
    return tmp_path


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[SshServer]:
    with ssh_server(tmp_path / "ssh") as server:
        yield server


def put(text: str, *changes: tuple[str, str]) -> str:
    for old, new in changes:
        assert text.count(old) >= 1, old
        text = text.replace(old, new)
    return text


def here(home: Path, sshd: SshServer, port: int, smtp_port: int) -> str:
    """The example in the places of this machine: directories below home, servers on loopback."""
    smtp = f'smtp = {{ host = "127.0.0.1", port = {smtp_port}, security = "none", to = "me@example.org" }}'
    (home / ".config/pybackup").mkdir(parents=True)
    (home / ".config/pybackup/ping-url").write_text(f"http://127.0.0.1:{port}/id\n")
    return put(
        EXAMPLE,
        ("/srv/stage", f"{home}/stage"),
        ('"10min"', '"0s"'),
        ('sendmail = "me@example.org"', smtp),
        ('notify    = ["mail"]', 'notify    = ["mail", "deadman"]\nworkers = 1'),
        ('"/backups', f'"{home}/backups'),
        ('url = "postgresql+psycopg://nando@localhost/backups", password = { file = "/etc/pybackup/pg" }',
         f'url = "sqlite:///{home}/postgresql"'),
        ("root@univac:/", f"{sshd.host}:{home}/univac/"),
        ("/mnt/sda1/backups", f"{home}/snapshots"),
        ('mountpoint = "/mnt/sda1", min_files = 1000', 'mountpoint = "/proc", min_files = 2'),
        (json.dumps(["ssh", "-i", "/ssh_data/id_rsa", "-o", "UserKnownHostsFile=/ssh_data/known_hosts"]),
         json.dumps(sshd.command)),
        ("/usr/local/bin/tell", f"{home}/bin/tell"),
    )  # fmt: skip


def test_every_job_of_it_that_is_there_runs(home: Path, sshd: SshServer, capsys: pytest.CaptureFixture[str]) -> None:
    mails = MailServer()
    # What an archive of no chain holds is left out, as that is on a medium and was checked.
    pybackup.create(home / "2010", home / "old.xtar", exclude=["*.pyc"], workers=1)
    of_work = ("--catalogue", f"sqlite:///{home}/postgresql", "--quiet")
    assert main(["catalogue", "add", f"{home}/old.xtar", *of_work]) == 0
    assert main(["verify", f"{home}/old.xtar", *of_work]) == 0
    with web() as (port, asked):
        path = write(home, here(home, sshd, port, mails.port))
        assert list(load([], [path]).jobs) == ["work", "photos", "music", "univac"]
        first, photos, music, univac = reports = ran(capsys, path)
        (work,) = ran(capsys, "work", "--config", path, "--comment", "of work")
    mails.close()
    assert {report["state"] for report in (*reports, work)} == {"ok"}, reports
    assert first["files"] == 3
    check_work(home, work)
    # What waits for a disc is told by mail; all else is well, and so it is not.
    assert [made["kind"] for made in photos["made"]] == ["volume", "volume"]
    assert photos["made"][0]["path"].startswith(f"{home}/data/pybackup/volumes/photos-")
    assert photos["advice"] == [
        f"build an image of, and burn, {made['path']} twice, and keep the discs in 2 places" for made in photos["made"]
    ]
    subjects = [str(mail["Subject"]).partition(" on ")[0] for mail in mails.mails]
    assert subjects == ["backup of photos"]
    assert photos["advice"][0] in plain(mails.mails[0])
    assert asked == ["/id/start", "/id/0"] * 5
    assert (music["files"], (home / "stage/music").is_dir()) == (1, True)
    snapshot = Path(univac["made"][0]["path"])
    assert (snapshot / "home/u").read_text() == (home / "univac/home/u").read_text()
    assert not (snapshot / "tmp/gone").exists()
    assert (home / "sent").read_text() == "Backing up\n"
    assert not (home / "told").exists()
    assert (home / "syslog").read_text().startswith("job univac: all is well: 2 files")


def ran(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    main(["run", "--json", *arguments])
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def check_work(home: Path, work: dict[str, Any]) -> None:
    """Four archives of a run, each a chain of its own; the second run stored nothing again."""
    assert (work["files"], work["comment"]) == (0, "of work")
    names = sorted(os.listdir(home / "backups"))
    assert [name.partition("of work")[2] for name in names if "of work" in name] == [
        "-Bell.xtar", "-Cray.xtar", "-thunderbird.xtar", ".xtar",
    ]  # fmt: skip
    stored = {
        os.fsdecode(each.entry.path)
        for name in names
        if "of work" not in name
        for each in pybackup.list(home / "backups" / name)
        if each.members
    }
    assert stored == {".thunderbird/mail", "Bell/b.txt", "Cray/c.txt"}
    whole = [home / "backups" / name for name in names if name.endswith("of work.xtar")]
    assert [each.entry.path for each in pybackup.list([*whole, home / "old.xtar"]) if each.members] == [b"2010/a.txt"]
    levels = {name: pybackup.info(home / "backups" / name).settings["run"] for name in names}
    assert {"of work" in name: run["level"] for name, run in levels.items() if isinstance(run, dict)} == {
        True: "differential",
        False: "full",
    }
    with open_catalogue(f"sqlite:///{home}/postgresql") as catalogue:
        assert len(media(catalogue)) == 9


def test_a_snapshot_that_fails_is_told(home: Path, sshd: SshServer, capsys: pytest.CaptureFixture[str]) -> None:
    mails = MailServer()
    with web() as (port, asked):
        path = write(home, here(home, sshd, port, mails.port).replace("min_files = 2", "min_files = 1000"))
        assert main(["run", "univac", "--config", path, "--quiet"]) == 5
    mails.close()
    assert "holds 2 files where there must be 1,000" in capsys.readouterr().err
    assert (home / "told").read_text() == "univac fail\n"
    assert [mail["Subject"].rpartition(": ")[2] for mail in mails.mails] == ["FAILED"]
    assert asked == ["/id/start", "/id/5"]
    assert not list((home / "snapshots").glob("2*[0-9]"))
