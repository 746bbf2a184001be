"""Large files that change: segments that are known are stored once, what shifts is a delta where the rules allow."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from kit.command import run
from kit.living import SEGMENT, LargeFiles
from kit.manifest import differences, manifest

import pybackup
from pybackup.archive.open import open_archive
from pybackup.catalogue.connect import create_catalogue
from pybackup.cli.main import main
from pybackup.compress.unpack import delta_of
from pybackup.delta import engine
from pybackup.monitor import Monitor
from pybackup.standalone import rescue

from .conftest import DATABASE, DAY, DISK, FIRST_DAY, LARGE, MAILBOX, Chain, Large, deltas, is_whole, stored


@pytest.fixture
def changed(large: Large) -> Large:
    """A full run, whose archive is on two media, and an incremental one that has deltas to it."""
    large.chain.run("full")
    large.burn_again()
    large.live()
    large.chain.run()
    return large


def restore(chain: Chain, day: int) -> list[str]:
    """What differs of a day that is restored, by the program and by the script on every disc."""
    heard, to = Monitor(), chain.base / f"back{day}"
    pybackup.restore_chain(chain.name, to=to, at=chain.at(day), workers=1, monitor=heard, catalogue=chain.catalogue)
    assert heard.problems == []
    made = chain.made[: day + 1]
    script = [sys.executable, "-I", rescue.__file__, "extract", *map(str, made), "--to", f"{chain.base}/rescued{day}"]
    if day:
        done = subprocess.run(script, capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, b"")
        assert differences(chain.days[day], manifest(chain.base / f"rescued{day}/tree")) == []
    return differences(chain.days[day], manifest(to / "tree"))


def test_every_day_of_large_files_comes_back(large: Large) -> None:
    """And costs what changed: nothing whole but the first."""
    chain = large.chain
    for day in range(4):
        chain.run("full" if day == 0 else "incremental")
        if day == 0:
            large.burn_again()
        large.live()
    sizes = [path.stat().st_size for path in chain.made]
    assert max(sizes[1:]) < sizes[0] / 5
    assert deltas(chain.made[1], DISK) > 1
    # In place and at the end: segments, no chain arithmetic.
    assert len(stored(chain.made[1], MAILBOX).members) == 1
    assert [restore(chain, day) for day in range(4)] == [[], [], [], []]
    # Depth 1: what is restored of any day lies in its own archive and in the first.
    for name in (DISK, DATABASE, MAILBOX):
        assert stored(chain.made[3], name).base_digest == stored(chain.made[0], name).digest


def test_the_program_rdiff_applies_our_deltas(large: Large) -> None:
    chain = large.chain
    chain.run("full")
    large.burn_again()
    base = bytes(large.held[LargeFiles.DISK])
    large.live()
    chain.run()
    (chain.base / "base").write_bytes(base)
    one = stored(chain.made[1], DISK)
    number, member = next((number, each) for number, each in one.own if each.is_delta)
    members = chain.base / "members"
    pybackup.unpack(chain.made[1], to=members, monitor=Monitor())
    packed = members / f"tree/disk.delta.part{number + 1:04}.7z"
    delta = subprocess.run(["7z", "x", "-so", packed], capture_output=True, check=True).stdout
    with open_archive(os.fsencode(chain.made[1]), alone=True) as opened:
        assert delta == delta_of(opened.file, member)
    (chain.base / "delta").write_bytes(delta)
    done = subprocess.run(
        ["rdiff", "patch", chain.base / "base", chain.base / "delta", "-"], capture_output=True, check=True
    )
    assert done.stdout == bytes(large.held[LargeFiles.DISK][number * SEGMENT :][: member.raw_bytes])


def test_a_base_on_one_medium_gives_no_delta(large: Large) -> None:
    chain = large.chain
    chain.run("full")
    large.live()
    chain.run()
    assert (is_whole(chain.made[1], DISK), deltas(chain.made[1], DATABASE)) == (True, 0)
    # Segments are as any content that is known.
    assert len(stored(chain.made[1], MAILBOX).members) == 1
    assert restore(chain, 1) == []


def test_a_base_on_a_suspect_medium_gives_whole_files(large: Large) -> None:
    chain = large.chain
    chain.run("full")
    large.burn_again()
    for label in ("day0", "copy1"):
        chain.mark(label, "suspect")
    large.live()
    chain.run("incremental")
    assert [is_whole(chain.made[1], name) for name in (DISK, DATABASE, MAILBOX)] == [True] * 3
    assert restore(chain, 1) == []


def test_what_saves_less_than_half_is_stored_whole(large: Large) -> None:
    chain = large.chain
    chain.run("full")
    large.burn_again()
    for data in large.held.values():
        data[: LARGE * 6 // 10] = large.chance.randbytes(LARGE * 6 // 10)
    large.live()
    chain.run()
    assert [is_whole(chain.made[1], name) for name in (DISK, DATABASE, MAILBOX)] == [True] * 3


def test_whole_again_when_what_was_stored_on_a_base_is_half_of_it(large: Large) -> None:
    chain = large.chain
    chain.run("full")
    for _ in range(3):
        large.held[LargeFiles.DATABASE][:300_000] = large.chance.randbytes(300_000)
        large.live()
        chain.run("incremental")
    # 0.3 MB of 1.2 and what else changed, then that twice: the third is whole.
    assert [is_whole(path, DATABASE) for path in chain.made[1:]] == [False, False, True]


def test_without_anything_that_makes_deltas_files_are_whole_and_it_is_said(
    large: Large, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain = large.chain
    chain.run("full")
    large.burn_again()
    large.live()
    monkeypatch.setattr(engine, "_library", lambda: None)
    monkeypatch.setattr("shutil.which", lambda name: None)
    heard = chain.run()
    assert is_whole(chain.made[1], DISK)
    assert any("deltas need the package python-rsync or the program rdiff" in note for note in heard.notes)


def test_a_wrong_base_is_refused_before_anything_is_written(changed: Large) -> None:
    """It has the right id and other bytes."""
    chain = changed.chain
    places = [member.offset + 40 for name in (DISK, DATABASE) for member in stored(chain.made[0], name).members]
    data = bytearray(chain.made[0].read_bytes())
    for at in places:
        data[at] ^= 1
    # Nor is there any parity that would bring it back.
    end = data.find(b"XTPARITY")
    chain.made[0].write_bytes(data[:end] if end > 0 else data)
    heard = Monitor()
    pybackup.extract([*chain.made], to=chain.base / "out", workers=1, monitor=heard)
    assert {problem.path for problem in heard.problems} >= {DISK, DATABASE}
    assert not (chain.base / "out/tree/disk").exists()
    done = subprocess.run(
        [sys.executable, "-I", rescue.__file__, "extract", *chain.made, "--to", chain.base / "rescued"],
        capture_output=True,
        check=False,
    )
    assert done.returncode != 0
    assert not (chain.base / "rescued/tree/disk").exists()


def test_an_archive_alone_is_verified_and_says_what_it_lacks(changed: Large) -> None:
    chain = changed.chain
    verdict = pybackup.verify(chain.made[1], deep=True, monitor=Monitor())
    assert verdict.state.value == "intact"
    heard = Monitor()
    pybackup.extract(chain.made[1], to=chain.base / "alone", workers=1, monitor=heard)
    assert {problem.path for problem in heard.problems} == {DISK, DATABASE, MAILBOX}
    assert all("lies in earlier archives" in problem.reason for problem in heard.problems)
    # Nothing is damaged, so nothing is to be burnt again; the other archives are to be named.
    done = run("extract", chain.made[1], "--to", chain.base / "once more")
    assert done.returncode == 1
    told = done.stderr.decode()
    assert "burn or copy again" not in told
    assert "salvage" not in told
    assert "more files of its tree lie in earlier archives: name them as well" in told, told


def test_rules_that_are_asked_for_hold(large: Large) -> None:
    """One medium is enough, and the second step is one on the first; or nothing but whole files."""
    chain = large.chain
    chain.run("full")
    for _ in range(3):
        large.live()
        chain.run("incremental", delta="base_copies=1,max_depth=2")
    of_days = [stored(path, DISK) for path in chain.made]
    assert [each.base_digest for each in of_days[1:]] == [of_days[day].digest for day in (0, 1, 1)]
    large.live()
    chain.run("incremental", delta="none")
    assert [is_whole(chain.made[-1], name) for name in (DISK, DATABASE, MAILBOX)] == [True] * 3
    assert [restore(chain, day) for day in range(5)] == [[]] * 5


def test_a_content_that_comes_back_is_not_taken_for_its_own_base(large: Large) -> None:
    """It was built on what is built on it now."""
    chain, first = large.chain, bytes(large.held[LargeFiles.DATABASE])
    chain.run("full")
    for content in (first[:-9] + b"other end", first, first[:-9] + b"third end"):
        large.held[LargeFiles.DATABASE][:] = content
        large.write()
        chain.run("incremental", delta="base_copies=1,max_depth=2")
    assert [stored(path, DATABASE).base_digest == b"" for path in chain.made] == [True, False, False, False]
    assert [restore(chain, day) for day in range(4)] == [[]] * 4


def test_what_is_listed_and_planned_of_files_with_a_base(changed: Large, capsys: pytest.CaptureFixture[str]) -> None:
    """A file has its own size, whatever part of it is stored; its base is a medium that restoring it needs."""
    chain = changed.chain
    sizes = {name: os.stat(chain.base / os.fsdecode(name)).st_size for name in (DISK, DATABASE, MAILBOX)}
    of_chain = pybackup.list(chain.name, at=chain.at(1), catalogue=chain.catalogue)
    for found in (of_chain, pybackup.list(chain.made)):
        listed = {each.entry.path: each.entry.size for each in found}
        assert {name: listed[name] for name in sizes} == sizes
    # Alone it has parts of them, and lists them as what they are.
    alone = {each.entry.path: each for each in pybackup.list(chain.made[1], monitor=Monitor())}
    assert {name: alone[name].entry.size for name in sizes} == sizes
    for name in sizes:
        capsys.readouterr()
        assert main(["restore", chain.name, os.fsdecode(name), "--plan", "--json"]) == 0
        # The base is on two media, and was read from the second of them.
        plan = {each["volume"]: each["files"] for each in json.loads(capsys.readouterr().out)["plan"]}
        assert plan == {"copy1.xtar": 1, "day1.xtar": 1}


def test_a_chain_with_deltas_is_merged_into_what_a_full_run_is(large: Large) -> None:
    chain = large.chain
    chain.run("full")
    for _ in range(3):
        large.live()
        chain.run("incremental", delta="base_copies=1,max_depth=2")
    assert deltas(chain.made[3], DISK) > 0
    for day in (1, 3):
        chain.monkeypatch.setenv("SOURCE_DATE_EPOCH", str(FIRST_DAY + day * DAY))
        merged, heard = chain.base / f"merged{day}.xtar", Monitor()
        pybackup.chain_merge(
            chain.name, merged, at=chain.at(day), segment_size=SEGMENT, workers=1, catalogue=chain.catalogue,
            monitor=heard,
        )  # fmt: skip
        assert heard.problems == []
        assert [is_whole(merged, name) for name in (DISK, DATABASE, MAILBOX)] == [True] * 3
        pybackup.extract(merged, to=chain.base / f"of merged{day}", workers=1, monitor=heard)
        assert heard.problems == []
        assert differences(chain.days[day], manifest(chain.base / f"of merged{day}/tree")) == []
    # The tree is still that of the last day.
    (chain.base / "full").mkdir()
    address = os.fspath(chain.base / "full/c.sqlite")
    create_catalogue(address).close()
    pybackup.create(
        [large.tree.top], output=chain.base / "full/x.xtar", chain=chain.name, level="full", catalogue=address,
        workers=1, segment_size=SEGMENT,
    )  # fmt: skip
    assert (chain.base / "full/x.xtar").read_bytes() == (chain.base / "merged3.xtar").read_bytes()


def test_a_merge_without_the_base_names_what_it_lacks(changed: Large) -> None:
    chain = changed.chain
    for path in (chain.made[0], chain.base / "copy1.xtar"):
        path.unlink()
    heard = Monitor()
    pybackup.chain_merge(
        chain.name, chain.base / "merged.xtar", segment_size=SEGMENT, workers=1, catalogue=chain.catalogue,
        monitor=heard,
    )  # fmt: skip
    assert {DISK, DATABASE, MAILBOX} <= {problem.path for problem in heard.problems}
    left = {each.entry.path for each in pybackup.list(chain.base / "merged.xtar", monitor=Monitor())}
    assert left.isdisjoint({DISK, DATABASE, MAILBOX})


def test_salvage_of_a_chain_says_what_takes_all_of_it(changed: Large) -> None:
    """One archive alone gives what it holds, of what is built on others pieces under names that say so."""
    chain = changed.chain
    done = run("salvage", *chain.made, "--to", chain.base / "out")
    assert done.returncode == 2
    said = " ".join(done.stderr.decode().split())
    assert "these are archives of a chain: 'pybackup extract' takes all of them" in said
    assert not (chain.base / "out").exists()
    done = run("salvage", chain.made[1], "--to", chain.base / "alone")
    assert done.returncode == 1
    found = {path.name for path in (chain.base / "alone/tree").iterdir()}
    assert found.isdisjoint({"disk", "database", "mailbox"})
    # What of the end of the mailbox is stored here is right where it is.
    part = (chain.base / "alone/tree/mailbox.partial").read_bytes()
    assert part[LARGE // SEGMENT * SEGMENT :] == bytes(changed.held[LargeFiles.MAILBOX])[LARGE // SEGMENT * SEGMENT :]
