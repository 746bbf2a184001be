"""The options of the verbs for staging."""

import os
from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Annotated

from pybackup.model.medium import MEDIA
from pybackup.stage.values import Comparison, OnFull

from . import Option, Path, values
from .selecting import GROUP as SELECTION
from .shared import Monitored, processes

if TYPE_CHECKING:
    from pybackup.parity.stream.geometry import ParityOptions
    from pybackup.selection.rules import Rules

_DISCS, _SCANNING = "discs", "scanning"
_STAGING = Option("the staging directory", "STAGING", values.directory, argument="1")


@dataclass(frozen=True)
class StageInitRequest(Monitored):
    """The options of `stage_init`: the directory to watch, where files for discs are collected, when a disc is full."""

    watched: Annotated[Path, Option("the directory to watch", "WATCHED", values.directory, argument="1")]
    staging: Annotated[Path, Option("the new staging directory, where discs are prepared", "DIR", values.path)]
    _: KW_ONLY
    medium: Annotated[
        int | str, Option(f"the kind of disc: {', '.join(MEDIA)}, or a size", "M", values.medium, group=_DISCS)
    ]
    name: Annotated[
        str, Option("the name of the discs, without their number (default: that of WATCHED)", "NAME", group=_DISCS)
    ] = ""
    threshold: Annotated[
        float | str,
        Option("the used fraction at which a disc counts as full (default: 75%)", "P", values.fraction, group=_DISCS),
    ] = "75%"
    parity: Annotated[
        str, Option("how much damage of a disc can be repaired (default: 10%)", "P", values.parity, group=_DISCS)
    ] = "10%"
    on_full: Annotated[
        str,
        Option(
            "what to do when a disc is full: ask: wait for 'stage close'; build: make its image; burn: also burn it "
            "(default: build)",
            choices=tuple(OnFull),
            group=_DISCS,
        ),
    ] = OnFull.BUILD.value
    device: Annotated[
        Path | None, Option("the drive that burns, such as /dev/sr0", "DEV", values.path, group=_DISCS)
    ] = None
    recovery_every: Annotated[
        int | None,
        Option(
            "after so many discs, make recovery discs from which lost ones of them can be rebuilt (default: never)",
            "N",
            values.positive,
            group=_DISCS,
        ),
    ] = None
    recovery_volumes: Annotated[
        int, Option("how many recovery discs are made then (default: 1)", "K", values.positive, group=_DISCS)
    ] = 1
    check_every: Annotated[
        int | str,
        Option("how long after a check a disc is due for the next (default: 2y)", "AGE", values.age, group=_DISCS),
    ] = "2y"
    compare: Annotated[
        str,
        Option(
            "by what a changed file is recognised (default: size+mtime+ctime)",
            choices=tuple(Comparison),
            group=_SCANNING,
        ),
    ] = Comparison.STATUS.value
    settle: Annotated[
        int | str,
        Option(
            "leave out files that changed less than this ago: 30s, 10min, 2h (default: 10min)",
            "SPAN",
            values.span,
            group=_SCANNING,
        ),
    ] = "10min"
    exclude: Annotated[
        Iterable[str], Option("leave out, by the rules of .gitignore", "PATTERN", group=SELECTION, many=True)
    ] = ()
    from_disc: Annotated[
        Iterable[Path],
        Option(
            "if the staging directory was lost: a disc of this stage, mounted or as an image, from which the history "
            "of all discs is read",
            "DISC",
            values.path,
            many=True,
        ),
    ] = ()

    def protection(self) -> "ParityOptions":
        """Return how much parity each disc gets."""
        return protection_of(self.parity)

    def patterns(self) -> tuple[str, ...]:
        """Return the patterns for files to leave out.

        Raises
        ------
        UsageError
            A pattern is invalid.
        """
        patterns = values.several(self.exclude, "patterns")
        rules_of(patterns)
        return patterns

    def disc_name(self) -> str:
        """Return the name of the discs, without a number."""
        from pybackup.disc.names import name_for_media

        return name_for_media(os.fsencode(self.name) or os.path.basename(os.path.abspath(values.path(self.watched))))


@dataclass(frozen=True)
class StageRequest(Monitored):
    """The options of `stage_status`, and the argument that all verbs for an existing stage share."""

    staging: Annotated[Path, _STAGING]


@dataclass(frozen=True)
class StageScanRequest(StageRequest):
    """The options of `stage_scan`."""

    _: KW_ONLY
    workers: Annotated[int | None, processes("")] = None


@dataclass(frozen=True)
class StageCloseRequest(StageRequest):
    """The options of `stage_close`, which closes the open disc."""

    _: KW_ONLY
    workers: Annotated[int | None, processes("")] = None


@dataclass(frozen=True)
class StageVerifyRequest(StageRequest):
    """The options of `stage_verify`."""

    discs: Annotated[
        Iterable[Path],
        Option(
            "a disc, as a device or an image (default: the staged files, and images not yet burnt)",
            "DISC",
            values.path,
            argument="*",
        ),
    ] = ()


@dataclass(frozen=True)
class StageLostRequest(StageRequest):
    """The options of `stage_lost`."""

    disc: Annotated[str, Option("its name or number", "DISC", argument="1")]


def protection_of(parity: str) -> "ParityOptions":
    """Return the options of parity for an amount such as ``10%``."""
    from pybackup.parity.stream.geometry import ParityOptions

    return ParityOptions(values.parity(parity))


def rules_of(patterns: tuple[str, ...]) -> "Rules":
    """Return the rules for leaving out what matches the patterns."""
    from pybackup.selection.rules import Rules

    return Rules(exclude=patterns)
