"""Reading the content of a plan: to the end, whatever the status says, and by whichever name is left."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pybackup.model.content import Bare, Piece, Read, Restart
from pybackup.model.entry import MAX_TIME_NS, Kind
from pybackup.model.problem import Trouble
from pybackup.model.source import Planned, Source
from pybackup.monitor import Monitor
from pybackup.tree.content import read_contents
from pybackup.tree.walk import walk

SEGMENT = 1 << 16


def _plan(root: Path, monitor: Monitor) -> list[Planned]:
    return list(walk([Source(os.fsencode(root), b"root")], monitor=monitor))


def _contents(read: Iterator[Read]) -> tuple[dict[bytes, bytes], dict[bytes, bytes]]:
    """What the files hold, and where the hard links lead."""
    files: dict[bytes, bytes] = {}
    links: dict[bytes, bytes] = {}
    sizes: dict[bytes, int] = {}
    for item in read:
        if isinstance(item, Piece):
            files[item.entry.path] = (files[item.entry.path] if item.segment else b"") + item.data
            sizes[item.entry.path] = item.entry.size
        elif isinstance(item, Restart):
            files.pop(item.entry.path, None)
        elif isinstance(item, Bare) and item.entry.kind is Kind.HARDLINK:
            links[item.entry.path] = item.entry.target
    assert {path: len(data) for path, data in files.items()} == {path: sizes[path] for path in files}
    return files, links


def _read(plan: list[Planned], monitor: Monitor) -> tuple[dict[bytes, bytes], dict[bytes, bytes]]:
    return _contents(read_contents(plan, segment_bytes=SEGMENT, monitor=monitor))


def test_files_of_proc_tell_no_size_and_are_read_to_their_end() -> None:
    source = Path("/proc/sys/kernel")
    names = ("ostype", "osrelease", "random/poolsize")
    monitor = Monitor()
    plan = list(
        walk([Source(os.fsencode(source / name), name.encode(), listed=True) for name in names], monitor=monitor)
    )
    assert {planned.entry.size for planned in plan} == {0}
    files, _ = _read(plan, monitor)
    assert files == {name.encode(): (source / name).read_bytes() for name in names}
    assert not monitor.problems


class StandIn:
    """The module `os` as one other module sees it, some functions of which are the test's.

    A function that is patched in `os` itself lies to all of the process: to the threads and pipes of whoever runs the
    test as well, which then end in the midst of it.
    """

    def __init__(self, **functions: Callable[..., Any]) -> None:
        self.__dict__.update(functions)

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)


def _telling_otherwise(status: os.stat_result, **fields: int) -> SimpleNamespace:
    """A status with other fields; `os.stat_result` cannot be made of names in every version of Python."""
    told = {name: getattr(status, name) for name in dir(status) if name.startswith("st_")}
    return SimpleNamespace(**{**told, **fields})


@pytest.fixture
def telling(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Make files that are read tell another size than they have, as those of user-space file systems may."""

    def tell(n_bytes: int) -> None:
        def fstat(fd: int) -> SimpleNamespace:
            return _telling_otherwise(os.fstat(fd), st_size=n_bytes, st_blocks=n_bytes // 512 + 1)

        monkeypatch.setattr("pybackup.tree.content.os", StandIn(fstat=fstat))

    return tell


LENGTHS = (0, 1, 5, 20, SEGMENT - 1, SEGMENT, SEGMENT + 1, 3 * SEGMENT, 3 * SEGMENT + 7)


@pytest.mark.parametrize("has", LENGTHS)
@pytest.mark.parametrize("tells", LENGTHS)
def test_another_length_than_told(tmp_path: Path, telling: Callable[[int], None], has: int, tells: int) -> None:
    data = os.urandom(has)
    (tmp_path / "file").write_bytes(data)
    monitor = Monitor()
    plan = _plan(tmp_path, monitor)
    telling(tells)
    files, _ = _read(plan, monitor)
    if tells <= SEGMENT or has >= tells:
        assert files == {b"root/file": data}
    else:
        # Its number of segments was told already: what is missing is zeros, and said.
        assert files == {b"root/file": data + bytes(tells - has)}
    told = [(problem.path, problem.trouble) for problem in monitor.problems]
    assert told == ([(b"root/file", Trouble.CHANGED)] if has < tells else [])
    if told:
        assert f"tells of {tells:,} bytes and ends after {has:,}" in monitor.problems[0].reason


def test_a_file_without_end_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "endless").write_bytes(b"x" * 100)
    monkeypatch.setattr("pybackup.tree.content._MOST_UNTOLD_BYTES", 1 << 22)
    endless = StandIn(
        pread=lambda fd, n_bytes, offset: b"x" * n_bytes,
        read=lambda fd, n_bytes: b"x" * n_bytes,
    )
    monkeypatch.setattr("pybackup.tree.content.os", endless)
    monitor = Monitor()
    assert _read(_plan(tmp_path, monitor), monitor) == ({}, {})
    assert [(problem.path, problem.trouble) for problem in monitor.problems] == [(b"root/endless", Trouble.UNREADABLE)]
    assert "beyond the 100 it tells of" in monitor.problems[0].reason


def _named(root: Path, *names: str, data: bytes = b"content") -> None:
    (root / names[0]).write_bytes(data)
    for name in names[1:]:
        (root / name).parent.mkdir(exist_ok=True)
        os.link(root / names[0], root / name)


def _replace(path: Path) -> None:
    """As an editor saves: another file takes the name."""
    path.with_name("new").write_bytes(b"another file")
    path.with_name("new").rename(path)


@pytest.mark.parametrize(
    ("gone", "files", "links"),
    [
        ("", {"a": b"content"}, {"b": "a", "c": "a", "d/e": "a"}),
        ("a", {"b": b"content"}, {"c": "b", "d/e": "b"}),
        ("ab", {"c": b"content"}, {"d/e": "c"}),
        ("abc", {"d/e": b"content"}, {}),
    ],
)
def test_the_next_name_has_the_content_when_the_first_vanished(
    tmp_path: Path, gone: str, files: dict[str, bytes], links: dict[str, str]
) -> None:
    _named(tmp_path, "a", "b", "c", "d/e")
    monitor = Monitor()
    plan = _plan(tmp_path, monitor)
    for name in gone:
        (tmp_path / name).unlink()
    found = _read(plan, monitor)
    assert found == (
        {f"root/{name}".encode(): data for name, data in files.items()},
        {f"root/{name}".encode(): f"root/{target}".encode() for name, target in links.items()},
    )
    assert [(problem.path, problem.trouble) for problem in monitor.problems] == [
        (f"root/{name}".encode(), Trouble.VANISHED) for name in gone
    ]


def test_a_link_does_not_lead_to_what_took_the_first_name(tmp_path: Path) -> None:
    _named(tmp_path, "a", "b", "c", data=b"content " * SEGMENT)
    if hasattr(os, "setxattr"):
        os.setxattr(tmp_path / "b", "user.kind", b"first")
    monitor = Monitor()
    plan = _plan(tmp_path, monitor)
    _replace(tmp_path / "a")
    files, links = _read(plan, monitor)
    assert files == {b"root/a": b"another file", b"root/b": b"content " * SEGMENT}
    assert links == {b"root/c": b"root/b"}
    pieces = [item for item in read_contents(plan, segment_bytes=SEGMENT, monitor=monitor) if isinstance(item, Piece)]
    attributes = {item.entry.path: item.entry.xattrs for item in pieces}
    assert attributes[b"root/b"].get(b"user.kind", b"first") == b"first"
    assert attributes[b"root/b"]


@pytest.mark.parametrize("seconds", [-(1 << 62), 1 << 62, -6698727701578022144, (1 << 62) - 1, -(1 << 62) + 1])
def test_times_beyond_the_format_are_cut_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: int
) -> None:
    (tmp_path / "file").write_bytes(b"x")

    def stat(*where: Any, **how: Any) -> SimpleNamespace:
        return _telling_otherwise(os.stat(*where, **how), st_mtime_ns=seconds * 10**9)

    def fstat(fd: int) -> SimpleNamespace:
        return _telling_otherwise(os.fstat(fd), st_mtime_ns=seconds * 10**9)

    for module in ("sources", "walk"):
        monkeypatch.setattr(f"pybackup.tree.{module}.os", StandIn(stat=stat))
    monkeypatch.setattr("pybackup.tree.content.os", StandIn(fstat=fstat))
    monitor = Monitor()
    plan = _plan(tmp_path, monitor)
    kept = max(-MAX_TIME_NS, min(MAX_TIME_NS, seconds * 10**9))
    assert {planned.entry.mtime_ns for planned in plan} == {kept}
    pieces = [item for item in read_contents(plan, segment_bytes=SEGMENT, monitor=monitor) if isinstance(item, Piece)]
    assert {item.entry.mtime_ns for item in pieces} == {kept}
    told = [(problem.path, problem.trouble) for problem in monitor.problems]
    beyond = [(b"root", Trouble.METADATA), (b"root/file", Trouble.METADATA)]
    assert told == (beyond if abs(seconds) > MAX_TIME_NS // 10**9 else [])
