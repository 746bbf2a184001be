"""The options of the verbs that repair archives and volumes, and try that out."""

from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Annotated

from . import Option, Path, values
from .shared import COPIES, MAP, Watched, overwriting, processes, scratch, target

if TYPE_CHECKING:
    from pybackup.check.drill import DrillOptions

# The kinds of damage, as `parity.odds.harm.Model` has them; a test compares.
MODELS = ("flips", "scattered", "burst", "scratches", "start", "end", "both", "truncate", "insert", "delete")


@dataclass(frozen=True)
class RepairRequest(Watched):
    """The options of `repair`; without an output the first copy itself is repaired."""

    copies: Annotated[Path | Iterable[Path], COPIES]
    output: Annotated[Path | None, Option("the file to write", "FIXED", values.path, short="o")] = None
    _: KW_ONLY
    map: Annotated[Iterable[Path], MAP] = ()
    work_dir: Annotated[Path | None, scratch("beside FIXED")] = None
    overwrite: Annotated[bool, overwriting("a file FIXED")] = False


@dataclass(frozen=True)
class RebuildRequest(Watched):
    """The options of `rebuild`."""

    volumes: Annotated[
        Path | Iterable[Path],
        Option("a volume: a file, an image, a device; or a directory of them", "VOLUME", values.path, argument="+"),
    ]
    to: Annotated[Path, target("where the volumes appear; made")]
    _: KW_ONLY
    work_dir: Annotated[Path | None, scratch("DIR")] = None
    overwrite: Annotated[bool, overwriting("what has the name of a volume and is not a whole one,")] = False


@dataclass(frozen=True)
class DrillRequest(Watched):
    """The options of `drill`."""

    file: Annotated[Path, Option("an archive, or a file with a sidecar", "FILE", values.path, argument="1")]
    damage: Annotated[
        Iterable[str], Option("only this kind of damage; may be repeated", choices=MODELS, many=True)
    ] = ()
    _: KW_ONLY
    fraction: Annotated[
        float | str | None, Option("hit this part of the sectors, such as 5%", "P", values.fraction)
    ] = None
    seed: Annotated[int, Option("of the first round (default: 0)", "N", values.natural)] = 0
    rounds: Annotated[int, Option("of each kind, each with a seed of its own (default: 1)", "K", values.positive)] = 1
    work_dir: Annotated[Path | None, scratch("that of the system", "where the copies lie")] = None
    workers: Annotated[int | None, processes("speed")] = None

    def drilling(self) -> "DrillOptions":
        """Return what to drill; by default each kind of damage."""
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
