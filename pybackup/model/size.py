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
