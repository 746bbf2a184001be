"""The scan: compared with os.walk on real trees, and fed the failures that no test machine has at hand."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

import pytest

from pyactivity import NO_PARENT, BadValue, Problem, Scan, gather

NAMES = [b"a", b"b.txt", b"new\nline", b"\xff\xfe", b"caf\xc3\xa9", b" ", b"-n", b"\\"]


def plant(root: Path, *names: str) -> Path:
    """Empty files below `root`, and the directories on the way."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def paths(found: Scan) -> list[bytes]:
    return list(found.files.paths(range(len(found.files))))


def below(root: Path, *names: str) -> list[bytes]:
    return [os.fsencode(root / name) for name in names]


def replace_os(monkeypatch: pytest.MonkeyPatch, name: str, function: Callable[..., Any]) -> None:
    """Replace a function of `os` for the scan alone."""
    monkeypatch.setattr("pyactivity.scan.os", SimpleNamespace(**{**vars(os), name: function}))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Names of any bytes on three levels, an empty directory, and links that lead round and out."""
    for number, name in enumerate(map(os.fsdecode, NAMES)):
        plant(tmp_path, f"{name}.file", f"sub/{name}", f"{name}/deep/{name}")
        (tmp_path / "sub" / name).write_bytes(b"x" * number)
        os.utime(tmp_path / "sub" / name, ns=(0, 10**18 + number))
    (tmp_path / "empty").mkdir()
    (tmp_path / "sub" / "round").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "sub" / "link").symlink_to(tmp_path / "a.file")
    (tmp_path / "sub" / "dangling").symlink_to("nowhere")
    os.mkfifo(tmp_path / "sub" / "fifo")
    return tmp_path


def test_finds_what_os_walk_finds(tree: Path) -> None:
    expected = {
        os.fsencode(Path(top) / name): (Path(top) / name).lstat()
        for top, _, names in os.walk(tree)
        for name in names
        if (Path(top) / name).is_file() and not (Path(top) / name).is_symlink()
    }
    found = gather([tree])
    columns = zip(paths(found), found.files.mtime_ns.tolist(), found.files.size_bytes.tolist(), strict=True)
    assert {path: (mtime_ns, size) for path, mtime_ns, size in columns} == {
        path: (status.st_mtime_ns, status.st_size) for path, status in expected.items()
    }
    assert len(found.files) == 3 * len(NAMES)
    assert found.problems == ()


def test_directories_know_the_one_above(tree: Path) -> None:
    files = gather([tree]).files
    assert files.directories[0] == os.fsencode(tree)
    assert files.parents[0] == NO_PARENT
    for number, path in enumerate(files.directories[1:], 1):
        assert files.parents[number] < number
        assert files.directories[files.parents[number]] == os.fsencode(Path(os.fsdecode(path)).parent)


def test_the_order_is_by_names_files_first(tmp_path: Path) -> None:
    plant(tmp_path, "b/2", "b/1", "a/9", "z", "c", "a.d/3", "a/x/0")
    assert paths(gather([tmp_path])) == below(tmp_path, "c", "z", "a/9", "a/x/0", "a.d/3", "b/1", "b/2")


def test_the_order_is_not_the_order_of_the_disk(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = paths(gather([tree]))
    fake(monkeypatch, lambda _, entries: entries[::-1])
    assert paths(gather([tree])) == plain


def test_a_root_may_be_text_bytes_or_path_and_may_end_in_a_slash(tmp_path: Path) -> None:
    plant(tmp_path, "f")
    for root in (str(tmp_path), os.fsencode(tmp_path), tmp_path, f"{tmp_path}/"):
        assert paths(gather([root])) == below(tmp_path, "f")


def test_paths_start_as_the_root_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(tmp_path, "d/f")
    monkeypatch.chdir(tmp_path)
    assert paths(gather(["."])) == [b"./d/f"]
    assert paths(gather(["d"])) == [b"d/f"]


def test_a_root_may_be_a_link_to_a_directory(tmp_path: Path) -> None:
    plant(tmp_path, "real/f")
    (tmp_path / "link").symlink_to("real", target_is_directory=True)
    assert paths(gather([tmp_path / "link"])) == below(tmp_path, "link/f")


@pytest.mark.parametrize("roots", [["", "a"], ["a", ""], ["a", "", "a", "link"], ["link", "", "a"]])
def test_roots_within_roots_are_walked_once(tmp_path: Path, roots: list[str]) -> None:
    plant(tmp_path, "f", "a/f", "a/b/f", "c/f")
    (tmp_path / "link").symlink_to("a", target_is_directory=True)
    found = [Path(os.fsdecode(path)).resolve() for path in paths(gather([tmp_path / root for root in roots]))]
    assert sorted(found) == sorted(tmp_path.resolve() / name for name in ("f", "a/f", "a/b/f", "c/f"))


def test_other_file_systems_are_left_out_on_request(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(tmp_path, "f", "mounted/f")
    status = tmp_path.stat()
    # The root claims another device, which makes everything below it a foreign one.
    root = SimpleNamespace(st_dev=status.st_dev + 1, st_ino=status.st_ino)
    replace_os(monkeypatch, "stat", lambda _: root)
    assert paths(gather([tmp_path], one_file_system=True)) == below(tmp_path, "f")
    assert paths(gather([tmp_path])) == below(tmp_path, "f", "mounted/f")


def test_no_roots_and_empty_roots_give_empty_columns(tmp_path: Path) -> None:
    for roots in ([], [tmp_path]):
        found = gather(roots)
        assert (len(found.files), found.files.names, found.problems) == (0, b"", ())


def test_what_is_missing_or_no_directory_is_a_problem(tmp_path: Path) -> None:
    plant(tmp_path, "file", "good/f")
    found = gather([tmp_path / "gone", tmp_path / "good", tmp_path / "file"])
    assert paths(found) == below(tmp_path, "good/f")
    assert found.problems == (
        Problem(os.fsencode(tmp_path / "gone"), "No such file or directory"),
        Problem(os.fsencode(tmp_path / "file"), "Not a directory"),
    )


# What no tree can be planted for: the listing of one directory is replaced.

Entries = list[Any]


def fake(monkeypatch: pytest.MonkeyPatch, change: Callable[[Path, Entries], Iterator[Any] | Entries]) -> None:
    """Let `change` say, from a directory and its true entries, what listing the directory yields."""
    scandir = os.scandir

    class Listing:
        def __init__(self, path: bytes) -> None:
            with scandir(path) as listing:
                self._entries = change(Path(os.fsdecode(path)), list(listing))

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None: ...

        def __iter__(self) -> Iterator[Any]:
            return iter(self._entries)

    replace_os(monkeypatch, "scandir", Listing)


def test_an_unreadable_directory_is_a_problem_and_the_rest_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(tmp_path, "a/f", "locked/f", "z/f")

    def change(path: Path, entries: Entries) -> Entries:
        if path.name == "locked":
            raise PermissionError(13, "Permission denied")
        return entries

    fake(monkeypatch, change)
    found = gather([tmp_path])
    assert paths(found) == below(tmp_path, "a/f", "z/f")
    assert found.problems == (Problem(os.fsencode(tmp_path / "locked"), "Permission denied"),)


def test_a_directory_that_vanishes_under_way_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(tmp_path, "a/f", "gone/f")

    def change(path: Path, entries: Entries) -> Entries:
        if path.name == "a":
            (tmp_path / "gone" / "f").unlink()
            (tmp_path / "gone").rmdir()
        return entries

    fake(monkeypatch, change)
    found = gather([tmp_path])
    assert paths(found) == below(tmp_path, "a/f")
    assert found.problems == (Problem(os.fsencode(tmp_path / "gone"), "No such file or directory"),)


def test_a_listing_that_fails_half_way_keeps_its_first_half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(tmp_path, "1", "2", "3")

    def change(_: Path, entries: Entries) -> Iterator[Any]:
        yield from sorted(entries, key=lambda entry: entry.name)[:2]
        raise OSError(5, "Input/output error")

    fake(monkeypatch, change)
    found = gather([tmp_path])
    assert paths(found) == below(tmp_path, "1", "2")
    assert found.problems == (Problem(os.fsencode(tmp_path), "Input/output error"),)


def test_an_entry_that_cannot_be_looked_at_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(tmp_path, "1", "gone")

    def change(_: Path, entries: Entries) -> Entries:
        (tmp_path / "gone").unlink()
        return entries

    fake(monkeypatch, change)
    found = gather([tmp_path])
    assert paths(found) == below(tmp_path, "1")
    assert found.problems == (Problem(os.fsencode(tmp_path / "gone"), "No such file or directory"),)


@pytest.mark.parametrize(("mtime_ns", "kept"), [(2**70, 2**63 - 1), (-(2**70), -(2**63))])
def test_a_clock_gone_wild_is_saturated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mtime_ns: int, kept: int
) -> None:
    status = SimpleNamespace(st_mode=0o100644, st_mtime_ns=mtime_ns, st_ctime_ns=7, st_size=3, st_nlink=1)
    entry = SimpleNamespace(name=b"f", path=b"", stat=lambda **_: status, is_file=lambda **_: True)
    fake(monkeypatch, lambda *_: [entry])
    assert gather([tmp_path]).files.mtime_ns.tolist() == [kept]


def test_an_entry_that_hides_its_kind_and_cannot_be_looked_at_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(tmp_path, "1", "2")

    def refuse(**_: object) -> bool:
        raise OSError(5, "Input/output error")

    # As where the listing does not say what an entry is: asking for the kind is looking.
    broken = SimpleNamespace(name=b"broken", path=b"x/broken", stat=refuse, is_file=refuse, is_dir=refuse)
    fake(monkeypatch, lambda _, entries: [*entries, broken])
    found = gather([tmp_path])
    assert paths(found) == below(tmp_path, "1", "2")
    assert found.problems == (Problem(os.fsencode(tmp_path / "broken"), "Input/output error"),)


# What is left out, and said.


def left_out(found: Scan, root: Path) -> list[tuple[str, str]]:
    return [(str(Path(os.fsdecode(left.path)).relative_to(root)), left.reason) for left in found.left_out]


def tag(directory: Path, signature: bytes = b"Signature: 8a477f597d28d172789f06886806bc55") -> None:
    (directory / "CACHEDIR.TAG").write_bytes(signature + b"\n# a cache")


@pytest.fixture
def junk(tmp_path: Path) -> Path:
    plant(tmp_path, "a.py", "a.pyc", "Thumbs.db", "._a", ".cache/x/y", "s/__pycache__/a", "built/o", "kept/o")
    plant(tmp_path, "t.thumbs", ".local/share/Trash/files/x", "Trash/x", ".Trash-1000/x", "._large")
    (tmp_path / "._large").write_bytes(b"x" * 5000)
    tag(tmp_path / "built")
    tag(tmp_path / "kept", b"Signature: something else")
    return tmp_path


def test_junk_and_caches_are_left_out_and_said(junk: Path) -> None:
    found = gather([junk])
    assert paths(found) == below(junk, "._large", "a.py", "t.thumbs", "Trash/x", "kept/CACHEDIR.TAG", "kept/o")
    assert left_out(found, junk) == [
        ("._a", "junk"),
        ("Thumbs.db", "junk"),
        ("a.pyc", "junk"),
        (".Trash-1000", "junk"),
        (".cache", "cache directory"),
        (".local/share/Trash", "junk"),
        ("built", "cache directory"),
        ("s/__pycache__", "cache directory"),
    ]


def test_junk_is_kept_on_request(junk: Path) -> None:
    found = gather([junk], keep_junk=True)
    assert len(found.files) == 15
    assert found.left_out == ()


def test_a_root_is_wanted_whatever_it_is_called(tmp_path: Path) -> None:
    plant(tmp_path, ".cache/a", ".cache/b/c")
    tag(tmp_path / ".cache")
    assert len(gather([tmp_path / ".cache"]).files) == 3


@pytest.mark.parametrize(
    ("patterns", "kept"),
    [
        (["*.o"], ["a.c", "keep.c", "sub/b.c", "sub/build/c.c"]),
        (["build/"], ["a.c", "a.o", "keep.c", "sub/b.c", "sub/b.o"]),
        (["/a.*"], ["keep.c", "sub/b.c", "sub/b.o", "sub/build/c.c", "sub/build/c.o"]),
        (["*", "!*/", "!*.c", "sub/build"], ["a.c", "keep.c", "sub/b.c"]),
        (["# a comment", "", "sub"], ["a.c", "a.o", "keep.c"]),
    ],
)
def test_patterns_are_those_of_gitignore(tmp_path: Path, patterns: list[str], kept: list[str]) -> None:
    plant(tmp_path, "a.c", "a.o", "keep.c", "sub/b.c", "sub/b.o", "sub/build/c.c", "sub/build/c.o")
    for root in (tmp_path, f"{tmp_path}/"):
        assert paths(gather([root], exclude=patterns)) == below(tmp_path, *kept)


def test_what_a_pattern_leaves_out_is_said(tmp_path: Path) -> None:
    plant(tmp_path, "a.o", "b", "sub/c")
    assert left_out(gather([tmp_path], exclude=["*.o", "sub/"]), tmp_path) == [
        ("a.o", "pattern '*.o'"),
        ("sub", "pattern 'sub/'"),
    ]


def test_a_pattern_that_makes_no_sense_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadValue, match="makes no sense"):
        gather([tmp_path], exclude=["[[:x:]]"])


def test_other_file_systems_left_out_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(tmp_path, "f", "mounted/f")
    status = tmp_path.stat()
    root = SimpleNamespace(st_dev=status.st_dev + 1, st_ino=status.st_ino)
    replace_os(monkeypatch, "stat", lambda _: root)
    assert left_out(gather([tmp_path], one_file_system=True), tmp_path) == [("mounted", "another file system")]


def test_a_directory_of_many_files_is_found_whole_and_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pyactivity.scan._PIECE", 3)
    names = [f"{number:02d}" for number in range(10)]
    plant(tmp_path, *names, "04.pyc")
    found = gather([tmp_path])
    assert paths(found) == below(tmp_path, *names)
    assert [found.files.name(index) for index in range(10)] == [name.encode() for name in names]


def test_ctimes_are_a_column_of_their_own(tmp_path: Path) -> None:
    plant(tmp_path, "f")
    os.utime(tmp_path / "f", ns=(0, 5))
    files = gather([tmp_path], ctimes=True).files
    assert files.times_ns("mtime").tolist() == [5]
    assert files.times_ns("ctime").tolist() == [(tmp_path / "f").stat().st_ctime_ns]
    with pytest.raises(BadValue, match="no 'atime'"):
        files.times_ns("atime")
    with pytest.raises(BadValue, match="no ctime is known"):
        gather([tmp_path]).files.times_ns("ctime")
