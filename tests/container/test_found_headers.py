"""What headers tell of entries and members where no index is left."""

from __future__ import annotations

from pybackup.container.found_headers import file_name, file_of, owner_of, true_name
from pybackup.container.headers import member_header
from pybackup.container.scan import FoundHeader
from pybackup.layout import note, ustar
from pybackup.layout.note import Note, Role
from pybackup.model.entry import Entry, Kind, Owner

DIGEST = bytes(range(32))
FILE = Entry(b"d/name", Kind.FILE, 0o640, Owner(3, 4, b"user", b"group"), 5_000_000_007, 30)


def _found(name: bytes, segment: int = 0, segments: int = 1, flags: int = 0, *, at: int = 0) -> FoundHeader:
    said = Note(Role.CONTENT, b"archive!", segment=segment, segments=segments, flags=flags, digest=DIGEST)
    said = Note(**{**{field: getattr(said, field) for field in said.__slots__}, "file_bytes": 30, "raw_bytes": 10})
    block = member_header(FILE, name, 200, said, mode=0o640)[-ustar.BLOCK :]
    return FoundHeader(at, ustar.Header.unpack(block), Note.unpack(block), {})


def test_a_file_of_one_segment() -> None:
    found = _found(b"name.7z", at=1024)
    assert file_name(found) == b"name"
    stored = file_of(b"d/name", {0: found})
    assert (stored.entry, stored.segments, stored.digest) == (FILE, 0, DIGEST)
    assert [(member.offset, member.packed_bytes, member.raw_bytes) for member in stored.members] == [(1536, 200, 10)]


def test_segments_that_are_missing_are_counted_and_flags_are_those_of_all() -> None:
    parts = {
        0: _found(b"name.sparse.part0001.7z", 0, 3, note.SPARSE),
        2: _found(b"name.sparse.part0003.7z", 2, 3, note.SPARSE | note.CHANGED, at=4096),
    }
    assert {file_name(found) for found in parts.values()} == {b"name"}
    stored = file_of(b"d/name", parts)
    assert (stored.segments, stored.missing, stored.sparse, stored.changed, stored.digest) == (3, 1, True, True, b"")
    assert [member.offset for member in stored.members] == [512, 4608]


def test_records_before_a_header_count_for_more_than_it_does() -> None:
    found = _found(b"na~1.7z")
    said = {b"comment": b"PYBACKUP name=" + b"n" * 300, b"uname": b"someone", b"path": b"elsewhere"}
    better = FoundHeader(0, found.header, found.note, said)
    assert true_name(better, b".7z") == b"n" * 300
    assert owner_of(better) == Owner(3, 4, b"someone", b"group")
    del said[b"comment"]
    assert true_name(better, b".7z") == b"elsewhere"
