"""The file system of a disc: where each file lies in the image, and the bytes around the files.

ISO 9660 with Rock Ridge and Joliet, and UDF too if a file is so long that ISO 9660 has to divide it into extents, which
not every system joins. All files are in the root directory. pycdlib makes the layout, without the contents of files.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pycdlib

from pybackup.sector import SECTOR

from .clock import standing_still

# The most bytes that one extent of ISO 9660 can have: 4 GiB minus a sector.
MAX_EXTENT_BYTES = 0xFFFFF800
_STEP_BYTES = 1 << 24
_MODE = 0o100444
# Of the Joliet volume descriptor; the primary one takes twice as many.
_NAME_CHARACTERS = 16
_NO_IDENTIFIER = re.compile(r"[^A-Z0-9_]+")
_APPLICATION = "PYBACKUP, SEE README.TXT"
# ISO 9660 counts years in a byte from 1900 on; UDF and tar know none before 1970.
_LAST_SECOND = 5_869_583_999


@dataclass(frozen=True, slots=True)
class DiscFile:
    """A file of the root directory.

    Attributes
    ----------
    name
        As Rock Ridge, Joliet and UDF have it: ASCII, at most 64 characters.
    identifier
        As ISO 9660 has it: capitals, digits, ``_`` and one dot. Files lie in the image in the order of these.
    """

    name: str
    identifier: str
    n_bytes: int


@dataclass(frozen=True, slots=True)
class Layout:
    """An image without the content of its files.

    Attributes
    ----------
    offsets
        Of each file, by its name: a multiple of 2,048.
    pieces
        Offset and bytes of everything besides the files; the rest of the image is zeros.
    n_bytes
        Length of the image.
    """

    offsets: Mapping[str, int]
    pieces: Sequence[tuple[int, bytes]]
    n_bytes: int
    has_udf: bool


def lay_out(files: Sequence[DiscFile], *, volume_name: str, set_name: str = "", seconds: int) -> Layout:
    """Return the layout of a disc with these files in its root directory.

    Parameters
    ----------
    volume_name
        The name that a system shows for the disc; characters that are not allowed are replaced.
    set_name
        The name of the volume set, with the same rules.
    seconds
        Since the epoch: the time of everything on the disc.
    """
    has_udf = any(file.n_bytes > MAX_EXTENT_BYTES for file in files)
    seconds = min(max(0, seconds), _LAST_SECOND)
    image = pycdlib.PyCdlib()
    with standing_still(seconds, volume_name.encode("utf-8", "surrogateescape")):
        image.new(
            interchange_level=3,
            vol_ident=identifier(volume_name)[:_NAME_CHARACTERS],
            vol_set_ident=identifier(set_name)[:_NAME_CHARACTERS] or " ",
            app_ident_str=_APPLICATION,
            joliet=3,
            rock_ridge="1.09",
            udf="2.60" if has_udf else None,
        )
        for file in files:
            image.add_fp(
                _Nothing(),
                file.n_bytes,
                iso_path=_path(file),
                rr_name=file.name,
                joliet_path=f"/{file.name}",
                udf_path=f"/{file.name}" if has_udf else None,
                file_mode=_MODE,
            )
        around = _Around()
        image.write_fp(around, blocksize=_STEP_BYTES)
        offsets = {file.name: image.get_record(iso_path=_path(file)).extent_location() * SECTOR for file in files}
        image.close()
    return Layout(offsets, around.pieces, around.end, has_udf)


def identifier(text: str) -> str:
    """Return a text in the characters that ISO 9660 allows: capitals, digits and ``_``."""
    return _NO_IDENTIFIER.sub("_", text.upper()).strip("_")


def _path(file: DiscFile) -> str:
    return f"/{file.identifier};1"


class _Nothing(io.BytesIO):
    """A file of zeros in place of the content of a file."""

    _zeros = memoryview(bytes(_STEP_BYTES))

    def read(self, size: int | None = -1) -> memoryview:  # type: ignore[override]
        return self._zeros[:size]

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return 0

    def tell(self) -> int:
        return 0


class _Around(io.BytesIO):
    """Receives the image that pycdlib writes, and keeps everything but the contents of files."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[tuple[int, bytes]] = []
        self.end = 0
        self._at = 0

    def write(self, data: bytes | memoryview) -> int:  # type: ignore[override]
        n_bytes = memoryview(data).nbytes
        # What `_Nothing` gave comes as it is.
        if not isinstance(data, memoryview) and any(bytes(data)):
            self.pieces.append((self._at, bytes(data)))
        self._at += n_bytes
        self.end = max(self.end, self._at)
        return n_bytes

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._at = offset + (0, self._at, self.end)[whence]
        return self._at

    def tell(self) -> int:
        return self._at
