"""Which runs are kept restorable, and which media none of them needs: shown with reasons, marked, never deleted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from kit.manifest import differences, manifest

import pybackup
from pybackup.catalogue.connect import open_catalogue
from pybackup.catalogue.media import media
from pybackup.catalogue.pruning import Pruning, plan_pruning, retire
from pybackup.cli.main import main
from pybackup.errors import UsageError
from pybackup.model.catalogued import MediumState
from pybackup.model.retention import Retention
from pybackup.monitor import Monitor

from .conftest import DAY, FIRST_DAY, Chain


def plan(chain: Chain, policy: Retention, name: str = "") -> Pruning:
    with open_catalogue(chain.catalogue) as catalogue:
        return plan_pruning(catalogue, name or chain.name, policy)


def days(found: Pruning) -> list[int]:
    return [(run.mark.at_ns // 10**9 - FIRST_DAY) // DAY for run, _ in found.kept]


def labels(found: Pruning) -> list[str]:
    return sorted(known.label for known in found.superseded)


def grow(chain: Chain, levels: str) -> Chain:
    names = {"F": "full", "D": "differential", "I": "incremental"}
    for letter in levels:
        chain.tree.write(chain.tree.top / f"new{len(chain.days)}", 1000)
        chain.run(names[letter])
    return chain


def test_what_a_kept_run_builds_on_stays(chain: Chain) -> None:
    grow(chain, "FIIFDDI")
    found = plan(chain, Retention(last=1))
    assert days(found) == [6]
    # The last one is made since the second differential, which is made since the second full one.
    assert labels(found) == ["day0", "day1", "day2", "day4"]
    assert found.kept[0][1] == ["last 1 of 1"]
    assert labels(plan(chain, Retention(last=2))) == ["day0", "day1", "day2", "day4"]
    assert labels(plan(chain, Retention(last=4))) == ["day0", "day1", "day2"]
    assert labels(plan(chain, Retention(last=5))) == []
    assert labels(plan(chain, Retention(daily=6))) == []


def test_a_run_that_holds_nothing_any_more_is_not_needed(chain: Chain) -> None:
    chain.run("full")
    chain.tree.write(chain.tree.top / "passing", 1000)
    chain.run("incremental")
    (chain.tree.top / "passing").unlink()
    chain.run("incremental")
    assert labels(plan(chain, Retention(last=1))) == ["day1"]


def test_after_pruning_each_kept_run_comes_back_from_what_is_left(chain: Chain, tmp_path: Path) -> None:
    grow(chain, "FIDIFI")
    found = plan(chain, Retention(last=2, weekly=9))
    with open_catalogue(chain.catalogue) as catalogue:
        retire(catalogue, found.superseded)
        states = {known.label: known.state for known in media(catalogue)}
    assert {label for label, state in states.items() if state is MediumState.RETIRED} == set(labels(found))
    for label in labels(found):
        (tmp_path / f"{label}.xtar").unlink()
    for day in days(found):
        heard = Monitor()
        pybackup.restore_chain("docs", to=tmp_path / f"b{day}", at=chain.at(day), workers=1, monitor=heard)
        assert heard.problems == []
        assert differences(chain.days[day], manifest(tmp_path / f"b{day}/tree")) == []
    assert labels(plan(chain, Retention(last=2, weekly=9))) == []
    # And the chain goes on where it was.
    assert chain.run().notes == []


def test_the_newest_stays_whatever_the_rules_and_no_rule_is_refused(chain: Chain) -> None:
    grow(chain, "FFF")
    assert days(plan(chain, Retention(within_ns=1))) == [2]
    with pytest.raises(ValueError, match="keeps nothing"):
        Retention()
    with pytest.raises(UsageError, match="no chain of the catalogue"):
        plan(chain, Retention(last=1), "photos")


def test_what_another_chain_needs_stays(chain: Chain) -> None:
    grow(chain, "F")
    shared = chain.made[0]
    chain.name = "photos"
    chain.run("full")
    pybackup.create(
        [chain.tree.top], output=chain.base / "other.xtar", chain="third", since_archive=[shared], workers=1
    )
    chain.name = "docs"
    grow(chain, "F")
    assert labels(plan(chain, Retention(last=1))) == ["day0"]


def test_recovery_volumes_go_with_their_set(chain: Chain) -> None:
    chain.tree.write(chain.tree.top / "big", 900_000)
    for _ in range(2):
        chain.run("full", volumes=True, recovery_volumes=1)
    found = plan(chain, Retention(last=1))
    assert [known.volume.sort.value for known in found.superseded].count("recovery") == 1
    assert len({known.volume.set_id for known in found.superseded}) == 1


def test_the_plan_does_nothing_and_says_all(chain: Chain, capsys: pytest.CaptureFixture[str]) -> None:
    grow(chain, "FFI")
    for plans in (True, True, False):
        capsys.readouterr()
        words = ["catalogue", "prune", "docs", "--keep", "last=1"] + ["--plan"] * plans
        assert main([*words, "--json"] if plans else words) == 0
        out = capsys.readouterr().out
        if plans:
            told = json.loads(out)
            assert [each["reasons"] for each in told["kept"]] == [["last 1 of 1"]]
            assert [each["volumes"] for each in told["dropped"]] == [["day0"], ["day1"]]
            assert [each["label"] for each in told["superseded"]] == ["day0"]
    assert out.splitlines()[-1] == "1 run of 3 kept, 1 medium superseded"
    assert any(line.startswith("retired  day0") for line in out.splitlines())
    assert main(["catalogue", "prune", "docs", "--keep", ""]) == 2
    assert main(["catalogue", "prune", "docs", "--keep", "last=0"]) == 2
    assert main(["catalogue", "prune", "docs"]) == 2
