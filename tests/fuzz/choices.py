"""Chance that is driven by bytes, so that a coverage-guided fuzzer chooses what a seeded run chooses by lot."""

from __future__ import annotations

import random


class Choices(random.Random):
    """A `random.Random` that takes what it decides from ``data``, and behind its end from a fixed seed.

    Not zeros: drawing until something new comes, as `sample` does, would never end.
    """

    def __init__(self, data: bytes) -> None:
        super().__init__(0)
        self._data = data
        self._at = 0

    def getrandbits(self, k: int, /) -> int:
        """Return the next ``k`` bits."""
        count = (k + 7) // 8
        if self._at >= len(self._data):
            return super().getrandbits(k)
        taken = self._data[self._at : self._at + count].ljust(count, b"\0")
        self._at += count
        return int.from_bytes(taken, "little") & (1 << k) - 1

    def random(self) -> float:
        """Return a number in [0, 1)."""
        return self.getrandbits(16) / 65536

    def randbytes(self, n: int) -> bytes:
        """Return ``n`` bytes, which repeat behind the end."""
        few = self.getrandbits(8 * min(n, 16)).to_bytes(min(n, 16), "little")
        return (few * (n // 16 + 1))[:n]
