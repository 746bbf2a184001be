"""Which files are copies of one volume: by what their parity protects, or by the id of the archive in them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from kit.damage import overwritten
from kit.protected import NO_PARITY, Specimen, with_own_stream
from kit.small_sets import small_set
from kit.specimen import make_archive
from kit.trees import plant_every_kind

from pybackup.archive.find import FoundFile, look_into
from pybackup.mend.alike import Alike, once, sort_out


def _files(room: Path, **contents: bytes) -> list[FoundFile]:
    for name, data in contents.items():
        (room / name).write_bytes(data)
    return [look_into(os.fsencode(room / name)) for name in contents]


def _sorted(files: list[FoundFile], *maps: bytes) -> tuple[list[list[str]], list[str]]:
    groups, silent = sort_out(files, maps)
    names = [[Path(os.fsdecode(path)).name for path in group.paths] for group in groups]
    return names, [Path(os.fsdecode(file.path)).name for file in silent]


def test_copies_of_volumes_of_a_set_whatever_is_left_of_them(room: Path) -> None:
    one, two = (small_set().volumes[name] for name in ("docs-001.xtar", "docs-002.xtar"))
    third = len(one) // 3
    files = _files(
        room, a=one, b=two, c=one[:third], d=bytes(third) + one[third:], e=b"words" * 99, f=two[::-1], g=b"", h=two
    )
    assert _sorted(files) == ([["a", "c", "d"], ["b", "h"]], ["e", "f", "g"])


def test_without_parity_the_id_tells_and_an_image_is_another_form(room: Path) -> None:
    one = make_archive(plant_every_kind(room), room / "bare.xtar")
    files = _files(room, a=one, b=one[:20_000], image=b"x" * 4096 + one, again=b"y" * 8192 + one)
    assert _sorted(files) == ([["a", "b"], ["image", "again"]], [])


def test_what_is_no_archive_is_known_by_its_guard_sectors(own: Specimen, room: Path) -> None:
    other = with_own_stream(room, NO_PARITY, os.urandom(20 * 2048)).data
    files = _files(room, a=own.data, b=other, c=overwritten(own.data, range(100)), d=b"\0" * 3000 + own.data)
    assert _sorted(files) == ([["a", "c", "d"], ["b"]], [])


def test_a_directory_of_pieces_tells_nothing(own: Specimen, room: Path) -> None:
    (room / "pieces").mkdir()
    files = [*_files(room, a=own.data), FoundFile(os.fsencode(room / "pieces"))]
    assert _sorted(files) == ([["a"]], ["pieces"])


def test_a_copy_with_a_map_that_tells_nothing_is_one_of_the_first(own: Specimen, room: Path) -> None:
    files = _files(room, a=own.data, b=bytes(9000), c=own.data)
    assert _sorted(files, b"a.map", b"b.map") == ([["a", "b", "c"]], [])


def test_a_map_for_a_copy_behind_one_without_is_refused(own: Specimen, room: Path) -> None:
    """Of one volume the copies with a map come first: maps are counted from there."""
    one = small_set().volumes["docs-001.xtar"]
    group = Alike(b"", b"", False)
    assert (group.paths, group.volumes) == ([], ())
    files = _files(room, a=own.data, b=own.data, c=one)
    groups, _ = sort_out([files[0], files[2], files[1]], [b"a.map", b"c.map", b"b.map"])
    assert [each.maps for each in groups] == [[b"a.map", b"b.map"], [b"c.map"]]
    # Maps are for the first files, so a gap cannot come of fewer maps.
    groups, _ = sort_out([files[0], files[2], files[1]], [b"a.map"])
    assert [each.maps for each in groups] == [[b"a.map"], []]


@pytest.mark.parametrize(
    ("first", "second", "alike"),
    [
        ((b"d", b"i", False), (b"d", b"j", True), True),
        ((b"d", b"i", False), (b"e", b"i", False), False),
        ((b"", b"i", False), (b"d", b"i", False), True),
        ((b"", b"i", False), (b"", b"i", True), False),
        ((b"", b"", False), (b"", b"", False), False),
        ((b"d", b"", False), (b"", b"", False), False),
    ],
)
def test_marks(first: tuple[bytes, bytes, bool], second: tuple[bytes, bytes, bool], alike: bool) -> None:
    assert Alike(*first).has_copy(*second) == alike


def test_each_file_is_taken_once_by_whatever_name(room: Path) -> None:
    (room / "a").write_bytes(b"x")
    (room / "link").symlink_to("a")
    os.link(room / "a", room / "hard")
    (room / "d").mkdir()
    paths = ["a", "link", "d/../a", "hard", "a"]
    found = once(FoundFile(os.fsencode(room / path)) for path in paths)
    assert [os.path.basename(file.path) for file in found] == [b"a", b"hard"]
