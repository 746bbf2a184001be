"""The formats of exports, by their names and the suffixes of outputs."""

from __future__ import annotations

import bz2
import lzma
import os
import zlib
from collections.abc import Callable
from enum import StrEnum
from typing import Protocol

from pybackup.errors import UsageError

from .contents import Appendable, Patchable
from .tar_writer import TarWriter
from .zip_writer import ZipWriter


class ExportFormat(StrEnum):
    """A format; its value is the suffix of its files."""

    ZIP = "zip"
    TAR = "tar"
    TAR_GZ = "tar.gz"
    TAR_BZ2 = "tar.bz2"
    TAR_XZ = "tar.xz"
    JSON = "json"


_ALSO = {
    "tgz": ExportFormat.TAR_GZ,
    "tbz2": ExportFormat.TAR_BZ2,
    "tbz": ExportFormat.TAR_BZ2,
    "txz": ExportFormat.TAR_XZ,
}


def format_of(path: bytes) -> ExportFormat:
    """Return the format by the suffix of a file's name.

    Raises
    ------
    UsageError
        The suffix is that of no format.
    """
    name = os.fsdecode(os.path.basename(path)).lower()
    endings = {**{each.value: each for each in ExportFormat}, **_ALSO}
    for ending in sorted(endings, key=len, reverse=True):
        if name.endswith(f".{ending}"):
            return endings[ending]
    raise UsageError(f"{os.fsdecode(path)}: its name ends with none of .{', .'.join(ExportFormat)}")


class _Packer(Protocol):
    def compress(self, data: bytes, /) -> bytes: ...

    def flush(self) -> bytes: ...


_PACKERS: dict[ExportFormat, Callable[[], _Packer]] = {
    ExportFormat.TAR_GZ: lambda: zlib.compressobj(wbits=31),  # no name and no time in it: the same bytes always
    ExportFormat.TAR_BZ2: bz2.BZ2Compressor,
    ExportFormat.TAR_XZ: lzma.LZMACompressor,
}


class _Packed:
    """An output that is compressed as one stream."""

    def __init__(self, output: Appendable, packer: _Packer) -> None:
        self._output, self._packer = output, packer
        self._at = 0

    def tell(self) -> int:
        """Offset of the next byte before it is compressed."""
        return self._at

    def write(self, data: bytes) -> None:
        """Append ``data``."""
        self._at += len(data)
        self._output.write(self._packer.compress(data))

    def finish(self) -> None:
        """Write what the compressor still holds."""
        self._output.write(self._packer.flush())


class _PackedTarWriter(TarWriter):
    """Writes a tar that is compressed as a whole."""

    def __init__(self, output: Appendable, packer: _Packer) -> None:
        self._packed = _Packed(output, packer)
        super().__init__(self._packed)

    def finish(self) -> None:
        """Write the end."""
        super().finish()
        self._packed.finish()


def writer_of(kind: ExportFormat, output: Patchable) -> TarWriter | ZipWriter:
    """Return what writes an archive of a format into a file."""
    if kind is ExportFormat.ZIP:
        return ZipWriter(output)
    if kind is ExportFormat.TAR:
        return TarWriter(output)
    return _PackedTarWriter(output, _PACKERS[kind]())
