"""Copies of a volume as they are given: files, devices, directories of pieces, maps, sidecars."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from pybackup.errors import Damaged, EnvironmentFailed, UsageError
from pybackup.host.directories import files_in
from pybackup.host.lists import read_text
from pybackup.host.storage import ArchiveFile
from pybackup.layout.ddrescue import parse_map
from pybackup.model.extents import Extents
from pybackup.parity.stream.sidecar import SIDECAR_SUFFIX


@dataclass(frozen=True, slots=True)
class GivenCopy:
    """An open file that is a copy of the volume, or of a part of it.

    Attributes
    ----------
    unread
        Byte ranges that ddrescue could not read, by its map.
    is_piece
        It was not named itself, but found in a named directory, or as the sidecar of a copy.
    """

    path: bytes
    file: ArchiveFile
    unread: Extents
    is_piece: bool = False


def whole_file(path: bytes, stack: ExitStack) -> GivenCopy:
    """Open a file as a copy."""
    return GivenCopy(path, stack.enter_context(ArchiveFile(path)), Extents())


@contextmanager
def open_copies(
    paths: Sequence[bytes], maps: Sequence[bytes] = (), *, opened: ArchiveFile | None = None
) -> Iterator[list[GivenCopy]]:
    """Open all copies; the files in a directory are pieces of a copy, and sidecars of copies are opened, too.

    Parameters
    ----------
    opened
        The first copy, if it is open already; it is left open.

    Raises
    ------
    UsageError
        A copy does not exist, there are more maps than copies, or a map is not a map file of ddrescue.
    """
    if len(maps) > len(paths):
        raise UsageError(
            f"{len(maps)} maps for {len(paths)} copies", option="map", hint="takes one for each, in the same order"
        )
    unread = [_read_map(name) for name in maps]
    with ExitStack() as stack:
        given: list[GivenCopy] = []
        for number, path in enumerate(paths):
            for piece in _pieces(path):
                file = opened if opened is not None and not given else stack.enter_context(ArchiveFile(piece))
                extents = unread[number].within(0, file.size) if number < len(unread) else Extents()
                given.append(GivenCopy(piece, file, extents, is_piece=piece != path))
        known = {os.path.realpath(copy.path) for copy in given}
        for path in [copy.path + SIDECAR_SUFFIX for copy in given]:
            if os.path.isfile(path) and os.path.realpath(path) not in known:
                given.append(GivenCopy(path, stack.enter_context(ArchiveFile(path)), Extents(), is_piece=True))
        yield given


def length_of(path: bytes) -> int:
    """Return the length in bytes of a copy, its pieces and their sidecars; 0 if it is not known."""
    try:
        pieces = _pieces(path)
        sidecars = [piece + SIDECAR_SUFFIX for piece in pieces if os.path.isfile(piece + SIDECAR_SUFFIX)]
        return sum(map(_length, (*pieces, *sidecars)))
    except (UsageError, EnvironmentFailed, OSError):
        return 0


def _length(path: bytes) -> int:
    if os.path.isfile(path):
        return os.path.getsize(path)
    with ArchiveFile(path) as file:
        return file.size


def _pieces(path: bytes) -> list[bytes]:
    if not os.path.isdir(path):
        return [path]
    pieces = files_in(path)
    if not pieces:
        raise UsageError(f"{os.fsdecode(path)}: no files in this directory")
    return pieces


def _read_map(path: bytes) -> Extents:
    try:
        with open(path, "rb") as file:
            text = read_text(file)
    except UsageError as error:
        raise UsageError(f"{os.fsdecode(path)}: no map file of ddrescue: {error}") from error
    except FileNotFoundError as error:
        raise UsageError(f"{os.fsdecode(path)}: no such file") from error
    except OSError as error:
        raise EnvironmentFailed(f"{os.fsdecode(path)}: {error.strerror}") from error
    try:
        return parse_map(text).unread(1 << 62)
    except Damaged as error:
        # A map named on the command line is not a piece to be repaired.
        raise UsageError(f"{os.fsdecode(path)}: {error}") from error
