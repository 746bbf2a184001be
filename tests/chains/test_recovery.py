"""Lost content of an earlier archive comes back by that archive's recovery volumes, copies and parity."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from kit.manifest import differences, manifest
from kit.terminal import at_terminal

import pybackup
from pybackup.cli.main import main
from pybackup.errors import PybackupError
from pybackup.monitor import Monitor

from .conftest import Chain

Restored = tuple[list[Any], list[str]]


def restored(chain: Chain, named: Any, to: Path, **more: Any) -> Restored:
    heard = Monitor()
    done = pybackup.restore_chain(named, to=to, workers=1, monitor=heard, catalogue=chain.catalogue, **more)
    return heard.problems, list(done.extracted.worn)


@pytest.fixture
def on_a_set(chain: Chain) -> Chain:
    """A full run of three volumes and a recovery volume, and two runs that are archives."""
    for number in range(4):
        chain.tree.write(chain.tree.top / f"big{number}", 450_000)
    chain.run(volumes=True, recovery_volumes=1, parity="2%")
    for number in range(2):
        chain.tree.write(chain.tree.top / f"new{number}", 3000)
        chain.run()
    return chain


@pytest.mark.parametrize(("named", "harm"), [("chain", "lost"), ("archives", "torn"), ("archives", "its index too")])
def test_a_recovery_volume_of_an_earlier_set_brings_a_volume_back(on_a_set: Chain, named: str, harm: str) -> None:
    chain, volume = on_a_set, sorted(on_a_set.made[0].iterdir())[0]
    whole = volume.read_bytes()
    if harm == "lost":
        volume.unlink()
    else:
        at = 0 if harm == "its index too" else len(whole) // 3
        end = len(whole) if harm == "its index too" else len(whole) * 2 // 3
        volume.write_bytes(whole[:at] + bytes(end - at) + whole[end:])
    before = {path: path.stat().st_mtime_ns for path in chain.made[0].iterdir()}
    what: Any = chain.name if named == "chain" else [*chain.made[::-1]]
    problems, worn = restored(chain, what, chain.base / "back")
    assert problems == []
    assert worn == ["tree 1"]
    assert differences(chain.days[-1], manifest(chain.base / "back/tree")) == []
    # Nothing that was given is written, and nothing is left beside the target.
    assert {path: path.stat().st_mtime_ns for path in chain.made[0].iterdir()} == before
    assert sorted(os.listdir(chain.base)) == ["back", "catalogue.sqlite", "day1.xtar", "day2.xtar", "set0", "tree"]


def test_one_volume_more_than_there_are_recovery_volumes_costs_what_lies_on_them(on_a_set: Chain) -> None:
    chain = on_a_set
    for volume in sorted(chain.made[0].iterdir())[:2]:
        volume.unlink()
    problems, _ = restored(chain, chain.name, chain.base / "back")
    lost = {problem.path.removeprefix(b"tree/") for problem in problems}
    assert lost
    # Each is named with the volume that would help; a link, with what it leads to.
    assert {problem.reason.partition(",")[0] for problem in problems} == {
        "it is on tree 1",
        "it is on tree 2",
        "what it links to was not restored: tree/docs/0.bin",
    }
    found = manifest(chain.base / "back/tree")
    assert {path for path in chain.days[-1] if path not in found} == lost


def test_the_last_run_may_be_a_set_that_lost_a_volume_too(chain: Chain) -> None:
    for day in range(2):
        for number in range(4):
            chain.tree.write(chain.tree.top / f"big{day}{number}", 450_000)
        chain.run(volumes=True, recovery_volumes=1, parity="2%")
    for made in chain.made:
        sorted(made.iterdir())[0].unlink()
    problems, worn = restored(chain, chain.name, chain.base / "back")
    assert (problems, worn) == ([], ["tree 1"])
    assert differences(chain.days[-1], manifest(chain.base / "back/tree")) == []


def test_two_damaged_copies_of_an_earlier_archive_are_one_whole(chain: Chain) -> None:
    chain.tree.write(chain.tree.top / "big", 400_000)
    chain.run()
    chain.run()
    whole = chain.made[0].read_bytes()
    other = chain.base / "copy.xtar"
    third = len(whole) // 3
    other.write_bytes(whole[:third] + bytes(third // 2) + whole[third + third // 2 :])
    chain.made[0].write_bytes(whole[: 2 * third] + bytes(third // 2) + whole[2 * third + third // 2 :])
    problems, _ = restored(chain, [chain.made[1], chain.made[0], other], chain.base / "back")
    assert problems == []
    assert differences(chain.days[-1], manifest(chain.base / "back/tree")) == []


def test_a_last_archive_of_which_the_index_is_lost_is_mended_before_it_is_opened(chain: Chain) -> None:
    """What is left of the archive lists files, but none of those in earlier archives."""
    chain.tree.write(chain.tree.top / "big", 300_000)
    chain.run()
    chain.tree.write(chain.tree.top / "new", 3000)
    chain.run(parity="60%")
    whole = chain.made[1].read_bytes()
    eighth = len(whole) // 8
    for number, (start, end) in enumerate([(0, 2 * eighth), (eighth, 3 * eighth)]):
        chain.made[1].write_bytes(whole[:start] + bytes(end - start) + whole[end:])
        for what in (chain.name, chain.made[::-1], chain.made):
            to = chain.base / f"back {number} {what[0]!r}".replace("/", "_")
            assert restored(chain, what, to)[0] == []
            assert differences(chain.days[-1], manifest(to / "tree")) == []
    heard = Monitor()
    pybackup.extract([*chain.made], to=chain.base / "out", workers=1, monitor=heard)
    assert heard.problems == []
    assert differences(chain.days[-1], manifest(chain.base / "out/tree")) == []
    assert len(list(pybackup.list(chain.made, monitor=heard))) == len(chain.days[-1])
    # Beyond its parity it is named, and not its copy.
    chain.made[1].write_bytes(bytes(4 * eighth) + whole[4 * eighth :])
    problems, _ = restored(chain, chain.made, chain.base / "back again")
    assert [problem.path for problem in problems] == [bytes(chain.made[1])]
    assert sorted(os.listdir(chain.base)) == [
        *sorted(path.name for path in chain.base.glob("back*")), "catalogue.sqlite", "day0.xtar", "day1.xtar",
        "out", "tree",
    ]  # fmt: skip


@pytest.mark.parametrize("lost", ["all", "what it tells of earlier ones"])
def test_an_older_day_is_never_taken_for_the_last_without_a_word(chain: Chain, lost: str) -> None:
    chain.run(parity=None)
    chain.tree.write(chain.tree.top / "new", 3000)
    chain.run(parity=None)
    data = bytearray(chain.made[1].read_bytes())
    start = 0 if lost == "all" else data.index(b".pybackup/earlier") + 512
    length = len(data) if lost == "all" else 512
    data[start : start + length] = bytes(len(data[start : start + length]))
    chain.made[1].write_bytes(data)
    for what in (chain.name, chain.made[::-1]):
        to = chain.base / f"back {what == chain.name}"
        try:
            problems, _ = restored(chain, what, to)
        except PybackupError:
            continue
        assert problems
        assert any("damaged" in problem.reason for problem in problems)


def test_a_merge_has_what_recovery_volumes_bring_back(on_a_set: Chain) -> None:
    chain = on_a_set
    sorted(chain.made[0].iterdir())[1].unlink()
    heard = Monitor()
    pybackup.chain_merge(
        [chain.name], output=chain.base / "merged.xtar", workers=1, catalogue=chain.catalogue, monitor=heard
    )
    assert heard.problems == []
    pybackup.extract(chain.base / "merged.xtar", to=chain.base / "back", workers=1)
    assert differences(chain.days[-1], manifest(chain.base / "back/tree")) == []


def plan_of(chain: Chain, capsys: pytest.CaptureFixture[str], *named: object) -> list[dict[str, Any]]:
    capsys.readouterr()
    assert main(["restore", *map(str, named or [chain.name]), "--plan", "--json"]) == 0
    plan: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["plan"]
    return plan


def test_a_plan_asks_for_no_volume_that_recovery_volumes_replace(
    on_a_set: Chain, capsys: pytest.CaptureFixture[str]
) -> None:
    chain, volumes = on_a_set, sorted(on_a_set.made[0].iterdir())
    recovery = next(path for path in volumes if "-R" in path.name)
    volumes[0].unlink()
    for named in ([], chain.made):
        plan = plan_of(chain, capsys, *named)
        assert {each["label"]: each["state"] for each in plan if each["path"] is None} == {"tree 1": "rebuilt"}
        assert {"text": os.fspath(recovery)} in [each["path"] for each in plan]
    capsys.readouterr()
    assert main(["restore", chain.name, "--plan"]) == 0
    told = capsys.readouterr().out
    assert "tree 1 (rebuilt): " in told
    assert "; comes back by recovery volumes\n" in told
    count = len(plan_of(chain, capsys)) - 1
    assert told.splitlines()[-1].startswith(f"{count} media for the run of ")
    # With the recovery volume on a shelf, the data volume is asked for, which is on one as well; lost, it is not.
    aside = chain.base / "shelf"
    aside.mkdir()
    recovery.rename(aside / recovery.name)
    assert {each["label"] for each in plan_of(chain, capsys) if each["path"] is None} == {"tree 1"}
    chain.mark("tree 1", "lost")
    away = {each["label"]: each["state"] for each in plan_of(chain, capsys) if each["path"] is None}
    assert away == {"tree 1": "rebuilt", "tree R1": "ok"}
    # Two lost volumes are more than it brings back.
    volumes[1].unlink()
    chain.mark("tree 2", "lost")
    away = {each["label"]: each["state"] for each in plan_of(chain, capsys) if each["path"] is None}
    assert away == {"tree 1": "lost", "tree 2": "lost"}


def test_nobody_is_asked_for_what_recovery_volumes_replace(on_a_set: Chain) -> None:
    """At a terminal the recovery volume is asked for where it is away, and the lost one never."""
    chain, volumes = on_a_set, sorted(on_a_set.made[0].iterdir())
    recovery = next(path for path in volumes if "-R" in path.name)
    volumes[0].unlink()
    status, shown = at_terminal("restore", "docs", "--to", chain.base / "out", answers=[])
    assert status == 0, shown
    assert "is needed" not in shown
    assert differences(chain.days[-1], manifest(chain.base / "out/tree")) == []
    chain.mark("tree 1", "lost")
    away = chain.base / "shelf.xtar"
    recovery.rename(away)
    status, shown = at_terminal("restore", "docs", "--to", chain.base / "again", answers=[str(away)])
    assert status == 0, shown
    assert shown.count("tree R1 is needed") == 1
    assert differences(chain.days[-1], manifest(chain.base / "again/tree")) == []
