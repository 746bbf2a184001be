"""RS(255,223) over the body of an index: parity that finds and repairs bytes wrong at unknown places.

A body of L bytes is a matrix of C = ceil(L / 223) columns, row-major; each column is one codeword. Parity follows in
the same form, so that a burst is shared out over all codewords and the body stays readable as it is:

======== ====== ======= ==============================================================================
row      bytes  stored  meaning
======== ====== ======= ==============================================================================
0-222    C each L bytes body: byte i is row i // C, column i % C; cells from L on are zero, not stored
223-254  C each 32 C    parity: row 223 + k is byte k of each column's parity
======== ====== ======= ==============================================================================

A column's parity is `reedsolo.RSCodec(32).encode(its 223 bytes)[223:]`: GF(2^8) with polynomial 0x11d, generator 2,
first root 2^0. Up to 16 wrong bytes in each column can be put right, wherever they are: `rs255_repair`.
"""

from functools import cache

import numpy as np
import numpy.typing as npt

from .galois import Bytes, Words, apply_tables, linear_tables, powers, products

DATA_ROWS = 223
PARITY_ROWS = 32
ROWS = DATA_ROWS + PARITY_ROWS

Places = npt.NDArray[np.intp]
"""Numbers of columns, or of rows."""


def parity_size(body_bytes: int) -> int:
    """Return how many bytes of parity a body of `body_bytes` bytes has.

    Raises
    ------
    ValueError
        `body_bytes` is negative.
    """
    if body_bytes < 0:
        raise ValueError(f"a body cannot have {body_bytes} bytes")
    return PARITY_ROWS * columns_of(body_bytes)


def protect(body: bytes | memoryview) -> bytes:
    """Return the parity of a body, `parity_size(len(body))` bytes.

    The body is read in place; beside the result and a copy of it, 3 MB and 1.8 MB of tables are used.
    """
    return _encode(np.frombuffer(body, np.uint8)).T.tobytes()


def is_intact(body: bytes | memoryview, parity: bytes | memoryview) -> bool:
    """Return whether the parity is that of the body: any 1 to 32 wrong bytes in a codeword show.

    Zeros throughout match as well, as any body with its own parity does: a checksum must vouch for which body it is.

    Raises
    ------
    ValueError
        `parity` has not the length that belongs to `body`.
    """
    refuse_other_lengths(body, parity)
    return protect(body) == bytes(parity)


def columns_of(body_bytes: int) -> int:
    """Return how many codewords a body has."""
    return -(-body_bytes // DATA_ROWS)


def refuse_other_lengths(body: bytes | memoryview, parity: bytes | memoryview) -> None:
    """Raise `ValueError` where the parity has not the length that belongs to the body."""
    expected, found = parity_size(memoryview(body).nbytes), memoryview(parity).nbytes
    if found != expected:
        raise ValueError(f"a body of {memoryview(body).nbytes} bytes has {expected} bytes of parity, not {found}")


@cache
def check_matrix() -> Bytes:
    """Return the matrix (32, 255) that maps a column to its remainder: column p is x^(254 - p) modulo the generator."""
    generator = np.ones(1, np.uint8)
    for root in powers()[:PARITY_ROWS]:
        generator = np.append(generator, np.uint8(0)) ^ np.append(np.uint8(0), products()[root, generator])
    matrix = np.eye(PARITY_ROWS, ROWS, DATA_ROWS, dtype=np.uint8)
    for row in range(DATA_ROWS - 1, -1, -1):
        following = matrix[:, row + 1]
        matrix[:, row] = np.append(following[1:], np.uint8(0)) ^ products()[following[0], generator[1:]]
    matrix.flags.writeable = False
    return matrix


@cache
def _encoder() -> Words:
    return linear_tables(check_matrix()[:, :DATA_ROWS])


def _encode(body: Bytes) -> Bytes:
    """Return each column's parity, shape (C, 32)."""
    columns = columns_of(body.size)
    whole = body.size // max(1, columns)
    parity = apply_tables(_encoder(), body[: whole * columns].reshape(whole, columns))
    rest = body[whole * columns :]
    if rest.size:
        parity[: rest.size] ^= apply_tables(_encoder()[256 * whole :], rest[None])
    return parity


def remainders_of(body: Bytes, parity: Bytes) -> Bytes:
    """Return computed parity XOR stored parity, shape (C, 32): zero in columns that are intact."""
    return _encode(body) ^ parity.reshape(PARITY_ROWS, -1).T


def bad_columns(remainders: Bytes) -> Places:
    """Return the numbers of the columns that are not intact."""
    return np.flatnonzero(remainders.any(axis=1))
