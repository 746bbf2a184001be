"""What is on a medium before it is burnt, judged by its content alone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from kit.small_sets import small_set
from kit.specimen import make_archive
from kit.trees import plant_every_kind

from pybackup.archive.find import look_into
from pybackup.disc.on_medium import OnMedium, archive_ids_in, on_medium

MIB = 1 << 20


def _on(path: Path, data: bytes) -> OnMedium:
    path.write_bytes(data)
    return on_medium(os.fsencode(path))


@pytest.mark.parametrize("data", [b"", bytes(1), bytes(5 * MIB)], ids=["empty", "a zero", "zeros"])
def test_zeros_are_nothing(tmp_path: Path, data: bytes) -> None:
    assert _on(tmp_path / "m", data) == OnMedium(False)


def test_what_is_not_there_cannot_be_read(tmp_path: Path) -> None:
    assert on_medium(os.fsencode(tmp_path / "missing")) == OnMedium(False)


@pytest.mark.parametrize("at", [0, 32_768, 40 * MIB // 2, 40 * MIB - 1])
def test_anything_else_is_something(tmp_path: Path, at: int) -> None:
    """Data is found at the start, where file systems begin, at the end, and where a sample is taken in between."""
    path = tmp_path / "m"
    with open(path, "wb") as file:
        file.seek(at)
        file.write(b"x")
        file.truncate(40 * MIB)
    assert on_medium(os.fsencode(path)) == OnMedium(True)


def test_volumes_of_ours_are_named(tmp_path: Path) -> None:
    volume = small_set().volumes["docs-002.xtar"]
    found = _on(tmp_path / "m", volume)
    (known,) = look_into(os.fsencode(tmp_path / "m")).volumes
    assert found == OnMedium(True, "docs 2", frozenset({known.listing.archive_id}))
    assert archive_ids_in(os.fsencode(tmp_path / "m")) == found.archive_ids


def test_an_archive_of_no_set_is_called_as_its_file(tmp_path: Path) -> None:
    data = make_archive(plant_every_kind(tmp_path), tmp_path / "home.xtar")
    found = _on(tmp_path / "home.xtar", data)
    assert (found.is_written, found.label, len(found.archive_ids)) == (True, "home.xtar", 1)
