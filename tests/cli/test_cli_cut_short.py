"""Runs that are cut short: what they leave behind, and what they advise to do."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from kit.command import COMMAND, ENVIRONMENT, lines, parsed, run
from kit.signals import heeded as heeded  # a fixture
from kit.trees import plant_docs

from pybackup.host import temporaries
from pybackup.model.entry import Entry, Kind
from pybackup.monitor import Monitor
from pybackup.tree import staged as staged_files
from pybackup.tree.place import PlaceOptions, Target


@pytest.mark.parametrize("late", [False, True], ids=["before it is there", "behind that"])
def test_an_interruption_while_a_temporary_is_made(late: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = temporaries.open_new

    def interrupted(name: bytes, dir_fd: int) -> int:
        if late:
            os.close(real(name, dir_fd))
        raise KeyboardInterrupt

    monkeypatch.setattr(staged_files, "open_new", interrupted)
    entry = Entry(b"a/b", Kind.FILE, 0o644, mtime_ns=0, size=1)
    with pytest.raises(KeyboardInterrupt), Target(os.fsencode(tmp_path), PlaceOptions(), Monitor()) as target:
        target.begin_file(entry)
    assert os.listdir(tmp_path / "a") == []


@pytest.mark.parametrize("number", [signal.SIGINT])
@pytest.mark.parametrize("verb", ["unpack", "extract", "salvage"])
def test_ten_interruptions_leave_no_temporary(verb: str, number: int, tmp_path: Path, heeded: None) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for name in range(600):
        (source / f"{name}.zip").write_bytes(os.urandom(2000))
    assert run("create", source, "-o", tmp_path / "a.xtar", "--parity", "none").returncode == 0
    for moment in range(10):
        target = tmp_path / f"target{moment}"
        command = [*COMMAND, verb, str(tmp_path / "a.xtar"), "--to", str(target)]
        with subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
            while process.poll() is None and not (target / "source").is_dir():
                time.sleep(0.001)
            time.sleep(moment * 0.01)
            process.send_signal(number)
            said = process.communicate(timeout=60)[1]
        assert process.returncode in (0, 130), said
        assert b"Traceback" not in said
        assert [path for path in target.rglob("*") if path.name.startswith(".pybackup-")] == []


def test_a_set_that_was_cut_short_says_how_to_go_on(tmp_path: Path) -> None:
    """The second volume exceeds the limit for the size of files (ulimit -f); the first one is kept."""
    source = tmp_path / "source"
    source.mkdir()
    for name in range(12):
        (source / f"{name}.zip").write_bytes(os.urandom(300_000))
    arguments = ["create", str(source), "--volumes", str(tmp_path / "set"), "--first-volumes", "1M"]
    limit = ["prlimit", f"--fsize={1_300_000}"]
    command = [*limit, *COMMAND, *arguments, "--volume-size", "4M"]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, check=False, timeout=120)
    assert done.returncode == 5
    said = lines(done.stderr)
    assert said[-2].endswith(f"1 volume in {tmp_path}/set finished; the same command with --resume goes on behind")
    assert "File too large" in said[-1]
    assert run(*arguments, "--volume-size", "4M", "--resume").returncode == 0


@pytest.mark.parametrize("number", [signal.SIGINT])
def test_a_set_that_was_interrupted_says_how_to_go_on(number: int, tmp_path: Path, heeded: None) -> None:
    source, volumes = tmp_path / "source", tmp_path / "set"
    source.mkdir()
    for name in range(60):
        (source / f"{name}.zip").write_bytes(os.urandom(300_000))
    arguments = ["create", str(source), "--volumes", str(volumes), "--volume-size", "1M"]
    with subprocess.Popen([*COMMAND, *arguments], env=ENVIRONMENT, stderr=subprocess.PIPE) as process:
        while not (volumes / "source-001.xtar").exists():
            assert process.poll() is None
            time.sleep(0.001)
        process.send_signal(number)
        said = process.communicate(timeout=60)[1]
    assert process.returncode == 130
    finished = len(list(volumes.iterdir()))
    assert lines(said)[-2:] == [
        f"pybackup: note: {finished} volume{'s' * (finished > 1)} in {volumes} finished; "
        "the same command with --resume goes on behind",
        "pybackup: interrupted",
    ]


def test_a_dry_run_needs_no_target(tmp_path: Path) -> None:
    plant_docs(tmp_path)
    assert run("create", "docs", cwd=tmp_path).returncode == 0
    done = run("extract", "docs.xtar", "docs/sub", "--dry-run", cwd=tmp_path)
    assert done.returncode == 0
    assert lines(done.stdout) == [
        "docs/",
        "docs/sub/",
        "docs/sub/b.tmp",
        "docs/sub/b.txt",
        "a directory: would get 4 entries, 2 files of 11 B",
    ]
    assert parsed(run("extract", "docs.xtar", "--dry-run", "--json", cwd=tmp_path))["target"] is None
    assert os.listdir(tmp_path).count("docs") == 1
