"""Images cut off at the end, as left by an interrupted copy: the parity is lost, but files before the cut are whole."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from kit.command import run
from kit.discs import MIB, SECTOR, build
from kit.memory import fast_directory

FILES = 30


@pytest.fixture(scope="module")
def whole() -> Iterator[bytes]:
    """An image with files of 64 KiB in three directories, and a file of 1 MiB, which comes last."""
    with fast_directory() as base:
        for number in range(FILES):
            path = base / f"tree/{number % 3}/{number}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(os.urandom(MIB // 16))
        (base / "tree/z").write_bytes(os.urandom(MIB))
        assert run("create", base / "tree", "-o", base / "a.xtar", "--quiet").returncode == 0
        yield Path(os.fsdecode(build(base / "a.xtar", base / "images").path)).read_bytes()


@pytest.mark.parametrize("start", ["whole", "lost"])
def test_extract_and_verify_know_all_that_is_left(whole: bytes, tmp_path: Path, start: str) -> None:
    """Regression: `extract` looked for members from the image's first byte on: 1 of 599 files came back."""
    image = tmp_path / "cut.iso"
    lost = 0 if start == "whole" else 20 * SECTOR
    image.write_bytes(bytes(lost) + whole[lost : len(whole) * 6 // 10])
    done = run("extract", image, "--to", tmp_path / "out", "--quiet")
    assert done.returncode == 1
    extracted = {path.name for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert run("salvage", image, "--to", tmp_path / "salvaged", "--quiet").returncode == 1
    salvaged = {path.name for path in (tmp_path / "salvaged").rglob("*") if path.is_file()}
    assert extracted == {name for name in salvaged if not name.endswith(".partial")}
    assert len(extracted) > FILES // 3
    told = run("verify", image)
    assert told.returncode == 4
    # Lost are the file that is cut through and later ones that notes name; no index is left that lists more.
    said = re.search(r"(\d+) of (\d+) files lost, or there in part only", told.stdout.decode().splitlines()[0])
    assert said is not None
    lost_files, known = map(int, said.groups())
    assert 1 <= lost_files == known - len(extracted)
    assert b"no archive in it" not in run("repair", image, "-o", tmp_path / "mended").stderr
