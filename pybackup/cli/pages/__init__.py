"""Reports as pages: self-contained HTML for a browser, with names shown and never trusted."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable

from pybackup.errors import UsageError

from ..values import path

_SUFFIXES = (b".html", b".htm")


def page_path(text: str) -> bytes:
    """Return the path of a page to write, so that nothing else is overwritten by mistake.

    Raises
    ------
    UsageError
        It does not end as pages do, or its directory does not exist.
    """
    where = path(text)
    if not where.endswith(_SUFFIXES):
        raise UsageError(f"a page ends in .html: {text!r}")
    if not os.path.isdir(os.path.dirname(where) or b"."):
        raise UsageError(f"no such directory: {os.path.dirname(text)!r}")
    return where


def check_report(where: bytes | None, read: Iterable[bytes]) -> None:
    """Refuse a report that would replace what it is about; None for no report.

    Raises
    ------
    UsageError
        It is one of the files that are read.
    """
    if where is None:
        return
    for path_read in read:
        with contextlib.suppress(OSError):
            if os.path.samefile(where, path_read):
                raise UsageError(f"{os.fsdecode(where)}: is what is read; give the report another name")


def write_page(where: bytes, pieces: Iterable[bytes]) -> None:
    """Write a page; it has its name when it is whole.

    Raises
    ------
    EnvironmentFailed
        It cannot be written.
    """
    from pybackup.host.storage import Output

    with Output(where) as output:
        for piece in pieces:
            output.write(piece)
        output.publish()
