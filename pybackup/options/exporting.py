"""The options of `export`."""

from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass
from typing import Annotated

from pybackup.foreign.formats import ExportFormat, format_of

from . import Option, Path, values
from .shared import ARCHIVE, PATTERNS, Monitored, overwriting, scratch


@dataclass(frozen=True)
class ExportRequest(Monitored):
    """The options of `export`: what to write, in which format, and where."""

    archive: Annotated[Path | Iterable[Path], ARCHIVE]
    to: Annotated[Path, Option("the file to write", "FILE", values.path)]
    patterns: Annotated[Iterable[Path], PATTERNS] = ()
    _: KW_ONLY
    format: Annotated[
        ExportFormat | str | None,
        Option("the format of FILE (default: by its suffix)", choices=tuple(each.value for each in ExportFormat)),
    ] = None
    overwrite: Annotated[bool, overwriting("file of that name")] = False
    work_dir: Annotated[
        Path | None, scratch("that of FILE", "the directory for large temporary files and repaired volumes")
    ] = None

    def chosen_format(self) -> ExportFormat:
        """Return the format that was asked for, or that the suffix of the file stands for."""
        if self.format is None:
            return format_of(values.path(self.to))
        return values.choice(ExportFormat, self.format)
