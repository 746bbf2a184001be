"""Two libraries write Deflate, and each reads what the other wrote; an archive tells which of them it was."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

import pybackup
from pybackup.compress import raw_deflate

TEXTS = [
    b"",
    b"a",
    b"line of a log\n" * 70_000,
    random.Random(1).randbytes(70_000),
    " ".join(str(number) for number in range(20_000)).encode(),
]


@pytest.fixture(params=["wheel", "zlib"])
def library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Either library; the wheel must be there wherever the tests run."""
    assert raw_deflate.writer().startswith("libdeflate")
    if request.param == "zlib":
        without_the_wheel(monkeypatch)
    return str(request.param)


def without_the_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(raw_deflate, "deflate", None)


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize("text", TEXTS, ids=len)
def test_zlib_reads_what_either_wrote(library: str, fast: bool, text: bytes) -> None:
    stream = raw_deflate.encode(text, fast=fast)
    assert zlib.decompress(stream, -15) == text
    assert raw_deflate.encode(text, fast=fast) == stream


@pytest.mark.parametrize("text", TEXTS, ids=len)
def test_the_wheel_reads_what_zlib_wrote(text: bytes) -> None:
    encoder = zlib.compressobj(5, zlib.DEFLATED, -15)
    stream = encoder.compress(text) + encoder.flush()
    assert raw_deflate.decode_whole(stream, len(text)) == text


@pytest.mark.parametrize("text", TEXTS[2:], ids=len)
def test_what_is_not_of_its_length_is_left_to_zlib(text: bytes) -> None:
    """Zlib goes in steps, with bounds, and says what is wrong. (What is shorter than this is always stored.)"""
    stream = raw_deflate.encode(text, fast=True)
    assert raw_deflate.decode_whole(stream, len(text)) == text
    assert raw_deflate.decode_whole(stream, len(text) + 1) is None
    assert raw_deflate.decode_whole(stream, len(text) - 1) is None
    assert raw_deflate.decode_whole(stream[:-2], len(text)) is None


@pytest.mark.parametrize("compression", ["fast", "default"])
def test_an_archive_says_which_wrote_it_and_is_read_by_both(
    library: str, compression: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    for number, text in enumerate(TEXTS):
        (tree / f"{number}.txt").write_bytes(text)
        (tree / f"{number}-short.txt").write_bytes(text[:3000])
    archive = tmp_path / "a.xtar"
    pybackup.create([tree], archive, parity="none", workers=1, compression=compression)
    said = pybackup.info(archive).settings["deflate"]
    assert said.startswith("libdeflate" if library == "wheel" else f"zlib {zlib.ZLIB_RUNTIME_VERSION}")
    pybackup.extract(archive, to=tmp_path / "out", workers=1)
    without_the_wheel(monkeypatch)
    pybackup.extract(archive, to=tmp_path / "again", workers=1)
    for name in os.listdir(tree):
        for out in ("out", "again"):
            assert (tmp_path / out / "tree" / name).read_bytes() == (tree / name).read_bytes()


def test_info_shows_it(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    own = [sys.executable, "-m", "pybackup"]
    for level in ("store", "fast"):
        where = [str(tmp_path / "tree"), "-o", str(tmp_path / level), "--compression", level, "--quiet"]
        subprocess.run([*own, "create", *where], check=True)
        shown = subprocess.run([*own, "info", str(tmp_path / level)], capture_output=True, text=True, check=True).stdout
        assert (raw_deflate.writer() in shown) == (level == "fast")
        as_json = subprocess.run(
            [*own, "info", "--json", str(tmp_path / level)], capture_output=True, check=True
        ).stdout
        assert ("deflate" in json.loads(as_json)["settings"]) == (level == "fast")


def test_stock_7zip_reads_it(tmp_path: Path, library: str) -> None:
    """Each member, tested by 7z itself."""
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "a.txt").write_bytes(TEXTS[-1])
    pybackup.create([tree], tmp_path / "a.xtar", parity="none", workers=1, compression="fast")
    pybackup.unpack(tmp_path / "a.xtar", tmp_path / "members")
    (packed,) = (tmp_path / "members").rglob("*.7z")
    program = shutil.which("7z") or shutil.which("7zz")
    assert program
    done = subprocess.run([program, "x", "-so", str(packed), "a.txt"], capture_output=True, check=True)
    assert done.stdout == TEXTS[-1]
