"""Archives that build on earlier ones: what they store, and that the tree of every day can be restored."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Sequence
from itertools import permutations
from pathlib import Path

import pytest
from kit.command import lines, run
from kit.living import SEGMENT, START_NS, Tree
from kit.manifest import Manifest, differences, manifest

import pybackup
from pybackup.archive import find
from pybackup.archive.chain import read_tables
from pybackup.archive.find import FoundFile, look_into, volumes_in
from pybackup.archive.open import open_archive
from pybackup.errors import Damaged, UsageError
from pybackup.make.run import Created
from pybackup.model.earlier import Ancestry, EarlierVolume
from pybackup.model.entry import Kind
from pybackup.model.problem import Trouble
from pybackup.monitor import Monitor
from pybackup.standalone import rescue


def create(tree: Path, output: Path, on: Sequence[Path] = ()) -> Created:
    heard = Monitor()
    made = pybackup.create([tree], output=output, since_archive=on, workers=1, segment_size=SEGMENT, monitor=heard)
    assert heard.problems == []
    return made


def extract(archives: Sequence[Path], to: Path) -> Monitor:
    heard = Monitor()
    pybackup.extract([*archives], to=to, workers=1, monitor=heard)
    return heard


def hashes(top: Path) -> dict[bytes, str]:
    """Return the SHA-256 of every regular file below a directory, by its relative path."""
    files = (path for path in top.rglob("*") if path.is_file() and not path.is_symlink())
    return {os.fsencode(path.relative_to(top)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("level", ["incremental", "differential", "mixed"])
def test_every_day_comes_back(tmp_path: Path, level: str, seed: int) -> None:
    """From the archive of the day and earlier ones, named in any order, every bit comes back."""
    tree = Tree(tmp_path / "tree", seed)
    archives: list[Path] = []
    days: list[Manifest] = []
    for day in range(7):
        on = {"incremental": archives[-1:], "differential": archives[:1], "mixed": archives[-1 - seed % 3 :][:1]}[level]
        archives.append(tmp_path / f"day{day}.xtar")
        create(tree.top, archives[-1], on)
        days.append(manifest(tree.top))
        tree.live(4)
    for day in range(1, len(days)):
        named = archives[: day + 1]
        if level == "differential":
            named = [archives[0], archives[day]]
        random.Random(day).shuffle(named)
        try:
            heard = extract(named, tmp_path / f"out{day}")
        except UsageError:
            # Not all of a mixed chain's archives are on the way to this one.
            assert level == "mixed"
            named = [archives[day], *(path for path in archives[:day] if is_on_the_way(path, archives[day]))]
            heard = extract(named, tmp_path / f"out{day}")
        assert heard.problems == []
        assert differences(days[day], manifest(tmp_path / f"out{day}/tree")) == []


def is_on_the_way(path: Path, to: Path) -> bool:
    with open_archive(os.fsencode(path)) as one, open_archive(os.fsencode(to)) as other:
        said = Ancestry.of_settings(other.listing.settings)
        return said is not None and one.listing.archive_id in {volume.archive_id for volume in said.volumes}


def test_what_is_known_is_stored_nowhere_twice(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "d").mkdir(parents=True)
    (tree / "d/large").write_bytes(os.urandom(1 << 20))
    (tree / "kept").write_bytes(b"kept")
    os.utime(tree / "kept", ns=(START_NS, START_NS))
    create(tree, tmp_path / "1.xtar")
    (tree / "d/large").rename(tree / "elsewhere")
    shutil.copy2(tree / "elsewhere", tree / "d/copy")
    (tree / "kept").chmod(0o600)
    os.link(tree / "kept", tree / "d/linked")
    # Of the same size and time, and other content: no copy of what is known.
    (tree / "other").write_bytes(b"tepk")
    os.utime(tree / "other", ns=(START_NS, START_NS))
    made = create(tree, tmp_path / "2.xtar", [tmp_path / "1.xtar"])
    assert (made.files, made.content_bytes) == (1, 4)
    assert made.archive_bytes < 64 << 10
    assert extract([tmp_path / "2.xtar", tmp_path / "1.xtar"], tmp_path / "out").problems == []
    assert differences(manifest(tree), manifest(tmp_path / "out/tree")) == []
    # Alone it says what it lacks, and gives its own.
    done = run("extract", tmp_path / "2.xtar", "--to", tmp_path / "alone")
    assert done.returncode == 0
    assert b"3 more files of its tree lie in earlier archives: name them as well (1.xtar)" in done.stderr
    assert [path.name for path in (tmp_path / "alone/tree").iterdir() if path.is_file()] == ["other"]
    # Whatever stands there is a tar for others still.
    assert subprocess.run(["tar", "tf", tmp_path / "2.xtar"], check=True, capture_output=True).stderr == b""


def test_the_live_tree_is_compared_with_the_whole_tree_of_the_day(tmp_path: Path) -> None:
    tree = Tree(tmp_path / "tree", 9)
    create(tree.top, tmp_path / "1.xtar")
    tree.live(9)
    create(tree.top, tmp_path / "2.xtar", [tmp_path / "1.xtar"])
    done = run("verify", tmp_path / "2.xtar", "--against", tree.top)
    assert (done.returncode, lines(done.stdout)[-1].endswith(f": 0 differences to {tree.top}")) == (0, True)
    unchanged = next(path for path in tree.files() if path.name.endswith(".bin"))
    unchanged.write_bytes(b"x" * unchanged.stat().st_size)
    done = run("verify", tmp_path / "2.xtar", "--against", tree.top)
    assert done.returncode == 1
    assert any(line.startswith(f"tree/{unchanged.relative_to(tree.top)}: ") for line in lines(done.stdout))


def test_the_whole_tree_is_listed(tmp_path: Path) -> None:
    tree = Tree(tmp_path / "tree", 7)
    create(tree.top, tmp_path / "1.xtar")
    tree.live(9)
    create(tree.top, tmp_path / "2.xtar", [tmp_path / "1.xtar"])
    wanted = sorted(os.path.join(b"tree", path).rstrip(b"/") for path in manifest(tree.top))
    found = run("list", tmp_path / "2.xtar", tmp_path / "1.xtar", "--null").stdout.split(b"\0")[:-1]
    assert sorted(found) == wanted
    # One file of it, from the archive that has it.
    some = next(path for path in tree.files() if path.name.endswith(".bin"))
    name = b"tree/" + os.fsencode(some.relative_to(tree.top))
    done = run("extract", tmp_path / "1.xtar", tmp_path / "2.xtar", name, "--stdout")
    assert (done.returncode, done.stdout) == (0, some.read_bytes())


@pytest.mark.parametrize("gone", [0, 1, 2])
def test_an_archive_that_is_away_costs_what_lay_in_it(tmp_path: Path, gone: int) -> None:
    tree = Tree(tmp_path / "tree", 3)
    archives: list[Path] = []
    held: list[set[str]] = []
    for day in range(4):
        archives.append(tmp_path / f"day{day}.xtar")
        create(tree.top, archives[-1], archives[-2:-1])
        last = hashes(tmp_path)
        # Contents that nothing before has, told from the archive alone.
        extract([archives[-1]], tmp_path / f"alone{day}")
        held.append({*hashes(tmp_path / f"alone{day}").values()} - {each for before in held for each in before})
        tree.live(4)
    last = {path: digest for path, digest in last.items() if path.startswith(b"tree/")}
    heard = extract([path for day, path in enumerate(archives) if day != gone], tmp_path / "out")
    lost = {problem.path: problem.reason for problem in heard.problems if problem.trouble is Trouble.LOST}
    linked = {problem.path for problem in heard.problems if problem.trouble is Trouble.REFUSED}
    assert {*lost} | linked == {path for path, digest in last.items() if digest in held[gone]}
    assert all(f"it is on day{gone}.xtar, which is not here" in reason for reason in lost.values())
    assert hashes(tmp_path / "out") == {path: last[path] for path in {*last} - {*lost} - linked}


def test_damage_in_any_archive_of_a_chain_is_mended(tmp_path: Path) -> None:
    tree = Tree(tmp_path / "tree", 5)
    archives: list[Path] = []
    for day in range(3):
        archives.append(tmp_path / f"day{day}.xtar")
        tree.write(tree.top / f"big{day}", 400_000)
        create(tree.top, archives[-1], archives[-2:-1])
        before = manifest(tree.top)
        if day < 2:
            tree.live(2)
    for path in archives:
        data = bytearray(path.read_bytes())
        data[200_000:204_000] = bytes(4000)
        path.write_bytes(data)
    heard = extract(archives, tmp_path / "out")
    assert heard.problems == []
    assert differences(before, manifest(tmp_path / "out/tree")) == []
    assert sorted(os.listdir(tmp_path)) == ["day0.xtar", "day1.xtar", "day2.xtar", "out", "tree"]


def test_sets_build_on_archives_and_archives_on_sets(tmp_path: Path) -> None:
    tree = Tree(tmp_path / "tree", 11)
    for number in range(4):
        tree.write(tree.top / f"docs/big{number}", 300_000)
    create(tree.top, tmp_path / "1.xtar")
    tree.live(5)
    for number in range(3):
        tree.write(tree.top / f"big{number}", 500_000)
    size, since = 1 << 20, [tmp_path / "1.xtar"]
    pybackup.create_set(
        [tree.top], volumes=tmp_path / "set", volume_size=size, segment_size=SEGMENT, since_archive=since, workers=1
    )
    second = manifest(tree.top)
    made = sorted((tmp_path / "set").iterdir())
    assert len(made) > 1
    tree.live(5)
    create(tree.top, tmp_path / "3.xtar", [tmp_path / "set"])
    third = manifest(tree.top)
    assert extract([tmp_path / "set", tmp_path / "1.xtar"], tmp_path / "out2").problems == []
    assert differences(second, manifest(tmp_path / "out2/tree")) == []
    first, last = tmp_path / "1.xtar", tmp_path / "3.xtar"
    for named in ([last, first, tmp_path / "set"], [first, *made, last]):
        to = tmp_path / f"out3-{len(named)}"
        assert extract(named, to).problems == []
        assert differences(third, manifest(to / "tree")) == []
    # Each volume tells all of it.
    for path in made:
        tables = read_tables(volumes_in(os.fsencode(path)))
        assert sum(kind == Kind.FILE for table in tables for kind in table.rows.kinds) > 5


def test_sets_of_a_chain_are_named_by_their_directories_in_any_order(tmp_path: Path) -> None:
    tree = Tree(tmp_path / "tree", 5)
    for day in range(3):
        since, to = [tmp_path / f"set{earlier}" for earlier in range(day)], tmp_path / f"set{day}"
        pybackup.create_set([tree.top], volumes=to, volume_size=1 << 20, since_archive=since, workers=1)
        tree.write(tree.top / f"new {day}")
    (tree.top / "new 2").unlink()
    for number, order in enumerate(permutations(range(3))):
        back = tmp_path / f"back{number}"
        assert extract([tmp_path / f"set{day}" for day in order], back).problems == []
        assert hashes(back / "tree") == hashes(tree.top)


def test_what_is_unreadable_or_not_mounted_is_not_taken_for_deleted(tmp_path: Path) -> None:
    for name in ("photos", "docs"):
        (tmp_path / name / "below").mkdir(parents=True)
        (tmp_path / name / "below/file").write_bytes(name.encode())
    pybackup.create([tmp_path / "photos", tmp_path / "docs"], output=tmp_path / "1.xtar")
    shutil.rmtree(tmp_path / "photos/below")
    (tmp_path / "docs/below/file").unlink()
    heard = Monitor()
    sources = [tmp_path / "photos", tmp_path / "docs"]
    pybackup.create(sources, output=tmp_path / "2.xtar", since_archive=[tmp_path / "1.xtar"], monitor=heard)
    assert [(problem.path, problem.trouble) for problem in heard.problems] == [(b"photos", Trouble.CHANGED)]
    assert "is empty but had 1 files" in heard.problems[0].reason
    assert extract([tmp_path / "1.xtar", tmp_path / "2.xtar"], tmp_path / "out").problems == []
    assert (tmp_path / "out/photos/below/file").read_bytes() == b"photos"
    # In docs something is left: who deletes a file means it.
    assert sorted(path.name for path in (tmp_path / "out/docs").rglob("*")) == ["below"]


def test_a_directory_below_that_is_not_mounted_any_more_is_a_problem(tmp_path: Path) -> None:
    """A mount point is archived as an empty directory with the time of what is mounted there."""
    tree, mounted = tmp_path / "tree", tmp_path / "tree/mnt/photos"
    (mounted / "deep").mkdir(parents=True)
    (mounted / "deep/film").write_bytes(b"film")
    (mounted / "film 2").write_bytes(b"film 2")
    for name in ("emptied", "never", "left out"):
        (tree / name).mkdir()
    (tree / "emptied/gone").write_bytes(b"gone")
    (tree / "left out/x.tmp").write_bytes(b"x")
    create(tree, tmp_path / "1.xtar")
    times = mounted.stat()
    shutil.rmtree(mounted)
    mounted.mkdir()
    os.utime(mounted, ns=(times.st_mtime_ns, times.st_mtime_ns - 10**9))
    (tree / "emptied/gone").unlink()
    heard = Monitor()
    pybackup.create(
        [tree], output=tmp_path / "2.xtar", since_archive=[tmp_path / "1.xtar"], exclude=["*.tmp"], monitor=heard
    )
    (problem,) = heard.problems
    assert (problem.path, problem.trouble) == (b"tree/mnt/photos", Trouble.CHANGED)
    assert problem.reason == "is empty but had 2 files: is nothing mounted here? They are not taken for deleted"
    assert extract([tmp_path / "1.xtar", tmp_path / "2.xtar"], tmp_path / "out").problems == []
    assert {*hashes(tmp_path / "out/tree")} == {b"mnt/photos/deep/film", b"mnt/photos/film 2"}
    # It stays so in the next run, and is told again.
    again = Monitor()
    pybackup.create([tree], output=tmp_path / "3.xtar", since_archive=[tmp_path / "2.xtar"], monitor=again)
    assert [found.path for found in again.problems] == [b"tree/mnt/photos"]


def test_a_file_that_cannot_be_read_any_more_stays_what_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "file").write_bytes(b"as it was")
    (tree / "other").write_bytes(b"other")
    create(tree, tmp_path / "1.xtar")
    (tree / "file").write_bytes(b"as it is, which nobody can read")
    open_it = os.open

    def refused(path: bytes, *more: int, **named: int) -> int:
        if os.fsencode(path).endswith(b"file"):
            raise PermissionError(13, "Permission denied")
        return open_it(path, *more, **named)

    heard = Monitor()
    with monkeypatch.context() as patch:
        patch.setattr(os, "open", refused)
        pybackup.create(
            [tree], output=tmp_path / "2.xtar", since_archive=[tmp_path / "1.xtar"], workers=1, monitor=heard
        )
    assert [problem.trouble for problem in heard.problems] == [Trouble.UNREADABLE]
    assert extract([tmp_path / "1.xtar", tmp_path / "2.xtar"], tmp_path / "out").problems == []
    assert (tmp_path / "out/tree/file").read_bytes() == b"as it was"


def test_each_volume_that_is_named_is_looked_into_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree = Tree(tmp_path / "tree", 1)
    for number in range(4):
        tree.write(tree.top / f"big{number}", 500_000)
    pybackup.create_set([tree.top], volumes=tmp_path / "set", volume_size=1 << 20, segment_size=SEGMENT, workers=1)
    first, *more = (os.fsencode(path) for path in sorted((tmp_path / "set").iterdir()))
    assert more
    looked: list[bytes] = []

    def counted(path: bytes, *, is_meant: bool = True) -> FoundFile:
        looked.append(path)
        return look_into(path, is_meant=is_meant)

    monkeypatch.setattr(find, "look_into", counted)
    with open_archive(first, more) as opened:
        assert opened.patterns == []
    assert sorted(looked) == sorted([first, *more])


def test_archives_that_are_no_chain_are_refused(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_bytes(name.encode())
        create(tmp_path / name, tmp_path / f"{name}.xtar")
    done = run("extract", tmp_path / "one.xtar", tmp_path / "two.xtar", "--to", tmp_path / "out")
    assert done.returncode == 2
    assert "an archive of its own" in lines(done.stderr)[0]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "said",
    [
        7,
        {},
        {"archives": 7, "files": 1},
        {"archives": [], "files": "many"},
        {"archives": [], "files": True},
        {"archives": [7], "files": 1},
        {"archives": [{"id": "0123456789abcdef"}], "files": 1},
        {"archives": [{"id": "0123", "label": "short"}], "files": 1},
        {"archives": [{"id": "no hexadecimal..", "label": "x"}], "files": 1},
        {"archives": [{"id": "0123456789abcdef", "label": "x" * 1001}], "files": 1},
    ],
)
def test_impossible_settings_are_damage(said: object) -> None:
    with pytest.raises(Damaged):
        Ancestry.of_settings({"builds_on": said})


def test_settings_say_what_they_were_given() -> None:
    told = Ancestry([EarlierVolume(bytes(range(8)), "docs 1"), EarlierVolume(b"\xff" * 8, "old.xtar")], 12)
    assert Ancestry.of_settings({"builds_on": told.settings()}) == told
    assert Ancestry.of_settings({}) is None


@pytest.mark.parametrize("seed", range(4))
def test_the_script_on_every_disc_puts_a_chain_together(tmp_path: Path, seed: int) -> None:
    tree = Tree(tmp_path / "tree", 20 + seed)
    archives: list[Path] = []
    for day in range(4):
        archives.append(tmp_path / f"day{day}.xtar")
        if day == 2:
            archives[-1] = tmp_path / "set"
            since = archives[1:2]
            pybackup.create_set(
                [tree.top], volumes=archives[-1], volume_size=1 << 20, segment_size=SEGMENT, since_archive=since
            )
        else:
            create(tree.top, archives[-1], archives[-2:-1])
        before = manifest(tree.top)
        tree.live(4)
    volumes = sorted((tmp_path / "set").iterdir())
    named = [archives[3], archives[0], *volumes, archives[1]]
    script = [sys.executable, "-I", rescue.__file__]
    done = subprocess.run([*script, "extract", *named, "--to", tmp_path / "out"], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert differences(before, manifest(tmp_path / "out/tree")) == []
    # Without the first archive it says what is lost, and the package the same.
    done = subprocess.run(
        [*script, "extract", archives[3], *volumes, archives[1], "--to", tmp_path / "less"],
        capture_output=True,
        check=False,
    )
    heard = extract([archives[3], tmp_path / "set", archives[1]], tmp_path / "same")
    assert done.returncode == 1
    lost = {problem.path for problem in heard.problems if problem.trouble in (Trouble.LOST, Trouble.REFUSED)}
    told = {line.split(": ")[1].encode() for line in done.stderr.decode().splitlines() if line.startswith("lost: ")}
    assert told == lost
    assert hashes(tmp_path / "less") == hashes(tmp_path / "same")
    # Alone, the last one says that there is more.
    done = subprocess.run([*script, "list", archives[3]], capture_output=True, check=False)
    assert done.returncode == 0
    assert b"name them as well: day0.xtar, day1.xtar, tree 1" in done.stderr
