"""Signatures: those that rdiff makes, and what they prove of deltas."""

from __future__ import annotations

import random
import struct
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pybackup.delta import engine
from pybackup.delta.signature import (
    MOST_BYTES,
    STRONG_BYTES,
    Signature,
    SignatureMaker,
    block_bytes_for,
    signature_bytes,
)
from pybackup.errors import Damaged

BASE = random.Random(5).randbytes(100_000)
NEW = BASE[:40_000] + b"more" + BASE[40_000:]


def made(data: bytes, *cuts: int) -> bytes:
    maker, places = SignatureMaker(len(data)), [0, *sorted(cuts), len(data)]
    for start, stop in pairwise(places):
        maker.update(data[start:stop])
    signature = maker.finish()
    assert signature is not None
    return signature


def by_rdiff(data: bytes, tmp_path: Path) -> bytes:
    base = tmp_path / "base"
    base.write_bytes(data)
    how = ["-b", str(block_bytes_for(len(data))), "-S", str(STRONG_BYTES), "-H", "blake2", "-R", "rabinkarp"]
    return subprocess.run(["rdiff", *how, "signature", base, "-"], capture_output=True, check=True).stdout


@pytest.mark.parametrize("length", [1, 2047, 2048, 2049, 100_000, 700_000])
def test_they_are_those_of_the_program_rdiff(length: int, tmp_path: Path) -> None:
    data = random.Random(length).randbytes(length)
    assert made(data) == by_rdiff(data, tmp_path)
    assert len(made(data)) == signature_bytes(length)


def test_long_contents_have_longer_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert block_bytes_for(1 << 20) == 2048
    assert (64 << 30) // block_bytes_for(64 << 30) == 1 << 16
    assert signature_bytes(64 << 30) == MOST_BYTES
    monkeypatch.setattr("pybackup.delta.signature._MOST_BLOCKS", 4)
    monkeypatch.setattr("pybackup.delta.signature._AT_ONCE_BYTES", 4096)
    assert made(BASE, 1, 40_000) == by_rdiff(BASE, tmp_path)
    assert block_bytes_for(len(BASE)) == 32_768


@settings(deadline=None)
@given(st.lists(st.integers(0, len(BASE)), max_size=6))
def test_pieces_do_not_matter(cuts: list[int]) -> None:
    assert made(BASE, *cuts) == made(BASE)


def test_another_length_than_was_told_gives_none() -> None:
    maker = SignatureMaker(10)
    maker.update(b"nine of it")
    maker.update(b"!")
    assert maker.finish() is None


def test_a_delta_is_proved_without_the_content() -> None:
    signature = Signature.unpack(made(BASE), len(BASE))
    delta = engine.delta_to(signature.data, NEW)
    assert len(delta) < 5000
    assert signature.proves(delta, NEW)
    whole = engine.delta_to(signature.data, BASE)
    assert signature.proves(whole, BASE)


def test_what_gives_other_bytes_is_not_proved() -> None:
    signature = Signature.unpack(made(BASE), len(BASE))
    delta = engine.delta_to(signature.data, NEW)
    for other in (NEW[:-1], NEW + b"x", NEW[:90_000] + b"x" + NEW[90_001:], NEW[:40_001] + b"x" + NEW[40_002:]):
        assert not signature.proves(delta, other)
    # From behind the end, and not from the start of a block.
    for start in (98_304, 1):
        wrong = b"rs\x026" + b"\x4f" + struct.pack(">II", start, 2048) + b"\0"
        assert not signature.proves(wrong, BASE[start : start + 2048].ljust(2048, b"\0"))
    with pytest.raises(Damaged):
        signature.proves(delta[:-1], NEW)


def test_each_strong_sum_counts() -> None:
    """A signature with a wrong sum, which librsync cannot know, proves nothing of that block."""
    right = made(BASE)
    delta = engine.delta_to(right, NEW)
    for number in (0, 10, 48):
        wrong = bytearray(right)
        wrong[12 + number * 36 + 4 + 31] ^= 1
        copied = number < 19 or number > 20
        assert Signature.unpack(bytes(wrong), len(BASE)).proves(delta, NEW) == (not copied)


def test_what_is_no_signature_of_such_a_content_is_refused() -> None:
    right = made(BASE)
    with pytest.raises(Damaged):
        Signature.unpack(right[:-1], len(BASE))
    with pytest.raises(Damaged):
        Signature.unpack(right, len(BASE) + 4096)
    for place in (3, 6, 11):
        with pytest.raises(Damaged):
            Signature.unpack(right[:place] + b"\x01" + right[place + 1 :], len(BASE))
