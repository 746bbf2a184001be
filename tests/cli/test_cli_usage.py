"""Requests that make no sense: exit 2, the option named, nothing done."""

from pathlib import Path

import pytest
from cli_process import lines, plant, run

from pybackup.cli.main import main
from pybackup.cli.values import suffixes
from pybackup.compress.methods import STORED_SUFFIXES
from pybackup.errors import UsageError
from pybackup.model.size import parse_size


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ("", "no verb"),
        ("creat docs", "did you mean 'create'?"),
        ("frobnicate", "no such verb: 'frobnicate'"),
        ("--quiet create docs", "--quiet"),
        ("structure", "'structure save' or 'structure restore'"),
        ("structure sve", "'structure save' or 'structure restore'"),
        ("create", "no SRC"),
        ("create missing", "missing"),
        ("create docs --frobnicate", "--frobnicate"),
        ("create docs --quie", "--quie"),
        ("create docs docs2", "-o"),
        ("create docs --compression best", "--compression"),
        ("create docs --segment-size 5K", "--segment-size"),
        ("create docs --segment-size 1.5M", "--segment-size"),
        ("create docs --segment-size 100G", "--segment-size"),
        ("create docs --workers 0", "--workers"),
        ("create docs --workers -1", "--workers"),
        ("create docs --since whenever", "--since"),
        ("create docs --work-dir missing", "--work-dir"),
        ("create docs --store a/b", "--store"),
        ("create docs --store tar.gz", "--store"),
        ("create docs --null", "--null"),
        ("create --files-from missing -o x.xtar", "--files-from"),
        ("create docs --exclude-from missing", "missing"),
        ("create docs --exclude-dir a/b", "a/b"),
        ("create docs --exclude #", "#"),
        ("create docs -o docs", "docs"),
        ("create docs -o -", "-o"),
        ("create docs -o docs/letter.txt", "docs/letter.txt"),
        ("list", "ARCHIVE"),
        ("list missing.xtar", "missing.xtar"),
        ("list docs", "docs"),
        ("list docs.xtar missing", "missing"),
        ("list docs.xtar --long --null", "--null"),
        ("list docs.xtar --long --json", "--json"),
        ("extract docs.xtar", "--to"),
        ("extract docs.xtar --to x --stdout docs/letter.txt", "--to"),
        ("extract docs.xtar --stdout", "PATTERN"),
        ("extract docs.xtar --stdout docs", "docs"),
        ("extract docs.xtar --stdout docs/*.txt docs/twin", "PATTERN"),
        ("extract docs.xtar --stdout docs/*", "--stdout"),
        ("extract docs.xtar --to x --overwrite sometimes", "--overwrite"),
        ("extract docs.xtar --to x --strip-components -2", "--strip-components"),
        ("extract docs.xtar --to x --strip-components 9", "--strip-components"),
        ("unpack docs.xtar", "--to"),
        ("verify docs.xtar --against missing", "--against"),
        ("structure save docs", "-o"),
        ("structure restore docs.xtar", "--to"),
        ("completion tcsh", "tcsh"),
    ],
)
def test_wrong_usage(
    arguments: str,
    named: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:
    monkeypatch.chdir(tmp_path)
    plant(tmp_path)
    (tmp_path / "docs2").mkdir()
    assert main(["create", "docs", "--quiet", "--workers", "1"]) == 0
    before = sorted(tmp_path.rglob("*"))
    capsysbinary.readouterr()
    assert main(arguments.split()) == 2
    out, said = capsysbinary.readouterr()
    assert out == b""
    assert named in said.decode()
    assert said.startswith(b"pybackup: ")
    assert sorted(tmp_path.rglob("*")) == before


def test_each_complaint_of_a_verb_says_where_help_is() -> None:
    done = run("verify", "x.xtar", "--frobnicate")
    assert lines(done.stderr) == [
        "pybackup: verify: unrecognized arguments: --frobnicate",
        "try: pybackup verify --help",
    ]


@pytest.mark.parametrize(
    ("text", "n_bytes"),
    [("4M", 4 << 20), ("4MiB", 4 << 20), ("4mb", 4 << 20), ("1 G", 1 << 30), ("12", 12), ("2k", 2048)],
)
def test_sizes(text: str, n_bytes: int) -> None:
    assert parse_size(text) == n_bytes


@pytest.mark.parametrize("text", ["", "M", "-4M", "4X", "4.0M", "٤M", "4MM"])
def test_no_sizes(text: str) -> None:
    with pytest.raises(UsageError):
        parse_size(text)


def test_suffixes_replace_or_add() -> None:
    assert suffixes("Raw,.dng, ") == {"raw", "dng"}
    assert suffixes("+raw") == STORED_SUFFIXES | {"raw"}
    assert suffixes("") == frozenset()
    assert suffixes("+") == STORED_SUFFIXES
