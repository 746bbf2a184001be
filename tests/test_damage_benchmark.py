"""The damage benchmark runs, with every peer, and what it requires of pybackup holds on a part of it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


def run(work: Path, *arguments: str) -> tuple[str, dict[str, Any]]:
    report = work / "report.json"
    command = [sys.executable, "-m", "benchmarks.damage", "--work", str(work), "--corpora", str(work / "corpora")]
    done = subprocess.run(
        [*command, "--json", str(report), *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, (done.stdout, done.stderr)
    return done.stdout, json.loads(report.read_text())


def test_required(tmp_path: Path) -> None:
    models = "flips-50,sectors-10,start-64K,end-64K,cut-60%"
    said, _ = run(
        tmp_path, "--corpus", "peers300", "--only", "pybackup,pybackup-5%,bound", "--seeds", "1", "--models", models
    )
    assert "FAIL" not in said
    assert sum(line.startswith("PASS") for line in said.splitlines()) >= 12


def test_every_peer(tmp_path: Path) -> None:
    picture = tmp_path / "picture.svg"
    said, _ = run(
        tmp_path,
        *("--corpus", "peers300", "--scale", "0.1", "--seeds", "1", "--models", "end-64K,sectors-0.1%"),
        *("--svg", str(picture)),
    )
    rows = {line.split()[0]: line.split()[1:] for line in said.splitlines() if line and not line.startswith(" ")}
    for peer in (
        "tar.xz",
        "zip",
        "7z",
        "dar",
        "dar-par2-5%",
        "tarlz",
        "afio",
        "dvdisaster-rs02-10%",
        "dvdisaster-rs03-10%",
    ):
        assert peer in rows, (peer, said)
    assert picture.read_text().startswith("<svg")
