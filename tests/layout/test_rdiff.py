"""Deltas as rdiff has them: what they say, and what is none."""

from __future__ import annotations

import pytest

from pybackup.errors import Damaged
from pybackup.layout.rdiff import MAGIC, DeltaCommand, commands


def test_every_command_is_read() -> None:
    """Literals by one byte and by each width of length; copies by each width of offset and of length."""
    delta, wanted = bytearray(MAGIC + b"\x03abc"), [DeltaCommand(False, 5, 3)]
    for power in range(4):
        delta += bytes((0x41 + power,)) + (2).to_bytes(1 << power, "big")
        wanted.append(DeltaCommand(False, len(delta), 2))
        delta += b"xy"
    for code in range(16):
        start, length = 100 + code, 200 + code
        delta += bytes((0x45 + code,)) + start.to_bytes(1 << code // 4, "big") + length.to_bytes(1 << code % 4, "big")
        wanted.append(DeltaCommand(True, start, length))
    assert list(commands(bytes(delta) + b"\0")) == wanted


@pytest.mark.parametrize(
    ("delta", "reason"),
    [
        (b"", "no delta"),
        (b"rs\x01\x36\0", "no delta"),
        (MAGIC, "cut short"),
        (MAGIC + b"\x03ab", "cut short"),
        (MAGIC + b"\x45\x01", "cut short"),
        (MAGIC + b"\x55\0", "unknown command"),
        (MAGIC + b"\0\0", "behind its end"),
    ],
)
def test_what_is_no_delta_is_refused(delta: bytes, reason: str) -> None:
    with pytest.raises(Damaged, match=reason):
        list(commands(delta))
