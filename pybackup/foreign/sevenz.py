"""Reading 7z archives, by py7zr."""

from __future__ import annotations

from typing import IO, Any

import py7zr
from py7zr.io import Py7zIO, WriterFactory

from pybackup.model.entry import Kind

from .look import Content, Inside


class _Writer(Py7zIO):
    """Passes what py7zr unpacks to a `Content`; drops it if there is none."""

    def __init__(self, content: Content | None) -> None:
        self._content = content
        self._size = 0

    def write(self, s: bytes | bytearray) -> int:
        self._size += len(s)
        if self._content is not None:
            self._content.write(bytes(s))
        return len(s)

    def read(self, size: int | None = None) -> bytes:
        return b""

    def seek(self, offset: int, whence: int = 0) -> int:
        return 0

    def flush(self) -> None:
        pass

    def size(self) -> int:
        return self._size

    def close(self) -> None:
        if self._content is not None:
            content, self._content = self._content, None
            content.__exit__(None)


class _Writers(WriterFactory):
    def __init__(self) -> None:
        self.waiting: dict[str, Content] = {}

    def create(self, filename: str) -> Py7zIO:
        return _Writer(self.waiting.pop(filename, None))


def read_7z(file: IO[bytes], inside: Inside) -> None:
    """Give the entries of a 7z archive to ``inside``; encrypted ones have no hash."""
    writers, wanted = _Writers(), []
    with py7zr.SevenZipFile(file) as archive:
        for member in archive.files:
            name = member.filename
            content = inside.meet(
                name.encode("utf-8", "surrogateescape"),
                _kind(member),
                member.uncompressed or 0,
                _time_ns(member),
                member.posix_mode or 0o644,
            )
            key = "/".join(part for part in name.split("/") if part not in ("", "."))
            if content is None:
                continue
            if not member.uncompressed:
                # A few bytes of an archive can have a million empty files.
                with content:
                    continue
            if ".." in name.split("/") or name.startswith("/") or key in writers.waiting:
                content.leave()
            else:
                writers.waiting[key] = content
                wanted.append(name)
        try:
            if wanted and not archive.password_protected:
                archive.extract(targets=wanted, factory=writers)
        finally:
            for content in writers.waiting.values():
                content.leave()


def _kind(member: Any) -> Kind:
    if member.is_directory:
        return Kind.DIRECTORY
    return Kind.SYMLINK if member.is_symlink else Kind.FILE


def _time_ns(member: Any) -> int:
    written = member.lastwritetime
    # 100 ns since 1601.
    return 0 if written is None else (int(written) - 116_444_736_000_000_000) * 100
