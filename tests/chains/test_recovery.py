"""Lost content of an earlier archive comes back by that archive's recovery volumes, copies and parity."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from kit.manifest import differences, manifest

import pybackup
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
