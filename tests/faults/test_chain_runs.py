"""Runs of chains that are killed, or of which an operation fails, anywhere: the next goes on from the last whole one.

What has a name is whole, the catalogue names nothing that is not there, the tree comes back as it is from what the next
run adds, and no temporary file stays. For archives and for sets of volumes, with a catalogue and without.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from kit.command import COMMAND, ENVIRONMENT
from kit.living import LivingTree
from kit.manifest import differences, manifest
from kit.memory import fast_directory
from kit.thorough import EVERYTHING, so_many

import pybackup
from pybackup.catalogue.connect import create_catalogue, open_catalogue
from pybackup.catalogue.runs import runs
from pybackup.monitor import Monitor

from .killing import session

SCRIPT = Path(__file__).with_name("moments.py")
TESTS = SCRIPT.parents[1]
# Of how many moments one is tried: a run has 160 to 500.
USUAL = {
    ("kill", "chain"): 52,
    ("kill", "chain of sets"): 160,
    ("fail", "chain"): 110,
    ("fail", "archives of sets"): 170,
}
ALL = [(how, case) for how in ("kill", "fail") for case in ("chain", "chain of sets", "archives", "archives of sets")]


@pytest.mark.parametrize(("how", "case"), ALL if EVERYTHING else [*USUAL])
def test_the_next_run_goes_on_from_the_last_whole_one(how: str, case: str) -> None:
    every = 3 if EVERYTHING else USUAL[how, case]
    path = os.pathsep.join([ENVIRONMENT["PYTHONPATH"], os.fspath(TESTS)])
    with fast_directory() as base:
        done = subprocess.run(
            [sys.executable, SCRIPT, how, case, str(every)],
            capture_output=True,
            check=False,
            cwd=base,
            env=ENVIRONMENT | {"PYTHONPATH": path},
        )
    assert done.returncode == 0, done.stderr.decode()
    *faults, last = (json.loads(line) for line in done.stdout.splitlines())
    assert faults == []
    assert last["moments"] >= 3


def test_killed_at_any_time_with_all_its_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line as it is, with workers and the process that writes in the catalogue."""
    chance = random.Random(5)
    with fast_directory() as base:
        tree, catalogue = LivingTree(base / "tree", 3, files=30, large_bytes=100_000), os.fspath(base / "c.sqlite")
        monkeypatch.setenv("PYBACKUP_CATALOGUE", catalogue)
        create_catalogue(catalogue).close()
        longest = 0.0
        for day in range(so_many(4, 40)):
            tree.live(5)
            words: list[str | Path] = [
                "create",
                tree.top,
                "-o",
                base / f"out/{day}.xtar",
                "--chain",
                "docs",
                "--workers",
                "2",
            ]
            begun = time.monotonic()
            process = subprocess.Popen(
                [*COMMAND, *words], env=ENVIRONMENT | os.environ, stderr=subprocess.DEVNULL, start_new_session=True
            )
            if day:  # the first one is whole, and tells how long a run takes here
                time.sleep(chance.uniform(0.2, 1) * longest)
                (os.killpg if day % 2 else os.kill)(process.pid, signal.SIGKILL)
            process.wait()
            longest = longest or time.monotonic() - begun
            while session(process.pid):
                time.sleep(0.05)
            with open_catalogue(catalogue) as known:
                places = {Path(os.fsdecode(run.location)) for run in runs(known, "docs") if run.is_complete}
            assert {path for path in places if not path.exists()} == set()
        heard = Monitor()
        pybackup.create(
            [tree.top], output=base / "out/last.xtar", chain="docs", catalogue=catalogue, workers=1, monitor=heard
        )
        pybackup.restore_chain("docs", to=base / "back", workers=1, catalogue=catalogue, monitor=heard)
        assert heard.problems == []
        assert differences(manifest(tree.top), manifest(base / "back/tree")) == []
        assert [path.name for path in (base / "out").iterdir() if path.suffix != ".xtar"] == []
