"""Verbs without a job write down where ``[defaults]`` of the configuration say, and ask there."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pybackup.cli.main import main
from pybackup.errors import UsageError
from pybackup.jobfiles.default_catalogue import default_catalogue


@pytest.fixture
def configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Write ``config.toml``; nothing else says which catalogue is meant."""
    monkeypatch.delenv("PYBACKUP_CATALOGUE")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/a.txt").write_text("a letter")

    def write(text: str) -> Path:
        path = tmp_path / "config/pybackup/config.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o644)
        return path

    return write


def test_what_is_made_is_written_down_and_found_there(
    configuration: Callable[[str], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Other keys may be wrong: that is for whoever runs jobs."""
    configuration('[defaults]\ncatalogue = "shelf.sqlite"\nno_such_key = 1\n[job.x]\nmode = "none"\n')
    assert main(["catalogue", "init"]) == 0
    assert (tmp_path / "shelf.sqlite").exists()
    assert main(["create", "docs", "-o", "a.xtar"]) == 0
    assert main(["verify", "a.xtar", "--quiet"]) == 0
    capsys.readouterr()
    assert main(["catalogue", "list", "--json"]) == 0
    (known,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert known["label"] == "a"
    assert known["checked_ns"]
    assert main(["create", "docs", "-o", "b.xtar", "--skip-known", "--dry-run"]) == 0
    assert "0 files" in capsys.readouterr().out


def test_the_environment_and_the_command_line_are_stronger(
    configuration: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configuration('[defaults]\ncatalogue = "configured.sqlite"\n')
    monkeypatch.setenv("PYBACKUP_CATALOGUE", "environment.sqlite")
    assert main(["catalogue", "init"]) == main(["catalogue", "init", "--catalogue", "named.sqlite"]) == 0
    assert sorted(path.name for path in tmp_path.glob("*.sqlite")) == ["environment.sqlite", "named.sqlite"]


@pytest.mark.parametrize(
    "text",
    [
        "[defaults\n",
        "[defaults]\ncatalogue = 7\n",
        "[defaults]\ncatalogue = { password = { env = 'X' } }\n",
        "[defaults]\ncatalogue = 'postgresql://me:s3cret@host/x'\n",
        "[defaults]\ncatalogue = { url = 'postgresql://me@host/x', password = { file = 'nowhere' } }\n",
    ],
)
def test_what_makes_no_sense_costs_no_archive(
    text: str, configuration: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    configuration(text)
    assert main(["create", "docs", "-o", "a.xtar", "--json"]) == 1
    told = capsys.readouterr()
    (problem,) = json.loads(told.out)["problems"]
    assert problem["trouble"] == "not in the catalogue"
    assert "s3cret" not in told.out + told.err
    assert main(["verify", "a.xtar", "--catalogue", "none"]) == 0
    assert main(["catalogue", "list"]) in (2, 5)


def test_a_file_that_others_may_write_is_not_trusted(configuration: Callable[[str], Path]) -> None:
    configuration('[defaults]\ncatalogue = "x.sqlite"\n').chmod(0o666)
    with pytest.raises(UsageError, match="chmod go-w"):
        default_catalogue()


def test_the_stronger_file_wins_and_tables_merge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directories = []
    for name, text in (
        ("etc", "{ url = 'postgresql://me@host/x', password = { env = 'CATALOGUE_PASSWORD' } }"),
        ("home", "{ url = 'postgresql://you@host/y' }"),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.toml").write_text(f"[defaults]\ncatalogue = {text}\n")
        directories.append(str(tmp_path / name))
    monkeypatch.setenv("CATALOGUE_PASSWORD", "s3cret")
    assert default_catalogue(directories) == "postgresql+psycopg://you:s3cret@host/y".replace("+psycopg", "")
    assert default_catalogue([]) is None
