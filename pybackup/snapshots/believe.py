"""Whether what came of a source can be all of it: drives that are not mounted are empty directories."""

from __future__ import annotations

import os
from collections.abc import Iterable

from pybackup.errors import EnvironmentFailed

_LEAST_SHARE = 0.5


def check_mounted(directories: Iterable[bytes]) -> None:
    """Refuse to go on where something is not mounted.

    Raises
    ------
    EnvironmentFailed
        On one of the directories nothing is mounted.
    """
    for directory in directories:
        if not os.path.ismount(directory):
            raise EnvironmentFailed(f"{os.fsdecode(directory)}: nothing is mounted there; mount it")


def check_count(files: int, least: int, source: str) -> None:
    """Refuse what has fewer files than there must be.

    Raises
    ------
    EnvironmentFailed
        It has fewer.
    """
    if files >= least:
        return
    if not files:
        raise EnvironmentFailed(
            f"{source}: holds no files: is it mounted?", option="require_files", hint="0 takes it as it is"
        )
    raise EnvironmentFailed(
        f"{source}: holds {files:,} files where there must be {least:,}: is all of it mounted?",
        option="require_files",
        hint="says how many it must be",
    )


def doubt(files: int, content_bytes: int, former_files: int, former_bytes: int) -> str:
    """Return what speaks against a source being all there, by what it was the time before; empty for nothing."""
    if files < former_files * _LEAST_SHARE:
        return f"{files:,} files where there were {former_files:,}"
    if content_bytes < former_bytes * _LEAST_SHARE:
        return f"{content_bytes:,} bytes where there were {former_bytes:,}"
    return ""
