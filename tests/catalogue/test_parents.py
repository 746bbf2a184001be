"""What this program's two predecessors promised, and what they got wrong: each sentence with commands that show it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from .verbs import Run, a_set, cat, js, plant


@pytest.fixture
def address(sqlite_address: str) -> str:
    """On SQLite alone, as the verbs themselves are tested on each database."""
    return sqlite_address


def labels(run: Run, *arguments: str | Path, status: int = 0) -> list[list[str]]:
    return [[each["label"] for each in found["media"]] for found in js(run, *arguments, status=status)]


# Backalaika


def test_media_with_title_description_and_files_with_hashes(run: Run, tmp_path: Path) -> None:
    """A database of media and of the files on them, with their hashes."""
    cat(run, "add", plant(tmp_path / "drive"), "--title", "Photos", "--description", "of 2009", "--place", "attic")
    (medium,) = js(run, "list")
    assert (medium["volume"]["title"], medium["volume"]["description"]) == ("Photos", "of 2009")
    assert medium["place"] == "attic"
    assert all(len(each["sha256"]) == 64 for each in js(run, "files", "drive"))


def test_all_files_there_are(run: Run, tmp_path: Path) -> None:
    """-f '' lists all files of all media; with a name, those of one."""
    cat(run, "add", plant(tmp_path / "one"))
    cat(run, "add", plant(tmp_path / "two"))
    assert len(js(run, "files")) == len(js(run, "files", "one")) + len(js(run, "files", "two")) == 8


def test_known_files_are_skipped_while_they_are_safe(run: Run, tmp_path: Path) -> None:
    """Files whose hash is known are not stored again. The predecessor skipped them for ever, even lost ones."""
    docs = plant(tmp_path / "docs")
    run("create", docs, "-o", "1.xtar")
    assert "0 files" in run("create", docs, "-o", "2.xtar", "--skip-known", "--dry-run")[-1]
    cat(run, "lost", "1", status=1)
    assert "4 files" in run("create", docs, "-o", "2.xtar", "--skip-known", "--dry-run")[-1]


def test_the_three_questions_are_options(run: Run, tmp_path: Path) -> None:
    """The predecessor asked whether to skip known files, for a minimum date, and for a comment."""
    docs = plant(tmp_path / "docs")
    (docs / "new").write_text("new")
    three = ["--skip-known", "--since", "2024-01-01", "--comment", "after the flood"]
    run("create", docs, "-o", "1.xtar", *three)
    (known,) = js(run, "list")
    assert (known["volume"]["files"], known["volume"]["description"]) == (1, "after the flood")
    assert js(run, "files")[0]["path"] == {"text": "docs/new"}


def test_archives_on_media_are_looked_into(run: Run, tmp_path: Path) -> None:
    """Files in archives on a medium are files of the medium, as if the archives were directories."""
    docs = plant(tmp_path / "drive/docs")
    subprocess.run(["zip", "-qr", "../old.zip", "letters"], cwd=docs, check=True)
    cat(run, "add", tmp_path / "drive")
    paths = {each["path"]["text"] for each in js(run, "whereis", "--like", docs / "letters/1.txt")}
    assert paths == {"docs/letters/1.txt", "old.zip/letters/1.txt"}


# dBackup


def test_each_disc_has_its_database(run: Run, tmp_path: Path) -> None:
    """A SQLite file is on every disc: with nothing but sqlite3 one finds a file, on other discs too."""
    a_set(run, tmp_path)
    run("disc", "build", tmp_path / "set", "--to", tmp_path / "discs", "--catalogue", "none")
    last = sorted((tmp_path / "discs").glob("*.iso"))[-1]
    subprocess.run(
        ["7z", "e", "-y", "-o.", str(last), "CATALOGUE.SQLITE"], cwd=tmp_path, check=True, capture_output=True
    )
    query = (
        "SELECT volume.name FROM entry JOIN volume ON volume.id = entry.volume_id WHERE entry.name = '3.bin' LIMIT 1"
    )
    asked = ["sqlite3", str(tmp_path / "CATALOGUE.SQLITE"), query]
    assert subprocess.run(asked, check=True, capture_output=True, text=True).stdout.startswith("tree ")


def test_what_a_lost_disc_costs_is_told_before_and_after(run: Run, tmp_path: Path) -> None:
    """A disc is marked as lost: what is still in the watched directory, what is on other discs, and what is gone."""
    docs = plant(tmp_path / "docs")
    run("create", docs, "-o", "disc 1.xtar")
    run("create", docs / "letters", "-o", "disc 2.xtar")
    (docs / "photos/a.jpg").unlink()
    for command in (["--dry-run"], []):
        (told,) = js(run, "lost", "disc 1", "--in", docs, *command, status=1)
        counts = {name: told["counts"][name] for name in ("elsewhere", "live", "gone")}
        assert counts == {"elsewhere": 2, "live": 1, "gone": 1}
        assert told["marked"] is not bool(command)
    assert labels(run, "whereis", "photos/a.jpg") == [["disc 1"]]
    assert js(run, "whereis", "photos/a.jpg")[0]["media"][0]["state"] == "lost"
    cat(run, "found", "disc 1")
    assert {each["state"] for each in js(run, "list")} == {"ok"}


def test_names_are_on_the_discs_not_in_the_database_alone(run: Run, tmp_path: Path) -> None:
    """The predecessor numbered files and had names only in its database; here each disc has them itself."""
    run("create", plant(tmp_path / "docs"), "-o", "1.xtar")
    for part in tmp_path.glob("catalogue*"):
        part.unlink()
    assert "docs/letters/1.txt" in "\n".join(run("list", "1.xtar"))


def test_a_rename_is_no_loss(run: Run, tmp_path: Path) -> None:
    """The predecessor took a renamed file for a lost one; here its content decides, and nothing is stored again."""
    docs = plant(tmp_path / "docs")
    run("create", docs, "-o", "1.xtar")
    (docs / "notes.md").rename(docs / "thoughts.md")
    assert cat(run, "check", docs, "--checksum") == []
    assert "0 files" in run("create", docs, "-o", "2.xtar", "--skip-known", "--dry-run")[-1]


def test_content_that_changed_under_its_time_is_seen(run: Run, tmp_path: Path) -> None:
    """The predecessor compared size and time alone; --checksum also finds changes that keep both."""
    docs = plant(tmp_path / "docs")
    run("create", docs, "-o", "1.xtar")
    before = os.stat(docs / "notes.md")
    (docs / "notes.md").write_bytes(b"!" * before.st_size)
    os.utime(docs / "notes.md", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert cat(run, "check", docs) == []
    assert cat(run, "check", docs, "--checksum", status=1) == ["changed since: notes.md, on 1"]
    assert "1 file " in run("create", docs, "-o", "2.xtar", "--skip-known", "--checksum", "--dry-run")[-1]


def test_one_copy_is_known_to_be_one(run: Run, tmp_path: Path) -> None:
    """The predecessor kept one copy of each file; here files with too few copies, or in too few places, are named."""
    docs = plant(tmp_path / "docs")
    run("create", docs, "-o", "1.xtar")
    assert js(run, "at-risk", "--copies", "2", status=1)
    cat(run, "add", "1.xtar", "--copy", "--label", "again", "--place", "my sister")
    assert js(run, "at-risk", "--copies", "2") == []
    assert cat(run, "check", docs, "--copies", "2") == []
