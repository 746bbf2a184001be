"""Building the image of a disc: a volume, what a stranger needs to read it, and parity over all of it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from importlib import resources

from pybackup.errors import Damaged, UsageError
from pybackup.host.readers import Readers
from pybackup.host.room import check_room
from pybackup.host.storage import ArchiveFile, Output, check_outputs, environment, make_directory
from pybackup.layout.guard import Geometry
from pybackup.media import texts
from pybackup.media.iso import DiscFile, Layout, lay_out
from pybackup.model.medium import MEDIA
from pybackup.monitor import Monitor
from pybackup.parity.stream.amount import Amount
from pybackup.parity.stream.find import glance
from pybackup.sector import SECTOR

from .copy import USUAL_STEPS, Copying, CopySteps, copying
from .names import DiscNames
from .own_wheel import OwnWheel, own_wheel
from .parity import DiscParity, digest_of_image, growing, plan_parity
from .volume import DiscVolume, index_lines, open_volume

_VOLUME_IDENTIFIER = "VOLUME.XTAR"
# Behind everything in the order of ISO 9660, which is that of the image.
_PARITY_IDENTIFIER = "_PARITY.XPR"
_IDENTIFIERS = {texts.INDEX_NAME: "INDEX.GZ", texts.PARITY_NAME: _PARITY_IDENTIFIER}
_WHEEL_IDENTIFIER = "PYBACKUP.WHL"
# Of the parity, where room is short: the program on the disc may cost the rest.
_LEAST_LEFT = 0.95
_SUM_BYTES = 2 * hashlib.sha256().digest_size


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """How an image is built.

    Attributes
    ----------
    medium_bytes
        What the disc takes; None for what the volume was made for, if that is known.
    parity
        None for what the volume was made with.
    group_sectors
        The most sectors of a group, memory is in proportion to it; None for those of the volume, if it has any.
    overwrite
        Replace an image of a disc that has the name of this one.
    """

    medium_bytes: int | None = None
    parity: Amount | None = None
    group_sectors: int | None = None
    work_dir: bytes | None = None
    overwrite: bool = False


@dataclass(frozen=True, slots=True)
class BuildPlan:
    """Exactly what will be in an image.

    Attributes
    ----------
    small
        Name and content of the files beside the volume; of the sums only the length is right.
    outgrown_bytes
        The size that the volume was made for, where no disc has that, and the image does not fit it; else 0.
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


@dataclass(frozen=True, slots=True)
class Built:
    """What came of it; sizes in bytes."""

    plan: BuildPlan
    path: bytes
    image_bytes: int


def plan_build(path: bytes, directory: bytes, options: BuildOptions, names: DiscNames | None = None) -> BuildPlan:
    """Return the plan of the image of a volume, ``directory/NAME.iso``.

    Parameters
    ----------
    names
        Those that this run has given; None for a run that builds this image alone.

    Raises
    ------
    UsageError
        The volume does not exist, does not fit the disc, or what has the name of the image is none.
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
    """Plan the parity of an image that has the program itself in it, unless that costs too much of the parity."""

    def plan(wheel: OwnWheel | None) -> tuple[dict[str, bytes], DiscParity]:
        small = _small_files(volume, wheel)
        parity = plan_parity(
            volume,
            lambda stream_bytes: _laid(volume, small, stream_bytes),
            medium_bytes=medium,
            amount=options.parity,
            group_sectors=options.group_sectors,
        )
        return small, parity

    if medium is None:
        return plan(own_wheel())
    without = plan(None)
    try:
        with_it = plan(own_wheel())
    except UsageError:
        return without
    if with_it[1].share < _LEAST_LEFT * without[1].share:
        return without
    return with_it


def _laid(volume: DiscVolume, small: Mapping[str, bytes], stream_bytes: int) -> Layout:
    files = [DiscFile(name, _identifier(name), len(content)) for name, content in small.items()]
    files.append(DiscFile(volume.name, _VOLUME_IDENTIFIER, volume.file_bytes))
    files.append(DiscFile(texts.PARITY_NAME, _PARITY_IDENTIFIER, stream_bytes))
    tail = f"_{volume.info.tag}" if volume.info else ""
    set_id = volume.info.set_id.hex() if volume.info else volume.listing.archive_id.hex()
    name = volume.set_name[: 16 - len(tail)] + tail
    return lay_out(files, volume_name=name, set_name=set_id, seconds=volume.seconds)


def _identifier(name: str) -> str:
    return _WHEEL_IDENTIFIER if name.endswith(".whl") else _IDENTIFIERS.get(name, name)


def _small_files(volume: DiscVolume, wheel: OwnWheel | None) -> dict[str, bytes]:
    """The files beside the volume, by their names; zeros stand for the sums, whose length is known."""
    words = texts.DiscWords(
        volume.name,
        volume.set_name,
        volume.number,
        volume.info.number if volume.info and volume.info.last and not volume.is_recovery else 0,
        volume.is_recovery,
        texts.date_of(volume.newest_ns),
        wheel.name if wheel else "",
    )
    small = {
        texts.README_NAME: texts.readme_text(words),
        texts.FORMAT_NAME: resources.files("pybackup").joinpath("docs/FORMAT.md").read_bytes(),
        texts.RESCUE_NAME: resources.files("pybackup").joinpath("standalone/rescue.py").read_bytes(),
        texts.INDEX_NAME: texts.index_text(volume.set_name, index_lines(volume)),
    }
    if wheel:
        small[wheel.name] = wheel.content
    empty = [(name, bytes(_SUM_BYTES // 2)) for name in (*small, volume.name)]
    return {**small, texts.SUMS_NAME: texts.sums_text(empty)}


def _check_output(output: bytes, *, overwrite: bool) -> None:
    """Refuse to replace anything, if not told to; and what is no image of ours in any case."""
    if os.path.isfile(output):
        with ArchiveFile(output) as file:
            if not file.size or glance(file) is None:
                raise UsageError(f"{os.fsdecode(output)}: exists and is no image of a disc; remove it first")
    check_outputs([output], replace=overwrite)


def perform_build(plan: BuildPlan, monitor: Monitor, *, steps: CopySteps = USUAL_STEPS) -> Built:
    """Write the image, once and from front to back, then its parity; it gets its name when it is complete.

    Raises
    ------
    Damaged
        The volume is not what its own parity stream says of it.
    EnvironmentFailed
        The image cannot be written, for want of room before anything is.
    """
    layout, volume = plan.layout, plan.volume
    beside = os.path.dirname(plan.output) or b"."
    make_directory(beside)
    check_room({beside, beside if plan.work_dir is None else plan.work_dir}, layout.n_bytes)
    with environment(volume.path), ExitStack() as stack:
        file = stack.enter_context(ArchiveFile(volume.path))
        output = stack.enter_context(_output(plan))
        output.truncate(layout.n_bytes)
        for offset, data in layout.pieces:
            output.write_at(offset, data)
        sums = []
        for name, content in plan.small.items():
            if name != texts.SUMS_NAME:
                output.write_at(layout.offsets[name], content)
                sums.append((name, hashlib.sha256(content).digest()))
        if plan.parity.grown:
            _grow(plan, file, output, sums, steps, monitor)
        else:
            _encode(plan, file, output, sums, steps, monitor)
        output.publish()
    return Built(plan, plan.output, layout.n_bytes)


def _output(plan: BuildPlan) -> Output:
    readers = Readers.of([plan.volume.path])
    return Output(plan.output, work_dir=plan.work_dir, replace=plan.overwrite, readers=readers)


_Sums = Sequence[tuple[str, bytes]]


def _grow(plan: BuildPlan, file: ArchiveFile, output: Output, sums: _Sums, steps: CopySteps, monitor: Monitor) -> None:
    """Copy the volume, and let the parity of the image grow from its own meanwhile."""
    volume, geometry, sums_at = plan.volume, plan.geometry, plan.layout.offsets[texts.SUMS_NAME]
    with _copying(plan, file, output, steps, monitor, beside=True) as copy:
        with growing(geometry, volume, file, output) as growth:
            try:
                growth.encode(progress=lambda _: copy.look())
            except Damaged as error:
                raise volume.damaged() from error
            text = texts.sums_text([*sums, (volume.name, copy.finish())])
            output.write_at(sums_at, text)
            for at in range(0, len(text), SECTOR):
                growth.change((sums_at + at) // SECTOR, bytes(SECTOR), text[at : at + SECTOR].ljust(SECTOR, b"\0"))
        growth.finish(digest_of_image(copy, geometry, volume, output, read_bytes=steps.read))


def _encode(
    plan: BuildPlan, file: ArchiveFile, output: Output, sums: _Sums, steps: CopySteps, monitor: Monitor
) -> None:
    """Copy the volume, then make the parity of the image."""
    # Imported late: what is seldom needed takes a fifth of the time to start.
    from pybackup.check.verify import verify
    from pybackup.make.seal import write_stream

    volume = plan.volume
    if volume.stream is None and verify(volume.path, workers=1, monitor=monitor).state != "intact":
        raise volume.damaged()
    with _copying(plan, file, output, steps, monitor, beside=False) as copy:
        text = texts.sums_text([*sums, (volume.name, copy.finish())])
    output.write_at(plan.layout.offsets[texts.SUMS_NAME], text)
    write_stream(output, plan.geometry, monitor)


@contextmanager
def _copying(
    plan: BuildPlan, file: ArchiveFile, output: Output, steps: CopySteps, monitor: Monitor, *, beside: bool
) -> Iterator[Copying]:
    at = plan.layout.offsets[plan.volume.name]
    monitor.begin("copy", 0, plan.volume.body_bytes)
    progress = partial(monitor.advance, 0)
    with copying(plan.volume, file, output, at, beside=beside, steps=steps, progress=progress) as copy:
        yield copy
    monitor.end()
