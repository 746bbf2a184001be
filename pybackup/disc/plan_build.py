"""What an image of a disc will consist of: a volume, the files by which anybody can read it, and parity over all."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib import resources

from pybackup.errors import UsageError
from pybackup.host.check_outputs import check_outputs
from pybackup.host.storage import ArchiveFile
from pybackup.layout.guard import Geometry
from pybackup.media import texts
from pybackup.media.iso import DiscFile, Layout, lay_out
from pybackup.model.medium import MEDIA
from pybackup.parity.stream.amount import Amount
from pybackup.parity.stream.find import glance

from .history import PACKED, History, history
from .names import DiscNames
from .own_source import SUFFIX as PROGRAM_SUFFIX
from .own_source import OwnSource, own_source
from .parity import DiscParity, plan_parity
from .series import DiscSeries
from .volume import DiscVolume, index_lines, open_volume

_VOLUME_IDENTIFIER = "VOLUME.XTAR"
# Behind everything in the order of ISO 9660, which is that of the image.
_PARITY_IDENTIFIER = "_PARITY.XPR"
_IDENTIFIERS = {texts.INDEX_NAME: "INDEX.GZ", texts.PARITY_NAME: _PARITY_IDENTIFIER, PACKED: "CATALOGUE.XZ"}
_PROGRAM_IDENTIFIER = "PYBACKUP.TBZ"
# Of the parity, where room is short: the program on the disc may cost the rest.
_LEAST_LEFT = 0.95
_SUM_BYTES = 2 * hashlib.sha256().digest_size


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """How an image is built.

    Attributes
    ----------
    medium_bytes
        Capacity of the disc; None for the size that the volume was made for, where it tells one.
    parity
        How much parity the image gets; None for as much as the volume was made with.
    group_sectors
        The most sectors of a parity group, to which memory is in proportion; None for as many as the volume's own have.
    overwrite
        An image of a disc that has this one's name is replaced.
    carried
        An exported catalogue, which is on the disc instead of one of the volume and those before it.
    series
        Of which series the disc is one; None for what the volume itself tells.
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
    small
        Name and content of the files beside the volume; the list of checksums has its length, and zeros as yet.
    outgrown_bytes
        The size that the volume was made for, where that is no disc's and the image is larger; else 0.
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
        """Where everything lies."""
        return self.parity.layout

    @property
    def geometry(self) -> Geometry:
        """Of the parity stream."""
        return self.parity.geometry


def plan_build(path: bytes, directory: bytes, options: BuildOptions, names: DiscNames | None = None) -> BuildPlan:
    """Return the plan of the image of a volume, ``directory/NAME.iso``.

    Parameters
    ----------
    names
        The names given in this run so far, since no two images may have one; None for a run that builds one image.

    Raises
    ------
    UsageError
        The volume does not exist, or does not fit the disc; or a file that is no image of a disc has the image's name.
    Exists
        An image of this name exists.
    Damaged
        The volume is damaged.
    """
    volume = open_volume(path)
    output = os.path.join(directory, os.fsencode((names or DiscNames()).take(volume.stem)) + b".iso")
    _check_output(output, overwrite=options.overwrite)
    said = volume.info.volume_bytes if volume.info else 0
    medium = options.medium_bytes or said or None
    outgrown = 0
    try:
        small, parity = _fitted(volume, medium, options)
    except UsageError:
        # A size of files, and none of discs: what a stranger needs to read it takes more.
        if options.medium_bytes or not said or said in MEDIA.values():
            raise
        medium, outgrown = None, said
        small, parity = _fitted(volume, medium, options)
    return BuildPlan(volume, output, parity, small, medium, options.work_dir, options.overwrite, outgrown)


def _fitted(volume: DiscVolume, medium: int | None, options: BuildOptions) -> tuple[dict[str, bytes], DiscParity]:
    """Plan the parity of an image that has a catalogue and the program in it, unless these cost too much of it."""

    def plan(catalogue: History, program: OwnSource | None) -> tuple[dict[str, bytes], DiscParity]:
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

    best, told = plan(History(), None), History()
    catalogue = history(volume, medium, options.work_dir or tempfile.gettempdirb(), options.carried)
    if options.carried is not None:
        best, told = plan(catalogue, None), catalogue
    elif catalogue.name:
        with suppress(UsageError):
            with_it = plan(catalogue, None)
            # Where the parity of the volume could not grow any more, making another would take most of the time.
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
    volume: DiscVolume, catalogue: History, program: OwnSource | None, series: DiscSeries | None
) -> dict[str, bytes]:
    """The files beside the volume, by name; the list of checksums is zeros, as only its length is known yet."""
    words = texts.DiscWords(
        volume.name,
        series.name if series else volume.set_name,
        str(series.number) if series else volume.number,
        volume.info.number if volume.info and volume.info.last and not volume.is_recovery else 0,
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
    """Refuse to replace an image unless told to, and a file that is no image of a disc in any case."""
    if os.path.isfile(output):
        with ArchiveFile(output) as file:
            if not file.size or glance(file) is None:
                raise UsageError(f"{os.fsdecode(output)}: exists and is no image of a disc; remove it first")
    check_outputs([output], replace=overwrite)
