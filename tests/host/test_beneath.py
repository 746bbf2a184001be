"""Directories below a root: paths that would lead out of it, links, depth, and what bounds the open descriptors."""

from __future__ import annotations

import os
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.system import open_descriptors

from pybackup.errors import EnvironmentFailed, Refused, UsageError
from pybackup.host.beneath import Beneath, check_path, split_path

HARMFUL = {
    b"": "empty",
    b"/": "absolute",
    b"/etc/passwd": "absolute",
    b"..": "'..'",
    b"a/../../b": "'..'",
    b"./a": r"'\.'",
    b"a/.": r"'\.'",
    b"a//b": "empty component",
    b"a/": "empty component",
    b"a\0b": "NUL",
    b"n" * 256: "longer than 255",
    b"a/" + b"n" * 256 + b"/b": "longer than 255",
}


@contextmanager
def _not_root() -> Iterator[None]:
    """As a user for whom permissions count."""
    user = os.geteuid()
    os.seteuid(65534 if user == 0 else user)
    try:
        yield
    finally:
        os.seteuid(user)


def _make(path: bytes, tree: Beneath) -> None:
    parent, _ = split_path(path)
    tree.enter(parent, make=True)


@pytest.mark.parametrize(("path", "reason"), HARMFUL.items(), ids=map(repr, range(len(HARMFUL))))
def test_a_path_that_leads_elsewhere_is_refused(path: bytes, reason: str, tmp_path: Path) -> None:
    with pytest.raises(Refused, match=reason):
        check_path(path)
    with Beneath(os.fsencode(tmp_path)) as tree, pytest.raises(Refused, match=reason):
        _make(path, tree)
    assert set(os.listdir(tmp_path)) <= {"a"}


@given(st.lists(st.binary(max_size=6), max_size=4).map(b"/".join))
def test_a_path_is_good_where_each_component_names_something(path: bytes) -> None:
    names = path.split(b"/")
    good = all(name not in (b"", b".", b"..") and b"\0" not in name for name in names)
    try:
        check_path(path)
    except Refused:
        assert not good
    else:
        assert good


@pytest.mark.parametrize(
    ("path", "parts"),
    [(b"a", (b"", b"a")), (b"a/b", (b"a", b"b")), (b"a/b/c", (b"a/b", b"c")), (b"n" * 255, (b"", b"n" * 255))],
)
def test_a_path_is_cut_before_its_last_component(path: bytes, parts: tuple[bytes, bytes]) -> None:
    check_path(path)
    assert split_path(path) == parts


def test_the_root_may_be_a_link_and_is_made_where_asked(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to("there")
    with Beneath(os.fsencode(tmp_path / "link")) as tree:
        assert os.fstat(tree.enter(b"").fd).st_ino == os.stat(tmp_path / "there").st_ino
    with pytest.raises(EnvironmentFailed, match=r"cannot open the directory .*missing: No such file"):
        Beneath(os.fsencode(tmp_path / "missing"))
    with Beneath(os.fsencode(tmp_path / "new/deeper"), make=True):
        assert (tmp_path / "new/deeper").is_dir()


@pytest.mark.parametrize("make", [False, True])
def test_a_root_that_is_no_directory(make: bool, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", *([tmp_path / "file/below"] if make else [])):
        with pytest.raises(UsageError, match="is no directory"):
            Beneath(os.fsencode(path), make=make)


def test_what_is_made_is_fresh_and_private(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir(mode=0o755)
    with Beneath(os.fsencode(tmp_path)) as tree:
        assert tree.enter(b"old/new/newer", make=True).fresh
        assert not tree.enter(b"old", make=True).fresh
        with pytest.raises(FileNotFoundError):
            tree.enter(b"old/missing")
        # A failure leaves it usable.
        assert os.fstat(tree.enter(b"old/new").fd).st_ino == os.stat(tmp_path / "old/new").st_ino
    assert stat.S_IMODE(os.stat(tmp_path / "old/new/newer").st_mode) == 0o700


def test_no_link_is_followed_below_the_root(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "root/link").symlink_to("../outside")
    (tmp_path / "root/file").touch()
    with Beneath(os.fsencode(tmp_path / "root")) as tree:
        for path in (b"link", b"link/deeper"):
            with pytest.raises(Refused, match="symbolic link stands where the directory link belongs"):
                tree.enter(path, make=True)
        with pytest.raises(NotADirectoryError, match="something else stands where the directory file belongs"):
            tree.enter(b"file/deeper", make=True)
    assert os.listdir(tmp_path / "outside") == []


def test_a_directory_replaced_by_a_link_is_refused_once_forgotten(tmp_path: Path) -> None:
    (tmp_path / "root/d").mkdir(parents=True)
    with Beneath(os.fsencode(tmp_path / "root")) as tree:
        tree.enter(b"d")
        (tmp_path / "root/d").rmdir()
        (tmp_path / "root/d").symlink_to("/etc")
        tree.forget()
        with pytest.raises(Refused):
            tree.enter(b"d")


def test_depth_beyond_any_path_takes_a_bounded_number_of_descriptors(tmp_path: Path) -> None:
    names = [b"directory%04d" % number for number in range(2200)]
    before = open_descriptors()
    with Beneath(os.fsencode(tmp_path)) as tree:
        deepest = os.fstat(tree.enter(b"/".join(names), make=True).fd).st_ino
        assert open_descriptors() - before <= 49
        # Up by the half, to the top, and down again.
        for depth in (1500, 2, 2199, 0):
            assert tree.enter(b"/".join(names[:depth])).name == (names[depth - 1] if depth else b"")
            assert open_descriptors() - before <= 49
        assert os.fstat(tree.enter(b"/".join(names)).fd).st_ino == deepest
    # Of a path beyond any limit few tools get rid.
    subprocess.run(["rm", "-rf", tmp_path / "directory0000"], check=True)
    assert open_descriptors() == before


def test_what_may_be_searched_and_not_listed_is_passed_and_opened_up() -> None:
    with _not_root(), tempfile.TemporaryDirectory() as top:
        mine = Path(top, "mine")
        (mine / "below").mkdir(parents=True)
        mine.chmod(0o311)
        with Beneath(os.fsencode(top)) as tree:
            level = tree.enter(b"mine")
            assert not level.readable
            os.chmod(level.where, 0o111)
            tree.enter(b"mine/below")
            tree.enter(b"mine")
            tree.open_up()
            assert os.listdir(tree.enter(b"mine").fd) == ["below"]
        assert stat.S_IMODE(os.stat(mine).st_mode) == 0o711
