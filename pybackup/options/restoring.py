"""The options of the verbs that restore files."""

from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Annotated

from . import Option, Path, placing, values
from .placing import Placing
from .shared import ARCHIVE, AT, CATALOGUE, CHAIN, COPIES, MAP, PATTERNS, Parallel, processes, scratch, target

if TYPE_CHECKING:
    from pybackup.restore.plan import RestoreOptions

_PARTIAL = ("keep", "drop")
_SCRATCH = scratch(
    "that of DIR", "the directory for repaired copies of damaged volumes, and copies of discs", placing.GROUP
)
_TO = target("the directory to restore to; made if missing", placing.GROUP)


@dataclass(frozen=True)
class ExtractRequest(Placing, Parallel):
    """The options of `extract`."""

    archive: Annotated[Path | Iterable[Path], ARCHIVE]
    to: Annotated[Path, _TO]
    patterns: Annotated[Iterable[Path], PATTERNS] = ()
    _: KW_ONLY
    strip_components: Annotated[
        int, Option("remove the first N components of each path", "N", values.natural, group=placing.GROUP)
    ] = 0
    workers: Annotated[int | None, processes(placing.GROUP)] = None
    work_dir: Annotated[Path | None, _SCRATCH] = None

    def extracting(self) -> "RestoreOptions":
        """Return the options for restoring files."""
        from pybackup.restore.plan import RestoreOptions

        workers = values.maybe(self.workers, values.positive)
        return RestoreOptions(self.placing(), values.natural(self.strip_components), workers)


@dataclass(frozen=True)
class RestoreRequest(Placing, Parallel):
    """The options of `restore`."""

    chain: Annotated[Path | Iterable[Path], CHAIN]
    to: Annotated[Path, _TO]
    patterns: Annotated[Iterable[Path], PATTERNS] = ()
    _: KW_ONLY
    at: Annotated[int | str | None, AT] = None
    nearest: Annotated[
        bool,
        Option(
            "restore an earlier version of files whose version of that time is lost, and name these",
            group=placing.GROUP,
        ),
    ] = False
    delete: Annotated[
        bool, Option("delete everything in restored directories that did not exist at that time", group=placing.GROUP)
    ] = False
    catalogue: Annotated[str | None, CATALOGUE] = None
    workers: Annotated[int | None, processes(placing.GROUP)] = None
    work_dir: Annotated[Path | None, _SCRATCH] = None

    def restoring(self) -> "RestoreOptions":
        """Return the options for restoring files."""
        from pybackup.restore.plan import RestoreOptions

        return RestoreOptions(self.placing(), workers=values.maybe(self.workers, values.positive))


@dataclass(frozen=True)
class SalvageRequest(Placing):
    """The options of `salvage`."""

    copies: Annotated[Path | Iterable[Path], COPIES]
    to: Annotated[Path, _TO]
    _: KW_ONLY
    map: Annotated[Iterable[Path], MAP] = ()
    partial: Annotated[
        str,
        Option(
            "what to do with files of which only a part can be read (default: keep, as NAME.partial)",
            choices=_PARTIAL,
            group=placing.GROUP,
        ),
    ] = "keep"
    workers: Annotated[int | None, processes(placing.GROUP)] = None
    work_dir: Annotated[Path | None, scratch("that of DIR", "the directory for the repaired image")] = None

    def salvaging(self) -> "RestoreOptions":
        """Return the options for restoring files."""
        from pybackup.restore.plan import RestoreOptions

        keeps = values.one_of(_PARTIAL, self.partial) == "keep"
        workers = values.maybe(self.workers, values.positive)
        return RestoreOptions(self.placing(), workers=workers, keep_partial=keeps)


@dataclass(frozen=True)
class StructureRestoreRequest(Placing):
    """The options of `structure_restore`."""

    file: Annotated[Path, Option("a file of structure save, or an archive", "FILE", values.path, argument="1")]
    to: Annotated[Path, _TO]
