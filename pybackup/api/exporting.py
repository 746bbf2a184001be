"""Functions that write archives in the formats of other programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pybackup.options import values
from pybackup.options.exporting import ExportRequest
from pybackup.options.functions import takes

from .asked import maybe_directory, monitor_of, open_asked

if TYPE_CHECKING:
    from pybackup.restore.export import Exported


@takes(ExportRequest)
def export(asked: ExportRequest) -> Exported:
    """Write the entries that match patterns, or everything, into a zip or a tar, which gets its name when complete.

    The format JSON is the state of the tree: names, and the SHA-256 of each file, wherever in a chain its content is.

    Lost files are left out. The result names what the format cannot store. Several archives must be volumes of one set,
    as for `list`.

    Raises
    ------
    UsageError, NotAnArchive
        As `list` does; or the file exists; or neither its suffix nor an option says the format.
    EnvironmentFailed
        It cannot be written.
    """
    from pybackup.foreign.formats import ExportFormat
    from pybackup.jobs.export import export as write

    monitor = monitor_of(asked)
    kind, wanted = asked.chosen_format(), values.paths(values.several(asked.patterns, "patterns"))
    with open_asked(asked, monitor, with_earlier=kind is ExportFormat.JSON) as opened:
        where, to = maybe_directory(asked.work_dir), values.path(asked.to)
        return write(opened, wanted, to, kind, overwrite=asked.overwrite, work_dir=where, monitor=monitor)
