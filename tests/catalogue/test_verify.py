"""catalogue verify: media, and directories, by the hashes that the catalogue has."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from pybackup.catalogue.connect import Catalogue, create_catalogue
from pybackup.catalogue.media import media
from pybackup.jobs.catalogue_compare import VerifiedByCatalogue, judge_file
from pybackup.jobs.catalogue_verify import compare_directory
from pybackup.monitor import Monitor

from .shelf import filed, put, sha
from .verbs import TIME, Run, a_set, cat, js, plant


@pytest.fixture
def address(sqlite_address: str) -> str:
    """On SQLite alone, as the queries themselves are tested elsewhere."""
    return sqlite_address


def differences(run: Run, *arguments: str | Path, status: int = 0) -> dict[str, str]:
    (told,) = js(run, "verify", *arguments, status=status)
    return {each["path"]["text"]: each["kind"] for each in told["differences"]}


def rot(path: Path) -> None:
    """Change a file's content but not its size and time, as a failing disk does."""
    status = path.stat()
    path.write_bytes(bytes([path.read_bytes()[0] ^ 1]) + path.read_bytes()[1:])
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def test_a_drive_whose_files_rot(run: Run, tmp_path: Path) -> None:
    drive = plant(tmp_path / "drive")
    cat(run, "add", drive)
    assert cat(run, "verify", "drive") == ["drive: intact: 4 files, 11.7 KiB as in the catalogue, 0 differences"]
    assert js(run, "list")[0]["checked_ns"]
    (drive / "letters/2.txt").write_text("written since")
    (drive / "photos/a.jpg").unlink()
    assert differences(run, "drive", status=1) == {"letters/2.txt": "changed", "photos/a.jpg": "missing"}
    assert js(run, "list")[0]["state"] == "ok"
    rot(drive / "notes.md")
    assert differences(run, "drive", status=4)["notes.md"] == "content"
    (told,) = js(run, "show", "drive")
    assert (told["state"], [each["verdict"] for each in told["checks"]]) == ("suspect", ["intact", "intact", "beyond"])


def test_what_was_not_hashed_is_no_proof(run: Run, tmp_path: Path) -> None:
    cat(run, "add", plant(tmp_path / "drive"), "--no-hash")
    (told,) = js(run, "verify", "drive")
    assert (told["files"], told["unknown"]) == (0, 4)


def test_an_archive_and_its_index_against_the_catalogue(run: Run, tmp_path: Path) -> None:
    docs = plant(tmp_path / "docs")
    run("create", docs, "-o", "docs.xtar")
    assert cat(run, "verify", "docs") == ["docs: intact: 4 files, 11.7 KiB as in the catalogue, 0 differences"]
    (docs / "notes.md").write_text("other")
    run("create", docs, "-o", "other.xtar", "--catalogue", "none")
    cat(run, "verify", "docs", "--at", "other.xtar", status=2)
    data = bytearray(Path("docs.xtar").read_bytes())
    data[8192 : 8192 + 2048] = bytes(2048)
    Path("docs.xtar").write_bytes(data)
    assert js(run, "verify", "docs", status=3)[0]["state"] == "repairable"
    assert js(run, "show", "docs")[0]["checks"][-1]["verdict"] == "repairable"


def test_an_image_that_is_not_ours(run: Run, tmp_path: Path) -> None:
    """The disc in the drive is read as an image is."""
    drive = plant(tmp_path / "old")
    subprocess.run(["genisoimage", "-quiet", "-R", "-o", "old.iso", "old"], cwd=tmp_path, check=True)
    cat(run, "add", "old.iso")
    assert js(run, "verify", "old")[0]["files"] == 4
    rot(drive / "notes.md")
    (drive / "letters/1.txt").unlink()
    subprocess.run(["genisoimage", "-quiet", "-R", "-o", "old.iso", "old"], cwd=tmp_path, check=True)
    assert differences(run, "old", status=4) == {"notes.md": "content", "letters/1.txt": "missing"}


def test_a_directory_against_what_discs_hold(run: Run, tmp_path: Path) -> None:
    """Restored files are verified without any disc; a file that is divided over two of them is one file."""
    tree = a_set(run, tmp_path, catalogue=os.environ["PYBACKUP_CATALOGUE"])
    labels = [each["label"] for each in js(run, "list")]
    (told,) = js(run, "verify", *labels, "--against", tree)
    assert (told["files"], told["state"], told["differences"]) == (13, None, [])
    run("extract", tmp_path / "set", "--to", "out")
    assert js(run, "verify", *labels, "--against", "out")[0]["files"] == 13
    rot(tmp_path / "out/tree/film.bin")
    (tmp_path / "out/tree/0/0.bin").unlink()
    (tmp_path / "out/tree/1/1.bin").write_text("short")
    (tmp_path / "out/tree/2/2.bin").unlink()
    (tmp_path / "out/tree/2/2.bin").mkdir()
    os.utime(tmp_path / "out/tree/1/4.bin", ns=(TIME, TIME + 5))
    assert differences(run, *labels, "--against", "out", status=1) == {
        "tree/film.bin": "content",
        "tree/0/0.bin": "missing",
        "tree/1/1.bin": "size",
        "tree/2/2.bin": "unreadable",
    }
    assert {each["state"] for each in js(run, "list")} == {"ok"}


def test_what_is_not_said(run: Run, tmp_path: Path) -> None:
    drive = plant(tmp_path / "drive")
    cat(run, "add", drive)
    cat(run, "verify", "drive", "other", status=2)
    cat(run, "verify", "drive", "drive", status=2)
    cat(run, "verify", "drive", "--at", drive, "--against", drive, status=2)
    cat(run, "verify", "drive", "--at", "gone", status=2)
    a_set(run, tmp_path, catalogue=os.environ["PYBACKUP_CATALOGUE"])
    cat(run, "verify", "tree 1", status=2)
    assert js(run, "show", "tree 1")[0]["checks"] == []


@pytest.mark.parametrize(
    ("size", "mtime_ns", "content", "on_medium", "in_a_directory"),
    [
        (3, TIME, "abc", None, None),
        (3, TIME + 1, "abc", None, None),
        (4, TIME, "abcd", "changed", "size"),
        (3, TIME, "abd", "content", "content"),
        (3, TIME + 1, "abd", "changed", "content"),
    ],
)
def test_what_a_file_is_now(
    size: int, mtime_ns: int, content: str, on_medium: str | None, in_a_directory: str | None
) -> None:
    for is_medium, expected in ((True, on_medium), (False, in_a_directory)):
        done, heard = VerifiedByCatalogue(), Monitor()
        judge_file(filed("a", "abc"), size, mtime_ns, sha(content), done, heard, is_medium=is_medium)
        assert done.differences == ([(b"a", expected)] if expected else [])
        assert (done.files, len(heard.problems)) == ((0, 1) if expected else (1, 0))


def test_a_directory_is_what_lies_at_the_top_or_the_only_one_there(tmp_path: Path) -> None:
    plant(tmp_path / "docs")
    with create_catalogue(str(tmp_path / "c.sqlite")) as catalogue:
        rows = [filed("docs/" + name, size=3000, sha256=None) for name in ("letters/1.txt", "notes.md")]
        put(catalogue, "docs", rows)
        for directory in (tmp_path, tmp_path / "docs"):
            done = compared(catalogue, directory)
            assert (done.unknown, done.differences) == (2, [])
        done = compared(catalogue, tmp_path / "docs/letters")
        assert [how for _, how in done.differences] == ["missing", "missing"]


def compared(catalogue: Catalogue, directory: Path) -> VerifiedByCatalogue:
    return compare_directory(catalogue, media(catalogue), os.fsencode(directory), Monitor())
