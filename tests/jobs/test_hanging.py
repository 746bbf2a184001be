"""What hangs together with archives: what they tell alone, and what the catalogue knows besides."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from kit.command import lines, parsed, run

import pybackup
from pybackup.archive.find import volumes_in
from pybackup.catalogue.connect import open_catalogue
from pybackup.cli.hanging import hanging_lines, json_hanging
from pybackup.jobs.hanging import Hanging, hanging_on
from pybackup.monitor import Monitor

FIRST_DAY, DAY = 1_800_000_000, 86_400


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A chain of three runs: the first has six files, the others one more each, and the last one's is a set."""
    top = tmp_path_factory.mktemp("hanging")
    tree, catalogue = top / "tree", os.fspath(top / "c.sqlite")
    tree.mkdir()
    for number in range(6):
        (tree / f"{number}").write_text(f"file {number}")
    assert run("catalogue", "init", "--catalogue", catalogue).returncode == 0
    how: dict[str, Any] = {"chain": "docs", "catalogue": catalogue, "workers": 1, "monitor": Monitor()}
    with pytest.MonkeyPatch.context() as patch:
        for day in range(3):
            patch.setenv("SOURCE_DATE_EPOCH", str(FIRST_DAY + day * DAY))
            if day < 2:
                pybackup.create([tree], output=top / f"day{day}.xtar", **how)
            else:
                pybackup.create_set([tree], volumes=top / "day2", volume_size=1 << 20, **how)
            (tree / f"new {day}").write_text(f"new on day {day}")
            (tree / f"{day}").unlink()
    return top


def found(top: Path, name: str, *, with_catalogue: bool = True) -> Hanging | None:
    volumes = [*volumes_in(os.fsencode(top / name))]
    assert volumes
    if not with_catalogue:
        return hanging_on(volumes, None)
    with open_catalogue(os.fspath(top / "c.sqlite")) as catalogue:
        return hanging_on(volumes, catalogue)


def test_what_needs_an_archive_is_known_to_the_catalogue(days: Path) -> None:
    first = found(days, "day0.xtar")
    assert first is not None
    assert first.needed_by is not None
    # Of the six files two are deleted by the last run.
    assert (first.files, first.based, [(each.chain, each.runs) for each in first.needed_by]) == (6, 4, [("docs", 2)])
    assert first.needs == ()
    assert found(days, "day0.xtar", with_catalogue=False) is None


def test_what_an_archive_needs_it_tells_itself(days: Path) -> None:
    for name, needs in (("day1.xtar", {"day0.xtar": 5}), ("day2/tree-001.xtar", {"day0.xtar": 4, "day1.xtar": 1})):
        last = found(days, name, with_catalogue=False)
        assert last is not None
        assert {need.label: need.files for need in last.needs} == needs
        assert last.needed_by is None
        assert (last.files, last.based) == (1, 0)


def test_it_is_the_number_that_lost_tells(days: Path) -> None:
    done = run("catalogue", "lost", "day0", "--dry-run", "--json", "--catalogue", days / "c.sqlite")
    told = json.loads(done.stdout)["needed_by"]
    first = found(days, "day0.xtar")
    assert first is not None
    assert json_hanging(first) == {"files": 6, "base_of_files": 4, "needed_by": told, "needs": []}


@pytest.mark.parametrize("verb", [("forecast",), ("disc", "check")])
def test_it_is_shown(days: Path, verb: tuple[str, ...]) -> None:
    known = ("--catalogue", days / "c.sqlite")
    told = parsed(run(*verb, days / "day1.xtar", "--json", *known))["chain"]
    assert (told["files"], told["base_of_files"], told["needed_by"]) == (
        1,
        1,
        [{"chain": "docs", "runs": 1, "files": 1}],
    )
    assert [(need["label"], need["files"], need["bytes"]) for need in told["needs"]] == [("day0.xtar", 5, 30)]
    said = [line.strip() for line in lines(run(*verb, days / "day1.xtar", *known).stdout)]
    assert [line for line in said if "holds 1 file and is the base of 1 on others: the chain docs, 1 run" in line]
    assert "the rest of its tree is in earlier archives: day0.xtar (5 files)" in said
    alone = parsed(run(*verb, days / "day1.xtar", "--json", "--catalogue", "none"))["chain"]
    assert alone == told | {"base_of_files": None, "needed_by": None}
    assert parsed(run(*verb, days / "day0.xtar", "--json", "--catalogue", "none"))["chain"] is None


def test_a_catalogue_that_is_not_there_is_refused(days: Path) -> None:
    done = run("forecast", days / "day0.xtar", "--catalogue", days / "none.sqlite")
    assert (done.returncode, b"there is no catalogue" in done.stderr) == (2, True)
    done = run("forecast", days / "day0.xtar", PYBACKUP_CATALOGUE=os.fspath(days / "none.sqlite"))
    assert (done.returncode, b"there is no catalogue" in done.stderr) == (0, True)


def test_many_are_not_all_named() -> None:
    from pybackup.model.catalogued import Needed

    needs = tuple(Needed(bytes(8), f"disc {number}", 10 - number, 100) for number in range(8))
    *_, last = hanging_lines(Hanging(3, needs, None))
    assert "disc 4 (6 files), 3 more" in last
    assert "disc 5" not in last
