"""pybackup salvage, as a process."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from cli_process import lines, parsed, plant, run


@pytest.fixture(scope="module")
def archived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with docs and docs.xtar; not to be changed."""
    root = tmp_path_factory.mktemp("archived")
    plant(root)
    (root / "docs" / "long.zip").write_bytes(random.Random(1).randbytes((1 << 20) + 5000))
    assert run("create", "docs", "--quiet", "--segment-size", "1M", "--parity", "none", cwd=root).returncode == 0
    return root


@pytest.fixture
def damaged(archived: Path, tmp_path: Path) -> Path:
    """The archive with one wrong byte in each: the second segment of long.zip, and the letter."""
    data = bytearray((archived / "docs.xtar").read_bytes())
    content = (archived / "docs" / "long.zip").read_bytes()
    at = data.index(content[1 << 20 :][:100])
    # Two bytes: one would be put right by the checksum of its sector.
    data[at + 50] ^= 1
    data[at + 60] ^= 1
    image = tmp_path / "damaged"
    image.write_bytes(bytes(data))
    return image


def test_an_intact_archive(archived: Path, tmp_path: Path) -> None:
    done = run("salvage", archived / "docs.xtar", "--to", tmp_path / "out")
    assert (done.returncode, done.stdout) == (0, b"")
    assert b"8 files: 8 intact; 1.0 MiB" in done.stderr
    assert (tmp_path / "out/docs/letter.txt").read_bytes() == (archived / "docs/letter.txt").read_bytes()


def test_a_partial_file(archived: Path, damaged: Path, tmp_path: Path) -> None:
    done = run("salvage", damaged, "--to", tmp_path / "out", "--report", tmp_path / "report.json")
    assert done.returncode == 1
    (said,) = lines(done.stdout)
    assert said.startswith("partial: docs/long.zip (1.0 MiB of 1.0 MiB, as docs/long.zip.partial): its content")
    assert "; needed: sector" in said
    assert b"8 files: 7 intact, 1 partial" in done.stderr
    content = (archived / "docs" / "long.zip").read_bytes()
    back = (tmp_path / "out/docs/long.zip.partial").read_bytes()
    report = json.loads((tmp_path / "report.json").read_bytes())
    assert report["counts"] == {"intact": 7, "repaired": 0, "partial": 1, "lost": 0}
    (partial,) = (file for file in report["files"] if file["fate"] != "intact")
    # Nothing is repaired without parity, but the sums of the sectors tell which one is bad.
    (_, low), (high, end) = partial["present"]
    assert (low, end) == (1 << 20, len(content))
    assert 50 < high - low <= 2048
    assert back == content[:low] + bytes(high - low) + content[high:]
    assert len(report["files"]) == 8


def test_partial_files_dropped(damaged: Path, tmp_path: Path) -> None:
    done = run("salvage", damaged, "--to", tmp_path / "out", "--partial", "drop", "--json")
    assert done.returncode == 1
    (partial,) = (file for file in parsed(done)["files"] if file["fate"] != "intact")
    assert (partial["fate"], partial["placed_as"]) == ("partial", None)
    assert not list((tmp_path / "out").rglob("*partial*"))


def test_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / "image").write_bytes(bytes(5000))
    done = run("salvage", tmp_path / "image", "--to", tmp_path / "out")
    assert done.returncode == 4
    assert b"no archive" in done.stderr


def test_a_report_of_no_known_form(archived: Path, tmp_path: Path) -> None:
    done = run("salvage", archived / "docs.xtar", "--to", tmp_path / "out", "--report", tmp_path / "x.txt")
    assert done.returncode == 2
    assert b".json or .html" in done.stderr
    assert not (tmp_path / "out").exists()
