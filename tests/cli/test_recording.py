"""Recording in the catalogue: which modules it loads, and when."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from kit.command import run

# What the verb itself has loaded when it is done.
_LOADED = """
import sys
from pybackup.cli.main import main
status = main(["verify", "docs.xtar", "--catalogue", "c.sqlite"])
sys.exit(status or 100 * any(name.startswith("sqlalchemy") for name in sys.modules))
"""
# The process that writes down dies before it is asked to.
_DIES = """
import os, sys
from pybackup.cli import recording
from pybackup.cli.main import main
recording._written = lambda *_: os._exit(9)
sys.exit(main(["verify", "docs.xtar", "--catalogue", "c.sqlite"]))
"""
# There is but one processor, or no process can be started.
_ALONE = """
import sys
from pybackup.cli import recording
from pybackup.cli.main import main
recording.is_worth_it = lambda: False
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


def told(at: Path) -> bytes:
    return run("catalogue", "show", "docs", "--catalogue", "c.sqlite", cwd=at).stdout


def test_a_second_process_writes_down_so_that_the_work_waits_for_no_database(tmp_path: Path) -> None:
    made(tmp_path)
    done = in_python(_LOADED, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert b"intact" in told(tmp_path)


def test_where_there_is_no_second_process_the_first_one_writes_down(tmp_path: Path) -> None:
    made(tmp_path)
    done = in_python(_ALONE, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert b"intact" in told(tmp_path)


def test_that_the_second_process_died_is_a_problem_and_no_more(tmp_path: Path) -> None:
    made(tmp_path)
    done = in_python(_DIES, tmp_path)
    assert done.returncode == 1
    assert "docs.xtar: intact" in done.stdout
    assert "docs.xtar: not in the catalogue: the process that writes in the catalogue died" in done.stderr


def test_what_is_said_of_several_archives_comes_from_the_second_process(tmp_path: Path) -> None:
    made(tmp_path)
    done = run("verify", "docs.xtar", "docs.xtar", "--catalogue", "c.sqlite", cwd=tmp_path)
    assert done.returncode == 0
    assert told(tmp_path).count(b"intact") == 2


def test_that_a_database_cannot_be_loaded_is_told(tmp_path: Path) -> None:
    made(tmp_path)
    done = in_python(_WITHOUT, tmp_path)
    assert done.returncode == 1
    assert "docs.xtar: not in the catalogue: import of sqlalchemy halted" in done.stderr
    assert "Traceback" not in done.stderr


def test_what_writes_down_loads_no_reader_of_others_and_no_other_database(tmp_path: Path) -> None:
    script = (
        "import sys, pybackup.jobs.catalogue_record; "
        "from pybackup.catalogue.connect import create_catalogue; create_catalogue('c.sqlite').close(); "
        "names = 'py7zr', 'alembic', 'pybackup.foreign.apart', 'pybackup.mend.mender', 'sqlalchemy.dialects.mysql'; "
        "print(*(name for name in names if name in sys.modules), end='')"
    )
    done = in_python(script, tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
