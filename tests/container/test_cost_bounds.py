"""What is reckoned before an item is written bounds what it adds, whatever its name, attributes and directories.

Names, targets and contents are random bytes, of which compression makes nothing smaller.
"""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from pybackup.compress.bundling import goes_into_bundle
from pybackup.compress.methods import Compression
from pybackup.compress.pack import PackJob, pack
from pybackup.container.cost import EMPTY_ARCHIVE_BYTES, tree_rows_bytes, unpacked_file_bytes
from pybackup.container.write import ArchiveWriter
from pybackup.host.output import Output
from pybackup.layout import index
from pybackup.model.content import Bare, PackedPiece, Piece, Whole
from pybackup.model.entry import Entry, Kind, Owner, directories_above, tree_key
from pybackup.model.member import Method

BYTES = bytes(number for number in range(1, 256) if number != ord("/"))
LETTERS = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
MOST_PATH = 3500
SHAPES = {
    "links": (Kind.SYMLINK,),
    "deep": (Kind.DIRECTORY, Kind.DIRECTORY, Kind.FILE),
    "mixed": (Kind.DIRECTORY, Kind.FILE, Kind.FILE, Kind.SYMLINK),
}


def text(chance: random.Random, n_bytes: int, alphabet: bytes = BYTES) -> bytes:
    return bytes(chance.choices(alphabet, k=n_bytes))


def entries(chance: random.Random, shape: str, *, alphabet: bytes) -> list[Entry]:
    """A tree in its order."""
    found = [Entry(b"top", Kind.DIRECTORY, 0o755)]
    for number in range(50):
        directories = [each.path for each in found if each.kind is Kind.DIRECTORY and len(each.path) < MOST_PATH]
        above = directories[-1] if shape == "deep" else chance.choice(directories)
        name = b"%d" % number + text(chance, chance.choice([1, 10, 250]), alphabet)
        kind = chance.choice(SHAPES[shape])
        owner = Owner(chance.randrange(1 << 30), 1, text(chance, 30), b"g") if shape == "mixed" else Owner()
        xattrs = {b"user.a": chance.randbytes(chance.randrange(300))} if chance.random() < 0.1 else {}
        size = chance.choice([0, 40, 3000]) if kind is Kind.FILE else 0
        target = text(chance, chance.randrange(1, 400)) if kind is Kind.SYMLINK else b""
        mtime_ns = chance.randrange(1 << 60)
        found.append(Entry(above + b"/" + name, kind, 0o644, owner, mtime_ns, size=size, target=target, xattrs=xattrs))
    return sorted(found, key=lambda entry: tree_key(entry.path))


def item(entry: Entry, chance: random.Random, *, bundle_bytes: int) -> Bare | PackedPiece:
    if entry.kind is not Kind.FILE:
        return Bare(entry)
    piece = Piece(entry, chance.randbytes(entry.size), whole=Whole())
    bundled = goes_into_bundle(piece, bundle_bytes)
    job = PackJob(piece.data, entry.name, entry.mode, entry.mtime_ns, Method.LZMA2, Compression.DEFAULT, bundled)
    return PackedPiece(piece, pack(job))


def items(seed: int, shape: str, *, bundled: bool = False) -> list[Bare | PackedPiece]:
    chance = random.Random(seed)
    planned = entries(chance, shape, alphabet=LETTERS if bundled else BYTES)
    return [item(entry, chance, bundle_bytes=4096 * bundled) for entry in planned]


def said_and_true(to: Path, put: Sequence[Bare | PackedPiece], *, exactly: bool) -> tuple[int, int]:
    """How long the body is said to become before the last item is written, and how long it is."""
    with Output(os.fsencode(to)) as output:
        writer = ArchiveWriter(output, archive_id=bytes(8), readme=b"", mtime_ns=0)
        for each in put[:-1]:
            writer.put(each)
        said = output.tell() + writer.cost(put[-1]) + writer.room_to_close(b"{}", exactly=exactly)
        writer.put(put[-1])
        writer.close(structure=(), links=(), settings=b"{}")
        true = output.tell()
        output.discard()
    return said, true


@pytest.mark.parametrize("exactly", [False, True])
@pytest.mark.parametrize("bundled", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_body_never_gets_longer_than_was_said(shape: str, bundled: bool, exactly: bool, tmp_path: Path) -> None:
    """Where it did, a volume was found too long when it was full: paths of directories were not counted."""
    for seed in range(3):
        every = items(seed, shape, bundled=bundled)
        for number in range(2 + seed, len(every), 3):
            said, true = said_and_true(tmp_path / "a.xtar", every[:number], exactly=exactly)
            assert true <= said, (seed, number)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_tree_index_is_no_longer_than_its_rows_are_said_to_be(shape: str, tmp_path: Path) -> None:
    every = items(9, shape)
    with Output(os.fsencode(tmp_path / "a.xtar")) as output:
        writer = ArchiveWriter(output, archive_id=bytes(8), readme=b"", mtime_ns=0)
        for each in every:
            writer.put(each)
        blob = writer.close(structure=(), links=(), settings=b"{}")
        output.discard()
    told = [each.entry if isinstance(each, Bare) else each.piece.entry for each in every]
    assert len(blob) <= index.total_bytes(tree_rows_bytes(told, 1 << 20) + 512)


@pytest.mark.parametrize("path", [b"a", b"top/" + b"d" * 250 + b"/" + b"n" * 250, b"d/" * 200 + b"name"])
@pytest.mark.parametrize("size", [0, 1000, 299_999, 300_000])
def test_a_file_of_which_nothing_is_packed_yet_is_reckoned_for_more_than_it_takes(
    path: bytes, size: int, tmp_path: Path
) -> None:
    """In segments of 100,000 bytes that do not compress, in directories that nothing else lies in."""
    above, entry = directories_above(path), Entry(path, Kind.FILE, size=size)
    data, step = os.urandom(size), 100_000
    count = max(1, -(-size // step))
    with Output(os.fsencode(tmp_path / "a.xtar")) as output:
        writer = ArchiveWriter(output, archive_id=bytes(8), readme=b"", mtime_ns=0)
        for each in above:
            writer.put(Bare(Entry(each, Kind.DIRECTORY)))
        for number in range(count):
            part = data[number * step :][:step]
            whole = Whole() if number + 1 == count else None
            job = PackJob(part, entry.name, 0o644, 0, Method.COPY, Compression.DEFAULT, False)
            writer.put(PackedPiece(Piece(entry, part, number, count, whole=whole), pack(job)))
        writer.close(structure=(), links=(), settings=b"{}")
        true = output.tell()
        output.discard()
    most = unpacked_file_bytes(path, size, len(above), step)
    assert true <= EMPTY_ARCHIVE_BYTES + most
    # One that is far off would leave discs empty.
    assert most <= size + 8192 * (count + 2 * len(above))
    assert not above or most > unpacked_file_bytes(path, size, len(above) - 1, step)
