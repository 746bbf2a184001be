"""Bundles: what other programs read of them, and where each stream is said to start."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import pytest
from kit.planting import text

from pybackup.compress.methods import Compression
from pybackup.compress.pack import PackJob, pack
from pybackup.container.bundles import Bundle, bundle_name, file_bytes, new_bundle_bytes
from pybackup.model.content import PackedPiece, Piece, Whole
from pybackup.model.entry import Entry, Kind, Owner
from pybackup.model.member import Method

ID = bytes(range(8))
CONTENTS = {b"a.txt": text(3000, 1), b"empty": b"", b"b~1": bytes(range(256)), "n\u00efce".encode(): b"x"}


def _item(name: bytes, data: bytes, mtime_ns: int = 10**18) -> PackedPiece:
    entry = Entry(b"d/" + name, Kind.FILE, 0o640, Owner(3, 4), mtime_ns, len(data))
    job = PackJob(data, name, 0o640, mtime_ns, Method.LZMA2, Compression.DEFAULT, bundled=True)
    return PackedPiece(Piece(entry, data, whole=Whole()), pack(job))


def _bundle(contents: dict[bytes, bytes]) -> tuple[Bundle, list[PackedPiece]]:
    bundle, items = Bundle(Owner(3, 4)), []
    for number, (name, data) in enumerate(contents.items()):
        items.append(_item(name, data, 10**18 + number * 10**9))
        bundle.add(items[-1], (number, number))
    return bundle, items


@pytest.mark.parametrize("contents", [CONTENTS, {b"%d" % n: b"%d" % n * n for n in range(100)}], ids=["few", "many"])
def test_7z_expands_it_and_each_stream_is_where_it_is_said_to_be(tmp_path: Path, contents: dict[bytes, bytes]) -> None:
    bundle, items = _bundle(contents)
    archive, starts = bundle.pack(ID, 7)
    (tmp_path / "a.7z").write_bytes(archive)
    subprocess.run(["7z", "x", "-y", "-oout", "a.7z"], cwd=tmp_path, capture_output=True, check=True)
    found = {path.name.encode(): path.read_bytes() for path in (tmp_path / "out").iterdir()}
    assert found.pop(b".xtar.notes")
    assert found == contents
    for start, item in zip(starts, items, strict=True):
        assert archive[start : start + item.packed.stream_bytes] == item.packed.data


def test_it_is_never_longer_than_its_bound() -> None:
    bundle, items = _bundle(CONTENTS)
    archive, _ = bundle.pack(ID, 7)
    of_files = sum(file_bytes(item.piece.entry, len(item.packed.data)) for item in items)
    assert bundle.bound_bytes == new_bundle_bytes(Owner(3, 4)) + of_files
    assert len(archive) + 1024 <= bundle.bound_bytes


def test_its_header_has_the_owner_and_the_newest_time() -> None:
    bundle, items = _bundle(CONTENTS)
    assert (bundle.entry.owner, bundle.entry.mtime_ns) == (Owner(3, 4), items[-1].piece.entry.mtime_ns)
    assert bundle.entry.mode == 0o600


def test_it_is_full_by_files_or_bytes() -> None:
    bundle = Bundle(Owner())
    item = _item(b"f", b"")
    for number in range(1024):
        assert not bundle.is_full
        bundle.add(item, (number, number))
    assert bundle.is_full
    large = Bundle(Owner())
    noise = b"".join(hashlib.sha256(b"%d" % number).digest() for number in range(4000))
    for number in range(8):
        assert not large.is_full
        large.add(_item(b"f", noise), (number, number))
    large.add(_item(b"f", noise), (8, 8))
    assert large.is_full


def test_no_two_bundles_of_a_set_have_one_name() -> None:
    names = {bundle_name(archive_id, number) for archive_id in (ID, bytes(8)) for number in (1, 2, 10**8)}
    assert len(names) == 6
    assert bundle_name(ID, 1) == b".xtar.files.00010203.00000001.7z"
