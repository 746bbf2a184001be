"""The help texts."""

import re

import pytest
from kit.command import run

import pybackup
from pybackup.cli import verbs
from pybackup.cli.main import main
from pybackup.cli.statuses import MEANINGS, table


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the terminal be wide enough for each line as it was written."""
    monkeypatch.setenv("COLUMNS", "130")


def test_main_help_names_verbs_and_statuses(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    told = capsys.readouterr().out
    assert all(f"  {words} " in told and summary in told for words, summary in verbs.SUMMARIES.items())
    assert table() in told
    assert all(f"{status:3}  {meaning}" in told for status, meaning in MEANINGS.items())


@pytest.mark.parametrize("words", verbs.SUMMARIES)
def test_help_of_each_verb(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*words.split(), "--help"]) == 0
    told = capsys.readouterr().out
    assert "example" in told
    assert f"\n  pybackup {words} " in told
    assert table() in told


@pytest.mark.parametrize("first", ["structure", "disc"])
def test_help_of_a_family_names_its_verbs(first: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Regression: the help of a family was the help of all its verbs, one after the other."""
    assert main([first, "--help"]) == 0
    told = capsys.readouterr().out
    family = [words for words in verbs.SUMMARIES if words.startswith(f"{first} ")]
    assert len(family) > 1
    assert told.count("usage:") == 1
    for words in family:
        assert re.search(rf"^  {words} +{re.escape(verbs.SUMMARIES[words])}$", told, re.MULTILINE)
    assert len(told.splitlines()) < 30
    assert main([first]) == 2
    assert capsys.readouterr().err.endswith(f"try: pybackup {first} --help\n")


def test_version() -> None:
    done = run("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"pybackup {pybackup.__version__}\n".encode(), b"")


@pytest.mark.parametrize("words", verbs.SUMMARIES)
def test_every_option_is_explained(words: str) -> None:
    from pybackup.cli.parser import verb_parser

    assert all(action.help for action in verb_parser(words)._actions)


@pytest.mark.parametrize("columns", [40, 60, 80])
@pytest.mark.parametrize("words", ["", *verbs.SUMMARIES])
def test_help_fits_the_terminal(
    words: str, columns: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    assert main([*words.split(), "--help"]) == 0
    for line in capsys.readouterr().out.splitlines():
        # What cannot be broken stands alone: an option with all its choices.
        assert len(line) <= columns or " " not in line.strip().removeprefix("[--").partition(" ")[2], line
