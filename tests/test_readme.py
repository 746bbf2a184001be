"""Every code block of the README is run as it stands, and its tables are compared with the code."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pybackup.cli.statuses import MEANINGS
from pybackup.layout.readme import README as ARCHIVE_README

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", TEXT, re.DOTALL)
SETUP, TEST_COMMAND, *REST = BLOCKS


def environment(home: Path) -> dict[str, str]:
    own = {"HOME": str(home), "XDG_DATA_HOME": str(home / "data"), "PYBACKUP_CATALOGUE": ""}
    own |= {"XDG_CONFIG_HOME": str(home / ".config"), "XDG_STATE_HOME": str(home / ".local/state")}
    return {**os.environ, **own, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}


def plant(home: Path) -> None:
    for name in ("docs/letters/1.txt", "docs/letters/2.txt", "docs/notes.md", "photos/a.jpg"):
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"This is {name}.\n" * 20)
    (home / "docs/empty").mkdir()
    (home / "docs/link").symlink_to("notes.md")


def test_it_begins_with_two_commands() -> None:
    assert SETUP[0] == TEST_COMMAND[0] == "sh"
    assert SETUP[1].count("\n") == TEST_COMMAND[1].count("\n") == 1


def test_the_set_up_command(tmp_path: Path) -> None:
    ignored = shutil.ignore_patterns(".git", ".venv*", "__pycache__", ".hypothesis", "*.egg-info", "build", ".*_cache")
    copy = tmp_path / "checkout"
    shutil.copytree(ROOT, copy, ignore=ignored)
    command = SETUP[1].replace("/usr/share/doc ", "/usr/share/doc/python3 ")
    done = subprocess.run(["sh", "-e", "-c", command], cwd=copy, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (copy / "doc.xtar").is_file()
    assert "python3" in done.stdout


def test_the_test_command_is_what_ci_runs() -> None:
    command = TEST_COMMAND[1].strip()
    assert (ROOT / command.split()[1]).is_file()
    assert "tests\\/run" in (ROOT / ".ci/run").read_text()


def test_all_other_blocks_in_order(tmp_path: Path) -> None:
    plant(tmp_path)
    assert len(REST) >= 6
    for language, block in REST:
        command = [sys.executable, "-c", block] if language == "python" else ["sh", "-e", "-c", block]
        done = subprocess.run(
            command, cwd=tmp_path, env=environment(tmp_path), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"
    for restored in ("restored/docs", "OUT/docs", "from-api/docs"):
        differences = subprocess.run(
            ["diff", "-r", "--no-dereference", tmp_path / "docs", tmp_path / restored], capture_output=True, check=False
        )
        assert differences.returncode == 0, differences.stdout
    assert (tmp_path / "some/docs/letters/1.txt").is_file()
    assert (tmp_path / "crontab.txt").read_text().splitlines()[0].startswith("30 2 * * * ")
    for place in ("from-the-night", "from-the-disc"):
        assert (tmp_path / place / "docs/notes.md").read_text() == (tmp_path / "docs/notes.md").read_text()


def test_the_script_is_the_one_in_every_archive() -> None:
    script = next(block for _, block in REST if "mkdir M OUT" in block)
    lines = [line.strip() for line in script.splitlines()[1:]]
    archived = ARCHIVE_README.decode()
    assert lines == [line.strip() for line in archived[archived.index("    mkdir M") :].split("\n\n")[0].splitlines()]


def test_the_table_of_exit_statuses() -> None:
    rows = re.findall(r"^\| (\d+) \|", TEXT, re.MULTILINE)
    assert [int(row) for row in rows] == [int(status) for status in MEANINGS]


@pytest.mark.parametrize("name", ["pybackup/docs/FORMAT.md", "pybackup/docs/DESIGN.md", "benchmarks/README.md"])
def test_documents_it_names_are_there(name: str) -> None:
    assert name in TEXT
    assert (ROOT / name).is_file()
