"""Recovery volumes of archives that are no set: the catalogue knows which they cover, and what that makes up for."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

import pybackup
from pybackup.archive.find import find_volumes
from pybackup.catalogue.carry import carried, merge
from pybackup.catalogue.connect import Catalogue, create_catalogue, open_catalogue
from pybackup.catalogue.loss import loss_of
from pybackup.catalogue.media import covers_on, find_medium, media, remove, set_state
from pybackup.catalogue.portable import write_portable
from pybackup.catalogue.read_portable import reading_portable
from pybackup.catalogue.standing import copies_of_volumes
from pybackup.disc.catalogue import _volumes
from pybackup.disc.volume import open_volume
from pybackup.jobs.catalogue_add import add
from pybackup.jobs.catalogue_enter import AddOptions
from pybackup.model.catalogued import MediumState, VolumeSort
from pybackup.monitor import Monitor


@pytest.fixture
def known(tmp_path: Path) -> str:
    """A catalogue of three archives of no set and a recovery volume of them."""
    address = str(tmp_path / "catalogue.sqlite")
    create_catalogue(address).close()
    paths = []
    for number in range(3):
        tree = tmp_path / f"tree{number}"
        tree.mkdir()
        (tree / "noise").write_bytes(random.Random(number).randbytes(20_000 * (number + 1)))
        pybackup.create(tree, output=tmp_path / f"a{number}.xtar", workers=1)
        paths.append(tmp_path / f"a{number}.xtar")
    made = pybackup.add_recovery_volumes(paths, recovery_volumes=1, to=tmp_path).made
    # The recovery volume first: it tells of the archives, which are met then.
    with open_catalogue(address) as catalogue:
        assert len([*add(catalogue, [made[0].path, *map(os.fsencode, paths)], AddOptions(), Monitor())]) == 4
    return address


def covered_in(catalogue: Catalogue) -> list[tuple[bytes, ...]]:
    with catalogue.reading() as connection:
        return [*covers_on(connection).values()]


def test_it_is_known_which_archives_are_covered(known: str, tmp_path: Path) -> None:
    ids = tuple(
        volume.listing.archive_id
        for number in range(3)
        for volume in find_volumes([os.fsencode(tmp_path / f"a{number}.xtar")]).volumes
    )
    with open_catalogue(known) as catalogue:
        assert covered_in(catalogue) == [ids]
        held = [each.volume for each in media(catalogue)]
        assert [each.set_id for each in held if each.sort is VolumeSort.ARCHIVE] == [b""] * 3
        assert [each.files for each in held if each.sort is VolumeSort.ARCHIVE] == [1] * 3


def test_as_many_may_be_lost_as_there_are_recovery_volumes(known: str) -> None:
    with open_catalogue(known) as catalogue:
        assert {*copies_of_volumes(catalogue).values()} == {1, 2}
        first, recovery = find_medium(catalogue, "a0"), find_medium(catalogue, "a0..a2 R1")
        assert [each.label for each in loss_of(catalogue, first).by] == [recovery.label]
        set_state(catalogue, first.id, MediumState.LOST)
        assert [each.label for each in loss_of(catalogue, first).by] == [recovery.label]
        # With a second one neither can be rebuilt.
        assert loss_of(catalogue, find_medium(catalogue, "a1")).by == ()
        set_state(catalogue, first.id, MediumState.OK)
        set_state(catalogue, recovery.id, MediumState.LOST)
        assert loss_of(catalogue, first).by == ()


def test_it_is_carried_from_one_catalogue_to_another(known: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with open_catalogue(known) as catalogue, create_catalogue(str(tmp_path / "other.sqlite")) as other:
        write_portable(os.fsencode(tmp_path / "file"), carried(catalogue), ())
        with reading_portable(os.fsencode(tmp_path / "file")) as coming:
            merge(other, coming.volumes, Monitor())
        assert covered_in(other) == covered_in(catalogue) != []
        # And it goes with its recovery volume.
        remove(other, find_medium(other, "a0..a2 R1"))
        assert covered_in(other) == []


def test_the_disc_of_a_recovery_volume_tells_it_in_its_catalogue(known: str, tmp_path: Path) -> None:
    volume = open_volume(os.fsencode(tmp_path / "a0..a2-R01.xtar"))
    told = [each.volume.new for each in _volumes(volume, is_short=False)]
    with open_catalogue(known) as catalogue:
        assert [told[0].covers] == covered_in(catalogue)
    assert {(each.identity, each.name, each.info) for each in told[1:]} == {
        (identity, f"a{number}", None) for number, identity in enumerate(told[0].covers)
    }
