"""Metadata put onto what was created: in an order that loses nothing, told once where a system lacks a notion."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from pybackup.host.restore import Restorer, hands_down_acl
from pybackup.model.entry import NOBODY, Entry, Kind, Owner
from pybackup.model.problem import Trouble
from pybackup.monitor import Noted

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="gives files away")
NS = 1_500_000_000_123_456_789
CAPABILITY = bytes.fromhex("0100000200200000000000000000000000000000")
# POSIX_ACL_XATTR_VERSION 2: user::rw-, user:1:r--, group::---, mask::r--, other::---
ACL = bytes.fromhex("0200000001000600ffffffff020004000100000004000000ffffffff10000400ffffffff20000000ffffffff")


def _file(path: Path) -> int:
    return os.open(path, os.O_CREAT | os.O_RDWR, 0o600)


def _restore(entry: Entry, path: Path, *, owner: bool, numeric: bool = True, inherited: bool = False) -> Noted:
    heard = Noted()
    fd = _file(path)
    try:
        Restorer(owner=owner, numeric_owner=numeric, monitor=heard).apply(entry, fd, inherited_acl=inherited)
    finally:
        os.close(fd)
    return heard


@needs_root
def test_owner_mode_attributes_and_time_all_come_back(tmp_path: Path) -> None:
    xattrs = {b"user.words": b"words", b"security.capability": CAPABILITY}
    entry = Entry(b"f", Kind.FILE, 0o6755, Owner(1234, 5678), NS, xattrs=xattrs)
    heard = _restore(entry, tmp_path / "f", owner=True)
    status = os.stat(tmp_path / "f")
    assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (1234, 5678, 0o6755)
    assert status.st_mtime_ns == NS
    assert {name: os.getxattr(tmp_path / "f", name) for name in os.listxattr(tmp_path / "f")} == {
        "user.words": b"words",
        "security.capability": CAPABILITY,
    }
    assert (heard.problems, heard.notes) == ([], [])


def test_attributes_come_back_on_what_the_mode_makes_read_only(tmp_path: Path) -> None:
    entry = Entry(b"f", Kind.FILE, 0o400, mtime_ns=-NS, xattrs={b"user.words": b""})
    assert _restore(entry, tmp_path / "f", owner=False).problems == []
    assert os.getxattr(tmp_path / "f", "user.words") == b""
    assert (os.stat(tmp_path / "f").st_mtime_ns, stat.S_IMODE(os.stat(tmp_path / "f").st_mode)) == (-NS, 0o400)


def test_rights_that_speak_for_an_owner_are_dropped_without_it(tmp_path: Path) -> None:
    entry = Entry(b"f", Kind.FILE, 0o6755, xattrs={b"security.capability": CAPABILITY})
    heard = _restore(entry, tmp_path / "f", owner=False)
    assert stat.S_IMODE(os.stat(tmp_path / "f").st_mode) == 0o755
    assert os.listxattr(tmp_path / "f") == []
    assert sorted(heard.notes) == [
        "capabilities are dropped where the owner is not restored",
        "set-id bits are dropped where the owner is not restored",
    ]
    assert heard.problems == []


def test_set_group_id_of_a_directory_stays_without_an_owner(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    fd = os.open(tmp_path / "d", os.O_RDONLY)
    heard = Noted()
    Restorer(owner=False, numeric_owner=False, monitor=heard).apply(Entry(b"d", Kind.DIRECTORY, 0o2755), fd)
    os.close(fd)
    assert stat.S_IMODE(os.stat(tmp_path / "d").st_mode) == 0o2755
    assert heard.notes == []


@pytest.mark.parametrize("number", [0xFFFFFFFF, 1 << 32, -1])
def test_a_number_that_chown_takes_for_none_is_a_problem_of_the_entry(number: int, tmp_path: Path) -> None:
    for owner in (Owner(number, 0), Owner(0, number)):
        heard = _restore(Entry(b"f", Kind.FILE, 0o4644, owner), tmp_path / "f", owner=True)
        (problem,) = heard.problems
        assert (problem.path, problem.trouble) == (b"f", Trouble.METADATA)
        assert problem.reason == "owner not restored: an owner's number is out of range"
        assert not os.stat(tmp_path / "f").st_mode & stat.S_ISUID


@needs_root
def test_an_owner_is_one_of_this_system_by_name_unless_numbers_are_asked_for(tmp_path: Path) -> None:
    owner = Owner(4321, 4322, b"root", b"no such group here")
    entry = Entry(b"f", Kind.FILE, owner=owner)
    _restore(entry, tmp_path / "named", owner=True, numeric=False)
    _restore(entry, tmp_path / "numbered", owner=True, numeric=True)
    named, numbered = os.stat(tmp_path / "named"), os.stat(tmp_path / "numbered")
    assert (named.st_uid, named.st_gid) == (0, 4322)
    assert (numbered.st_uid, numbered.st_gid) == (4321, 4322)


def test_an_attribute_no_system_takes_is_told_of_each_entry_and_the_rest_is_restored(tmp_path: Path) -> None:
    heard = Noted()
    restorer = Restorer(owner=False, numeric_owner=False, monitor=heard)
    for name in (b"one", b"two"):
        fd = _file(tmp_path / os.fsdecode(name))
        xattrs = {b"user.large": b"x" * 70_000, b"user.n\0ul": b"v", b"user.good": b"v"}
        restorer.apply(Entry(name, Kind.FILE, 0o640, NOBODY, NS, xattrs=xattrs), fd)
        os.close(fd)
        assert os.listxattr(tmp_path / os.fsdecode(name)) == ["user.good"]
        assert os.stat(tmp_path / os.fsdecode(name)).st_mtime_ns == NS
    assert [problem.path for problem in heard.problems] == [b"one", b"one", b"two", b"two"]
    assert all(p.reason.startswith("extended attribute (user) not restored: ") for p in heard.problems)


def test_a_notion_the_file_system_lacks_is_said_once(tmp_path: Path) -> None:
    heard = Noted()
    restorer = Restorer(owner=False, numeric_owner=False, monitor=heard)
    for name in ("one", "two"):
        fd = _file(tmp_path / name)
        restorer.apply(Entry(name.encode(), Kind.FILE, xattrs={b"nospace.x": b"v"}), fd)
        os.close(fd)
    assert heard.problems == []
    (note,) = heard.notes
    assert note.startswith("extended attribute (nospace) not restored: ")
    assert note.endswith("(said once for all on this file system)")


def test_an_inherited_acl_goes_unless_it_is_the_entrys_own(tmp_path: Path) -> None:
    for own in (False, True):
        path = tmp_path / f"own {own}"
        path.touch()
        os.setxattr(path, "system.posix_acl_access", ACL)
        xattrs = {b"system.posix_acl_access": ACL} if own else {}
        heard = _restore(Entry(b"f", Kind.FILE, 0o640, xattrs=xattrs), path, owner=False, inherited=True)
        assert heard.problems == []
        assert ("system.posix_acl_access" in os.listxattr(path)) == own


def test_a_default_acl_hands_down(tmp_path: Path) -> None:
    assert not hands_down_acl(os.fsencode(tmp_path))
    os.setxattr(tmp_path, "system.posix_acl_default", ACL)
    assert hands_down_acl(os.fsencode(tmp_path))
    assert not hands_down_acl(os.fsencode(tmp_path / "missing"))
