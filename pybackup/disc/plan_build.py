"""The plan of a disc image: a volume, the files that let anybody read it, and one parity stream over all of these."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib import resources

from pybackup.archive.suffixes import IMAGE_SUFFIX
from pybackup.errors import UsageError
from pybackup.host.check_outputs import check_outputs
from pybackup.host.storage import ArchiveFile
from pybackup.layout.guard import Geometry
from pybackup.media import texts
from pybackup.media.iso import DiscFile, Layout, lay_out
from pybackup.model.medium import MEDIA
from pybackup.parity.stream.amount import Amount
from pybackup.parity.stream.find import glance

from .catalogue import PACKED, DiscCatalogue, disc_catalogue
from .names import DiscNames
from .own_source import SUFFIX as PROGRAM_SUFFIX
from .own_source import OwnSource, own_source
from .parity import DiscParity, plan_parity
from .series import DiscSeries
from .volume import DiscVolume, index_lines, open_volume

_VOLUME_IDENTIFIER = "VOLUME.XTAR"
# "_" sorts after all letters in ISO 9660, and files lie in the image in that order: the parity comes last.
_PARITY_IDENTIFIER = "_PARITY.XPR"
_IDENTIFIERS = {texts.INDEX_NAME: "INDEX.GZ", texts.PARITY_NAME: _PARITY_IDENTIFIER, PACKED: "CATALOGUE.XZ"}
_PROGRAM_IDENTIFIER = "PYBACKUP.TBZ"
# Where the disc is short of room, adding the catalogue or the program must leave at least this fraction of the parity.
_LEAST_LEFT = 0.95
_SUM_BYTES = 2 * hashlib.sha256().digest_size


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """How an image is built.

    Attributes
    ----------
    medium_bytes
        Capacity of the disc in bytes; None for the volume size recorded in the volume, if there is one.
    parity
        How much parity the image gets; None for as much as the volume was made with.
    group_sectors
        The maximum number of sectors in a parity group, to which memory is in proportion; None for the group size of
        the volume's own parity.
    work_dir
        Directory for temporary files; None for the directory of the image, and the system's for the catalogue.
    overwrite
        Replace an existing disc image of the same name.
    carried
        Path of an exported catalogue to put on the disc; None for a catalogue made of this volume and earlier ones.
    series
        The series that the disc belongs to; None to name the disc by the set of its volume.
    """

    medium_bytes: int | None = None
    parity: Amount | None = None
    group_sectors: int | None = None
    work_dir: bytes | None = None
    overwrite: bool = False
    carried: bytes | None = None
    series: DiscSeries | None = None


@dataclass(frozen=True, slots=True)
class BuildPlan:
    """What an image will consist of.

    Attributes
    ----------
    output
        Path of the image.
    small
        Content by name of the files beside the volume. The checksums in SHA256SUMS are still zeros: only the length of
        that file is known before the volume is read.
    medium_bytes
        Capacity of the disc in bytes; None if it is not known.
    outgrown_bytes
        The volume size that the image exceeds, in bytes, where that size is no capacity of a disc (``2G``, say) and
        therefore does not limit the image; else 0.
    """

    volume: DiscVolume
    output: bytes
    parity: DiscParity
    small: Mapping[str, bytes]
    medium_bytes: int | None
    work_dir: bytes | None
    overwrite: bool
    outgrown_bytes: int = 0

    @property
    def layout(self) -> Layout:
        """Where each file lies in the image."""
        return self.parity.layout

    @property
    def geometry(self) -> Geometry:
        """The geometry of the image's parity stream."""
        return self.parity.geometry


def plan_build(path: bytes, directory: bytes, options: BuildOptions, names: DiscNames | None = None) -> BuildPlan:
    """Plan the image ``directory/NAME.iso`` of a volume; no file is written yet.

    Parameters
    ----------
    path
        The volume.
    names
        The names already given to images of this run, so that no two are the same; None for a run with one image.

    Raises
    ------
    UsageError
        The volume does not exist, or does not fit the disc; or a file that is no disc image has the image's name.
    Exists
        An image of this name exists.
    Damaged
        The volume is damaged.
    """
    volume = open_volume(path, disc=options.series.disc if options.series else "")
    output = os.path.join(directory, os.fsencode((names or DiscNames()).take(volume.stem)) + IMAGE_SUFFIX)
    _check_output(output, overwrite=options.overwrite)
    said = volume.info.volume_bytes if volume.info else 0
    medium = options.medium_bytes or said or None
    outgrown = 0
    try:
        small, parity = _fitted(volume, medium, options)
    except UsageError:
        # The size given when the volume was made limited a file, not a disc: the files beside the volume exceed it.
        if options.medium_bytes or not said or said in MEDIA.values():
            raise
        medium, outgrown = None, said
        small, parity = _fitted(volume, medium, options)
    return BuildPlan(volume, output, parity, small, medium, options.work_dir, options.overwrite, outgrown)


def _fitted(volume: DiscVolume, medium: int | None, options: BuildOptions) -> tuple[dict[str, bytes], DiscParity]:
    """Plan the files and the parity of an image, with a catalogue and the program unless they cost too much parity."""

    def plan(catalogue: DiscCatalogue, program: OwnSource | None) -> tuple[dict[str, bytes], DiscParity]:
        small = _small_files(volume, catalogue, program, options.series)
        parity = plan_parity(
            volume,
            lambda stream_bytes: _laid(volume, small, stream_bytes),
            medium_bytes=medium,
            amount=options.parity,
            group_sectors=options.group_sectors,
        )
        return small, parity

    def is_worth(more: DiscParity, best: DiscParity) -> bool:
        return medium is None or more.share >= _LEAST_LEFT * best.share

    best, told = plan(DiscCatalogue(), None), DiscCatalogue()
    catalogue = disc_catalogue(volume, medium, options.work_dir or tempfile.gettempdirb(), options.carried)
    if options.carried is not None:
        best, told = plan(catalogue, None), catalogue
    elif catalogue.name:
        with suppress(UsageError):
            with_it = plan(catalogue, None)
            # With a catalogue the volume's parity may no longer be extensible to the image; computing parity anew
            # would take most of the time of a build.
            if is_worth(with_it[1], best[1]) and with_it[1].grown == best[1].grown:
                best, told = with_it, catalogue
    with suppress(UsageError):
        with_it = plan(told, own_source())
        if is_worth(with_it[1], best[1]):
            best = with_it
    return best


def _laid(volume: DiscVolume, small: Mapping[str, bytes], stream_bytes: int) -> Layout:
    files = [DiscFile(name, _identifier(name), len(content)) for name, content in small.items()]
    files.append(DiscFile(volume.name, _VOLUME_IDENTIFIER, volume.file_bytes))
    files.append(DiscFile(texts.PARITY_NAME, _PARITY_IDENTIFIER, stream_bytes))
    tail = f"_{volume.info.tag}" if volume.info else ""
    set_id = volume.info.set_id.hex() if volume.info else volume.listing.archive_id.hex()
    name = volume.set_name[: 16 - len(tail)] + tail
    return lay_out(files, volume_name=name, set_name=set_id, seconds=volume.seconds)


def _identifier(name: str) -> str:
    return _PROGRAM_IDENTIFIER if name.endswith(PROGRAM_SUFFIX) else _IDENTIFIERS.get(name, name)


def _small_files(
    volume: DiscVolume, catalogue: DiscCatalogue, program: OwnSource | None, series: DiscSeries | None
) -> dict[str, bytes]:
    """Return the files beside the volume, by name; the checksums in SHA256SUMS are zeros, as they are not known yet."""
    words = texts.DiscWords(
        volume.name,
        series.name if series else volume.set_name,
        str(series.number) if series else volume.number,
        volume.info.number if volume.info and volume.info.last and not (volume.is_recovery or series) else 0,
        volume.is_recovery,
        texts.date_of(volume.newest_ns),
        program.name if program else "",
        catalogue.name,
        series is not None,
    )
    small = {
        texts.README_NAME: texts.readme_text(words),
        texts.FORMAT_NAME: resources.files("pybackup").joinpath("docs/FORMAT.md").read_bytes(),
        texts.RESCUE_NAME: resources.files("pybackup").joinpath("standalone/rescue.py").read_bytes(),
        texts.INDEX_NAME: texts.index_text(words.set_name, series.lines if series else index_lines(volume)),
    }
    if catalogue.name:
        small[catalogue.name] = catalogue.content
    if program:
        small[program.name] = program.content
    empty = [(name, bytes(_SUM_BYTES // 2)) for name in (*small, volume.name)]
    return {**small, texts.SUMS_NAME: texts.sums_text(empty)}


def _check_output(output: bytes, *, overwrite: bool) -> None:
    """Refuse to replace an image unless ``overwrite`` is set, and refuse in any case to replace any other file."""
    if os.path.isfile(output):
        with ArchiveFile(output) as file:
            if not file.size or glance(file) is None:
                raise UsageError(f"{os.fsdecode(output)}: exists and is no disc image; remove it first")
    check_outputs([output], replace=overwrite)
