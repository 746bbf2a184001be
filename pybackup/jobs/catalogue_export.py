"""Exporting a whole catalogue into one self-contained file."""

from __future__ import annotations

import os

from pybackup.catalogue.carry import carried, carried_runs
from pybackup.catalogue.connect import Catalogue
from pybackup.catalogue.job_runs import carried_job_runs
from pybackup.catalogue.portable import write_portable
from pybackup.host.output import Output


def export_catalogue(catalogue: Catalogue, path: bytes, *, overwrite: bool = False) -> int:
    """Write a whole catalogue into one self-contained file, and return its length in bytes.

    Raises
    ------
    Exists, UsageError
        The file exists and is not to be replaced, or is no regular file.
    EnvironmentFailed
        The file cannot be written.
    """
    with Output(path, replace=overwrite) as output:
        write_portable(output.temporary, carried(catalogue), carried_runs(catalogue), carried_job_runs(catalogue))
        size = os.path.getsize(output.temporary)
        output.publish()
    return size
