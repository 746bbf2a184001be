"""The two engines of the erasure code: the same bytes of both, and each checked against slow interpolation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kit.engines import needs_wheel, random_bytes, slow_parity

from pybackup.codes.leopard_engine import LeopardEngine
from pybackup.codes.numpy_engine import NumpyEngine

Engine = type[NumpyEngine] | type[LeopardEngine]

counts = st.tuples(st.integers(1, 40), st.integers(1, 40)) | st.sampled_from([(1, 300), (300, 1), (129, 70), (70, 129)])


@settings(max_examples=25)
@given(st.tuples(st.integers(1, 9), st.integers(1, 9)), st.integers(0, 3))
def test_numpy_is_interpolation(shape: tuple[int, int], seed: int) -> None:
    data = random_bytes(shape[0], 64, seed)
    before = data.copy()
    assert np.array_equal(NumpyEngine().encode(data, shape[1]), slow_parity(data, shape[1]))
    assert np.array_equal(data, before)


@needs_wheel
@given(counts, st.sampled_from([64, 128, 320]), st.integers(0, 3))
def test_both_make_the_same_parity(shape: tuple[int, int], width: int, seed: int) -> None:
    data = random_bytes(shape[0], width, seed)
    parity = NumpyEngine().encode(data, shape[1])
    assert parity.shape == (shape[1], width)
    assert np.array_equal(LeopardEngine().encode(data, shape[1]), parity)


@pytest.mark.parametrize("engine", [NumpyEngine, pytest.param(LeopardEngine, marks=needs_wheel)])
@given(st.data())
def test_any_k_of_all_shards_give_the_data(engine: Engine, data: st.DataObject) -> None:
    k, p = data.draw(counts)
    raw = random_bytes(k, 64, 5)
    parity = engine().encode(raw, p)
    order = data.draw(st.permutations(range(k + p)))
    lost = order[: data.draw(st.integers(1, p))]
    gone = np.array(sorted(each for each in lost if each < k), np.intp)
    parity_gone = np.array(sorted(each - k for each in lost if each >= k), np.intp)
    if not len(gone):
        return
    # What the missing rows hold, of data and of parity, is not looked at.
    damaged, hurt = raw.copy(), parity.copy()
    damaged[gone] = 0xA5
    hurt[parity_gone] ^= 0x5A
    kept = hurt.copy()
    engine().fill(damaged, gone, hurt, parity_gone)
    assert np.array_equal(damaged, raw)
    assert np.array_equal(hurt, kept)


@pytest.mark.parametrize("engine", [NumpyEngine, pytest.param(LeopardEngine, marks=needs_wheel)])
@given(st.integers(1, 30), st.integers(1, 9), st.integers(1, 31), st.integers(0, 4), st.integers(1, 4))
def test_pieces_of_any_length_and_any_columns(engine: Engine, k: int, p: int, cut: int, first: int, width: int) -> None:
    """No codeword spans two columns: parity of some is that part of the parity of all."""
    raw = random_bytes(k, 512, 9)
    pieces = [raw[at : at + cut].tobytes() for at in range(0, k, cut)]
    columns = slice(64 * first, 64 * (first + width))
    found = engine().encode_pieces(iter(pieces), k, p, 512, columns)
    assert np.array_equal(found, NumpyEngine().encode(raw, p)[:, columns])


@pytest.mark.parametrize("engine", [NumpyEngine, pytest.param(LeopardEngine, marks=needs_wheel)])
def test_more_than_one_stripe(engine: Engine) -> None:
    """Wide shards are worked on in stripes; each byte column stays a code of its own."""
    raw = random_bytes(600, 64 * 700, 2)
    parity = engine().encode(raw, 30)
    for column in (0, 64 * 350, 64 * 699):
        part = np.ascontiguousarray(raw[:, column : column + 64])
        assert np.array_equal(parity[:, column : column + 64], NumpyEngine().encode(part, 30))
    damaged = raw.copy()
    gone = np.arange(100, 130, dtype=np.intp)
    damaged[gone] = 0
    engine().fill(damaged, gone, parity, np.array([], np.intp))
    assert np.array_equal(damaged, raw)


@needs_wheel
def test_the_wheel_is_found_by_its_name_and_its_absence_is_an_import_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "reed_solomon_leopard", None)
    with pytest.raises(ImportError):
        LeopardEngine()
