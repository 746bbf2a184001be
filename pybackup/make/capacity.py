"""How much fits on a medium: the longest body that an archive may have without exceeding the medium with its parity."""

from __future__ import annotations

from pybackup.container.own import BLOCK, END
from pybackup.errors import UsageError
from pybackup.layout.recovery import stream_start
from pybackup.model.medium import MEDIA
from pybackup.parity.stream.amount import NO_PARITY, Amount
from pybackup.parity.stream.geometry import ParityOptions, plan_geometry

# What a disc holds beside the volume: the program, the file system, FORMAT.MD, RESCUE.PY; about 1,540 KB as measured.
# Larger discs have UDF too, which takes 600 KB off the parity.
_DISC_BYTES = 1536 << 10
# And a line for each entry in the compressed INDEX.TXT.gz.
_INDEX_LINE_BYTES = 48


def body_limit(volume_bytes: int, parity: ParityOptions | None, *, entries: int = 0) -> int:
    """Return the length in bytes of the longest body of an archive that has at most ``volume_bytes`` with its parity.

    If ``volume_bytes`` is the size of a known medium, room is left for the other files of a disc image. Where there is
    much parity, some of it makes room for them.

    Parameters
    ----------
    entries
        How many entries the set has, as the index on a disc may name all of them.

    Raises
    ------
    UsageError
        There is not even room for an empty body.
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
        raise UsageError(f"{volume_bytes} bytes are too few for a volume with this much parity")
    return low * BLOCK


def amount_in(amount: Amount, volume_bytes: int) -> Amount:
    """Return an amount of parity with ``rest`` resolved to filling a volume of the given size."""
    return Amount(fill_bytes=volume_bytes) if amount.rest else amount


def _dressed(body_bytes: int, parity: ParityOptions | None) -> int:
    """Return the length of an archive with a body of ``body_bytes``, its parity stream and its end."""
    if parity is None:
        return body_bytes + len(END)
    amount = Amount(share=parity.amount.least) if parity.amount.rest else parity.amount
    geometry = plan_geometry(stream_start(body_bytes), len(END), amount, group_sectors=parity.group_sectors)
    return geometry.volume_bytes
