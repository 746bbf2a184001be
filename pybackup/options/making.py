"""The options of the verbs that make archives, volumes and sidecars."""

from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated

from pybackup.compress.methods import DEFAULT_SEGMENT_BYTES, MIB, STORED_SUFFIXES, Compression
from pybackup.errors import UsageError
from pybackup.make.levels import LEVELS
from pybackup.model.medium import MEDIA

from . import Option, Path, protecting, values
from .protecting import Protection
from .selecting import GROUP as SELECTION
from .selecting import Selection
from .shared import AT, CATALOGUE, CHAIN, SOURCES, Watched, Worked, overwriting, processes, scratch, target

if TYPE_CHECKING:
    from pybackup.compress.methods import Profile
    from pybackup.make.add_recovery import RecoveryOptions

_PACKING, _VOLUMES, _RECOVERY, _CHAINS = "packing", "volumes", "recovery volumes", "chains"

PACK = ("ordered", "tight")
ONE_FILE_SYSTEM = Option("stay on the file system of each SRC", group=SELECTION)
COMPRESSION = Option(
    "how hard to try (default: default)", choices=tuple(level.value for level in Compression), group=_PACKING
)
STORE = Option(
    "suffixes never compressed, instead of the default list (jpg, mp4, zip, ...); +EXT,... adds to it",
    "EXT,...",
    values.suffixes,
    group=_PACKING,
)


@dataclass(frozen=True, kw_only=True)
class Packing(Worked):
    """The options for compressing contents."""

    compression: Annotated[Compression | str, COMPRESSION] = Compression.DEFAULT.value
    store: Annotated[str | Iterable[str], STORE] = STORED_SUFFIXES
    segment_size: Annotated[
        int | str | None,
        Option(
            f"cut longer files, whole MiB (default: {DEFAULT_SEGMENT_BYTES // MIB}M; less for small volumes)",
            "SIZE",
            values.segment,
            group=_PACKING,
        ),
    ] = None
    comment: Annotated[str, Option("a text that 'info' shows", "TEXT", values.comment, group=_PACKING)] = ""
    workers: Annotated[int | None, processes(_PACKING)] = None
    work_dir: Annotated[Path | None, scratch("beside OUT", group=_PACKING)] = None


@dataclass(frozen=True, kw_only=True)
class Making(Protection, Packing, Selection):
    """The options that single archives and sets have in common."""

    since_archive: Annotated[
        Iterable[Path],
        Option(
            "only what is new or changed, by size and time, since; of several the last with a file decides",
            "ARCHIVE",
            values.path,
            group=SELECTION,
            many=True,
        ),
    ] = ()
    since_catalogue: Annotated[
        bool, Option("only what is on no medium that counts, by name, size and time or by its content", group=SELECTION)
    ] = False
    known_copies: Annotated[
        int | None, Option("there: on fewer media than N (default: 1)", "N", values.positive, group=SELECTION)
    ] = None
    known_unchecked: Annotated[
        int | str | None,
        Option("there: media that were not checked for so long do not count: 2y", "AGE", values.age, group=SELECTION),
    ] = None
    checksum: Annotated[
        bool, Option("in both cases compare the content, by its hash, not the time", group=SELECTION)
    ] = False
    chain: Annotated[
        str | None,
        Option("a run of the chain NAME: the next one leaves out what this one holds", "NAME", group=_CHAINS),
    ] = None
    level: Annotated[
        str | None,
        Option(
            "of the run: everything, what is new since the last full run, or since the last run; auto (default): "
            "incremental, full where that is not possible or not safe",
            choices=LEVELS,
            group=_CHAINS,
        ),
    ] = None
    catalogue: Annotated[
        str | None,
        Option(
            "where what is made is written down, and chains are known; none: nowhere (default: $PYBACKUP_CATALOGUE, "
            "else your own if there; in Python only chains are written down unasked)",
            "URL",
        ),
    ] = None
    delta: Annotated[
        str | None,
        Option(
            "when a large file that changed is stored as what differs from an earlier archive: none, or rules "
            "(default: min_size=1M,max_depth=1,min_saving=50%,base_copies=2)",
            "RULES",
            values.delta,
            group=_CHAINS,
        ),
    ] = None
    one_file_system: Annotated[bool, ONE_FILE_SYSTEM] = False
    overwrite: Annotated[bool, overwriting("an archive, a sidecar or volumes of that name")] = False

    def profile(self) -> "Profile":
        """Return the options for compressing contents."""
        return profile_of(self.compression, self.store)

    def asks_catalogue(self) -> bool:
        """Return whether what is safe on known media is left out.

        Raises
        ------
        UsageError
            That is asked beside a chain or earlier archives, or only how it is judged.
        """
        if not self.since_catalogue:
            for name, value in (("known_copies", self.known_copies), ("known_unchecked", self.known_unchecked)):
                if value is not None:
                    raise UsageError("is about the files that a catalogue knows, and none is asked", option=name)
        elif self.chain is not None or values.paths(self.since_archive):
            raise UsageError(
                "what is left out then is told by no archive, and a chain tells of all files",
                option="since_catalogue",
                hint="goes with no chain and no earlier archive",
            )
        return self.since_catalogue


@dataclass(frozen=True)
class CreateRequest(Making):
    """The options of `create`."""

    sources: Annotated[Path | Iterable[Path], SOURCES]
    output: Annotated[
        Path | None,
        Option("the archive (default: NAME.xtar here, of one SRC)", "OUT.xtar", values.path, short="o"),
    ] = None
    _: KW_ONLY
    parity_sidecar: Annotated[
        bool, Option("put parity and checksums into OUT.xtar.xpar, not into the archive", group=protecting.GROUP)
    ] = False


@dataclass(frozen=True)
class CreateSetRequest(Making):
    """The options of `create_set`."""

    sources: Annotated[Path | Iterable[Path], SOURCES]
    volumes: Annotated[Path, target("make a set of volumes in DIR, NAME-001.xtar and so on", _VOLUMES)]
    volume_size: Annotated[int | str, Option(f"{', '.join(MEDIA)}, or a size", "SIZE", values.medium, group=_VOLUMES)]
    _: KW_ONLY
    first_volumes: Annotated[
        str | Iterable[int | str],
        Option("sizes of the first volumes, for media that are used in part", "SIZE,...", values.sizes, group=_VOLUMES),
    ] = ()
    recovery_volumes: Annotated[
        int,
        Option(
            "make M more volumes: any M lost ones of all are brought back by 'pybackup rebuild'",
            "M",
            values.natural,
            group=_VOLUMES,
        ),
    ] = 0
    second_copies: Annotated[
        Fraction | str | None,
        Option(
            "give up to SHARE of each volume, such as 5%, to second copies of the smallest files of the one before: "
            "the loss of one then costs fewer files; those of the last have no second copy (default: none)",
            "SHARE",
            values.share,
            group=_VOLUMES,
        ),
    ] = None
    name: Annotated[str | None, Option("of the set (default: that of SRC)", "NAME", group=_VOLUMES)] = None
    pack: Annotated[
        str,
        Option(
            "tight: fill up with later files where the next does not fit (default: ordered)",
            choices=PACK,
            group=_VOLUMES,
        ),
    ] = "ordered"
    resume: Annotated[bool, Option("go on behind the volumes that an interrupted run has finished", group=_VOLUMES)] = (
        False
    )


@dataclass(frozen=True)
class ChainMergeRequest(Protection, Packing):
    """The options of `chain_merge`."""

    chain: Annotated[Path | Iterable[Path], CHAIN]
    output: Annotated[Path, Option("the archive", "OUT.xtar", values.path, short="o")]
    more: Annotated[Iterable[Path], Option("more archives", "MORE", values.path, argument="*")] = ()
    _: KW_ONLY
    at: Annotated[int | str | None, AT] = None
    catalogue: Annotated[str | None, CATALOGUE] = None
    overwrite: Annotated[bool, overwriting("an archive of that name")] = False


@dataclass(frozen=True)
class ProtectRequest(Protection):
    """The options of `protect`."""

    file: Annotated[Path, Option("any file, image or device", "FILE", values.path, argument="1")]
    output: Annotated[
        Path | None,
        Option("the sidecar (default: FILE.xpar)", "FILE.xpar", values.path, short="o"),
    ] = None
    _: KW_ONLY
    work_dir: Annotated[Path | None, scratch("beside the sidecar", group=protecting.GROUP)] = None
    overwrite: Annotated[bool, overwriting("a sidecar or recovery volumes")] = False


@dataclass(frozen=True)
class AddRecoveryVolumesRequest(Watched):
    """The options of `add_recovery_volumes`."""

    volumes: Annotated[
        Path | Iterable[Path], Option("all volumes of one set that there are", "VOLUME", values.path, argument="+")
    ]
    recovery_volumes: Annotated[
        int, Option("make M more for the set of these volumes", "M", values.positive, group=_RECOVERY)
    ]
    to: Annotated[Path | None, target("where they appear; made (default: beside the first volume)", _RECOVERY)] = None
    _: KW_ONLY
    volume_size: Annotated[
        int | str | None,
        Option(
            "what each has to fit: cd700, dvd, bd25, ..., or a size (default: that of the largest data volume)",
            "SIZE",
            values.medium,
            group=_RECOVERY,
        ),
    ] = None
    first_number: Annotated[
        int | None,
        Option("number of the first, where some exist that are not here", "N", values.positive, group=_RECOVERY),
    ] = None
    work_dir: Annotated[Path | None, scratch("where they appear", group=_RECOVERY)] = None
    overwrite: Annotated[bool, overwriting("a sidecar or recovery volumes")] = False

    def recovery(self) -> "RecoveryOptions":
        """Return which recovery volumes to make."""
        from pybackup.make.add_recovery import RecoveryOptions

        return RecoveryOptions(
            values.positive(self.recovery_volumes),
            values.maybe(self.to, values.path),
            values.maybe(self.volume_size, values.medium),
            values.maybe(self.first_number, values.positive),
            values.maybe(self.work_dir, values.directory),
            self.overwrite,
        )


@dataclass(frozen=True)
class StructureSaveRequest(Selection):
    """The options of `structure_save`."""

    sources: Annotated[Path | Iterable[Path], SOURCES]
    output: Annotated[Path, Option("the file to write", "FILE", values.path, short="o")]
    _: KW_ONLY
    overwrite: Annotated[bool, overwriting("a structure")] = False


def profile_of(compression: Compression | str, store: str | Iterable[str]) -> "Profile":
    """Return how contents are compressed: how hard, and which suffixes never."""
    from pybackup.compress.methods import Profile

    return Profile(values.choice(Compression, compression), values.suffixes(store))
