"""How much fits: the longest body of an archive that is no longer than a medium when it has its parity."""

from __future__ import annotations

from pybackup.container.own import stream_start
from pybackup.errors import UsageError
from pybackup.layout import ustar
from pybackup.parity.amount import Amount
from pybackup.parity.geometry import plan_geometry

from .protect import ParityOptions


def body_limit(volume_bytes: int, parity: ParityOptions | None) -> int:
    """Return the length of the longest body with which an archive is at most ``volume_bytes`` long.

    Raises
    ------
    UsageError
        There is none.
    """
    low, high = 0, volume_bytes // ustar.BLOCK + 1
    while high - low > 1:
        middle = (low + high) // 2
        if _dressed(middle * ustar.BLOCK, parity) <= volume_bytes:
            low = middle
        else:
            high = middle
    if not low:
        raise UsageError(f"{volume_bytes} bytes are too few for a volume with so much parity")
    return low * ustar.BLOCK


def amount_in(amount: Amount, volume_bytes: int) -> Amount:
    """Return what an amount comes to in a volume of a given size."""
    return Amount(fill_bytes=volume_bytes) if amount.rest else amount


def _dressed(body_bytes: int, parity: ParityOptions | None) -> int:
    """How long the archive with so long a body is."""
    if parity is None:
        return body_bytes + len(ustar.END)
    amount = Amount(share=parity.amount.least) if parity.amount.rest else parity.amount
    geometry = plan_geometry(stream_start(body_bytes), len(ustar.END), amount, group_sectors=parity.group_sectors)
    return geometry.volume_bytes
