"""Running jobs: what they make, what they print, how they end."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest

import pybackup
from pybackup.catalogue.connect import create_catalogue, open_catalogue
from pybackup.catalogue.media import media
from pybackup.cli.main import main

from .conftest import WriteJobs

DAY = time.strftime("%Y-%m-%d")


def ran(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> list[dict[str, Any]]:
    """Run jobs, and return the report of each."""
    found = main(["run", *arguments, "--json"])
    told = capsys.readouterr()
    assert found == status, told.err
    return [json.loads(line) for line in told.out.splitlines()]


def paths_in(archive: str | Path) -> set[str]:
    return {os.fsdecode(stored.entry.path) for stored in pybackup.list(archive) if stored.members}


def test_sources_each_with_options(jobs: WriteJobs, capsys: pytest.CaptureFixture[str]) -> None:
    path = jobs("""
[job.work]
sources = [
    "docs", { path = "photos", separate_dirs = true, compression = "store" },
    { path = "docs", exclude = ["*.tmp"] },
]
output = "out/{job}-{date}-{comment}.xtar"
""")
    (report,) = ran(capsys, str(path), "--comment", "of May/June")
    stem = f"work-{DAY}-of May_June"
    assert sorted(os.listdir("out")) == sorted(
        [f"{stem}.xtar", f"{stem}-2001.xtar", f"{stem}-2002.xtar", f"{stem}-photos.xtar", f"{stem}-docs.xtar"]
    )
    assert paths_in(f"out/{stem}.xtar") == {"docs/a.txt", "docs/b.tmp"}
    assert paths_in(f"out/{stem}-docs.xtar") == {"docs/a.txt"}
    assert paths_in(f"out/{stem}-2001.xtar") == {"2001/x.jpg"}
    assert paths_in(f"out/{stem}-photos.xtar") == {"loose.jpg"}  # nothing that lies beside the directories is lost
    assert pybackup.info(f"out/{stem}.xtar").settings["comment"] == "of May/June"
    assert (report["state"], report["files"], len(report["made"])) == ("ok", 6, 5)


@pytest.mark.parametrize(
    ("export", "left"), [('"zip"', {"x.xtar", "x.zip"}), ('{ format = "zip", instead = true }', {"x.zip"})]
)
def test_exports_beside_and_instead(
    export: str, left: set[str], jobs: WriteJobs, capsys: pytest.CaptureFixture[str]
) -> None:
    path = jobs(f'[job.x]\nsources = ["docs"]\noutput = "out/{{job}}.xtar"\nexport = {export}\n')
    ran(capsys, str(path))
    assert set(os.listdir("out")) == left
    with zipfile.ZipFile("out/x.zip") as file:
        assert file.read("docs/a.txt") == Path("docs/a.txt").read_bytes()


def test_each_source_has_an_export_of_its_own(jobs: WriteJobs, capsys: pytest.CaptureFixture[str]) -> None:
    path = jobs("""
[job.x]
sources = [
    { path = "photos", export = { format = "zip", instead = true }, separate_dirs = true },
    { path = "docs", export = "tar.bz2" }, "jobs.toml",
]
output = "out/{source}.xtar"
""")
    ran(capsys, str(path))
    assert sorted(os.listdir("out")) == ["2001.zip", "2002.zip", "docs.tar.bz2", "docs.xtar", "photos.zip", "x.xtar"]


def test_copies_that_are_missing_are_told(jobs: WriteJobs, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    create_catalogue(f"sqlite:///{tmp_path}/c.sqlite")
    path = jobs(
        f'[job.x]\nsources = ["docs"]\noutput = "out/{{comment}}.xtar"\ncatalogue = "sqlite:///{tmp_path}/c.sqlite"\n'
        "copies = { want = 2 }\n"
    )
    (report,) = ran(capsys, str(path), "--comment", "a")
    few = "(place not known): 2 files on it have fewer than 2 sound copies"
    assert report["advice"] == [f"make one more copy of a {few}"]
    assert re.fullmatch("[0-9a-f]{16,}", report["made"][0]["identity"])
    (report,) = ran(capsys, str(path), "--comment", "b")  # holds the same once more
    assert report["advice"] == []


def test_copies_that_nothing_counts_are_told(jobs: WriteJobs, capsys: pytest.CaptureFixture[str]) -> None:
    path = jobs('[job.x]\nsources = ["docs"]\noutput = "out/{comment}.xtar"\ncopies = { want = 2 }\n')
    (report,) = ran(capsys, str(path), "--comment", "a")
    none = "copies are counted by a catalogue, and there is none: 'pybackup catalogue init' makes one"
    assert report["advice"] == [none]


def test_what_a_zip_cannot_hold_keeps_the_archive(jobs: WriteJobs, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo("docs/fifo")
    path = jobs('[job.x]\nsources = ["docs"]\noutput = "out/x.xtar"\nexport = { format = "zip", instead = true }\n')
    (report,) = ran(capsys, str(path), status=1)
    assert set(os.listdir("out")) == {"x.xtar", "x.zip"}
    assert [each["path"] for each in report["problems"]] == ["docs/fifo"]


def test_options_of_the_job_and_of_the_command_line(jobs: WriteJobs, capsys: pytest.CaptureFixture[str]) -> None:
    os.utime("docs/a.txt", (1_000_000_000, 1_000_000_000))
    path = jobs("""
[defaults]
exclude = ["*.none"]
store = ["+txt"]
[job.x]
sources = ["docs"]
output = "out/{job}-{time}-{comment}.xtar"
exclude = ["+*.tmp"]
since = 2001-01-01
""")
    (report,) = ran(capsys, str(path))
    archive = report["made"][0]["path"]
    assert re.fullmatch(r".*/out/x-\d{6}\.xtar", archive)
    assert paths_in(archive) == {"docs/a.txt"}
    (report,) = ran(capsys, str(path), "--since", "2002-01-01", "--comment", "n")
    assert report["files"] == 0


def test_discs_of_a_list_of_media(jobs: WriteJobs, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(8):
        Path(f"photos/{number}.jpg").write_bytes(os.urandom(400_000))
    path = jobs("""
[job.photos]
mode = "discs"
sources = ["photos"]
volumes = "volumes/{job}"
images = "images"
media = { first = ["1M"], then = "4M" }
recovery_volumes = 1
""")
    (report,) = ran(capsys, str(path))
    kinds = [made["kind"] for made in report["made"]]
    assert kinds == ["volume"] * (len(kinds) // 2) + ["image"] * (len(kinds) // 2)
    assert sorted(os.listdir("volumes/photos"))[:2] == ["photos-001.xtar", "photos-002.xtar"]
    assert (
        os.path.getsize("volumes/photos/photos-001.xtar") <= 1 << 20 < os.path.getsize("volumes/photos/photos-002.xtar")
    )
    assert len(report["advice"]) == len(os.listdir("images")) == len(kinds) // 2
    pybackup.extract("images", "back", workers=1)
    assert Path("back/photos/3.jpg").read_bytes() == Path("photos/3.jpg").read_bytes()


def test_a_dry_run_makes_nothing(jobs: WriteJobs, capsys: pytest.CaptureFixture[str]) -> None:
    path = jobs("""
[job.x]
sources = ["docs"]
output = "out/{job}.xtar"
[[job.x.hook]]
before = "run"
run = ["touch", "touched"]
[job.d]
mode = "discs"
sources = ["docs"]
volumes = "volumes"
media = "cd700"
""")
    before = sorted(os.listdir())
    assert main(["run", "x", "d", "--config", str(path), "--dry-run"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"job x: {os.getcwd()}/out/x.xtar would hold 2 files of 760 B",
        f"job d: {os.getcwd()}/volumes would hold 2 files of 760 B",
    ]
    assert sorted(os.listdir()) == before


def test_it_is_written_down_with_a_password_from_a_command(
    jobs: WriteJobs, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    create_catalogue(str(tmp_path / "c.sqlite")).close()
    path = jobs(f"""
[job.x]
sources = ["docs"]
output = "out/x.xtar"
catalogue = "{tmp_path}/c.sqlite"
""")
    ran(capsys, str(path))
    with open_catalogue(str(tmp_path / "c.sqlite")) as catalogue:
        assert [medium.label for medium in media(catalogue)] == ["x"]
    path = jobs("""
[job.y]
sources = ["docs"]
output = "out/y.xtar"
catalogue = { url = "postgresql://nobody@127.0.0.1:1/none", password = { command = ["echo", "open sesame"] } }
""")
    (report,) = ran(capsys, str(path), status=1)
    assert [each["trouble"] for each in report["problems"]] == ["not in the catalogue"]
    assert "sesame" not in json.dumps(report)


def test_several_jobs_all_run_and_the_worst_counts(jobs: WriteJobs, capsys: pytest.CaptureFixture[str]) -> None:
    path = jobs("""
[job.bad]
sources = ["none"]
output = "out/bad.xtar"
[job.good]
sources = ["docs"]
output = "out/good.xtar"
""")
    bad, good = ran(capsys, str(path), status=2)
    assert (bad["state"], good["state"]) == ("fail", "ok")
    assert bad["failures"] == [f"{os.getcwd()}/none: no such file or directory"] or "none" in bad["failures"][0]
    again = ran(capsys, str(path), status=2)[1]
    assert again["failures"] == [f"{os.getcwd()}/out/good.xtar: exists"]
    assert "a {time} in the name of what is made" in again["advice"][0]


def test_one_source_that_fails_costs_no_other(jobs: WriteJobs, capsys: pytest.CaptureFixture[str]) -> None:
    path = jobs(
        '[job.x]\nsources = [{ path = "none", compression = "fast" }, { path = "docs", compression = "fast" }]\n'
        'output = "out/x.xtar"\n'
    )
    (report,) = ran(capsys, str(path), status=2)
    assert os.listdir("out") == ["x-docs.xtar"]
    assert (report["state"], report["files"]) == ("fail", 2)


def test_two_archives_of_one_name_are_refused(jobs: WriteJobs, capsys: pytest.CaptureFixture[str]) -> None:
    source = '{ path = "docs", compression = "fast" }'
    path = jobs(f'[job.x]\nsources = [{source}, {source}]\noutput = "out/x.xtar"\n')
    (report,) = ran(capsys, str(path), status=2)
    assert "two archives would be called" in report["failures"][0]
    assert not os.path.exists("out")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["wrok"], "wrok: no such job; did you mean 'work'?; there is work"),
        (["none.toml"], "none.toml: No such file or directory"),
        (["empty.toml"], "empty.toml: no job is in it"),
        (["work", "--since", "one day"], "--since: "),
    ],
)
def test_what_is_refused(arguments: list[str], said: str, jobs: WriteJobs, capsys: pytest.CaptureFixture[str]) -> None:
    path = jobs('[job.work]\nsources = ["docs"]\noutput = "out/x.xtar"\n')
    Path("empty.toml").write_text("version = 1\n")
    Path("empty.toml").chmod(0o600)
    more = [] if arguments[0].endswith(".toml") else ["--config", str(path)]
    assert main(["run", *arguments, *more]) == 2
    assert said in capsys.readouterr().err
    assert not os.path.exists("out")


def test_silence_on_success_for_cron(jobs: WriteJobs, capsys: pytest.CaptureFixture[str]) -> None:
    path = jobs(
        '[job.x]\nsources = ["docs"]\noutput = "out/{time}.xtar"\n'
        '[[job.x.hook]]\nbefore = "run"\nrun = ["echo", "loud"]\n'
    )
    assert main(["run", str(path), "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")


HOLD = """
import sys
from pybackup.jobfiles.lock import job_lock
with job_lock("x"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("is_dead", [False, True])
def test_one_lock_a_job(is_dead: bool, jobs: WriteJobs, capsys: pytest.CaptureFixture[str]) -> None:
    path = jobs("""
[job.x]
sources = ["docs"]
output = "out/x.xtar"
[[job.x.hook]]
after = "run"
run = ["touch", "after"]
""")
    with subprocess.Popen([sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        if is_dead:
            holder.kill()
            holder.wait()
        (report,) = ran(capsys, str(path), status=0 if is_dead else 5)
        holder.kill()
    assert os.path.exists("out/x.xtar") is is_dead
    assert os.path.exists("after")
    if not is_dead:
        assert report["failures"] == [f"job x runs already, as process {holder.pid}"]


def test_the_history_has_a_line_for_each_run(
    jobs: WriteJobs, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = jobs('[job.x]\nsources = ["docs"]\noutput = "out/x.xtar"\n')
    ran(capsys, str(path))
    ran(capsys, str(path), status=2)
    lines = (tmp_path / "state/pybackup/runs.jsonl").read_text().splitlines()
    assert [json.loads(line)["state"] for line in lines] == ["ok", "fail"]
    assert os.stat(tmp_path / "state/pybackup/runs.jsonl").st_mode & 0o777 == 0o600


def test_runs_are_in_the_catalogue_too(jobs: WriteJobs, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/c.sqlite"
    create_catalogue(url).close()
    path = jobs(f'[job.x]\nsources = ["docs"]\noutput = "out/{{comment}}.xtar"\ncatalogue = "{url}"\nworkers = 1\n')
    ran(capsys, str(path), "--comment", "a")
    ran(capsys, str(path), "--comment", "a", status=2)
    Path(tmp_path / "state/pybackup/runs.jsonl").unlink()
    assert main(["jobs", "log", "x", "--catalogue", url, "--json"]) == 0
    first, second = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (first["state"], first["files"], first["host"]) == ("ok", 2, socket.gethostname())
    assert (second["state"], second["failures"][0]) == ("fail", f"{tmp_path}/out/a.xtar: exists")
    assert main(["jobs", "log", "--catalogue", url]) == 0
    assert f"  {socket.gethostname()}  x  " in capsys.readouterr().out
    # They are carried to another catalogue, and there once.
    other = f"sqlite:///{tmp_path}/other.sqlite"
    create_catalogue(other).close()
    assert main(["catalogue", "export", "all.sqlite", "--catalogue", url]) == 0
    for _ in range(2):
        assert main(["catalogue", "import", "all.sqlite", "--catalogue", other]) == 0
    capsys.readouterr()
    assert main(["jobs", "log", "--catalogue", other, "--json"]) == 0
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [first, second]
    os.rename("c.sqlite", "gone.sqlite")
    (report,) = ran(capsys, str(path), "--comment", "b", status=1)
    assert (len(report["problems"]), report["failures"]) == (1, [])
    (report,) = ran(capsys, str(jobs(path.read_text().replace('"docs"', '"none"'))), "--comment", "c", status=2)
    assert report["failures"][1].startswith("the run is not in the catalogue: ")


def test_what_is_safe_on_known_media_is_left_out(
    jobs: WriteJobs, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path}/c.sqlite"
    create_catalogue(url)
    text = f'[job.x]\nsources = ["docs"]\noutput = "out/{{comment}}.xtar"\ncatalogue = "{url}"\n'
    ran(capsys, str(jobs(text)), "--comment", "all")
    Path("docs/new.txt").write_text("new")
    path = jobs(text + "known = { skip = true, min_copies = 1 }\n")
    ran(capsys, str(path), "--comment", "new")
    assert paths_in("out/new.xtar") == {"docs/new.txt"}
    never_checked = 'known = { max_age_of_check = "2y" }'
    for known in (never_checked, "known = { min_copies = 2 }", "known = { skip = false }", "known = false"):
        assert main(["run", str(jobs(text + known)), "--comment", "x", "--dry-run"]) == 0
        assert "would hold 3 files" in capsys.readouterr().out
    path = jobs(text + "known = true\n")
    assert main(["run", str(path), "--comment", "none", "--dry-run"]) == 0
    assert "would hold 0 files" in capsys.readouterr().out
