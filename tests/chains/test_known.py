"""Content that the catalogue knows in an archive outside of a chain: left out of a run, and yet part of its tree."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from kit.living import SEGMENT
from kit.manifest import differences, manifest

import pybackup
from pybackup.archive.by_hash import looked_up
from pybackup.archive.chain import read_tables
from pybackup.archive.find import look_into
from pybackup.catalogue.connect import create_catalogue, open_catalogue
from pybackup.catalogue.find import find
from pybackup.catalogue.health import add_health
from pybackup.catalogue.media import find_medium
from pybackup.cli.main import main
from pybackup.model.catalogued import MediumCheck, Wanted
from pybackup.model.member import Member
from pybackup.model.problem import Trouble
from pybackup.monitor import Monitor
from pybackup.standalone import rescue

from .conftest import Chain, restore


@pytest.fixture
def other(chain: Chain) -> Path:
    """An archive of no chain: of some files of the tree, under other names, one of them of several segments."""
    elsewhere = chain.base / "elsewhere"
    elsewhere.mkdir()
    for name in ("1.bin", "2.bin", "deep/large.bin"):
        shutil.copy2(chain.tree.top / "docs" / name, elsewhere / f"other {Path(name).name}")
    return archived(chain, elsewhere, "other.xtar")


def archived(chain: Chain, source: Path, name: str, **more: Any) -> Path:
    made = chain.base / name
    pybackup.create(source, made, workers=1, segment_size=SEGMENT, catalogue=chain.catalogue, **more)
    assert main(["catalogue", "add", str(made), "--quiet"]) == 0
    return made


def run(chain: Chain, **more: Any) -> set[str]:
    """Make a run that skips what is known, and return the paths of the files that it stores."""
    chain.run(skip_known=True, **more)
    return {os.fsdecode(each.entry.path) for each in pybackup.list(chain.made[-1]) if each.members}


KNOWN = {"tree/docs/1.bin", "tree/docs/2.bin", "tree/docs/deep/large.bin"}


def test_known_content_is_left_out_and_every_file_of_the_tree_is_told_of(chain: Chain, other: Path) -> None:
    os.link(chain.tree.top / "docs/1.bin", chain.tree.top / "docs/another name")
    first = run(chain)
    assert first.isdisjoint(KNOWN)
    assert first >= {"tree/docs/0.bin", "tree/docs/3.bin"}
    for archives in ([chain.made[0], other], [other, chain.made[0]]):
        to = chain.base / f"back{archives.index(other)}"
        assert pybackup.extract(archives, to=to, workers=1).unplaced == 0
        assert differences(chain.days[0], manifest(to / "tree")) == []
    listed = {each.entry.path for each in pybackup.list(chain.name, at=chain.at(9), catalogue=chain.catalogue)}
    assert {os.fsencode(path) for path in KNOWN} <= listed
    # The next run asks again, and so do all behind it; what a run has stored itself is as in any chain.
    chain.tree.touch(chain.tree.top / "docs/2.bin")
    chain.tree.write(chain.tree.top / "docs/1.bin", 700)
    (chain.tree.top / "docs/deep/large.bin").rename(chain.tree.top / "moved")
    assert run(chain) == {"tree/docs/1.bin"}
    assert run(chain) == set()
    assert chain.levels() == ["full", "incremental", "incremental"]
    for day, wanted in enumerate(chain.days):
        _, heard = restore(chain, chain.base / f"day {day}", at=chain.at(day))
        assert heard.problems == []
        assert differences(wanted, manifest(chain.base / f"day {day}/tree")) == []
    # Without being asked to, a run stores what it knows by its hash alone.
    chain.run()
    stored = {each.entry.path for each in pybackup.list(chain.made[-1]) if each.members}
    assert stored == {b"tree/docs/2.bin", b"tree/moved"}


def test_what_is_away_is_named_and_taken_from_there_when_given(chain: Chain, other: Path) -> None:
    run(chain)
    away = other.rename(chain.base / "away")
    done, heard = restore(chain, chain.base / "back")
    assert {os.fsdecode(problem.path) for problem in heard.problems} == KNOWN
    assert {problem.reason for problem in heard.problems} == {"it is on other, which is not here"}
    assert [(each.label, each.state, each.needed.files) for each in done.media] == [
        ("day0", "at hand", 5),
        ("other", "ok", 3),
    ]
    pybackup.extract([chain.made[0], away], to=chain.base / "given", workers=1)
    assert differences(chain.days[0], manifest(chain.base / "given/tree")) == []


@pytest.mark.parametrize("state", ["suspect", "lost", "retired"])
def test_a_copy_on_a_medium_that_is_not_safe_does_not_count(chain: Chain, other: Path, state: str) -> None:
    run(chain)
    chain.mark("other", state)
    assert run(chain) == KNOWN
    # It is no reason for a full run: the chain itself is as it was.
    assert chain.levels() == ["full", "incremental"]
    other.unlink()
    _, heard = restore(chain, chain.base / "back")
    assert heard.problems == []


def test_how_many_copies_and_how_lately_checked(chain: Chain, other: Path) -> None:
    assert run(chain, known_copies=2) >= KNOWN
    again = chain.base / "again.xtar"
    shutil.copy(other, again)
    assert main(["catalogue", "add", str(again), "--copy"]) == 0
    assert run(chain, level="full", known_copies=2).isdisjoint(KNOWN)
    assert run(chain, level="full", known_unchecked="1y") >= KNOWN
    with open_catalogue(chain.catalogue) as catalogue:
        add_health(catalogue, find_medium(catalogue, "again").id, MediumCheck(2_000_000_000 * 10**9, "intact"))
    assert run(chain, level="full", known_unchecked="1y").isdisjoint(KNOWN)


def test_a_full_run_stands_without_the_earlier_runs_of_its_chain(chain: Chain) -> None:
    run(chain)
    assert run(chain, level="full") == {os.fsdecode(each.entry.path) for each in pybackup.list(chain.made[0])
                                        if each.members}  # fmt: skip
    assert pybackup.info(chain.made[1]).settings.get("builds_on") is None


def test_what_is_replaced_is_no_copy(chain: Chain, other: Path) -> None:
    made = archived(chain, chain.tree.top, "other.xtar", skip_known=True, overwrite=True)
    assert made == other
    assert {os.fsdecode(each.entry.path) for each in pybackup.list(made) if each.members} >= KNOWN


def test_only_what_archives_hold_as_a_whole_counts_in_a_chain(chain: Chain, other: Path) -> None:
    """A directory, a deeper archive or a volume with a part of a file cannot be named for all of a content."""
    assert main(["catalogue", "add", str(chain.tree.top)]) == 0
    other.unlink()
    with open_catalogue(chain.catalogue) as catalogue:
        assert find(catalogue, Wanted(b"*0.bin"))
    assert run(chain) >= {"tree/docs/0.bin", "tree/docs/3.bin"}


def test_volumes_of_sets_hold_and_leave_out(chain: Chain) -> None:
    (chain.base / "source").mkdir()
    for number in range(4):
        chain.tree.write(chain.base / f"source/{number}", 400_000)
        shutil.copy2(chain.base / f"source/{number}", chain.tree.top / f"copy{number}")
    volumes = chain.base / "volumes"
    pybackup.create_set(chain.base / "source", volumes=volumes, volume_size=1 << 20, workers=1, segment_size=1 << 20,
                        catalogue=chain.catalogue)  # fmt: skip
    assert main(["catalogue", "add", str(volumes)]) == 0
    stored = run(chain, volumes=True)
    assert "tree/docs/0.bin" in stored
    assert not any("copy" in path for path in stored)
    assert pybackup.extract([chain.made[0], volumes], to=chain.base / "back", workers=1).unplaced == 0
    assert differences(chain.days[0], manifest(chain.base / "back/tree")) == []


def test_damage_to_a_known_archive_is_mended_and_a_wrong_one_is_found_out(chain: Chain, other: Path) -> None:
    run(chain)
    data = bytearray(other.read_bytes())
    data[100_000:104_000] = bytes(4000)
    other.write_bytes(data)
    assert restore(chain, chain.base / "back")[1].problems == []
    assert differences(chain.days[0], manifest(chain.base / "back/tree")) == []
    # The id of an archive comes of names, sizes and times: one with another content can have the same.
    for path in (chain.base / "elsewhere").iterdir():
        status = path.stat()
        path.write_bytes(b"?" * status.st_size)
        os.utime(path, ns=(status.st_mtime_ns,) * 2)
    chain.monkeypatch.delenv("SOURCE_DATE_EPOCH")
    wrong = archived(chain, chain.base / "elsewhere", "wrong.xtar")
    assert look_into(os.fsencode(wrong)).volumes[0].listing.archive_id in chain.runs()[0].needs[0]
    other.unlink()
    heard = Monitor()
    pybackup.extract([chain.made[0], wrong], to=chain.base / "bad", workers=1, monitor=heard)
    assert {os.fsdecode(problem.path) for problem in heard.problems} == KNOWN
    assert {problem.trouble for problem in heard.problems} == {Trouble.LOST}
    assert "known by the hash of its content" in heard.problems[0].reason


def test_other_readers_know_it_too(chain: Chain, other: Path) -> None:
    run(chain)
    script = os.path.abspath(rescue.__file__)
    for files, status in (([other], 0), ([], 1)):
        to = chain.base / f"rescued{status}"
        command: list[str | Path] = [sys.executable, "-I", script, "extract", chain.made[0], *files, "--to", to]
        subprocess.run(command, check=False, capture_output=True)
        assert bool(differences(chain.days[0], manifest(to / "tree"))) is bool(status)
    pybackup.chain_merge(chain.made[0], chain.base / "merged.xtar", more=[other], workers=1)
    pybackup.extract(chain.base / "merged.xtar", to=chain.base / "merged", workers=1)
    assert differences(chain.days[0], manifest(chain.base / "merged/tree")) == []
    assert not list(pybackup.diff(chain.made[0], chain.tree.top))


def test_a_catalogue_made_anew_from_the_run_knows_where_it_is(chain: Chain, other: Path) -> None:
    run(chain)
    anew = os.fspath(chain.base / "anew.sqlite")
    create_catalogue(anew).close()
    assert main(["catalogue", "rebuild", str(chain.made[0]), "--catalogue", anew]) == 0
    with open_catalogue(anew) as catalogue:
        (found,) = find(catalogue, Wanted(b"*large.bin"))
    assert found.volume.name == "other"
    # Nobody has seen that archive, so it is no copy to count on.
    chain.catalogue = anew
    assert run(chain, level="full") >= KNOWN


def test_an_unread_file_stays_what_it_was(chain: Chain, other: Path) -> None:
    """Nor does a directory that is not mounted take with it what is known by its hash."""
    run(chain)
    shutil.move(chain.tree.top / "docs/deep", chain.base / "unmounted")
    (chain.tree.top / "docs/deep").mkdir()
    os.utime(chain.tree.top / "docs/deep", ns=(0, 0))
    heard = chain.run(skip_known=True)
    assert "is nothing mounted here" in heard.problems[0].reason
    paths = {each.entry.path for each in pybackup.list(chain.name, at=chain.at(9), catalogue=chain.catalogue)}
    assert b"tree/docs/deep/large.bin" in paths
    restore(chain, chain.base / "back")
    assert (chain.base / "back/tree/docs/deep/large.bin").stat().st_size == 3 * SEGMENT + 17


def test_a_tree_that_lives_comes_back_each_day(chain: Chain) -> None:
    """Archives of no chain come meanwhile, and their media become suspect and sound again."""
    for day in range(7):
        if day % 2:
            archived(chain, chain.tree.top, f"beside{day}.xtar", skip_known=day % 3 == 0)
            chain.tree.live(2)
        run(chain, level="full" if day == 4 else None)
        if day == 3:
            chain.mark("beside1", "suspect")
        chain.tree.live(3)
    for day, wanted in enumerate(chain.days):
        _, heard = restore(chain, chain.base / f"back{day}", at=chain.at(day))
        assert heard.problems == []
        assert differences(wanted, manifest(chain.base / f"back{day}/tree")) == []


def test_a_member_without_a_stream_is_known_by_its_hash(chain: Chain, other: Path) -> None:
    """FORMAT 26. To whoever knows nothing of it, it is a stored member whose sizes differ: lost, and nothing else."""
    run(chain)
    (volume,) = look_into(os.fsencode(chain.made[0])).volumes
    (table,) = read_tables([volume])
    found = [stored for row, path in enumerate(table.paths) if (stored := table.rows.stored(row, path)).members]
    assert {os.fsdecode(stored.entry.path) for stored in found} == KNOWN
    for stored in found:
        assert stored.members == (Member.by_hash(stored.entry.size, stored.digest),)
    (there,) = look_into(os.fsencode(other)).volumes
    rows = looked_up(table.rows, there.listing)
    assert {len(rows.stored(row, path).members) for row, path in enumerate(table.paths)} == {0, 1, 4}
    settings = json.dumps(pybackup.info(chain.made[0]).settings["builds_on"])
    assert json.loads(settings) == {"archives": [{"id": there.listing.archive_id.hex(), "label": "other"}], "files": 3}
