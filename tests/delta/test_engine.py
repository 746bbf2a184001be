"""Deltas: librsync and rdiff give the same bytes; without both, making one fails."""

from __future__ import annotations

import random

import pytest

from pybackup.delta import engine
from pybackup.delta.signature import SignatureMaker

BASE = random.Random(5).randbytes(100_000)
NEW = BASE[:40_000] + b"more" + BASE[40_000:]


@pytest.fixture
def signature() -> bytes:
    maker = SignatureMaker(len(BASE))
    maker.update(BASE)
    made = maker.finish()
    assert made is not None
    return made


def test_the_program_makes_what_the_library_makes(signature: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    delta = engine.delta_to(signature, NEW)
    assert len(delta) < 5000
    monkeypatch.setattr(engine, "_library", lambda: None)
    assert engine.delta_to(signature, NEW) == delta
    assert engine.is_there()


def test_without_both_there_is_none(signature: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_library", lambda: None)
    monkeypatch.setenv("PATH", "/nowhere")
    assert not engine.is_there()
    with pytest.raises(engine.NoEngine):
        engine.delta_to(signature, NEW)
