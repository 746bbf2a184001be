"""Closing: what is on a disc; burning, verifying and losing it; and a lost stage made again from its discs."""

from __future__ import annotations

import gzip
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import pybackup
from pybackup.catalogue.connect import create_catalogue
from pybackup.catalogue.find import find_path
from pybackup.cli.main import main
from pybackup.disc.plan_build import BuildOptions, BuildPlan, plan_build
from pybackup.errors import UsageError
from pybackup.jobs.catalogue_import import import_catalogue
from pybackup.jobs.stage_close import ClosedDisc
from pybackup.jobs.stage_status import status_of_stage
from pybackup.jobs.stage_verify import StagedFate
from pybackup.model.problem import Trouble
from pybackup.monitor import Monitor
from pybackup.options.stages import StageRequest
from pybackup.stage.state_file import open_state
from pybackup.stage.values import ChangeKind, DiscState

from .making import DAY_NS, Stage, files_below, kinds, rescued, sqlite

AT = 1_700_000_000 * 10**9


@pytest.fixture(scope="module")
def two_discs(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    """A stage with two discs: a file in two versions, one renamed between them, one deleted, one on no disc yet."""
    stage = Stage(tmp_path_factory.mktemp("stage")).init()
    stage.write("music/song.mp3", b"song" * 500)
    stage.write("gone.txt", b"gone" * 50)
    stage.write("changes.txt", b"version 1")
    os.symlink("song.mp3", stage.watched / "music/link")
    (stage.watched / "music").chmod(0o750)
    stage.scan(AT)
    stage.close(AT)
    os.rename(stage.watched / "music/song.mp3", stage.watched / "music/renamed.mp3")
    (stage.watched / "gone.txt").unlink()
    stage.write("changes.txt", b"version two")
    stage.scan(AT + DAY_NS)
    stage.close(AT + DAY_NS)
    stage.write("late.txt", b"late")
    stage.scan(AT + 2 * DAY_NS)
    assert stage.heard.problems == []
    return stage


@pytest.fixture
def stage(two_discs: Stage, tmp_path: Path) -> Stage:
    """A copy of that stage, to be changed; it watches the same directory, whose path is in its state."""
    shutil.copytree(two_discs.base, tmp_path, dirs_exist_ok=True, symlinks=True)
    made = Stage(tmp_path)
    with open_state(os.fsencode(made.staging)) as state:
        settings = state.settings
        state.save(type(settings)(os.fsencode(made.watched), *[getattr(settings, n) for n in settings.__slots__[1:]]))
        state.commit()
    made.scan()  # the copy has other inodes
    return made


def mounted(stage: Stage, number: int, to: Path) -> Path:
    """Copy the files of an image but the archive into a directory, which then looks like a mounted disc."""
    to.mkdir()
    for name in ("README.TXT", "CATALOGUE.SQLITE", "INDEX.TXT.gz"):
        told = subprocess.run(
            ["isoinfo", "-R", "-x", f"/{name}", "-i", stage.image(number)], check=True, capture_output=True
        )
        (to / name).write_bytes(told.stdout)
    return to


def test_a_disc_has_what_came_since_the_one_before(two_discs: Stage, tmp_path: Path) -> None:
    first, second = (rescued(two_discs.image(number), tmp_path / str(number)) for number in (1, 2))
    assert first == {
        "music/song.mp3": b"song" * 500,
        "music/link": b"song.mp3",
        "gone.txt": b"gone" * 50,
        "changes.txt": b"version 1",
    }
    assert second == {"changes.txt": b"version two"}
    assert (tmp_path / "1/music").stat().st_mode & 0o777 == 0o750
    assert [path.name for path in (two_discs.staging / "discs").iterdir()] == ["watched-0003"]
    assert [*(two_discs.staging / "volumes").iterdir()] == []
    assert len([*(two_discs.staging / "labels").glob("*.svg")]) == 4
    assert two_discs.image(2).stat().st_size <= 2 << 20


def test_the_newest_disc_tells_of_all_by_sqlite3_alone(two_discs: Stage, tmp_path: Path) -> None:
    disc = mounted(two_discs, 2, tmp_path / "disc")
    told = (disc / "README.TXT").read_text()
    assert 'This is disc 2, perhaps not the last one, of "watched"' in told
    queries = re.findall(r'^    (sqlite3 CATALOGUE.SQLITE "[^"]*")$', told, re.MULTILINE)
    assert len(queries) == 4

    def ask(query: str) -> list[str]:
        done = subprocess.run(["sh", "-c", query], cwd=disc, check=True, capture_output=True, text=True)
        return done.stdout.splitlines()

    everything = ask(queries[0].replace("'%.jpg'", "'changes.txt'"))
    assert [line for line in everything if line.startswith("watched-")] == [
        "watched-0001|/changes.txt",
        "watched-0002|/changes.txt",
    ]
    assert ask(queries[3].replace("photo.jpg", "renamed.mp3")) == ["watched-0001|music/song.mp3"]
    index = gzip.decompress((disc / "INDEX.TXT.gz").read_bytes()).decode()
    assert [line.split()[0] for line in index.splitlines()[1:]] == ["2", "1", "1", "1", "1"]
    with create_catalogue(str(tmp_path / "catalogue.sqlite")) as catalogue:
        import_catalogue(catalogue, bytes(disc / "CATALOGUE.SQLITE"), Monitor())
        media = {medium.label for each in find_path(catalogue, b"changes.txt") for medium in each.media}
        assert media >= {"watched-0001", "watched-0002"}


def test_the_state_tells_where_each_file_is_by_sqlite3_alone(two_discs: Stage) -> None:
    query = "SELECT path, disc, path_there FROM whereabouts ORDER BY 1, 2"
    assert sqlite(two_discs.staging / "stage.sqlite", query) == [
        "changes.txt|watched-0002|changes.txt",
        "late.txt|watched-0003|late.txt",
        "music/link|watched-0001|music/link",
        "music/renamed.mp3|watched-0001|music/song.mp3",
    ]


def test_status_tells_of_discs_and_what_is_due(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    status = status_of_stage(StageRequest(stage.staging), now_ns=AT)
    assert (status.files, status.open_disc and status.open_disc.files) == (4, 1)
    assert [(each.disc.name, each.disc.state, each.is_due) for each in status.discs] == [
        ("watched-0001", DiscState.BUILT, False),
        ("watched-0002", DiscState.BUILT, False),
    ]
    shutil.copy(stage.image(1), stage.base / "medium")
    assert main(["stage", "verify", str(stage.staging), str(stage.base / "medium")]) == 0
    assert capsys.readouterr().out == f"{stage.base}/medium: watched-0001, 4 files: intact\n"
    later = status_of_stage(StageRequest(stage.staging), now_ns=AT + 4000 * DAY_NS * 365)
    assert [each.is_due for each in later.discs] == [True, False]
    assert main(["stage", "status", str(stage.staging)]) == 0
    said = capsys.readouterr().out
    for words in ("watched-0003: 1 file on no disc yet", "to be burnt  1 image", "watched-0001  burnt"):
        assert words in said


def test_a_lost_disc_is_staged_again_as_far_as_it_is_still_there(stage: Stage, tmp_path: Path) -> None:
    asked = pybackup.plan_stage_lost(stage.staging, "1")
    assert (asked.elsewhere, asked.watched, {each.path for each in asked.gone}) == (0, 2, {b"gone.txt", b"changes.txt"})
    assert kinds(stage.scan()) == {}  # a plan marks nothing
    assert pybackup.stage_lost(stage.staging, "watched-0001") == asked
    assert status_of_stage(StageRequest(stage.staging)).lost_files == 2
    again = dict.fromkeys(("music/renamed.mp3", "music/link"), ChangeKind.AGAIN)
    assert kinds(stage.scan()) == again
    assert kinds(stage.scan()) == {}
    stage.close()
    assert rescued(stage.image(3), tmp_path / "third") == {
        "late.txt": b"late", "music/renamed.mp3": b"song" * 500, "music/link": b"song.mp3",
    }  # fmt: skip
    assert pybackup.plan_stage_lost(stage.staging, "watched-0001").elsewhere == 2
    shutil.copy(stage.image(1), stage.base / "found")
    assert [each.fate for each in pybackup.stage_verify(stage.staging, [stage.base / "found"])] == [StagedFate.INTACT]
    assert status_of_stage(StageRequest(stage.staging)).discs[0].disc.state is DiscState.BURNT
    with pytest.raises(UsageError, match="not closed yet"):
        pybackup.stage_lost(stage.staging, "4")
    with pytest.raises(UsageError, match="no disc of this stage"):
        pybackup.stage_lost(stage.staging, "9")


def test_verify_finds_what_rots(stage: Stage) -> None:
    assert [each.fate for each in pybackup.stage_verify(stage.staging)] == [StagedFate.INTACT] * 3
    (stage.staging / "discs/watched-0003/late.txt").write_bytes(b"LATE")
    with open(stage.image(2), "r+b") as image:
        image.seek(400_000)
        image.write(os.urandom(4096))
    stage.image(1).unlink()
    heard = Monitor()
    found = pybackup.stage_verify(stage.staging, monitor=heard)
    assert [each.fate for each in found] == [StagedFate.MISSING, StagedFate.DAMAGED, StagedFate.DAMAGED]
    assert {each.trouble for each in heard.problems} == {Trouble.MISSING, Trouble.DAMAGED, Trouble.DIFFERENT}
    stage.scan()
    assert files_below(stage.staging / "discs/watched-0003") == {"late.txt": b"late"}
    assert [
        each.fate for each in pybackup.stage_verify(stage.staging, [stage.watched / "late.txt"], monitor=heard)
    ] == [StagedFate.FOREIGN]


def test_what_is_not_as_it_was_staged_is_found_when_the_disc_is_closed(stage: Stage) -> None:
    """After a power failure, the state may be on the disk while the content of a copy is not."""
    path = stage.staging / "discs/watched-0003/late.txt"
    status = path.stat()
    path.write_bytes(b"LOST")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    stage.write("more", b"more")
    stage.scan()
    stage.close()
    assert [(each.path, each.trouble) for each in stage.heard.problems] == [(b"late.txt", Trouble.DIFFERENT)]
    assert kinds(stage.scan()) == {"late.txt": ChangeKind.NEW}
    assert files_below(stage.staging / "discs/watched-0004") == {"late.txt": b"late"}


@pytest.mark.parametrize("form", ["image", "mounted", "packed"])
def test_a_stage_is_made_anew_of_its_newest_disc(stage: Stage, tmp_path: Path, form: str) -> None:
    (stage.staging / "stage.sqlite").unlink()
    disc = stage.image(2)
    if form != "image":
        disc = mounted(stage, 2, tmp_path / "disc")
    if form == "packed":
        subprocess.run(["xz", disc / "CATALOGUE.SQLITE"], check=True)
        (disc / "CATALOGUE.SQLITE.xz").rename(disc / "CATALOGUE.SQLITE.XZ")
    pybackup.stage_init(stage.watched, stage.staging, medium="2M", settle=0, from_disc=[disc])
    # What was staged for the third disc is still there; all else is on discs, and known by its content, but for links.
    assert kinds(stage.scan()) == {
        "music/renamed.mp3": ChangeKind.TOUCHED,
        "changes.txt": ChangeKind.TOUCHED,
        "late.txt": ChangeKind.ALIKE,
        "music/link": ChangeKind.NEW,
    }
    assert kinds(stage.scan()) == {}
    status = status_of_stage(StageRequest(stage.staging))
    assert [(each.disc.name, each.disc.files) for each in status.discs] == [("watched-0001", 4), ("watched-0002", 1)]
    assert status.open_disc is not None
    assert (status.open_disc.name, status.open_disc.files) == ("watched-0003", 2)
    os.rename(stage.watched / "music/renamed.mp3", stage.watched / "again.mp3")
    assert kinds(stage.scan()) == {"again.mp3": ChangeKind.RENAMED}
    with pytest.raises(UsageError, match="no disc with a name like other-0001"):
        pybackup.stage_init(stage.watched, tmp_path / "o", medium="2M", name="other", from_disc=[stage.image(2)])


def test_an_empty_disc_is_not_closed_and_one_that_is_burnt_is_read_back(tmp_path: Path) -> None:
    stage = Stage(tmp_path).init(on_full="burn", device=f"stdio:{tmp_path}/drive")
    with pytest.raises(UsageError, match="has no file yet"):
        stage.close()
    stage.write("f", os.urandom(2000))
    stage.scan()
    (closed,) = stage.close()
    assert isinstance(closed, ClosedDisc)
    assert closed.burnt
    assert (tmp_path / "drive").read_bytes()[: closed.image_bytes] == stage.image(1).read_bytes()
    assert status_of_stage(StageRequest(stage.staging)).discs[0].disc.state is DiscState.BURNT
    # The drive has that disc in it now: the next one waits.
    stage.write("g", os.urandom(2000))
    stage.scan()
    assert not stage.close()[0].burnt
    assert "not burnt" in stage.heard.problems[0].reason
    assert status_of_stage(StageRequest(stage.staging)).discs[1].disc.state is DiscState.BUILT


@pytest.mark.parametrize(
    ("refused", "left_out", "volumes"),
    [
        (1, "what is watched", ["watched-0001|4", "watched-0002|1", "watched-0003|1"]),
        (2, "the files of earlier discs", ["watched-0001|0", "watched-0002|0", "watched-0003|1"]),
    ],
)
def test_a_history_that_is_too_large_is_cut(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: int, left_out: str, volumes: list[str]
) -> None:
    real, count = plan_build, 0

    def refuse(volume: bytes, images: bytes, how: BuildOptions) -> BuildPlan:
        nonlocal count
        count += 1
        if count <= refused:
            raise UsageError("takes more than a twentieth of the disc", option="carry_catalogue")
        return real(volume, images, how)

    monkeypatch.setattr("pybackup.jobs.stage_image.plan_build", refuse)
    stage.close()
    assert [note for note in stage.heard.notes if left_out in note]
    disc = mounted(stage, 3, tmp_path / "disc")
    assert sqlite(disc / "CATALOGUE.SQLITE", "SELECT name, entries FROM volume ORDER BY 1") == volumes


def test_by_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each change is a line, problems are on stderr; the exit status; and the disc is entered in the catalogue."""
    watched, staging, catalogue = tmp_path / "watched", tmp_path / "staging", f"{tmp_path}/catalogue.sqlite"
    watched.mkdir()
    (watched / "a").write_text("one")
    (watched / "b\n").write_text("two")
    assert main(["catalogue", "init", "--catalogue", catalogue]) == 0
    assert main(["stage", "init", str(watched), "--staging", str(staging), "--medium", "2M", "--settle", "0"]) == 0
    capsys.readouterr()
    assert main(["stage", "scan", str(staging)]) == 0
    told = capsys.readouterr()
    assert told.out.splitlines() == ["a: new file", "b\\n: new file"]
    assert "2 files, 2 staged (6 B)" in told.err
    os.rename(watched / "a", watched / "c")
    assert main(["stage", "scan", str(staging)]) == 0
    told = capsys.readouterr()
    assert told.out.splitlines() == ["c: renamed from a, its content is on disc 1"]
    assert main(["stage", "close", str(staging), "--workers", "1", "--catalogue", catalogue]) == 0
    told = capsys.readouterr()
    assert f"watched-0001 is full (2 files, 6 B); to be burnt: pybackup disc burn {staging}/images" in told.err
    assert main(["catalogue", "whereis", "c", "--catalogue", catalogue]) == 0
    assert "watched-0001" in capsys.readouterr().out
    assert main(["stage", "monitor", str(staging), "--quiet"]) == 0
    assert main(["stage", "lost", str(staging), "1"]) == 0
    assert "2 files not elsewhere, but still watched" in capsys.readouterr().out
    assert main(["stage", "scan", str(tmp_path)]) == 2
    assert "no staging directory" in capsys.readouterr().err
