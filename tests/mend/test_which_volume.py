"""Which volume is meant where several are found: the outer one, unless it is of an earlier version."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from kit.damage import overwritten
from kit.protected import NO_PARITY, SMALL_GROUPS, Specimen, with_own_stream, with_sidecar

from pybackup.errors import UsageError
from pybackup.mend.which_volume import Other, choose

from .conftest import Surveyor


def _filled(data: bytes) -> bytes:
    return data + bytes(-len(data) % 2048)


def test_the_outer_one_protects_all_of_the_inner(own: Specimen, surveyor: Surveyor, room: Path) -> None:
    image = with_own_stream(room, SMALL_GROUPS, os.urandom(5 * 2048) + _filled(own.data) + os.urandom(3 * 2048))
    found = surveyor(image.data)
    assert (found.geometry, found.others) == (image.geometry, [])
    # Damage in it changes nothing.
    assert surveyor(overwritten(image.data, range(20, 40))).geometry == image.geometry


def test_a_sidecar_protects_the_stream_of_its_file_too(own: Specimen, surveyor: Surveyor, room: Path) -> None:
    outer = with_sidecar(room, NO_PARITY, own.data)
    (room / "f").write_bytes(own.data)
    (room / "f.xpar").write_bytes(outer.sidecar)
    assert surveyor(room / "f").geometry == outer.geometry


def test_a_sidecar_of_an_earlier_version_is_left_out(own: Specimen, surveyor: Surveyor, room: Path) -> None:
    """What the inner calls good, it calls bad."""
    earlier = with_sidecar(room, NO_PARITY, overwritten(own.data, range(9)))
    (room / "f").write_bytes(own.data)
    (room / "f.xpar").write_bytes(earlier.sidecar)
    found = surveyor(room / "f")
    assert found.geometry == own.geometry
    assert len(found.survey.missing) == 0


def test_what_lies_beside_it_is_told(own: Specimen, surveyor: Surveyor, room: Path) -> None:
    other = with_own_stream(room, NO_PARITY, os.urandom(30 * 2048))
    both = _filled(own.data) + other.data
    found = surveyor(both)
    at = len(_filled(own.data))
    assert (found.geometry, found.others) == (own.geometry, [Other(os.fsencode(room / "copy0"), at, len(other.data))])
    # The one that begins where the file does is meant, however small.
    found = surveyor(_filled(other.data) + own.data)
    assert found.geometry == other.geometry
    assert [(each.offset, each.n_bytes) for each in found.others] == [(len(_filled(other.data)), len(own.data))]


def test_files_that_are_volumes_of_their_own_are_no_copies(own: Specimen, surveyor: Surveyor, room: Path) -> None:
    other = with_own_stream(room, NO_PARITY, os.urandom(30 * 2048)).data
    with pytest.raises(UsageError, match=r"copy1: is another volume than .*copy0; name copies of one volume only"):
        surveyor(own.data, other)
    with pytest.raises(UsageError, match="copy2: is another volume"):
        surveyor(own.data, own.data, other)


def test_pieces_of_a_directory_may_be_anything(own: Specimen, surveyor: Surveyor, room: Path) -> None:
    """They were found, not named."""
    (room / "pieces").mkdir()
    (room / "pieces/a").write_bytes(own.data)
    (room / "pieces/b").write_bytes(with_own_stream(room, NO_PARITY, os.urandom(30 * 2048)).data)
    found = surveyor(room / "pieces")
    assert found.geometry == own.geometry
    assert len(found.survey.missing) == 0


def test_nothing_to_choose_from_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="empty"):
        choose([], [], [])
