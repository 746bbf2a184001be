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
from .shared import AT, CATALOGUE, CHAIN, SOURCES, Monitored, Parallel, overwriting, processes, scratch, target

if TYPE_CHECKING:
    from pybackup.compress.methods import Profile
    from pybackup.make.add_recovery import RecoveryOptions

_PACKING, _VOLUMES, _RECOVERY, _CHAINS = "packing", "volumes", "recovery volumes", "chains"

PACK = ("ordered", "tight")
ONE_FILE_SYSTEM = Option("leave out directories on other file systems than their SRC", group=SELECTION)
COMPRESSION = Option(
    "how hard to compress (default: default)", choices=tuple(level.value for level in Compression), group=_PACKING
)
STORE = Option(
    "suffixes of files that are not compressed, instead of the default list (jpg, mp4, zip, ...); +EXT,... adds to it",
    "EXT,...",
    values.suffixes,
    group=_PACKING,
)


@dataclass(frozen=True, kw_only=True)
class Packing(Parallel):
    """The options for compressing contents."""

    compression: Annotated[Compression | str, COMPRESSION] = Compression.DEFAULT.value
    store: Annotated[str | Iterable[str], STORE] = STORED_SUFFIXES
    segment_size: Annotated[
        int | str | None,
        Option(
            f"split longer files at multiples of this, whole MiB (default: {DEFAULT_SEGMENT_BYTES // MIB}M; "
            "less for small volumes)",
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
            "store only files that are new or changed, by size and time, since this archive; if several have a file, "
            "the last one decides",
            "ARCHIVE",
            values.path,
            group=SELECTION,
            many=True,
        ),
    ] = ()
    skip_known: Annotated[
        bool,
        Option(
            "leave out files that a counted medium in the catalogue has, by name, size and time or by content; "
            "in a chain those that archives hold, and the run records which",
            also=("since_catalogue",),
            group=SELECTION,
        ),
    ] = False
    known_copies: Annotated[
        int | None,
        Option("there: only files that are on at least N media (default: 1)", "N", values.positive, group=SELECTION),
    ] = None
    known_unchecked: Annotated[
        int | str | None,
        Option(
            "there: do not count media last checked longer ago than AGE, such as 2y", "AGE", values.age, group=SELECTION
        ),
    ] = None
    checksum: Annotated[
        bool, Option("in both cases compare files by the hash of their content, not by time", group=SELECTION)
    ] = False
    chain: Annotated[
        str | None,
        Option("make a run of the chain NAME: the next run leaves out what this one holds", "NAME", group=_CHAINS),
    ] = None
    level: Annotated[
        str | None,
        Option(
            "full: everything; differential: what is new since the last full run; incremental: since the last run; "
            "auto (default): incremental, or full where that is impossible or unsafe",
            choices=LEVELS,
            group=_CHAINS,
        ),
    ] = None
    catalogue: Annotated[
        str | None,
        Option(
            "the catalogue that records what is made, and knows the chains; none: no catalogue (default: "
            "$PYBACKUP_CATALOGUE, else your own if it exists; in Python only chains use the default)",
            "URL",
        ),
    ] = None
    delta: Annotated[
        str | None,
        Option(
            "when of a large changed file only the difference from an earlier archive is stored: none, or rules "
            "(default: min_size=1M,max_depth=1,min_saving=50%,base_copies=2)",
            "RULES",
            values.delta,
            group=_CHAINS,
        ),
    ] = None
    one_file_system: Annotated[bool, ONE_FILE_SYSTEM] = False
    overwrite: Annotated[bool, overwriting("archive, sidecar or set of that name")] = False

    def profile(self) -> "Profile":
        """Return the options for compressing contents."""
        return profile_of(self.compression, self.store)

    def skips_known(self) -> bool:
        """Return whether files are left out that media in the catalogue hold.

        Raises
        ------
        UsageError
            An option for it is given without it.
        """
        if not self.skip_known:
            for name, value in (("known_copies", self.known_copies), ("known_unchecked", self.known_unchecked)):
                if value is not None:
                    raise UsageError("has no effect, as no catalogue is asked which files to leave out", option=name)
        return self.skip_known


@dataclass(frozen=True)
class CreateRequest(Making):
    """The options of `create`."""

    sources: Annotated[Path | Iterable[Path], SOURCES]
    output: Annotated[
        Path | None,
        Option(
            "the archive (default: NAME.xtar in this directory, for a single SRC NAME)",
            "OUT.xtar",
            values.path,
            short="o",
        ),
    ] = None
    _: KW_ONLY
    parity_sidecar: Annotated[
        bool, Option("put parity and checksums into OUT.xtar.xpar, not into the archive", group=protecting.GROUP)
    ] = False


@dataclass(frozen=True)
class CreateSetRequest(Making):
    """The options of `create_set`."""

    sources: Annotated[Path | Iterable[Path], SOURCES]
    volumes: Annotated[Path, target("make a set of volumes NAME-001.xtar, NAME-002.xtar, ... in DIR", _VOLUMES)]
    volume_size: Annotated[int | str, Option(f"{', '.join(MEDIA)}, or a size", "SIZE", values.medium, group=_VOLUMES)]
    _: KW_ONLY
    first_volumes: Annotated[
        str | Iterable[int | str],
        Option("sizes of the first volumes, for media that are partly used", "SIZE,...", values.sizes, group=_VOLUMES),
    ] = ()
    recovery_volumes: Annotated[
        int,
        Option(
            "make M recovery volumes too: 'pybackup rebuild' can then restore any M lost volumes",
            "M",
            values.natural,
            group=_VOLUMES,
        ),
    ] = 0
    second_copies: Annotated[
        Fraction | str | None,
        Option(
            "use up to SHARE of each volume, such as 5%, for second copies of the smallest files of the previous one, "
            "so that losing a volume loses fewer files; those of the last volume get none (default: none)",
            "SHARE",
            values.share,
            group=_VOLUMES,
        ),
    ] = None
    name: Annotated[str | None, Option("the name of the set (default: that of SRC)", "NAME", group=_VOLUMES)] = None
    pack: Annotated[
        str,
        Option(
            "tight: if the next file does not fit, fill the volume with later files (default: ordered)",
            choices=PACK,
            group=_VOLUMES,
        ),
    ] = "ordered"
    resume: Annotated[bool, Option("continue after the volumes that an interrupted run finished", group=_VOLUMES)] = (
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
    overwrite: Annotated[bool, overwriting("archive of that name")] = False


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
    overwrite: Annotated[bool, overwriting("sidecar or recovery volume")] = False


@dataclass(frozen=True)
class AddRecoveryVolumesRequest(Monitored):
    """The options of `add_recovery_volumes`."""

    volumes: Annotated[
        Path | Iterable[Path],
        Option("all existing volumes of one set, or archives that are none", "VOLUME", values.path, argument="+"),
    ]
    recovery_volumes: Annotated[
        int, Option("make M more recovery volumes for these volumes or archives", "M", values.positive, group=_RECOVERY)
    ]
    to: Annotated[
        Path | None, target("the directory for them; made if missing (default: that of the first volume)", _RECOVERY)
    ] = None
    _: KW_ONLY
    volume_size: Annotated[
        int | str | None,
        Option(
            "the maximum size of each: cd700, dvd, bd25, ..., or a size (default: that of the largest data volume)",
            "SIZE",
            values.medium,
            group=_RECOVERY,
        ),
    ] = None
    first_number: Annotated[
        int | None,
        Option("the number of the first, if some exist that are not given", "N", values.positive, group=_RECOVERY),
    ] = None
    work_dir: Annotated[Path | None, scratch("the directory for the volumes", group=_RECOVERY)] = None
    overwrite: Annotated[bool, overwriting("sidecar or recovery volume")] = False

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
    overwrite: Annotated[bool, overwriting("structure file")] = False


def profile_of(compression: Compression | str, store: str | Iterable[str]) -> "Profile":
    """Return how contents are compressed: how hard, and which suffixes not at all."""
    from pybackup.compress.methods import Profile

    return Profile(values.choice(Compression, compression), values.suffixes(store))
