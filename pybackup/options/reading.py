"""The options of the verbs that list and read archives."""

from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass
from typing import Annotated

from . import Option, Path, values
from .shared import ARCHIVE, AT, CATALOGUE, PATTERNS, Monitored, target


@dataclass(frozen=True)
class ListRequest(Monitored):
    """The options of `list`."""

    archive: Annotated[Path | Iterable[Path], ARCHIVE]
    patterns: Annotated[Iterable[Path], PATTERNS] = ()
    _: KW_ONLY
    at: Annotated[int | str | None, AT] = None
    catalogue: Annotated[str | None, CATALOGUE] = None


@dataclass(frozen=True)
class ReadRequest(Monitored):
    """The options of `read`."""

    archive: Annotated[Path | Iterable[Path], ARCHIVE]
    pattern: Path
    _: KW_ONLY
    work_dir: Path | None = None


@dataclass(frozen=True)
class InfoRequest(Monitored):
    """The options of `info`."""

    archive: Annotated[Path, ARCHIVE]


@dataclass(frozen=True)
class MountRequest(Monitored):
    """The options of `mount`."""

    archives: Annotated[
        Path | Iterable[Path],
        Option(
            "an archive, volumes of a set, archives of a chain, or directories of these; or a chain of the catalogue",
            "ARCHIVE|CHAIN",
            values.path,
            argument="+",
        ),
    ]
    directory: Annotated[Path, Option("an empty directory to mount at", "DIR", values.directory, argument="1")]
    _: KW_ONLY
    allow_other: Annotated[
        bool, Option("let other users read it too, by modes and owners (needs user_allow_other in /etc/fuse.conf)")
    ] = False
    catalogue: Annotated[str | None, CATALOGUE] = None


@dataclass(frozen=True)
class UnpackRequest(Monitored):
    """The options of `unpack`."""

    archive: Annotated[Path, ARCHIVE]
    to: Annotated[Path, target("the directory for the .7z files; made if missing")]
