"""Exporting a catalogue: all of it, in a file that stands for itself."""

from __future__ import annotations

import os

from pybackup.catalogue.carry import carried, carried_runs
from pybackup.catalogue.connect import Catalogue
from pybackup.catalogue.job_runs import carried_job_runs
from pybackup.catalogue.portable import write_portable
from pybackup.host.output import Output


def export_catalogue(catalogue: Catalogue, path: bytes, *, overwrite: bool = False) -> int:
    """Write all of a catalogue into a file that stands for itself, and return its length in bytes.

    Raises
    ------
    Exists, UsageError, EnvironmentFailed
        As `Output`.
    """
    with Output(path, replace=overwrite) as output:
        write_portable(output.temporary, carried(catalogue), carried_runs(catalogue), carried_job_runs(catalogue))
        size = os.path.getsize(output.temporary)
        output.publish()
    return size
