"""The grain of optical discs: what a drive reads or does not."""

from __future__ import annotations

from typing import Final

SECTOR: Final = 2048
"""Bytes of a sector (ECMA-119, 6.1.2), and of a shard of all parity."""
