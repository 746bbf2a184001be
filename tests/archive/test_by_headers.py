"""Volumes without their tree index, identified by the archive id in any of their headers."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from kit.small_sets import SmallSet, small_set

from pybackup.archive.by_headers import by_headers, clear_up, set_info_in
from pybackup.archive.find import FoundFile, look_into
from pybackup.layout import index, ustar
from pybackup.model.listing import Way
from pybackup.model.volume import VolumeInfo, VolumeKind, volume_id


@pytest.fixture(scope="module")
def small() -> SmallSet:
    """Three volumes without parity, so that nothing but headers identifies them."""
    return small_set((120_000, 90_000), 0, "none")


def _info(small: SmallSet, tmp_path: Path) -> VolumeInfo:
    path = tmp_path / "whole"
    path.write_bytes(small.volumes[small.data[-1]])
    info = look_into(os.fsencode(path)).volumes[0].info
    assert info is not None
    return info


def _dark(data: bytes) -> bytes:
    """Return a volume without its tree index and everything after that, as the last index in a file counts."""
    return data[: data.rindex(index.HEAD_MAGIC) - ustar.BLOCK]


def test_a_volume_without_its_index_is_known_by_its_number(small: SmallSet, tmp_path: Path) -> None:
    known = _info(small, tmp_path)
    for number, name in enumerate(small.data, 1):
        data = _dark(small.volumes[name])
        path = tmp_path / name
        path.write_bytes(data)
        found = by_headers(os.fsencode(path), 0, len(data), known)
        assert found is not None
        assert found.info is not None
        assert (found.info.set_id, found.info.number, found.info.kind) == (known.set_id, number, VolumeKind.DATA)
        assert found.listing.archive_id == volume_id(known.set_id, VolumeKind.DATA, number)
        assert found.listing.way is not Way.TREE
        assert any(stored.members for stored in found.listing)


def test_files_that_are_here_in_part_say_which_segments(small: SmallSet, tmp_path: Path) -> None:
    known = _info(small, tmp_path)
    seen = False
    for name in small.data:
        (tmp_path / name).write_bytes(small.volumes[name])
        whole = {stored.entry.path: stored for stored in look_into(os.fsencode(tmp_path / name)).volumes[0].listing}
        (tmp_path / name).write_bytes(data := _dark(small.volumes[name]))
        found = by_headers(os.fsencode(tmp_path / name), 0, len(data), known)
        assert found is not None
        for stored in found.listing:
            if stored.missing:
                assert stored.numbers == whole[stored.entry.path].numbers
                seen = True
    assert seen or all(not stored.segments for stored in whole.values())


def test_a_start_that_was_cut_off(small: SmallSet, tmp_path: Path) -> None:
    known = _info(small, tmp_path)
    data = small.volumes[small.data[0]][20_000:]
    (tmp_path / "cut").write_bytes(data)
    found = by_headers(os.fsencode(tmp_path / "cut"), -20_000, len(data) + 20_000, known)
    assert found is not None
    assert (found.offset, found.info and found.info.number) == (-20_000, 1)


def test_another_set_or_nothing_is_none(small: SmallSet, tmp_path: Path) -> None:
    stranger = VolumeInfo(b"another!", "other", 1)
    data = _dark(small.volumes[small.data[0]])
    (tmp_path / "dark").write_bytes(data)
    assert by_headers(os.fsencode(tmp_path / "dark"), 0, len(data), stranger) is None
    for content in (b"", b"words", bytes(100_000)):
        (tmp_path / "f").write_bytes(content)
        assert by_headers(os.fsencode(tmp_path / "f"), 0, len(content), stranger) is None
        assert set_info_in(os.fsencode(tmp_path / "f")) is None


def test_a_later_volume_tells_of_the_set_though_its_own_index_is_lost(small: SmallSet, tmp_path: Path) -> None:
    """A volume has the indexes of the volumes before it."""
    known = _info(small, tmp_path)
    last = tmp_path / "last"
    last.write_bytes(_dark(small.volumes[small.data[-1]]))
    told = set_info_in(os.fsencode(last))
    assert told is not None
    assert (told.set_id, told.name) == (known.set_id, known.name)
    first = tmp_path / "first"
    first.write_bytes(_dark(small.volumes[small.data[0]]))
    assert set_info_in(os.fsencode(first)) is None


def test_dark_files_are_cleared_up_by_what_any_other_tells(small: SmallSet, tmp_path: Path) -> None:
    paths = []
    for number, name in enumerate(small.data):
        path = tmp_path / name
        path.write_bytes(small.volumes[name] if number == 1 else _dark(small.volumes[name]))
        paths.append(os.fsencode(path))
    (tmp_path / "words").write_bytes(b"words")
    (tmp_path / "pieces").mkdir()
    others = [os.fsencode(tmp_path / "words"), os.fsencode(tmp_path / "pieces")]
    files = [*map(look_into, paths), FoundFile(others[0]), FoundFile(others[1])]
    cleared = clear_up(files)
    assert [file.path for file in cleared] == [*paths, *others]
    assert [[volume.info.number for volume in file.volumes if volume.info] for file in cleared] == [
        *([number] for number in range(1, len(paths) + 1)),
        [],
        [],
    ]
    # The one that was whole is the same still.
    assert cleared[1] is files[1]


def test_where_nothing_tells_of_a_set_nothing_changes(tmp_path: Path) -> None:
    (tmp_path / "words").write_bytes(b"words")
    files = [FoundFile(os.fsencode(tmp_path / "words"))]
    assert clear_up(files) == files
    assert clear_up([]) == []
