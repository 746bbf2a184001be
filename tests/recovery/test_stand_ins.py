"""Volumes that stand in for lost ones while somebody reads."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pybackup.errors import Damaged
from pybackup.jobs.stand_ins import stand_ins
from pybackup.monitor import Monitor

from .small_sets import contents, small_set, zeroed


def names(paths: list[bytes]) -> list[str]:
    return [os.fsdecode(os.path.basename(path)) for path in paths]


def test_lost_and_damaged_volumes_are_there_for_a_while(room: Path) -> None:
    whole = small_set()
    hurt = zeroed(whole.volumes["docs-003.xtar"], range(2, 5))
    given = whole.write(room / "given", {"docs-001.xtar": None, "docs-003.xtar": hurt, "docs-R02.xtar": None})
    with stand_ins([os.fsencode(given)], os.fsencode(room / "work"), Monitor()) as paths:
        assert names(paths) == whole.data
        assert [Path(os.fsdecode(path)).read_bytes() for path in paths] == [whole.volumes[name] for name in whole.data]
        assert [path for path in paths if not path.startswith(os.fsencode(room / "work"))] == [
            os.fsencode(given / "docs-002.xtar"),
            os.fsencode(given / "docs-004.xtar"),
        ]
    assert contents(room / "work") == {}


def test_what_cannot_be_restored_as_a_whole_is_there_in_part(room: Path) -> None:
    whole = small_set(parity="none")
    lost = [range(2, 8), range(6, 12), range(4, 10)]
    changed = {name: zeroed(whole.volumes[name], part) for name, part in zip(whole.data[:3], lost, strict=True)}
    given = whole.write(room / "given", changed)
    with stand_ins([os.fsencode(given)], os.fsencode(room / "work"), Monitor()) as paths:
        assert names(paths) == ["docs-001.xtar"] * 2 + ["docs-002.xtar"] * 2 + ["docs-003.xtar"] * 2 + ["docs-004.xtar"]
        assert Path(os.fsdecode(paths[0])).read_bytes() == changed["docs-001.xtar"]
        for path, name in zip(paths[1:6:2], whole.data, strict=False):
            assert Path(os.fsdecode(path)).read_bytes() == zeroed(whole.volumes[name], [6, 7])


def test_without_recovery_volumes_it_is_what_was_given(room: Path) -> None:
    whole = small_set()
    given = whole.write(room / "given", dict.fromkeys(whole.recovery))
    with stand_ins([os.fsencode(given)], os.fsencode(room / "work"), Monitor()) as paths:
        assert paths == [os.fsencode(given)]


def test_nothing_is_left_where_the_reader_fails(room: Path) -> None:
    given = small_set().write(room / "given", {"docs-001.xtar": None})

    def fail() -> None:
        with stand_ins([os.fsencode(given)], os.fsencode(room / "work"), Monitor()) as paths:
            assert len(paths) == 4
            raise Damaged("while reading")

    with pytest.raises(Damaged, match="while reading"):
        fail()
    assert contents(room / "work") == {}
