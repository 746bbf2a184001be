"""Volumes that are restored in temporary files for as long as somebody reads them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from kit.damage import overwritten
from kit.small_sets import contents, sectors, small_set

from pybackup.archive.find import Volume, find_volumes
from pybackup.archive.joined import address_of
from pybackup.container.read import read_locator
from pybackup.errors import Damaged
from pybackup.mend.mended import MendedArchive
from pybackup.mend.mender import Mender
from pybackup.model.extents import Extents
from pybackup.model.soundness import Soundness
from pybackup.monitor import Monitor


@contextmanager
def restored(given: Path, work: Path) -> Iterator[MendedArchive | None]:
    with ExitStack() as stack:
        yield Mender(os.fsencode(work), stack, Monitor()).across(find_volumes([os.fsencode(given)]).files)


def body(volume: Volume) -> bytes:
    """The body of a volume, without the parity that it had."""
    with volume.open() as file:
        locator = read_locator(file)
        assert locator is not None
        return file.read_at(0, locator.file_bytes)


def test_lost_and_damaged_volumes_are_there_for_a_while(room: Path) -> None:
    whole = small_set()
    hurt = overwritten(whole.volumes["docs-003.xtar"], range(2, 5))
    given = whole.write(room / "given", {"docs-001.xtar": None, "docs-003.xtar": hurt, "docs-R02.xtar": None})
    with restored(given, room / "work") as found:
        assert found is not None
        assert found.volume_set is not None
        assert [volume.info and volume.info.file_name for _, volume in sorted(found.volume_set.data.items())] == [
            os.fsencode(name) for name in whole.data
        ]
        for number, name in enumerate(whole.data, 1):
            there = body(found.volume_set.data[number])
            assert there == whole.volumes[name][: len(there)]
        in_work = [
            number for number, one in found.volume_set.data.items() if one.path.startswith(os.fsencode(room / "work"))
        ]
        assert sorted(in_work) == [1, 3]
        assert found.soundness == Soundness()
        first = address_of(1)
        n_sectors = sectors(body(found.volume_set.data[1]))
        assert found.repaired.within(first, first + (1 << 40)).n_bytes == n_sectors * 2048
    assert contents(room / "work") == {}


def test_what_cannot_be_restored_as_a_whole_is_there_in_part(room: Path) -> None:
    whole = small_set(parity="none")
    lost = [range(2, 8), range(6, 12), range(4, 10)]
    changed = {name: overwritten(whole.volumes[name], part) for name, part in zip(whole.data[:3], lost, strict=True)}
    given = whole.write(room / "given", changed)
    with restored(given, room / "work") as found:
        assert found is not None
        assert found.volume_set is not None
        assert sorted(found.volume_set.data) == [*range(1, 1 + len(whole.data))]
        for number, name in enumerate(whole.data[:3], 1):
            there = body(found.volume_set.data[number])
            assert there == overwritten(whole.volumes[name], [6, 7])[: len(there)]
        left = [(address_of(number) + 6 * 2048, address_of(number) + 8 * 2048) for number in (1, 2, 3)]
        assert found.soundness == Soundness(Extents.of(left))


def test_without_recovery_volumes_there_is_nothing_to_restore_from(room: Path) -> None:
    whole = small_set()
    given = whole.write(room / "given", dict.fromkeys(whole.recovery))
    with restored(given, room / "work") as found:
        assert found is None


def test_nothing_is_left_where_the_reader_fails(room: Path) -> None:
    given = small_set().write(room / "given", {"docs-001.xtar": None})

    def fail() -> None:
        with restored(given, room / "work") as found:
            assert found is not None
            assert found.volume_set is not None
            assert len(found.volume_set.data) == len(small_set().data)
            raise Damaged("while reading")

    with pytest.raises(Damaged, match="while reading"):
        fail()
    assert contents(room / "work") == {}
