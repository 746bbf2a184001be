"""How much is tried: what fits into a run that somebody waits for, or with ``PYBACKUP_EVERY_DAMAGE=1`` all there is."""

from __future__ import annotations

import os

EVERYTHING = bool(os.environ.get("PYBACKUP_EVERY_DAMAGE"))


def so_many(usual: int, thorough: int) -> int:
    """Return how many are tried."""
    return thorough if EVERYTHING else usual
