"""The options of the verbs for discs."""

from collections.abc import Collection, Iterable
from dataclasses import KW_ONLY, dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated

from pybackup.compress.methods import STORED_SUFFIXES, Compression
from pybackup.model.medium import MEDIA

from . import Option, Path, values
from .making import COMPRESSION, ONE_FILE_SYSTEM, STORE, profile_of
from .protecting import Protection
from .selecting import Selection
from .shared import SOURCES, VOLUMES, Monitored, overwriting, processes, scratch, target

if TYPE_CHECKING:
    from pybackup.compress.methods import Profile
    from pybackup.disc.burn import BurnOptions
    from pybackup.disc.plan_build import BuildOptions

_SHAPES = {"disc": ("disc",), "case": ("case",), "both": ("disc", "case")}
_DISCS, _BURNING = "discs", "burning"


@dataclass(frozen=True)
class DiscPlanRequest(Protection, Selection):
    """The options of `disc_plan`."""

    sources: Annotated[Path | Iterable[Path], SOURCES]
    volume_size: Annotated[
        int | str,
        Option(
            f"the capacity of discs: {', '.join(MEDIA)}, or a size (default: each of these)",
            "M",
            values.medium,
            group=_DISCS,
        ),
    ]
    _: KW_ONLY
    first_volumes: Annotated[
        str | Iterable[int | str],
        Option(
            "the capacities of the first discs, if partly used ones come first", "M,...", values.sizes, group=_DISCS
        ),
    ] = ()
    recovery_volumes: Annotated[int, Option("plan N recovery volumes too", "N", values.natural, group=_DISCS)] = 0
    second_copies: Annotated[
        Fraction | str | None,
        Option(
            "use up to SHARE of each disc, such as 5%, for second copies, as for create (default: none)",
            "SHARE",
            values.share,
            group=_DISCS,
        ),
    ] = None
    one_file_system: Annotated[bool, ONE_FILE_SYSTEM] = False
    compression: Annotated[Compression | str, replace(COMPRESSION, help="as for create (default: default)")] = (
        Compression.DEFAULT.value
    )
    store: Annotated[str | Iterable[str], replace(STORE, help="as for create")] = STORED_SUFFIXES
    workers: Annotated[int | None, processes("packing")] = None

    def profile(self) -> "Profile":
        """Return the options for compressing contents."""
        return profile_of(self.compression, self.store)


@dataclass(frozen=True)
class DiscBuildRequest(Monitored):
    """The options of `disc_build`."""

    volumes: Annotated[Path | Iterable[Path], VOLUMES]
    to: Annotated[Path, target("the directory for images; made if missing")]
    _: KW_ONLY
    medium: Annotated[
        int | str | None,
        Option(
            f"the capacity of the disc: {', '.join(MEDIA)}, or a size (default: the size the volume was made for)",
            "M",
            values.medium,
            group=_DISCS,
        ),
    ] = None
    parity: Annotated[
        str | None,
        Option(
            "as for create, computed anew over the whole image; fill: use all space left on the disc "
            "(default: the parity of the volume, extended to the image)",
            "P",
            values.parity,
            group=_DISCS,
        ),
    ] = None
    group_sectors: Annotated[
        int | None,
        Option(
            "sectors per parity group, computed anew; larger groups survive a little more and need more memory "
            "(default: as the volume, or small groups)",
            "N",
            values.positive,
            group=_DISCS,
        ),
    ] = None
    carry_catalogue: Annotated[
        Path | None,
        Option(
            "put this file of 'catalogue export' on the disc, with the places, states and checks of all media "
            "(default: a catalogue of the set so far)",
            "FILE",
            values.path,
            group=_DISCS,
        ),
    ] = None
    work_dir: Annotated[Path | None, scratch("DIR", "the directory for unfinished images", _DISCS)] = None
    overwrite: Annotated[bool, overwriting("disc image")] = False

    def building(self) -> "BuildOptions":
        """Return the options for building an image."""
        from pybackup.disc.plan_build import BuildOptions

        return BuildOptions(
            values.maybe(self.medium, values.medium),
            values.maybe(self.parity, values.parity),
            values.maybe(self.group_sectors, values.positive),
            values.maybe(self.work_dir, values.directory),
            self.overwrite,
            values.maybe(self.carry_catalogue, values.path),
        )


@dataclass(frozen=True)
class DiscBurnRequest(Monitored):
    """The options of `disc_burn`."""

    image: Annotated[Path, Option("an image made by disc build", "IMAGE", values.path, argument="1")]
    device: Annotated[Path, Option("the drive, such as /dev/sr0", "DEV", values.path)]
    _: KW_ONLY
    speed: Annotated[
        int | None,
        Option("the writing speed, 8 for 8x (default: chosen by the drive)", "N", values.positive, group=_BURNING),
    ] = None
    overwrite: Annotated[
        bool,
        Option(
            "burn over what is on the medium, which is erased first if necessary; never over a disc of this run",
            also=("erase",),
            group=_BURNING,
        ),
    ] = False
    force: Annotated[bool, Option("burn even a file that 'disc build' did not make", group=_BURNING)] = False
    verify: Annotated[bool, Option("read the disc back and compare", group=_BURNING)] = False
    no_eject: Annotated[bool, Option("leave the disc in the drive at the end", group=_BURNING)] = False

    def burning(self, kept: Collection[bytes] = ()) -> "BurnOptions":
        """Return the options for burning; ``kept`` are the ids of archives that must not be overwritten."""
        from pybackup.disc.burn import BurnOptions

        speed = values.maybe(self.speed, values.positive)
        return BurnOptions(None if speed is None else str(speed), self.overwrite, kept, self.force)


@dataclass(frozen=True)
class DiscCheckRequest(Monitored):
    """The options of `disc_check`."""

    discs: Annotated[
        Path | Iterable[Path],
        Option("a device, an image, an archive, or a directory of them", "DISC", values.path, argument="+"),
    ]


@dataclass(frozen=True)
class DiscLabelRequest(Monitored):
    """The options of `disc_label`."""

    volumes: Annotated[Path | Iterable[Path], VOLUMES]
    to: Annotated[Path, target("the directory for labels; made if missing")]
    _: KW_ONLY
    shape: Annotated[str, Option("which label to make (default: both)", choices=tuple(_SHAPES))] = "both"
    discs: Annotated[
        int | None, Option("how many discs the set has (default: as its last volume says)", "N", values.positive)
    ] = None
    overwrite: Annotated[bool, overwriting("label")] = False

    def shapes(self) -> tuple[str, ...]:
        """Return the shapes of labels to make: ``disc``, ``case``, or both."""
        return _SHAPES[values.one_of(tuple(_SHAPES), self.shape)]
