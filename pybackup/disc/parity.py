"""The parity of an image: extended from that of the volume in it, or computed anew where that is impossible."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pybackup.container.own import END
from pybackup.errors import UsageError
from pybackup.host.environment import environment
from pybackup.host.memory import give_back
from pybackup.host.output import Output
from pybackup.host.storage import ArchiveFile
from pybackup.layout.guard import Geometry
from pybackup.media import texts
from pybackup.media.iso import Layout
from pybackup.parity.stream.amount import DEFAULT_AMOUNT, NO_PARITY, Amount, parse_amount
from pybackup.parity.stream.find import find
from pybackup.parity.stream.geometry import DEFAULT_GROUP_SECTORS, grown, plan_geometry
from pybackup.parity.stream.growing import Growth
from pybackup.parity.stream.guarding import read_slices
from pybackup.parity.stream.volume import Sectors, VolumeWriter
from pybackup.sector import SECTOR

if TYPE_CHECKING:
    from .copy import Copying
    from .volume import DiscVolume

# With groups of this size memory stays at 100 MB up to a DVD; groups of 65,536 would survive a tenth more damage, see
# DESIGN.md.
_GROUP_SECTORS = 1 << 13
# An image below this size is a single group, which takes no more memory than that.
_SMALL_SECTORS = 1 << 15
_MOST_ROUNDS = 4
# A volume's parity is extended only if what is added to it is at most one 250th of it.
_MOST_ADDED_PARTS = 250


@dataclass(frozen=True, slots=True)
class DiscParity:
    """The plan of an image's parity, and the layout of the image.

    Attributes
    ----------
    grown
        Whether it extends the volume's own parity instead of being computed anew.
    cut
        Whether it is less than was asked for, because the disc has no room for more.
    """

    layout: Layout
    geometry: Geometry
    grown: bool
    cut: bool

    @property
    def share(self) -> float:
        """The parity as a fraction of what it protects."""
        return self.geometry.parity_sectors / self.geometry.data_sectors


def plan_parity(
    volume: DiscVolume,
    lay: Callable[[int], Layout],
    *,
    medium_bytes: int | None,
    amount: Amount | None,
    group_sectors: int | None,
) -> DiscParity:
    """Return the plan of the parity of an image.

    Parameters
    ----------
    lay
        Returns the layout of the image for a length of the parity stream in bytes.
    medium_bytes
        Capacity of the disc in bytes; None if it is not known.
    amount, group_sectors
        How much parity, and the maximum number of sectors in a group; None for those of the volume.

    Raises
    ------
    UsageError
        The image does not fit the disc even without parity.
    """
    if amount is None and group_sectors is None and volume.stream:
        shape = volume.stream.geometry
        found = _grown(volume, shape, lay, medium_bytes)
        # The files beside a small volume are a large part of its image, which the volume's parity was not planned for.
        if found and found[1].data_sectors * _MOST_ADDED_PARTS <= shape.data_sectors * (_MOST_ADDED_PARTS + 1):
            return DiscParity(*found, grown=True, cut=found[1].parity_shards < shape.parity_shards)
    if amount is None:
        amount = parse_amount(volume.info.parity) if volume.info else DEFAULT_AMOUNT
    if amount.rest:
        # "rest" fills the disc with parity, which is impossible if its size is not known.
        amount = DEFAULT_AMOUNT if medium_bytes is None else Amount(fill_bytes=medium_bytes)
    small = volume.file_bytes < _SMALL_SECTORS * SECTOR
    group = group_sectors or (DEFAULT_GROUP_SECTORS if small else _GROUP_SECTORS)
    layout, geometry = _fitted(lay, amount, group)
    if medium_bytes is None or layout.n_bytes <= medium_bytes:
        return DiscParity(layout, geometry, grown=False, cut=False)
    return DiscParity(*_shrunk(volume, lay, medium_bytes, group), grown=False, cut=True)


def _grown(
    volume: DiscVolume, shape: Geometry, lay: Callable[[int], Layout], medium_bytes: int | None
) -> tuple[Layout, Geometry] | None:
    def plan(layout: Layout, before: int, after: int) -> Geometry | None:
        return grown(
            shape,
            before,
            after,
            origin=layout.offsets[volume.name] // SECTOR,
            most_bytes=None if medium_bytes is None else medium_bytes - before - after,
        )

    return _settled(lay, plan, shape.stream_bytes)


def _fitted(lay: Callable[[int], Layout], amount: Amount, group: int) -> tuple[Layout, Geometry]:
    def plan(_: Layout, before: int, after: int) -> Geometry:
        return plan_geometry(before, after, amount, group_sectors=group)

    found = _settled(lay, plan, 0)
    assert found is not None
    return found


def _settled(
    lay: Callable[[int], Layout], plan: Callable[[Layout, int, int], Geometry | None], stream_bytes: int
) -> tuple[Layout, Geometry] | None:
    """Lay out the disc and plan its parity until the two agree, as each depends on the length of the other.

    Parameters
    ----------
    plan
        Plans the parity from the layout and the numbers of protected bytes before and after the parity stream; returns
        None if that is impossible.
    stream_bytes
        A first guess at the length of the parity stream.

    Returns
    -------
    tuple or None
        The layout and the geometry; None if ``plan`` returned None.
    """
    for _ in range(_MOST_ROUNDS):
        layout = lay(stream_bytes)
        before = layout.offsets[texts.PARITY_NAME]
        geometry = plan(layout, before, layout.n_bytes - before - stream_bytes)
        if geometry is None:
            return None
        if geometry.stream_bytes == stream_bytes:
            return layout, geometry
        stream_bytes = geometry.stream_bytes
    raise AssertionError("a layout that changes with the length of its parity")


def _shrunk(volume: DiscVolume, lay: Callable[[int], Layout], medium_bytes: int, group: int) -> tuple[Layout, Geometry]:
    try:
        layout, geometry = _fitted(lay, Amount(fill_bytes=medium_bytes), group)
    except UsageError:
        layout, geometry = _fitted(lay, NO_PARITY, group)
    if layout.n_bytes > medium_bytes:
        raise UsageError(
            f"{os.fsdecode(volume.path)}: its image has {layout.n_bytes:,} bytes even without parity, "
            f"but the disc has room for {medium_bytes:,}",
            option="medium",
            hint="chooses a larger one",
        )
    return layout, geometry


@contextmanager
def growing(geometry: Geometry, volume: DiscVolume, file: ArchiveFile, output: Output) -> Iterator[Growth]:
    """Begin the parity stream of an image by extending that of the volume.

    The caller has written everything else to the image, with zeros for the volume and for checksums that are not known
    yet. The last bytes of the volume's body, which do not fill a sector, are written here.

    Raises
    ------
    Damaged
        The parity of the volume is damaged.
    """
    kept = volume.body_bytes // SECTOR
    with environment(file.path):
        rest = file.read_at(kept * SECTOR, volume.body_bytes - kept * SECTOR)
    output.write_at((geometry.origin + kept) * SECTOR, rest + END)
    found = find([file])
    if found is None or volume.stream is None or found.geometry != volume.stream.geometry:
        raise volume.damaged()
    with ArchiveFile(output.temporary) as image:
        small, large = Sectors(found.geometry, file), Sectors(geometry, image)
        rows = read_slices(found.geometry, found.payloads)
        growth = Growth(small, rows, large, VolumeWriter(geometry, output), kept=kept)
        # For a large volume these take more memory than a parity group.
        del found, rows
        give_back()
        yield growth


def digest_of_image(copy: Copying, geometry: Geometry, volume: DiscVolume, output: Output, *, read_bytes: int) -> bytes:
    """Return the SHA-256 of all that the parity stream of an image protects: from the volume to the image's end, then
    from the image's start to the volume.

    Parameters
    ----------
    copy
        The finished copy of the volume, which has hashed it already.
    read_bytes
        How many bytes are read at a time.
    """
    copy.update(bytes(-volume.file_bytes % SECTOR))
    with ArchiveFile(output.temporary) as image:
        for start, end in ((geometry.before_bytes + geometry.stream_bytes, image.size), (0, geometry.origin * SECTOR)):
            for at in range(start, end, read_bytes):
                copy.update(image.read_at(at, min(read_bytes, end - at)))
    return copy.digest()
