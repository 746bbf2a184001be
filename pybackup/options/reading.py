"""What may be asked of the verbs that read an archive as it is."""

from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass
from typing import Annotated

from . import Path
from .shared import ARCHIVE, AT, CATALOGUE, PATTERNS, Watched, target


@dataclass(frozen=True)
class ListRequest(Watched):
    """What `list` shows."""

    archive: Annotated[Path | Iterable[Path], ARCHIVE]
    patterns: Annotated[Iterable[Path], PATTERNS] = ()
    _: KW_ONLY
    at: Annotated[int | str | None, AT] = None
    catalogue: Annotated[str | None, CATALOGUE] = None


@dataclass(frozen=True)
class ReadRequest(Watched):
    """Which content `read` gives."""

    archive: Annotated[Path | Iterable[Path], ARCHIVE]
    pattern: Path
    _: KW_ONLY
    work_dir: Path | None = None


@dataclass(frozen=True)
class InfoRequest(Watched):
    """What `info` tells of."""

    archive: Annotated[Path, ARCHIVE]


@dataclass(frozen=True)
class UnpackRequest(Watched):
    """What `unpack` expands, and where to."""

    archive: Annotated[Path, ARCHIVE]
    to: Annotated[Path, target("where the .7z files go; made")]
