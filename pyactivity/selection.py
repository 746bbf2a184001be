"""Write a selection: the files that were chosen, for `pybackup create --select`.

JSON Lines in ASCII (a browser writes the same in UTF-8). The first line says what it is, each other line chooses one
file, or all regular files of a time at or below a directory:

    {"format": "pyactivity selection", "version": 1, "root": "/home/me/docs"}
    {"path": "letters/1.txt", "size": 123, "mtime": "1732567890.123456789"}
    {"under": "photos", "from": "1732560000.000000000", "until": "1732567890.123456789", "by": "mtime",
     "files": 812, "bytes": 1234567, "exclude": ["photos/raw"]}

Paths are relative to the root; bytes that are no UTF-8 stand as lone surrogates (Python's surrogateescape). Times are
seconds since the epoch as decimal strings, since JavaScript's numbers cannot hold nanoseconds.
"""

import json
import os
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyactivity.errors import BadValue
from pyactivity.model import Files

FORMAT = "pyactivity selection"
VERSION = 1
_SECOND_NS = 10**9


def selection_root(directories: Iterable[str | bytes]) -> bytes:
    """The root of a selection from these DIRs: the absolute path of the one, or the directory common to all.

    Raises BadValue when there are none.
    """
    absolute = [os.path.abspath(os.fsencode(directory)) for directory in directories]
    if not absolute:
        raise BadValue("a selection needs a directory")
    return os.path.commonpath(absolute)


def selection_lines(root: bytes, files: Files, members: Iterable[int] | NDArray[np.intp]) -> Iterator[bytes]:
    """The lines of a selection of the files at `members`, each with its line end.

    root  absolute path at or above every directory that was scanned, as `selection_root` gives it
    Raises BadValue for a file that does not lie below it.
    """
    yield header_line(root)
    prefixes: dict[int, bytes] = {}
    for index in map(int, members):
        directory = int(files.directory[index])
        if (prefix := prefixes.get(directory)) is None:
            below = relative(root, files.directories[directory])
            prefix = prefixes[directory] = below + b"/" if below else b""
        size_bytes, mtime_ns = int(files.size_bytes[index]), int(files.mtime_ns[index])
        yield file_line(prefix + files.name(index), size_bytes, mtime_ns)


def header_line(root: bytes) -> bytes:
    """The first line; `root` is an absolute path, any bytes."""
    return _line({"format": FORMAT, "version": VERSION, "root": _text(root)})


def file_line(path: bytes, size_bytes: int, mtime_ns: int) -> bytes:
    """A line that chooses one file, by its path relative to the root."""
    return _line({"path": _text(path), "size": size_bytes, "mtime": decimal_seconds(mtime_ns)})


def area_line(
    under: bytes, from_ns: int, until_ns: int, *, by: str, files: int, size_bytes: int, exclude: Iterable[bytes] = ()
) -> bytes:
    """A line that chooses all regular files at or below `under` (empty: the root) whose time lies in [from, until].

    files, size_bytes  what the scan saw there, every name with its size: a hard link's first name may lie elsewhere
    exclude            what lies there and is not chosen, such as `Scan.left_out` names it; relative to the root
    """
    fields: dict[str, Any] = {
        "under": _text(under),
        "from": decimal_seconds(from_ns),
        "until": decimal_seconds(until_ns),
        "by": by,
        "files": files,
        "bytes": size_bytes,
    }
    if left_out := [_text(path) for path in exclude]:
        fields["exclude"] = left_out
    return _line(fields)


def relative(root: bytes, path: bytes) -> bytes:
    """A path as it was scanned, relative to the root: empty for the root itself. Raises BadValue if it is not below."""
    absolute = os.path.abspath(path)
    if absolute == root:
        return b""
    start = root if root.endswith(b"/") else root + b"/"
    if not absolute.startswith(start):
        raise BadValue(f"{os.fsdecode(path)} does not lie below {os.fsdecode(root)}")
    return absolute[len(start) :]


def decimal_seconds(time_ns: int) -> str:
    """Nanoseconds as a decimal string of seconds: 1732567890.123456789, -0.500000000."""
    seconds, fraction_ns = divmod(abs(time_ns), _SECOND_NS)
    return f"{'-' if time_ns < 0 else ''}{seconds}.{fraction_ns:09d}"


def _text(path: bytes) -> str:
    return path.decode("utf-8", "surrogateescape")


def _line(fields: dict[str, Any]) -> bytes:
    return json.dumps(fields, ensure_ascii=True).encode("ascii") + b"\n"
