"""The options of the verbs that check and compare archives, and forecast how much damage they survive."""

from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass
from typing import Annotated

from . import Option, Path, values
from .shared import ARCHIVE, Monitored, Parallel, processes

_EXTENT = "how much is checked"
MORE = Option("more archives or volumes", "MORE", values.path, argument="*")


@dataclass(frozen=True, kw_only=True)
class Checking(Parallel):
    """How thoroughly archives are checked."""

    deep: Annotated[bool, Option("also decompress every file and compare its hash", group=_EXTENT)] = False
    workers: Annotated[int | None, processes(_EXTENT)] = None


@dataclass(frozen=True)
class VerifyRequest(Checking):
    """The options of `verify`."""

    archive: Annotated[Path, ARCHIVE]


@dataclass(frozen=True)
class VerifySetRequest(Checking):
    """The options of `verify_set`."""

    archives: Annotated[Path | Iterable[Path], MORE]


@dataclass(frozen=True)
class CompareRequest(Monitored):
    """The options of `compare`."""

    archive: Annotated[Path | Iterable[Path], ARCHIVE]
    against: Annotated[
        Path,
        Option(
            "also compare with the archived or extracted tree: content, size, mode, owner, time, type",
            "DIR",
            values.directory,
            group=_EXTENT,
        ),
    ]


@dataclass(frozen=True)
class DiffRequest(Monitored):
    """The options of `diff`."""

    old: Annotated[Path, Option("an archive, or a directory of volumes", "OLD", values.path, argument="1")]
    new: Annotated[Path, Option("another archive, or the live directory", "NEW", values.path, argument="1")]
    _: KW_ONLY
    checksum: Annotated[bool, Option("compare live files by the hash of their content, not by size and time")] = False


@dataclass(frozen=True)
class ForecastRequest(Monitored):
    """The options of `forecast`."""

    file: Annotated[Path, Option("an archive, or a file with a sidecar", "FILE", values.path, argument="1")]
