"""Writing the archive's own members (readme, structure, indexes) and what ends it: parity stream and end of tar."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

from pybackup.layout import names, ustar
from pybackup.layout.note import Note, Role
from pybackup.layout.recovery import stream_start
from pybackup.model.entry import Entry

from .headers import member_header

if TYPE_CHECKING:
    from pybackup.host.scratch import Scratch

_MODE = 0o644
END: Final = ustar.END
"""What ends an archive, as any tar: 1,024 zeros."""
OwnMember = tuple[bytes, Role, Iterable[bytes]]
"""A member of the archive's own that is to be written behind the tree: name, role and content."""
BLOCK: Final = ustar.BLOCK
"""What a tar is counted in: a header is one, and each content is filled up to whole ones."""


class OwnWriter:
    """Writes members that are none of the tree's.

    Parameters
    ----------
    top
        Whose time and owner they get.
    readme
        Content of the first of them.
    """

    def __init__(self, output: Scratch, archive_id: bytes, top: Entry, readme: bytes) -> None:
        self._output = output
        self._id = archive_id
        self._top = top
        self._readme = readme

    def first(self, entries: int, tree_at: int, tree_bytes: int, body_bytes: int) -> bytes:
        """Return the first member, whose note is the locator; all zeros while the archive is not complete."""
        role = Note(
            Role.LOCATOR,
            self._id,
            segments=entries,
            raw_bytes=tree_at,
            stream_bytes=tree_bytes,
            file_bytes=body_bytes,
            data_crc=zlib.crc32(self._readme),
        )
        header = member_header(self._top, names.README, len(self._readme), role, mode=_MODE)
        return header + self._readme + ustar.padding(len(self._readme))

    def hashed(self, name: bytes, kind: Role, parts: Iterable[bytes]) -> bytes:
        """Write a member of unknown length, none for no parts; return its header, filled in behind its content."""
        header_at = self._output.tell()
        size, crc, digest = 0, 0, hashlib.sha256()
        for part in parts:
            if not size:
                self._output.write(bytes(ustar.BLOCK))
            size, crc = size + len(part), zlib.crc32(part, crc)
            digest.update(part)
            self._output.write(part)
        if not size:
            return b""
        role = Note(kind, self._id, raw_bytes=size, digest=digest.digest(), data_crc=crc)
        header = member_header(self._top, name, size, role, mode=_MODE)
        self._output.write(ustar.padding(size))
        self._output.patch(header_at, header)
        return header

    def index(self, name: bytes, blob: bytes, number: int) -> None:
        """Write the member of an index, that of container ``number`` or of the tree."""
        role = Note(Role.INDEX, self._id, container=number, raw_bytes=len(blob), data_crc=zlib.crc32(blob))
        header = member_header(self._top, name, len(blob), role, mode=_MODE)
        self._output.write(header + blob + ustar.padding(len(blob)))


def append_parity_and_end(
    output: Scratch, archive_id: bytes, top: Entry, reserve: Callable[[int, int], int] | None
) -> None:
    """Append the member of the parity stream, with room for the stream, and the end to the body of an archive.

    Parameters
    ----------
    top
        The entry whose time and owner the member gets.
    reserve
        Plans the stream, see `pybackup.container.write.ArchiveWriter.close`; None for no parity stream.
    """
    if reserve:
        content = output.tell() + ustar.BLOCK
        start = stream_start(output.tell())
        stream_bytes = reserve(start, len(ustar.END))
        role = Note(Role.PARITY, archive_id, raw_bytes=start - content + stream_bytes, stream_bytes=stream_bytes)
        output.write(member_header(top, names.PARITY, role.raw_bytes, role, mode=_MODE))
        output.truncate(start + stream_bytes)
    output.write(ustar.END)


def set_member(indexes: Iterable[bytes]) -> OwnMember:
    """Return the member with the tree indexes of other volumes of a set, for `ArchiveWriter.close`."""
    return names.SET_INDEX, Role.SET, indexes


def earlier_member(tables: Iterable[bytes]) -> OwnMember:
    """Return the member with what earlier archives hold of the tree, for `ArchiveWriter.close`."""
    return names.EARLIER, Role.SET, tables


def signature_member(digest: bytes, parts: Iterable[bytes]) -> OwnMember:
    """Return the member with the signature of the content with that SHA-256, for `ArchiveWriter.close`."""
    return names.SIGNATURE % digest.hex().encode(), Role.OTHER, parts


def recovery_member(parts: Iterable[bytes]) -> OwnMember:
    """Return the member with a shard of the volumes of a set, for `ArchiveWriter.close`."""
    return names.RECOVERY, Role.RECOVERY, parts


def padded(n_bytes: int) -> int:
    """Return how long a content of that length is, filled up to whole blocks."""
    return ustar.padded(n_bytes)


def own_member_bytes(n_bytes: int) -> int:
    """Return how long a member of the archive's own is with so much in it: none is written for nothing."""
    return ustar.BLOCK + ustar.padded(n_bytes) if n_bytes else 0
