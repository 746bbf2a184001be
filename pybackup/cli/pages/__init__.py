"""Reports as self-contained HTML pages; names in archives are escaped, as they may be hostile."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable

from pybackup.errors import UsageError
from pybackup.options.values import path

_SUFFIXES = (b".html", b".htm")


def page_path(text: str) -> bytes:
    """Return the path of a page to write, as bytes.

    Raises
    ------
    UsageError
        The path does not end in ``.html``: a typing mistake should not overwrite another file.
    """
    where = path(text)
    if not where.endswith(_SUFFIXES):
        raise UsageError(f"a page ends in .html: {text!r}")
    return where


def check_report(where: bytes | None, read: Iterable[bytes], *, replace: bool) -> None:
    """Refuse a path for a report that already exists, or that is one of the files the report is about.

    Parameters
    ----------
    where
        The path; None for no report.
    read
        The files that the report is about.
    replace
        An existing file may be replaced.

    Raises
    ------
    Exists
        The file exists, and is not to be replaced.
    UsageError
        The report would replace one of the files that are read.
    """
    from pybackup.host.check_outputs import check_outputs

    if where is None:
        return
    for path_read in read:
        with contextlib.suppress(OSError):
            if os.path.samefile(where, path_read):
                raise UsageError(f"{os.fsdecode(where)}: is what the report is about; give the report another name")
    check_outputs([where], replace=replace)


def write_page(where: bytes, pieces: Iterable[bytes], about: Iterable[bytes], *, replace: bool) -> None:
    """Write a report; the file gets its name when it is complete, and only users who may read ``about`` may read it.

    Raises
    ------
    EnvironmentFailed
        The report cannot be written.
    """
    from pybackup.host.output import Output
    from pybackup.host.readers import Readers

    with Output(where, replace=replace, readers=Readers.of(about)) as output:
        for piece in pieces:
            output.write(piece)
        output.publish()
