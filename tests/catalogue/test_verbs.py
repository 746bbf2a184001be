"""The verbs of the catalogue, on real archives, images and directories."""

from __future__ import annotations

import hashlib
import json
import os
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import pybackup
from pybackup.archive.find import volumes_in
from pybackup.errors import EnvironmentFailed, UsageError
from pybackup.host.hash_file import hash_file
from pybackup.jobs import catalogue_hash
from pybackup.model.filed import filed_of
from pybackup.model.listing import BriefRows, FoundRows

from .conftest import NewAddress, on_sqlite
from .verbs import TIME, Run, a_set, cat, js, plant


def test_where_is_it(run: Run, tmp_path: Path) -> None:
    plant(tmp_path / "docs")
    run("create", "docs", "-o", "docs.xtar", "--catalogue", "none")
    (line,) = cat(run, "add", "docs.xtar", "--place", "the blue box")
    assert line == "docs: new; 4 files, 11.7 KiB, docs.xtar"
    (line,) = cat(run, "whereis", "letters/1.txt")
    assert line.startswith("docs/letters/1.txt  2.9 KiB  ")
    assert line.endswith("  docs (at the blue box)")
    assert len(cat(run, "whereis", "letters")) == 2
    assert len(cat(run, "whereis", "--like", tmp_path / "docs/photos/a.jpg")) == 1
    assert cat(run, "whereis", "nothing", status=1) == []
    assert [each["path"]["text"] for each in js(run, "find", "*.txt")] == ["docs/letters/1.txt", "docs/letters/2.txt"]
    assert cat(run, "files", "docs") == [
        "docs/letters/1.txt",
        "docs/letters/2.txt",
        "docs/notes.md",
        "docs/photos/a.jpg",
    ]
    assert cat(run, "find", "--max-size", "10", status=1) == []


@on_sqlite
def test_find_by_all_that_is_asked_for(run: Run, tmp_path: Path) -> None:
    docs = plant(tmp_path / "docs")
    (docs / "new.txt").write_bytes(b"new" * 2000)
    cat(run, "add", docs)

    def found(*asked: str | Path, status: int = 0) -> list[str]:
        return sorted(each["path"]["text"] for each in js(run, "find", *asked, status=status))

    digest = hashlib.sha256((docs / "notes.md").read_bytes()).hexdigest()
    assert found("--hash", digest) == found("--like", docs / "notes.md") == ["notes.md"]
    assert found("--since", "2024-01-01") == found("--min-size", "3001") == ["new.txt"]
    assert found("--until", "2024-01-01") == found("--max-size", "3000") == sorted({*found("*")} - {"new.txt"})
    assert found("*.txt", "--max-size", "3000", "--until", "2024-01-01") == ["letters/1.txt", "letters/2.txt"]
    assert found("letters", "--hash", digest, status=1) == []


@on_sqlite
def test_an_archive_is_entered_by_its_index_alone(run: Run, tmp_path: Path) -> None:
    """Its contents are not read: they may be gone."""
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "large").write_bytes(random.Random(1).randbytes(400_000))
    run("create", "tree", "-o", "whole.xtar", "--catalogue", "none")
    data = bytearray((tmp_path / "whole.xtar").read_bytes())
    at = data.index((tree / "large").read_bytes()[5000:5100])
    data[at : at + 300_000] = bytes(300_000)
    (tmp_path / "hollow.xtar").write_bytes(data)
    run("verify", "hollow.xtar", "--catalogue", "none", status=4)
    cat(run, "add", "hollow.xtar")
    (entry,) = js(run, "whereis", "--like", tree / "large")
    assert entry["size"] == 400_000


@on_sqlite
def test_the_list_tells_set_number_size_and_how_full(run: Run, tmp_path: Path) -> None:
    a_set(run, tmp_path)
    second = sorted((tmp_path / "set").glob("*.xtar"))[1]
    cat(run, "add", second, "--label", "the red one", "--place", "attic")
    line = next(line for line in cat(run, "list") if line.startswith("the red one"))
    assert re.fullmatch(
        r"the red one +tree 2 +file +\d files? +[\d.]+ KiB +100 % of [\d.]+ KiB full +ok +never checked +attic", line
    )


@on_sqlite
def test_the_same_content_under_another_name_is_told(run: Run, tmp_path: Path) -> None:
    plant(tmp_path / "docs")
    run("create", "docs", "-o", "docs.xtar")
    (tmp_path / "docs/notes.md").rename(tmp_path / "docs/old notes.md")
    run("create", "docs", "-o", "later.xtar")
    cat(run, "add", "docs.xtar", "later.xtar")
    assert [line.split("  ")[0] for line in cat(run, "whereis", "docs/notes.md")] == [
        "docs/notes.md",
        "docs/old notes.md",
    ]
    assert cat(run, "at-risk") == []


@on_sqlite
def test_the_same_again_and_one_more_copy(run: Run, tmp_path: Path) -> None:
    plant(tmp_path / "docs")
    run("create", "docs", "-o", "docs.xtar", "--catalogue", "none")
    assert "new;" in cat(run, "add", "docs.xtar")[0]
    assert "known already" in cat(run, "add", "docs.xtar")[0]
    (tmp_path / "sub").mkdir()
    shutil.move("docs.xtar", "sub/docs.xtar")
    assert "known already" in cat(run, "add", "sub/docs.xtar")[0]
    shutil.copy("sub/docs.xtar", "docs.xtar")
    assert "a new copy" in cat(run, "add", "docs.xtar")[0]
    assert [each["location"]["text"] for each in js(run, "list")] == [
        str(tmp_path / "sub/docs.xtar"),
        str(tmp_path / "docs.xtar"),
    ]


@on_sqlite
def test_the_last_disc_tells_of_all(run: Run, tmp_path: Path) -> None:
    """A lost catalogue: from the newest disc alone all files of all discs are known."""
    tree = a_set(run, tmp_path)
    volumes = sorted((tmp_path / "set").glob("*.xtar"))
    assert len(volumes) > 3
    (added,) = js(run, "add", volumes[-1])
    assert added["told"] == [f"tree {number}" for number in range(1, len(volumes))]
    expected = {f"tree/{path.relative_to(tree)}" for path in tree.rglob("*") if path.is_file()}
    assert {each["path"]["text"] for each in js(run, "files")} == expected
    alone = js(run, "files")
    assert cat(run, "add", *reversed(volumes)) != []
    assert js(run, "files") == alone
    assert {each["label"] for each in js(run, "list")} == {f"tree {number + 1}" for number in range(len(volumes))}
    assert all(each["seen_ns"] for each in js(run, "list"))


@on_sqlite
def test_what_a_lost_disc_costs(run: Run, tmp_path: Path) -> None:
    tree = a_set(run, tmp_path)
    cat(run, "add", tmp_path / "set")
    (told,) = js(run, "lost", "tree 2", "--dry-run", status=1)
    on_it = {each["path"]["text"] for each in js(run, "files", "tree 2")}
    assert {each["path"]["text"] for each in told["not_elsewhere"]} == on_it
    assert told["counts"]["gone"] == len(on_it)
    assert not told["marked"]
    (told,) = js(run, "lost", "tree 2", "--in", tree)
    assert (told["counts"]["live"], told["counts"]["gone"], told["marked"]) == (len(on_it), 0, True)
    victim = sorted(on_it)[0]
    (tmp_path / victim).write_bytes(b"other content, of another size")
    (told,) = js(run, "lost", "tree 2", "--in", tree, status=1)
    assert [each["path"]["text"] for each in told["not_elsewhere"] if each["outlook"] == "gone"] == [victim]
    cat(run, "found", "tree 2")
    assert cat(run, "found", "tree 2", status=2) == []
    assert {each["state"] for each in js(run, "list")} == {"ok"}


@on_sqlite
def test_a_recovery_volume_makes_up_for_a_lost_disc(run: Run, tmp_path: Path) -> None:
    a_set(run, tmp_path, "--recovery-volumes", "1")
    cat(run, "add", tmp_path / "set")
    (told,) = js(run, "lost", "tree 2")
    assert told["counts"]["gone"] == 0
    assert told["counts"]["rebuildable"] == told["files"] > 0
    assert told["recovery"] == ["tree R1"]
    (told,) = js(run, "lost", "tree 1", status=1)
    assert told["counts"]["rebuildable"] == 0
    run("rebuild", tmp_path / "set", "--to", tmp_path / "rebuilt")


def test_lost_with_a_copy_costs_nothing(run: Run, tmp_path: Path) -> None:
    plant(tmp_path / "docs")
    run("create", "docs", "-o", "docs.xtar")
    cat(run, "add", "docs.xtar", "--label", "one")
    cat(run, "add", "docs.xtar", "--copy", "--label", "two", "--place", "my sister")
    (told,) = js(run, "lost", "one")
    assert told["copies"] == ["two"]
    assert told["not_elsewhere"] == []
    assert len(cat(run, "at-risk", status=1)) == 1


@on_sqlite
def test_images_are_discs_as_well(run: Run, tmp_path: Path) -> None:
    a_set(run, tmp_path)
    run("disc", "build", tmp_path / "set", "--to", tmp_path / "images", "--medium", "2M")
    images = sorted((tmp_path / "images").glob("*.iso"))
    cat(run, "add", *images)
    assert [each["label"] for each in js(run, "list")] == [f"tree {number + 1}" for number in range(len(images))]
    cat(run, "add", tmp_path / "set")
    assert len(js(run, "list")) == 2 * len(images)
    assert cat(run, "at-risk") == []


def test_a_directory_of_files(run: Run, tmp_path: Path) -> None:
    """Backalaika's media: any directory, each file with its hash."""
    drive = plant(tmp_path / "drive")
    (line,) = cat(run, "add", drive, "--label", "photo drive", "--title", "Photos", "--no-hash")
    assert line.startswith("photo drive: new; 4 files")
    assert {each["sha256"] for each in js(run, "files", "photo drive")} == {None}
    (done,) = js(run, "hash", "photo drive")
    assert done["files"] == 4
    assert js(run, "hash", "photo drive")[0]["files"] == 0
    assert len(cat(run, "whereis", "--like", drive / "notes.md")) == 1
    (drive / "notes.md").write_text("changed")
    (drive / "letters/2.txt").unlink()
    (drive / "new").write_text("new")
    (told,) = js(run, "add", drive)
    assert told["changed"] == {"new": 1, "altered": 1, "gone": 1}
    assert all(each["sha256"] for each in js(run, "files", "photo drive"))
    assert len(js(run, "list")) == 1


@on_sqlite
def test_hashing_goes_on_where_it_stopped(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drive = plant(tmp_path / "drive")
    cat(run, "add", drive, "--no-hash")
    hashed: list[bytes] = []

    def hash_two(path: bytes) -> bytes:
        if len(hashed) == 2:
            raise EnvironmentFailed("the drive was pulled out")
        hashed.append(path)
        return hash_file(path)

    with monkeypatch.context() as patch:
        patch.setattr(catalogue_hash, "_BATCH_FILES", 1)
        patch.setattr(catalogue_hash, "hash_file", hash_two)
        cat(run, "hash", "drive", status=5)
    assert len([each for each in js(run, "files", "drive") if each["sha256"]]) == 2
    assert js(run, "hash", "drive")[0]["files"] == 2
    assert all(each["sha256"] for each in js(run, "files", "drive"))


@on_sqlite
def test_hashing_tells_what_changed_or_cannot_be_read(run: Run, tmp_path: Path) -> None:
    drive = plant(tmp_path / "drive")
    cat(run, "add", drive, "--no-hash")
    (drive / "notes.md").write_text("changed")
    (drive / "letters/2.txt").unlink()
    os.mkfifo(drive / "letters/2.txt")
    (done,) = js(run, "hash", "drive", status=1)
    assert (done["files"], {each["trouble"] for each in done["problems"]}) == (2, {"changed", "unreadable"})


def test_what_of_a_live_tree_is_safe(run: Run, tmp_path: Path) -> None:
    docs = plant(tmp_path / "docs")
    run("create", "docs", "-o", "docs.xtar")
    cat(run, "add", "docs.xtar")
    assert cat(run, "check", docs) == []
    assert [each["standing"] for each in js(run, "check", docs, "--all")] == ["safe"] * 4
    assert len(cat(run, "check", docs, "--copies", "2", status=1)) == 4
    (docs / "new.txt").write_text("new")
    (docs / "notes.md").write_text("changed")
    (docs / "photos/a.jpg").rename(docs / "photos/b.jpg")
    assert [(each["path"]["text"], each["standing"]) for each in js(run, "check", docs, status=1)] == [
        ("new.txt", "nowhere"),
        ("notes.md", "changed since"),
        ("photos/b.jpg", "nowhere"),
    ]
    assert [each["path"]["text"] for each in js(run, "check", docs, "--checksum", status=1)] == ["new.txt", "notes.md"]
    cat(run, "lost", "docs", status=1)
    assert len(cat(run, "check", docs, status=1)) == 5


@on_sqlite
def test_a_file_over_two_volumes_is_safe_while_both_are_there(run: Run, tmp_path: Path) -> None:
    tree = a_set(run, tmp_path)
    cat(run, "add", tmp_path / "set")
    film = js(run, "whereis", "film.bin")
    assert len(film) > 1
    assert all(each["segments"] for each in film)
    assert cat(run, "check", tree) == []
    cat(run, "lost", film[0]["media"][0]["label"], status=1)
    assert "film.bin" in {each["path"]["text"] for each in js(run, "check", tree, status=1)}


def test_versions(run: Run, tmp_path: Path) -> None:
    docs = plant(tmp_path / "docs")
    for number in range(3):
        (docs / "notes.md").write_text(f"version {number}")
        os.utime(docs / "notes.md", ns=(TIME, TIME - number * 10**9))
        run("create", "docs", "-o", f"{number}.xtar")
        cat(run, "add", f"{number}.xtar")
    assert [each["media"][0]["label"] for each in js(run, "history", "docs/notes.md")] == ["2", "1", "0"]
    (same,) = js(run, "history", "letters/1.txt")
    assert [each["label"] for each in same["media"]] == ["0", "1", "2"]


@on_sqlite
def test_versions_under_other_names(run: Run, tmp_path: Path) -> None:
    """A file is followed through renames, there and back, by its content, unless that is empty or has many names."""
    docs = plant(tmp_path / "docs")
    (docs / "empty").touch()
    (docs / "other empty").touch()
    for number in range(9):
        (docs / f"licence {number}").write_text("the same everywhere")

    def made(number: int) -> None:
        run("create", "docs", "-o", f"{number}.xtar")

    def versions(path: str) -> list[tuple[str, str]]:
        return [(each["path"]["text"], each["media"][0]["label"]) for each in js(run, "history", path)]

    made(0)
    for number, (old, new) in enumerate([("notes.md", "thoughts.md"), ("thoughts.md", "sub/memoirs.md")], 1):
        (docs / "sub").mkdir(exist_ok=True)
        (docs / old).rename(docs / new)
        made(2 * number - 1)
        (docs / new).write_text(f"version {number}")
        os.utime(docs / new, ns=(TIME, TIME + number * 10**9))
        made(2 * number)
    wanted = [("notes.md", "0"), ("thoughts.md", "1"), ("thoughts.md", "2"), ("sub/memoirs.md", "3")]
    wanted = [(f"docs/{name}", label) for name, label in [*wanted, ("sub/memoirs.md", "4")]]
    for name in ("notes.md", "docs/thoughts.md", "memoirs.md"):
        assert versions(name) == wanted
    assert {path for path, _ in versions("docs/empty")} == {"docs/empty"}
    assert {path for path, _ in versions("licence 3")} == {"docs/licence 3"}


def test_places_and_names(run: Run, tmp_path: Path) -> None:
    plant(tmp_path / "docs")
    run("create", "docs", "-o", "docs.xtar", "--comment", "what I wrote")
    cat(run, "add", "docs.xtar", "--label", "D 1")
    cat(run, "move", "d 1", "attic")
    (known,) = js(run, "list", "--place", "attic")
    assert (known["label"], known["volume"]["description"]) == ("D 1", "what I wrote")
    assert js(run, "list", "--place", "cellar") == []
    told = cat(run, "show", "D 1")
    assert "place:        attic" in told
    assert cat(run, "move", "D 1", " ", status=2) == []
    cat(run, "remove", "--retired", "D 1")
    assert js(run, "list")[0]["state"] == "retired"
    cat(run, "remove", "D 1")
    assert js(run, "list") == js(run, "files") == []
    assert cat(run, "show", "D 1", status=2) == []


def test_what_is_due(run: Run, tmp_path: Path) -> None:
    plant(tmp_path / "docs")
    run("create", "docs", "-o", "docs.xtar")
    cat(run, "add", "docs.xtar")
    assert cat(run, "due", status=1) == ["docs: never checked; place not known"]
    assert len(js(run, "at-risk", "--copies", "1", "--unchecked", "1y", status=1)) == 1


@on_sqlite
def test_what_is_made_is_written_down(run: Run, tmp_path: Path) -> None:
    plant(tmp_path / "docs")
    run("create", "docs", "-o", "docs.xtar")
    (known,) = js(run, "list")
    assert (known["label"], known["type"], known["location"]) == ("docs", "file", {"text": str(tmp_path / "docs.xtar")})
    assert cat(run, "check", "docs") == []
    run("verify", "docs.xtar")
    run("create", "docs", "-o", "other.xtar", "--catalogue", "none")
    (told,) = js(run, "show", "docs")
    assert [(check["verdict"], check["bad_sectors"], check["margin"]) for check in told["checks"]] == [
        ("intact", 0, 1.0)
    ]
    assert cat(run, "due") == []
    assert [each["label"] for each in js(run, "list")] == ["docs"]


@on_sqlite
def test_a_set_is_written_down_from_making_to_checking(run: Run, address: str, tmp_path: Path) -> None:
    """Discs that are not burnt yet are known, but do not count as copies; burnt ones that were read back do."""
    tree = a_set(run, tmp_path, catalogue=address)
    n_volumes = len(js(run, "list"))
    assert n_volumes > 3
    assert {(each["type"], each["seen_ns"]) for each in js(run, "list")} == {("disc", None)}
    assert len(js(run, "at-risk", "--copies", "1", status=1)) == n_volumes
    run("disc", "build", tmp_path / "set", "--to", tmp_path / "images", "--medium", "2M")
    for number, image in enumerate(sorted((tmp_path / "images").glob("*.iso"))):
        run("disc", "burn", image, "--device", f"stdio:{tmp_path}/burnt{number}", "--verify")
    assert len(js(run, "list")) == n_volumes
    assert all(each["checked_ns"] for each in js(run, "list"))
    assert js(run, "at-risk", "--copies", "1", "--unchecked", "1d") == []
    assert cat(run, "check", tree) == []
    run("protect", tmp_path / "set", "--recovery-volumes", "1")
    assert [each["label"] for each in js(run, "list") if each["volume"]["kind"] == "recovery"] == ["tree R1"]


@on_sqlite
def test_what_is_rebuilt_and_built_is_written_down(run: Run, tmp_path: Path) -> None:
    a_set(run, tmp_path, "--recovery-volumes", "1")
    run("disc", "build", next((tmp_path / "set").glob("*-001.xtar")), "--to", "images", "--medium", "2M")
    assert [(each["label"], each["type"]) for each in js(run, "list") if each["seen_ns"] is None] == [
        ("tree 1", "disc")
    ]
    next((tmp_path / "set").glob("*-002.xtar")).unlink()
    run("rebuild", "set", "--to", "rebuilt")
    (second,) = (each for each in js(run, "list") if each["label"] == "tree 2")
    assert second["volume"]["files"] == len(js(run, "files", "tree 2")) > 0


@on_sqlite
def test_a_disc_that_gets_worse(run: Run, tmp_path: Path) -> None:
    plant(tmp_path / "docs")
    run("create", "docs", "-o", "docs.xtar", "--parity", "100%")
    disc = tmp_path / "docs.xtar"
    for number in (0, 1, 2):
        with open(disc, "r+b") as file:
            file.seek(2048 * (2 + number))
            file.write(b"?" * 2048 * bool(number))
        run("disc", "check", disc, status=3 * bool(number))
    (told,) = js(run, "show", "docs")
    bad = [check["bad_sectors"] for check in told["checks"]]
    assert bad == sorted(set(bad))
    assert told["checks"][0]["margin"] > told["checks"][-1]["margin"]
    assert told["state"] == "ok"
    assert cat(run, "due", status=1) == [f"docs: gets worse: {bad[1]} bad sectors, then {bad[2]}; place not known"]
    disc.write_bytes(disc.read_bytes()[: 2048 * 4])
    run("disc", "check", disc, "--medium", "docs", status=4)
    assert js(run, "list")[0]["state"] == "suspect"
    assert len(cat(run, "at-risk", "--copies", "1", status=1)) == 1


@on_sqlite
def test_a_catalogue_that_cannot_be_reached_costs_no_archive(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(tmp_path / "docs")
    for number, address in enumerate(("postgresql://me:s3cret@127.0.0.1:1/x", str(tmp_path / "none/none.sqlite"))):
        monkeypatch.setenv("PYBACKUP_CATALOGUE", address)
        (line,) = run("create", "docs", "-o", f"{number}.xtar", "--json", status=1)
        (problem,) = json.loads(line)["problems"]
        assert problem["trouble"] == "not in the catalogue"
        assert "s3cret" not in problem["reason"]
        run("verify", f"{number}.xtar", "--catalogue", "none")


def test_odd_names_are_shown_safely(run: Run, tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    for name in (b"\x1b[31mred", b"lat\xff", b"new\nline"):
        Path(os.fsdecode(os.fsencode(docs) + b"/" + name)).write_bytes(name)
    cat(run, "add", docs)
    assert cat(run, "files") == ["\\x1b[31mred", "lat\\xff", "new\\nline"]
    assert {json.dumps(each["path"]) for each in js(run, "files")} == {
        '{"text": "\\u001b[31mred"}',
        '{"bytes": "bGF0/w=="}',
        '{"text": "new\\nline"}',
    }


@on_sqlite
def test_what_is_no_archive_is_told(run: Run, tmp_path: Path) -> None:
    (tmp_path / "x.xtar").write_bytes(b"nothing" * 1000)
    assert cat(run, "add", "x.xtar", status=1) == []
    assert cat(run, "add", "none", status=2) == []


def test_without_a_catalogue(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "error", "-m", "pybackup", "catalogue", "list"]
    environment = {**os.environ, "PYBACKUP_CATALOGUE": str(tmp_path / "none.sqlite")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "there is no catalogue; 'pybackup catalogue init' makes one" in done.stderr


def test_no_other_verb_loads_a_database(tmp_path: Path) -> None:
    """SQLAlchemy takes a sixth of a second to load."""
    plant(tmp_path / "docs")
    script = (
        "import sys; from pybackup.cli.main import main; status = main(['create', 'docs']); "
        "sys.exit(status or 100 * any(name.startswith('sqlalchemy') for name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, check=False)
    assert (done.returncode, done.stderr[-500:]) == (0, done.stderr[-500:])


def test_ages() -> None:
    from pybackup.options.values import age

    assert age("90d") == 90 * 86_400 * 10**9
    assert age("2y") == int(2 * 365.25 * 86_400) * 10**9
    assert age("18mo") > age("1y")
    with pytest.raises(UsageError):
        age("soon")


def test_the_quick_way_to_rows_is_the_slow_one(tmp_path: Path) -> None:
    """Rows that know the least about an entry, beside rows that know everything."""
    tree = plant(tmp_path / "tree")
    chance = random.Random(8)
    (tree / "empty").touch()
    (tree / "film").write_bytes(chance.randbytes(600_000))
    with open(tree / "holes", "wb") as file:
        file.truncate(4 << 20)
        file.write(b"end")
    os.link(tree / "notes.md", tree / "twin")
    (tree / "link").symlink_to("notes.md")
    os.setxattr(tree / "photos/a.jpg", "user.mark", b"1")
    pybackup.create(tree, tmp_path / "tree.xtar", segment_size=1 << 16, workers=1)
    pybackup.create_set(tree, tmp_path / "set", 400_000, name="set", workers=1)
    archives = [tmp_path / "tree.xtar", *sorted((tmp_path / "set").glob("*.xtar"))]
    for archive in archives:
        (volume,) = volumes_in(os.fsencode(archive))
        rows, paths = volume.listing.rows, volume.listing.paths
        slow = FoundRows([rows.stored(row, path) for row, path in enumerate(paths)])
        assert isinstance(rows, BriefRows)
        assert not isinstance(slow, BriefRows)
        assert list(filed_of(rows, paths)) == list(filed_of(slow, paths)) != []


def what_is_on(run: Run) -> list[tuple[str, object, object, list[str]]]:
    return sorted(
        (each["path"]["text"], each["sha256"], each["segments"] and each["segments"]["first"], labels_of(each))
        for each in js(run, "files")
    )


def labels_of(found: dict[str, Any]) -> list[str]:
    return sorted(known["label"] for known in found["media"])


@on_sqlite
def test_a_lost_catalogue_comes_back(
    run: Run, new_address: NewAddress, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_set(run, tmp_path, "--recovery-volumes", "1", catalogue=os.environ["PYBACKUP_CATALOGUE"])
    cat(run, "move", "tree 2", "the blue box")
    volumes = sorted((tmp_path / "set").glob("*.xtar"))
    assert cat(run, "export", "all.sqlite")[0].startswith("all.sqlite: ")
    assert cat(run, "export", "all.sqlite", status=2) == []
    before, media = what_is_on(run), js(run, "list")
    for order in (volumes, volumes[::-1], [volumes[2], *volumes, volumes[2]]):
        monkeypatch.setenv("PYBACKUP_CATALOGUE", new_address())
        cat(run, "rebuild", *order)
        cat(run, "rebuild", *order[:2])
        assert what_is_on(run) == before
        assert {each["label"] for each in js(run, "list")} == {each["label"] for each in media}
        assert cat(run, "import", "all.sqlite") == ["all.sqlite: 0 new volumes, 0 new media"]
        assert what_is_on(run) == before
        assert [each["place"] for each in js(run, "list") if each["label"] == "tree 2"] == ["the blue box"]
    cat(run, "export", "all.sqlite", "--overwrite")


@on_sqlite
def test_what_cannot_be_taken_in(run: Run, tmp_path: Path) -> None:
    plant(tmp_path / "docs")
    run("create", "docs", "-o", "docs.xtar", "--catalogue", "none")
    cat(run, "import", "nothing.sqlite", status=2)
    cat(run, "import", "docs.xtar", status=4)
    cat(run, "rebuild", "docs", status=2)
    cat(run, "rebuild", "nothing.xtar", status=2)
    assert cat(run, "list") == []


@on_sqlite
def test_a_repair_is_in_the_history(run: Run, tmp_path: Path) -> None:
    plant(tmp_path / "docs")
    run("create", "docs", "-o", "docs.xtar", "--parity", "100%")
    disc = tmp_path / "docs.xtar"
    data = bytearray(disc.read_bytes())
    data[4096:8192] = bytes(4096)
    disc.write_bytes(data)
    run("repair", disc, "-o", "whole.xtar")
    run("repair", disc, "--in-place")
    (told,) = js(run, "show", "docs")
    checks = [(check["verdict"], check["bad_sectors"]) for check in told["checks"]]
    assert checks == [("repairable", 2), ("repairable", 2), ("intact", 0)]
    assert [each["label"] for each in js(run, "list")] == ["docs"]
    assert told["state"] == "ok"
