"""create --skip-known: files that are safe on catalogued media are not stored again."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

import pybackup
from pybackup.catalogue.connect import create_catalogue
from pybackup.catalogue.counted import CountedCopies, counted
from pybackup.cli.main import main
from pybackup.errors import UsageError
from pybackup.jobs.known_files import SafeFiles
from pybackup.model.catalogued import CataloguedVolume, Medium, MediumState, MediumType, Sighting, VolumeSort
from pybackup.model.entry import Kind
from pybackup.model.filed import Filed
from pybackup.model.source import Excluded, Source
from pybackup.monitor import Monitor
from pybackup.tree.walk import walk

from .conftest import on_sqlite
from .shelf import filed, put, sha
from .verbs import TIME, Run, a_set, cat, plant


def held(run: Run, archive: str | Path) -> set[str]:
    """The files of an archive."""
    rows = [json.loads(line) for line in run("list", archive, "--json")]
    return {row["path"]["text"] for row in rows if row["kind"] in ("file", "hardlink")}


def test_what_is_safe_is_not_stored_again(run: Run, tmp_path: Path) -> None:
    """Backalaika skipped known files for ever; here only media that count as copies do."""
    docs = plant(tmp_path / "docs")
    run("create", docs, "-o", "full.xtar")
    assert held(run, "full.xtar") == {"docs/letters/1.txt", "docs/letters/2.txt", "docs/photos/a.jpg", "docs/notes.md"}
    run("create", docs, "-o", "none.xtar", "--skip-known", "--catalogue", os.environ["PYBACKUP_CATALOGUE"])
    assert held(run, "none.xtar") == set()
    cat(run, "remove", "none")
    (docs / "new.txt").write_text("new")
    (docs / "notes.md").write_text("changed")
    (docs / "photos/a.jpg").rename(docs / "photos/moved.jpg")
    run("create", docs, "-o", "new.xtar", "--skip-known")
    assert held(run, "new.xtar") == {"docs/new.txt", "docs/notes.md"}
    cat(run, "lost", "full", status=1)
    run("create", docs, "-o", "again.xtar", "--skip-known")
    assert held(run, "again.xtar") == {"docs/letters/1.txt", "docs/letters/2.txt", "docs/photos/moved.jpg"}
    cat(run, "found", "full")
    run("create", docs, "-o", "twice.xtar", "--since-catalogue", "--known-copies", "2")
    assert held(run, "twice.xtar") == {"docs/new.txt", "docs/notes.md"}
    cat(run, "remove", "twice")
    run("create", docs, "-o", "checked.xtar", "--skip-known", "--known-unchecked", "1y")
    assert len(held(run, "checked.xtar")) == 5


@on_sqlite
def test_why_is_said(run: Run, tmp_path: Path) -> None:
    docs = plant(tmp_path / "docs")
    run("create", docs, "-o", "full.xtar")
    lines = run("create", docs, "-o", "x.xtar", "--skip-known", "--dry-run", "--verbose")
    assert "exclude  docs/notes.md  (safe on full)" in lines
    assert lines[-1].startswith("x.xtar: would hold 3 entries, 0 files")


@on_sqlite
def test_content_decides_where_it_is_asked_for(run: Run, tmp_path: Path) -> None:
    docs = plant(tmp_path / "docs")
    run("create", docs, "-o", "full.xtar")
    (docs / "notes.md").write_bytes(b"!" * 3000)
    os.utime(docs / "notes.md", ns=(TIME, TIME))
    run("create", docs, "-o", "by-time.xtar", "--skip-known")
    assert held(run, "by-time.xtar") == set()
    cat(run, "remove", "by-time")
    run("create", docs, "-o", "by-hash.xtar", "--skip-known", "--checksum")
    assert held(run, "by-hash.xtar") == {"docs/notes.md"}


@on_sqlite
def test_names_of_one_file_go_together_and_empty_files_always_come(run: Run, tmp_path: Path) -> None:
    docs = plant(tmp_path / "docs")
    (docs / "empty").touch()
    run("create", docs, "-o", "full.xtar")
    os.link(docs / "letters/1.txt", docs / "twin")
    (docs / "fresh").write_text("fresh")
    os.link(docs / "fresh", docs / "other")
    run("create", docs, "-o", "more.xtar", "--skip-known")
    assert held(run, "more.xtar") == {"docs/empty", "docs/fresh", "docs/other"}
    run("verify", "more.xtar", "--deep")


@on_sqlite
def test_a_set_and_media_that_nobody_has_seen(run: Run, tmp_path: Path) -> None:
    """Volumes count as copies only once they are burnt; a file divided over two of them counts where both are."""
    tree = a_set(run, tmp_path, catalogue=os.environ["PYBACKUP_CATALOGUE"])
    size = ("--volume-size", "4M", "--workers", "1", "--catalogue", os.environ["PYBACKUP_CATALOGUE"])
    run("create", tree, "--volumes", tmp_path / "unseen", *size, "--skip-known")
    assert len(held(run, tmp_path / "unseen")) == 13
    cat(run, "add", tmp_path / "set")
    run("create", tree, "--volumes", tmp_path / "seen", *size, "--skip-known")
    assert held(run, tmp_path / "seen") == set()


@on_sqlite
def test_what_does_not_go_together(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(tmp_path / "docs")
    run("create", "docs", "-o", "full.xtar")
    wrong = [
        ["--known-copies", "2"],
        ["--known-unchecked", "2y"],
        ["--skip-known", "--catalogue", "none"],
        ["--skip-known", "--catalogue", str(tmp_path / "nothing.sqlite")],
    ]
    for options in wrong:
        run("create", "docs", "-o", "x.xtar", *options, status=2)
    assert not Path("x.xtar").exists()
    # Nothing can be said of what is safe: unlike writing down, that ends the run.
    monkeypatch.setenv("PYBACKUP_CATALOGUE", "postgresql://me:s3cret@127.0.0.1:1/x")
    assert main(["create", "docs", "-o", "x.xtar", "--skip-known"]) == 5
    assert not Path("x.xtar").exists()


@on_sqlite
def test_from_python(run: Run, tmp_path: Path) -> None:
    plant(tmp_path / "docs")
    run("create", "docs", "-o", "full.xtar")
    address = os.environ["PYBACKUP_CATALOGUE"]
    made = pybackup.create("docs", "x.xtar", skip_known=True, known_copies=1, catalogue=address, workers=1)
    assert made.files == 0
    with pytest.raises(UsageError, match="known_copies"):
        pybackup.create("docs", "y.xtar", known_copies=2)


def test_media_have_paths_from_wherever_they_were_entered(tmp_path: Path) -> None:
    """Paths are without the name of the source; each file that was left out is listed once, with its media."""
    docs = plant(tmp_path / "docs")
    with create_catalogue(str(tmp_path / "c.sqlite")) as catalogue:
        letter = (docs / "letters/1.txt").read_bytes()
        put(catalogue, "drive", [filed("somewhere/letters/1.txt", size=3000, sha256=sha(letter))])
        left_out: list[Excluded] = []
        planned = walk([Source(os.fsencode(docs), b"called/otherwise")], monitor=Monitor())
        kept = [one.entry.path for one in SafeFiles(catalogue).without(planned, left_out.append)]
    assert left_out == [Excluded(b"called/otherwise/letters/1.txt", "safe on drive")]
    assert b"called/otherwise/letters/2.txt" in kept
    assert len(kept) == 6


def test_what_counts_in_a_chain_and_elsewhere() -> None:
    """What is to be replaced never does, in a chain only what one archive holds as a whole."""
    held = CataloguedVolume(1, b"archive", VolumeSort.ARCHIVE, "a", b"", "", 0, False, "", "", 0, 0, 0, 0, 0)
    on = Medium(1, "a", MediumType.FILE, MediumState.OK, "", b"/to/a.xtar", None, 0, 0, 0, held)
    whole = Filed(b"f", Kind.FILE, 3, 0, 0o644, b"h" * 32)
    found = Sighting(whole, held, (on,))
    counts = CountedCopies(b"/to/b.xtar", {b"of the chain"}, only_in_archives=True)
    assert list(counted([found], None)) == list(counted([found], counts)) == [found]
    for other in (
        replace(found, filed=whole._replace(parts=2)),
        replace(found, filed=whole._replace(nested=1)),
        replace(found, filed=whole._replace(sparse=True)),
        replace(found, filed=whole._replace(sha256=None)),
        replace(found, filed=whole._replace(kind=Kind.HARDLINK)),
        replace(found, volume=replace(held, sort=VolumeSort.TREE)),
    ):
        assert list(counted([other], counts)) == []
        assert list(counted([other], CountedCopies(b"/to/b.xtar", set(), only_in_archives=False))) == [other]
    assert counts(replace(found, volume=replace(held, identity=b"of the chain"))) is None
    assert CountedCopies(b"/to/a.xtar", set(), only_in_archives=False)(found) is None
