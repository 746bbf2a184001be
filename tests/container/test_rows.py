"""What the writer says of members: in their headers, in their rows, and in the packed indexes of these."""

from __future__ import annotations

import hashlib
import zlib

import pytest

from pybackup.container.bundles import Bundle
from pybackup.container.frames import File, Frame, Open
from pybackup.container.packed_indexes import OWN_DIGEST_BYTES, TREE_DIGEST_BYTES, own_index, tree_index
from pybackup.container.rows import bundle_header, bundled_row, container_header, content_header, file_row, member_row
from pybackup.container.tables import load_table, settings_of
from pybackup.layout import index, note, ustar
from pybackup.layout.note import Note, Role
from pybackup.layout.table_builder import TableBuilder
from pybackup.model.content import Packed, PackedPiece, Piece, Whole
from pybackup.model.entry import Entry, Kind, Owner
from pybackup.model.member import Method, Stored

ID = b"archive!"
FILE = Entry(b"d/file", Kind.FILE, 0o4755, mtime_ns=1, size=3000)
PACKED = Packed(b"p" * 132, 100, 1000, Method.LZMA2, 4096, b"\7" * 32)


def note_of(header: bytes) -> Note:
    return Note.unpack(header[-ustar.BLOCK :])


@pytest.mark.parametrize("whole", [None, Whole(), Whole(b"\1" * 32, changed=True)])
def test_the_header_of_a_segment(whole: Whole | None) -> None:
    item = PackedPiece(Piece(FILE, b"", 2, 3, sparse=True, whole=whole), PACKED)
    said = note_of(content_header(item, ID, 5, b"file.part0003.7z"))
    assert (said.role, said.archive_id, said.container) == (Role.CONTENT, ID, 5)
    assert (said.segment, said.segments, said.raw_bytes, said.stream_bytes) == (2, 3, 1000, 100)
    assert (said.file_bytes, said.dictionary, said.data_crc) == (3000, 12, zlib.crc32(PACKED.data))
    assert said.flags == note.SPARSE | (note.CHANGED if whole and whole.changed else 0)


def test_a_container_is_no_program_and_its_owner_reads_it() -> None:
    directory = Entry(b"d", Kind.DIRECTORY, 0o2331, xattrs={b"user.x": b"y"})
    header = container_header(Frame(directory, 0, 0, member_name=b"d/.xtar"), ID, 1, 2, 7 * ustar.BLOCK)
    said, tar = note_of(header), ustar.Header.unpack(header[-ustar.BLOCK :])
    assert (said.container, said.raw_bytes, said.segment, said.flags) == (1, 2, 0o2331, note.ATTRIBUTES)
    assert (tar.path, tar.mode, tar.size) == (b"d/.xtar", 0o620, 7 * ustar.BLOCK)


def test_the_header_of_a_bundle() -> None:
    bundle = Bundle(Owner(0, 0))
    bundle.add(PackedPiece(Piece(FILE, b"", whole=Whole()), PACKED), (0, 0))
    said = note_of(bundle_header(bundle, ID, 3, b".xtar.files.00000000.00000001.7z", b"bundle"))
    assert (said.role, said.container, said.segments, said.data_crc) == (Role.BUNDLE, 3, 1, zlib.crc32(b"bundle"))


def test_rows_of_files() -> None:
    piece = Piece(FILE, b"", 2, 3, whole=Whole(b"\2" * 32, changed=True))
    members = [member_row(PACKED, 512, is_delta=False), member_row(PACKED, 1024, is_delta=False)]
    assert members[0].stream_bytes == 100
    part = file_row(File(0, hashlib.sha256(), [b"file"], piece, members, [1, 2]))
    assert (part.segments, part.numbers, part.digest, part.changed) == (3, (1, 2), b"\2" * 32, True)
    # Of one that goes on in the next volume the hash is not known here.
    assert file_row(File(0, hashlib.sha256(), [b"file"], Piece(FILE, b"", 0, 3), members[:1], [0])).digest == b""
    only = file_row(File(0, hashlib.sha256(), [b"file"], Piece(FILE, b"", whole=Whole()), members[:1], [0]))
    assert (only.segments, only.digest) == (0, PACKED.digest)
    (member,) = bundled_row(PackedPiece(Piece(FILE, b"", whole=Whole()), PACKED)).members
    assert (member.bundled, member.stream_bytes, member.packed_bytes) == (True, 132, 132)


def test_indexes_have_what_was_added() -> None:
    own, tree = (TableBuilder(base=0, digest_bytes=count) for count in (OWN_DIGEST_BYTES, TREE_DIGEST_BYTES))
    stored = Stored(FILE, (member_row(PACKED, 512, is_delta=False),), PACKED.digest)
    own.add(stored, None)
    tree.add(stored, None)
    container = Open(4, 0, 0, own, hashlib.sha256(b"region"))
    found = index.unpack_index(own_index(ID, Frame(Entry(b"d", Kind.DIRECTORY), 0, 0), container))
    assert (found.head.scope, found.head.container, found.head.digest_bytes) == (index.CONTAINER, 4, OWN_DIGEST_BYTES)
    table = load_table(found)
    assert (table.place, table.region) == (b"d", hashlib.sha256(b"region").digest())
    assert table.stored(0, b"file").members[0].digest == PACKED.digest[:OWN_DIGEST_BYTES]
    found = index.unpack_index(tree_index(ID, tree, b'{"comment": "c"}'))
    assert (found.head.scope, found.head.container, found.head.digest_bytes) == (index.TREE, 0, TREE_DIGEST_BYTES)
    assert settings_of(load_table(found)) == {"comment": "c"}
