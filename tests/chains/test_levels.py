"""Runs of a chain: the level of each, what it builds on, and what is stored again as its medium is not safe."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from kit.living import Tree
from kit.manifest import differences, manifest

import pybackup
from pybackup.archive.open import open_archive
from pybackup.catalogue.connect import create_catalogue, open_catalogue
from pybackup.catalogue.find import files_of
from pybackup.catalogue.runs import chains, runs
from pybackup.cli.main import main
from pybackup.errors import Damaged, UsageError
from pybackup.jobs.catalogue_add import add
from pybackup.jobs.catalogue_enter import AddOptions
from pybackup.model.filed import filed_of
from pybackup.model.run import RunLevel, RunMark
from pybackup.monitor import Monitor

from .conftest import DAY, FIRST_DAY, Chain


def contents(archive: Path) -> set[bytes]:
    return {stored.entry.path for stored in pybackup.list(archive, monitor=Monitor()) if stored.members}


def test_a_first_run_is_full_and_says_why_and_the_next_builds_on_it(chain: Chain) -> None:
    heard = chain.run()
    assert heard.notes == ["docs: a full run, since the chain has no run yet"]
    chain.tree.write(chain.tree.top / "new", 1000)
    assert chain.run().notes == []
    assert contents(chain.made[1]) == {b"tree/new"}
    first, second = chain.runs()
    assert (first.mark, second.mark) == (
        RunMark("docs", FIRST_DAY * 10**9, RunLevel.FULL, "the chain has no run yet"),
        RunMark("docs", (FIRST_DAY + DAY) * 10**9, RunLevel.INCREMENTAL),
    )
    assert [need.label for need in second.needs] == ["day0.xtar"]
    assert second.needs[0].files == len(contents(chain.made[0]))
    assert second.needs[0].n_bytes == sum(
        stored.entry.size for stored in pybackup.list(chain.made[0], monitor=Monitor()) if stored.members
    )


def test_each_level_stores_what_it_says(chain: Chain) -> None:
    chain.run("full")
    for name in ("a", "b", "c"):
        chain.tree.write(chain.tree.top / name, 1000)
        chain.run("incremental" if name == "b" else "differential")
    assert [contents(path) for path in chain.made[1:]] == [{b"tree/a"}, {b"tree/b"}, {b"tree/a", b"tree/b", b"tree/c"}]
    everything = contents(chain.made[0]) | contents(chain.made[3])
    chain.run("full")
    assert contents(chain.made[4]) == everything
    chain.tree.write(chain.tree.top / "d", 1000)
    chain.run("differential")
    assert contents(chain.made[5]) == {b"tree/d"}
    assert [need.label for need in chain.runs()[5].needs] == ["day4.xtar"]


@pytest.mark.parametrize("state", ["lost", "suspect", "retired"])
def test_auto_is_full_where_something_of_the_chain_is_not_safe(chain: Chain, state: str) -> None:
    chain.run()
    chain.run()
    chain.mark("day0", state)
    told = {"lost": "is lost", "suspect": "is suspect", "retired": "is superseded"}[state]
    assert chain.run().notes == [f"docs: a full run, since day0 {told}"]
    chain.run()
    assert chain.levels() == ["full", "incremental", "full", "incremental"]
    assert [need.label for need in chain.runs()[3].needs] == ["day2.xtar"]


def test_a_level_that_was_asked_for_stores_again_what_is_not_safe(chain: Chain) -> None:
    chain.run()
    chain.tree.write(chain.tree.top / "new", 1000)
    chain.run()
    chain.mark("day1", "lost")
    (chain.tree.top / "new").rename(chain.tree.top / "renamed")
    chain.tree.write(chain.tree.top / "newer", 1000)
    heard = chain.run("incremental")
    assert heard.notes == ["docs: stores again the files of archives that are lost or suspect: day1 is lost"]
    assert contents(chain.made[2]) == {b"tree/renamed", b"tree/newer"}
    chain.made[1].unlink()
    back = chain.base / "back"
    pybackup.extract([chain.made[0], chain.made[2]], to=back, monitor=(heard_of := Monitor()))
    assert heard_of.problems == []
    assert differences(chain.days[2], manifest(back / "tree")) == []


def test_a_level_without_a_run_to_build_on_is_refused(chain: Chain) -> None:
    for level in ("incremental", "differential"):
        with pytest.raises(UsageError, match=r"has no .*run to build on"):
            chain.run(level)
    with pytest.raises(UsageError, match="is none of"):
        chain.run("monthly")
    with pytest.raises(UsageError, match="no name for a chain"):
        chain.run(chain="a/b")
    with pytest.raises(UsageError, match="level applies to runs of a chain, but no chain is named"):
        pybackup.create([chain.tree.top], output=chain.base / "x.xtar", level="incremental")
    assert sorted(os.listdir(chain.base)) == ["catalogue.sqlite", "tree"]


def test_without_a_catalogue_there_is_no_chain(chain: Chain) -> None:
    with pytest.raises(UsageError, match="needs a catalogue, but there is none"):
        pybackup.create([chain.tree.top], output=chain.base / "x.xtar", chain="docs", catalogue="none")


def test_the_run_before_is_asked_for_where_it_is_not_at_hand(chain: Chain) -> None:
    chain.run()
    elsewhere = chain.base / "moved.xtar"
    chain.made[0].rename(elsewhere)
    with pytest.raises(UsageError, match=r"day0, of the run of .*, is needed .* since_archive names where it is"):
        chain.run()
    chain.run(since_archive=[elsewhere])
    assert chain.levels() == ["full", "incremental"]
    other = chain.base / "other.xtar"
    pybackup.create([chain.tree.top], output=other)
    chain.made[-1].unlink()
    with pytest.raises(UsageError, match=r"other\.xtar: not the run of"):
        chain.run(since_archive=[other])


def test_sets_are_runs_and_go_on_after_one_that_was_cut_short(chain: Chain) -> None:
    for number in range(3):
        chain.tree.write(chain.tree.top / f"big{number}", 600_000)
    chain.run(volumes=True)
    chain.tree.write(chain.tree.top / "more1", 700_000)
    chain.tree.write(chain.tree.top / "more2", 700_000)
    chain.run(volumes=True)
    assert [run.is_complete for run in chain.runs()] == [True, True]
    whole = {path.name: path.read_bytes() for path in chain.made[1].iterdir()}
    assert len(whole) == 2
    # The same run once more, of which the last volume was never made; the clock goes on, its time stays.
    again = chain.base / "again.sqlite"
    create_catalogue(os.fspath(again)).close()
    with open_catalogue(os.fspath(again)) as catalogue:
        assert len([*add(catalogue, [os.fsencode(chain.made[0])], AddOptions(), Monitor())]) == 3
    (chain.made[1] / sorted(whole)[-1]).unlink()
    chain.catalogue = os.fspath(again)
    chain.monkeypatch.setenv("SOURCE_DATE_EPOCH", str(FIRST_DAY + 9 * DAY))
    pybackup.create_set(
        [chain.tree.top], volumes=chain.made[1], volume_size=1 << 20, workers=1, segment_size=64 << 10, chain="docs",
        resume=True, catalogue=chain.catalogue,
    )  # fmt: skip
    found = {path.name: path.read_bytes() for path in chain.made[1].iterdir()}
    # What SOURCE_DATE_EPOCH says is in the settings beside the run; all else is the same.
    assert found.keys() == whole.keys()
    assert [run.mark.at_ns for run in chain.runs()] == [FIRST_DAY * 10**9, (FIRST_DAY + DAY) * 10**9]
    assert [run.is_complete for run in chain.runs()] == [True, True]


def test_a_set_that_was_never_begun_can_be_resumed(chain: Chain) -> None:
    chain.run(volumes=True, resume=True)
    assert [run.is_complete for run in chain.runs()] == [True]


def test_a_set_of_which_a_volume_is_not_known_is_not_built_on(chain: Chain) -> None:
    chain.run()
    for number in range(3):
        chain.tree.write(chain.tree.top / f"big{number}", 600_000)
    chain.run(volumes=True)
    other = os.fspath(chain.base / "other.sqlite")
    with create_catalogue(other) as catalogue:
        for path in (chain.made[0], sorted(chain.made[1].iterdir())[0]):
            assert len([*add(catalogue, [os.fsencode(path)], AddOptions(), Monitor())]) == 1
        assert [run.is_complete for run in runs(catalogue, "docs")] == [True, False]
    chain.catalogue = other
    chain.run()
    assert [need.label for need in chain.runs()[-1].needs] == ["day0.xtar"]


def test_a_catalogue_made_anew_from_the_archives_knows_the_chain(chain: Chain) -> None:
    chain.run()
    chain.tree.live(5)
    chain.run()
    before = chain.runs()
    other = os.fspath(chain.base / "other.sqlite")
    with create_catalogue(other) as catalogue:
        for path in reversed(chain.made):
            for _ in add(catalogue, [os.fsencode(path)], AddOptions(), Monitor()):
                pass
        assert chains(catalogue) == ["docs"]
        found = runs(catalogue, "docs")
    assert [(run.mark, run.archive, run.needs, run.location) for run in found] == [
        (run.mark, run.archive, run.needs, run.location) for run in before
    ]


def entered(address: str) -> set[tuple[str, bytes, bytes | None]]:
    """Return all files in a catalogue: label of the volume, path and hash."""
    with open_catalogue(address) as catalogue:
        return {(each.volume.name, each.filed.path, each.filed.sha256) for each in files_of(catalogue)}


def test_the_newest_archive_tells_what_earlier_ones_hold(chain: Chain) -> None:
    """From the archive itself, from CATALOGUE.SQLITE of its disc, and in any order with the others."""
    for day in range(3):
        chain.run()
        (chain.tree.top / "docs/0.bin").rename(chain.tree.top / f"docs/moved-{day}")
        chain.tree.write(chain.tree.top / "docs/0.bin")
    address = {name: os.fspath(chain.base / f"{name}.sqlite") for name in ("alone", "disc", "after", "before")}
    for each in address.values():
        create_catalogue(each).close()

    def catalogue(name: str, verb: str, *paths: Path) -> None:
        assert main(["catalogue", verb, *map(str, paths), "--catalogue", address[name]]) == 0

    catalogue("alone", "rebuild", chain.made[2])
    with open_archive(os.fsencode(chain.made[2]), with_earlier=True, monitor=Monitor()) as opened:
        tree = {each.path for each in filed_of(opened.listing.rows, opened.listing.paths)}
    alone = entered(address["alone"])
    assert {path for _, path, _ in alone} == tree
    assert {name for name, _, _ in alone} == {"day0", "day1", "day2"}
    # On a disc it is in the table that anybody reads.
    assert main(["disc", "build", os.fspath(chain.made[2]), "--to", os.fspath(chain.base), "--catalogue", "none"]) == 0
    unpack = ["7z", "e", "-y", f"-o{chain.base}", os.fspath(chain.base / "day2.iso"), "CATALOGUE.SQLITE"]
    subprocess.run(unpack, check=True, capture_output=True)
    catalogue("disc", "import", chain.base / "CATALOGUE.SQLITE")
    assert entered(address["disc"]) == alone
    with open_catalogue(address["disc"]) as made:
        (run,) = runs(made, chain.name)
    assert (run.mark, run.archive, run.needs) == (chain.runs()[2].mark, chain.runs()[2].archive, chain.runs()[2].needs)
    # What was told in part is whole as soon as it comes itself; told again, it stays so.
    catalogue("before", "rebuild", *chain.made)
    catalogue("after", "rebuild", *reversed(chain.made))
    assert entered(address["before"]) == entered(address["after"]) == entered(chain.catalogue)


def test_a_run_that_is_killed_is_no_run(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    chain.run()
    with monkeypatch.context() as patch:
        patch.setattr("pybackup.make.run.read_contents", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            chain.run()
    assert chain.levels() == ["full"]
    chain.run()
    assert [need.label for need in chain.runs()[-1].needs] == ["day0.xtar"]


def test_the_same_time_gives_the_same_bytes_and_two_chains_do_not_meet(chain: Chain) -> None:
    chain.run()
    chain.run()
    other = Chain(chain.base / "b", chain.tree, os.fspath(chain.base / "b.sqlite"), chain.monkeypatch)
    create_catalogue(other.catalogue).close()
    other.base.mkdir()
    other.run()
    other.run()
    assert [path.read_bytes() for path in other.made] == [path.read_bytes() for path in chain.made]
    other.name, other.days = "photos", []
    shutil.rmtree(other.base)
    other.base.mkdir()
    assert "no run yet" in other.run().notes[0]


def test_the_command_line_makes_runs_and_records_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tree, address = Tree(tmp_path / "tree", 1), os.fspath(tmp_path / "c.sqlite")
    monkeypatch.setenv("PYBACKUP_CATALOGUE", address)
    assert main(["catalogue", "init"]) == 0
    for number in range(2):
        words = ["create", os.fspath(tree.top), "-o", os.fspath(tmp_path / f"{number}.xtar"), "--chain", "docs"]
        assert main([*words, "--workers", "1"]) == 0
        assert ("a full run, since the chain has no run yet" in capsys.readouterr().err) == (number == 0)
        tree.live(2)
    with open_catalogue(address) as catalogue:
        assert [run.mark.level.value for run in runs(catalogue)] == ["full", "incremental"]


GOOD = {"chain": "docs", "at_ns": 1, "level": "full", "reason": ""}


@pytest.mark.parametrize(
    "wrong",
    [
        7,
        {},
        {**GOOD, "chain": ""},
        {**GOOD, "chain": "a/b"},
        {**GOOD, "chain": " docs"},
        {**GOOD, "chain": "x" * 256},
        {**GOOD, "at_ns": "1"},
        {**GOOD, "at_ns": True},
        {**GOOD, "at_ns": 1 << 63},
        {**GOOD, "level": "auto"},
        {**GOOD, "level": []},
        {**GOOD, "reason": None},
        {**GOOD, "reason": "x" * 1001},
    ],
)
def test_settings_that_tell_of_an_impossible_run_are_damage(wrong: object) -> None:
    with pytest.raises(Damaged):
        RunMark.of_settings({"run": wrong})


def test_settings_say_what_the_run_was() -> None:
    mark = RunMark("docs", 5, RunLevel.DIFFERENTIAL, "so")
    assert RunMark.of_settings(mark.settings()) == mark
    assert RunMark.of_settings({"run": GOOD}) == RunMark("docs", 1, RunLevel.FULL)
    assert RunMark.of_settings({}) is None
