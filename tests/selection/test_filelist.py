"""From arguments and lists to sources: names as GNU tar gives them."""

from __future__ import annotations

import io
import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pybackup.errors import UsageError
from pybackup.model.source import Source
from pybackup.selection.filelist import named_source, read_list, sources_from_list


@pytest.mark.parametrize(
    ("path", "source"),
    [
        (b"docs", Source(b"docs", b"docs")),
        (b"/home/me/docs", Source(b"/home/me/docs", b"docs")),
        (b"../docs", Source(b"../docs", b"docs")),
        (b"link//", Source(b"link/", b"link")),
        (b"/", Source(b"/", b"root")),
        (b"//", Source(b"/", b"root")),
        (b"caf\xe9", Source(b"caf\xe9", b"caf\xe9")),
        (b"...", Source(b"...", b"...")),
    ],
)
def test_argument(path: bytes, source: Source) -> None:
    assert named_source(path) == source


def test_argument_that_is_a_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here" / "below").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here")
    assert named_source(b".") == Source(b".", b"here")
    assert named_source(b"./") == Source(b"./", b"here")
    assert named_source(b"below/..") == Source(b"below/..", b"here")
    assert named_source(b"..").name == os.fsencode(tmp_path.name)
    assert named_source(b"below/.") == Source(b"below/.", b"below")


def test_argument_that_is_empty() -> None:
    with pytest.raises(UsageError, match="empty"):
        named_source(b"")


@pytest.mark.parametrize(
    ("data", "null", "paths"),
    [
        (b"", False, []),
        (b"a\nb\n", False, [b"a", b"b"]),
        (b"a\n\n\nb", False, [b"a", b"b"]),
        (b"a\r\n\r\nb\r\n", False, [b"a", b"b"]),
        (b"\xef\xbb\xbfa\r\nb", False, [b"a", b"b"]),
        (b"\xef\xbb\xbfa\nb\n", False, [b"a", b"b"]),
        (b"\xef\xbb\xbfa", False, [b"a"]),
        (b"./\xef\xbb\xbfa\n\xef\xbb\xbfb\n", False, [b"./\xef\xbb\xbfa", b"\xef\xbb\xbfb"]),
        (b"\xef\xbb\xbfa\0", True, [b"\xef\xbb\xbfa"]),
        (b"a\r\nb\n", False, [b"a\r", b"b"]),
        (b"a\r", False, [b"a\r"]),
        (b" a \n\xff\n", False, [b" a ", b"\xff"]),
        (b"a\0b\nc\0\0", True, [b"a", b"b\nc"]),
        (b"a\r\n", True, [b"a\r\n"]),
    ],
)
def test_list(data: bytes, null: bool, paths: list[bytes]) -> None:
    assert read_list(io.BytesIO(data), null) == paths


def test_list_of_lines_with_nul() -> None:
    with pytest.raises(UsageError, match="null takes such a list"):
        read_list(io.BytesIO(b"a\0b\0"))


def _way(path: bytes, name: bytes) -> Source:
    return Source(path, name, recurse=False, listed=True)


def _listed(path: bytes, name: bytes) -> Source:
    return Source(path, name, listed=True)


@pytest.mark.parametrize(
    ("paths", "sources"),
    [
        ([b"a"], [_listed(b"a", b"a")]),
        ([b"./a", b"a", b"a/", b".//a"], [_listed(b"./a", b"a")]),
        ([b"/x/a", b"/x/b"], [_listed(b"/x/a", b"x/a"), _listed(b"/x/b", b"x/b"), _way(b"/x/", b"x")]),
        ([b"../p/a"], [_listed(b"../p/a", b"p/a"), _way(b"../p/", b"p")]),
        ([b"q/../p/./a"], [_listed(b"q/../p/./a", b"p/a"), _way(b"q/../p/", b"p")]),
        ([b"."], [_listed(b".", b"")]),
        ([b"/"], [_listed(b"/", b"")]),
        ([b".."], [_listed(b"..", b"")]),
        ([b"a/.."], [_listed(b"a/..", b"")]),
        ([b"./."], [_listed(b"./.", b"")]),
        ([b"..a/b..", b"a..b"], [_listed(b"..a/b..", b"..a/b.."), _listed(b"a..b", b"a..b"), _way(b"..a/", b"..a")]),
        ([b"d", b"d/x"], [_listed(b"d/", b"d"), _listed(b"d/x", b"d/x")]),
        ([b"a/x", b"./a/y"], [_listed(b"a/x", b"a/x"), _listed(b"./a/y", b"a/y"), _way(b"a/", b"a")]),
        ([b"/a", b"a"], [_listed(b"/a", b"a"), _listed(b"a", b"a")]),
        ([b"a//b/./c/"], [_listed(b"a//b/./c/", b"a/b/c"), _way(b"a//b/", b"a/b"), _way(b"a/", b"a")]),
    ],
)
def test_sources(paths: list[bytes], sources: list[Source]) -> None:
    assert sources_from_list(paths) == sources


_paths = st.lists(st.sampled_from([b"a", b"b", b".", b"..", b"", b"..."]), min_size=1, max_size=6).map(b"/".join)


@given(path=_paths.filter(bool))
@example(path=b"a/../../b")
def test_every_source_lies_where_its_path_says(path: bytes) -> None:
    for source in sources_from_list([path]):
        parts = source.name.split(b"/") if source.name else []
        assert not {b"", b".", b".."} & set(parts)
        head = source.path.rstrip(b"/") if parts else source.path
        kept = [part for part in head.split(b"/") if part not in (b"", b".")]
        assert kept[len(kept) - len(parts) :] == parts
        if not source.recurse:
            assert source.path.endswith(b"/")
            assert os.path.normpath(source.path) == os.path.normpath(b"/".join([head]))


@pytest.mark.parametrize("path", [b"p/a", b"./p/a", b"q/../p/a", b"../%b/p/a", b"p//a", b"/proc/self/comm"])
def test_names_as_tar(path: bytes, tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    (tmp_path / "q").mkdir()
    (tmp_path / "p" / "a").touch()
    path = path.replace(b"%b", os.fsencode(tmp_path.name))
    subprocess.run(["tar", "-cf", "x.tar", path], cwd=tmp_path, check=True, capture_output=True)
    said = subprocess.run(["tar", "-tf", "x.tar"], cwd=tmp_path, check=True, capture_output=True).stdout.strip()
    assert sources_from_list([path])[0].name == os.path.normpath(said)
