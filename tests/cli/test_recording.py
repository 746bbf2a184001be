"""What writing down in the catalogue loads, and when."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from kit.command import run

# A check that forks while a thread loads what recording needs: the child would wait for ever for what is half loaded.
_FORKS_MEANWHILE = """
import os, sys, time
from pybackup.cli import recording
from pybackup.cli.main import main
import pybackup.cli.verbs.verify as verb
load = recording._load
def slowly():
    time.sleep(0.3)
    load()
recording._load = slowly
start = recording.load_meanwhile
def and_fork(options):
    start(options)
    assert "sqlalchemy" not in sys.modules
    child = os.fork()
    if not child:
        import sqlalchemy
        os._exit(7)
    assert "sqlalchemy" in sys.modules
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
verb.load_meanwhile = and_fork
sys.exit(main(["verify", "docs.xtar", "--catalogue", "c.sqlite"]))
"""
_WITHOUT = """
import sys
sys.modules["sqlalchemy"] = None
from pybackup.cli.main import main
sys.exit(main(["verify", "docs.xtar", "--catalogue", "c.sqlite"]))
"""


def in_python(script: str, at: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", script], cwd=at, capture_output=True, text=True, timeout=60, check=False
    )


def made(at: Path) -> None:
    (at / "docs").mkdir()
    (at / "docs/a.txt").write_text("a letter\n" * 100)
    assert run("create", "docs", "-o", "docs.xtar", "--catalogue", "none", cwd=at).returncode == 0
    assert run("catalogue", "init", "--catalogue", "c.sqlite", cwd=at).returncode == 0


def test_a_fork_waits_until_all_is_loaded(tmp_path: Path) -> None:
    made(tmp_path)
    done = in_python(_FORKS_MEANWHILE, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    told = run("catalogue", "show", "docs", "--catalogue", "c.sqlite", cwd=tmp_path).stdout
    assert b"intact" in told


def test_that_a_database_cannot_be_loaded_is_told(tmp_path: Path) -> None:
    made(tmp_path)
    done = in_python(_WITHOUT, tmp_path)
    assert done.returncode == 1
    assert "docs.xtar: not in the catalogue: import of sqlalchemy halted" in done.stderr
    assert "Traceback" not in done.stderr


def test_what_opens_no_archive_of_others_loads_none_of_their_readers(tmp_path: Path) -> None:
    made(tmp_path)
    script = (
        "import sys; from pybackup.cli.main import main; "
        "status = main(['verify', 'docs.xtar', '--catalogue', 'c.sqlite']); "
        "sys.exit(status or 100 * any(name in sys.modules for name in ('py7zr', 'pybackup.mend.best_image')))"
    )
    assert in_python(script, tmp_path).returncode == 0
