"""Whether a source can be complete: a drive that is not mounted looks like an empty directory."""

from __future__ import annotations

import os
from collections.abc import Iterable

from pybackup.errors import EnvironmentFailed

_LEAST_SHARE = 0.5


def check_mounted(directories: Iterable[bytes]) -> None:
    """Refuse a source of which a part is not mounted.

    Raises
    ------
    EnvironmentFailed
        On one of the directories nothing is mounted.
    """
    for directory in directories:
        if not os.path.ismount(directory):
            raise EnvironmentFailed(f"{os.fsdecode(directory)}: nothing is mounted there; mount it")


def check_count(files: int, least: int, source: str) -> None:
    """Refuse a source with fewer files than ``least``.

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


def reason_to_doubt(files: int, content_bytes: int, former_files: int, former_bytes: int) -> str:
    """Return why a source seems incomplete: it has less than half of what it had before. Empty for no doubt."""
    if files < former_files * _LEAST_SHARE:
        return f"{files:,} files where there were {former_files:,}"
    if content_bytes < former_bytes * _LEAST_SHARE:
        return f"{content_bytes:,} bytes where there were {former_bytes:,}"
    return ""
