"""Every row of what the peers all keep, each as a round trip that the manifest must find exact."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from kit import planting
from kit.archives import archive, check, extract, round_trip
from kit.manifest import Manifest, differences, manifest
from kit.planting import MIB, SECOND, TIB

from pybackup.model.problem import Trouble
from pybackup.monitor import Monitor

REPOSITORY = Path(__file__).parents[2]


def _hard_links(found: Manifest) -> bool:
    group = {path for path, facts in found.items() if facts.linked == b"a/before"}
    return group == {b"a/before", b"m/again", b"m/file", b"top", b"z/deep/behind"}


def _symlinks(found: Manifest) -> bool:
    return found[b"dangling"].target == b"no/such/thing" and len({facts.mtime_ns for facts in found.values()}) > 9


def _devices(found: Manifest) -> bool:
    kinds = {facts.kind: facts.device for path, facts in found.items() if path != b"largest"}
    return kinds["character device"] == (1, 3) and found[b"largest"].device == (4095, 1_048_575)


def _holes(found: Manifest) -> bool:
    return len(found[b"many"].data) == 256 and found[b"nothing but"].data == () and bool(found[b"zeros"].data)


def _tebibyte(found: Manifest) -> bool:
    return found[b"huge"].size == TIB + 3 and sum(length for _, length in found[b"huge"].data) < MIB


def _acls(found: Manifest) -> bool:
    names = {name for name, _ in found[b"d"].xattrs}
    return names >= {planting.ACL_ACCESS, planting.ACL_DEFAULT} and not found[b"d/stripped"].xattrs


# What the manifest must have seen in the tree, lest a row compares nothing with nothing.
SEEN: Mapping[str, Callable[[Manifest], bool]] = {
    "hard_links": _hard_links,
    "symlinks": _symlinks,
    "fifos": lambda found: found[b"fifo"].kind == "fifo",
    "devices": _devices,
    "ns_times": lambda found: found[b"d4/file"].mtime_ns % SECOND == 123_456_789,
    "odd_times": lambda found: (
        {found[b"0-0"].mtime_ns, found[b"8-0"].mtime_ns} == {-(1 << 31) * SECOND, 15_032_385_535 * SECOND}
    ),
    "odd_names": lambda found: {path[2:] for path in found if path[:2] == b"e/"} >= set(planting.ODD_NAMES),
    "long_paths": lambda found: {len(path.removesuffix(b"/link")) - 2 for path in found} >= {2000, 4000, 4200, 6000},
    "set_ids": lambda found: {found[b"f6711"].mode, found[b"d1777"].mode} == {0o6711, 0o1777},
    "owners": lambda found: (found[b"d/1"].uid, found[b"d/1"].gid, found[b"d/1"].mode) == (1, 2, 0o6755),
    "xattrs": lambda found: (
        dict(found[b"file"].xattrs)["security.capability"] == planting.CAPABILITY and len(found[b"link"].xattrs) == 1
    ),
    "acls": _acls,
    "holes": _holes,
    "tebibyte": _tebibyte,
    "empty": lambda found: found[b"a/b/c"].mtime_ns == 900_000_003 * SECOND + 3 and found[b"file.txt"].size == 0,
    "our_names": lambda found: b"a" in found and b"a.7z/in" in found and b"x/.xtar" in found,
    "read_only": lambda found: found[b"0/below/file"].mode == 0,
    "contents": lambda found: found[b"noise2500000"].size == 2_500_000,
}


def test_every_row_is_looked_at() -> None:
    assert SEEN.keys() == planting.ROWS.keys()


@pytest.mark.parametrize("row", planting.ROWS)
def test_row(row: str, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    planting.ROWS[row](tree)
    before = round_trip(tree, tmp_path, segment_bytes=MIB)
    assert SEEN[row](before)
    check(tmp_path / "round.xtar", tree)


def test_a_tebibyte_of_holes_is_small(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    planting.tebibyte(tmp_path / "tree")
    archive([tmp_path / "tree"], tmp_path / "a.xtar")
    extract(tmp_path / "a.xtar", tmp_path / "out")
    assert (tmp_path / "a.xtar").stat().st_size < 64 * 1024
    assert (tmp_path / "out/tree/huge").stat().st_blocks * 512 < MIB


def test_acls_as_getfacl_tells_them(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    planting.acls(tmp_path / "tree")
    archive([tmp_path / "tree"], tmp_path / "a.xtar")
    extract(tmp_path / "a.xtar", tmp_path / "out")

    def told(base: Path) -> str:
        command = ["getfacl", "--recursive", "--numeric", "--skip-base", "tree"]
        return subprocess.run(command, cwd=base, check=True, capture_output=True, text=True).stdout

    assert told(tmp_path / "out") == told(tmp_path)
    assert "default:user:7:rw-" in told(tmp_path)


def test_owners_go_by_name_where_the_name_is_known(tmp_path: Path) -> None:
    """With numbers that the names do not have here, as in an archive from another machine."""
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree/file").write_bytes(b"x")
    os.chown(tmp_path / "tree/file", 1, 1)
    archive([tmp_path / "tree"], tmp_path / "a.xtar")
    script = "import pwd, grp\n"
    script += "pwd.getpwnam = lambda name: pwd.struct_passwd((name, 'x', 4321, 4322, '', '', ''))\n"
    script += "grp.getgrnam = lambda name: grp.struct_group((name, 'x', 8765, []))\n"
    script += "import sys; from pathlib import Path; from tests.kit.archives import extract\n"
    script += "extract(Path('a.xtar'), Path(sys.argv[1]), numeric_owner=sys.argv[1] == 'numbers')\n"
    environment = {**os.environ, "PYTHONPATH": os.fspath(REPOSITORY)}
    for target in ("names", "numbers"):
        subprocess.run([sys.executable, "-W", "error", "-c", script, target], cwd=tmp_path, env=environment, check=True)
    named, numbered = manifest(tmp_path / "names")[b"tree/file"], manifest(tmp_path / "numbers")[b"tree/file"]
    assert (named.uid, named.gid) == (4321, 8765)
    assert (numbered.uid, numbered.gid) == (1, 1)


def test_devices_only_when_asked_for(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    planting.devices(tmp_path / "tree")
    planting.fifos(tmp_path / "tree")
    archive([tmp_path / "tree"], tmp_path / "a.xtar")
    heard = extract(tmp_path / "a.xtar", tmp_path / "out", devices=False, monitor=Monitor())
    assert {(problem.path, problem.trouble) for problem in heard.problems} == {
        (b"tree/" + name, Trouble.REFUSED) for name in (b"null", b"block", b"largest")
    }
    assert [path.name for path in (tmp_path / "out/tree").iterdir()] == ["fifo"]


def test_a_socket_is_left_out_and_said(tmp_path: Path) -> None:
    class Notes(Monitor):
        def __init__(self) -> None:
            super().__init__()
            self.notes: list[str] = []

        def note(self, text: str) -> None:
            self.notes.append(text)

    heard = Notes()
    (tmp_path / "tree").mkdir()
    planting.sockets(tmp_path / "tree")
    archive([tmp_path / "tree"], tmp_path / "a.xtar", monitor=heard)
    assert heard.problems == []
    assert heard.notes == ["tree/socket: a socket, left out"]
    extract(tmp_path / "a.xtar", tmp_path / "out")
    assert differences(manifest(tmp_path / "tree"), manifest(tmp_path / "out/tree")) == ["b'socket' is missing"]


AS_NOBODY = """
import ctypes, importlib, os, pkgutil, sys
import encodings.utf_16_le, py7zr, pybackup
for module in pkgutil.walk_packages(pybackup.__path__, "pybackup."):
    if not module.name.endswith("__main__") and ".migrations" not in module.name:
        importlib.import_module(module.name)
from pybackup.cli.main import main
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
ctypes.CDLL(None).prctl(4, 1)  # PR_SET_DUMPABLE: give /proc/self back to who we are now
sys.exit(main(sys.argv[1:]))
"""


def test_what_a_user_may_not_read_is_a_problem_and_the_rest_comes() -> None:
    # Not in pytest's own directory, which is closed to others; nor is this Python open to all, so it changes its user
    # when it has all its modules.
    with TemporaryDirectory() as scratch:
        base = Path(scratch)
        _locked(base)
        environment = {**os.environ, "PYTHONPATH": os.fspath(REPOSITORY)}
        command = [sys.executable, "-W", "error", "-c", AS_NOBODY]
        command += ["create", "tree", "-o", "made/a.xtar", "--workers", "1"]
        ran = subprocess.run(command, cwd=base, env=environment, capture_output=True, text=True)
        assert ran.returncode == 1, ran.stderr
        assert "tree/locked" in ran.stderr
        assert "tree/closed" in ran.stderr
        assert "tree/open" not in ran.stderr
        extract(base / "made/a.xtar", base / "out")
        assert differences(manifest(base / "tree"), manifest(base / "out/tree")) == [
            "b'closed' is missing",
            "b'locked/in' is missing",
        ]


def _locked(base: Path) -> None:
    """A tree of nobody's with a directory and a file that nobody can open, and a directory to write to."""
    (base / "tree/locked").mkdir(parents=True)
    (base / "tree/locked/in").write_bytes(b"in")
    (base / "tree/closed").write_bytes(b"closed")
    (base / "tree/open").write_bytes(b"open")
    (base / "made").mkdir()
    for path in ("tree/locked/in", "tree/locked", "tree/closed", "tree/open", "tree", "made", "."):
        os.chown(base / path, 65534, 65534)
    os.chmod(base / "tree/closed", 0)
    os.chmod(base / "tree/locked", 0)
