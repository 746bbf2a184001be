"""A first job file: asked for at a terminal, or an example; what is written is right, and runs."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

import pytest
from kit.terminal import at_terminal

from pybackup.cli.main import main
from pybackup.jobfiles.example import Answers, example
from pybackup.jobfiles.load import load, load_all
from pybackup.jobfiles.own_keys import all_keys

from .conftest import WriteJobs

# What the questions of `jobs init` end with; the file that is shown has other brackets.
QUESTION = re.compile(rb"\([^)\n]*(?:empty|else)[^)\n]*\): ")


@pytest.mark.parametrize("target", ["~/backups", "/mnt/a b", "bd25", "cd700"])
@pytest.mark.parametrize("mail", ["", "me@example.org"])
def test_every_example_is_right(target: str, mail: str, tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text(example(Answers(["~/docs", '/a "b"\\c'], target, "sun 02:30", mail)))
    path.chmod(0o600)
    configuration, mistakes = load_all([], [str(path)])
    assert mistakes == []
    (job,) = configuration.jobs.values()
    assert job.get("sources")[1] == '/a "b"\\c'
    assert job.mode == ("discs" if target in ("bd25", "cd700") else "archive")
    text = path.read_text()
    for key in all_keys().values():
        if job.mode in key.modes and key.name not in ("known", "delta", "copies"):
            assert f"\n{key.name} = " in text or f"\n# {key.name} = " in text


def test_without_a_terminal_it_is_an_example(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["jobs", "init", "--dry-run"]) == 0
    shown = capsys.readouterr().out
    assert main(["jobs", "init", "--quiet"]) == 0
    path = tmp_path / "config/pybackup/config.toml"
    assert path.read_text() == shown == example(Answers())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(load([str(path.parent)]).jobs) == ["backup"]
    assert main(["jobs", "init"]) == 2
    assert f"{path}: exists; --overwrite replaces it" in capsys.readouterr().err


def test_it_asks_shows_and_writes_what_runs(jobs: WriteJobs, tmp_path: Path) -> None:
    jobs("")
    answers = [
        "relative",
        f"{tmp_path}/none",
        f"{tmp_path}/docs '{tmp_path}/photos'",
        "relative",
        f"{tmp_path}/out",
        "often",
    ]
    answers += ["02:30", "a b", "", ""]
    status, shown = at_terminal("jobs", "init", "-o", "first.toml", answers=answers, mark=QUESTION)
    assert status == 0, shown
    for said in (
        "relative: a path begins with / or ~/",
        "none: is not there",
        "relative: is neither a medium nor a path that begins with / or ~/",
        "'often' is none of hourly",
        "'a b' is no address of mail",
    ):
        assert said in shown
    assert shown.index("version = 1") < shown.index("Write that to first.toml?")
    assert main(["run", "first.toml", "--quiet"]) == 0
    (archive,) = os.listdir("out")
    assert archive.startswith("backup-")


@pytest.mark.parametrize(("name", "value"), [("COLUMNS", "24"), ("TERM", "dumb"), ("NO_COLOR", "1")])
def test_terminals_of_all_kinds(
    name: str, value: str, jobs: WriteJobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On narrow, dumb and colourless terminals it asks and shows the same, and writes what it has shown."""
    monkeypatch.setenv(name, value)
    jobs("")
    answers = [f"{tmp_path}/docs", f"{tmp_path}/out", "", "", ""]
    status, shown = at_terminal("jobs", "init", "-o", "first.toml", answers=answers, mark=QUESTION)
    assert status == 0, shown
    assert "\x1b" not in shown
    text = Path("first.toml").read_text()
    assert text in shown.replace("\r\n", "\n")
    assert text == example(Answers([f"{tmp_path}/docs"], f"{tmp_path}/out"))


@pytest.mark.parametrize("last", ["n", "no"])
def test_who_does_not_agree_gets_nothing(last: str, jobs: WriteJobs, tmp_path: Path) -> None:
    jobs("")
    answers = [f"{tmp_path}/docs", "bd25", "", "me@example.org", last]
    status, shown = at_terminal("jobs", "init", "-o", "first.toml", answers=answers, mark=QUESTION)
    assert (status, "nothing was written" in shown) == (0, True)
    assert 'sendmail = "me@example.org"' in shown
    assert not os.path.exists("first.toml")
