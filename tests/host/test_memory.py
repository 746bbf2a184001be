"""Memory given back to the system: asked of the system itself, in a process of its own."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

from pybackup.host.memory import give_back

_KEEPS_AND_GIVES = """
import ctypes, sys
from pybackup.host.memory import give_back

# Without its own trimming: what is free stays with the C library, as at the worst.
assert ctypes.CDLL(None).mallopt(-1, 1 << 30) and ctypes.CDLL(None).mallopt(-3, 1 << 28)
def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096
blocks = [bytearray(b"x" * 100_000) for _ in range(1000)]
last = bytearray(b"y" * 100_000)
blocks.clear()
before = resident()
give_back()
give_back()
sys.exit(0 if before - resident() > 50_000_000 and last == b"y" * 100_000 else 1)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other libraries keep nothing, or cannot be told")
def test_what_python_has_freed_goes_back_and_what_it_has_stays() -> None:
    assert subprocess.run([sys.executable, "-c", _KEEPS_AND_GIVES], check=False, timeout=60).returncode == 0


def test_it_may_be_asked_for_at_any_time() -> None:
    blocks = [bytes([number]) * 5000 for number in range(100)]
    give_back()
    del blocks[::2]
    give_back()
    assert blocks == [bytes([number]) * 5000 for number in range(1, 100, 2)]
