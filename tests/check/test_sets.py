"""Volumes of a set in the light of each other: what second copies spare, and what all hold together."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from kit.memory import fast_directory
from kit.sets import make

from pybackup.archive.find import find_volumes
from pybackup.archive.joined import joined, volumes_of
from pybackup.archive.volume_set import VolumeSet, gather
from pybackup.check.set_totals import totals, volume_of
from pybackup.check.spared import with_spared
from pybackup.check.verdict import ArchiveVerdict
from pybackup.check.verify import verify
from pybackup.mend.health import State
from pybackup.model.verdict import Fate
from pybackup.monitor import Monitor


@pytest.fixture(scope="module")
def twice() -> Iterator[tuple[Path, dict[bytes, int]]]:
    """A set whose small files stand on two volumes each, and the sizes of all files of its tree."""
    chance = random.Random(3)
    with fast_directory() as base:
        for number in range(40):
            path = base / f"top/d{number % 5}/f{number}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(chance.randbytes(chance.randrange(500, 9000)))
        for number in range(8):
            (base / f"top/large{number}").write_bytes(chance.randbytes(60_000))
        many = {"size": 300_000, "parity": "none", "segment_bytes": 64 << 10, "second_copies": "40%"}
        make(base / "top", base / "set", first=(), **many)  # type: ignore[arg-type]
        files = [path for path in (base / "top").rglob("*") if path.is_file()]
        sizes = {os.fsencode(path.relative_to(base)): path.stat().st_size for path in files}
        yield base / "set", sizes


def _set_of(directory: Path) -> VolumeSet:
    return gather(find_volumes([os.fsencode(directory)]).volumes, Monitor())


def _verdict(path: Path) -> ArchiveVerdict:
    return verify(os.fsencode(path), deep=True, workers=1, monitor=Monitor())


def _damaged(twice: tuple[Path, dict[bytes, int]], to: Path, *, has_spare: bool) -> tuple[Path, bytes, VolumeSet]:
    """The set with one file of the first volume damaged, which another volume has too, or not; and its path."""
    directory, _ = twice
    to.mkdir()
    for path in directory.iterdir():
        (to / path.name).write_bytes(path.read_bytes())
    volume_set = _set_of(to)
    _, listing = joined(volume_set)
    first = volume_set.data[1]
    for stored in first.listing:
        together = next(each for each in listing if each.entry.path == stored.entry.path)
        is_alone = stored.members and not stored.numbers and volumes_of([together]) == {1}
        if is_alone and bool(together.spares) == has_spare:
            break
    else:
        raise AssertionError("no such file")
    path = Path(os.fsdecode(first.path))
    data = bytearray(path.read_bytes())
    # More than sums of sectors put right.
    at = stored.members[0].stream_offset + 3
    data[at : at + 100] = bytes(byte ^ 1 for byte in data[at : at + 100])
    path.write_bytes(data)
    return path, stored.entry.path, volume_set


def test_what_another_volume_has_whole_is_not_lost(twice: tuple[Path, dict[bytes, int]], tmp_path: Path) -> None:
    path, name, volume_set = _damaged(twice, tmp_path / "set", has_spare=True)
    verdict = _verdict(path)
    assert (verdict.state, verdict.lost) == (State.BEYOND, [name])
    found = with_spared(verdict, [volume_set])
    assert (found.state, found.lost, found.spared) == (State.REPAIRABLE, [], [name])
    assert [file.fate for file in found.not_intact] == [Fate.REPAIRED]
    # Of no set, or of another, nothing is spared.
    assert with_spared(verdict, []) is verdict


def test_what_no_other_has_is_lost(twice: tuple[Path, dict[bytes, int]], tmp_path: Path) -> None:
    path, name, volume_set = _damaged(twice, tmp_path / "set", has_spare=False)
    verdict = _verdict(path)
    assert with_spared(verdict, [volume_set]).lost == [name]
    (total,) = totals([(volume_set, joined(volume_set)[1])], [verdict])
    assert total.lost == [name]


def test_a_volume_of_which_names_are_lost_is_not_whole_for_all_that_is_spared(
    twice: tuple[Path, dict[bytes, int]], tmp_path: Path
) -> None:
    path, name, volume_set = _damaged(twice, tmp_path / "set", has_spare=True)
    found = with_spared(replace(_verdict(path), missing=1), [volume_set])
    assert (found.state, found.spared) == (State.BEYOND, [name])


def test_an_intact_volume_needs_nobody(twice: tuple[Path, dict[bytes, int]]) -> None:
    verdict = _verdict(sorted(twice[0].iterdir())[0])
    assert verdict.state is State.INTACT
    assert with_spared(verdict, [_set_of(twice[0])]) is verdict


def test_each_file_counts_once_on_however_many_volumes_it_lies(twice: tuple[Path, dict[bytes, int]]) -> None:
    directory, sizes = twice
    volume_set = _set_of(directory)
    (total,) = totals([(volume_set, joined(volume_set)[1])], [])
    assert (total.files, total.n_bytes, total.elsewhere, total.lost) == (len(sizes), sum(sizes.values()), 0, [])
    assert total.name == "docs"
    assert total.labels == [f"docs {number}" for number in range(1, len(volume_set.data) + 1)]
    assert sum(len(volume.listing) for volume in volume_set.data.values()) > len(sizes)


def test_what_lies_on_a_volume_that_is_not_there_is_elsewhere(
    twice: tuple[Path, dict[bytes, int]], tmp_path: Path
) -> None:
    directory, sizes = twice
    for path in sorted(directory.iterdir())[1:]:
        (tmp_path / path.name).write_bytes(path.read_bytes())
    volume_set = _set_of(tmp_path)
    (total,) = totals([(volume_set, joined(volume_set)[1])], [])
    assert total.files + total.elsewhere == len(sizes)
    # What stood on the first volume alone; small files stand on the second, too.
    assert 0 < total.elsewhere < len(sizes) // 2
    assert total.n_bytes < sum(sizes.values())


def test_of_one_volume_there_is_no_total(twice: tuple[Path, dict[bytes, int]], tmp_path: Path) -> None:
    last = sorted(twice[0].iterdir())[-1]
    (tmp_path / last.name).write_bytes(last.read_bytes())
    volume_set = _set_of(tmp_path)
    assert totals([(volume_set, joined(volume_set)[1])], []) == []


def test_which_volume_a_verdict_is_of(twice: tuple[Path, dict[bytes, int]]) -> None:
    first = sorted(twice[0].iterdir())[0]
    verdict = _verdict(first)
    info = volume_of(verdict)
    assert info is not None
    assert info.label == "docs 1"
    assert volume_of(replace(verdict, listing=None)) is None
    assert verdict.listing is not None
    nonsense = replace(verdict.listing, settings={"set": {"id": 7}})
    assert volume_of(replace(verdict, listing=nonsense)) is None
