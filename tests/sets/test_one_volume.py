"""One volume of a set looked at alone, and what lies beside volumes in a directory."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from kit.command import run
from kit.sets import volumes

from pybackup.check.drill import DrillOptions, plan_drill
from pybackup.check.info import info
from pybackup.host import temporaries
from pybackup.jobs.drill import perform_drill
from pybackup.model.problem import Trouble
from pybackup.monitor import Monitor
from pybackup.parity.odds.harm import Model
from pybackup.restore.unpack import unpack
from pybackup.standalone import rescue


def test_info_is_about_that_volume_and_its_set(docs: Path) -> None:
    paths = volumes(docs)
    third = info(os.fsencode(paths[2]))
    assert third.set is not None
    assert third.set.volume is not None
    assert third.archive_bytes == paths[2].stat().st_size
    assert third.written == paths[2].stat().st_mtime
    assert third.complete
    assert third.parity is not None
    assert (third.set.volume.label, third.set.known, third.set.last) == ("docs 3", 3, None)
    assert third.set.missing == "docs 1, docs 2"
    whole = info(os.fsencode(docs))
    assert whole.set is not None
    assert whole.set.volume is None
    assert whole.archive_bytes == sum(path.stat().st_size for path in paths)
    assert (whole.set.known, whole.set.last, whole.set.missing) == (len(paths), len(paths), "")


def test_info_on_the_command_line(docs: Path) -> None:
    paths = volumes(docs)
    done = run("info", paths[-1])
    assert done.returncode == 0
    assert f"docs {len(paths)}, the last of set" in done.stdout.decode()
    said = json.loads(run("info", "--json", docs).stdout)
    assert said["set"]["at_hand"] == [f"docs {number + 1}" for number in range(len(paths))]
    assert said["set"]["volume"] is None


def test_unpacking_gives_what_is_here_and_the_members_of_its_own(docs: Path, tmp_path: Path) -> None:
    heard = Monitor()
    unpack(os.fsencode(docs), os.fsencode(tmp_path / "all"), monitor=heard)
    assert heard.problems == []
    heard = Monitor()
    unpack(os.fsencode(volumes(docs)[3]), os.fsencode(tmp_path / "one"), monitor=heard)
    own = {"README.txt", "structure.tar", "links.tar"}
    assert {path.name for path in (tmp_path / "one/.pybackup").iterdir()} == own
    assert {problem.trouble for problem in heard.problems} == {Trouble.LOST}
    assert any(problem.reason == "it is on docs 3, which is not here" for problem in heard.problems)
    for path in (tmp_path / "one").rglob("*.7z"):
        assert path.read_bytes() == (tmp_path / "all" / path.relative_to(tmp_path / "one")).read_bytes()


def test_drilling_counts_the_files_of_that_volume(docs: Path, tmp_path: Path) -> None:
    path = os.fsencode(volumes(docs)[2])
    options = DrillOptions(models=[Model.DELETE], fraction=0.3, work_dir=os.fsencode(tmp_path), workers=1)
    outcomes = list(perform_drill(plan_drill(path, options, Monitor()), monitor=Monitor()))
    assert [outcome.lost for outcome in outcomes] == [[b"tree/d3/big"]]


def test_half_made_files_are_no_volumes(docs: Path, tmp_path: Path) -> None:
    to = tmp_path / "volumes"
    shutil.copytree(docs, to)
    fd = os.open(to, os.O_RDONLY)
    made = [temporaries.create(fd, lambda free: os.close(temporaries.open_new(free, fd)))[0] for _ in range(2)]
    os.close(fd)
    shutil.copy(volumes(docs)[1], to / os.fsdecode(made[0]))
    (to / os.fsdecode(made[1])).write_bytes(bytes(3000))
    done = run("list", to)
    assert done.returncode == 0
    assert b"once more" not in done.stderr
    command: list[str | Path] = [sys.executable, "-I", rescue.__file__, "verify", to]
    script = subprocess.run(command, capture_output=True, check=False)
    assert (script.returncode, script.stderr) == (0, b"")


def test_a_volume_that_is_called_as_temporary_files_are_is_one(docs: Path, tmp_path: Path) -> None:
    """A name alone says nothing: what was made for another directory, or is called so by somebody, is a file."""
    to = tmp_path / "volumes"
    shutil.copytree(docs, to)
    first = volumes(docs)[0].name
    for name in (".pybackup-0123456789abcdef-0123456789abcdef.tmp", ".pybackup-0123456789abcdef.tmp", ".a.partial"):
        (to / first).rename(to / name)
        assert run("verify", to).returncode == 0
        script = subprocess.run([sys.executable, "-I", rescue.__file__, "list", to], capture_output=True, check=False)
        assert (script.returncode, script.stderr) == (0, b"")
        (to / name).rename(to / first)


def test_the_rescue_script_verifies_a_volume_alone(docs: Path) -> None:
    for path in (volumes(docs)[0], volumes(docs)[3]):
        command: list[str | Path] = [sys.executable, "-I", rescue.__file__, "verify", path]
        done = subprocess.run(command, capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, b"")


def test_the_structure_of_one_volume_is_that_of_the_whole_set(tree: Path, docs: Path, tmp_path: Path) -> None:
    """It was restored in whole, and the status said that something was lost."""
    paths = volumes(docs)
    for number in (0, 3):
        to = tmp_path / f"to {number}"
        done = run("structure", "restore", paths[number], "--to", to)
        assert (done.returncode, b"0 problems" in done.stderr) == (0, True)
        assert b"each volume has the structure of the whole set" in done.stderr
        named = {
            path.relative_to(tree.parent) for path in (tree, *tree.rglob("*")) if path.is_symlink() or path.is_dir()
        }
        assert {path.relative_to(to) for path in to.rglob("*")} == named


def test_a_damaged_structure_of_one_volume_is_told_unless_another_has_it(docs: Path, tmp_path: Path) -> None:
    first, second = volumes(docs)[:2]
    data = bytearray(first.read_bytes())
    header = data.index(b"tree/d6/sym\0", data.index(b".pybackup/structure.tar\0"))
    data[header] ^= 1
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "one").write_bytes(data)
    done = run("structure", "restore", tmp_path / "set" / "one", "--to", tmp_path / "alone")
    assert done.returncode == 1
    assert b"lost" in done.stderr
    shutil.copy(second, tmp_path / "set" / "two")
    done = run("structure", "restore", tmp_path / "set", "--to", tmp_path / "both")
    assert (done.returncode, b"0 problems" in done.stderr) == (0, True)
    assert os.readlink(tmp_path / "both/tree/d6/sym") == "../d0"


def test_no_less_than_nothing_is_missing_where_the_tree_index_is_lost(docs: Path, tmp_path: Path) -> None:
    """Each volume has the directories of the whole set, more than entries of its own: "-1,376 entries"."""
    data = volumes(docs)[-1].read_bytes()
    hurt = tmp_path / "hurt.xtar"
    hurt.write_bytes(data[: data.rindex(b".pybackup/set\0")])
    done = run("verify", hurt)
    assert done.returncode == 4
    assert b"lost: nothing is left that says how many entries there were; some may be missing" in done.stdout
    assert b"-" not in done.stdout.split(b"lost:")[1]
    said = run("list", hurt).stderr.decode()
    assert "some of which are of others; some may be missing" in said
