"""pybackup salvage, as a process."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path

import pytest
from kit.command import lines, parsed, run
from kit.trees import plant_docs


@pytest.fixture(scope="module")
def archived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with docs and docs.xtar, which tests do not change."""
    root = tmp_path_factory.mktemp("archived")
    plant_docs(root)
    (root / "docs" / "long.zip").write_bytes(random.Random(1).randbytes((1 << 20) + 5000))
    assert run("create", "docs", "--quiet", "--segment-size", "1M", "--parity", "none", cwd=root).returncode == 0
    return root


@pytest.fixture
def damaged(archived: Path, tmp_path: Path) -> Path:
    """The archive with one wrong byte in the second segment of long.zip, and one in the letter."""
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
    first, said = lines(done.stdout)
    assert first.startswith("1 file back in part; the rest comes back from another copy, even a damaged one, ")
    assert said.startswith("partial: docs/long.zip (1.0 MiB of 1.0 MiB, as docs/long.zip.partial): its content")
    assert "; needed: sector" in said
    assert b"8 files: 7 intact, 1 partial" in done.stderr
    content = (archived / "docs" / "long.zip").read_bytes()
    back = (tmp_path / "out/docs/long.zip.partial").read_bytes()
    report = json.loads((tmp_path / "report.json").read_bytes())
    assert report["counts"] == {"intact": 7, "repaired": 0, "partial": 1, "unplaced": 0, "lost": 0}
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


def test_a_second_salvage_finds_the_results_of_the_first(damaged: Path, tmp_path: Path) -> None:
    first = run("salvage", damaged, "--to", tmp_path / "out")
    before = {path: path.lstat() for path in (tmp_path / "out").rglob("*")}
    second = run("salvage", damaged, "--to", tmp_path / "out")
    assert b"8 files: 7 intact, 1 partial" in second.stderr
    assert (second.returncode, second.stdout) == (first.returncode, first.stdout)
    after = {path: path.lstat() for path in (tmp_path / "out").rglob("*")}
    assert {path: status.st_ino for path, status in after.items()} == {path: old.st_ino for path, old in before.items()}


@pytest.mark.parametrize("overwrite", ["never", "older"])
def test_what_is_in_place_is_intact(overwrite: str, archived: Path, tmp_path: Path) -> None:
    for _ in range(2):
        done = run("salvage", archived / "docs.xtar", "--to", tmp_path / "out", "--overwrite", overwrite)
        assert (done.returncode, done.stdout) == (0, b"")
        assert b"8 files: 8 intact" in done.stderr


def test_what_is_right_in_its_place_needs_no_other_copy(archived: Path, damaged: Path, tmp_path: Path) -> None:
    assert run("salvage", archived / "docs.xtar", "--to", tmp_path / "out").returncode == 0
    done = run("salvage", damaged, "--to", tmp_path / "out")
    assert (done.returncode, done.stdout) == (0, b"")
    assert not list((tmp_path / "out").rglob("*partial*"))


def test_other_files_are_in_the_way(archived: Path, tmp_path: Path) -> None:
    """Nothing is lost, but not everything could be put in place."""
    (tmp_path / "out/docs/sub").mkdir(parents=True)
    letter = bytearray((archived / "docs/letter.txt").read_bytes())
    letter[-1] ^= 1
    (tmp_path / "out/docs/letter.txt").write_bytes(letter)
    (tmp_path / "out/docs/twin").hardlink_to(tmp_path / "out/docs/letter.txt")
    (tmp_path / "out/docs/long.zip").write_bytes(b"short")
    (tmp_path / "out/docs/sub/b.txt").mkdir()
    (tmp_path / "out/docs/link").symlink_to("elsewhere")
    words = ("salvage", archived / "docs.xtar", "--to", tmp_path / "out")
    done = run(*words, "--report", tmp_path / "report.html", "--json")
    assert done.returncode == 1
    report = parsed(done)
    assert report["counts"] == {"intact": 5, "repaired": 0, "partial": 0, "unplaced": 3, "lost": 0}
    blocked = {file["path"]["text"]: file["reason"] for file in report["files"] if file["fate"] == "unplaced"}
    assert blocked.keys() == {"docs/letter.txt", "docs/long.zip", "docs/sub/b.txt"}
    assert all(reason.startswith("another file is in the way") for reason in blocked.values())
    told = {problem["path"]["text"]: problem["trouble"] for problem in report["problems"]}
    assert told == {**dict.fromkeys(blocked, "exists"), "docs/link": "exists", "docs/twin": "exists"}
    assert (tmp_path / "out/docs/letter.txt").read_bytes() == bytes(letter)
    page = (tmp_path / "report.html").read_text()
    assert "3 of 8 files could not be placed, none is lost" in page
    assert "unplaced: docs/letter.txt: another file is in the way" in run(*words).stdout.decode()


def test_no_links_to_what_is_not_the_archives(archived: Path, tmp_path: Path) -> None:
    """Salvaging does not wait for a FIFO that is in the way of a file."""
    (tmp_path / "out/docs").mkdir(parents=True)
    os.mkfifo(tmp_path / "out/docs/letter.txt")
    done = run("salvage", archived / "docs.xtar", "--to", tmp_path / "out")
    assert done.returncode == 1
    assert b"8 files: 7 intact, 1 unplaced" in done.stderr
    assert not (tmp_path / "out/docs/twin").exists()


def test_what_has_no_name_is_placed_once(archived: Path, tmp_path: Path) -> None:
    data = bytearray((archived / "docs.xtar").read_bytes())
    content = (archived / "docs/long.zip").read_bytes()
    at = data.index(content[:100])
    image = tmp_path / "fragment"
    image.write_bytes(data[at - 32 : at + (1 << 20) + 2048])
    found = []
    for _ in range(2):
        done = run("salvage", image, "--to", tmp_path / "out")
        found.append((done.returncode, done.stdout, sorted((tmp_path / "out").rglob("*"))))
    assert len(found[0][2]) >= 2
    assert found[0] == found[1]
