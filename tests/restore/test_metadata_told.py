"""Metadata that cannot be restored is reported, once, by each way of restoring."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from kit.planting import ACL_ACCESS, CAPABILITY

import pybackup
from pybackup.monitor import Noted

REPOSITORY = Path(__file__).parents[2]
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives what another may not have")


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Several files, small ones and one of several segments, with attributes, ACLs, capabilities and set-id bits."""
    top = tmp_path / "top"
    top.mkdir()
    for name, size in (("a", 10), ("b", 10), ("large", 3 << 20)):
        path = top / name
        path.write_bytes(b"x" * size)
        path.chmod(0o6755)
        os.setxattr(path, "user.mine", b"1")
        os.setxattr(path, "security.capability", CAPABILITY)
        subprocess.run(["setfacl", "-m", "u:1234:r", path], check=True)
    (top / "plain").write_bytes(b"x")
    pybackup.create([top], tmp_path / "a.xtar", workers=1, segment_size=1 << 20, monitor=pybackup.Monitor())
    return tmp_path / "a.xtar"


@pytest.fixture
def without_attributes(tmp_path: Path) -> Iterator[Path]:
    """A file system that knows no extended attributes at all."""
    there = tmp_path / "ramfs"
    there.mkdir()
    if subprocess.run(["mount", "-t", "ramfs", "none", there], capture_output=True, check=False).returncode:
        pytest.skip("mounting is forbidden here")
    yield there
    subprocess.run(["umount", there], check=True)


def restored(verb: str, archive: Path, out: Path, workers: int, *, no_owner: bool = False) -> Noted:
    heard = Noted()
    if verb == "extract":
        pybackup.extract(archive, out, workers=workers, no_owner=no_owner, monitor=heard)
    else:
        pybackup.salvage([archive], out, workers=workers, no_owner=no_owner, monitor=heard)
    return heard


@needs_root
@pytest.mark.parametrize("verb", ["extract", "salvage"])
@pytest.mark.parametrize("workers", [1, 2])
def test_on_a_file_system_without_attributes(archive: Path, without_attributes: Path, verb: str, workers: int) -> None:
    heard = restored(verb, archive, without_attributes / "out", workers)
    assert heard.problems == []
    assert len(heard.notes) == len(set(heard.notes))
    for what in ("extended attribute (user)", "extended attribute (security)", "ACL"):
        assert len([note for note in heard.notes if note.startswith(f"{what} not restored")]) == 1, heard.notes
    assert sorted(os.listdir(without_attributes / "out/top")) == ["a", "b", "large", "plain"]


@needs_root
@pytest.mark.parametrize("verb", ["extract", "salvage"])
@pytest.mark.parametrize("workers", [1, 2])
def test_as_another_user(archive: Path, tmp_path: Path, verb: str, workers: int) -> None:
    code = """
import json, os, sys
import grp, pwd, multiprocessing, concurrent.futures.process
import pybackup, pybackup.api, pybackup.jobs.extract, pybackup.jobs.salvage, pybackup.restore.unpack
from pybackup.monitor import Noted
verb, archive, out, workers = sys.argv[1:]
os.setgroups([]); os.setgid(65534); os.setuid(65534)
heard = Noted()
named = {"extract": archive, "salvage": [archive]}[verb]
getattr(pybackup, verb)(named, out, workers=int(workers), monitor=heard)
print(json.dumps([[problem.reason for problem in heard.problems], heard.notes]))
"""
    out = tmp_path / "theirs"
    out.mkdir()
    for path in (tmp_path, out):
        path.chmod(0o755)
    os.chown(out, 65534, 65534)
    archive.chmod(0o644)
    command = [sys.executable, "-c", code, verb, archive.name, out.name, str(workers)]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr
    problems, notes = json.loads(done.stdout)
    assert problems == []
    for what in ("set-id bits are dropped", "capabilities are dropped"):
        assert len([note for note in notes if note.startswith(what)]) == 1, notes
    assert os.getxattr(out / "top/a", "user.mine") == b"1"
    assert (out / "top/a").stat().st_mode & 0o7000 == 0


@needs_root
@pytest.mark.parametrize("verb", ["extract", "salvage"])
@pytest.mark.parametrize("workers", [1, 2])
def test_without_owners(archive: Path, tmp_path: Path, verb: str, workers: int) -> None:
    heard = restored(verb, archive, tmp_path / "out", workers, no_owner=True)
    assert heard.problems == []
    for what in ("set-id bits are dropped", "capabilities are dropped"):
        assert len([note for note in heard.notes if note.startswith(what)]) == 1, heard.notes
    assert ACL_ACCESS in {os.fsencode(name).decode() for name in os.listxattr(tmp_path / "out/top/a")}


@needs_root
def test_a_hard_link_that_becomes_a_copy_tells_too(tmp_path: Path, without_attributes: Path) -> None:
    """Across a mount in the target the second name is a copy, on a file system that knows no attributes."""
    top = tmp_path / "top"
    (top / "below").mkdir(parents=True)
    (top / "a").write_bytes(b"x" * 1000)
    os.setxattr(top / "a", "user.mine", b"1")
    os.link(top / "a", top / "below/b")
    pybackup.create([top], tmp_path / "a.xtar", workers=1, monitor=pybackup.Monitor())
    below = tmp_path / "out/top/below"
    below.mkdir(parents=True)
    subprocess.run(["mount", "--bind", without_attributes, below], check=True)
    try:
        heard = restored("extract", tmp_path / "a.xtar", tmp_path / "out", 1)
        assert (below / "b").read_bytes() == b"x" * 1000
    finally:
        subprocess.run(["umount", below], check=True)
    assert heard.problems == []
    assert [note for note in heard.notes if note.startswith("extended attribute (user) not restored")]
