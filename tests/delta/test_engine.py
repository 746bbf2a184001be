"""Signatures and deltas: librsync and rdiff give the same bytes; without both, making one fails."""

from __future__ import annotations

import random

import pytest

from pybackup.delta import engine

BASE = random.Random(5).randbytes(100_000)
NEW = BASE[:40_000] + b"more" + BASE[40_000:]


def test_the_program_makes_what_the_library_makes(monkeypatch: pytest.MonkeyPatch) -> None:
    signature = engine.signature_of([BASE], len(BASE))
    delta = engine.delta_to(signature, NEW)
    assert len(signature) < len(BASE) / 80
    assert len(delta) < 5000
    monkeypatch.setattr(engine, "_library", lambda: None)
    assert engine.signature_of([BASE[:7], BASE[7:]], len(BASE)) == signature
    assert engine.delta_to(signature, NEW) == delta
    assert engine.is_there()


def test_without_both_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_library", lambda: None)
    monkeypatch.setenv("PATH", "/nowhere")
    assert not engine.is_there()
    with pytest.raises(engine.NoEngine):
        engine.signature_of([BASE], len(BASE))


def test_signatures_do_not_grow_with_the_content() -> None:
    assert engine.block_bytes_for(1 << 20) == 2048
    assert (64 << 30) // engine.block_bytes_for(64 << 30) == 1 << 16
