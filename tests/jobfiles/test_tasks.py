"""The tasks of a job: which archives of which sources, under which names."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from pybackup.errors import UsageError
from pybackup.foreign.formats import ExportFormat
from pybackup.jobfiles.agree import skips_known
from pybackup.jobfiles.job import Job, Setting
from pybackup.jobfiles.tasks import Given, archive_tasks, default_volumes, expanded, set_task

NOON = time.mktime((2026, 3, 4, 12, 0, 0, 0, 0, -1))
GIVEN = Given(now=NOON)


def a_job(**settings: Any) -> Job:
    return Job("work", {name: Setting(value, ("here",)) for name, value in settings.items()})


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("/b/{job}-{date}.xtar", "/b/work-2026-03-04.xtar"),
        ("/b/{job}_{time}.xtar", "/b/work_120000.xtar"),
        ("/b/{job}-{comment}.xtar", "/b/work.xtar"),
        ("/b/{{{job}}}.xtar", "/b/{work}.xtar"),
    ],
)
def test_a_name_is_filled_in_and_what_is_empty_leaves_no_trace(pattern: str, name: str) -> None:
    (task,) = archive_tasks(a_job(sources=["/a"], output=pattern), GIVEN)
    assert (task.output, task.series, task.export) == (name, "", None)
    assert task.options["sources"] == ["/a"]


def test_a_comment_in_a_name_makes_no_directory() -> None:
    (task,) = archive_tasks(a_job(sources=["/a"], output="/b/{comment}.xtar"), Given("../x\n/y", now=NOON))
    assert task.output == "/b/_x__y.xtar"
    assert task.options["comment"] == "../x\n/y"


def test_sources_with_options_of_their_own_are_archives_of_their_own() -> None:
    sources = ["/a", {"path": "/b"}, {"path": "/srv/photos/", "compression": "fast"}]
    plain, photos = archive_tasks(a_job(sources=sources, output="/o/{job}.xtar", parity="5%"), GIVEN)
    assert (plain.options["sources"], plain.output) == (["/a", "/b"], "/o/work.xtar")
    assert (photos.options["sources"], photos.output) == (["/srv/photos/"], "/o/work-photos.xtar")
    assert photos.options["compression"] == "fast"
    assert "compression" not in plain.options
    assert plain.options["parity"] == photos.options["parity"] == "5%"


def test_each_directory_below_may_be_an_archive(tmp_path: Path) -> None:
    for name in ("2001", "2002"):
        (tmp_path / name).mkdir()
    (tmp_path / "loose.txt").touch()
    job = a_job(sources=[{"path": str(tmp_path), "separate_dirs": True}], output="/o/{source}.xtar")
    found = {task.output: task.options["sources"] for task in archive_tasks(job, GIVEN)}
    assert found == {
        "/o/2001.xtar": [f"{tmp_path}/2001"],
        "/o/2002.xtar": [f"{tmp_path}/2002"],
        f"/o/{tmp_path.name}.xtar": [f"{tmp_path}/loose.txt"],
    }


def test_two_archives_of_one_name_are_refused() -> None:
    sources = [{"path": "/a/x", "compression": "fast"}, {"path": "/b/x", "compression": "fast"}]
    with pytest.raises(UsageError, match="two archives would be called /o/work-x"):
        archive_tasks(a_job(sources=sources, output="/o/{job}.xtar"), GIVEN)


def test_an_export_stands_beside_the_archive_or_instead() -> None:
    (beside,) = archive_tasks(a_job(sources=["/a"], output="o.xtar", export="zip"), GIVEN)
    assert (beside.export, beside.instead) == (ExportFormat.ZIP, False)
    table = {"format": "tar.gz", "instead": True}
    (instead,) = archive_tasks(a_job(sources=["/a"], output="o.xtar", export=table), GIVEN)
    assert (instead.export, instead.instead) == (ExportFormat.TAR_GZ, True)


def test_a_set_has_its_media_and_its_name() -> None:
    job = a_job(mode="discs", sources=["/a"], media={"first": ["1GB"], "then": "bd25"}, volumes="/v/{job}", images="/i")
    task = set_task(job, GIVEN)
    assert (task.volumes, task.images) == ("/v/work", "/i")
    assert task.options["first_volumes"] == ("1GB",)
    assert (task.options["volume_size"], task.options["name"], task.options["sources"]) == ("bd25", "work", ["/a"])


@pytest.mark.parametrize(
    ("known", "options"),
    [
        (True, {"skip_known": True}),
        ({"min_copies": 2, "max_age_of_check": "2y"}, {"known_copies": 2, "known_unchecked": "2y"}),
        ({"skip": False, "min_copies": 2}, {}),
        (False, {}),
    ],
)
def test_files_that_are_known_are_left_out(known: Any, options: dict[str, Any]) -> None:
    job = a_job(sources=["/a"], output="/o", known=known)
    (task,) = archive_tasks(job, GIVEN)
    assert skips_known(job) is bool(options)
    assert task.options == {"sources": ["/a"], **options, **({"skip_known": True} if options else {})}


def test_all_volumes_of_a_set_are_made_alike() -> None:
    job = a_job(mode="discs", sources=[{"path": "/a", "compression": "fast"}], volumes="/v")
    with pytest.raises(UsageError, match="made alike"):
        set_task(job, GIVEN)


def test_volumes_lie_beside_the_catalogue_unless_it_is_said() -> None:
    assert default_volumes({"XDG_DATA_HOME": "/data{1}"}) == "/data{{1}}/pybackup/volumes/{job}-{date}"
    assert expanded(default_volumes({"XDG_DATA_HOME": "/data{1}"}), {"job": "x", "date": "d"}) == (
        "/data{1}/pybackup/volumes/x-d"
    )
