"""Entries of what a walk finds: hard links by their first name, attributes with the name that has them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pybackup.model.entry import Entry, Kind
from pybackup.model.source import Source
from pybackup.monitor import Monitor
from pybackup.tree.planner import Lookup, Planner


class _Planned:
    """Plans names of one directory."""

    def __init__(self, directory: Path) -> None:
        self.heard, self.directory = Monitor(), directory
        self.planner = Planner(self.heard)
        self.fd = os.open(directory, os.O_RDONLY)
        source = Source(os.fsencode(directory), b"top")
        self.place = Lookup(source, self.fd, b"/proc/self/fd/%d/" % self.fd, None)

    def __call__(self, name: str, kind: Kind = Kind.FILE) -> Entry:
        status = os.lstat(self.directory / name)
        raw = os.fsencode(name)
        planned = self.planner.plan(self.place, raw, b"top/" + raw, kind, status)
        assert (planned.dev, planned.ino) == (status.st_dev, status.st_ino)
        return planned.entry


@pytest.fixture
def plan(tmp_path: Path) -> _Planned:
    return _Planned(tmp_path)


def test_a_further_name_of_a_file_is_a_hard_link_to_the_first(plan: _Planned, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"content")
    os.setxattr(tmp_path / "a", "user.words", b"words")
    os.link(tmp_path / "a", tmp_path / "b")
    (tmp_path / "c").write_bytes(b"content")
    first, second, other = plan("a"), plan("b"), plan("c")
    assert (first.kind, first.size, first.target, dict(first.xattrs)) == (Kind.FILE, 7, b"", {b"user.words": b"words"})
    # The file has the attributes.
    assert (second.kind, second.target, dict(second.xattrs)) == (Kind.HARDLINK, b"top/a", {})
    assert other.kind is Kind.FILE


def test_a_file_whose_other_names_are_elsewhere_is_a_file(plan: _Planned, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    (tmp_path / "elsewhere").mkdir()
    os.link(tmp_path / "a", tmp_path / "elsewhere/b")
    assert plan("a").kind is Kind.FILE


def test_links_and_others_are_what_they_are(plan: _Planned, tmp_path: Path) -> None:
    os.symlink(b"to\xff", os.fsencode(tmp_path / "link"))
    os.mkfifo(tmp_path / "fifo", 0o640)
    os.chmod(tmp_path / "fifo", 0o640)
    (tmp_path / "d").mkdir()
    assert plan("link", Kind.SYMLINK).target == b"to\xff"
    assert (plan("fifo", Kind.FIFO).mode, plan("fifo", Kind.FIFO).size) == (0o640, 0)
    assert plan("d", Kind.DIRECTORY).kind is Kind.DIRECTORY


def test_a_link_that_is_gone_is_an_error(plan: _Planned, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("a")
    status = os.lstat(tmp_path / "link")
    (tmp_path / "link").unlink()
    with pytest.raises(FileNotFoundError):
        plan.planner.plan(plan.place, b"link", b"top/link", Kind.SYMLINK, status)


def test_what_is_gone_meanwhile_is_told_by_whoever_reads_it(plan: _Planned, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    status = os.lstat(tmp_path / "a")
    (tmp_path / "a").unlink()
    entry = plan.planner.plan(plan.place, b"a", b"top/a", Kind.FILE, status).entry
    assert (entry.size, dict(entry.xattrs), plan.heard.problems) == (1, {}, [])


@pytest.mark.parametrize(
    ("name", "listed", "skip"), [(b"top", False, 4), (b"", False, 0), (b"top", True, 0), (b"a/b", False, 4)]
)
def test_how_much_of_a_path_is_the_source(name: bytes, listed: bool, skip: int) -> None:
    assert Lookup(Source(b"/x", name, listed=listed), None, b"", None).skip == skip
