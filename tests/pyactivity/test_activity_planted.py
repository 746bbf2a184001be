"""A home with planted activities: the report names each, in order, with the right counts."""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from activity_home import NOW, plant_home
from kit.system import local_zone

from pyactivity.bulk import came_in_bulk
from pyactivity.details import Details, details
from pyactivity.render import group_lines
from pyactivity.survey import ACTIVITY, Survey, take_survey


@pytest.fixture(autouse=True)
def _utc() -> Iterator[None]:
    with local_zone("UTC0"):
        yield


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Survey:
    root = tmp_path_factory.mktemp("home")
    plant_home(root)
    return take_survey([root], radius_ns=3_600 * 10**9, now_ns=NOW)


@pytest.fixture(scope="module")
def told(found: Survey) -> list[Details]:
    return [details(found, part) for part in found.parts()]


def test_the_report_names_each_activity_in_order(found: Survey, told: list[Details]) -> None:
    base = found.scan.files.directories[0]
    lines = [line for shown in told[:5] for line in group_lines(shown, NOW, base)]
    assert [re.sub(" {2,}", "  ", line) for line in lines] == [
        "  -  in the future, 1 Jan 2031 12:00  1 file  100 B  docs/from-tomorrow.txt",
        "  1  today 14:00 - 15:00  7 files  34.2 KiB  docs/thesis",
        "  6 tex, 1 pdf; largest main.pdf, 4.9 KiB",
        "  2  Mon 23 Nov 09:00 - 10:15  6 files  600 B  src/app (5), 1 elsewhere",
        "  5 py, 1 md; largest notes/todo.md, 100 B",
        "  + 400 files of 39.1 KiB in src/app/node_modules (installed)",
        "  3  Sun 15 Nov 20:00 - 20:09  120 files  2.3 MiB  photos/2026/berlin",
        "  120 jpg; largest img119.jpg, 19.5 KiB",
        "  4  Wed 2 Sep 10:00 - 11:00  4 files  400 B  letters",
        "  4 odt; largest 3.odt, 100 B",
    ]


def test_the_unpacked_release_is_known_by_its_times(told: list[Details]) -> None:
    old = [shown for shown in told if shown.part.number > 4]
    assert sum(shown.group.files for shown in old) == 300
    assert {carrier.bulk for shown in old for carrier in shown.group.carriers} == {"unpacked"}


def test_the_unpacked_release_is_one_line(found: Survey) -> None:
    base = found.scan.files.directories[0]
    parts = list(found.fold(found.parts()))
    assert [(part.number, part.through) for part in parts[-2:]] == [(5, 304), (0, 0)]
    assert sum(part.activities for part in parts) == len(list(found.parts()))
    line = next(group_lines(details(found, parts[-2]), NOW, base))
    assert re.sub(" {2,}", "  ", line) == ("  5-304  1 Mar - 7 Apr 2021  300 files  29.3 KiB  src/lib-1.0 (unpacked)")


def test_a_wider_radius_tells_the_release_as_one(found: Survey) -> None:
    wide = take_survey([found.scan.files.directories[0]], radius_ns=4 * 3_600 * 10**9, now_ns=NOW)
    last = [part for part in wide.parts() if part.kind == ACTIVITY][-1]
    assert [(c.path.split(b"/")[-1], c.files, c.bulk) for c in details(wide, last).group.carriers] == [
        (b"lib-1.0", 300, "unpacked")
    ]


def test_nothing_by_hand_is_taken_for_bulk(found: Survey) -> None:
    files = found.scan.files
    bulk = {
        files.path(index).split(b"/src/")[-1].split(b"/")[0] for index in np.flatnonzero(came_in_bulk(files)).tolist()
    }
    assert bulk == {b"app", b"lib-1.0"}
    assert np.count_nonzero(found.bulk) == 700


def test_times_that_cannot_be_have_groups_of_their_own(told: list[Details]) -> None:
    assert [(shown.part.kind, shown.group.files) for shown in told if shown.part.kind != ACTIVITY] == [
        ("future", 1),
        ("epoch", 1),
    ]


def test_caches_are_left_out_and_said(found: Survey) -> None:
    assert sorted(Path(left.path.decode()).name for left in found.scan.left_out) == [".cache", "__pycache__"]
