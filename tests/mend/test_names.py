"""All names of an archive: where its indexes are damaged, those that mending brings back."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from kit.small_sets import SmallSet, small_set

import pybackup
from pybackup.archive.find import find_volumes
from pybackup.archive.open import open_archive
from pybackup.archive.volume_set import gather
from pybackup.layout import index, ustar
from pybackup.mend.names import all_named
from pybackup.monitor import Noted


@pytest.fixture(autouse=True)
def _temporary(room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (room / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(room / "tmp"))


def _named(path: Path) -> tuple[Sequence[bytes], bool]:
    """The names, and whether what told them is another archive than the one that was opened."""
    with open_archive(os.fsencode(path)) as opened:
        with all_named(opened, Noted()) as found:
            names, is_other = list(found.listing.paths), found is not opened
        return names, is_other


def _without_indexes(data: bytes) -> bytes:
    """The tree index, and those of containers, zeroed, and two headers of files: nothing names those any more."""
    hurt = bytearray(data)
    at = data.find(index.HEAD_MAGIC)
    while at >= 0:
        hurt[at - ustar.BLOCK : at + 400] = bytes(ustar.BLOCK + 400)
        at = data.find(index.HEAD_MAGIC, at + 1)
    for name in (b"file! 7.7z", b"file! 8.7z"):
        at = data.index(name)
        hurt[at : at + ustar.BLOCK] = bytes(ustar.BLOCK)
    return bytes(hurt)


def test_a_whole_archive_is_not_mended(room: Path) -> None:
    whole = small_set().write(room / "set")
    names, is_other = _named(whole / "docs-001.xtar")
    assert not is_other
    assert names


def test_a_set_with_a_volume_elsewhere_is_not_mended(room: Path) -> None:
    """That is no damage: later volumes know what it holds."""
    whole = small_set()
    all_names, _ = _named(whole.write(room / "set"))
    names, is_other = _named(whole.write(room / "less", {"docs-001.xtar": None, "docs-R01.xtar": None}))
    assert (names, is_other) == (all_names, False)


def test_what_parity_brings_back_is_named_and_the_temporary_is_gone(room: Path) -> None:
    (room / "tree").mkdir()
    for number in range(50):
        (room / f"tree/file! {number}").write_bytes(os.urandom(3000))
    pybackup.create([room / "tree"], room / "a.xtar", parity="20%", workers=1)
    whole, _ = _named(room / "a.xtar")
    data = (room / "a.xtar").read_bytes()
    (room / "a.xtar").write_bytes(_without_indexes(data))
    names, is_other = _named(room / "a.xtar")
    assert (names, is_other) == (whole, True)
    assert list((room / "tmp").iterdir()) == []
    assert (room / "a.xtar").read_bytes() == _without_indexes(data)


def test_what_cannot_be_mended_is_told_as_it_is(room: Path) -> None:
    (room / "tree").mkdir()
    for number in range(9):
        (room / f"tree/file! {number}").write_bytes(os.urandom(3000))
    pybackup.create([room / "tree"], room / "a.xtar", parity=None, workers=1)
    (room / "a.xtar").write_bytes(_without_indexes((room / "a.xtar").read_bytes()))
    names, _ = _named(room / "a.xtar")
    assert set(names) == {b"tree", *(b"tree/file! %d" % number for number in range(7))}


def test_the_files_of_a_set_are_each_named_once(room: Path) -> None:
    whole: SmallSet = small_set()
    directory = whole.write(room / "set")
    volumes = find_volumes([os.fsencode(directory)]).volumes
    found = gather(volumes, Noted()).files
    assert sorted(os.path.basename(file.path) for file in found) == [name.encode() for name in sorted(whole.volumes)]
    assert all(len(file.volumes) == 1 for file in found)
