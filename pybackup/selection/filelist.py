"""From what the user names, on the command line or in a list, to sources."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from typing import BinaryIO

from pybackup.errors import UsageError
from pybackup.host.lists import read_lines, read_null_ended
from pybackup.model.source import Source

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
ROOT_NAME = b"root"  # what / is archived as: it has an owner and a mode to keep, so it needs an entry


def named_source(path: bytes) -> Source:
    """Return the source for an argument, archived under its last component: ``~/docs`` as ``docs``.

    ``.``, ``..`` and what ends in them get the base name of the directory they stand for, ``/`` gets ``root``. A
    trailing slash follows a symbolic link, which is archived under the link's name.
    """
    if not path:
        raise UsageError("an empty name names nothing to archive")
    bare = path.rstrip(b"/")
    name = bare.rpartition(b"/")[2]
    if name in (b"", b".", b".."):
        name = os.path.basename(os.path.realpath(path)) or ROOT_NAME
    return Source(bare + b"/" if path.endswith(b"/") else path, name)


def read_list(stream: BinaryIO, null: bool = False) -> list[bytes]:
    """Return the paths in a list, one in a line or, with ``null``, each ended by a NUL byte. Empty ones are skipped.

    Lines may end in CR LF if all of them do; a CR that only some lines have belongs to the name. A byte order mark
    before the first line is none of its name; who has such a file writes ``./`` before it, or uses ``null``.

    Raises
    ------
    UsageError
        There is a NUL in a list of lines, or it is no list.
    """
    if null:
        return list(read_null_ended(stream))
    lines: list[bytes] = []
    for line in read_lines(stream):
        if b"\0" in line:
            raise UsageError("NUL bytes are in it", option="null", hint="takes such a list")
        lines.append(line)
    if lines:
        lines[0] = lines[0].removeprefix(_BYTE_ORDER_MARK)
    ended = [line for line in lines if line.endswith(b"\n")]
    end = b"\r\n" if ended and all(line.endswith(b"\r\n") for line in ended) else b"\n"
    names = (line.removesuffix(b"\n").removesuffix(end[:-1]) for line in lines)
    return [name for name in names if name]


def sources_from_list(paths: Iterable[bytes]) -> list[Source]:
    """Return the sources for a list of paths, and for the directories on the way to them.

    A path is archived under itself, without a leading ``/``, any ``.``, and all up to the last ``..`` (as GNU tar
    does); ``.`` itself stands for its content at the top. Directories on the way come in as they are on disc, with
    nothing in them but what is listed; a symbolic link on the way is followed and becomes a directory. A directory
    that is listed itself comes with its content. What is listed twice comes once. Nothing is looked up on disc: what
    is missing is found by the walk.
    """
    listed: dict[bytes, Source] = {}
    ways: dict[bytes, Source] = {}
    twice: list[Source] = []
    for path in paths:
        source = _listed_source(path)
        first = listed.setdefault(source.name, source)
        if first is not source and _bare(first.path) != _bare(path):
            twice.append(source)  # another file of that name: the walk refuses it, naming both
        _add_ways(ways, path, source.name)
    for name, way in ways.items():
        own = listed.get(name)
        if own is None:
            listed[name] = way
        elif not own.path.endswith(b"/"):
            listed[name] = replace(own, path=own.path + b"/")
    return [*listed.values(), *twice]


def _listed_source(path: bytes) -> Source:
    start = _tail_start(path)
    name = path[start:]
    if name.startswith((b"./", b"/")) or name.endswith(b"/") or b"//" in name or b"/./" in name or name[-2:] == b"/.":
        name = b"/".join(part for part in name.split(b"/") if part not in (b"", b"."))
    elif name == b".":
        name = b""
    return Source(path, name, listed=True)


def _tail_start(path: bytes) -> int:
    """Return where the part of a path begins that follows the last ``..``."""
    if b".." not in path:
        return 0
    end = len(path)
    while True:
        at = path.rfind(b"..", 0, end)
        if at < 0:
            return 0
        if (at == 0 or path[at - 1 : at] == b"/") and path[at + 2 : at + 3] in (b"", b"/"):
            return min(at + 3, len(path))
        end = at + 1


def _add_ways(ways: dict[bytes, Source], path: bytes, name: bytes) -> None:
    """Add the directories a path leads through after its ``..``, deepest first, up to one that is known."""
    bare = path.rstrip(b"/")
    while True:
        name = name.rpartition(b"/")[0]
        if not name or name in ways:
            return
        bare = _above(bare)
        ways[name] = Source(bare + b"/", name, recurse=False, listed=True)


def _above(path: bytes) -> bytes:
    """Return the path of the directory a path lies in, past components that lead nowhere."""
    while path.endswith((b"/", b"/.")):
        path = path[:-1]
    path = path.rpartition(b"/")[0]
    while path.endswith((b"/", b"/.")):
        path = path[:-1]
    return path


def _bare(path: bytes) -> bytes:
    """Return a path without what makes no difference, for comparing."""
    parts = [part for part in path.split(b"/") if part not in (b"", b".")]
    return (b"/" if path.startswith(b"/") else b"") + b"/".join(parts)
