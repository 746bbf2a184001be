"""The field: its laws over all elements, its tables against the multiplication of polynomials bit by bit."""

import numpy as np
import numpy.typing as npt
import pytest

from pybackup.codes.field import (
    BASIS,
    BITS,
    LOG_OF_ZERO,
    ORDER,
    PERIOD,
    POLYNOMIAL,
    Symbols,
    logarithms,
    multiply,
    powers,
    product_table,
    scaled,
)

Polynomials = npt.NDArray[np.int64]

ALL: Symbols = np.arange(ORDER, dtype=np.uint16)
SAMPLES = (0, 1, 2, 3, 4, 15, 16, 255, 256, 257, 0x1234, 0x8000, 0xACCA, 0xFFFE, 0xFFFF)


def random_elements(seed: int) -> Symbols:
    return np.random.default_rng(seed).integers(0, ORDER, 1 << 17, dtype=np.uint16)


def polynomials_of(elements: npt.NDArray[np.unsignedinteger]) -> Polynomials:
    """Elements as polynomials in x: the sum of the vectors of the basis, each bit on its own."""
    found = np.zeros(elements.shape, np.int64)
    for bit, vector in enumerate(BASIS):
        found ^= (elements.astype(np.int64) >> bit & 1) * vector
    return found


def slow_products(left: Polynomials, right: Polynomials) -> Polynomials:
    """Shift and add, then take the remainder."""
    product = np.zeros(np.broadcast(left, right).shape, np.int64)
    for bit in range(BITS):
        product ^= (left >> bit & 1) * (right << bit)
    for bit in reversed(range(BITS, 2 * BITS - 1)):
        product ^= (product >> bit & 1) * (POLYNOMIAL << (bit - BITS))
    return product


def test_coordinates_name_every_element_once() -> None:
    assert len(np.unique(polynomials_of(ALL))) == ORDER


def test_basis_is_cantors() -> None:
    vectors = np.array(BASIS)
    assert vectors[0] == 1
    assert (slow_products(vectors[1:], vectors[1:]) ^ vectors[1:]).tolist() == vectors[:-1].tolist()


@pytest.mark.parametrize("constant", SAMPLES)
def test_products_are_those_of_polynomials(constant: int) -> None:
    expected = slow_products(polynomials_of(ALL), polynomials_of(np.array(constant, np.uint16)))
    for products in (
        multiply(ALL, np.array(constant, np.uint16)),
        product_table(constant),
        scaled(ALL, logarithms()[constant : constant + 1]),
    ):
        assert products.dtype == np.uint16
        assert np.array_equal(polynomials_of(products), expected)


def test_random_products_are_those_of_polynomials() -> None:
    left, right = random_elements(1), random_elements(2)
    products = multiply(left, right)
    assert np.array_equal(polynomials_of(products), slow_products(polynomials_of(left), polynomials_of(right)))


def test_one_and_zero() -> None:
    assert np.array_equal(multiply(ALL, np.ones(1, np.uint16)), ALL)
    assert not multiply(ALL, np.zeros(1, np.uint16)).any()


def test_every_element_but_zero_has_its_inverse() -> None:
    inverses = powers()[PERIOD - logarithms()[1:]]
    assert (multiply(ALL[1:], inverses) == 1).all()
    assert len(np.unique(inverses)) == PERIOD


def test_logarithms_and_powers_are_inverse() -> None:
    assert np.array_equal(powers()[logarithms()], ALL)
    assert sorted(logarithms()[1:].tolist()) == list(range(PERIOD))
    assert logarithms()[0] == LOG_OF_ZERO
    assert not powers()[LOG_OF_ZERO:].any()


def test_squares_are_linear() -> None:
    """The Frobenius map, over all elements: it is what makes the basis work."""
    squares = multiply(ALL, ALL)
    shuffled = np.random.default_rng(3).permutation(ALL)
    assert np.array_equal(squares[ALL ^ shuffled], squares ^ squares[shuffled])


def test_multiplication_is_commutative_associative_distributive() -> None:
    a, b, c = (random_elements(seed) for seed in (4, 5, 6))
    assert np.array_equal(multiply(a, b), multiply(b, a))
    assert np.array_equal(multiply(multiply(a, b), c), multiply(a, multiply(b, c)))
    assert np.array_equal(multiply(a, b ^ c), multiply(a, b) ^ multiply(a, c))


def test_tables_cannot_be_written_to() -> None:
    for table in (logarithms(), powers()):
        with pytest.raises(ValueError, match="read-only"):
            table[0] = 0
