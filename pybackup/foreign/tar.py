"""Reading tar archives, plain or compressed by gzip, bzip2 or xz, once from front to end."""

from __future__ import annotations

import bz2
import gzip
import lzma
import tarfile
from decimal import Decimal, InvalidOperation
from typing import IO, ClassVar, Self

from pybackup.model.entry import Kind

from .look import Broken, Inside

_CHUNK = 1 << 20
_KINDS = {
    tarfile.DIRTYPE: Kind.DIRECTORY,
    tarfile.SYMTYPE: Kind.SYMLINK,
    tarfile.LNKTYPE: Kind.HARDLINK,
    tarfile.FIFOTYPE: Kind.FIFO,
    tarfile.CHRTYPE: Kind.CHARACTER,
    tarfile.BLKTYPE: Kind.BLOCK,
}


class _Member(tarfile.TarInfo):
    """A header that raises if it is damaged; tarfile would take that for the end of the archive."""

    ended: ClassVar[tuple[type[Exception], ...]] = (tarfile.EOFHeaderError,)  # type: ignore[attr-defined]

    @classmethod
    def fromtarfile(cls, tarfile_: tarfile.TarFile) -> Self:
        try:
            return super().fromtarfile(tarfile_)
        except cls.ended:
            raise
        except tarfile.HeaderError as error:
            raise Broken(f"damaged, or cut short: {error}") from error


def read_tar(file: IO[bytes], inside: Inside) -> None:
    """Give the entries of a tar archive to ``inside``."""
    with (
        _unpacked(file) as plain,
        tarfile.open(fileobj=plain, mode="r|", tarinfo=_Member, encoding="utf-8", errors="surrogateescape") as archive,
    ):
        for member in archive:
            # Else tarfile keeps all members in memory.
            archive.members = []  # type: ignore[attr-defined]
            _tell(archive, member, inside)
        # After the end mark comes the checksum of the compressed stream, which verifies all of it.
        while data := plain.read(_CHUNK):
            inside.budget.content(len(data))


def _tell(archive: tarfile.TarFile, member: tarfile.TarInfo, inside: Inside) -> None:
    kind = _KINDS.get(member.type, Kind.FILE)
    name, target = (text.encode("utf-8", "surrogateescape") for text in (member.name, member.linkname))
    content = inside.meet(name, kind, member.size, _time_ns(member), member.mode, target)
    if content is None:
        # Its content is read even if nobody wants it, which takes time, so it is counted.
        inside.budget.content(member.size if kind is Kind.FILE and not member.issparse() else 0)
        return
    stream = archive.extractfile(member)
    if stream is None:
        content.leave()
        return
    with content:
        while content.left and (data := stream.read(min(_CHUNK, content.left))):
            content.write(data)


def _unpacked(file: IO[bytes]) -> IO[bytes]:
    head = file.read(6)
    file.seek(0)
    if head.startswith(b"\x1f\x8b"):
        return gzip.GzipFile(fileobj=file)  # type: ignore[return-value]
    if head.startswith(b"BZh"):
        return bz2.BZ2File(file)
    if head.startswith(b"\xfd7zXZ\0"):
        return lzma.LZMAFile(file)
    return file


def _time_ns(member: tarfile.TarInfo) -> int:
    try:
        # As a float, the time would lose what is below a microsecond.
        return int(Decimal(member.pax_headers.get("mtime", str(member.mtime))) * 10**9)
    except (InvalidOperation, ValueError, OverflowError):
        return 0
