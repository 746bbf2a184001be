"""The transform against polynomials evaluated term by term, the locator against products factor by factor."""

from functools import reduce

import numpy as np
import pytest

from pybackup.codes.field import LOG_OF_ZERO, ORDER, Symbols, logarithms, multiply, powers
from pybackup.codes.transform import add_derivative, evaluate, interpolate, locator_logarithms

SHAPES = [
    (1, 0, 3),
    (2, 0, 3),
    (2, 65534, 3),
    (8, 0, 5),
    (8, 40, 5),
    (64, 65472, 2),
    (256, 512, 1),
]
"""Points, start, symbols."""


def random_symbols(rows: int, columns: int) -> Symbols:
    return np.random.default_rng(rows * columns).integers(0, ORDER, (rows, columns), dtype=np.uint16)


def vanishing(layer: int, points: Symbols) -> Symbols:
    """The product of (point - root) over the roots 0 to 2^layer - 1."""
    return reduce(multiply, (points ^ np.uint16(root) for root in range(1 << layer)))


def slow_values(coefficients: Symbols, start: int) -> Symbols:
    """Values of the sum of c_i X_i, X_i as the product that defines it."""
    rows = len(coefficients)
    points = np.arange(start, start + rows, dtype=np.uint16)
    factors = [vanishing(layer, points) for layer in range(rows.bit_length() - 1)]
    values = np.zeros_like(coefficients)
    for i, coefficient in enumerate(coefficients):
        used = [factor for layer, factor in enumerate(factors) if i >> layer & 1]
        basis = reduce(multiply, used, np.ones_like(points))
        values ^= multiply(basis[:, None], coefficient)
    return values


@pytest.mark.parametrize("layer", range(9))
def test_vanishing_polynomial_shifts_the_number_of_a_point(layer: int) -> None:
    points = np.arange(ORDER, dtype=np.uint16)
    assert np.array_equal(vanishing(layer, points), points >> layer)


@pytest.mark.parametrize(("rows", "start", "columns"), SHAPES)
def test_values_are_those_of_the_polynomial(rows: int, start: int, columns: int) -> None:
    coefficients = random_symbols(rows, columns)
    work = coefficients.copy()
    evaluate(work, start)
    assert np.array_equal(work, slow_values(coefficients, start))
    interpolate(work, start)
    assert np.array_equal(work, coefficients)


@pytest.mark.parametrize("columns", [1, 96, 4096])
def test_widths_on_either_side_of_the_tables_agree(columns: int) -> None:
    """Narrow columns go by logarithms, wide ones by tables; columns are independent."""
    coefficients = random_symbols(128, columns)
    together, alone = coefficients.copy(), coefficients[:, :1].copy()
    evaluate(together, 1024)
    evaluate(alone, 1024)
    assert np.array_equal(together[:, :1], alone)
    interpolate(together, 1024)
    assert np.array_equal(together, coefficients)


@pytest.mark.parametrize("columns", [1, 4096])
@pytest.mark.parametrize("active_rows", [[], [0], [127], [3, 64], [17, 18, 19, 90]])
def test_rows_that_are_not_active_change_nothing(columns: int, active_rows: list[int]) -> None:
    active = np.zeros(128, np.bool_)
    active[active_rows] = True
    values = random_symbols(128, columns)
    values[~active] = 0
    whole, partial = values.copy(), values.copy()
    interpolate(whole, 256)
    interpolate(partial, 256, active)
    assert np.array_equal(whole, partial)
    coefficients = random_symbols(128, columns)
    whole, partial = coefficients.copy(), coefficients.copy()
    evaluate(whole, 256)
    evaluate(partial, 256, active)
    assert np.array_equal(whole[active], partial[active])


@pytest.mark.parametrize("rows", [1, 2, 8, 64, 256])
def test_derivative_obeys_the_product_rule(rows: int) -> None:
    """(x f)' = f + x f', and constants have none: that makes it the derivative of every polynomial."""
    coefficients = random_symbols(rows, 3)
    coefficients[rows // 2 :] = 0  # leaves room for the factor
    points = np.arange(rows, dtype=np.uint16)[:, None]
    values = coefficients.copy()
    evaluate(values, 0)
    times_x = multiply(values, points)
    interpolate(times_x, 0)
    assert np.array_equal(derivative_values(times_x), values ^ multiply(derivative_values(coefficients), points))
    constant = np.zeros((rows, 1), np.uint16)
    constant[0] = 7
    assert not derivative_values(constant).any()


def derivative_values(coefficients: Symbols) -> Symbols:
    work = coefficients.copy()
    add_derivative(work)
    work ^= coefficients
    evaluate(work, 0)
    return work


@pytest.mark.parametrize("points", [1, 2, 16, 512])
@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_locator_is_the_product_over_unknown_points(points: int, share: float) -> None:
    unknown = np.random.default_rng(points).random(points) < share
    roots = np.flatnonzero(unknown).astype(np.uint16)
    found = locator_logarithms(unknown)
    expected = np.ones(points, np.uint16)
    for root in roots:
        differences = np.arange(points, dtype=np.uint16) ^ root
        differences[root] = 1
        expected = multiply(expected, differences)
    assert np.array_equal(powers()[found], expected)
    assert found.min() >= 0
    assert found.max() < LOG_OF_ZERO // 2


def test_locator_of_the_whole_field() -> None:
    """No sum may overflow; the product of all elements but zero is -1, which is 1."""
    found = locator_logarithms(np.ones(ORDER, np.bool_))
    assert not found.any()
    all_but_one = np.ones(ORDER, np.bool_)
    all_but_one[5] = False
    expected = -logarithms()[np.arange(ORDER) ^ 5] % (ORDER - 1)
    expected[5] = 0
    assert np.array_equal(locator_logarithms(all_but_one), expected)
