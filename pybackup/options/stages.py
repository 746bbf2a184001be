"""What may be asked of the verbs for staging."""

import os
from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Annotated

from pybackup.model.medium import MEDIA
from pybackup.stage.values import Comparison, OnFull

from . import Option, Path, values
from .selecting import GROUP as SELECTION
from .shared import Watched, processes

if TYPE_CHECKING:
    from pybackup.parity.stream.geometry import ParityOptions
    from pybackup.selection.rules import Rules

_DISCS, _SCANNING = "discs", "scanning"
_STAGING = Option("the staging directory", "STAGING", values.directory, argument="1")


@dataclass(frozen=True)
class StageInitRequest(Watched):
    """What `stage_init` watches, where what changes goes, and when a disc is full."""

    watched: Annotated[Path, Option("the directory that goes onto discs", "WATCHED", values.directory, argument="1")]
    staging: Annotated[Path, Option("where discs are made ready; made", "DIR", values.path)]
    _: KW_ONLY
    medium: Annotated[
        int | str, Option(f"what a disc takes: {', '.join(MEDIA)}, or a size", "M", values.medium, group=_DISCS)
    ]
    name: Annotated[str, Option("what discs are called, with a number (default: as WATCHED)", "NAME", group=_DISCS)] = (
        ""
    )
    threshold: Annotated[
        float | str,
        Option("close a disc when so much of it is used (default: 75%)", "P", values.fraction, group=_DISCS),
    ] = "75%"
    parity: Annotated[
        str, Option("how much of it may be destroyed and rebuilt (default: 10%)", "P", values.parity, group=_DISCS)
    ] = "10%"
    on_full: Annotated[
        str,
        Option(
            "of a disc that is full: ask leaves it to 'stage close', build makes its image, burn burns that, too "
            "(default: build)",
            choices=tuple(OnFull),
            group=_DISCS,
        ),
    ] = OnFull.BUILD.value
    device: Annotated[Path | None, Option("the drive that burns, as /dev/sr0", "DEV", values.path, group=_DISCS)] = None
    check_every: Annotated[
        int | str, Option("discs are due for a check after so long (default: 2y)", "AGE", values.age, group=_DISCS)
    ] = "2y"
    compare: Annotated[
        str, Option("what counts as changed (default: size+mtime+ctime)", choices=tuple(Comparison), group=_SCANNING)
    ] = Comparison.STATUS.value
    settle: Annotated[
        int | str,
        Option(
            "leave alone what changed within: 30s, 10min, 2h (default: 10min)", "SPAN", values.span, group=_SCANNING
        ),
    ] = "10min"
    exclude: Annotated[
        Iterable[str], Option("leave out, by the rules of .gitignore", "PATTERN", group=SELECTION, many=True)
    ] = ()
    from_disc: Annotated[
        Iterable[Path],
        Option(
            "a disc of this stage, mounted or as an image: what is known of all discs is read from it, where the "
            "staging directory was lost",
            "DISC",
            values.path,
            many=True,
        ),
    ] = ()

    def protection(self) -> "ParityOptions":
        """Return how much parity a disc gets."""
        return protection_of(self.parity)

    def patterns(self) -> tuple[str, ...]:
        """Return what is left out, one pattern each.

        Raises
        ------
        UsageError
            One makes no sense.
        """
        patterns = values.several(self.exclude, "patterns")
        rules_of(patterns)
        return patterns

    def disc_name(self) -> str:
        """Return what discs are called."""
        from pybackup.disc.names import name_for_media

        return name_for_media(os.fsencode(self.name) or os.path.basename(os.path.abspath(values.path(self.watched))))


@dataclass(frozen=True)
class StageRequest(Watched):
    """Which stage it is about."""

    staging: Annotated[Path, _STAGING]


@dataclass(frozen=True)
class StageScanRequest(StageRequest):
    """What `stage_scan` scans."""

    _: KW_ONLY
    workers: Annotated[int | None, processes("")] = None


@dataclass(frozen=True)
class StageCloseRequest(StageRequest):
    """Which disc `stage_close` closes: the one that is open."""

    _: KW_ONLY
    workers: Annotated[int | None, processes("")] = None


@dataclass(frozen=True)
class StageVerifyRequest(StageRequest):
    """What `stage_verify` reads."""

    discs: Annotated[
        Iterable[Path],
        Option(
            "a disc, as a device or an image (default: what is staged, and the images that wait for burning)",
            "DISC",
            values.path,
            argument="*",
        ),
    ] = ()


@dataclass(frozen=True)
class StageLostRequest(StageRequest):
    """Which disc `stage_lost` marks as lost."""

    disc: Annotated[str, Option("its name or number", "DISC", argument="1")]


def protection_of(parity: str) -> "ParityOptions":
    """Return how much parity there is, by what was written down of it."""
    from pybackup.parity.stream.geometry import ParityOptions

    return ParityOptions(values.parity(parity))


def rules_of(patterns: tuple[str, ...]) -> "Rules":
    """Return the rules of what is left out."""
    from pybackup.selection.rules import Rules

    return Rules(exclude=patterns)
