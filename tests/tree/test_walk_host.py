"""What the walk stands on: opening paths of any length, owners, extended attributes."""

from __future__ import annotations

import errno
import grp
import os
import pwd
from collections.abc import Iterator
from pathlib import Path

import pytest
from kit.system import open_descriptors

from pybackup.errors import Refused
from pybackup.host import metadata
from pybackup.host.metadata import OwnerNames, SharedXattrs, read_xattrs
from pybackup.host.paths import directory_prefix, open_at, read_start
from pybackup.model.entry import NO_XATTRS, Owner


@pytest.fixture
def base(tmp_path: Path) -> Iterator[int]:
    fd = os.open(tmp_path, os.O_RDONLY)
    yield fd
    os.close(fd)


def _content(fd: int) -> bytes:
    with open(fd, "rb") as stream:
        return stream.read()


@pytest.mark.parametrize("nofollow", [False, True])
@pytest.mark.parametrize("length", [3, 3900, 4094, 4095, 4096, 4097, 9000])
def test_paths_of_any_length(length: int, nofollow: bool, tmp_path: Path, base: int) -> None:
    (tmp_path / "d" / "e").mkdir(parents=True)
    (tmp_path / "d" / "e" / "f").write_bytes(b"here")
    path = b"d/e/f"
    while len(path) + 2 <= length:
        path = b"./" + path
    path = path.replace(b"d/e", b"d//e") if len(path) < length else path
    before = open_descriptors()
    assert _content(open_at(base, path, os.O_RDONLY, nofollow=nofollow)) == b"here"
    absolute = os.fsencode(tmp_path) + b"/" + path
    assert _content(open_at(None, absolute, os.O_RDONLY)) == b"here"
    assert open_descriptors() == before


def test_long_paths_without_dots(tmp_path: Path, base: int) -> None:
    here = os.dup(base)
    for _ in range(30):
        os.mkdir(b"n" * 200, dir_fd=here)
        below = os.open(b"n" * 200, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    path = b"/".join([b"n" * 200] * 30)
    before = open_descriptors()
    os.close(open_at(base, path, os.O_RDONLY))
    os.close(open_at(base, path + b"/", os.O_RDONLY, nofollow=True))
    os.close(open_at(base, path + b"/new", os.O_CREAT | os.O_WRONLY, mode=0o640, nofollow=True))
    assert open_descriptors() == before
    with pytest.raises(FileNotFoundError) as caught:
        open_at(base, path + b"/missing", os.O_RDONLY)
    assert caught.value.filename == path + b"/missing"
    with pytest.raises(OSError, match="too long"):
        open_at(base, b"x" * 5000, os.O_RDONLY)
    assert open_descriptors() == before


def test_links_are_refused_wherever_they_are(tmp_path: Path, base: int) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "f").write_bytes(b"x")
    (tmp_path / "dirlink").symlink_to("d")
    (tmp_path / "d" / "filelink").symlink_to("f")
    assert _content(open_at(base, b"dirlink/filelink", os.O_RDONLY)) == b"x"
    assert _content(open_at(base, b"d/f", os.O_RDONLY, nofollow=True)) == b"x"
    for path in (b"dirlink/f", b"d/filelink", b"dirlink", b"dirlink/"):
        with pytest.raises(OSError, match=r"symbolic links|Not a directory"):
            open_at(base, path, os.O_RDONLY, nofollow=True)


@pytest.mark.parametrize("path", [b"..", b"d/../x", b"/etc"])
def test_ways_out_are_refused(path: bytes, base: int) -> None:
    with pytest.raises(Refused, match="leads out"):
        open_at(base, path, os.O_RDONLY, nofollow=True)


def test_without_a_base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "f").write_bytes(b"x")
    assert _content(open_at(None, b"f", os.O_RDONLY, nofollow=True)) == b"x"
    os.close(open_at(None, b"", os.O_RDONLY, nofollow=True))
    real = os.path.realpath(os.fsencode(tmp_path))
    assert _content(open_at(None, real + b"/f", os.O_RDONLY, nofollow=True)) == b"x"
    os.close(open_at(None, b"/", os.O_RDONLY, nofollow=True))


def test_read_start(tmp_path: Path, base: int) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "f").write_bytes(b"0123456789")
    (tmp_path / "d" / "link").symlink_to("f")
    os.mkfifo(tmp_path / "d" / "fifo")
    before = open_descriptors()
    assert read_start(base, b"d", b"f", 4) == b"0123"
    assert read_start(base, b"d", b"f", 40) == b"0123456789"
    assert read_start(None, os.fsencode(tmp_path / "d"), b"f", 1) == b"0"
    for directory, name in [(b"d", b"link"), (b"d", b"fifo"), (b"d", b"none"), (b"x", b"f"), (b"", b"d")]:
        assert read_start(base, directory, name, 4) == b""
    assert open_descriptors() == before


def test_owners() -> None:
    names = OwnerNames()
    root = names.owner(0, 0)
    assert root == Owner(0, 0, os.fsencode(pwd.getpwuid(0).pw_name), os.fsencode(grp.getgrgid(0).gr_name))
    assert names.owner(0, 0) is root
    nobody = names.owner(4_000_000_001, 4_294_967_295)
    assert nobody == Owner(4_000_000_001, 4_294_967_295)
    assert names.ids(nobody) == (4_000_000_001, 4_294_967_295)
    assert names.ids(Owner(77, 78, root.user, root.group)) == (0, 0)
    assert names.ids(Owner(77, 78, b"no such\0user", b"\xff")) == (77, 78)


def test_a_system_without_owners_and_attributes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(metadata, "HAS_NAMES", False)
    monkeypatch.setattr(metadata, "HAS_XATTRS", False)
    names = OwnerNames()
    assert names.owner(0, 0) == Owner(0, 0)
    assert names.ids(Owner(5, 6, b"root", b"root")) == (5, 6)
    assert read_xattrs(os.fsencode(tmp_path)) is NO_XATTRS


def test_attributes(tmp_path: Path, base: int) -> None:
    path = tmp_path / "f"
    path.touch()
    (tmp_path / "link").symlink_to("f")
    try:
        os.setxattr(path, "user.b", b"\0")
    except OSError as error:
        pytest.skip(f"no extended attributes here: {error}")
    os.setxattr(path, "user.a", b"")
    expected = {b"user.a": b"", b"user.b": b"\0"}
    assert read_xattrs(os.fsencode(path)) == expected
    assert read_xattrs(directory_prefix(base, os.fsencode(tmp_path)) + b"f") == expected
    with path.open("rb") as stream:
        assert read_xattrs(stream.fileno()) == expected
    assert read_xattrs(os.fsencode(tmp_path / "link")) == {}
    shared: SharedXattrs = {}
    first = read_xattrs(os.fsencode(path), shared=shared)
    assert read_xattrs(os.fsencode(path), shared=shared) is first
    lost: list[str] = []
    assert read_xattrs(os.fsencode(tmp_path / "missing"), lost=lost.append) is NO_XATTRS
    assert lost == []


def test_attributes_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def names(*_: object, **__: object) -> list[str]:
        return ["user.c", "user.b", "user.a"]

    def value(_: object, name: str, **__: object) -> bytes:
        if name == "user.a":
            raise OSError(errno.ENODATA, "No data available")
        if name == "user.b":
            raise PermissionError(errno.EACCES, "Permission denied")
        return b"1"

    lost: list[str] = []
    monkeypatch.setattr(os, "listxattr", names)
    monkeypatch.setattr(os, "getxattr", value)
    assert read_xattrs(b"f", lost=lost.append) == {b"user.c": b"1"}
    assert lost == ["user.b: Permission denied"]

    def broken(*_: object, **__: object) -> list[str]:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "listxattr", broken)
    assert read_xattrs(b"f", lost=lost.append) is NO_XATTRS
    assert lost[1:] == ["extended attributes: Input/output error"]

    def lacking(*_: object, **__: object) -> list[str]:
        raise OSError(errno.ENOTSUP, "Operation not supported")

    monkeypatch.setattr(os, "listxattr", lacking)
    assert read_xattrs(b"f", lost=lost.append) is NO_XATTRS
    assert len(lost) == 2
