"""What items weigh at most: never less than what the writer makes of them, nor many times as much."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kit.memory import fast_directory

from pybackup.compress.bundling import goes_into_bundle
from pybackup.compress.methods import Compression
from pybackup.compress.pack import PackJob, pack
from pybackup.container.cost import EMPTY_ARCHIVE_BYTES, EntryCosts, item_bytes, tree_rows_bytes
from pybackup.container.write import ArchiveWriter
from pybackup.host.output import Output
from pybackup.model.content import Bare, PackedPiece, Piece, Whole
from pybackup.model.entry import NO_XATTRS, Entry, Kind, Owner, directories_above, tree_key
from pybackup.model.member import Method

FAR = 10**18

names = st.binary(min_size=1, max_size=255).map(lambda name: name.translate(bytes.maketrans(b"\0/.", b"___")))
texts = st.binary(max_size=60).map(lambda text: text.replace(b"\0", b"_"))
owners = st.builds(Owner, st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1), texts, texts)
xattrs = st.just(NO_XATTRS) | st.dictionaries(
    st.just(b"system.posix_acl_access") | names.map(lambda name: b"user." + name), st.binary(max_size=400), max_size=3
)


@st.composite
def _trees(draw: st.DrawFn) -> dict[bytes, tuple[Entry, bytes]]:
    """Entries by path, with the contents of files: each lies in a directory before it."""
    found: dict[bytes, tuple[Entry, bytes]] = {}
    directories = [b""]
    for _ in range(draw(st.integers(0, 12))):
        above = draw(st.sampled_from(directories))
        path = above + b"/" * bool(above) + draw(names)
        kind = draw(st.sampled_from([Kind.DIRECTORY, Kind.FILE, Kind.FILE, Kind.SYMLINK, Kind.FIFO]))
        if path in found:
            continue
        content = draw(st.binary(max_size=900)) if kind is Kind.FILE else b""
        target = draw(names) if kind is Kind.SYMLINK else b""
        times = st.integers(-FAR, FAR)
        found[path] = (
            Entry(path, kind, 0o644, draw(owners), draw(times), len(content), target, xattrs=draw(xattrs)),
            content,
        )
        if kind is Kind.DIRECTORY:
            directories.append(path)
    return found


def _item(entry: Entry, content: bytes, bundled: bool) -> Bare | PackedPiece:
    if entry.kind is not Kind.FILE:
        return Bare(entry)
    piece = Piece(entry, content, whole=Whole())
    into = bundled and goes_into_bundle(piece, 1 << 17)
    return PackedPiece(
        piece, pack(PackJob(content, entry.name, 0o644, entry.mtime_ns, Method.LZMA2, Compression.FAST, into))
    )


def _written(items: list[Bare | PackedPiece], directory: Path) -> tuple[int, int]:
    """Length of the archive of these items, without structure and links, and of its tree index."""
    with Output(os.fsencode(directory / "a.xtar")) as output:
        writer = ArchiveWriter(output, archive_id=b"archive!", readme=b"", mtime_ns=FAR)
        for item in items:
            writer.put(item)
        blob = writer.close(structure=(), links=(), settings=b"{}")
        return output.tell(), len(blob)


@settings(max_examples=80)
@given(_trees(), st.booleans())
def test_no_archive_is_longer_than_its_items_weigh(tree: dict[bytes, tuple[Entry, bytes]], bundled: bool) -> None:
    opened: set[bytes] = set()
    items, bound = [], EMPTY_ARCHIVE_BYTES
    for path in sorted(tree, key=tree_key):
        entry, content = tree[path]
        items.append(_item(entry, content, bundled))
        new = [above for above in directories_above(path) if above not in opened] if entry.kind is Kind.FILE else []
        opened.update(new)
        bound += item_bytes(items[-1], [tree[above][0] for above in new])
    with fast_directory() as directory:
        length, index_bytes = _written(items, directory)
    assert length <= bound
    entries = [entry for entry, _ in tree.values()]
    assert index_bytes <= EMPTY_ARCHIVE_BYTES + tree_rows_bytes(entries, 1 << 20)


def test_many_alike_take_no_less_than_a_third_of_what_they_weigh(tmp_path: Path) -> None:
    """A bound that is far off would leave discs empty."""
    noise = os.urandom(20_000)
    items = [_item(Entry(b"f%d" % number, Kind.FILE, size=20_000), noise, bundled=False) for number in range(50)]
    length, _ = _written(items, tmp_path)
    assert length <= sum(item_bytes(item, []) for item in items) + EMPTY_ARCHIVE_BYTES < 3 * length


@pytest.mark.parametrize(
    ("sizes", "with_files", "bare", "expected"),
    [((), 0, 0, 0), ((9,), 0, 0, 10), ((9, 9), 3, 5, 2 * 10 + 3 * 100 + 5 * 1000), ((8, 9), 0, 0, 2 + 10)],
)
def test_what_they_take_as_a_rule(sizes: Sequence[int], with_files: int, bare: int, expected: int) -> None:
    usual = EntryCosts(0.5, 8, file_bytes=10, bundled_bytes=2, directory_bytes=100, bare_bytes=1000)
    files = [Entry(b"f", Kind.FILE, size=size) for size in sizes]
    assert usual.besides_content(files, with_files, bare) == expected
