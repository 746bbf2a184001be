"""Wrong usage: exit status 2, the option is named, and nothing is done."""

import os
import re
from pathlib import Path

import pytest
from kit.command import lines, run
from kit.trees import plant_docs

from pybackup.cli.main import main
from pybackup.compress.methods import STORED_SUFFIXES
from pybackup.errors import UsageError
from pybackup.model.size import parse_size
from pybackup.options.values import suffixes
from pybackup.parity.stream.amount import Amount, parse_amount


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ("", "no verb"),
        ("creat docs", "did you mean 'create'?"),
        ("frobnicate", "no such verb: 'frobnicate'"),
        ("--quiet create docs", "--quiet"),
        ("structure", "'structure save' or 'structure restore'"),
        ("structure sve", "'structure save' or 'structure restore'"),
        ("create", "nothing to archive: no source"),
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
    plant_docs(tmp_path)
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


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        ("5", "5 bytes of parity are less than a sector; did you mean 5%?"),
        ("10", "10 bytes of parity are less than a sector; did you mean 10%?"),
        ("2047", "2047 bytes of parity are less than a sector"),
        ("1k", "1024 bytes of parity are less than a sector"),
    ],
)
def test_parity_of_less_than_a_sector(amount: str, said: str) -> None:
    with pytest.raises(UsageError, match=f"^{re.escape(said)}$"):
        parse_amount(amount)
    assert parse_amount("2048") == Amount(n_bytes=2048)


def test_parity_that_does_not_fit_is_refused_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/f").write_bytes(bytes(1_000_000))
    room = os.statvfs(tmp_path)
    blocks = 50_000_000 // room.f_frsize
    free = os.statvfs_result((*room[:3], blocks, blocks, *room[5:]))
    monkeypatch.setattr(os, "statvfs", lambda path: free)
    monkeypatch.chdir(tmp_path)
    for words in (["protect", "docs/f"], ["create", "docs"], ["create", "docs", "--parity-sidecar"]):
        assert main([*words, "--parity", "fill:5000000000000"]) == 5
        assert b"bytes are needed there, and " in capsysbinary.readouterr().err
        assert sorted(path.name for path in tmp_path.rglob("*")) == ["docs", "f"]
    assert main(["protect", "docs/f", "--parity", "20M", "--quiet"]) == 0
