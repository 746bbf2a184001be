"""How much fits on a medium: the longest body of an archive that, with its parity, is not larger than the medium."""

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
    """Return the length in bytes of the longest body with which an archive has at most ``volume_bytes``.

    If that is the size of a known medium, room is left for the rest of a disc's image: file system, readme and index.
    With much parity these take the place of some of it.

    Parameters
    ----------
    entries
        How many entries the set has, as the index on a disc may name all of them.

    Raises
    ------
    UsageError
        So few bytes are too few for any body.
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
    """Return an amount of parity as it is in a volume of a given size."""
    return Amount(fill_bytes=volume_bytes) if amount.rest else amount


def _dressed(body_bytes: int, parity: ParityOptions | None) -> int:
    """Return the length of an archive whose body has so many bytes: with parity stream and end."""
    if parity is None:
        return body_bytes + len(END)
    amount = Amount(share=parity.amount.least) if parity.amount.rest else parity.amount
    geometry = plan_geometry(stream_start(body_bytes), len(END), amount, group_sectors=parity.group_sectors)
    return geometry.volume_bytes
