"""Bytes decide, and their end is no end."""

from __future__ import annotations

from .choices import Choices
from .targets import TARGETS


def test_bytes_decide() -> None:
    assert [Choices(b"\5").randrange(8), Choices(b"\1").randrange(8)] == [5, 1]
    assert Choices(b"\0\x80").random() == 0.5
    assert Choices(b"ab").randbytes(4) == b"ab\0\0"
    assert len(Choices(b"").randbytes(100)) == 100


def test_every_target_makes_a_case_of_any_bytes() -> None:
    for name, target in TARGETS.items():
        if name != "bomb":
            for data in (b"", b"\xff" * 200, bytes(range(256)) * 4):
                assert target.make(Choices(data)) == target.make(Choices(data))
