"""What earlier archives hold of a tree: packed as an index, read again from an archive that has it."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from pybackup.container.earlier import EarlierTable, read_earlier
from pybackup.container.own import earlier_member
from pybackup.container.write import ArchiveWriter
from pybackup.host.output import Output
from pybackup.host.storage import ArchiveFile
from pybackup.model.earlier import EarlierVolume
from pybackup.model.entry import Entry, Kind
from pybackup.model.member import Member, Method, Stored

FIRST, SECOND = EarlierVolume(b"archive1", "first.xtar"), EarlierVolume(b"archive2", "docs 2")
ABOVE = [Entry(b"top", Kind.DIRECTORY), Entry(b"top/d", Kind.DIRECTORY, 0o700)]


def _file(path: bytes, offset: int) -> Stored:
    digest = hashlib.sha256(path).digest()
    member = Member(offset, 32 + 500 + 60, 500, 700, Method.LZMA2, 1 << 16, digest)
    return Stored(Entry(path, Kind.FILE, size=700, mtime_ns=offset), (member,), digest)


def _table(volume: EarlierVolume, *files: Stored) -> EarlierTable:
    table = EarlierTable(volume)
    for stored in files:
        table.add(stored, [entry for entry in ABOVE if stored.entry.path.startswith(entry.path + b"/")])
    return table


def _archive(path: Path, *tables: bytes) -> bytes:
    with Output(os.fsencode(path)) as output:
        writer = ArchiveWriter(output, archive_id=b"new one!", readme=b"", mtime_ns=0)
        writer.close(structure=(), links=(), settings=b"{}", own=[earlier_member(tables)])
        output.publish()
    return os.fsencode(path)


FILES = [_file(b"top/a", 1000), _file(b"top/d/b", 3000), _file(b"top/d/c", 9000), _file(b"top/z", 40_000)]


def test_they_come_back_with_the_directories_above_once_each(tmp_path: Path) -> None:
    tables = [_table(FIRST, *FILES).pack(), _table(SECOND, FILES[1]).pack()]
    with ArchiveFile(_archive(tmp_path / "a", *tables)) as file:
        two, one = read_earlier(file)  # the last first
    assert (one.of, two.of) == (FIRST, SECOND)
    assert list(one.paths) == [b"top", b"top/a", b"top/d", b"top/d/b", b"top/d/c", b"top/z"]
    assert list(two.paths) == [b"top", b"top/d", b"top/d/b"]
    found = {path: one.rows.stored(row, path) for row, path in enumerate(one.paths)}
    assert [found[stored.entry.path] for stored in FILES] == FILES
    assert found[b"top/d"].entry == ABOVE[1]


def test_a_directory_alone_and_nothing_at_all(tmp_path: Path) -> None:
    table = EarlierTable(FIRST)
    table.add(Stored(ABOVE[1]), ABOVE[:1])
    with ArchiveFile(_archive(tmp_path / "a", table.pack())) as file:
        (found,) = read_earlier(file)
    assert list(found.paths) == [b"top", b"top/d"]
    with ArchiveFile(_archive(tmp_path / "b")) as file:
        assert list(read_earlier(file)) == []


def test_its_digest_is_of_what_it_holds() -> None:
    same = {_table(FIRST, *FILES).digest() for _ in range(2)}
    assert len(same) == 1
    others = {
        _table(SECOND, *FILES).digest(),
        _table(FIRST, *FILES[:3]).digest(),
        _table(FIRST, *FILES[:3], _file(b"top/z", 40_512)).digest(),
    }
    assert len(others - same) == 3


@pytest.mark.parametrize("damage", [True, False])
def test_what_cannot_be_read_is_left_out(tmp_path: Path, damage: bool) -> None:
    """They are found one after the other from the end."""
    tables = [_table(FIRST, *FILES).pack(), _table(SECOND, *FILES).pack()]
    path = _archive(tmp_path / "a", *tables)
    data = bytearray(Path(os.fsdecode(path)).read_bytes())
    if damage:
        at = data.index(tables[0])
        data[at + 80 : at + len(tables[0]) - 80] = os.urandom(len(tables[0]) - 160)
    Path(os.fsdecode(path)).write_bytes(data)
    with ArchiveFile(path) as file:
        assert [rows.of for rows in read_earlier(file)] == [SECOND, *([] if damage else [FIRST])]
