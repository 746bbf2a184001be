"""The options of the verbs that repair archives and volumes, and of the drill that tests repairing."""

from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Annotated

from . import Option, Path, values
from .shared import COPIES, MAP, Monitored, overwriting, processes, scratch, target

if TYPE_CHECKING:
    from pybackup.check.drill import DrillOptions

# The kinds of damage, those of `parity.odds.harm.Model`; a test compares the two.
MODELS = ("flips", "scattered", "burst", "scratches", "start", "end", "both", "truncate", "insert", "delete")


@dataclass(frozen=True)
class RepairRequest(Monitored):
    """The options of `repair`; without an output, the first copy is repaired in place."""

    copies: Annotated[Path | Iterable[Path], COPIES]
    output: Annotated[Path | None, Option("the file to write", "FIXED", values.path, short="o")] = None
    _: KW_ONLY
    map: Annotated[Iterable[Path], MAP] = ()
    work_dir: Annotated[Path | None, scratch("beside FIXED")] = None
    overwrite: Annotated[bool, overwriting("file FIXED")] = False


@dataclass(frozen=True)
class RebuildRequest(Monitored):
    """The options of `rebuild`."""

    volumes: Annotated[
        Path | Iterable[Path],
        Option(
            "a volume or covered archive: a file, an image, a device; or a directory of them",
            "VOLUME",
            values.path,
            argument="+",
        ),
    ]
    to: Annotated[Path, target("the directory for the volumes; made if missing")]
    _: KW_ONLY
    work_dir: Annotated[Path | None, scratch("DIR")] = None
    overwrite: Annotated[bool, overwriting("file that has the name of a volume but is not intact")] = False


@dataclass(frozen=True)
class DrillRequest(Monitored):
    """The options of `drill`."""

    file: Annotated[Path, Option("an archive, or a file with a sidecar", "FILE", values.path, argument="1")]
    damage: Annotated[
        Iterable[str], Option("only this kind of damage; may be repeated", choices=MODELS, many=True)
    ] = ()
    _: KW_ONLY
    fraction: Annotated[
        float | str | None, Option("damage this fraction of the sectors, such as 5%", "P", values.fraction)
    ] = None
    seed: Annotated[int, Option("seed of the random numbers of the first round (default: 0)", "N", values.natural)] = 0
    rounds: Annotated[
        int, Option("rounds per kind of damage, each with its own seed (default: 1)", "K", values.positive)
    ] = 1
    work_dir: Annotated[Path | None, scratch("that of the system", "the directory for damaged copies")] = None
    workers: Annotated[int | None, processes("speed")] = None

    def drilling(self) -> "DrillOptions":
        """Return the options of the drill; by default each kind of damage is tried."""
        from pybackup.check.drill import DrillOptions
        from pybackup.parity.odds.harm import Model

        models = dict.fromkeys(values.several(self.damage, "kinds of damage")) or MODELS
        return DrillOptions(
            tuple(values.choice(Model, model) for model in models),
            values.maybe(self.fraction, values.fraction),
            values.natural(self.seed),
            values.positive(self.rounds),
            values.maybe(self.work_dir, values.directory),
            values.maybe(self.workers, values.positive),
        )
