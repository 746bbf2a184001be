"""The options of the verbs that check archives, compare them, and forecast what they survive."""

from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass
from typing import Annotated

from . import Option, Path, values
from .shared import ARCHIVE, Watched, Worked, processes

_EXTENT = "how much is checked"
MORE = Option("more archives or volumes", "MORE", values.path, argument="*")


@dataclass(frozen=True, kw_only=True)
class Checking(Worked):
    """How much is checked."""

    deep: Annotated[bool, Option("also decompress every file and check its content's hash", group=_EXTENT)] = False
    workers: Annotated[int | None, processes(_EXTENT)] = None


@dataclass(frozen=True)
class VerifyRequest(Checking):
    """What `verify` checks."""

    archive: Annotated[Path, ARCHIVE]


@dataclass(frozen=True)
class VerifySetRequest(Checking):
    """What `verify_set` checks."""

    archives: Annotated[Path | Iterable[Path], MORE]


@dataclass(frozen=True)
class CompareRequest(Watched):
    """What `compare` compares."""

    archive: Annotated[Path | Iterable[Path], ARCHIVE]
    against: Annotated[
        Path,
        Option(
            "also compare with what was archived, or extracted: content, size, mode, owner, time, type",
            "DIR",
            values.directory,
            group=_EXTENT,
        ),
    ]


@dataclass(frozen=True)
class DiffRequest(Watched):
    """What `diff` compares."""

    old: Annotated[Path, Option("an archive, or a directory of volumes", "OLD", values.path, argument="1")]
    new: Annotated[Path, Option("another one, or the directory as it is now", "NEW", values.path, argument="1")]
    _: KW_ONLY
    checksum: Annotated[bool, Option("compare the content of live files by its hash, not by size and time")] = False


@dataclass(frozen=True)
class ForecastRequest(Watched):
    """What `forecast` tells of."""

    file: Annotated[Path, Option("an archive, or a file with a sidecar", "FILE", values.path, argument="1")]
