"""Writing a zip that Info-ZIP, bsdtar and Python read: contents, symbolic links, modes, owners, whole seconds."""

from __future__ import annotations

import stat
import zlib
from collections.abc import Iterable, Iterator

from pybackup.layout.zip import DEFLATED, LONGEST_NAME, STORED, ZipMember, end_of_zip, holds_time
from pybackup.model.entry import Entry, Kind

from .contents import Patchable, WholeContent

_KINDS = {
    Kind.FILE: stat.S_IFREG,
    Kind.HARDLINK: stat.S_IFREG,
    Kind.DIRECTORY: stat.S_IFDIR,
    Kind.SYMLINK: stat.S_IFLNK,
}
_SPECIALS = {Kind.FIFO: "FIFOs", Kind.CHARACTER: "devices", Kind.BLOCK: "devices"}
# Deflate can make incompressible data a little larger, but never by so much.
_LARGE = (1 << 32) - (1 << 24)
_SECOND = 10**9


class ZipWriter:
    """Writes entries in the order given.

    Attributes
    ----------
    dropped
        What the format cannot hold, with the number of entries that had it.
    """

    def __init__(self, output: Patchable) -> None:
        self._output = output
        self._directory = bytearray()
        self._records = 0
        self.dropped: dict[str, int] = {}

    def refusal(self, entry: Entry) -> str:
        """Return why the format cannot hold an entry at all; empty if it can."""
        if entry.kind in _SPECIALS:
            return f"a zip holds no {_SPECIALS[entry.kind]}"
        return "a zip holds no name of more than 65,535 bytes" if len(entry.path) >= LONGEST_NAME else ""

    def add(self, entry: Entry, content: WholeContent | None) -> None:
        """Write an entry; a hard link gets the content of its file, since a zip has no hard links."""
        self._tell_dropped(entry, content)
        is_directory = entry.kind is Kind.DIRECTORY
        pieces: Iterable[bytes] = content.filled() if content else [entry.target] if entry.target else []
        size = content.size if content else 0
        method = DEFLATED if size and content and not content.is_packed else STORED
        member = ZipMember(
            entry.path + b"/" if is_directory else entry.path,
            _KINDS[entry.kind] | entry.mode,
            entry.owner.uid,
            entry.owner.gid,
            entry.mtime_ns // _SECOND,
            method,
            is_large=size >= _LARGE,
        )
        offset = self._output.tell()
        self._output.write(member.local())
        start = self._output.tell()
        crc = done = 0
        for data in _packed(method, measured := _Measured(pieces)):
            self._output.write(data)
        crc, done = measured.crc, measured.n_bytes
        member = member.written(crc, self._output.tell() - start, done)
        self._output.patch(offset, member.local())
        self._directory += member.central(offset)
        self._records += 1

    def finish(self) -> None:
        """Write the central directory, and the end."""
        start = self._output.tell()
        self._output.write(bytes(self._directory))
        self._output.write(end_of_zip(self._records, start, len(self._directory)))

    def _tell_dropped(self, entry: Entry, content: WholeContent | None) -> None:
        told = {
            "fractions of seconds": entry.mtime_ns % _SECOND != 0,
            "times outside of 1970 to 2038, exactly": not holds_time(entry.mtime_ns // _SECOND),
            "extended attributes and ACLs": bool(entry.xattrs),
            "names of owners (their numbers are kept)": bool(entry.owner.user or entry.owner.group),
            "hard links, which are files of their own now": entry.kind is Kind.HARDLINK,
            "holes, which are zeros now": content is not None and content.extents is not None,
            "names that are not UTF-8, which other systems show as something else": not _is_utf_8(entry.path),
        }
        for what, is_so in told.items():
            if is_so:
                self.dropped[what] = self.dropped.get(what, 0) + 1


class _Measured:
    """Passes pieces on, and has their CRC-32 and their length when all have been taken."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = pieces
        self.crc = self.n_bytes = 0

    def __iter__(self) -> Iterator[bytes]:
        for data in self._pieces:
            self.crc = zlib.crc32(data, self.crc)
            self.n_bytes += len(data)
            yield data


def _packed(method: int, pieces: Iterable[bytes]) -> Iterator[bytes]:
    if method == STORED:
        yield from pieces
        return
    packer = zlib.compressobj(wbits=-15)
    for data in pieces:
        yield packer.compress(data)
    yield packer.flush()


def _is_utf_8(name: bytes) -> bool:
    try:
        name.decode()
    except UnicodeDecodeError:
        return False
    return True
