"""Reports as pages: self-contained HTML for a browser, with names shown and never trusted."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable

from pybackup.errors import UsageError
from pybackup.options.values import path

_SUFFIXES = (b".html", b".htm")


def page_path(text: str) -> bytes:
    """Return the path of a page to write, so that nothing else is overwritten by mistake.

    Raises
    ------
    UsageError
        It does not end as pages do.
    """
    where = path(text)
    if not where.endswith(_SUFFIXES):
        raise UsageError(f"a page ends in .html: {text!r}")
    return where


def check_report(where: bytes | None, read: Iterable[bytes], *, replace: bool) -> None:
    """Refuse a report that would replace what it is about, or anything without being told to; None for no report.

    Raises
    ------
    Exists
        Something has its name, and is not to be replaced.
    UsageError
        It is one of the files that are read.
    """
    from pybackup.host.check_outputs import check_outputs

    if where is None:
        return
    for path_read in read:
        with contextlib.suppress(OSError):
            if os.path.samefile(where, path_read):
                raise UsageError(f"{os.fsdecode(where)}: is what is read; give the report another name")
    check_outputs([where], replace=replace)


def write_page(where: bytes, pieces: Iterable[bytes], about: Iterable[bytes], *, replace: bool) -> None:
    """Write a report; it has its name when it is whole, and may be read by who may read all that it is about.

    Raises
    ------
    EnvironmentFailed
        It cannot be written.
    """
    from pybackup.host.output import Output
    from pybackup.host.readers import Readers

    with Output(where, replace=replace, readers=Readers.of(about)) as output:
        for piece in pieces:
            output.write(piece)
        output.publish()
