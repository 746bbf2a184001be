"""The sizes of recovery volumes: how long a shard may be, and how much parity of its own each has room for."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from pybackup.container.cost import EMPTY_ARCHIVE_BYTES, VOLUME_OF_SET_BYTES, tree_rows_bytes
from pybackup.container.own import END
from pybackup.errors import UsageError
from pybackup.layout import index
from pybackup.layout.readme import README
from pybackup.layout.recovery import RecoveryHeader, header_bytes, stream_start
from pybackup.model.entry import Entry
from pybackup.model.volume import VolumeInfo
from pybackup.parity.stream.amount import NO_PARITY, Amount, parse_amount
from pybackup.parity.stream.geometry import DEFAULT_GROUP_SECTORS, ParityOptions, plan_geometry
from pybackup.sector import SECTOR

from .capacity import amount_in, body_limit


def shard_limit_of(
    entries: Sequence[Entry],
    sizes: Sequence[int],
    *,
    segment_bytes: int,
    structure_bytes: int,
    settings_bytes: int,
    second_copies: Fraction = Fraction(0),
) -> int:
    """Return the maximum length in bytes of a data volume's body for which a shard fits a recovery volume.

    Parameters
    ----------
    entries
        All entries of the set that is to be made.
    sizes
        The sizes of its data volumes, in bytes; recovery volumes are as large as the largest.
    segment_bytes
        The length of segments.
    structure_bytes, settings_bytes
        The lengths of the structure and of the settings in every volume.
    second_copies
        The fraction of each volume that second copies may take.

    Raises
    ------
    UsageError
        A recovery volume has not even room for the indexes of the set.
    """
    # Each second copy has a row of its own in the indexes.
    rows = tree_rows_bytes(entries, segment_bytes) * (2 if second_copies else 1)
    # Volumes are at least half full, which bounds their number.
    volumes = 1 + 2 * sum(entry.size for entry in entries) // int(min(sizes) * (1 - second_copies))
    indexes = index.total_bytes(rows) + volumes * (VOLUME_OF_SET_BYTES + 2 * settings_bytes)
    beside = structure_bytes + indexes + EMPTY_ARCHIVE_BYTES + len(README) + 2 * header_bytes(volumes)
    limit = body_limit(max(sizes), ParityOptions(NO_PARITY), entries=len(entries)) - beside
    # A shard consists of whole sectors.
    limit -= limit % SECTOR
    if limit <= 0:
        raise UsageError(f"{max(sizes)} bytes are too few for a recovery volume with the indexes of all others")
    return limit


def least_bytes(content_bytes: int, header: RecoveryHeader) -> int:
    """Return an upper bound in bytes for the length of a recovery volume with checksums, but no parity of its own.

    Parameters
    ----------
    content_bytes
        The length of all that it holds beside its header and its shard.
    header
        Its header, which gives the length of the shard.
    """
    body = content_bytes + header.total_bytes + 2 * SECTOR
    return plan_geometry(stream_start(body), len(END), NO_PARITY).volume_bytes


def parity_of(info: VolumeInfo, before_bytes: int, after_bytes: int) -> ParityOptions:
    """Return the parity of a recovery volume: the amount in its settings, or less where there is not enough room.

    Parameters
    ----------
    before_bytes, after_bytes
        The numbers of bytes before and after its parity stream.
    """
    group_sectors = info.group_sectors or DEFAULT_GROUP_SECTORS
    amounts = [amount_in(parse_amount(info.parity), info.volume_bytes)]
    if info.volume_bytes:
        amounts.append(Amount(fill_bytes=info.volume_bytes))
    for amount in amounts:
        try:
            geometry = plan_geometry(before_bytes, after_bytes, amount, group_sectors=group_sectors)
        except UsageError:
            continue
        if not info.volume_bytes or geometry.volume_bytes <= info.volume_bytes:
            return ParityOptions(amount, group_sectors=group_sectors)
    return ParityOptions(NO_PARITY, group_sectors=group_sectors)
