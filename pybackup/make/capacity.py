"""How much fits: the longest body of an archive that is no longer than a medium when it has its parity."""

from __future__ import annotations

from pybackup.container.own import BLOCK, END, stream_start
from pybackup.errors import UsageError
from pybackup.model.medium import MEDIA
from pybackup.parity.stream.amount import NO_PARITY, Amount
from pybackup.parity.stream.geometry import ParityOptions, plan_geometry

# On a disc, beside the volume: the program itself, the file system, the format, the rescue script; measured, some
# 1,540 KB. Where there is UDF, on larger discs, it takes 600 KB of the parity.
_DISC_BYTES = 1536 << 10
# And a line in its packed index.
_INDEX_LINE_BYTES = 48


def body_limit(volume_bytes: int, parity: ParityOptions | None, *, entries: int = 0) -> int:
    """Return the length of the longest body with which an archive is at most ``volume_bytes`` long.

    If that is what a known medium takes, the disc's own image fits it too: with little or no parity there is nothing
    in the archive whose room the file system, the readme and the index of the disc could take.

    Parameters
    ----------
    entries
        How many the set has, all of which the index on a disc may name.

    Raises
    ------
    UsageError
        There is none.
    """
    limit = _longest(volume_bytes, parity)
    if volume_bytes in MEDIA.values():
        beside = _DISC_BYTES + entries * _INDEX_LINE_BYTES
        limit = min(limit, _longest(volume_bytes - beside, ParityOptions(NO_PARITY)))
    return limit


def _longest(volume_bytes: int, parity: ParityOptions | None) -> int:
    low, high = 0, volume_bytes // BLOCK + 1
    while high - low > 1:
        middle = (low + high) // 2
        if _dressed(middle * BLOCK, parity) <= volume_bytes:
            low = middle
        else:
            high = middle
    if low <= 0:
        raise UsageError(f"{volume_bytes} bytes are too few for a volume with so much parity")
    return low * BLOCK


def amount_in(amount: Amount, volume_bytes: int) -> Amount:
    """Return what an amount comes to in a volume of a given size."""
    return Amount(fill_bytes=volume_bytes) if amount.rest else amount


def _dressed(body_bytes: int, parity: ParityOptions | None) -> int:
    """Return the length of an archive whose body has so many bytes: with parity stream and end."""
    if parity is None:
        return body_bytes + len(END)
    amount = Amount(share=parity.amount.least) if parity.amount.rest else parity.amount
    geometry = plan_geometry(stream_start(body_bytes), len(END), amount, group_sectors=parity.group_sectors)
    return geometry.volume_bytes
