"""The command line with a catalogue of its own, and trees to enter in it."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pybackup.cli.main import main

Run = Callable[..., list[str]]
TIME = 1_700_000_000 * 10**9


def commands(address: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command line in this process with a catalogue, assert its status, and return the lines it prints."""
    monkeypatch.setenv("PYBACKUP_CATALOGUE", address)
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str | Path, status: int = 0) -> list[str]:
        capsys.readouterr()
        came = main(list(map(str, arguments)))
        told = capsys.readouterr()
        assert came == status, told
        return told.out.splitlines()

    return call


def cat(run: Run, *arguments: str | Path, status: int = 0) -> list[str]:
    return run("catalogue", *arguments, status=status)


def js(run: Run, *arguments: str | Path, status: int = 0) -> list[dict[str, Any]]:
    return [json.loads(line) for line in cat(run, *arguments, "--json", status=status)]


def plant(top: Path) -> Path:
    chance = random.Random(5)
    for name in ("letters/1.txt", "letters/2.txt", "photos/a.jpg", "notes.md"):
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(chance.randbytes(3000))
        os.utime(path, ns=(TIME, TIME))
    return top


def a_set(run: Run, tmp_path: Path, *more: str, catalogue: str = "none") -> Path:
    """Five volumes of a tree, with a file that is divided over two of them, and one recovery volume."""
    chance = random.Random(6)
    tree = tmp_path / "tree"
    for number in range(12):
        (tree / f"{number % 3}").mkdir(parents=True, exist_ok=True)
        (tree / f"{number % 3}/{number}.bin").write_bytes(chance.randbytes(150_000))
    (tree / "film.bin").write_bytes(chance.randbytes(1_500_000))
    for below, _, names in os.walk(tree):
        for name in names:
            os.utime(Path(below) / name, ns=(TIME, TIME))
    run(
        "create",
        tree,
        "--volumes",
        tmp_path / "set",
        "--volume-size",
        "1M",
        "--workers",
        "1",
        "--catalogue",
        catalogue,
        *more,
    )
    return tree
