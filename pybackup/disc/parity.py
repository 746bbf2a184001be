"""The parity of an image: extended from that of the volume in it, or computed anew where that cannot be had."""

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

# With these it stays at 100 MB up to a DVD; groups of 65,536 stand a tenth more: see DESIGN.md.
_GROUP_SECTORS = 1 << 13
# All of a small image is one group, and takes no more.
_SMALL_SECTORS = 1 << 15
_MOST_ROUNDS = 4
# So many parts of a volume, and one more, may share its parity.
_MOST_ADDED_PARTS = 250


@dataclass(frozen=True, slots=True)
class DiscParity:
    """The plan of an image's parity, and where all parts of the image lie.

    Attributes
    ----------
    grown
        It is extended from the volume's own parity, not computed anew.
    cut
        It is less than was asked for, since the disc takes no more.
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
        Returns the layout of the image for a length of the stream, in bytes.
    medium_bytes
        Capacity of the disc; None if that is not known.
    amount, group_sectors
        How much parity, and the most sectors of a group; None for as much, and as many, as the volume has.

    Raises
    ------
    UsageError
        The disc takes less than the image without parity.
    """
    if amount is None and group_sectors is None and volume.stream:
        shape = volume.stream.geometry
        found = _grown(volume, shape, lay, medium_bytes)
        # Beside a small volume there is much that its parity was not meant for.
        if found and found[1].data_sectors * _MOST_ADDED_PARTS <= shape.data_sectors * (_MOST_ADDED_PARTS + 1):
            return DiscParity(*found, grown=True, cut=found[1].parity_shards < shape.parity_shards)
    if amount is None:
        amount = parse_amount(volume.info.parity) if volume.info else DEFAULT_AMOUNT
    if amount.rest:
        # Nothing says how much is left of a disc of unknown size.
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
    """Lay out the disc and plan its parity, of which each needs the length of the other; None where no plan fits.

    Parameters
    ----------
    plan
        Makes a plan of the layout and of the numbers of protected bytes before and behind the stream.
    stream_bytes
        A first guess.
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
            f"{os.fsdecode(volume.path)}: its image takes {layout.n_bytes:,} bytes even without parity, "
            f"and the disc takes {medium_bytes:,}",
            option="medium",
            hint="chooses a larger one",
        )
    return layout, geometry


@contextmanager
def growing(geometry: Geometry, volume: DiscVolume, file: ArchiveFile, output: Output) -> Iterator[Growth]:
    """Begin the parity stream of an image by extending that of the volume.

    Everything but the parity is in the image by now, with zeros for what is not known yet; the last bytes of the
    volume, which do not fill a sector, are written here.

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
        # Of a large volume these take more than a group.
        del found, rows
        give_back()
        yield growth


def digest_of_image(copy: Copying, geometry: Geometry, volume: DiscVolume, output: Output, *, read_bytes: int) -> bytes:
    """Return the SHA-256 of what the stream of an image protects, from the volume on, which has been copied.

    Parameters
    ----------
    read_bytes
        Read at once.
    """
    copy.update(bytes(-volume.file_bytes % SECTOR))
    with ArchiveFile(output.temporary) as image:
        for start, end in ((geometry.before_bytes + geometry.stream_bytes, image.size), (0, geometry.origin * SECTOR)):
            for at in range(start, end, read_bytes):
                copy.update(image.read_at(at, min(read_bytes, end - at)))
    return copy.digest()
