"""How long recovery volumes are, and how much parity of their own they have room for."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from pybackup.container.cost import EMPTY_ARCHIVE_BYTES, VOLUME_OF_SET_BYTES, tree_rows_bytes
from pybackup.container.own import END, stream_start
from pybackup.errors import UsageError
from pybackup.layout import index
from pybackup.layout.readme import README
from pybackup.layout.recovery import RecoveryHeader, header_bytes
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
    """Return the length of the longest body whose shard fits a recovery volume of a set that is to be made.

    Parameters
    ----------
    entries
        All of the set.
    sizes
        Of its volumes, in bytes; a recovery volume is as large as the largest.
    structure_bytes, settings_bytes
        What is in every volume.
    second_copies
        Which share of each volume they may take.

    Raises
    ------
    UsageError
        Not even the indexes of the set would fit.
    """
    # A second copy is an entry of its own.
    rows = tree_rows_bytes(entries, segment_bytes) * (2 if second_copies else 1)
    # Volumes are half full at least.
    volumes = 1 + 2 * sum(entry.size for entry in entries) // int(min(sizes) * (1 - second_copies))
    indexes = index.total_bytes(rows) + volumes * (VOLUME_OF_SET_BYTES + 2 * settings_bytes)
    beside = structure_bytes + indexes + EMPTY_ARCHIVE_BYTES + len(README) + 2 * header_bytes(volumes)
    limit = body_limit(max(sizes), ParityOptions(NO_PARITY), entries=len(entries)) - beside
    # A shard is whole sectors.
    limit -= limit % SECTOR
    if limit <= 0:
        raise UsageError(f"{max(sizes)} bytes are too few for a recovery volume with the indexes of all others")
    return limit


def least_bytes(content_bytes: int, header: RecoveryHeader) -> int:
    """Return how long a recovery volume is at most that has checksums and no parity of its own.

    Parameters
    ----------
    content_bytes
        Of all that it holds beside header and shard.
    """
    body = content_bytes + header.total_bytes + 2 * SECTOR
    return plan_geometry(stream_start(body), len(END), NO_PARITY).volume_bytes


def parity_of(info: VolumeInfo, before_bytes: int, after_bytes: int) -> ParityOptions:
    """Return the parity that a recovery volume has: what its settings say, but no more than there is room for."""
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
