"""Options that several verbs have, each declared once."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import Option, values

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from pybackup.monitor import Monitor


def scratch(where: str, what: str = "the directory for temporary files", group: str = "") -> Option:
    """Return the option for the directory of unfinished files; ``where`` describes the default."""
    return Option(f"{what} (default: {where})", "DIR", values.directory, group=group)


def overwriting(what: str) -> Option:
    """Return the option to replace an existing ``what``, which never happens otherwise."""
    return Option(f"replace {what} that exists already")


def processes(group: str) -> Option:
    """Return the option for the number of processes."""
    return Option("how many processes (default: one per processor)", "N", values.positive, group=group)


def target(help: str, group: str = "") -> Option:
    """Return the option for the directory of results."""
    return Option(help, "DIR", values.path, group=group)


ARCHIVE = Option("the archive, or a volume of a set", "ARCHIVE", values.path, argument="1")
CHAIN = Option(
    "a chain of the catalogue; or an archive, or a directory of volumes", "CHAIN|ARCHIVE", values.path, argument="1"
)
AT = Option(
    "the time of the tree: 2026-01-31, '2026-01-31 18:30', '2 weeks ago', @SECONDS, oldest (default: newest)",
    "TIME",
    values.until,
)
CATALOGUE = Option(
    "the catalogue that knows the chain: a SQLite file, or postgresql://..., mariadb://... (default: "
    "$PYBACKUP_CATALOGUE, else your own if there is one)",
    "URL",
)
PATTERNS = Option("further volumes; patterns for what is wanted", "MORE|PATTERN", values.path, argument="*")
SOURCES = Option("directories and files, kept under their names", "SRC", values.path, argument="*")
VOLUMES = Option("an archive, or a directory of volumes", "VOLUME", values.path, argument="+")
COPIES = Option("a file, a device, or a directory of pieces", "COPY", values.path, argument="+")
MAP = Option("the map that ddrescue wrote with a COPY; one for each, in their order", "FILE", values.path, many=True)


@dataclass(frozen=True, kw_only=True)
class Watched:
    """The parameters that only functions in Python have.

    Attributes
    ----------
    monitor
        Hears of problems and of progress; None for a `ProblemWarning` for each problem.
    """

    monitor: "Monitor | None" = None


@dataclass(frozen=True, kw_only=True)
class Worked(Watched):
    """The parameters that only functions in Python have, of verbs that use several processes.

    Attributes
    ----------
    executor
        Runs the work instead of processes of its own.
    """

    executor: "Executor | None" = None
