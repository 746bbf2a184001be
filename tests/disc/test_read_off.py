"""All readable sectors of a disc are copied to a file, and zeros stand for the others."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from kit.hearing import Notes

from pybackup.disc.read_off import copy_off
from pybackup.errors import EnvironmentFailed
from pybackup.host import room
from pybackup.monitor import Monitor

SECTOR = 2048


def test_bad_sectors_are_zeros_and_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = bytearray(os.urandom(1500 * SECTOR + 100))
    disc, copy = tmp_path / "disc", tmp_path / "copy"
    disc.write_bytes(content)
    bad = (3, 700, 701, 1500)
    pread = os.pread

    def failing(fd: int, count: int, offset: int) -> bytes:
        if any(offset < (number + 1) * SECTOR and number * SECTOR < offset + count for number in bad):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return pread(fd, count, offset)

    monkeypatch.setattr(os, "pread", failing)
    notes = Notes()
    copy_off(os.fsencode(disc), os.fsencode(copy), "docs 1", notes)
    for number in bad:
        rest = content[number * SECTOR : (number + 1) * SECTOR]
        content[number * SECTOR : (number + 1) * SECTOR] = bytes(len(rest))
    assert copy.read_bytes() == content
    assert notes.notes == ["docs 1: 4 sectors cannot be read"]


def test_without_room_nothing_is_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disc = tmp_path / "disc"
    disc.write_bytes(bytes(10 * SECTOR))
    monkeypatch.setattr(room, "_free_bytes", lambda directory: 9 * SECTOR)
    with pytest.raises(EnvironmentFailed, match="free some space"):
        copy_off(os.fsencode(disc), os.fsencode(tmp_path / "copy"), "docs 1", Monitor())
    assert os.listdir(tmp_path) == ["disc"]
