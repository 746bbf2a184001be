"""How long recovery volumes are, and how much parity of their own they have room for."""

from __future__ import annotations

from pybackup.container.own import stream_start
from pybackup.errors import UsageError
from pybackup.layout import ustar
from pybackup.layout.guard import SECTOR
from pybackup.layout.recovery import RecoveryHeader, header_bytes
from pybackup.model.volume import VolumeInfo
from pybackup.parity.amount import NO_PARITY, Amount, parse_amount
from pybackup.parity.geometry import DEFAULT_GROUP_SECTORS, plan_geometry

from .capacity import amount_in
from .protect import ParityOptions

# Own index and tree index of an archive without entries, headers of all members, and what fills up blocks and sectors.
FIXED_BYTES = 12 * 1024
# What a data volume adds to the recovery volumes of its set, its entries apart: an index of directories, two rows.
VOLUME_BYTES = 8 * 1024
ROW_OF_SEGMENT_BYTES = 64


def least_bytes(content_bytes: int, header: RecoveryHeader) -> int:
    """Return how long a recovery volume is at most that has checksums and no parity of its own.

    Parameters
    ----------
    content_bytes
        Of all that it holds beside header and shard.
    """
    body = content_bytes + header.total_bytes + 2 * SECTOR
    return plan_geometry(stream_start(body), len(ustar.END), NO_PARITY).volume_bytes


def beside_bytes(volumes: int, readme_bytes: int) -> int:
    """Return how long a recovery volume is at most without shard, structure, parity and the indexes of the others."""
    return FIXED_BYTES + readme_bytes + 2 * header_bytes(volumes)


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
