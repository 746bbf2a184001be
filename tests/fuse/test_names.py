"""Finding entries by path in a listing, compared with a plain table of names; and the cache of decoded segments."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.archives import archive

from pybackup.archive.open import open_archive
from pybackup.errors import UsageError
from pybackup.fuse.contents import SegmentCache, SegmentedContent
from pybackup.fuse.filesystem import ArchiveFileSystem
from pybackup.fuse.names import EntryNames
from pybackup.fuse.tree import MountedTree
from pybackup.jobs.mount import mount
from pybackup.model.entry import tree_key
from pybackup.model.listing import FoundRows, Listing, Way
from pybackup.monitor import Monitor

NAME = st.text(alphabet="a\x01.-\x7f\xff", min_size=1, max_size=2).map(lambda text: text.encode("latin-1"))
PATH = st.lists(NAME, min_size=1, max_size=4).map(b"/".join)


@given(st.sets(PATH, max_size=12), PATH)
def test_names_are_those_of_a_plain_table(paths: set[bytes], asked: bytes) -> None:
    """Directories whose own entries are lost are found too."""
    ordered = sorted(paths, key=tree_key)
    names = EntryNames(Listing(ordered, FoundRows(()), Way.TREE, b"", None))
    for directory in {b"", asked, *paths, *(path.rpartition(b"/")[0] for path in paths)}:
        prefix = directory + b"/" if directory else b""
        below = [path for path in ordered if path.startswith(prefix)]
        expected = {path[len(prefix) :].split(b"/")[0]: ordered.index(path) for path in reversed(below)}
        assert dict(names.names_in(directory)) == expected
        assert len([*names.names_in(directory)]) == len(expected)
        if directory:
            assert names.row(directory) == (ordered.index(directory) if directory in paths else None)
            assert names.row_below(directory) == (ordered.index(below[0]) if below else None)


def test_no_more_segments_are_kept_than_fit(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(bytes(range(256)) * 1024)
    archive([tmp_path / "file"], tmp_path / "a.xtar", segment_bytes=64 << 10)
    with open_archive(bytes(tmp_path / "a.xtar")) as opened:
        cache = SegmentCache(100_000)
        content = SegmentedContent(opened, opened.listing.stored(0), cache)
        assert content.read(60_000, 20_000) == (bytes(range(256)) * 1024)[60_000:80_000]
        first = cache.segment(opened, opened.listing.stored(0), 1)
        # The cache holds only the segment that was read last.
        assert cache.segment(opened, opened.listing.stored(0), 1) is first
        content.read(200_000, 10)
        assert cache.segment(opened, opened.listing.stored(0), 1) is not first
        assert content.read(1 << 20, 10) == b""
        tree = MountedTree(opened, cache, 1)
        assert [name for name, _ in tree.names_in(b"")] == [b"file"]
        system = ArchiveFileSystem({b"": lambda: tree}, Monitor())
        assert [name for name, _, _ in system.readdir("/", 0)] == [".", "..", "file"]
        assert system.getattr("/file")["st_size"] == 256 * 1024


def test_a_directory_that_is_none_is_refused_before_anything_is_opened(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such directory"):
        mount([b"none.xtar"], bytes(tmp_path / "none"), monitor=Monitor())
