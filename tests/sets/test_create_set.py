"""Sets as they are made: every volume an archive of its own that fits its medium, the same bytes whatever happens."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest
from kit.archives import extract
from kit.command import run
from kit.manifest import differences, manifest
from kit.sets import FIRST, MIB, TIME, VOLUME, make, volumes
from kit.stock import expand, quiet, script_of
from kit.trees import plant_for_volumes

from pybackup.archive.find import find_volumes
from pybackup.archive.open import open_archive
from pybackup.check.verify import verify
from pybackup.errors import UsageError
from pybackup.mend.health import State
from pybackup.model.problem import Trouble
from pybackup.monitor import Monitor


def test_every_volume_is_an_intact_archive_that_fits(docs: Path) -> None:
    made = volumes(docs)
    assert len(made) > 6
    for path, limit in zip(made, (*FIRST, *[VOLUME] * len(made)), strict=False):
        assert path.stat().st_size <= limit
        heard = Monitor()
        verdict = verify(os.fsencode(path), deep=True, workers=1, monitor=heard)
        assert (verdict.state, verdict.damage, heard.problems) == (State.INTACT, [], [])
        assert verdict.health is not None
        assert verdict.health.geometry.groups
        expand(("tar", "--warning=no-timestamp"), path, docs.parent / f"tar-{path.stem}")


def test_small_files_fill_volumes(tmp_path: Path) -> None:
    for number in range(6000):
        (tmp_path / f"tree/{number % 40}").mkdir(parents=True, exist_ok=True)
        (tmp_path / f"tree/{number % 40}/{number}").write_bytes(os.urandom(number % 1800))
    done = make(tmp_path / "tree", tmp_path / "set", first=(), size=3_000_000)
    assert len(done.volumes) > 2
    for volume in done.volumes[:-1]:
        assert 0.98 < volume.archive_bytes / volume.info.volume_bytes <= 1


def test_the_whole_comes_back(tree: Path, docs: Path, tmp_path: Path) -> None:
    extract(docs, tmp_path / "out")
    assert differences(manifest(tree), manifest(tmp_path / "out/tree")) == []


def test_each_volume_knows_the_structure_of_all_and_the_index_of_those_before(tree: Path, docs: Path) -> None:
    directories = {os.fsencode(path.relative_to(tree.parent)) for path in tree.rglob("*") if path.is_dir()}
    files = {os.fsencode(path.relative_to(tree.parent)) for path in tree.rglob("*") if path.is_file()}
    known = 0
    for path in volumes(docs):
        with open_archive(os.fsencode(path)) as archive:
            listed = set(archive.listing.paths)
            assert directories < listed
            assert known <= len(listed & files)
            known = len(listed & files)
            assert archive.listing.complete == (path == volumes(docs)[-1])
    assert listed >= files


def test_stock_tools_restore_a_set(tree: Path, docs: Path, tmp_path: Path) -> None:
    script = script_of(quiet(["tar", "-xOf", str(volumes(docs)[0]), ".pybackup/README.txt"], cwd=docs).decode())
    lines = script.splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("(cd M "))
    last = next(number for number, line in enumerate(lines) if line.startswith("done")) + 1
    each = [line.replace("../A.xtar", '"$A"') for line in lines[first:last]]
    rest = [line for line in lines[last:] if "A.xtar" not in line]
    whole = [*lines[:first], f"for A in {docs}/*.xtar; do", *each, "done", *rest]
    (tmp_path / "restore.sh").write_text("\n".join(whole) + "\n")
    quiet(["sh", "-e", "restore.sh"], cwd=tmp_path)
    found, wanted = manifest(tmp_path / "OUT/tree"), manifest(tree)
    # Stock tools know whole seconds, and not the true name where another file stood in its way.
    assert {path: fact.content for path, fact in found.items() if b"big" not in path} == {
        path: fact.content for path, fact in wanted.items() if b"big" not in path
    }


def test_any_number_of_workers_gives_the_same_bytes(tree: Path, docs: Path, tmp_path: Path) -> None:
    make(tree, tmp_path, workers=2)
    assert [path.read_bytes() for path in volumes(tmp_path)] == [path.read_bytes() for path in volumes(docs)]


def test_resuming_behind_any_volume_gives_the_same_bytes(tree: Path, docs: Path, tmp_path: Path) -> None:
    whole = [path.read_bytes() for path in volumes(docs)]
    for count in range(len(whole) + 1):
        to = tmp_path / str(count)
        to.mkdir()
        for path in volumes(docs)[:count]:
            (to / path.name).write_bytes(path.read_bytes())
        done = make(tree, to, resume=True)
        assert [volume.was_there for volume in done.volumes] == [number < count for number in range(len(whole))]
        assert [path.read_bytes() for path in volumes(to)] == whole, count


def test_a_run_that_was_killed_leaves_whole_volumes_and_is_resumed(tree: Path, docs: Path, tmp_path: Path) -> None:
    code = f"from kit.sets import make, Path; make(Path({str(tree)!r}), Path({str(tmp_path)!r}))"
    process = subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[1], start_new_session=True)
    deadline = time.monotonic() + 120
    while len(list(tmp_path.glob("*.xtar"))) < 3 or not list(tmp_path.glob(".pybackup-*.tmp")):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.005)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    left = volumes(tmp_path)
    assert len(left) >= 3
    for path in left:
        assert path.read_bytes() == (docs / path.name).read_bytes()
    make(tree, tmp_path, resume=True)
    assert [path.read_bytes() for path in volumes(tmp_path)] == [path.read_bytes() for path in volumes(docs)]
    assert sorted(path.name for path in tmp_path.iterdir()) == [path.name for path in volumes(docs)]


def test_what_changed_since_its_volume_was_written_is_told(tmp_path: Path) -> None:
    tree = plant_for_volumes(tmp_path / "tree")
    make(tree, tmp_path / "set")
    for path in volumes(tmp_path / "set")[2:]:
        path.unlink()
    (tree / "d0/text3").write_bytes(b"another text")
    (tree / "d0/new").write_bytes(b"new")
    (tree / "d7/new").write_bytes(b"new, and in time")
    heard = Monitor()
    make(tree, tmp_path / "set", resume=True, monitor=heard)
    told = {problem.path: problem for problem in heard.problems}
    assert set(told) == {b"tree/d0/text3", b"tree/d0/new"}
    assert all(problem.trouble is Trouble.CHANGED for problem in told.values())
    with open_archive(os.fsencode(tmp_path / "set")) as archive:
        assert archive.listing.complete
        assert b"tree/d7/new" in archive.listing.paths
        assert b"tree/d0/new" not in archive.listing.paths


def test_without_resume_nothing_is_touched(tree: Path, docs: Path) -> None:
    with pytest.raises(UsageError, match="resume continues the set after it"):
        make(tree, docs)


def test_resuming_with_other_options_is_refused(tree: Path, docs: Path) -> None:
    with pytest.raises(UsageError, match="parity 10%"):
        make(tree, docs, parity="20%", resume=True)
    with pytest.raises(UsageError, match="same sizes"):
        make(tree, docs, size=VOLUME + 4096, resume=True)


def test_a_volume_that_is_missing_in_the_middle_is_not_made_again(tree: Path, docs: Path, tmp_path: Path) -> None:
    for path in volumes(docs):
        if "-002" not in path.name:
            (tmp_path / path.name).write_bytes(path.read_bytes())
    with pytest.raises(UsageError, match=r"docs-002\.xtar: is missing"):
        make(tree, tmp_path, resume=True)


def test_volumes_too_small_for_a_segment_are_refused(tree: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="use larger volumes"):
        make(tree, tmp_path / "a", first=(), size=700_000)
    with pytest.raises(UsageError, match="too few"):
        make(tree, tmp_path / "b", first=(), size=2000)
    assert not list(tmp_path.rglob(".pybackup-*.tmp"))


def test_parity_fills_what_is_left(tree: Path, tmp_path: Path) -> None:
    done = make(tree, tmp_path, parity="fill")
    for volume in done.volumes:
        # Guard sectors come in steps: a few sectors may be left.
        assert 0.97 < volume.archive_bytes / volume.info.volume_bytes <= 1
        heard = Monitor()
        assert verify(os.fsencode(volume.path), workers=1, monitor=heard).state is State.INTACT


def test_no_parity_leaves_sums(tree: Path, tmp_path: Path) -> None:
    make(tree, tmp_path, parity="none")
    verdict = verify(os.fsencode(volumes(tmp_path)[0]), workers=1, monitor=Monitor())
    assert verdict.health is not None
    assert verdict.health.geometry.groups == 0


def test_the_command_line_says_which_volumes_there_are(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    for number in range(4):
        (tmp_path / f"tree/{number}").write_bytes(os.urandom(700_000))
    sizes = ("--volume-size", "2M", "--first-volumes", "1M,1200K")
    done = run("create", "tree", "--volumes", "set", *sizes, cwd=tmp_path)
    assert done.returncode == 0
    said = done.stdout.decode()
    assert [line.partition(":")[0] for line in said.splitlines()] == [
        f"set/tree-00{number}.xtar" for number in (1, 2, 3)
    ]
    assert "tree 1, " in said
    assert "% full" in said
    for wrong in (
        ("--volumes", "x"),
        ("--volume-size", "2M"),
        ("--volumes", "x", "--volume-size", "2M", "-o", "a.xtar"),
    ):
        assert run("create", "tree", *wrong, cwd=tmp_path).returncode == 2
    assert run("create", "tree", "--volumes", "x", "--volume-size", "cd7", cwd=tmp_path).returncode == 2


def test_images_and_volumes_are_found_by_content(docs: Path, tmp_path: Path) -> None:
    made = volumes(docs)
    (tmp_path / "odd name").write_bytes(made[1].read_bytes())
    (tmp_path / "disc").mkdir()
    (tmp_path / "disc/ANY.XTAR").write_bytes(made[3].read_bytes())
    (tmp_path / "disc/README.TXT").write_text("no archive")
    image = tmp_path / "third.iso"
    made_by = ["xorriso", "-as", "mkisofs", "-quiet", "-R", "-J", "-o", str(image), str(made[2]), __file__]
    subprocess.run(made_by, check=True, capture_output=True)
    found = find_volumes([os.fsencode(tmp_path / name) for name in ("odd name", "disc", "third.iso")])
    assert [volume.info.number for volume in found.volumes if volume.info] == [2, 4, 3]
    assert found.unclear == []
    assert found.volumes[2].offset > 0
    assert MIB < found.volumes[2].n_bytes == made[2].stat().st_size


def test_packing_tight_takes_later_files_first_and_resumes_to_the_same_bytes(tmp_path: Path) -> None:
    chance = random.Random(8)
    tree = tmp_path / "tree"
    for number in range(120):
        (tree / f"{number % 5}").mkdir(parents=True, exist_ok=True)
        path = tree / f"{number % 5}/{number}.jpg"
        path.write_bytes(chance.randbytes(chance.randrange(1000, 60_000)))
        # How well the times pack decides whether the last file needs a volume of its own.
        os.utime(path, ns=(TIME, TIME))
    sized = partial(make, tree, first=(), size=400_000, parity="none")
    loose = sized(tmp_path / "loose")
    tight = sized(tmp_path / "tight", tight=True)
    assert len(tight.volumes) <= len(loose.volumes)
    assert min(volume.archive_bytes / volume.info.volume_bytes for volume in tight.volumes[:-2]) > 0.95
    assert min(volume.archive_bytes / volume.info.volume_bytes for volume in loose.volumes[:-2]) < 0.92
    extract(tmp_path / "tight", tmp_path / "out")
    assert differences(manifest(tree), manifest(tmp_path / "out/tree")) == []
    whole = [path.read_bytes() for path in volumes(tmp_path / "tight")]
    for count in (1, 4, 8, len(whole) - 1):
        to = tmp_path / f"resumed{count}"
        to.mkdir()
        for path in volumes(tmp_path / "tight")[:count]:
            (to / path.name).write_bytes(path.read_bytes())
        with pytest.raises(UsageError, match="another pack"):
            sized(to, resume=True)
        sized(to, tight=True, resume=True)
        assert [path.read_bytes() for path in volumes(to)] == whole, count


@pytest.mark.parametrize(("name", "member"), [("2!", r"2!\.7z"), ("2", r"\.xtar\.files\.[0-9a-f]{8}\.00000001\.7z")])
def test_a_file_that_waited_goes_into_the_container_that_its_directory_got_meanwhile(
    tmp_path: Path, name: str, member: str
) -> None:
    chance = random.Random(9)
    for path, n_bytes in (("a", 250_000), ("d/1", 150_000), (f"d/{name}", 20_000), ("e", 40_000)):
        (tmp_path / "tree/d").mkdir(parents=True, exist_ok=True)
        (tmp_path / "tree" / path).write_bytes(chance.randbytes(n_bytes))
    sized = partial(make, tmp_path / "tree", first=(), size=400_000, parity="none", tight=True)
    sized(tmp_path / "set")
    one, two = volumes(tmp_path / "set")
    for volume in (one, two):
        expand(("tar", "--warning=no-timestamp"), volume, tmp_path / volume.stem)
    (found,) = set(os.listdir(tmp_path / one.stem / "tree/d")) - {".xtar.index"}
    assert re.fullmatch(member, found)
    assert sorted(os.listdir(tmp_path / two.stem / "tree/d")) == [".xtar.index", "1.7z"]
    (tmp_path / "resumed").mkdir()
    (tmp_path / "resumed" / one.name).write_bytes(one.read_bytes())
    sized(tmp_path / "resumed", resume=True)
    assert (tmp_path / "resumed" / two.name).read_bytes() == two.read_bytes()


def test_a_directory_that_was_listed_before_it_was_opened_keeps_its_name_on_resuming(tmp_path: Path) -> None:
    chance = random.Random(10)
    (tmp_path / "tree/d/same!.7z").mkdir(parents=True)
    # The directory is listed on the first volume while the file waits whose member takes its name on the second.
    for name, n_bytes in (("a", 355_000), ("d/same!", 30_000), ("d/same!.7z/big", 500_000)):
        (tmp_path / "tree" / name).write_bytes(chance.randbytes(n_bytes))
    sized = partial(make, tmp_path / "tree", first=(), size=400_000, parity="none", tight=True, segment_bytes=64 << 10)
    sized(tmp_path / "set")
    one, two, three = volumes(tmp_path / "set")
    (tmp_path / "resumed").mkdir()
    for path in (one, two):
        (tmp_path / "resumed" / path.name).write_bytes(path.read_bytes())
    sized(tmp_path / "resumed", resume=True)
    assert (tmp_path / "resumed" / three.name).read_bytes() == three.read_bytes()
    expand(("tar", "--warning=no-timestamp"), three, tmp_path / "three")
    assert sorted(os.listdir(tmp_path / "three/tree/d")) == [".xtar.index", "same!.7z~1"]


def test_no_room_is_said_and_leaves_nothing_half_made(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    for number in range(5):
        (tmp_path / f"tree/{number}.jpg").write_bytes(os.urandom(400_000))
    sizes = ("--first-volumes", "600K", "--volume-size", "2M")
    create = ("create", "tree", "--volumes", "set", *sizes)
    # As a disk does that is full: no file may be longer than 800 KiB.
    limited = ["sh", "-c", 'ulimit -f 1600; exec "$0" "$@"', sys.executable, "-m", "pybackup", *create]
    done = subprocess.run(limited, cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 5
    assert b"Traceback" not in done.stderr
    assert [path.name for path in (tmp_path / "set").iterdir()] == ["tree-001.xtar"]
    assert run(*create, "--resume", cwd=tmp_path).returncode == 0
    assert len(volumes(tmp_path / "set")) == 2
