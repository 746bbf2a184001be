"""The run of a chain that made an archive, and what the run builds on, as the archive itself has them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from pybackup.container.set_index import IndexOfAnother
from pybackup.errors import FormatError
from pybackup.model.carried import CarriedRun
from pybackup.model.catalogued import Needed
from pybackup.model.earlier import EarlierVolume
from pybackup.model.entry import Kind
from pybackup.model.filed import Filed, filed_of
from pybackup.model.run import RunMark

from .ancestry import ancestry


def own_mark(settings: Mapping[str, Any]) -> RunMark | None:
    """Return the run that made an archive, by its settings; None if they have none, or nothing valid."""
    with suppress(FormatError):
        return RunMark.of_settings(settings)
    return None


def own_run(
    settings: Mapping[str, Any], archive: bytes, tables: Iterable[IndexOfAnother[EarlierVolume]], location: bytes = b""
) -> CarriedRun | None:
    """Return the run that made an archive, with everything it builds on; None for an archive of no chain.

    Parameters
    ----------
    archive
        The id of the archive, or of its set.
    tables
        What earlier archives hold of its tree, from `read_tables`.
    location
        The path of the archive, or of the directory of its volumes; empty if it is not on this machine.
    """
    mark = own_mark(settings)
    return None if mark is None else CarriedRun(mark, archive, location, own_needs(settings, tables))


def own_needs(settings: Mapping[str, Any], tables: Iterable[IndexOfAnother[EarlierVolume]]) -> tuple[Needed, ...]:
    """Return the earlier archives that an archive builds on, with how much of its tree each holds."""
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
