"""Which archives and volumes hold the content of a file, and at which offsets of their own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from kit.archives import archive
from kit.sets import make
from kit.small_sets import small_set

from pybackup.archive.holders import ancestry_of, holders, volume_of
from pybackup.archive.joined import address_of
from pybackup.archive.open import open_archive
from pybackup.compress.check import first_fault
from pybackup.host.storage import ArchiveFile
from pybackup.model.earlier import EarlierVolume


def test_an_archive_alone_holds_all_of_its_files(tmp_path: Path) -> None:
    (tmp_path / "top").mkdir()
    (tmp_path / "top/f").write_bytes(b"content" * 100)
    archive([tmp_path / "top"], tmp_path / "home.xtar", with_parity=False)
    with open_archive(os.fsencode(tmp_path / "home.xtar")) as opened:
        itself = EarlierVolume(opened.listing.archive_id, "home.xtar")
        assert list(ancestry_of(opened)) == [itself]
        assert volume_of(opened, 0) == itself
        for stored in opened.listing:
            assert holders(opened, stored) == ([(itself, stored)] if stored.members else [])


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    """A set with a file that is divided over several volumes."""
    (tmp_path / "top").mkdir()
    for number in range(3):
        (tmp_path / f"top/f{number}").write_bytes(os.urandom(250_000))
    make(tmp_path / "top", tmp_path / "set", first=(), size=200_000, parity="none", segment_bytes=64 << 10)
    return tmp_path / "set"


def test_volumes_of_a_set_hold_the_segments_that_lie_on_them(docs: Path) -> None:
    with open_archive(os.fsencode(docs)) as opened:
        assert opened.volume_set is not None
        labels = [f"docs {number}" for number in opened.volume_set.data]
        assert [volume.label for volume in ancestry_of(opened)] == labels
        assert volume_of(opened, address_of(2) + 5).label == "docs 2"
        for stored in opened.listing:
            parts = holders(opened, stored)
            assert sum(len(part.members) for _, part in parts) == len(stored.members)
            numbers = [number for _, part in parts for number in part.numbers]
            assert numbers == ([] if len(parts) < 2 else list(range(len(stored.members))))
            for volume, part in parts:
                assert all(member.offset < 200_000 and not member.others for member in part.members)
                path = docs / f"docs-{int(volume.label.split()[1]):03}.xtar"
                # At these offsets of the volume's own file.
                with ArchiveFile(os.fsencode(path)) as file:
                    assert first_fault(file, part.members) == ""
            # Only who has the last segment knows the digest of the whole.
            assert [bool(part.digest) for _, part in parts] == [False] * (len(parts) - 1) + [True] * bool(parts)
        assert any(len(holders(opened, stored)) > 1 for stored in opened.listing)


def test_volumes_that_are_elsewhere_are_named_too(tmp_path: Path) -> None:
    small = small_set()
    directory = small.write(tmp_path / "set", {"docs-001.xtar": None, **dict.fromkeys(small.recovery)})
    with open_archive(os.fsencode(directory)) as opened:
        assert [volume.label for volume in ancestry_of(opened)] == [f"docs {n + 1}" for n in range(len(small.data))]
