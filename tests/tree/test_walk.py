"""The walk against a slow, obvious one, and against trees that are deep, broken, or change under it."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import socket
import stat
import subprocess
import tracemalloc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kit.hearing import Notes
from kit.system import open_descriptors

from pybackup.errors import UsageError
from pybackup.model.entry import Kind
from pybackup.model.problem import Problem, Trouble
from pybackup.model.source import Candidate, Excluded, Judge, Planned, Source
from pybackup.monitor import Monitor
from pybackup.selection.filelist import named_source, sources_from_list
from pybackup.selection.rules import CACHE_SIGNATURE, Rules
from pybackup.tree.walk import OPEN_DIRECTORIES, walk


def _walk(*sources: Source, judge: Judge | None = None, one_file_system: bool = False) -> list[Planned]:
    """Walk where nothing may go wrong."""
    monitor = Notes()
    found = list(walk(sources, judge=judge, one_file_system=one_file_system, monitor=monitor))
    assert monitor.problems == []
    assert monitor.notes == []
    return found


def _paths(found: Iterable[Planned]) -> list[bytes]:
    return [planned.entry.path for planned in found]


def _source(path: Path, name: bytes = b"top") -> Source:
    return Source(os.fsencode(path), name)


def _make(root: Path, *paths: str) -> None:
    """Make files, and directories where a path ends in a slash."""
    for path in paths:
        whole = root / path
        whole.parent.mkdir(parents=True, exist_ok=True)
        if path.endswith("/"):
            whole.mkdir(exist_ok=True)
        else:
            whole.write_bytes(os.fsencode(path))


@pytest.fixture
def as_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Run a test in its directory as a user whom permissions stop; root is none."""
    monkeypatch.chdir(tmp_path)
    yield
    if os.getuid() == 0:
        os.seteuid(0)


def _drop_privileges(tmp_path: Path) -> None:
    if os.getuid() == 0:
        subprocess.run(["chown", "-R", "65534", str(tmp_path)], check=True)
        os.seteuid(65534)


# What is found


def test_every_kind(tmp_path: Path) -> None:
    _make(tmp_path, "b/file", "b/empty", "a", "c/")
    (tmp_path / "b" / "empty").write_bytes(b"")
    (tmp_path / "b" / "link").symlink_to("../a")
    (tmp_path / "b" / "dangling").symlink_to("nowhere")
    os.mkfifo(tmp_path / "b" / "fifo", 0o640)
    os.utime(tmp_path / "a", ns=(0, -1_000_000_001))
    (tmp_path / "a").chmod(0o4751)
    found = _walk(_source(tmp_path))
    kinds = {planned.entry.path: planned.entry.kind for planned in found}
    assert kinds == {
        b"top": Kind.DIRECTORY,
        b"top/a": Kind.FILE,
        b"top/b": Kind.DIRECTORY,
        b"top/b/dangling": Kind.SYMLINK,
        b"top/b/empty": Kind.FILE,
        b"top/b/fifo": Kind.FIFO,
        b"top/b/file": Kind.FILE,
        b"top/b/link": Kind.SYMLINK,
        b"top/c": Kind.DIRECTORY,
    }
    assert list(kinds) == sorted(kinds, key=lambda path: path.split(b"/"))
    entries = {planned.entry.path: planned.entry for planned in found}
    assert entries[b"top/b/link"].target == b"../a"
    assert entries[b"top/b/dangling"].target == b"nowhere"
    assert (entries[b"top/a"].mode, entries[b"top/a"].mtime_ns) == (0o4751, -1_000_000_001)
    assert (entries[b"top/b/file"].size, entries[b"top/b"].size, entries[b"top/b/link"].size) == (6, 0, 0)
    status = os.lstat(tmp_path / "a")
    assert (entries[b"top/a"].owner.uid, entries[b"top/a"].owner.gid) == (status.st_uid, status.st_gid)
    assert entries[b"top/a"].owner.user != b"" or status.st_uid != 0


@pytest.mark.skipif(os.getuid() != 0, reason="only root makes devices")
def test_devices(tmp_path: Path) -> None:
    os.mknod(tmp_path / "null", 0o600 | stat.S_IFCHR, os.makedev(1, 3))
    os.mknod(tmp_path / "disk", 0o600 | stat.S_IFBLK, os.makedev(300, 70000))
    _, disk, null = _walk(_source(tmp_path))
    assert (disk.entry.kind, disk.entry.device) == (Kind.BLOCK, (300, 70000))
    assert (null.entry.kind, null.entry.device, null.entry.size) == (Kind.CHARACTER, (1, 3), 0)


def test_knows_where_a_file_is(tmp_path: Path) -> None:
    _make(tmp_path, "a/b")
    for source in (_source(tmp_path), Source(os.fsencode(tmp_path) + b"/", b"x/y"), Source(os.fsencode(tmp_path), b"")):
        for planned in _walk(source):
            status = os.lstat(planned.path)
            assert (planned.dev, planned.ino) == (status.st_dev, status.st_ino)


def test_hard_links(tmp_path: Path) -> None:
    _make(tmp_path, "b", "alone")
    (tmp_path / "a").mkdir()
    os.link(tmp_path / "b", tmp_path / "a" / "z")
    os.link(tmp_path / "b", tmp_path / "c")
    entries = {planned.entry.path: planned.entry for planned in _walk(_source(tmp_path))}
    assert (entries[b"top/a/z"].kind, entries[b"top/a/z"].target, entries[b"top/a/z"].size) == (Kind.FILE, b"", 1)
    for path in (b"top/b", b"top/c"):
        assert (entries[path].kind, entries[path].target, entries[path].size) == (Kind.HARDLINK, b"top/a/z", 0)
    assert entries[b"top/alone"].kind is Kind.FILE


def test_hard_links_between_sources_and_past_excluded_names(tmp_path: Path) -> None:
    _make(tmp_path, "one/a.o", "two/")
    os.link(tmp_path / "one" / "a.o", tmp_path / "one" / "b")
    os.link(tmp_path / "one" / "a.o", tmp_path / "two" / "c")
    found = _walk(_source(tmp_path / "one", b"1"), _source(tmp_path / "two", b"2"), judge=Rules(exclude=["*.o"]).judge)
    assert [(p.entry.path, p.entry.kind, p.entry.target) for p in found if p.entry.kind is not Kind.DIRECTORY] == [
        (b"1/b", Kind.FILE, b""),
        (b"2/c", Kind.HARDLINK, b"1/b"),
    ]


def test_sockets_are_left_out_and_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # the address of a socket is short
    monitor = Notes()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("so\x1bcket")
        assert _paths(walk([Source(b".", b"top")], monitor=monitor)) == [b"top"]
    assert monitor.notes == ["top/so\\x1bcket: a socket, left out"]
    assert monitor.problems == []


def test_names_are_bytes(tmp_path: Path) -> None:
    names = [b"\x01", b" ", b"a\nb", b"a\\b", b"caf\xe9", b"\xff\xfe", "ü".encode(), b"-x", b"*"]
    for name in names:
        (tmp_path / os.fsdecode(name)).touch()
    assert _paths(_walk(_source(tmp_path)))[1:] == [b"top/" + name for name in sorted(names)]


def test_order_is_by_components(tmp_path: Path) -> None:
    _make(tmp_path, "a/b", "a.b", "a b/c", "a-")
    assert _paths(_walk(_source(tmp_path, b"t"))) == [b"t", b"t/a", b"t/a/b", b"t/a b", b"t/a b/c", b"t/a-", b"t/a.b"]


def test_attributes_of_all_kinds(tmp_path: Path) -> None:
    _make(tmp_path, "d/f", "d/g")
    path = tmp_path / "d" / "f"
    try:
        os.setxattr(path, "user.b", b"\0\xff")
        os.setxattr(path, "user.a", b"")
        os.setxattr(tmp_path / "d", "user.d", b"1")
    except OSError as error:
        pytest.skip(f"no extended attributes here: {error}")
    os.link(path, tmp_path / "d" / "hard")
    subprocess.run(["setfacl", "-m", "u:1234:r", str(path)], check=True)
    entries = {planned.entry.path: planned.entry for planned in _walk(_source(tmp_path))}
    found = entries[b"top/d/f"].xattrs
    acl = os.getxattr(path, "system.posix_acl_access")
    assert found == {b"system.posix_acl_access": acl, b"user.a": b"", b"user.b": b"\0\xff"}
    assert list(found) == sorted(found)
    assert entries[b"top/d"].xattrs == {b"user.d": b"1"}
    assert entries[b"top/d/g"].xattrs == entries[b"top/d/hard"].xattrs == {}


_trees = st.recursive(
    st.none(), lambda below: st.dictionaries(st.sampled_from(["a", "b", "a.", "ab", "\udcff", "A"]), below, max_size=4)
)


def _plant(path: Path, tree: object) -> None:
    if isinstance(tree, dict):
        path.mkdir()
        for name, below in tree.items():
            _plant(path / name, below)
    else:
        path.touch()


def _obvious(path: Path, name: bytes) -> Iterator[bytes]:
    yield name
    if path.is_dir():
        for child in sorted(os.listdir(os.fsencode(path))):
            yield from _obvious(path / os.fsdecode(child), name + b"/" + child)


@given(tree=_trees)
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_like_the_obvious_walk(tree: object, tmp_path: Path) -> None:
    root = tmp_path / "tree"
    _plant(root, tree)
    try:
        assert _paths(_walk(_source(root))) == list(_obvious(root, b"top"))
    finally:
        shutil.rmtree(root) if root.is_dir() else root.unlink()


# Sources


def test_links_as_sources(tmp_path: Path) -> None:
    _make(tmp_path, "real/a")
    (tmp_path / "link").symlink_to("real")
    stored, followed = os.fsencode(tmp_path / "link"), os.fsencode(tmp_path / "link") + b"/"
    found = _walk(named_source(stored))
    assert [(p.entry.path, p.entry.kind, p.entry.target) for p in found] == [(b"link", Kind.SYMLINK, b"real")]
    found = _walk(named_source(followed))
    assert [(p.entry.path, p.entry.kind) for p in found] == [(b"link", Kind.DIRECTORY), (b"link/a", Kind.FILE)]
    assert found[1].path == followed + b"a"


def test_sources_merge_in_one_order(tmp_path: Path) -> None:
    _make(tmp_path, "d/m", "d/z", "e/x", "file")
    found = _walk(
        _source(tmp_path / "file", b"z/late"),
        _source(tmp_path / "file", b"d/n"),
        _source(tmp_path / "e", b"d/sub/e"),
        _source(tmp_path / "d", b"d"),
        _source(tmp_path / "file", b"a"),
    )
    assert _paths(found) == [b"a", b"d", b"d/m", b"d/n", b"d/sub/e", b"d/sub/e/x", b"d/z", b"z/late"]
    assert [os.path.exists(planned.path) for planned in found] == [True] * len(found)


def test_a_source_on_the_way_of_another(tmp_path: Path) -> None:
    """A name in the trie that is also a directory on disc has both contents."""
    _make(tmp_path, "d/sub/b", "file")
    found = _walk(_source(tmp_path / "d", b"d"), _source(tmp_path / "file", b"d/sub/a"))
    assert _paths(found) == [b"d", b"d/sub", b"d/sub/a", b"d/sub/b"]


def test_two_of_one_name(tmp_path: Path) -> None:
    _make(tmp_path, "a", "b", "d/x")
    with pytest.raises(UsageError, match=r"/a and .*/b would both be archived as n; "):
        walk([_source(tmp_path / "a", b"n"), _source(tmp_path / "b", b"n")], monitor=Monitor())
    with pytest.raises(UsageError, match=r"/d/x and .*/b would both be archived as d/x; "):
        list(walk([_source(tmp_path / "d", b"d"), _source(tmp_path / "b", b"d/x")], monitor=Monitor()))


def test_the_same_file_by_two_ways_is_no_conflict(tmp_path: Path) -> None:
    _make(tmp_path, "d/x/y")
    found = _walk(_source(tmp_path / "d", b"d"), Source(os.fsencode(tmp_path) + b"/./d/x", b"d/x", recurse=False))
    assert _paths(found) == [b"d", b"d/x", b"d/x/y"]


def test_something_below_a_file(tmp_path: Path) -> None:
    _make(tmp_path, "a", "b")
    with pytest.raises(UsageError, match=r"/b would lie below .*/a, which is no directory"):
        list(walk([_source(tmp_path / "a", b"n"), _source(tmp_path / "b", b"n/x/y")], monitor=Monitor()))


@pytest.mark.parametrize("name", [b"/a", b"a/", b"a//b", b"..", b"a/./b"])
def test_names_that_are_no_paths(name: bytes, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no relative path"):
        walk([_source(tmp_path, name)], monitor=Monitor())


def test_a_file_without_a_name(tmp_path: Path) -> None:
    _make(tmp_path, "a")
    with pytest.raises(UsageError, match="only a directory"):
        list(walk([_source(tmp_path / "a", b"")], monitor=Monitor()))


@pytest.mark.parametrize("path", ["missing", "file/below", "file/"])
def test_a_source_that_is_missing(path: str, tmp_path: Path) -> None:
    _make(tmp_path, "file")
    source = Source(os.fsencode(f"{tmp_path}/{path}"), b"n")
    with pytest.raises(UsageError, match=path):
        walk([source], monitor=Monitor())


def test_top_level_arguments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _make(tmp_path, "here/a")
    monkeypatch.chdir(tmp_path / "here")
    assert _paths(_walk(named_source(b"."))) == [b"here", b"here/a"]
    first = next(walk([named_source(b"/")], monitor=Monitor()))
    assert (first.entry.path, first.path) == (b"root", b"/")


# Lists


def test_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    _make(tmp_path, "p/q/a", "p/q/other", "p/b", "d/x")
    (tmp_path / "p").chmod(0o751)
    os.utime(tmp_path / "p", ns=(0, 5))
    found = _walk(*sources_from_list([b"./p/q/a", b"p/b", b"d", b"d/x"]))
    assert _paths(found) == [b"d", b"d/x", b"p", b"p/b", b"p/q", b"p/q/a"]
    assert (found[2].entry.mode, found[2].entry.mtime_ns) == (0o751, 5)
    assert all(os.path.lexists(planned.path) for planned in found)


def test_the_output_of_find_is_the_tree_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    _make(tmp_path, "p/q/a", "p/b", "d/x")
    (tmp_path / "p" / "link").symlink_to("q")
    listed = subprocess.run(["find", ".", "-print0"], check=True, capture_output=True).stdout.split(b"\0")[:-1]
    found = _walk(*sources_from_list(listed))
    assert _paths(found) == [b"d", b"d/x", b"p", b"p/b", b"p/link", b"p/q", b"p/q/a"]


def test_listed_and_missing_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    _make(tmp_path, "p/a", "file")
    monitor = Notes()
    listed = [b"p/a", b"p/gone", b"gone/too", b"file", b"file/below"]
    found = list(walk(sources_from_list(listed), monitor=monitor))
    assert [(p.entry.path, p.entry.kind) for p in found] == [
        (b"file", Kind.FILE),
        (b"p", Kind.DIRECTORY),
        (b"p/a", Kind.FILE),
    ]
    assert found[0].path == b"file"
    assert [(p.path, p.trouble) for p in monitor.problems] == [
        (b"file/below", Trouble.VANISHED),
        (b"gone/too", Trouble.VANISHED),
        (b"p/gone", Trouble.VANISHED),
    ]


def test_listed_below_a_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    _make(tmp_path, "real/a", "real/b")
    (tmp_path / "link").symlink_to("real")
    found = _walk(*sources_from_list([b"link/a"]))
    assert [(p.entry.path, p.entry.kind) for p in found] == [(b"link", Kind.DIRECTORY), (b"link/a", Kind.FILE)]


def test_listed_and_excluded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    _make(tmp_path, "p/build/a", "p/b.o", "p/c", "x.o")
    rules = Rules(exclude=["*.o", "/p/build/"])
    excluded: list[Excluded] = []
    sources = sources_from_list([b"p/build/a", b"p/b.o", b"p/c", b"x.o"])
    found = walk(sources, judge=rules.judge, on_excluded=excluded.append, monitor=Monitor())
    assert _paths(found) == [b"p", b"p/c"]
    assert [item.path for item in excluded] == [b"p/b.o", b"p/build", b"x.o"]


# Rules


def test_judged_top_down(tmp_path: Path) -> None:
    _make(tmp_path, "build/keep.txt", "src/a.o", "src/a.c", "src/build")
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "CACHEDIR.TAG").write_bytes(CACHE_SIGNATURE + b"\n")
    _make(tmp_path, "c/x/y", "c/z", "cc/x")
    (tmp_path / "cc" / "CACHEDIR.TAG").symlink_to("../c/CACHEDIR.TAG")
    excluded: list[Excluded] = []
    rules = Rules(exclude=["build/", "!build/keep.txt", "*.o"], exclude_caches=True)
    found = walk([_source(tmp_path, b"t")], judge=rules.judge, on_excluded=excluded.append, monitor=Monitor())
    assert _paths(found) == [
        b"t", b"t/c", b"t/c/CACHEDIR.TAG", b"t/cc", b"t/cc/CACHEDIR.TAG", b"t/cc/x",
        b"t/src", b"t/src/a.c", b"t/src/build",
    ]  # fmt: skip
    assert excluded == [
        Excluded(b"t/build", "pattern 'build/'"),
        Excluded(b"t/c/x", "cache directory"),
        Excluded(b"t/c/z", "cache directory"),
        Excluded(b"t/src/a.o", "pattern '*.o'"),
    ]


def test_tag_that_is_a_fifo_stops_nobody(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "CACHEDIR.TAG")
    _make(tmp_path, "x")
    assert len(_walk(_source(tmp_path), judge=Rules(exclude_caches=True).judge)) == 3


def test_what_a_judge_sees(tmp_path: Path) -> None:
    _make(tmp_path, "d/f", "g")
    seen: list[tuple[bytes, bytes, bytes, bool]] = []

    def judge(candidate: Candidate) -> None:
        seen.append((candidate.path, candidate.relative, candidate.name, candidate.is_directory))
        assert candidate.is_directory is stat.S_ISDIR(candidate.status.st_mode)
        assert candidate.read_child(b"f", 2) == (b"d/" if candidate.name == b"d" else b"")

    _walk(_source(tmp_path, b"n/m"), _source(tmp_path / "g", b"x"), judge=judge)
    _walk(Source(os.fsencode(tmp_path / "g"), b"a/g", listed=True), judge=judge)
    assert seen == [
        (b"n/m", b"", b"m", True),
        (b"n/m/d", b"d", b"d", True),
        (b"n/m/d/f", b"d/f", b"f", False),
        (b"n/m/g", b"g", b"g", False),
        (b"x", b"x", b"x", False),
        (b"a/g", b"a/g", b"g", False),
    ]


def test_one_file_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is mounted below keeps its own entry; as no test may mount, the status is made to say so."""
    _make(tmp_path, "a/mounted/x", "b", "other/y")
    real = os.stat

    def foreign(path: bytes, *, dir_fd: int | None = None, follow_symlinks: bool = True) -> os.stat_result:
        status = real(path, dir_fd=dir_fd, follow_symlinks=follow_symlinks)
        if not path.endswith((b"mounted", b"other")):
            return status
        reduced = status.__reduce__()
        assert isinstance(reduced, tuple)
        numbers, more = reduced[1]
        return os.stat_result((*numbers[:2], status.st_dev + 1, *numbers[3:]), more)

    monkeypatch.setattr(os, "stat", foreign)
    excluded: list[Excluded] = []
    sources = [_source(tmp_path), _source(tmp_path / "other", b"u")]
    found = _paths(walk(sources, one_file_system=True, on_excluded=excluded.append, monitor=Monitor()))
    inside = [b"top/a/mounted/x", b"top/other/y"]
    assert found == [b"top", b"top/a", b"top/a/mounted", b"top/b", b"top/other", b"u", b"u/y"]
    assert excluded == [Excluded(os.path.dirname(path), "content on another file system") for path in inside]
    assert set(_paths(_walk(*sources))) == {*found, *inside}


# What goes wrong


def test_unreadable_directory_keeps_its_entry(tmp_path: Path, as_nobody: None) -> None:
    _make(tmp_path, "top/a/x", "top/b/x", "top/c/x", "top/d")
    (tmp_path / "top" / "a").chmod(0o000)
    (tmp_path / "top" / "c").chmod(0o444)
    _drop_privileges(tmp_path)
    monitor = Notes()
    found = _paths(walk([Source(b"top", b"top")], monitor=monitor))
    os.chmod("top/a", 0o755)
    os.chmod("top/c", 0o755)
    assert found == [b"top", b"top/a", b"top/b", b"top/b/x", b"top/c", b"top/d"]
    assert monitor.problems == [
        Problem(b"top/a", Trouble.UNREADABLE, "Permission denied"),
        Problem(b"top/c/x", Trouble.UNREADABLE, "Permission denied"),
    ]


def test_unreadable_source(tmp_path: Path, as_nobody: None) -> None:
    _make(tmp_path, "locked/a", "b")
    (tmp_path / "locked").chmod(0o000)
    _drop_privileges(tmp_path)
    monitor = Notes()
    found = _paths(walk([Source(b"locked/a", b"a"), Source(b"b", b"b")], monitor=monitor))
    os.chmod("locked", 0o755)
    assert found == [b"b"]
    assert monitor.problems == [Problem(b"a", Trouble.UNREADABLE, "Permission denied")]


def _removing(victim: Path, at: bytes) -> Judge:
    """A judge under which something vanishes when the walk meets a certain path."""

    def judge(candidate: Candidate) -> str | None:
        if candidate.path == at:
            if victim.is_dir():
                shutil.rmtree(victim)
            else:
                victim.unlink()
        return None

    return judge


@pytest.mark.parametrize(
    ("victim", "at", "left", "lost"),
    [
        ("b", b"top/a", [b"top", b"top/a", b"top/c", b"top/c/d"], [b"top/b"]),
        ("c", b"top/a", [b"top", b"top/a", b"top/b"], [b"top/c"]),
        ("c", b"top/c", [b"top", b"top/a", b"top/b", b"top/c"], [b"top/c"]),
        ("c/d", b"top/c/d", [b"top", b"top/a", b"top/b", b"top/c", b"top/c/d"], []),
    ],
)
def test_vanishing(victim: str, at: bytes, left: list[bytes], lost: list[bytes], tmp_path: Path) -> None:
    _make(tmp_path, "a", "b", "c/d")
    monitor = Notes()
    found = _paths(walk([_source(tmp_path)], judge=_removing(tmp_path / victim, at), monitor=monitor))
    assert found == left
    assert monitor.problems == [Problem(path, Trouble.VANISHED, "No such file or directory") for path in lost]


def test_a_link_that_became_a_file(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("x")

    def judge(candidate: Candidate) -> None:
        if candidate.name == b"link":
            (tmp_path / "link").unlink()
            (tmp_path / "link").touch()

    monitor = Notes()
    assert _paths(walk([_source(tmp_path)], judge=judge, monitor=monitor)) == [b"top"]
    assert [(p.path, p.trouble) for p in monitor.problems] == [(b"top/link", Trouble.UNREADABLE)]


def test_a_directory_that_became_a_link_is_not_entered(tmp_path: Path) -> None:
    _make(tmp_path, "top/d/x", "secret/x")

    def judge(candidate: Candidate) -> None:
        if candidate.name == b"d":
            shutil.rmtree(tmp_path / "top" / "d")
            (tmp_path / "top" / "d").symlink_to("../secret")

    monitor = Notes()
    assert _paths(walk([_source(tmp_path / "top")], judge=judge, monitor=monitor)) == [b"top", b"top/d"]
    assert [p.path for p in monitor.problems] == [b"top/d"]


def test_a_listing_that_breaks_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _make(tmp_path, "a", "b", "c")

    with os.scandir(tmp_path) as listing:
        first = next(listing)

    @contextmanager
    def breaking(_: int) -> Iterator[Iterator[os.DirEntry[str]]]:
        def entries() -> Iterator[os.DirEntry[str]]:
            yield first
            raise OSError(errno.EIO, "Input/output error")

        yield entries()

    monkeypatch.setattr(os, "scandir", breaking)
    monitor = Notes()
    assert _paths(walk([_source(tmp_path)], monitor=monitor)) == [b"top", b"top/" + os.fsencode(first.name)]
    assert monitor.problems == [Problem(b"top", Trouble.UNREADABLE, "Input/output error")]


# Depth and number


def _dig(root: Path, name: bytes, depth: int) -> None:
    """Make a chain of directories, each with a file that comes after the next directory."""
    fd = os.open(root, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir(name, dir_fd=fd)
        os.close(os.open(name + b"~", os.O_CREAT | os.O_WRONLY, dir_fd=fd))
        below = os.open(name, os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = below
    os.close(fd)


@pytest.fixture
def deep(tmp_path: Path) -> Iterator[Path]:
    """A directory in which a test may dig deeper than Python's own rmtree can climb."""
    root = tmp_path / "deep"
    root.mkdir()
    yield root
    subprocess.run(["rm", "-rf", str(root)], check=True)


@pytest.mark.parametrize(("name", "depth"), [(b"d", 2000), (b"a-longer-name", 700)])
def test_deep(name: bytes, depth: int, deep: Path) -> None:
    """Deeper than Python recurses, longer than the system takes paths, wider than there are descriptors."""
    _dig(deep, name, depth)
    before = open_descriptors()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (before + OPEN_DIRECTORIES + 8, hard))
    try:
        found = _walk(_source(deep, b"t"))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert open_descriptors() == before
    chain = [b"t" + (b"/" + name) * i for i in range(depth + 1)]
    assert _paths(found) == chain + [path + b"/" + name + b"~" for path in reversed(chain[:-1])]
    assert len(found[depth].path) > 4000


def test_listed_longer_than_paths_are(deep: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _dig(deep, b"a-longer-name", 400)
    monkeypatch.chdir(deep)
    path = b"a-longer-name/" * 399
    found = _walk(*sources_from_list([path + b"a-longer-name~", path + b"a-longer-name"]))
    assert len(found) == 401
    assert _paths(found)[-1] == path + b"a-longer-name~"
    assert found[-1].entry.kind is Kind.FILE


def test_moved_while_deep_inside(deep: Path) -> None:
    """The way back up leads to another directory: what was not yet read there is lost, and said."""
    depth = OPEN_DIRECTORIES + 10
    _dig(deep, b"d", depth)
    last = b"t" + b"/d" * depth

    def judge(candidate: Candidate) -> None:
        if candidate.path == last:
            (deep / "d").rename(deep / "elsewhere")
            _make(deep, "d/d/", "d/d~")

    monitor = Notes()
    found = _paths(walk([_source(deep, b"t")], judge=judge, monitor=monitor))
    assert found[: depth + 1] == [b"t" + b"/d" * i for i in range(depth + 1)]
    assert found[-1] == b"t/d~"
    assert {p.trouble for p in monitor.problems} == {Trouble.VANISHED}
    lost = {p.path for p in monitor.problems}
    assert {path + b"~" for path in found[1 : depth + 1]} - set(found) == {path + b"/d~" for path in lost}


def test_attributes_on_the_way_back_up(deep: Path) -> None:
    _dig(deep, b"d", OPEN_DIRECTORIES + 10)
    try:
        os.setxattr(deep / "d" / "d~", "user.a", b"1")
    except OSError as error:
        pytest.skip(f"no extended attributes here: {error}")
    found = {planned.entry.path: planned.entry.xattrs for planned in _walk(_source(deep, b"t"))}
    assert {path: xattrs for path, xattrs in found.items() if xattrs} == {b"t/d/d~": {b"user.a": b"1"}}


def test_a_source_below_a_directory_that_vanished(tmp_path: Path) -> None:
    _make(tmp_path, "d/a", "d/sub/x", "file")
    sources = [_source(tmp_path / "d", b"d"), _source(tmp_path / "file", b"d/sub/late")]
    monitor = Notes()
    judge = _removing(tmp_path / "d" / "sub", b"d/a")
    assert _paths(walk(sources, judge=judge, monitor=monitor)) == [b"d", b"d/a", b"d/sub/late"]
    assert [(p.path, p.trouble) for p in monitor.problems] == [(b"d/sub", Trouble.VANISHED)]


def test_leaves_no_descriptor_open_when_given_up(tmp_path: Path) -> None:
    _make(tmp_path, "a/b/c/d")
    before = open_descriptors()
    found = walk([_source(tmp_path)], monitor=Monitor())
    for _ in range(4):
        next(found)
    assert open_descriptors() > before
    found.close()  # type: ignore[attr-defined]
    assert open_descriptors() == before


def test_planned_files_are_small(tmp_path: Path) -> None:
    """200,000 of them are held at once: 450 bytes each, with paths as long as usual."""
    directory = tmp_path / ("d" * 40)
    directory.mkdir()
    for number in range(1000):
        (directory / f"{number:08}").write_bytes(b"x" * 300)
    _walk(_source(tmp_path))
    tracemalloc.start()
    found = _walk(_source(tmp_path))
    used_bytes = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert used_bytes / len(found) < 450
