"""What the writer says of members: their headers with notes, and their rows in the indexes."""

from __future__ import annotations

import zlib

from pybackup.layout import names, note
from pybackup.layout.note import Note, Role
from pybackup.model.content import Packed, PackedPiece
from pybackup.model.member import Member, Stored

from .bundles import Bundle
from .frames import File, Frame
from .headers import member_header


def container_header(frame: Frame, archive_id: bytes, above: int, number: int, size: int) -> bytes:
    """Return the header blocks of the container of a directory, of ``size`` bytes.

    Parameters
    ----------
    above, number
        Of the container that it lies in, and its own.
    """
    entry = frame.entry
    flags = note.ATTRIBUTES * bool(entry.xattrs)
    role = Note(Role.CONTAINER, archive_id, container=above, segment=entry.mode, raw_bytes=number, flags=flags)
    true = b"" if frame.member_name == entry.name + b"/" + names.CONTAINER else entry.name
    # Never executable, and readable by its owner: stock tar must be able to open it.
    mode = entry.mode & 0o666 | 0o400
    return member_header(entry, frame.member_name, size, role, mode=mode, true_name=true, xattrs=False)


def content_header(item: PackedPiece, archive_id: bytes, container: int, name: bytes) -> bytes:
    """Return the header blocks of the member of a file, or of a segment of it, in the container of that number."""
    piece, packed, entry = item.piece, item.packed, item.piece.entry
    role = Note(
        Role.CONTENT,
        archive_id,
        container=container,
        method=packed.method,
        dictionary=packed.dictionary_bytes.bit_length() - 1 if packed.dictionary_bytes else 0,
        segment=piece.segment,
        segments=piece.segments,
        raw_bytes=packed.raw_bytes,
        file_bytes=entry.size,
        stream_bytes=packed.stream_bytes,
        digest=packed.digest,
        data_crc=zlib.crc32(packed.data),
        flags=note.SPARSE * piece.sparse
        | note.CHANGED * bool(piece.whole and piece.whole.changed)
        | note.BASED * bool(piece.base_digest)
        | note.DELTA * bool(piece.gives),
    )
    true = b"" if name.startswith(entry.name + b".") else entry.name
    return member_header(entry, name, len(packed.data), role, mode=entry.mode, true_name=true)


def bundle_header(bundle: Bundle, archive_id: bytes, container: int, name: bytes, data: bytes) -> bytes:
    """Return the header blocks of a bundle whose ``.7z`` is ``data``, in the container of that number."""
    role = Note(Role.BUNDLE, archive_id, container=container, segments=len(bundle.files), data_crc=zlib.crc32(data))
    return member_header(bundle.entry, name, len(data), role, mode=bundle.entry.mode)


def member_row(packed: Packed, offset: int, *, is_delta: bool) -> Member:
    """Return the member that was packed, at an offset in the archive."""
    return Member(
        offset,
        len(packed.data),
        packed.stream_bytes,
        packed.raw_bytes,
        packed.method,
        packed.dictionary_bytes,
        packed.digest,
        is_delta=is_delta,
    )


def bundled_row(item: PackedPiece) -> Stored:
    """Return a file that goes into a bundle; where its stream lies is told when the bundle is written."""
    packed, whole, n_bytes = item.packed, item.piece.whole, len(item.packed.data)
    member = Member(
        0, n_bytes, n_bytes, packed.raw_bytes, packed.method, packed.dictionary_bytes, packed.digest, bundled=True
    )
    return Stored(item.piece.entry, (member,), packed.digest, changed=bool(whole and whole.changed))


def file_row(file: File) -> Stored:
    """Return what of a file is in this archive: as a rule all of it."""
    piece, members = file.piece, tuple(file.members)
    whole = piece.whole
    digest = (whole.digest or members[-1].digest) if whole else b""
    changed = bool(whole and whole.changed)
    spent = piece.spent_bytes + sum(member.packed_bytes for member in members) if piece.base_digest else 0
    stored = Stored(
        piece.entry, members, digest, piece.sparse, changed, base_digest=piece.base_digest, base_spent=spent
    )
    if len(members) == piece.segments:
        return stored
    return stored._replace(segments=piece.segments, numbers=tuple(file.numbers))
