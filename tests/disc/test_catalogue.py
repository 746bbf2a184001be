"""CATALOGUE.SQLITE of a disc, read as somebody without pybackup reads it: with sqlite3 alone."""

from __future__ import annotations

import lzma
import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from kit.small_sets import SmallSet, small_set

from pybackup.disc import catalogue as module
from pybackup.disc.catalogue import PACKED, PLAIN, DiscCatalogue, disc_catalogue
from pybackup.disc.volume import open_volume
from pybackup.errors import Damaged, UsageError


@pytest.fixture(scope="module")
def small() -> SmallSet:
    return small_set()


def _query(content: bytes, query: str, base: Path) -> list[Any]:
    path = base / "CATALOGUE.SQLITE"
    path.write_bytes(content)
    connection = sqlite3.connect(path)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def _content_of(small: SmallSet, name: str, base: Path) -> bytes:
    directory = small.write(base / "set")
    made = disc_catalogue(open_volume(os.fsencode(directory / name)), None, os.fsencode(base)).content
    assert sorted(path.name for path in base.iterdir()) == ["set"]
    return made


def test_a_later_volume_knows_those_before_it_too(small: SmallSet, tmp_path: Path) -> None:
    contents = {name: _content_of(small, name, tmp_path) for name in ("docs-001.xtar", "docs-002.xtar")}
    for count, name in enumerate(contents, 1):
        numbers = _query(contents[name], "SELECT number FROM volume ORDER BY number", tmp_path)
        assert [number for (number,) in numbers] == list(range(1, count + 1))
        (tmp_path / "CATALOGUE.SQLITE").unlink()


def test_the_same_volume_gives_the_same_bytes(small: SmallSet, tmp_path: Path) -> None:
    assert _content_of(small, "docs-001.xtar", tmp_path) == _content_of(small, "docs-001.xtar", tmp_path)


@pytest.mark.parametrize("most", [0, 5000])
def test_where_it_would_be_too_large_there_is_none(
    small: SmallSet, tmp_path: Path, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its size is judged by the number of entries before it is made, and by its length afterwards."""
    monkeypatch.setattr(module, "_MOST_BYTES", most)
    assert _content_of(small, "docs-001.xtar", tmp_path) == b""


def test_what_takes_much_of_a_disc_is_packed_then_cut_then_left_out(
    small: SmallSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_SMALL_BYTES", 0)
    volume = open_volume(os.fsencode(small.write(tmp_path / "set") / "docs-002.xtar"))

    def on(medium_bytes: int) -> DiscCatalogue:
        return disc_catalogue(volume, medium_bytes, os.fsencode(tmp_path))

    plain = disc_catalogue(volume, None, os.fsencode(tmp_path)).content
    packed = lzma.compress(plain, preset=6)
    assert on(50 * len(plain)) == DiscCatalogue(PLAIN, plain)
    assert on(50 * len(plain) - 50) == DiscCatalogue(PACKED, packed)
    assert on(20 * len(packed)) == DiscCatalogue(PACKED, packed)
    cut = on(20 * len(packed) - 20)
    assert cut.name == PACKED
    told = _query(lzma.decompress(cut.content), "SELECT number, entries FROM volume ORDER BY number", tmp_path)
    assert [number for number, _ in told] == [1, 2]
    assert told[0][1] == 0 < told[1][1]
    assert on(20 * len(cut.content) - 20) == DiscCatalogue()


def test_what_is_given_is_a_catalogue_that_fits(
    small: SmallSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    volume = open_volume(os.fsencode(small.write(tmp_path / "set") / "docs-001.xtar"))
    given = os.fsencode(tmp_path / "given.sqlite")
    content = disc_catalogue(volume, None, os.fsencode(tmp_path)).content
    Path(os.fsdecode(given)).write_bytes(content)
    assert disc_catalogue(volume, 1 << 30, os.fsencode(tmp_path), given) == DiscCatalogue(PLAIN, content)
    monkeypatch.setattr(module, "_SMALL_BYTES", 0)
    with pytest.raises(UsageError, match="more than a twentieth"):
        disc_catalogue(volume, 1000, os.fsencode(tmp_path), given)
    monkeypatch.setattr(module, "_MOST_BYTES", 1000)
    with pytest.raises(UsageError, match="fit in memory"):
        disc_catalogue(volume, None, os.fsencode(tmp_path), given)
    Path(os.fsdecode(given)).write_bytes(b"nothing")
    with pytest.raises(Damaged, match=r"given\.sqlite"):
        disc_catalogue(volume, None, os.fsencode(tmp_path), given)
