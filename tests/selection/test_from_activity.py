"""The loop of selection: what pyactivity lists with ``--null`` is what pybackup archives."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from kit import planting
from kit.archives import extract
from kit.manifest import manifest

from pybackup.archive.open import open_archive
from pybackup.model.entry import Kind

pytestmark = pytest.mark.usefixtures("as_root")

REPOSITORY = Path(__file__).parents[2]
HOUR_NS = 3600 * 10**9
START_NS = 1_600_000_000 * 10**9


def _run(module: str, *arguments: str, cwd: Path, given: bytes = b"") -> bytes:
    command = [sys.executable, "-W", "error", "-m", module, *arguments]
    environment = {**os.environ, "PYTHONPATH": os.fspath(REPOSITORY)}
    ran = subprocess.run(command, cwd=cwd, env=environment, input=given, capture_output=True)
    assert ran.returncode == 0, ran.stderr.decode(errors="replace")
    return ran.stdout


def test_the_newest_burst_of_work(tmp_path: Path) -> None:
    """Three bursts in one tree, of names that fit no lines; the newest alone goes into the archive."""
    bursts: list[set[bytes]] = [set(), set(), set()]
    base = os.fsencode(tmp_path)
    for number, name in enumerate(planting.ODD_NAMES):
        burst = number % 3
        directory = b"work/" + name
        os.makedirs(base + b"/" + directory)
        path = directory + b"/file\n" + name
        with open(base + b"/" + path, "wb") as file:
            file.write(name)
        mtime_ns = START_NS + 100 * burst * HOUR_NS + number * 60 * 10**9
        os.utime(base + b"/" + path, ns=(mtime_ns, mtime_ns))
        bursts[burst].add(path)
    listed = _run("pyactivity", "--null", "--limit", "1", "--quiet", "work", cwd=tmp_path)
    assert {os.path.normpath(path) for path in listed.split(b"\0") if path} == bursts[2]
    _run("pybackup", "create", "--files-from", "-", "--null", "-o", "a.xtar", "--quiet", cwd=tmp_path, given=listed)
    with open_archive(os.fsencode(tmp_path / "a.xtar")) as opened:
        stored = [row.entry for row in opened.listing]
    assert {entry.path for entry in stored if entry.kind is Kind.FILE} == bursts[2]
    assert {entry.path for entry in stored if entry.kind is not Kind.FILE} == {
        above for path in bursts[2] for above in (b"work", os.path.dirname(path))
    }
    extract(tmp_path / "a.xtar", tmp_path / "out")
    before, after = manifest(tmp_path / "work"), manifest(tmp_path / "out/work")
    assert after == {path: facts for path, facts in before.items() if path in after}
