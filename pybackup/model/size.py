"""Sizes as people write them."""

from __future__ import annotations

import re

from pybackup.errors import UsageError

_SIZE = re.compile(r"(\d{1,15})\s*([kmgt]?)(?:i?b)?", re.IGNORECASE | re.ASCII)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}


def parse_size(text: str) -> int:
    """Return a size in bytes: ``4M`` and ``4MiB`` are 4 * 2**20.

    Raises
    ------
    UsageError
        It is none.
    """
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"not a size such as 4M: {text!r}")
    return int(match[1]) << 10 * _POWERS[match[2].lower()]


def humane_bytes(n_bytes: int) -> str:
    """Return a size with one decimal, in powers of 1,024: 512 B, 1.5 KiB, 4.4 GiB."""
    if n_bytes < 1024:
        return f"{n_bytes} B"
    value, units = n_bytes / 1024, iter(("MiB", "GiB", "TiB", "PiB", "EiB"))
    unit = "KiB"
    # 1,023.95 would be printed as 1024.0.
    while value >= 1023.95 and (larger := next(units, None)):
        value, unit = value / 1024, larger
    return f"{value:.1f} {unit}"
