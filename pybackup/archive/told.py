"""What an archive tells of a chain: the run that made it, and what earlier archives hold of its tree."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from pybackup.container.set_index import IndexOfAnother
from pybackup.errors import FormatError
from pybackup.model.carried import CarriedRun
from pybackup.model.earlier import EarlierVolume
from pybackup.model.entry import Kind
from pybackup.model.filed import Filed, Needed, filed_of
from pybackup.model.run import RunMark

from .ancestry import ancestry


def mark_told(settings: Mapping[str, Any]) -> RunMark | None:
    """Return which run the settings of an archive say that it is of; None for none, or for what cannot be."""
    with suppress(FormatError):
        return RunMark.of_settings(settings)
    return None


def run_told(
    settings: Mapping[str, Any], archive: bytes, tables: Iterable[IndexOfAnother[EarlierVolume]], location: bytes = b""
) -> CarriedRun | None:
    """Return the run that an archive is of, with all that it builds on; None for an archive of no chain.

    Parameters
    ----------
    archive
        Id of the archive, or of its set.
    tables
        What earlier archives hold of its tree, as `read_tables` gives it.
    location
        Where its files are; empty for what is no file here.
    """
    mark = mark_told(settings)
    return None if mark is None else CarriedRun(mark, archive, location, needs_told(settings, tables))


def needs_told(settings: Mapping[str, Any], tables: Iterable[IndexOfAnother[EarlierVolume]]) -> tuple[Needed, ...]:
    """Return all that an archive builds on, with how much of its tree lies there."""
    counts: dict[bytes, tuple[int, int]] = {}
    for table in tables:
        files = n_bytes = 0
        for filed in filed_of(table.rows, table.paths):
            if filed.kind == Kind.FILE:
                files += 1
                n_bytes += _bytes_here(filed)
        counts[table.of.archive_id] = files, n_bytes
    before = ancestry(settings)
    return tuple(
        Needed(earlier.archive_id, earlier.label, *counts.get(earlier.archive_id, (0, 0)))
        for earlier in (before.volumes if before else ())
    )


def _bytes_here(filed: Filed) -> int:
    return filed.size * filed.parts_here // filed.parts if filed.parts else filed.size
