"""What stands in an entry's place already: by kind, target and content, without waiting and without following links."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pybackup.model.entry import Entry, Kind
from pybackup.monitor import Monitor
from pybackup.tree.site import Overwrite, PlaceOptions, Site
from pybackup.tree.standing import is_standing, open_standing, same_bytes

MIB = 1 << 20
ALL = [Kind.FILE, Kind.SYMLINK, Kind.HARDLINK, Kind.FIFO, Kind.CHARACTER, Kind.BLOCK]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    (tmp_path / "file").write_bytes(b"content")
    (tmp_path / "other").write_bytes(b"content")
    (tmp_path / "short").write_bytes(b"conten")
    os.link(tmp_path / "file", tmp_path / "twin")
    os.symlink("file", tmp_path / "link")
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "directory").mkdir()
    opened = Site(os.fsencode(tmp_path), PlaceOptions(), Monitor())
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (Entry(b"link", Kind.SYMLINK, target=b"file"), True),
        (Entry(b"link", Kind.SYMLINK, target=b"./file"), False),
        (Entry(b"file", Kind.SYMLINK, target=b"file"), False),
        (Entry(b"fifo", Kind.FIFO), True),
        (Entry(b"link", Kind.FIFO), False),
        (Entry(b"fifo", Kind.CHARACTER), False),
        (Entry(b"twin", Kind.HARDLINK, target=b"file"), True),
        # A copy has what the link would have.
        (Entry(b"other", Kind.HARDLINK, target=b"file"), True),
        (Entry(b"short", Kind.HARDLINK, target=b"file"), False),
        (Entry(b"link", Kind.HARDLINK, target=b"file"), False),
        (Entry(b"twin", Kind.HARDLINK, target=b"missing"), False),
        (Entry(b"twin", Kind.HARDLINK, target=b"../file"), False),
        (Entry(b"missing", Kind.FIFO), False),
        (Entry(b"../fifo", Kind.FIFO), False),
        (Entry(b"missing/fifo", Kind.FIFO), False),
    ],
)
def test_entries_without_content(site: Site, entry: Entry, expected: bool) -> None:
    assert is_standing(site, entry) == expected


def test_a_link_to_what_was_not_restored_does_not_stand(site: Site) -> None:
    site.unplaced.add(b"file")
    assert not is_standing(site, Entry(b"twin", Kind.HARDLINK, target=b"file"))


@pytest.mark.skipif(os.geteuid() != 0, reason="makes devices")
def test_a_device_by_its_numbers(site: Site, tmp_path: Path) -> None:
    os.mknod(tmp_path / "null", 0o20666, os.makedev(1, 3))
    assert is_standing(site, Entry(b"null", Kind.CHARACTER, device=(1, 3)))
    assert not is_standing(site, Entry(b"null", Kind.CHARACTER, device=(1, 5)))
    assert not is_standing(site, Entry(b"null", Kind.BLOCK, device=(1, 3)))


@pytest.mark.parametrize(
    ("path", "size", "expected"),
    [(b"file", 7, True), (b"file", 6, False), (b"link", 7, False), (b"fifo", 0, False), (b"directory", 4096, False)]
    + [(path, 7, False) for path in (b"missing", b"../file", b"", b"file/below")],
)
def test_a_file_of_that_length_is_opened(site: Site, path: bytes, size: int, expected: bool) -> None:
    before = set(os.listdir("/proc/self/fd"))
    fd = open_standing(site, Entry(path, Kind.FILE, size=size))
    assert (fd is not None) == expected
    if fd is not None:
        assert os.read(fd, 10) == b"content"
        os.close(fd)
    assert len(os.listdir("/proc/self/fd")) <= len(before) + 3  # directories on the way


@pytest.mark.parametrize("kind", ALL)
def test_nothing_stands_where_all_is_replaced(tmp_path: Path, site: Site, kind: Kind) -> None:
    replacing = Site(os.fsencode(tmp_path), PlaceOptions(Overwrite.ALWAYS), Monitor())
    for path in (b"file", b"twin", b"fifo", b"link"):
        assert not is_standing(replacing, Entry(path, kind, target=b"file"))
        assert open_standing(replacing, Entry(path, kind, size=7)) is None
    replacing.close()


def test_what_is_older_is_replaced_and_does_not_stand(tmp_path: Path, site: Site) -> None:
    os.utime(tmp_path / "file", ns=(1000, 1000))
    older = Site(os.fsencode(tmp_path), PlaceOptions(Overwrite.OLDER), Monitor())
    assert open_standing(older, Entry(b"file", Kind.FILE, mtime_ns=1001, size=7)) is None
    fd = open_standing(older, Entry(b"file", Kind.FILE, mtime_ns=1000, size=7))
    assert fd is not None
    os.close(fd)
    older.close()


@pytest.mark.parametrize("at", [0, MIB - 1, MIB, 2 * MIB, 2 * MIB + 4])
def test_a_byte_that_differs_anywhere(tmp_path: Path, at: int) -> None:
    content = bytearray(2 * MIB + 5)
    (tmp_path / "one").write_bytes(content)
    (tmp_path / "two").write_bytes(content)
    directory = os.open(tmp_path, os.O_RDONLY)
    assert same_bytes((directory, b"one"), (directory, b"two"))
    content[at] = 1
    (tmp_path / "two").write_bytes(content)
    assert not same_bytes((directory, b"one"), (directory, b"two"))
    os.close(directory)


def test_only_regular_files_are_the_same_and_no_fifo_is_waited_for(site: Site, tmp_path: Path) -> None:
    directory = os.open(tmp_path, os.O_RDONLY)
    for name in (b"fifo", b"link", b"directory", b"missing", b"short"):
        assert not same_bytes((directory, name), (directory, b"file"))
        assert not same_bytes((directory, b"file"), (directory, name))
    assert not same_bytes((directory, b"fifo"), (directory, b"fifo"))
    assert same_bytes((directory, b"file"), (directory, b"other"))
    os.close(directory)
