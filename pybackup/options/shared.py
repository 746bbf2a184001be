"""Options that several verbs share, each declared once."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import Option, values

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from pybackup.monitor import Monitor


def scratch(where: str, what: str = "the directory for temporary files", group: str = "") -> Option:
    """Return the option for the directory ``what``; ``where`` describes its default in the help."""
    return Option(f"{what} (default: {where})", "DIR", values.directory, group=group)


def overwriting(what: str) -> Option:
    """Return the option to replace an existing ``what``, which is refused without it."""
    return Option(f"replace an existing {what}")


def processes(group: str) -> Option:
    """Return the option for the number of processes."""
    return Option("the number of processes (default: one per processor)", "N", values.positive, group=group)


def target(help: str, group: str = "") -> Option:
    """Return the option for the directory that results are written to."""
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
    "$PYBACKUP_CATALOGUE, else your own if it exists)",
    "URL",
)
PATTERNS = Option("further volumes, and patterns for the files wanted", "MORE|PATTERN", values.path, argument="*")
SOURCES = Option("directories and files, stored under their base names", "SRC", values.path, argument="*")
VOLUMES = Option("an archive, or a directory of volumes", "VOLUME", values.path, argument="+")
COPIES = Option("a file, a device, or a directory of pieces", "COPY", values.path, argument="+")
MAP = Option(
    "the map file that ddrescue wrote for a COPY; one for each COPY, in the same order", "FILE", values.path, many=True
)


@dataclass(frozen=True, kw_only=True)
class Monitored:
    """The parameter that all functions have in Python, but not on the command line.

    Attributes
    ----------
    monitor
        Is told of problems and progress; None to get a `ProblemWarning` for each problem instead.
    """

    monitor: "Monitor | None" = None


@dataclass(frozen=True, kw_only=True)
class Parallel(Monitored):
    """The parameters that functions using several processes have in Python, but not on the command line.

    Attributes
    ----------
    executor
        Does the work instead of processes started for it.
    """

    executor: "Executor | None" = None
