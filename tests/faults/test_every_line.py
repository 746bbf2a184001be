"""Interrupted at every line that makes, names or removes temporaries or starts processes: nothing is left behind.

By a signal, as the command line is; and by KeyboardInterrupt, as a program is that uses the library: there what is
left is gone when the process has ended.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pybackup.cli.main import main

SCRIPT = Path(__file__).with_name("every_line.py")
COMMANDS = {
    "create": "create docs -o new/a.xtar --workers 1 --segment-size 1M --parity-sidecar",
    "create beside": "create docs -o new/a.xtar --workers 1 --work-dir new/work",
    "create, two workers": "create docs -o new/a.xtar --workers 2 --segment-size 1M",
    "create a set": "create docs --volumes new --volume-size 2M --recovery-volumes 1 --workers 1",
    "extract": "extract a.xtar --to new --workers 1 --overwrite always",
    "extract, two workers": "extract a.xtar --to new --workers 2",
    "repair": "repair hurt.xtar -o new/a.xtar",
    "rebuild": "rebuild set --to new",
    "disc build": "disc build a.xtar --to new",
}
WAYS = [(command, how) for command in COMMANDS for how in ("signal", "exception")]
# Python's own pool is not to be interrupted between any two lines: a signal does not, an exception would.
WAYS = [(command, how) for command, how in WAYS if how == "signal" or "two workers" not in command]


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tree, an archive of it, the same damaged, and a set without its first volume."""
    monkeypatch.chdir(tmp_path)
    docs = tmp_path / "docs"
    (docs / "sub").mkdir(parents=True)
    for number in range(4):
        (docs / f"{number}.txt").write_bytes(b"words %d\n" % number * 300)
    (docs / "sub/long.zip").write_bytes(os.urandom((1 << 20) + 99))
    os.link(docs / "1.txt", docs / "twin")
    (docs / "link").symlink_to("1.txt")
    assert main(["create", "docs", "-o", "a.xtar", "--segment-size", "1M", "--workers", "1", "--quiet"]) == 0
    hurt = bytearray(Path("a.xtar").read_bytes())
    hurt[100_000:110_000] = bytes(10_000)
    Path("hurt.xtar").write_bytes(hurt)
    making = "create docs --volumes set --volume-size 2M --recovery-volumes 1 --workers 1 --quiet"
    assert main(making.split()) == 0
    Path("set/docs-001.xtar").unlink()
    return tmp_path


@pytest.mark.parametrize(("command", "how"), WAYS)
def test_nothing_is_left(command: str, how: str, room: Path) -> None:
    if command == "extract":  # what stands where other things go is put aside, and comes back
        (room / "before/docs/2.txt/below").mkdir(parents=True)
        (room / "before/docs/2.txt/below/old").write_text("old")
        (room / "before/docs/sub").write_text("a file")
    if command == "create beside":
        (room / "before/work").mkdir(parents=True)
    words = [sys.executable, os.fspath(SCRIPT), how, *COMMANDS[command].split(), "--quiet"]
    # Lines are come by for what else lies in a directory, too: in that for temporary files nobody else has any.
    (room / "tmp").mkdir()
    own = os.environ | {"TMPDIR": os.fspath(room / "tmp")}
    done = subprocess.run(words, capture_output=True, check=False, cwd=room, env=own)
    assert done.returncode == 0, done.stderr
    *faults, last = (json.loads(line) for line in done.stdout.splitlines() if line.startswith(b"{"))
    assert faults == []
    assert last["moments"] > 25
