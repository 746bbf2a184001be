"""The code over an index's body: parity equals reedsolo's, and damage up to the limit is put right, none beyond it."""

import random
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest
import reedsolo
from hypothesis import given, settings
from hypothesis import strategies as st

from pybackup.codes import galois, rs255_repair
from pybackup.codes.rs255 import DATA_ROWS, PARITY_ROWS, is_intact, parity_size, protect
from pybackup.codes.rs255_repair import RepairedBody, Uncorrectable, repair

LENGTHS = [0, 1, 2, 222, 223, 224, 225, 300, 445, 446, 447, 669, 5_000, 49_728, 49_729, 49_730, 100_003]
LIMIT = PARITY_ROWS // 2

seeds = st.integers(0, 2**32)


def columns_of(body_bytes: int) -> int:
    return -(-body_bytes // DATA_ROWS)


def cell(body_bytes: int, row: int, column: int) -> int | None:
    """Return where a byte of a codeword is in body + parity; None where it is a zero that is not stored."""
    columns = columns_of(body_bytes)
    if row >= DATA_ROWS:
        return body_bytes + (row - DATA_ROWS) * columns + column
    place = row * columns + column
    return place if place < body_bytes else None


def stored_rows(body_bytes: int, column: int) -> list[int]:
    return [row for row in range(DATA_ROWS + PARITY_ROWS) if cell(body_bytes, row, column) is not None]


def slow_parity(body: bytes) -> bytes:
    """Encode column by column with reedsolo."""
    codec = reedsolo.RSCodec(PARITY_ROWS)
    columns = columns_of(len(body))
    padded = body + bytes(columns * DATA_ROWS - len(body))
    encoded = [codec.encode(padded[column::columns])[DATA_ROWS:] for column in range(columns)]
    return bytes(encoded[column][row] for row in range(PARITY_ROWS) for column in range(columns))


def strike(stored: bytearray, source: random.Random, body_bytes: int, column: int, rows: list[int]) -> None:
    """Make the bytes of these rows of a codeword wrong."""
    for row in rows:
        place = cell(body_bytes, row, column)
        assert place is not None
        stored[place] ^= source.randrange(1, 256)


def mend(stored: bytes | bytearray, body_bytes: int) -> RepairedBody:
    return repair(bytes(stored[:body_bytes]), bytes(stored[body_bytes:]))


@pytest.fixture
def decodes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that grows by one with each codeword given to reedsolo."""
    calls: list[int] = []
    original: Callable[..., object] = reedsolo.RSCodec.decode

    def counted(*arguments: object) -> object:
        calls.append(1)
        return original(*arguments)

    monkeypatch.setattr(reedsolo.RSCodec, "decode", counted)
    return calls


# The field


def slow_product(left: int, right: int) -> int:
    product = 0
    for bit in range(8):
        if right >> bit & 1:
            product ^= left << bit
    for bit in range(14, 7, -1):
        if product >> bit & 1:
            product ^= galois.POLYNOMIAL << (bit - 8)
    return product


def test_products_are_those_of_polynomials() -> None:
    expected = [[slow_product(left, right) for right in range(256)] for left in range(256)]
    assert galois.products().tolist() == expected


def test_products_obey_the_field_laws() -> None:
    times, every = galois.products(), np.arange(256, dtype=np.uint8)
    plus = every[:, None] ^ every
    assert np.array_equal(times, times.T)
    assert np.array_equal(times[1], every)
    assert not times[0].any()
    for element in range(256):
        assert np.array_equal(times[times[element]], times[element][times]), "associative"
        assert np.array_equal(times[element][plus], times[element][:, None] ^ times[element]), "distributive"


def test_every_element_but_zero_has_one_inverse() -> None:
    every = np.arange(1, 256)
    assert (galois.products()[every, galois.inverses()[every]] == 1).all()
    assert ((galois.products() == 1).sum(axis=1) == [0] + 255 * [1]).all()


def test_the_generator_reaches_every_element_but_zero() -> None:
    assert sorted(galois.powers()) == list(range(1, 256))
    assert all(slow_product(galois.powers()[n], 2) == galois.powers()[(n + 1) % 255] for n in range(255))


def test_tables_cannot_be_changed() -> None:
    for table in (galois.products(), galois.inverses()):
        with pytest.raises(ValueError, match="read-only"):
            table[1] = 0


def slow_matrix_product(left: galois.Bytes, right: galois.Bytes) -> galois.Bytes:
    product = np.zeros((left.shape[0], right.shape[1]), np.uint8)
    for row in range(left.shape[0]):
        for column in range(right.shape[1]):
            for step in range(left.shape[1]):
                product[row, column] ^= slow_product(int(left[row, step]), int(right[step, column]))
    return product


def test_tables_multiply_as_their_matrix_does_for_every_byte() -> None:
    matrix = np.random.default_rng(1).integers(0, 256, (galois.OUTPUTS, 2), dtype=np.uint8)
    every = np.arange(256, dtype=np.uint8)
    rows = np.stack([every, every[::-1]])
    found = galois.apply_tables(galois.linear_tables(matrix), rows)
    assert np.array_equal(found.T, slow_matrix_product(matrix, rows))


@pytest.mark.parametrize("gathered_items", [1, 7, 300, 1 << 20])
def test_tables_applied_in_blocks_of_any_size_give_the_same(
    monkeypatch: pytest.MonkeyPatch, gathered_items: int
) -> None:
    generator = np.random.default_rng(2)
    matrix = generator.integers(0, 256, (galois.OUTPUTS, 5), dtype=np.uint8)
    rows = generator.integers(0, 256, (131, 5), dtype=np.uint8).T
    monkeypatch.setattr(galois, "_GATHERED_ITEMS", gathered_items)
    found = galois.apply_tables(galois.linear_tables(matrix), rows)
    assert np.array_equal(found.T, slow_matrix_product(matrix, rows))


@given(st.integers(1, 12).flatmap(lambda width: st.tuples(st.just(width), st.integers(width, 12))), seeds)
def test_elimination_gives_the_unit_matrix_or_refuses(shape: tuple[int, int], seed: int) -> None:
    width, height = shape
    matrix = np.random.default_rng(seed).integers(0, 256, (height, width), dtype=np.uint8)
    try:
        solver = galois.eliminate(matrix)
    except ValueError:
        return
    assert np.array_equal(slow_matrix_product(solver, matrix), np.eye(height, width))


def test_elimination_refuses_columns_that_depend_on_each_other() -> None:
    column = np.arange(1, 9, dtype=np.uint8)
    with pytest.raises(ValueError, match="column 1 depends"):
        galois.eliminate(np.stack([column, galois.products()[77, column]], axis=1))


# Parity


def test_parity_size_is_32_bytes_for_each_column() -> None:
    assert [parity_size(length) for length in (0, 1, 223, 224, 446, 447)] == [0, 32, 32, 64, 64, 96]


def test_parity_size_refuses_negative_lengths() -> None:
    with pytest.raises(ValueError, match="-1 bytes"):
        parity_size(-1)


def test_parity_is_the_golden_one() -> None:
    golden = "41841183b11fdb537421939696cda70e1db5c86684af222564b89cc6069f172e"
    assert protect(bytes(range(223))).hex() == golden


@pytest.mark.parametrize("length", LENGTHS)
def test_parity_equals_that_of_reedsolo(length: int) -> None:
    body = random.Random(length).randbytes(length)
    parity = protect(body)
    assert len(parity) == parity_size(length)
    assert parity == slow_parity(body)


@settings(deadline=None)
@given(st.binary(max_size=1_000))
def test_parity_of_any_body_equals_that_of_reedsolo(body: bytes) -> None:
    assert protect(body) == slow_parity(body)


@pytest.mark.parametrize("gathered_items", [1, 1_000, 1 << 22])
@pytest.mark.parametrize("length", [300, 5_000, 49_730])
def test_parity_does_not_depend_on_the_block_size(
    monkeypatch: pytest.MonkeyPatch, length: int, gathered_items: int
) -> None:
    body = random.Random(length).randbytes(length)
    monkeypatch.setattr(galois, "_GATHERED_ITEMS", gathered_items)
    assert protect(body) == slow_parity(body)


def test_reedsolo_is_not_imported_until_there_is_damage() -> None:
    program = (
        "import sys; from pybackup.codes import rs255 as c, rs255_repair as r; p = c.protect(b'x' * 500);"
        "r.repair(b'x' * 500, p); assert 'reedsolo' not in sys.modules;"
        "r.repair(b'y' + b'x' * 499, p); assert 'reedsolo' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


# Intact


@pytest.mark.parametrize("length", LENGTHS)
def test_what_is_intact_is_returned_as_it_is(length: int, decodes: list[int]) -> None:
    body = random.Random(length).randbytes(length)
    parity = protect(body)
    assert is_intact(body, parity)
    assert is_intact(memoryview(body), memoryview(parity))
    assert repair(memoryview(body), memoryview(parity)) == RepairedBody(body, parity, 0)
    assert not decodes


@pytest.mark.parametrize("length", [1, 224, 500])
def test_any_wrong_byte_shows_and_is_repaired(length: int) -> None:
    body = random.Random(length).randbytes(length)
    good = body + protect(body)
    for place in range(len(good)):
        stored = bytearray(good)
        stored[place] ^= 1 << place % 8
        assert not is_intact(bytes(stored[:length]), bytes(stored[length:]))
        assert mend(stored, length) == RepairedBody(body, good[length:], 1)


@pytest.mark.parametrize("length", [0, 1, 223, 224])
@pytest.mark.parametrize("job", [is_intact, repair])
@pytest.mark.parametrize("surplus", [-32, -1, 1, 32])
def test_parity_of_another_length_is_refused(length: int, job: Callable[[bytes, bytes], object], surplus: int) -> None:
    if parity_size(length) + surplus >= 0:
        with pytest.raises(ValueError, match=f"{parity_size(length)} bytes of parity, not") as refusal:
            job(bytes(length), bytes(parity_size(length) + surplus))
        assert not isinstance(refusal.value, Uncorrectable)


# Repair


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 2_000), seeds)
def test_sixteen_wrong_bytes_in_every_codeword_are_repaired(length: int, seed: int) -> None:
    source = random.Random(seed)
    body = source.randbytes(length)
    good = body + protect(body)
    stored = bytearray(good)
    for column in range(columns_of(length)):
        strike(stored, source, length, column, source.sample(stored_rows(length, column), LIMIT))
    assert mend(stored, length) == RepairedBody(body, good[length:], LIMIT * columns_of(length))


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 2_000), seeds)
def test_seventeen_wrong_bytes_in_one_codeword_are_refused(length: int, seed: int) -> None:
    source = random.Random(seed)
    body = source.randbytes(length)
    stored = bytearray(body + protect(body))
    column = source.randrange(columns_of(length))
    strike(stored, source, length, column, source.sample(stored_rows(length, column), LIMIT + 1))
    with pytest.raises(Uncorrectable, match=f"^1 of {columns_of(length)} codewords"):
        mend(stored, length)


def test_refusal_counts_only_codewords_that_stay_bad() -> None:
    source = random.Random(3)
    body = source.randbytes(2_000)
    stored = bytearray(body + protect(body))
    for column, errors in enumerate([16, 60, 3, 1, 60, 0, 16, 90, 16]):
        strike(stored, source, len(body), column, source.sample(stored_rows(len(body), column), errors))
    with pytest.raises(Uncorrectable, match=r"^3 of 9 codewords could not be corrected$"):
        mend(stored, len(body))


@settings(deadline=None, max_examples=200)
@given(st.integers(1, 3_000), st.integers(1, 200), st.booleans(), seeds)
def test_damage_of_any_kind_is_repaired_or_refused_but_never_answered_wrongly(
    length: int, errors: int, in_one_burst: bool, seed: int
) -> None:
    source = random.Random(seed)
    body = source.randbytes(length)
    good = body + protect(body)
    errors = min(errors, len(good))
    start = source.randrange(len(good) - errors + 1)
    places = range(start, start + errors) if in_one_burst else source.sample(range(len(good)), errors)
    stored = bytearray(good)
    for place in places:
        stored[place] = source.randrange(256)
    try:
        repaired = mend(stored, length)
    except Uncorrectable:
        assert errors > LIMIT
        return
    assert repaired.body + repaired.parity == good
    assert repaired.corrected_bytes == sum(a != b for a, b in zip(stored, good, strict=True))


@pytest.mark.parametrize("fill", [b"\x00", b"\xff", None])
@pytest.mark.parametrize("where", [0.0, 0.4, 0.86, 1.0])
@pytest.mark.parametrize("length", [1_000, 60_000, 1_000_000])
def test_burst_up_to_the_limit_is_repaired(length: int, where: float, fill: bytes | None, decodes: list[int]) -> None:
    source = random.Random(length)
    body = source.randbytes(length)
    good = body + protect(body)
    burst = LIMIT * columns_of(length)
    start = int(where * (len(good) - burst))
    stored = bytearray(good)
    stored[start : start + burst] = source.randbytes(burst) if fill is None else burst * fill
    repaired = mend(stored, length)
    assert repaired.body + repaired.parity == good
    assert len(decodes) <= 10


def test_burst_into_a_seventeenth_row_is_repaired_with_the_rows_of_its_other_codewords() -> None:
    source = random.Random(4)
    body = source.randbytes(100_000)
    good = body + protect(body)
    columns = columns_of(len(body))
    stored = bytearray(good)
    for place in range(30_001, 30_001 + LIMIT * columns + columns // 2):
        stored[place] ^= 0x55
    assert mend(stored, len(body)) == RepairedBody(body, good[len(body) :], LIMIT * columns + columns // 2)


def test_burst_of_seventeen_rows_is_refused() -> None:
    source = random.Random(5)
    body = source.randbytes(100_000)
    columns = columns_of(len(body))
    stored = bytearray(body + protect(body))
    for place in range(30_001, 30_001 + (LIMIT + 1) * columns):
        stored[place] ^= 0x55
    with pytest.raises(Uncorrectable, match=f"^{columns} of {columns} codewords"):
        mend(stored, len(body))


def test_lost_sectors_here_and_there_are_repaired_run_by_run(decodes: list[int]) -> None:
    source = random.Random(6)
    body = source.randbytes(3_000_000)
    good = body + protect(body)
    stored = bytearray(good)
    for sector in source.sample(range(len(good) // 2_048), 20):
        stored[2_048 * sector : 2_048 * (sector + 1)] = bytes(2_048)
    repaired = mend(stored, len(body))
    assert repaired.body + repaired.parity == good
    assert len(decodes) < 100


@pytest.mark.parametrize("length", [20_000, 60_000, 1_000_003])
def test_zeros_instead_of_sectors_are_repaired_up_to_nearly_twice_the_limit(length: int, decodes: list[int]) -> None:
    """A tenth of all sectors, of 2,048 bytes or less where there are few; some of the columns have 30 wrong bytes."""
    source = random.Random(length)
    body = source.randbytes(length)
    good = body + protect(body)
    sector = min(2_048, len(good) // 255)
    stored, wrong = bytearray(good), [0] * columns_of(length)
    for number in source.sample(range(len(good) // sector), len(good) // sector):
        hit = {
            at: at % len(wrong) if at < length else (at - length) % len(wrong)
            for at in range(number * sector, (number + 1) * sector)
        }
        if max(map(wrong.__getitem__, hit.values())) + -(-sector // len(wrong)) <= 30:
            for at, column in hit.items():
                stored[at] = 0
                wrong[column] += 1
    assert max(wrong) > 28
    assert sum(wrong) > 0.09 * len(good)
    repaired = mend(stored, length)
    assert repaired.body + repaired.parity == good
    assert decodes == []


def test_more_zeros_than_can_be_solved_for_are_refused() -> None:
    body = random.Random(12).randbytes(100_000)
    columns = columns_of(len(body))
    stored = bytearray(body + protect(body))
    stored[30_000 : 30_000 + 33 * columns] = bytes(33 * columns)
    with pytest.raises(Uncorrectable):
        mend(stored, len(body))


def test_error_found_where_no_byte_is_stored_is_refused() -> None:
    body = random.Random(7).randbytes(300)
    assert cell(len(body), 200, 1) is None
    other = bytearray(body + bytes(2 * DATA_ROWS - len(body)))
    other[2 * 200 + 1] = 9
    # One wrong byte for a decoder, but only a body of another length has it.
    with pytest.raises(Uncorrectable, match=r"^1 of 2 codewords"):
        repair(body, protect(bytes(other)))


# Bounds on work


def test_garbage_ends_after_a_fixed_number_of_decodes(decodes: list[int]) -> None:
    source = random.Random(8)
    body = source.randbytes(8_000_000)
    with pytest.raises(Uncorrectable, match=f"^{columns_of(len(body))} of {columns_of(len(body))} codewords"):
        repair(body, source.randbytes(parity_size(len(body))))
    assert len(decodes) == rs255_repair._MOST_FAILURES


def test_patterns_of_damage_beyond_the_bound_are_given_up(decodes: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    source = random.Random(9)
    body = source.randbytes(4_000)
    good = body + protect(body)
    stored = bytearray(good)
    for column in range(columns_of(len(body))):
        strike(stored, source, len(body), column, source.sample(stored_rows(len(body), column), LIMIT))
    monkeypatch.setattr(rs255_repair, "_MOST_DECODES", 11)
    with pytest.raises(Uncorrectable, match=r"^7 of 18 codewords"):
        mend(stored, len(body))
    assert len(decodes) == 11


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 5, 10, 100, 255, 1_000])
def test_scattered_order_visits_each_column_once(count: int) -> None:
    assert sorted(rs255_repair._scattered(count)) == list(range(count))


def test_scattered_order_begins_all_over_the_place() -> None:
    first = sorted(turn for turn, _ in zip(rs255_repair._scattered(10_000), range(64), strict=False))
    assert max(np.diff([0, *first, 10_000])) < 400
