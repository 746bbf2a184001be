"""A secret goes only to where it is used: it is in no output, page, log, mail, JSON, report or process list."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from pybackup.cli.main import main

from .conftest import WriteJobs
from .servers import MailServer, web

FILE, VARIABLE, COMMAND, CREDENTIAL = "by-file-4711", "by-variable-4711", "by-command-4711", "by-credential-4711"
SECRETS = (FILE, VARIABLE, COMMAND, CREDENTIAL)
# What hooks see of other processes, and of what they are told.
LOOK = "cat /proc/[0-9]*/cmdline; cat $PYBACKUP_REPORT; env | grep ^PYBACKUP_"


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines: list[str] = []
    monkeypatch.setattr("syslog.syslog", lambda level, line: lines.append(line))
    return lines


def test_secrets_appear_nowhere(
    jobs: WriteJobs,
    tmp_path: Path,
    log: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One of each form: the password of a database and of a server of mail that fail, addresses that are called."""
    mails = MailServer()
    monkeypatch.setenv("THE_SECRET", VARIABLE)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "credentials"))
    for name, text in (("key", FILE), ("credentials/pg", CREDENTIAL)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "print-it").write_text(f"#!/bin/sh\nread it < {tmp_path}/hidden; echo $it\n")
    (tmp_path / "print-it").chmod(0o755)
    everything: list[str] = []
    with web(404) as (port, asked):
        (tmp_path / "hidden").write_text(f"http://127.0.0.1:{port}/{COMMAND}\n")
        closed = f'host = "127.0.0.1", port = 1, to = "me@example.org", password = {{ file = "{tmp_path}/key" }}'
        path = jobs(f"""
[notify.mail]
smtp = {{ host = "127.0.0.1", port = {mails.port}, security = "none", to = "me@example.org" }}
on = ["always"]
[notify.closed]
smtp = {{ {closed} }}
on = ["always"]
[notify.ping]
ping = {{ command = ["{tmp_path}/print-it"] }}
on = ["start", "always"]
[notify.gone]
apprise = {{ env = "THE_SECRET" }}
on = ["always"]
[defaults]
workers = 1
syslog = true
notify = ["mail", "closed", "ping", "gone"]
[job.x]
sources = ["docs"]
output = "out/x.xtar"
catalogue = {{ url = "postgresql+psycopg://me@127.0.0.1:1/none", password = {{ credential = "pg" }} }}
[[job.x.hook]]
after = "run"
run = "{LOOK}"
shell = true
""")
        for arguments in (
            ["run", str(path), "--json"],
            ["run", str(path), "--verbose", "--html", "page.html"],  # fails, as the archive is there
            ["jobs", "show", "x", "--config", str(path)],
            ["jobs", "show", "x", "--config", str(path), "--json"],
            ["jobs", "list", "--config", str(path), "--json"],
            ["jobs", "check", "--config", str(path), "--json"],
            ["jobs", "timers", "--config", str(path)],
            ["jobs", "tell", "--config", str(path)],
            ["jobs", "log", "x", "--json"],
            ["jobs", "status", "--config", str(path), "--format", "prometheus"],
        ):
            main(arguments)
            everything += capsys.readouterr()
    mails.close()
    # Each secret was used: these addresses were called, and those that could not be reached are named without it.
    assert f"/{COMMAND}/start" in asked
    report = json.loads(everything[0].splitlines()[0])
    assert [line.split()[1] for line in report["failures"] if line.startswith("notifier")] == [
        "ping",
        "closed",
        "ping",
        "gone",
    ]
    assert [each["trouble"] for each in report["problems"]] == ["not in the catalogue"] * len(report["problems"])
    assert report["problems"]
    assert report["hooks"][0]["output"].count("PYBACKUP_JOB=x") == 1
    assert len(mails.mails) == 3
    everything += [str(mail) for mail in mails.mails] + log + [Path("page.html").read_text()]
    everything += [each.read_text() for each in (tmp_path / "state/pybackup").iterdir()]
    everything += [os.fsdecode(Path("out/x.xtar").read_bytes())]
    assert [(secret, text) for secret in SECRETS for text in everything if secret in text] == []
