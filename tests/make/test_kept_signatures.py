"""What is kept of signatures: whole, private, bounded."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from pybackup.make.kept_signatures import KeptSignatures


def digest(number: int) -> bytes:
    return hashlib.sha256(b"%d" % number).digest()


def test_what_is_kept_is_there(tmp_path: Path) -> None:
    kept = KeptSignatures(os.fsencode(tmp_path / "a/b"))
    assert kept.get(digest(1)) is None
    kept.keep(digest(1), b"one")
    kept.keep(digest(2), b"two")
    kept.keep(digest(2), b"two again")
    assert [kept.get(digest(number)) for number in range(4)] == [None, b"one", b"two again", None]
    assert len(list((tmp_path / "a/b").iterdir())) == 2
    kept.keep_only({digest(2)})
    assert [kept.get(digest(1)), kept.get(digest(2))] == [None, b"two again"]


def test_the_oldest_goes_where_there_is_too_much(tmp_path: Path) -> None:
    kept = KeptSignatures(os.fsencode(tmp_path), most_bytes=2500)
    tmp_path.chmod(0o700)
    for number in range(4):
        kept.keep(digest(number), bytes([number]) * 1000)
        newest = next(path for path in tmp_path.iterdir() if path.name.startswith(digest(number).hex()))
        os.utime(newest, (number, number))
    assert [kept.get(digest(number)) is None for number in range(4)] == [True, True, False, False]


def test_what_is_damaged_is_removed(tmp_path: Path) -> None:
    kept = KeptSignatures(os.fsencode(tmp_path / "kept"))
    kept.keep(digest(1), b"one")
    (path,) = (tmp_path / "kept").iterdir()
    path.write_bytes(b"two")
    assert kept.get(digest(1)) is None
    assert not path.exists()


def test_a_directory_that_others_can_write_is_none(tmp_path: Path) -> None:
    kept = KeptSignatures(os.fsencode(tmp_path / "kept"))
    kept.keep(digest(1), b"one")
    (tmp_path / "kept").chmod(0o775)
    assert kept.get(digest(1)) is None
    kept.keep(digest(2), b"two")
    assert len(list((tmp_path / "kept").iterdir())) == 1
    (tmp_path / "link").symlink_to(tmp_path / "kept")
    (tmp_path / "kept").chmod(0o700)
    assert KeptSignatures(os.fsencode(tmp_path / "link")).get(digest(1)) is None
    assert kept.get(digest(1)) == b"one"


@pytest.mark.parametrize("place", ["file", "file/below", "missing/\0"])
def test_where_nothing_can_be_kept_nothing_is(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_bytes(b"")
    kept = KeptSignatures(os.fsencode(tmp_path / place.replace("\0", "x" * 300)))
    kept.keep(digest(1), b"one")
    assert kept.get(digest(1)) is None
    kept.keep_only(())
