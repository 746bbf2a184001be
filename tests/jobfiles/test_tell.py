"""Telling: a real SMTP server with and without TLS, a program called sendmail, an HTTP server, syslog."""

from __future__ import annotations

import email
import email.policy
import json
import os
import socket
import ssl
import subprocess
import sys
from email.message import EmailMessage
from pathlib import Path

import pytest

from pybackup.cli.main import main

from .conftest import WriteJobs
from .servers import PASSWORD, MailServer, plain, web

JOB = '[job.x]\nsources = ["docs"]\noutput = "out/{comment}.xtar"\nnotify = ["n"]\n'
NOBODY = '{ host = "127.0.0.1", port = 1, security = "none", to = "me@example.org" }'


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a self-signed certificate for localhost, in one file."""
    base = tmp_path_factory.mktemp("tls")
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
    names = ["-addext", "subjectAltName=DNS:localhost", "-keyout", "key.pem", "-out", "cert.pem"]
    subprocess.run([*command.split(), *names], cwd=base, check=True, capture_output=True)
    (base / "both.pem").write_bytes((base / "key.pem").read_bytes() + (base / "cert.pem").read_bytes())
    return base / "both.pem"


def test_a_mail_that_a_person_reads(jobs: WriteJobs, capsys: pytest.CaptureFixture[str]) -> None:
    server = MailServer()
    smtp = f'smtp = {{ host = "127.0.0.1", port = {server.port}, security = "none", to = "me@example.org" }}'
    path = jobs(f'{JOB}export = "zip"\n[notify.n]\n{smtp}\nfrom = "backup@example.org"\non = ["always"]\n')
    assert main(["run", str(path), "--comment", "first", "--quiet"]) == 0
    os.mkfifo(b"docs/<b>\xff")
    assert main(["run", str(path), "--comment", "second", "--quiet"]) == 1
    server.close()
    capsys.readouterr()
    good, bad = server.mails
    host = socket.gethostname()
    assert good["Subject"] == f"backup of x on {host}: all is well"
    assert (good["To"], good["From"], good["Auto-Submitted"]) == (
        "me@example.org",
        "backup@example.org",
        "auto-generated",
    )
    assert f"  {os.getcwd()}/out/first.xtar: " in plain(good)
    assert bad["Subject"] == f"backup of x on {host}: done, with problems"
    text = plain(bad)
    assert "What was wrong\n  docs/<b>\\xff: refused: a zip holds no FIFOs\n" in text
    assert text.index("What was wrong") < text.index("What was stored, and where") < text.index("The last runs")
    rows = text.partition("The last runs\n")[2].splitlines()
    assert rows[0].split() == ["began", "outcome", "files", "content", "problems"]
    assert [row.split()[2] for row in rows[1:]] == ["problems", "ok"]
    page = bad.get_body(("html",))
    assert page is not None
    html = page.get_content()
    assert "<li>docs/&lt;b&gt;\\xff: refused: a zip holds no FIFOs</li>" in html
    assert "<b>\\xff" not in html
    assert "http" not in html


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_smtp_over_tls_with_a_password(
    security: str,
    certificate: Path,
    jobs: WriteJobs,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = MailServer(context, at_once=security == "tls")
    (tmp_path / "password").write_text(PASSWORD + "\n")
    smtp = f'host = "localhost", port = {server.port}, security = "{security}", to = "me@example.org", user = "me"'
    secret = f'{{ file = "{tmp_path}/password" }}'
    path = jobs(f"{JOB}[notify.n]\nsmtp = {{ {smtp}, password = {secret} }}\non = ['ok']\n")
    # Nobody vouches for it: no mail, and no password, goes there.
    assert main(["run", str(path), "--comment", "a", "--json"]) == 1
    told = capsys.readouterr().out
    (failure,) = json.loads(told)["failures"]
    assert failure.startswith("notifier n could not be told: ")
    assert "certificate verify failed" in failure
    assert (server.mails, [line for line in server.said if line.startswith("AUTH")]) == ([], [])
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.with_name("cert.pem")))
    assert main(["run", str(path), "--comment", "b", "--json"]) == 0
    told += capsys.readouterr().out
    server.close()
    assert len(server.mails) == 1
    assert not server.is_in_process_list
    assert any(line.startswith("AUTH PLAIN ") for line in server.said)
    assert PASSWORD not in told + str(server.mails[0]) + Path("state/pybackup/runs.jsonl").read_text()


def test_the_local_program(
    jobs: WriteJobs, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "bin/sendmail"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\necho "$@" > sent-arguments\ncat > sent\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    path = jobs(f'{JOB}[notify.n]\nsendmail = "me@example.org"\n')
    assert main(["run", str(path), "--comment", "a"]) == 0
    assert not os.path.exists("sent")  # it is told of problems and failures, unless said otherwise
    assert main(["run", str(path), "--comment", "a"]) == 2
    assert Path("sent-arguments").read_text() == "-t -oi\n"
    mail = email.message_from_bytes(Path("sent").read_bytes(), policy=email.policy.default)
    assert isinstance(mail, EmailMessage)
    assert mail["Subject"].endswith(": FAILED")
    assert "Why\n  " in plain(mail)
    assert "What to do next\n  a {time} in the name" in plain(mail)
    program.write_text("#!/bin/sh\nexit 75\n")
    assert main(["run", str(path), "--comment", "a"]) == 2
    assert "notifier n could not be told: sendmail ended with status 75" in capsys.readouterr().err


def test_a_ping_with_the_status(jobs: WriteJobs, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with web() as (port, asked):
        (tmp_path / "url").write_text(f"http://127.0.0.1:{port}/secret-id?a=b\n")
        path = jobs(f'{JOB}[notify.n]\nping = {{ file = "{tmp_path}/url" }}\non = ["start", "always"]\n')
        main(["run", str(path), "--comment", "a"])
        main(["run", str(path), "--comment", "a"])
    assert asked == ["/secret-id/start?a=b", "/secret-id/0?a=b", "/secret-id/start?a=b", "/secret-id/2?a=b"]
    main(["jobs", "show", "x", "--config", str(path)])
    assert "secret-id" not in "".join(capsys.readouterr())


@pytest.mark.parametrize("status", [404, None])
def test_that_nobody_answers_is_told_without_the_address(
    status: int | None, jobs: WriteJobs, capsys: pytest.CaptureFixture[str]
) -> None:
    with web(status or 200) as (port, _):
        if status is None:
            port = 1
        path = jobs(f'{JOB}[notify.n]\nping = "http://127.0.0.1:{port}/secret-id"\non = ["always"]\n')
        assert main(["run", str(path), "--comment", "a", "--quiet"]) == 1
    told = capsys.readouterr().err
    reason = "HTTP status 404" if status else "Connection refused"
    assert f"notifier n could not be told: {reason}" in told
    assert "secret-id" not in told


def test_syslog(jobs: WriteJobs, monkeypatch: pytest.MonkeyPatch) -> None:
    """The call of the standard library is checked, as there may be no /dev/log here."""
    lines: list[tuple[int, str]] = []
    monkeypatch.setattr("syslog.syslog", lambda level, line: lines.append((level, line)))
    path = jobs('[job.x]\nsources = ["docs"]\noutput = "out/x.xtar"\nsyslog = true\n')
    main(["run", str(path)])
    main(["run", str(path)])
    assert [level for level, _ in lines] == [6, 3, 3]
    assert lines[0][1].startswith("job x: all is well: 2 files of ")
    assert lines[2][1].endswith("out/x.xtar: exists")


@pytest.mark.parametrize("status", [200, 500])
def test_a_service_of_apprise_hears_no_names(status: int, jobs: WriteJobs, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a process of its own: the package imports what Python has deprecated."""
    os.mkfifo("docs/secret plan")
    with web(status) as (port, asked):
        monkeypatch.setenv("SERVICE", f"json://127.0.0.1:{port}/token")
        path = jobs(f'{JOB}export = "zip"\n[notify.n]\napprise = {{ env = "SERVICE" }}\non = ["always"]\n')
        command = [sys.executable, "-m", "pybackup", "run", str(path), "--comment", "a"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    told = json.loads(asked[0])
    assert told["title"] == f"backup of x on {socket.gethostname()}: done, with problems"
    assert "2 files of 760 B" in told["message"]
    assert "secret plan" not in asked[0]
    assert ("notifier n could not be told: the service did not take it" in done.stderr) is (status == 500)
    assert "token" not in done.stderr


def test_a_trial_reaches_all_but_whoever_counts_runs(jobs: WriteJobs, capsys: pytest.CaptureFixture[str]) -> None:
    server = MailServer()
    try:
        with web() as (port, asked):
            path = jobs(
                JOB.replace('["n"]', '["mail", "service", "dead", "ping"]')
                + f"[notify.mail]\nsmtp = {NOBODY.replace('port = 1', f'port = {server.port}')}\n"
                f'[notify.service]\napprise = {{ command = ["echo", "json://127.0.0.1:{port}/"] }}\n'
                f"[notify.dead]\nsmtp = {NOBODY}\n"
                f'[notify.ping]\nping = "http://127.0.0.1:{port}/secret-id"\non = ["always"]\n'
                '[job.silent]\nsources = ["docs"]\noutput = "out/b.xtar"\n'
            )
            command = [sys.executable, "-m", "pybackup", "jobs", "tell", "--config", str(path)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
    finally:
        server.close()
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "x: mail: took the message",
        "x: service: took the message",
        "x: dead: could not be told: Connection refused",
        "x: ping: not tried, as a ping would count as a run",
        "silent: tells nobody: it has no key notify",
    ]
    (mail,) = server.mails
    assert mail["Subject"].endswith(": a trial, no run")
    assert "nothing was backed up, and nothing is wrong" in plain(mail)
    (posted,) = asked
    assert "a trial, no run" in posted
    assert not os.path.exists("out")
    assert main(["jobs", "log", "x"]) == 0
    assert capsys.readouterr().out == ""
