"""The content of one file at a time: whole or not at all, from the first place where it is intact."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pybackup.errors import Damaged
from pybackup.host.storage import ArchiveFile
from pybackup.restore.spool import ContentSpool

from .conftest import Packed, hurt


def _spooled(room: Path, data: bytes) -> tuple[ContentSpool, ArchiveFile]:
    (room / "archive").write_bytes(data)
    return ContentSpool(os.fsencode(room)), ArchiveFile(os.fsencode(room / "archive"))


def test_each_content_in_its_turn(packed: Packed, room: Path) -> None:
    spool, archive = _spooled(room, packed.data)
    with spool, archive:
        for path in (*packed.stored, *reversed(list(packed.stored))):
            content = spool.content_of(archive, packed.stored[path])
            data = b"".join(content.read())
            assert content.size == len(packed.contents[path])
            if content.extents is None:
                assert data == packed.contents[path]
                continue
            # Of a sparse one only what is between the holes.
            whole = bytearray(content.size)
            at = 0
            for start, length in content.extents:
                whole[start : start + length] = data[at : at + length]
                at += length
            assert (bytes(whole), at) == (packed.contents[path], len(data))
    assert sorted(path.name for path in room.iterdir()) == ["archive"]


@pytest.mark.parametrize("path", [b"top/text", b"top/long", b"top/sparse", b"top/noise.bin"])
def test_what_is_damaged_is_refused_and_the_next_is_whole(packed: Packed, room: Path, path: bytes) -> None:
    member = packed.stored[path].members[-1]
    spool, archive = _spooled(room, hurt(packed.data, member.stream_offset + member.stream_bytes // 2, 40))
    with spool, archive:
        with pytest.raises(Damaged):
            spool.content_of(archive, packed.stored[path])
        other = next(each for each in packed.stored if each != path and each != b"top/sparse")
        content = spool.content_of(archive, packed.stored[other])
        assert b"".join(content.read()) == packed.contents[other]


def test_another_copy_stands_in(packed: Packed, room: Path) -> None:
    stored = packed.stored[b"top/text"]
    (member,) = stored.members
    data = hurt(packed.data, member.stream_offset, 40) + packed.data
    spool, archive = _spooled(room, data)
    with spool, archive:
        twice = stored._replace(spares=(member.moved(len(packed.data)),))
        assert b"".join(spool.content_of(archive, twice).read()) == packed.contents[b"top/text"]
        with pytest.raises(Damaged, match="; its other copy: "):
            spool.content_of(archive, stored._replace(spares=(member,)))


def test_segments_that_are_missing_are_told_before_anything_is_read(packed: Packed, room: Path) -> None:
    spool, archive = _spooled(room, packed.data)
    stored = packed.stored[b"top/long"]
    with spool, archive, pytest.raises(Damaged, match="1 of its segments is gone"):
        spool.content_of(archive, stored._replace(members=stored.members[1:], segments=3))
