"""Members without a name: found by signature, placed in lost+found, and no known member twice."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pybackup.host.storage import ArchiveFile
from pybackup.model.extents import Extents
from pybackup.model.soundness import Soundness, unproved
from pybackup.model.verdict import Fate
from pybackup.monitor import Monitor
from pybackup.restore import lost_found
from pybackup.restore.lost_found import Search, salvage_unnamed
from pybackup.restore.plan import Policy
from pybackup.restore.worker import Ground
from pybackup.tree.place import PlaceOptions

from .conftest import Packed, hurt

TEXT, NOISE = b"top/text", b"top/noise.bin"


def _ground(room: Path, data: bytes, *, keep_partial: bool = True) -> Ground:
    (room / "archive").write_bytes(data)
    paths = os.fsencode(room / "archive"), os.fsencode(room / "out")
    return Ground(*paths, PlaceOptions(), Policy.PARTIAL, keep_partial=keep_partial)


def _placed(room: Path) -> dict[bytes, bytes]:
    top = room / "out/lost+found"
    return {os.fsencode(name): (top / name).read_bytes() for name in os.listdir(top)} if top.exists() else {}


def test_a_whole_member_is_placed_by_its_own_headers(alone: Packed, room: Path) -> None:
    member = alone.stored[TEXT].members[0]
    done = salvage_unnamed(_ground(room, alone.data), [member.offset], Soundness())
    (found,) = done.files
    name = b"%012d-%s" % (member.offset, found.name)
    assert found.name in (b"f", b"text")
    assert (found.fate, found.placed_as, found.size) == (Fate.INTACT, b"lost+found/" + name, len(alone.contents[TEXT]))
    assert _placed(room) == {name: alone.contents[TEXT]}
    assert (done.notes, done.problems) == ([], [])


def test_again_it_is_left_as_it_is_and_another_file_stays(alone: Packed, room: Path) -> None:
    member = alone.stored[TEXT].members[0]
    ground = _ground(room, alone.data)
    (first,) = salvage_unnamed(ground, [member.offset], Soundness()).files
    (second,) = salvage_unnamed(ground, [member.offset], Soundness()).files
    assert second.placed_as == first.placed_as
    assert len(_placed(room)) == 1
    assert first.placed_as is not None
    path = room / "out" / os.fsdecode(first.placed_as)
    path.write_bytes(b"mine")
    (third,) = salvage_unnamed(ground, [member.offset], Soundness()).files
    assert third.placed_as == first.placed_as + b"~1"
    assert path.read_bytes() == b"mine"


@pytest.mark.parametrize("keep_partial", [False, True])
def test_of_a_damaged_one_what_is_right(alone: Packed, room: Path, keep_partial: bool) -> None:
    member = alone.stored[NOISE].members[0]
    bad = Extents(((member.stream_offset + 1000, member.stream_offset + 1600),))
    ground = _ground(room, hurt(alone.data, bad.ranges[0][0], 600), keep_partial=keep_partial)
    (found,) = salvage_unnamed(ground, [member.offset], Soundness(bad)).files
    assert (found.fate, found.present.ranges) == (Fate.PARTIAL, ((0, 1000), (1600, 9000)))
    whole = alone.contents[NOISE]
    left = [whole[:1000] + bytes(600) + whole[1600:]]
    assert list(_placed(room).values()) == (left if keep_partial else [])
    assert all(name.endswith(b".partial") for name in _placed(room))


@pytest.mark.parametrize("offset", [0, 1, 5000])
def test_where_no_member_is_nothing_is_placed(packed: Packed, room: Path, offset: int) -> None:
    (found,) = salvage_unnamed(_ground(room, packed.data), [offset], unproved()).files
    assert (found.offset, found.fate, found.placed_as, found.size) == (offset, Fate.LOST, None, 0)
    assert found.reason
    assert _placed(room) == {}


def _search(room: Path, data: bytes, packed: Packed, known: dict[bytes, bool]) -> Search:
    ground = _ground(room, data)
    with ThreadPoolExecutor(1) as pool, ArchiveFile(os.fsencode(room / "archive")) as file:
        search = Search(ground, file, pool, unproved(), Monitor())
        for path, is_whole in known.items():
            search.know(packed.stored[path], is_whole=is_whole)
        for done, future in search.tasks():
            done(future.result(60))
        return search


def test_all_that_nothing_names_is_found_and_nothing_else(packed: Packed, room: Path) -> None:
    """Each segment of a content becomes a file of its own."""
    unknown = [TEXT, b"top/long"]
    search = _search(room, packed.data, packed, dict.fromkeys(packed.stored.keys() - set(unknown), True))
    members = sorted(member.offset for path in unknown for member in packed.stored[path].members)
    assert sorted(found.offset for found in search.found) == members
    assert {found.fate for found in search.found} == {Fate.INTACT}
    long = b"".join(content for name, content in sorted(_placed(room).items()) if len(content) != 16_400)
    assert packed.contents[b"top/long"] in (long, long.replace(packed.contents[TEXT], b""))


@pytest.mark.parametrize("batch_bytes", [1, 4 << 20])
def test_all_known_leaves_nothing_to_find(
    packed: Packed, room: Path, batch_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor a task without a member, where a bundle that is known is as large as what a task takes."""
    monkeypatch.setattr(lost_found, "_BATCH_BYTES", batch_bytes)
    assert _search(room, packed.data, packed, dict.fromkeys(packed.stored, True)).found == []
    assert _placed(room) == {}


@pytest.mark.parametrize("is_whole", [True, False])
def test_within_a_damaged_member_others_may_lie(alone: Packed, room: Path, is_whole: bool) -> None:
    """After lost bytes all later members have moved; in an intact member, what looks like one is content."""
    text, noise = alone.stored[TEXT].members[0], alone.stored[NOISE].members[0]
    inner = alone.data[text.offset : text.offset + text.packed_bytes]
    # Members lie on blocks of a tar.
    at = noise.stream_offset + 3000 - (noise.stream_offset + 3000) % 512
    data = alone.data[:at] + inner + alone.data[at + len(inner) :]
    search = _search(room, data, alone, {path: path != NOISE or is_whole for path in alone.stored})
    assert [found.offset for found in search.found] == ([] if is_whole else [at])
