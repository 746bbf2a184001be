"""Debian's cron really runs jobs, in file systems of its own: silence on success, one mail if a job fails."""

from __future__ import annotations

import email
import email.policy
import json
import os
import shutil
import subprocess
import time
from email.message import EmailMessage
from pathlib import Path

import pytest

from pybackup.cli.main import main

from .conftest import WriteJobs

MINUTES = 3
# Nothing of the machine's own crontabs runs, and mail goes into a directory.
NAMESPACE = """
set -e
mount --make-rprivate /
mkdir "$1/own-sbin" "$1/sbin" "$1/spool"
mount --bind /usr/sbin "$1/own-sbin"
for program in "$1"/own-sbin/*; do ln -s "$program" "$1/sbin/"; done
rm -f "$1/sbin/sendmail"
printf '#!/bin/sh\\ncat > "%s/mails/$$"\\n' "$1" > "$1/sbin/sendmail"
chmod 755 "$1/sbin/sendmail"
install -m 600 "$1/crontab" "$1/spool/root"
chown root:crontab "$1/spool" && chmod 1730 "$1/spool"
mount --bind "$1/spool" /var/spool/cron/crontabs
mount -t tmpfs none /etc/cron.d
mount --bind /dev/null /etc/crontab
mount -t tmpfs none /run
mount --bind "$1/sbin" /usr/sbin
exec "$1/own-sbin/cron" -f
"""


@pytest.fixture
def namespaces() -> None:
    if os.geteuid() != 0:
        pytest.skip("cron is for root, and mounts are")
    assert shutil.which("cron", path="/usr/sbin:/usr/bin"), "install cron"
    if subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True).returncode:
        pytest.skip("mounting is forbidden here")


def test_cron_is_silent_on_success_and_mails_a_failure(
    namespaces: None, jobs: WriteJobs, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = jobs("""
[job.good]
sources = ["docs"]
output = "out/good-{time}.xtar"
[job.bad]
sources = ["no such place"]
output = "out/bad-{time}.xtar"
""")
    assert main(["jobs", "timers", "--cron", "--config", str(path)]) == 0
    lines = [line.replace("0 0 * * *", "* * * * *", 1) for line in capsys.readouterr().out.splitlines()]
    names = ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "PYBACKUP_CATALOGUE", "PYTHONPATH")
    own = [f"{name}={os.environ[name]}" for name in names if name in os.environ]
    (tmp_path / "crontab").write_text("\n".join(["MAILTO=me@example.org", *own, *lines, ""]))
    (tmp_path / "mails").mkdir()
    with subprocess.Popen(["unshare", "-m", "sh", "-c", NAMESPACE, "sh", tmp_path]) as cron:
        try:
            end = time.monotonic() + 60 * MINUTES
            while not (any((tmp_path / "mails").iterdir()) and [*tmp_path.glob("out/good-*.xtar")]):
                assert cron.poll() is None
                assert time.monotonic() < end, "cron ran neither"
                time.sleep(0.5)
            time.sleep(2)  # a mail of the other job would come meanwhile
        finally:
            cron.terminate()
    mails = [
        email.message_from_bytes(each.read_bytes(), policy=email.policy.default)
        for each in (tmp_path / "mails").iterdir()
    ]
    history = [json.loads(line)["job"] for line in (tmp_path / "state/pybackup/runs.jsonl").read_text().splitlines()]
    assert 1 <= len(mails) <= history.count("bad")
    assert history.count("good") >= 1
    for mail in mails:
        assert isinstance(mail, EmailMessage)
        assert mail["To"] == "me@example.org"
        assert " bad" in mail["Subject"]
        assert "job bad failed: " in mail.get_content()
        assert "no such place" in mail.get_content()
