"""Each rule by itself, and all together in words."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from kit.hearing import Notes

from pybackup.errors import UsageError
from pybackup.model.source import Candidate
from pybackup.selection.rules import CACHE_SIGNATURE, CACHE_TAG, Rules


def _nothing(name: bytes, n_bytes: int) -> bytes:
    return b""


def _candidate(
    relative: bytes, path: Path, *, directory: bool = False, top: bytes = b"top", tag: bytes | None = None
) -> Candidate:
    """A candidate with the status of a real path."""

    def read_child(name: bytes, n_bytes: int) -> bytes:
        return (tag or b"")[:n_bytes] if name == CACHE_TAG else b""

    whole = top + b"/" + relative if relative else top
    return Candidate(whole, relative, whole.rpartition(b"/")[2], directory, os.lstat(path), read_child)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 100)
    return path


def test_no_rules(file: Path, tmp_path: Path) -> None:
    rules = Rules()
    assert rules.judge(_candidate(b"Thumbs.db", file)) is None
    assert rules.judge(_candidate(b"", tmp_path, directory=True)) is None


def test_patterns(file: Path, tmp_path: Path) -> None:
    rules = Rules(exclude=["*.o", "build/", "!keep.o", "/only-here"])
    assert rules.judge(_candidate(b"a/b.o", file)) == "pattern '*.o'"
    assert rules.judge(_candidate(b"a/keep.o", file)) is None
    assert rules.judge(_candidate(b"a/build", tmp_path, directory=True)) == "pattern 'build/'"
    assert rules.judge(_candidate(b"a/build", file)) is None
    assert rules.judge(_candidate(b"only-here", file)) == "pattern '/only-here'"
    assert rules.judge(_candidate(b"a/only-here", file)) is None


def test_a_directory_named_as_source_is_wanted(tmp_path: Path) -> None:
    rules = Rules(exclude=["*", ".Trashes"], exclude_dir=[".Trashes"], skip_junk=True)
    assert rules.judge(_candidate(b"", tmp_path, directory=True, top=b".Trashes")) is None


def test_patterns_from_files(file: Path, tmp_path: Path) -> None:
    first = tmp_path / "first"
    first.write_bytes(b"\xef\xbb\xbf# comment\r\n*.o\r\n\r\ncaf\xe9\r\n")
    second = tmp_path / "second"
    second.write_bytes(b"!keep.o")
    rules = Rules(exclude=["*.tmp"], exclude_from=[first, os.fsencode(second)])
    assert rules.judge(_candidate(b"b.o", file)) == "pattern '*.o'"
    assert rules.judge(_candidate(b"keep.o", file)) is None
    assert rules.judge(_candidate(b"caf\xe9", file)) == "pattern 'caf\\xe9'"
    assert rules.judge(_candidate(b"x.tmp", file)) == "pattern '*.tmp'"


@pytest.mark.parametrize("pattern", ["", "  ", "#a#", "!", "[[:x:]]", "a[", "/"])
def test_patterns_that_say_nothing(pattern: str) -> None:
    with pytest.raises(UsageError, match="pattern"):
        Rules(exclude=[pattern])


def test_file_of_patterns_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="missing: No such file"):
        Rules(exclude_from=[tmp_path / "missing"])


def test_directory_names(file: Path, tmp_path: Path) -> None:
    rules = Rules(exclude_dir=["node_modules/", b"caf\xe9"])
    assert rules.judge(_candidate(b"a/node_modules", tmp_path, directory=True)) == "directory name 'node_modules'"
    assert rules.judge(_candidate(b"a/node_modules", file)) is None
    assert rules.judge(_candidate(b"caf\xe9", tmp_path, directory=True)) == "directory name 'caf\\xe9'"


@pytest.mark.parametrize("name", ["", "/", "a/b"])
def test_directory_names_that_are_none(name: str) -> None:
    with pytest.raises(UsageError, match="no name of a directory"):
        Rules(exclude_dir=[name])


@pytest.mark.parametrize(
    ("name", "directory", "reason"),
    [
        (b"Thumbs.db", False, "junk: Thumbs.db"),
        (b"module.pyc", False, "junk: module.pyc"),
        (b"module.py", False, None),
        (b"__pycache__", True, "junk: __pycache__"),
        (b"thumbs.DB", False, "junk: thumbs.DB"),
        (b"Thumbs.db", True, None),
        (b".DS_Store", False, "junk: .DS_Store"),
        (b"$RECYCLE.BIN", True, "junk: $RECYCLE.BIN"),
        (b".Trash-1000", True, "junk: .Trash-1000"),
        (b".Trash-me", True, None),
        (b"._photo.jpg", False, "junk: ._photo.jpg"),
        (b"photo.jpg", False, None),
    ],
)
def test_junk(name: bytes, directory: bool, reason: str | None, file: Path, tmp_path: Path) -> None:
    candidate = _candidate(b"a/" + name, tmp_path if directory else file, directory=directory)
    assert Rules(skip_junk=True).judge(candidate) == reason


def test_a_resource_fork_is_no_junk(file: Path) -> None:
    os.truncate(file, 4097)
    assert Rules(skip_junk=True).judge(_candidate(b"._photo.jpg", file)) is None


def test_since(file: Path, tmp_path: Path) -> None:
    since_ns = 1_700_000_000_000_000_001
    rules = Rules(since_ns=since_ns)
    os.utime(file, ns=(0, since_ns - 1))
    reason = rules.judge(_candidate(b"file", file))
    assert reason is not None
    assert reason.startswith("older than 2023-11-1")
    os.utime(file, ns=(0, since_ns))
    assert rules.judge(_candidate(b"file", file)) is None
    os.utime(tmp_path, ns=(0, 0))
    assert rules.judge(_candidate(b"dir", tmp_path, directory=True)) is None
    link = tmp_path / "link"
    link.symlink_to("file")
    os.utime(link, ns=(0, 0), follow_symlinks=False)
    assert rules.judge(_candidate(b"link", link)) is None


def test_since_the_epoch_itself(file: Path) -> None:
    os.utime(file, ns=(0, -1))
    assert Rules(since_ns=0).judge(_candidate(b"file", file)) is not None


@pytest.mark.parametrize("top", [b"top", b"top/in/names"])
def test_caches(top: bytes, file: Path, tmp_path: Path) -> None:
    rules = Rules(exclude_caches=True)

    def judge(relative: bytes, directory: bool = False, tag: bytes | None = None) -> str | None:
        path = tmp_path if directory else file
        return rules.judge(_candidate(relative, path, directory=directory, tag=tag, top=top))

    assert judge(b"c", True, CACHE_SIGNATURE + b"\n# by a test") is None
    assert judge(b"c/CACHEDIR.TAG") is None
    assert judge(b"c/x") == "cache directory"
    assert judge(b"c/d", True) == "cache directory"
    assert judge(b"cc", True, CACHE_SIGNATURE[:-1]) is None
    assert judge(b"cc/x") is None
    assert judge(b"x") is None
    assert judge(b"c", True, b"") is None  # another run, the tag is gone
    assert judge(b"c/x") is None


def test_a_source_that_is_a_cache(file: Path, tmp_path: Path) -> None:
    rules = Rules(exclude_caches=True)
    assert rules.judge(_candidate(b"", tmp_path, directory=True, tag=CACHE_SIGNATURE)) is None
    assert rules.judge(_candidate(b"x", file)) == "cache directory"


def test_tells_once_what_was_named_and_has_left_nothing_out(file: Path, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.write_text("*.never\n")
    rules = Rules(
        exclude=["top/keep", "/home/me/docs", "*.o", "*.o", "!none", "*.bak", "*.bak"],
        exclude_from=[shared],
        exclude_dir=["node_modules", "build"],
    )
    assert rules.judge(_candidate(b"a.o", file)) is not None
    assert rules.judge(_candidate(b"build", tmp_path, directory=True)) is not None
    assert rules.judge(_candidate(b"keep", file)) is None
    notes = Notes()
    rules.tell_idle(notes)
    assert notes.notes == [
        "pattern 'top/keep' has left nothing out; its path begins below the source",
        "pattern '/home/me/docs' has left nothing out; its path begins below the source",
        "pattern '*.bak' has left nothing out",
        "directory name 'node_modules' has left nothing out",
    ]
