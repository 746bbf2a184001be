"""Restoring runs of a chain: every day, from the archives that are here, and messages about the others."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from kit.living import DAY_NS
from kit.manifest import differences, manifest

import pybackup
from pybackup.cli.main import main
from pybackup.errors import UsageError
from pybackup.model.problem import Trouble
from pybackup.monitor import Monitor

from .conftest import DAY, FIRST_DAY, Chain, restore


def alive(chain: Chain, days: int, level: Sequence[str | None] = (None,), **more: Any) -> Chain:
    for day in range(days):
        chain.run(level[day % len(level)], **more)
        chain.tree.live(4)
    return chain


@pytest.mark.parametrize("levels", [(None,), ("full", "differential", "incremental", "incremental")])
@pytest.mark.parametrize("named", ["chain", "archives"])
def test_each_day_comes_back_by_its_time(chain: Chain, levels: tuple[str | None, ...], named: str) -> None:
    alive(chain, 6, levels)
    how: dict[str, Any] = {"named": chain.made[::-1]} if named == "archives" else {}
    for day, wanted in enumerate(chain.days):
        to = chain.base / f"back{day}"
        # A second before the next run is still this one's time.
        done, heard = restore(chain, to, at=f"@{FIRST_DAY + (day + 1) * DAY - 1}", **how)
        assert (heard.problems, done.extracted.unplaced) == ([], 0)
        assert differences(wanted, manifest(to / "tree")) == []
    for at, day in ((None, -1), ("oldest", 0), (chain.at(3), 3)):
        to = chain.base / f"back {at}"
        assert restore(chain, to, at=at, **how)[1].problems == []
        assert differences(chain.days[day], manifest(to / "tree")) == []
    with pytest.raises(UsageError, match="no run was as early as that"):
        restore(chain, chain.base / "none", at=f"@{FIRST_DAY - 1}", **how)


def test_times_are_those_of_the_runs(chain: Chain) -> None:
    """Changes are found whatever times files have; dar goes by times."""
    chain.run()
    chain.tree.write(chain.tree.top / "of the future")
    os.utime(chain.tree.top / "of the future", ns=((FIRST_DAY + 9 * DAY) * 10**9,) * 2)
    os.utime(chain.tree.top / "docs/1.bin", ns=(DAY_NS, DAY_NS))
    chain.run()
    restore(chain, chain.base / "back", at=chain.at(1))
    assert differences(chain.days[1], manifest(chain.base / "back/tree")) == []


def test_days_of_sets_come_back_from_the_volumes_that_have_them(chain: Chain) -> None:
    chain.tree.write(chain.tree.top / "big0", 700_000)
    chain.tree.write(chain.tree.top / "big1", 700_000)
    alive(chain, 3, volumes=True)
    for day, wanted in enumerate(chain.days):
        done, heard = restore(chain, chain.base / f"back{day}", at=chain.at(day))
        assert heard.problems == []
        assert differences(wanted, manifest(chain.base / f"back{day}/tree")) == []
        assert {each.state for each in done.media} == {"at hand"}


def test_what_is_away_is_named_with_the_medium_that_would_help(chain: Chain) -> None:
    chain.run()
    chain.tree.write(chain.tree.top / "second", 1000)
    chain.run()
    chain.tree.write(chain.tree.top / "third", 1000)
    chain.run()
    chain.made[1].unlink()
    done, heard = restore(chain, chain.base / "back")
    (problem,) = heard.problems
    assert (problem.path, problem.trouble) == (b"tree/second", Trouble.LOST)
    assert "it is on day1.xtar, which is not here" in problem.reason
    wanted = {path: said for path, said in chain.days[2].items() if path != b"second"}
    found = manifest(chain.base / "back/tree")
    assert found.keys() == wanted.keys()
    # The run behind the gap, and that before it, cost nothing more; and what was asked for is not concerned.
    assert restore(chain, chain.base / "first", at="oldest")[1].problems == []
    assert restore(chain, chain.base / "one", patterns=["tree/third"])[1].problems == []
    assert done.extracted.unplaced == 1


def test_the_nearest_earlier_version_stands_in_and_is_said_to(chain: Chain) -> None:
    (chain.tree.top / "diary").write_bytes(b"first\n")
    chain.run()
    (chain.tree.top / "diary").write_bytes(b"second\n")
    (chain.tree.top / "only").write_bytes(b"only here")
    chain.run()
    (chain.tree.top / "third").write_bytes(b"here")
    chain.run()
    chain.made[1].unlink()
    done, heard = restore(chain, chain.base / "back", nearest=True)
    assert [problem.path for problem in heard.problems] == [b"tree/diary", b"tree/only"]
    assert [(path, run.mark and run.mark.at_ns) for path, run in done.older] == [(b"tree/diary", FIRST_DAY * 10**9)]
    assert (chain.base / "back/tree/diary").read_bytes() == b"first\n"
    assert not (chain.base / "back/tree/only").exists()


def test_only_with_delete_goes_what_was_not_there_then(chain: Chain) -> None:
    chain.run()
    (chain.tree.top / "docs/later").mkdir()
    (chain.tree.top / "docs/later/file").write_bytes(b"later")
    (chain.tree.top / "another").symlink_to(chain.base)
    (chain.base / "beside").write_bytes(b"mine")
    chain.run()
    to = chain.base / "back"
    restore(chain, to)
    (to / "beside").write_bytes(b"no directory of the run")
    restore(chain, to, at="oldest", overwrite="always")
    assert (to / "tree/docs/later/file").exists()
    done, heard = restore(chain, to, at="oldest", overwrite="always", delete=True)
    assert heard.problems == []
    assert sorted(done.deleted) == [b"tree/another", b"tree/docs/later"]
    assert differences(chain.days[0], manifest(to / "tree")) == []
    # A link is deleted, and not what it leads to; what lies beside the run's directories stays.
    assert (chain.base / "beside").read_bytes() == b"mine"
    assert (to / "beside").exists()
    # Of what was asked for only.
    (to / "tree/new").write_bytes(b"")
    (to / "tree/docs/new").write_bytes(b"")
    done, _ = restore(chain, to, patterns=["tree/docs"], overwrite="always", delete=True)
    assert list(done.deleted) == [b"tree/docs/new"]
    assert (to / "tree/new").exists()


def test_nothing_is_deleted_where_something_is_lost(chain: Chain) -> None:
    chain.run()
    chain.run()
    chain.made[0].unlink()
    (chain.base / "back/tree").mkdir(parents=True)
    (chain.base / "back/tree/new").write_bytes(b"")
    done, heard = restore(chain, chain.base / "back", delete=True)
    assert (list(done.deleted), (chain.base / "back/tree/new").exists()) == ([], True)
    assert heard.problems[-1].reason == "nothing was deleted, since not everything could be restored"


def cli(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    capsys.readouterr()
    status = main([*map(str, words)])
    told = capsys.readouterr()
    return status, told.out, told.err


def test_a_plan_names_the_media_in_the_order_to_insert_them(chain: Chain, capsys: pytest.CaptureFixture[str]) -> None:
    chain.run()
    for name in ("second", "third"):
        (chain.tree.top / name).write_bytes(b"x" * 1000)
        chain.run()
    status, out, _ = cli(capsys, "restore", "docs", "--plan")
    lines = out.splitlines()
    assert (status, len(lines)) == (0, 4)
    assert lines[-1] == "3 media for the run of 2027-01-17 08:00:00"
    chain.mark("day1", "suspect")
    for path in chain.made[:2]:
        path.unlink()
    status, out, _ = cli(capsys, "restore", "docs", "--plan")
    names = [line.split(": ")[0] for line in out.splitlines()[:-1]]
    assert names == ["1. day2 (at hand)", "2. day0", "3. day1 (suspect)"]
    # Of one file only what that lies on; without the last archive all that the run needs, which the catalogue knows.
    status, out, _ = cli(capsys, "restore", "docs", "tree/second", "--plan", "--json")
    (needed,) = json.loads(out)["plan"]
    assert (needed["label"], needed["files"], needed["content_bytes"], needed["path"]) == ("day1", 1, 1000, None)
    chain.made[2].unlink()
    status, out, err = cli(capsys, "restore", "docs", "tree/second", "--plan", "--json")
    assert {each["label"] for each in json.loads(out)["plan"]} == {"day0", "day1", "day2"}
    assert "the media of the whole run" in err
    status, _, err = cli(capsys, "restore", "docs", "--to", chain.base / "back")
    assert status == 2
    assert "needed, but not given: day2" in err


def test_the_status_says_whether_anything_came_back(chain: Chain, capsys: pytest.CaptureFixture[str]) -> None:
    chain.run()
    chain.tree.write(chain.tree.top / "new", 1000)
    chain.run()
    assert cli(capsys, "restore", "docs", "--to", chain.base / "1", "--json")[0] == 0
    chain.made[0].unlink()
    status, _, err = cli(capsys, "restore", "docs", "--to", chain.base / "2")
    assert status == 1
    assert "needed, but not given: day0" in err
    assert cli(capsys, "restore", "docs", "tree/docs", "--to", chain.base / "3")[0] == 4
    assert cli(capsys, "restore", "photos", "--to", chain.base / "4")[0] == 2
    assert cli(capsys, "restore", "docs", "--at", "tomorrow week", "--to", chain.base / "4")[0] == 2


def test_what_is_listed_is_the_tree_of_that_day(chain: Chain, capsys: pytest.CaptureFixture[str]) -> None:
    alive(chain, 3)
    for day, wanted in enumerate(chain.days):
        names = sorted(os.path.join(b"tree", path).rstrip(b"/") for path in wanted)
        found = [stored.entry.path for stored in pybackup.list(chain.name, at=chain.at(day), monitor=Monitor())]
        assert sorted(found) == names
    # The earlier archives need not be here for that.
    for path in chain.made[:2]:
        path.unlink()
    status, out, _ = cli(capsys, "list", "docs", "--at", "2031-01-01")
    assert (status, len(out.splitlines())) == (0, len(chain.days[2]))
    some = os.fsdecode(names[-1])
    status, out, err = cli(capsys, "list", chain.made[2], some, "--at", "@4000000000")
    assert (status, err) == (0, "")
    assert out.splitlines()[0] == some


def test_a_chain_may_be_called_as_a_directory_that_is_here(
    chain: Chain, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    chain.name = "tree"
    chain.run()
    monkeypatch.chdir(chain.base)
    assert cli(capsys, "restore", "tree", "--to", "out")[0] == 0
    assert differences(chain.days[0], manifest(chain.base / "out/tree")) == []
    status, _, err = cli(capsys, "restore", "./tree", "--to", "again")
    assert (status, "no archive is in this directory" in err) == (2, True)


def test_archives_that_say_no_time_are_restored_by_what_they_build_on(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    for number in range(2):
        (tree / f"{number}").write_bytes(b"%d" % number)
        on = [tmp_path / "0.xtar"][:number]
        pybackup.create([tree], output=tmp_path / f"{number}.xtar", since_archive=on, workers=1)
    named = [tmp_path / "0.xtar", tmp_path / "1.xtar"]
    done = pybackup.restore_chain(named, to=tmp_path / "out", workers=1)
    assert sorted(os.listdir(tmp_path / "out/tree")) == ["0", "1"]
    assert done.run.mark is None
    with pytest.raises(UsageError, match="says nothing of when it was made"):
        pybackup.restore_chain(named, to=tmp_path / "out", at="now")


def test_damage_on_every_archive_costs_nothing_that_parity_has(chain: Chain) -> None:
    chain.run_and_damage(3)
    _, heard = restore(chain, chain.base / "back")
    assert heard.problems == []
    assert differences(chain.days[-1], manifest(chain.base / "back/tree")) == []
