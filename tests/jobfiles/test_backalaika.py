"""The manual of Backalaika, the predecessor of job files, sentence by sentence: what it could do is done here."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tarfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kit.terminal import at_terminal

import pybackup
from pybackup.catalogue.connect import create_catalogue
from pybackup.cli.main import main
from pybackup.compress.methods import STORED_SUFFIXES

Run = Callable[..., list[str]]
DAY = time.strftime("%Y-%m-%d")
# "Here is what a backup job looks like", in its words and in ours.
JOB = """
[defaults]
workers = 1
[job.nandos-work]
sources = [
    { path = "2010", export = { format = "zip", instead = true }, separate_dirs = true },
    { path = ".mozilla-thunderbird", export = { format = "tar.bz2", instead = true } },
]
output = "backups/{job}-{date}-{comment}/{source}.xtar"
"""
ONE = '[job.x]\nworkers = 1\nsources = ["2010"]\noutput = "out/{comment}.xtar"\n'


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command line in a directory with trees, assert its status, and return the lines of both streams."""
    names = ("2010/may/letter.txt", "2010/may/deep/er.txt", "2010/june/b.txt", "2010/loose.txt")
    for name in (*names, ".mozilla-thunderbird/Inbox"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"this is {name}\n" * 20)

    def do(*arguments: str, status: int = 0) -> list[str]:
        capsys.readouterr()
        found = main(list(arguments))
        told = capsys.readouterr()
        assert found == status, told
        return [*told.out.splitlines(), *told.err.splitlines()]

    return do


def job(text: str, name: str = "jobs/myjob.toml") -> str:
    """Write a job file, whose paths are relative to its directory."""
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    for before in ('path = "', 'output = "', 'sources = ["'):
        text = text.replace(before, f"{before}../")
    path.write_text(text)
    path.chmod(0o600)
    return name


def stored(archive: str | Path) -> set[str]:
    return {os.fsdecode(each.entry.path) for each in pybackup.list(archive) if each.members}


@pytest.fixture
def catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """db_uri: a database connection string as supported by SQLAlchemy; others than SQLite are in tests/catalogue."""
    url = f"sqlite:///{tmp_path}/backalaika.sqlite"
    create_catalogue(url).close()
    monkeypatch.setenv("PYBACKUP_CATALOGUE", url)
    return url


# Writing backup jobs


def test_each_directory_ends_up_in_its_own_compressed_file(run: Run) -> None:
    """Sources with options; subfolders included; separate_dirs; the job's name and the comment in the directory's."""
    run("run", job(JOB), "--comment", "before moving")
    below = Path(f"backups/nandos-work-{DAY}-before moving")
    assert sorted(os.listdir(below)) == ["2010.zip", "june.zip", "may.zip", "mozilla-thunderbird.tar.bz2"]
    with zipfile.ZipFile(below / "may.zip") as file:
        assert file.read("may/deep/er.txt") == Path("2010/may/deep/er.txt").read_bytes()
    with zipfile.ZipFile(below / "2010.zip") as file:
        assert [name for name in file.namelist() if not name.endswith("/")] == ["loose.txt"]
    with tarfile.open(below / "mozilla-thunderbird.tar.bz2", "r:bz2") as file:
        content = file.extractfile(".mozilla-thunderbird/Inbox")
        assert content is not None
        assert content.read() == Path(".mozilla-thunderbird/Inbox").read_bytes()


def test_gz_too(run: Run) -> None:
    """Zip if you say zip, tar.gz if gz, tar.bz2 if bz2; beside the archive or instead of it."""
    run("run", job(ONE + 'export = "tar.gz"\n'), "--comment", "c")
    with tarfile.open("out/c.tar.gz", "r:gz") as file:
        assert "2010/may/deep/er.txt" in file.getnames()
    assert len(stored("out/c.xtar")) == 4


def test_other_things_happen_before_and_after(run: Run) -> None:
    """A job file could mount a share, and its after_backup() was called before exiting."""
    path = job(
        ONE.replace('"2010"', '"mounted"') + '[[job.x.hook]]\nbefore = "run"\n'
        'run = "mkdir mounted; echo there > mounted/file"\nshell = true\n'
        '[[job.x.hook]]\nafter = "run"\nrun = ["sh", "-c", "rm -r mounted; echo {status} > after"]\n'
    )
    run("run", path, "--comment", "c")
    assert stored("out/c.xtar") == {"mounted/file"}
    assert Path("after").read_text() == "ok\n"
    assert not os.path.exists("mounted")


# The three questions


def test_only_backup_a_file_once(run: Run, catalogue: str) -> None:
    """The database identifies a file by its hash; known files are skipped: renamed ones too, and not for ever."""
    run("run", job(ONE + "known = true\n"), "--comment", "first")
    os.rename("2010/may/letter.txt", "2010/renamed.txt")
    Path("2010/new.txt").write_text("new")
    run("run", "jobs/myjob.toml", "--comment", "second")
    assert stored("out/second.xtar") == {"2010/new.txt"}
    run("catalogue", "lost", "first", status=1)
    run("run", "jobs/myjob.toml", "--comment", "third")
    assert len(stored("out/third.xtar")) == 4


def test_minimum_file_modification_date(run: Run) -> None:
    """Only files modified later than 2008-12-25; Enter, here no --since, is a full backup."""
    for name in ("2010/loose.txt", "2010/june/b.txt"):
        os.utime(name, (1_000_000_000, 1_000_000_000))
    path = job(ONE)
    run("run", path, "--comment", "some", "--since", "2008-12-25")
    assert stored("out/some.xtar") == {"2010/may/letter.txt", "2010/may/deep/er.txt"}
    run("run", path, "--comment", "all")
    assert len(stored("out/all.xtar")) == 4


def test_a_brief_comment_is_asked_for(run: Run) -> None:
    """One or two words, added to the name; at a terminal it is asked for."""
    status, shown = at_terminal("run", job(ONE), answers=["two words"], mark=b"(empty: none): ")
    assert (status, os.listdir("out")) == (0, ["two words.xtar"]), shown


def test_differential_and_incremental_backups(run: Run, catalogue: str) -> None:
    run("run", job(ONE + 'level = "full"\nchain = "x"\n'), "--comment", "1")
    for number, level in enumerate(("incremental", "incremental", "differential"), 2):
        Path(f"2010/{number}.txt").write_text(level)
        run("run", "jobs/myjob.toml", "--comment", str(number), "--level", level)
    assert stored("out/3.xtar") == {"2010/3.txt"}
    assert stored("out/4.xtar") == {"2010/2.txt", "2010/3.txt", "2010/4.txt"}


# The backup process


def test_information_about_the_job_comes_before_it_starts(run: Run) -> None:
    """Backalaika asked for Enter; here a dry run shows what would be done, and Ctrl-C interrupts (see test_hooks)."""
    (told,) = run("run", job(ONE), "--comment", "c", "--dry-run")
    assert told.startswith(f"job x: {os.getcwd()}/jobs/../out/c.xtar would hold 4 files of ")
    assert not os.path.exists("out")


def test_names_of_files_and_errors_are_shown_and_errors_again(run: Run) -> None:
    """It keeps writing the names of the files; errors are shown, collected, and shown again after the backup."""
    os.mkfifo("2010/may/fifo")
    path = job(ONE + 'export = "zip"\n')
    lines = run("run", path, "--comment", "c", "--verbose", status=1)
    assert "2010/may/letter.txt" in lines
    (first, again) = (number for number, line in enumerate(lines) if "2010/may/fifo: refused" in line)
    assert first < again
    assert lines[-1].startswith("pybackup: job x: problems, 2 files made")
    assert "2010/may/letter.txt" not in "".join(run("run", path, "--comment", "d", status=1))


# Main configuration


def test_settings_of_the_job_win_over_those_at_home(run: Run, tmp_path: Path) -> None:
    home = tmp_path / "config/pybackup/config.toml"
    home.parent.mkdir(parents=True)
    home.write_text('[defaults]\ncomment = "home"\nexclude = [".DS_Store", ".localized", "Thumbs.db", "*.pyc"]\n')
    home.chmod(0o600)
    for name in (".DS_Store", "Thumbs.db", "a.pyc", ".localized"):
        Path("2010/may", name).touch()
    path = job(ONE + 'comment = "job"\n')
    run("run", path)
    assert os.listdir("out") == ["job.xtar"]
    assert len(stored("out/job.xtar")) == 4  # skip_files: worthless files are not backed up
    told = run("jobs", "show", "x", "--config", path)
    assert any(line.startswith('comment = "job"') and line.endswith("myjob.toml:5") for line in told)
    assert any(line.startswith("exclude = ") and line.endswith("config.toml:3") for line in told)


def test_what_cannot_be_compressed_is_only_stored(run: Run) -> None:
    """store_only: all its suffixes are in our list but those of office documents, which a job can add."""
    theirs = "pdf|ods|odt|jpg|jpeg|png|gif|zip|rar|gz|tgz|bz2|jar|deb|rpm|cab|mpg|mpeg|avi|mov|flv|wmv|wma|mp3|ogg"
    assert set(theirs.split("|")) - set(STORED_SUFFIXES) <= {"pdf", "ods", "odt", "cab"}
    for name in ("a.pdf", "b.txt"):
        Path("2010", name).write_bytes(bytes(50_000))
    run("run", job(ONE + 'store = ["+pdf"]\n'), "--comment", "c")
    assert os.path.getsize("out/c.xtar") > 50_000
    sizes = {
        each.entry.path: sum(member.packed_bytes for member in each.members) for each in pybackup.list("out/c.xtar")
    }
    assert sizes[b"2010/a.pdf"] >= 50_000 > sizes[b"2010/b.txt"]


def test_volumes_of_given_sizes_and_partly_used_media_first(run: Run) -> None:
    """max_size: a file that would not fit goes into the next volume; volume_sizes are consumed first."""
    for number in range(4):
        Path(f"2010/{number}.jpg").write_bytes(os.urandom(400_000))
    discs = ONE.replace("output", "volumes").replace("[job.x]", '[job.x]\nmode = "discs"')
    run("run", job(discs.replace("out/{comment}.xtar", "jobs/volumes") + 'media = { first = ["600K"], then = "1M" }\n'))
    sizes = [path.stat().st_size for path in sorted(Path().rglob("x-0*.xtar"))]
    assert len(sizes) >= 3
    assert sizes[0] <= 600 << 10
    assert max(sizes) <= 1 << 20


# Command examples


def test_the_switches_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "-h"]) == 0
    assert {"--comment", "--since", "--level"} <= set(re.findall(r"--[a-z]+", capsys.readouterr().out))


def js(run: Run, *arguments: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in run("catalogue", *arguments, "--json", "--quiet")]


def test_media_are_added_listed_and_removed(run: Run, catalogue: str) -> None:
    """-a TITLE -d DESCRIPTION; zip, tar.gz and tar.bz2 are entered; hashed, but with -n; -v; -f TITLE, -f ''; -r."""
    os.mkdir("disc")
    with zipfile.ZipFile("disc/old.zip", "w") as file:
        file.writestr("in zip.txt", "zip")
    for suffix in ("gz", "bz2"):
        subprocess.run(["tar", "-C", "2010", "-caf", f"disc/old.tar.{suffix}", "may"], check=True)
    run("catalogue", "add", "disc", "--label", "MyBackupMedia001", "--description", "Description here")
    run("catalogue", "add", "2010", "--label", "AnotherMedia002", "--description", "Videos", "--no-hash")
    assert [each["label"] for each in js(run, "list")] == ["MyBackupMedia001", "AnotherMedia002"]
    files = {each["path"]["text"]: each["sha256"] for each in js(run, "files", "MyBackupMedia001")}
    assert {"old.zip/in zip.txt", "old.tar.gz/may/letter.txt", "old.tar.bz2/may/deep/er.txt"} <= files.keys()
    assert all(len(sha256) == 64 for sha256 in files.values())
    others = js(run, "files", "AnotherMedia002")
    assert {each["sha256"] for each in others} == {None}
    assert len(js(run, "files")) == len(files) + len(others)
    run("catalogue", "remove", "AnotherMedia002")
    assert [each["label"] for each in js(run, "list")] == ["MyBackupMedia001"]
