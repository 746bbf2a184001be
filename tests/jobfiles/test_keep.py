"""Which archives a job keeps: others of its own are deleted after a run, and never what it has not made."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

import pybackup
from pybackup.catalogue.connect import create_catalogue, open_catalogue
from pybackup.catalogue.media import media
from pybackup.cli.main import main

from .conftest import WriteJobs
from .days import Days

JOB = """
[job.work]
sources = ["docs"]
output = "out/{job}-{date}.xtar"
keep = { last = 2, weekly = 2 }
"""


@pytest.fixture
def days(jobs: WriteJobs, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Days:
    return Days(jobs(JOB), capsys, monkeypatch)


def there() -> list[str]:
    return sorted(os.listdir("out"))


def test_what_no_rule_keeps_goes(days: Days) -> None:
    report = days.run(["2026-01-09", "2026-01-10", "2026-01-11", "2026-01-12", "2026-01-13"])
    # The last two, and the newest of each of two weeks: of 11 January and of 13 January, both Sunday and Tuesday.
    assert there() == ["work-2026-01-11.xtar", "work-2026-01-12.xtar", "work-2026-01-13.xtar"]
    assert report["deleted"] == []
    report = days.run(["2026-01-14"])
    assert there() == ["work-2026-01-11.xtar", "work-2026-01-13.xtar", "work-2026-01-14.xtar"]
    assert report["deleted"] == [os.path.abspath("out/work-2026-01-12.xtar")]
    assert report["state"] == "ok"


def test_only_what_the_job_made_goes(days: Days) -> None:
    days.run(["2026-01-01", "2026-01-02"])
    # Of somebody else, though it is called so; and one of ours that somebody has put something else in place of.
    shutil.copy("out/work-2026-01-01.xtar", "out/work-2025-12-31.xtar")
    Path("out/work-2026-01-01.xtar").write_bytes(b"mine")
    Path("out/work-2026-01-02.xtar").rename("elsewhere.xtar")
    Path("out/work-2026-01-02.xtar").symlink_to(os.path.abspath("elsewhere.xtar"))
    days.run(["2026-02-01", "2026-02-02", "2026-02-03", "2026-02-04"])
    assert there() == [
        "work-2025-12-31.xtar",
        "work-2026-01-01.xtar",
        "work-2026-01-02.xtar",
        "work-2026-02-01.xtar",
        "work-2026-02-03.xtar",
        "work-2026-02-04.xtar",
    ]


def test_a_run_that_fails_deletes_nothing(days: Days) -> None:
    days.run(["2026-01-05", "2026-01-06", "2026-01-07"])
    before = there()
    Path("docs").rename("gone")
    days.run(["2026-01-08"], status=2)
    assert there() == before
    Path("gone").rename("docs")
    days.run(["2026-01-08", "2026-01-09"])
    assert there() == ["work-2026-01-08.xtar", "work-2026-01-09.xtar"]


def test_each_source_counts_alone_and_an_export_goes_with_its_archive(days: Days, jobs: WriteJobs) -> None:
    jobs("""
[job.work]
sources = ["docs", { path = "photos", separate_dirs = true }]
output = "out/{date}-{source}.xtar"
export = "zip"
keep = { last = 1 }
""")
    days.run(["2026-01-01"])
    shutil.rmtree("photos/2001")
    days.run(["2026-01-02"])
    # Of what is gone from the disk the last archive stays.
    second = [f"2026-01-02-{source}.{suffix}" for source in ("2002", "photos", "work") for suffix in ("xtar", "zip")]
    assert there() == ["2026-01-01-2001.xtar", "2026-01-01-2001.zip", *second]


def test_an_export_instead_of_the_archive(days: Days, jobs: WriteJobs) -> None:
    jobs(JOB.replace("keep =", 'export = { format = "zip", instead = true }\nkeep ='))
    report = days.run(["2026-01-05", "2026-01-06", "2026-01-07"])
    assert there() == ["work-2026-01-06.zip", "work-2026-01-07.zip"]
    assert [(made["kind"], made["files"]) for made in report["made"]] == [("export", 2)]
    assert report["files"] == 2


def test_what_a_kept_archive_builds_on_stays(days: Days, jobs: WriteJobs) -> None:
    days.run(["2026-01-05"])
    first = os.path.abspath("out/work-2026-01-05.xtar")
    jobs(JOB.replace("keep =", f'since_archive = ["{first}"]\nkeep ='))
    Path("docs/new.txt").write_text("new")
    report = days.run(["2026-01-06", "2026-01-07", "2026-01-08"])
    assert there() == ["work-2026-01-05.xtar", "work-2026-01-07.xtar", "work-2026-01-08.xtar"]
    assert report["deleted"] == [os.path.abspath("out/work-2026-01-06.xtar")]


def test_what_another_chain_knows_by_its_hash_stays(days: Days, jobs: WriteJobs, tmp_path: Path) -> None:
    address = f"{tmp_path}/catalogue.sqlite"
    create_catalogue(address).close()
    jobs(JOB.replace("last = 2, weekly = 2", "last = 1") + f'catalogue = "{address}"\n')
    days.run(["2026-01-01"])
    shutil.copytree("docs", "copy")
    how: dict[str, Any] = {"catalogue": address, "workers": 1}
    pybackup.create("copy", "of-a-chain.xtar", chain="another", skip_known=True, **how)
    assert not any(each.members for each in pybackup.list("of-a-chain.xtar"))
    days.run(["2026-01-02", "2026-01-03"])
    assert there() == ["work-2026-01-01.xtar", "work-2026-01-03.xtar"]
    # Another medium has it.
    shutil.copy("out/work-2026-01-01.xtar", "second.xtar")
    assert main(["catalogue", "add", "second.xtar", "--copy", "--quiet", "--catalogue", address]) == 0
    days.run(["2026-01-04"])
    assert there() == ["work-2026-01-04.xtar"]


def test_where_an_archive_cannot_be_read_nothing_goes_and_it_is_said(days: Days) -> None:
    days.run(["2026-01-05", "2026-01-06"])
    path = Path("out/work-2026-01-06.xtar")
    path.write_bytes(bytes(path.stat().st_size))
    report = days.run(["2026-01-07"], status=1)
    assert len(there()) == 3
    assert report["state"] == "problems"
    assert "work-2026-01-06.xtar: nothing of an archive is left" in report["failures"][0]


def test_what_cannot_be_deleted_is_a_failure(days: Days, monkeypatch: pytest.MonkeyPatch) -> None:
    days.run(["2026-01-05", "2026-01-06"])
    unlink = os.unlink

    def refused(path: Any, **where: Any) -> None:
        if os.fsdecode(path).endswith("work-2026-01-05.xtar"):
            raise PermissionError(1, "Operation not permitted")
        unlink(path, **where)

    monkeypatch.setattr(os, "unlink", refused)
    report = days.run(["2026-01-07"], status=1)
    assert report["failures"] == [
        f"{os.path.abspath('out/work-2026-01-05.xtar')}: cannot be deleted: Operation not permitted"
    ]
    assert report["deleted"] == []


def test_the_catalogue_forgets_what_went(days: Days, jobs: WriteJobs, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/c.sqlite"
    create_catalogue(url)
    jobs(JOB.replace("keep =", f'catalogue = "{url}"\nkeep ='))
    days.run(["2026-01-05", "2026-01-06", "2026-01-07"])
    with open_catalogue(url) as catalogue:
        names = [os.path.basename(known.location) for known in media(catalogue)]
    assert names == [b"work-2026-01-06.xtar", b"work-2026-01-07.xtar"]


def test_a_dry_run_says_what_would_go(days: Days, capsys: pytest.CaptureFixture[str]) -> None:
    days.run(["2026-01-05", "2026-01-06"])
    planned = days.run(["2026-01-07"], 0, "--dry-run")
    assert planned["would_delete"] == [os.path.abspath("out/work-2026-01-05.xtar")]
    assert len(there()) == 2
    assert pybackup.list("out/work-2026-01-05.xtar")


@pytest.mark.parametrize(
    ("command", "status", "goes"), [("true", 0, True), ("exit 75", 0, False), ("exit 3", 1, False)]
)
def test_hooks_around_deleting(command: str, status: int, goes: bool, days: Days, jobs: WriteJobs) -> None:
    hooks = "".join(
        f'[[job.work.hook]]\n{side} = "prune"\nshell = true\nrun = """{text}"""\n'
        for side, text in (
            ("before", f"echo before >> said; {command}"),
            ("after", "echo after $PYBACKUP_JOB >> said; cp $PYBACKUP_REPORT told.json"),
        )
    )
    jobs(JOB + hooks)
    days.run(["2026-01-05", "2026-01-06"])
    assert not Path("said").exists(), "nothing was to be deleted"
    report = days.run(["2026-01-07"], status)
    assert Path("said").read_text() == ("before\nafter work\n" if goes else "before\n")
    assert len(there()) == (2 if goes else 3)
    assert [hook["moment"] for hook in report["hooks"]] == (
        ["before prune", "after prune"] if goes else ["before prune"]
    )
    if goes:
        assert json.loads(Path("told.json").read_text())["deleted"] == report["deleted"]
    elif status:
        assert report["failures"][0].startswith("nothing was deleted: echo before")
    else:
        assert report["notes"][0].endswith(": it is not the time for it")
