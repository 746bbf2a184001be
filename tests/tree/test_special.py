"""Links, FIFOs and devices: placed whole or not at all, and never led astray by what stands in the target."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pybackup.errors import Refused
from pybackup.model.entry import Entry, Kind, Owner
from pybackup.monitor import Monitor
from pybackup.tree.site import Overwrite, PlaceOptions, Site
from pybackup.tree.special import Specials

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="makes devices, mounts")
NS = 1_234_567_890_123_456_789
ME = Owner(os.geteuid(), os.getegid())


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    opened = Site(os.fsencode(tmp_path), PlaceOptions(devices=True, numeric_owner=True), Monitor())
    yield opened
    opened.close()


@pytest.fixture
def specials(site: Site) -> Iterator[Specials]:
    placer = Specials(site)
    yield placer
    placer.close()


def test_a_symbolic_link_has_its_text_and_its_time(specials: Specials, tmp_path: Path) -> None:
    for number, target in enumerate((b"..", b"/etc/passwd", b"no/where\xff", b"t" * 4095)):
        specials.place(Entry(b"l%d" % number, Kind.SYMLINK, 0o777, ME, NS, target=target))
        assert os.readlink(os.fsencode(tmp_path / f"l{number}")) == target
        assert os.lstat(tmp_path / f"l{number}").st_mtime_ns == NS


@pytest.mark.parametrize("target", [b"", b"a\0b"])
def test_a_link_to_nothing_is_refused(specials: Specials, tmp_path: Path, target: bytes) -> None:
    with pytest.raises(Refused, match="symbolic link to nothing"):
        specials.place(Entry(b"l", Kind.SYMLINK, target=target))
    assert os.listdir(tmp_path) == []


def test_a_fifo(specials: Specials, tmp_path: Path) -> None:
    specials.place(Entry(b"d/p", Kind.FIFO, 0o640, ME, NS))
    status = os.lstat(tmp_path / "d/p")
    assert (stat.S_ISFIFO(status.st_mode), stat.S_IMODE(status.st_mode), status.st_mtime_ns) == (True, 0o640, NS)


@needs_root
@pytest.mark.parametrize("kind", [Kind.CHARACTER, Kind.BLOCK])
def test_a_device(specials: Specials, tmp_path: Path, kind: Kind) -> None:
    specials.place(Entry(b"n", kind, 0o660, Owner(3, 4), NS, device=(254, 70_000)))
    status = os.lstat(tmp_path / "n")
    assert stat.S_ISCHR(status.st_mode) == (kind is Kind.CHARACTER)
    assert (os.major(status.st_rdev), os.minor(status.st_rdev)) == (254, 70_000)
    assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (3, 4, 0o660)


def test_no_device_unless_asked_for_and_none_of_an_impossible_number(specials: Specials, tmp_path: Path) -> None:
    site = Site(os.fsencode(tmp_path), PlaceOptions(), Monitor())
    with pytest.raises(Refused, match="not restored unless asked for"):
        Specials(site).place(Entry(b"n", Kind.CHARACTER, device=(1, 3)))
    site.close()
    # Each is 32 bits in an archive; a system has fewer, and some Pythons say so before it does.
    for device in ((0xFFFFFFFF, 0), (0, 0xFFFFFFFF), (0x7FFFFFFF, 1), (0xFFFFFFFF, 0xFFFFFFFF)):
        with pytest.raises((Refused, OSError), match=r"no such device number|Invalid argument"):
            specials.place(Entry(b"n", Kind.BLOCK, device=device))
    assert os.listdir(tmp_path) == []


def test_files_and_directories_are_others_business(specials: Specials, tmp_path: Path) -> None:
    for kind in (Kind.FILE, Kind.DIRECTORY):
        with pytest.raises(Refused, match="is not placed as a link"):
            specials.place(Entry(b"f", kind))
    assert os.listdir(tmp_path) == []


def test_a_hard_link_is_one_and_leaves_its_file_alone(specials: Specials, tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"content")
    os.utime(tmp_path / "f", ns=(NS, NS))
    specials.place(Entry(b"d/l", Kind.HARDLINK, 0o777, Owner(9, 9), 5, target=b"f"))
    assert os.path.samefile(tmp_path / "f", tmp_path / "d/l")
    assert os.stat(tmp_path / "f").st_mtime_ns == NS
    assert os.listdir(tmp_path / "d") == ["l"]


def test_a_hard_link_onto_another_link_to_the_same_leaves_no_temporary(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"content")
    os.link(tmp_path / "f", tmp_path / "l")
    site = Site(os.fsencode(tmp_path), PlaceOptions(Overwrite.ALWAYS), Monitor())
    placer = Specials(site)
    placer.place(Entry(b"l", Kind.HARDLINK, target=b"f"))
    placer.close()
    site.close()
    assert sorted(os.listdir(tmp_path)) == ["f", "l"]


@pytest.mark.parametrize("target", [b"../outside", b"/etc/passwd", b"link/f", b"", b"missing"])
def test_a_hard_link_reaches_nothing_outside(site: Site, specials: Specials, tmp_path: Path, target: bytes) -> None:
    (tmp_path / "link").symlink_to("/etc")
    with pytest.raises((Refused, OSError)):
        specials.place(Entry(b"l", Kind.HARDLINK, target=target))
    assert os.listdir(tmp_path) == ["link"]


def test_a_hard_link_to_a_symbolic_link_is_one_to_the_link(specials: Specials, tmp_path: Path) -> None:
    (tmp_path / "s").symlink_to("/etc/passwd")
    specials.place(Entry(b"l", Kind.HARDLINK, target=b"s"))
    assert os.lstat(tmp_path / "l").st_ino == os.lstat(tmp_path / "s").st_ino


def test_nothing_is_linked_to_what_was_not_restored(site: Site, specials: Specials, tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"somebody else's")
    site.unplaced.add(b"f")
    with pytest.raises(Refused, match="what it links to was not restored: f"):
        specials.place(Entry(b"l", Kind.HARDLINK, target=b"f"))
    assert os.listdir(tmp_path) == ["f"]


# Across file systems, in a mount namespace of its own.
_ACROSS = """
import os, subprocess
from pybackup.model.entry import Entry, Kind
from pybackup.monitor import Monitor
from pybackup.tree.site import PlaceOptions, Site
from pybackup.tree.special import Specials
os.mkdir("other")
subprocess.run(["mount", "-t", "tmpfs", "none", "other"], check=True)
with open("f", "wb") as file:
    file.seek(1 << 20)
    file.write(b"behind a hole")
os.chmod("f", 0o6751)
os.setxattr("f", "user.words", b"words")
os.utime("f", ns=(77, 77))
site = Site(b".", PlaceOptions(), Monitor())
Specials(site).place(Entry(b"other/l", Kind.HARDLINK, target=b"f"))
a, b = os.stat("f"), os.stat("other/l")
assert site.monitor.problems == [], site.monitor.problems
assert open("f", "rb").read() == open("other/l", "rb").read()
assert (a.st_mode, a.st_uid, a.st_mtime_ns, a.st_size) == (b.st_mode, b.st_uid, b.st_mtime_ns, b.st_size)
assert b.st_blocks * 512 < 100_000, "the hole takes room"
assert os.listdir("other") == ["l"]
"""


@needs_root
def test_where_no_link_is_possible_it_is_a_copy(tmp_path: Path) -> None:
    command = ["unshare", "-m", sys.executable, "-c", _ACROSS]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr


def test_what_may_not_be_replaced_stays(specials: Specials, tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"mine")
    for entry in (
        Entry(b"f", Kind.FIFO),
        Entry(b"f", Kind.SYMLINK, target=b"x"),
        Entry(b"f", Kind.HARDLINK, target=b"f"),
    ):
        with pytest.raises(FileExistsError):
            specials.place(entry)
    assert os.listdir(tmp_path) == ["f"]
    assert (tmp_path / "f").read_bytes() == b"mine"
