"""The code: the bytes of the wheel and of slow Lagrange interpolation, round trips, and one erasure too many."""

import hashlib
import importlib
import sys

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kit.engines import ENGINES, HAS_WHEEL, needs_wheel, random_bytes, slow_parity

from pybackup.codes.codec import (
    Engine,
    default_engine,
    encode,
    encode_pieces,
    fill,
    supports,
)
from pybackup.codes.field import multiply
from pybackup.codes.form import form_of
from pybackup.codes.stripes import Bytes, bytes_of, stripes, symbols_of

COUNTS = [
    *((1, 1), (2, 1), (3, 1), (4, 1), (5, 1), (100, 1)),
    *((1, 2), (1, 3), (1, 4), (1, 5), (1, 100)),
    *((2, 2), (3, 2), (2, 3), (3, 3), (3, 4), (4, 3), (4, 4), (5, 4), (4, 5)),
    *((7, 8), (8, 8), (9, 8), (8, 7), (8, 9), (9, 9), (15, 4), (16, 4), (17, 4), (4, 15), (4, 16), (4, 17)),
    *((63, 64), (64, 64), (65, 64), (64, 63), (64, 65), (65, 65)),
    *((300, 20), (20, 300), (1000, 33), (33, 1000), (1024, 1), (1, 1024), (3000, 1025), (1025, 5121)),
]
"""Both forms, powers of two and one beside them; the last two have one row beyond a tile of 1,024."""

GOLDEN = [
    (3, 2, 64, "6429383f6a0e703907d630c345351f7107acba9480d99175805f90e78d87dbdb"),
    (2, 3, 64, "0c068258fc3b5d56daa31f94d6ecc2326c3e63e96987bff2555bd41942c7122d"),
    (5, 4, 64, "163410afc86618fea2f018563e6f505255e92434ca269baab05e54047574226d"),
    (100, 10, 192, "c29c9c6bf137b2934fdf47865b14373633ac044f4548be72e9b567aeddaab49d"),
    (10, 100, 192, "399756d2fd3f524e5a8c9a5b918fc2b792a7ef1e83f15a3841b2eb282afe42f2"),
]
"""The examples of FORMAT.md: counts, width, SHA-256 of the parity of data that a formula makes."""


def rows(*indexes: int) -> npt.NDArray[np.intp]:
    return np.array(indexes, np.intp)


def none() -> npt.NDArray[np.intp]:
    return rows()


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)
@pytest.mark.parametrize(("data_count", "parity_count"), [(1, 1), (100, 10), (10, 100), (3000, 1025)])
def test_columns_of_what_comes_in_pieces(data_count: int, parity_count: int, engine: Engine) -> None:
    data = random_bytes(data_count, 448)
    whole = encode(data, parity_count, engine=engine)
    for step, columns in ((1, slice(0, 448)), (7, slice(64, 256)), (data_count, slice(384, 448))):
        pieces = (data[first : first + step].tobytes() for first in range(0, data_count, step))
        found = encode_pieces(pieces, data_count, parity_count, width_bytes=448, columns=columns, engine=engine)
        assert (found == whole[:, columns]).all()
    with pytest.raises(ValueError, match="no multiple of 64"):
        encode_pieces([], 1, 1, width_bytes=448, columns=slice(0, 65), engine=engine)


@needs_wheel
@pytest.mark.parametrize(("data_count", "parity_count"), COUNTS)
@pytest.mark.parametrize("width", [64, 192])
def test_engines_make_the_same_bytes(data_count: int, parity_count: int, width: int) -> None:
    data = random_bytes(data_count, width)
    leopard, numpy = (encode(data, parity_count, engine=engine) for engine in ENGINES)
    assert leopard.shape == (parity_count, width)
    assert np.array_equal(leopard, numpy)


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)
@pytest.mark.parametrize(("data_count", "parity_count", "width", "digest"), GOLDEN)
def test_golden_bytes(engine: Engine, data_count: int, parity_count: int, width: int, digest: str) -> None:
    i, j = np.ogrid[:data_count, :width]
    parity = encode((7 * i + 13 * j + i * j).astype(np.uint8), parity_count, engine=engine)
    assert hashlib.sha256(parity.tobytes()).hexdigest() == digest


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)
@pytest.mark.parametrize(
    ("data", "parity"),
    [
        ([0x1234, 0xABCD, 0x0001], [0xEC23, 0x55DB]),
        ([0x1234, 0xABCD], [0xEC26, 0x55DF, 0x9998]),
        ([0x1234, 0xABCD, 0x0001], [0xB9F8]),
    ],
)
def test_golden_codewords(engine: Engine, data: list[int], parity: list[int]) -> None:
    symbols = np.zeros((len(data), 32), np.uint16)
    symbols[:, 5] = data
    found = symbols_of(encode(bytes_of(symbols), len(parity), engine=engine))
    assert found[:, 5].tolist() == parity
    assert not found[:, 6].any()


@pytest.mark.parametrize(("data_count", "parity_count"), [c for c in COUNTS if max(c) < 18])
def test_parity_is_interpolation(data_count: int, parity_count: int) -> None:
    data = random_bytes(data_count, 64)
    assert np.array_equal(encode(data, parity_count), slow_parity(data, parity_count))


@pytest.mark.parametrize(("data_count", "parity_count"), [(1, 1), (3, 1), (3, 2), (3, 3), (4, 3), (30, 4), (100, 9)])
def test_high_form_is_a_sum_of_powers(data_count: int, parity_count: int) -> None:
    """The other description of FORMAT.md, which needs no zeros: sums of value times point^t are zero for t < m."""
    form = form_of(data_count, parity_count)
    assert form.high
    data = random_bytes(data_count, 64)
    parity = encode(data, form.chunk)
    assert np.array_equal(parity[:parity_count], encode(data, parity_count))
    terms = symbols_of(np.concatenate((parity, data)))
    points = np.arange(len(terms), dtype=np.uint16)
    for _ in range(form.chunk):
        assert not np.bitwise_xor.reduce(terms, axis=0).any()
        terms = multiply(terms, points[:, None])
    assert np.bitwise_xor.reduce(terms, axis=0).any()


@st.composite
def erasures(draw: st.DrawFn) -> tuple[int, int, int, list[int]]:
    data_count = draw(st.integers(1, 40))
    parity_count = draw(st.integers(1, 40))
    shards = st.integers(0, data_count + parity_count - 1)
    erased = draw(st.lists(shards, unique=True, max_size=parity_count))
    return data_count, parity_count, draw(st.sampled_from([64, 128])), erased


def damaged(
    data: Bytes, parity: Bytes, erased: npt.NDArray[np.intp]
) -> tuple[Bytes, Bytes, tuple[npt.NDArray[np.intp], ...]]:
    """Copies with rubbish in the erased shards, and which these are."""
    of_data, of_parity = erased[erased < len(data)], erased[erased >= len(data)] - len(data)
    data, parity = data.copy(), parity.copy()
    data[of_data] = 0xA5
    parity[of_parity] = 0x5A
    return data, parity, (of_data, of_parity)


@settings(max_examples=150, deadline=None)
@given(erasures())
def test_any_erasures_are_restored_by_either_engine(case: tuple[int, int, int, list[int]]) -> None:
    data_count, parity_count, width, erased = case
    whole = random_bytes(data_count, width)
    for encoder in ENGINES:
        parity = encode(whole, parity_count, engine=encoder)
        for decoder in ENGINES:
            data, rest, (of_data, of_parity) = damaged(whole, parity, rows(*erased))
            kept = rest.copy()
            fill(data, of_data, rest, of_parity, engine=decoder)
            assert np.array_equal(data, whole)
            assert np.array_equal(rest, kept)


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)
@pytest.mark.parametrize(("data_count", "parity_count"), COUNTS)
def test_as_many_erasures_as_parity_and_one_more(engine: Engine, data_count: int, parity_count: int) -> None:
    whole = random_bytes(data_count, 64)
    parity = encode(whole, parity_count, engine=engine)
    order = np.random.default_rng(parity_count).permutation(data_count + parity_count)
    data, rest, (of_data, of_parity) = damaged(whole, parity, order[:parity_count])
    fill(data, of_data, rest, of_parity, engine=engine)
    assert np.array_equal(data, whole)
    data, rest, (of_data, of_parity) = damaged(whole, parity, order[: parity_count + 1])
    before = data.copy()
    with pytest.raises(ValueError, match="are missing"):
        fill(data, of_data, rest, of_parity, engine=engine)
    assert np.array_equal(data, before)


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)
@pytest.mark.parametrize(("data_count", "parity_count"), [(57_344, 512), (57_344, 5735), (900, 60_000)])
def test_large_groups(engine: Engine, data_count: int, parity_count: int) -> None:
    whole = random_bytes(data_count, 64)
    parity = encode(whole, parity_count, engine=engine)
    other = ENGINES[engine is not ENGINES[-1]]
    order = np.random.default_rng(1).permutation(data_count + parity_count)
    data, rest, (of_data, of_parity) = damaged(whole, parity, order[:parity_count])
    fill(data, of_data, rest, of_parity, engine=other)
    assert np.array_equal(data, whole)


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)
def test_stripes_make_no_difference(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    for data_count, parity_count in ((40, 6), (6, 40)):
        whole = random_bytes(data_count, 448)
        parity = encode(whole, parity_count, engine=engine)
        with monkeypatch.context() as patch:
            for module in ("leopard_engine", "numpy_engine"):
                patch.setattr(f"pybackup.codes.{module}._STRIPE_BYTES", 128 * 64)
            assert np.array_equal(encode(whole, parity_count, engine=engine), parity)
            data, rest, (of_data, of_parity) = damaged(whole, parity, rows(0, 3, 5, 41))
            fill(data, of_data, rest, of_parity, engine=engine)
        assert np.array_equal(data, whole)


def test_stripes_are_whole_blocks_and_cover_all() -> None:
    for width, shards, most in ((64, 10, 1), (2048, 1000, 1 << 18), (448, 3, 600), (0, 3, 600)):
        found = list(stripes(width, shards, most))
        assert [byte for stripe in found for byte in range(stripe.start, stripe.stop)] == list(range(width))
        for stripe in found:
            assert (stripe.stop - stripe.start) % 64 == 0
            assert (stripe.stop - stripe.start) * shards <= max(most, 64 * shards)


def test_symbols_are_low_bytes_then_high_bytes() -> None:
    columns = np.arange(128, dtype=np.uint8)[None]
    symbols = symbols_of(columns)
    assert symbols[0, [0, 1, 31, 32, 63]].tolist() == [0x2000, 0x2101, 0x3F1F, 0x6040, 0x7F5F]
    assert np.array_equal(bytes_of(symbols), columns)


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)
def test_nothing_to_do(engine: Engine) -> None:
    data = random_bytes(5, 64)
    before = data.copy()
    assert encode(data, 0, engine=engine).shape == (0, 64)
    assert not encode(data[:0], 3, engine=engine).any()
    assert encode(data[:0], 3, engine=engine).shape == (3, 64)
    assert encode(data[:, :0], 3, engine=engine).shape == (3, 0)
    fill(data, none(), data[:0], none(), engine=engine)
    fill(data, none(), data[:2], rows(0, 1), engine=engine)
    fill(data[:0], none(), data[:2], rows(1), engine=engine)
    fill(data[:, :0], rows(1), data[:2, :0], none(), engine=engine)
    assert np.array_equal(data, before)


def test_indexes_may_be_in_any_order_and_twice() -> None:
    whole = random_bytes(9, 64)
    for engine in ENGINES:
        data, rest, _ = damaged(whole, encode(whole, 3), rows(2, 7, 10))
        fill(data, rows(7, 2, 7), rest, rows(1, 1), engine=engine)
        assert np.array_equal(data, whole)


def test_wrong_arguments() -> None:
    data, parity = random_bytes(5, 64), random_bytes(2, 64)
    with pytest.raises(ValueError, match="multiple of 64"):
        encode(random_bytes(5, 65), 2)
    with pytest.raises(ValueError, match="no group of 5 data and 65535 parity"):
        encode(data, 65_535)
    with pytest.raises(ValueError, match="are missing"):
        fill(data, rows(1), parity[:0], none())
    with pytest.raises(ValueError, match="row 5 of 5"):
        fill(data, rows(5), parity, none())
    with pytest.raises(ValueError, match="row -1 of 2"):
        fill(data, none(), parity, rows(-1))
    with pytest.raises(ValueError, match="parity of 128 bytes"):
        fill(data, none(), random_bytes(2, 128), none())


@needs_wheel
def test_counts_that_are_supported() -> None:
    wheel = importlib.import_module("reed_solomon_leopard")
    edges = (1, 2, 3, 4095, 4096, 4097, 32_767, 32_768, 32_769, 57_344, 57_345, 61_440, 61_441, 65_535, 65_536)
    for data_count in edges:
        for parity_count in edges:
            assert supports(data_count, parity_count) == wheel.supports(data_count, parity_count)
    assert not supports(0, 1)
    assert not supports(1, 0)
    with pytest.raises(ValueError, match="no group"):
        form_of(65_536, 1)


def test_numpy_steps_in_where_the_wheel_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    default_engine.cache_clear()
    assert default_engine().name == ("leopard" if HAS_WHEEL else "numpy")
    default_engine.cache_clear()
    monkeypatch.setitem(sys.modules, "reed_solomon_leopard", None)
    assert default_engine().name == "numpy"
    default_engine.cache_clear()
