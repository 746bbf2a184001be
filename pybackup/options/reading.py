"""The options of the verbs that list and read archives."""

from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass
from typing import Annotated

from . import Path
from .shared import ARCHIVE, AT, CATALOGUE, PATTERNS, Watched, target


@dataclass(frozen=True)
class ListRequest(Watched):
    """The options of `list`."""

    archive: Annotated[Path | Iterable[Path], ARCHIVE]
    patterns: Annotated[Iterable[Path], PATTERNS] = ()
    _: KW_ONLY
    at: Annotated[int | str | None, AT] = None
    catalogue: Annotated[str | None, CATALOGUE] = None


@dataclass(frozen=True)
class ReadRequest(Watched):
    """The options of `read`."""

    archive: Annotated[Path | Iterable[Path], ARCHIVE]
    pattern: Path
    _: KW_ONLY
    work_dir: Path | None = None


@dataclass(frozen=True)
class InfoRequest(Watched):
    """The options of `info`."""

    archive: Annotated[Path, ARCHIVE]


@dataclass(frozen=True)
class UnpackRequest(Watched):
    """The options of `unpack`."""

    archive: Annotated[Path, ARCHIVE]
    to: Annotated[Path, target("where the .7z files go; made")]
