"""What happens to media, as seeded models: the same model, seed and sizes give the same damage.

A medium is the sequence of all bytes that a contender would put on it. A model strikes that sequence as a whole: bytes
that change, sectors that a drive can no longer read (they come back as zeros, as from ddrescue), an end that is gone,
bytes that were added or fell out.
"""

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

SECTOR_BYTES: Final = 2_048
KIB: Final = 1_024

Amount = int | float  # an int is a count, a float a share of the whole
Bytes = npt.NDArray[np.uint8]
Ranges = Sequence[tuple[int, int]]  # of bytes: from, to

_SCRATCH_SECTORS: Final = (4, 64)


class HarmError(Exception):
    """There is no such model."""


@dataclass(frozen=True)
class Shift:
    """`by` bytes were inserted at byte `at`, or as many deleted from there on when `by` is negative."""

    at: int
    by: int

    def moved(self, position: int) -> int:
        """Where the byte boundary `position` lies now; one between deleted bytes falls on `at`."""
        if position <= self.at:
            return position
        return max(self.at, position + self.by)


@dataclass(frozen=True)
class Model:
    """A kind of damage in one strength; `strike` changes the bytes in place and tells what moved."""

    family: str
    strength: str
    strike: Callable[[bytearray, np.random.Generator], Shift | None]

    @property
    def name(self) -> str:
        """The family and the strength, such as `sectors-1%`."""
        return f"{self.family}-{self.strength}"


def hit(pieces: Sequence[bytes], model: Model, seed: int) -> list[bytes]:
    """Damage the concatenation of `pieces`, the files of a medium in their order, and cut it into them again.

    Inserted bytes belong to the piece that they fell into; a piece that lies wholly in what is gone comes back empty.
    """
    data = bytearray(b"".join(pieces))
    ends = np.cumsum([len(piece) for piece in pieces]).tolist()
    shift = model.strike(data, np.random.default_rng([seed, zlib.crc32(model.name.encode())]))
    if shift is not None:
        ends = [*(shift.moved(end) for end in ends[:-1]), len(data)]
    starts = [0, *ends[:-1]]
    whole = bytes(data)
    return [whole[start:end] for start, end in zip(starts, ends, strict=True)]


def counted(amount: Amount, whole: int) -> int:
    """`amount` of `whole` things: at least one when a share is asked for, never more than there are."""
    count = amount if isinstance(amount, int) else max(1, round(amount * whole))
    return min(count, whole)


def scattered(size_bytes: int, amount: Amount, rng: np.random.Generator) -> list[tuple[int, int]]:
    """Distinct whole sectors anywhere; the last sector may be cut short by the end."""
    sectors = -(-size_bytes // SECTOR_BYTES)
    chosen = np.sort(rng.choice(sectors, counted(amount, sectors), replace=False))
    return [_sectors(number, 1, size_bytes) for number in chosen.tolist()]


def burst(size_bytes: int, amount: Amount, rng: np.random.Generator) -> list[tuple[int, int]]:
    """One run of sectors, anywhere."""
    sectors = -(-size_bytes // SECTOR_BYTES)
    length = counted(amount, sectors)
    return [_sectors(int(rng.integers(sectors - length + 1)), length, size_bytes)]


def scratched(size_bytes: int, amount: Amount, rng: np.random.Generator) -> list[tuple[int, int]]:
    """Runs of 4 to 64 sectors that do not overlap, anywhere, until the sum is met; the last may be shorter."""
    sectors = -(-size_bytes // SECTOR_BYTES)
    left = counted(amount, sectors)
    free = sectors - left
    lengths = []
    while left:
        lengths.append(min(left, int(rng.integers(_SCRATCH_SECTORS[0], _SCRATCH_SECTORS[1] + 1))))
        left -= lengths[-1]
    before = np.sort(rng.integers(0, free + 1, len(lengths))).tolist()  # good sectors ahead of each run
    starts = np.add(before, np.cumsum([0, *lengths[:-1]])).tolist()
    return [_sectors(start, length, size_bytes) for start, length in zip(starts, lengths, strict=True)]


def at_start(size_bytes: int, amount: Amount) -> list[tuple[int, int]]:
    """The first bytes."""
    return [(0, counted(amount, size_bytes))]


def at_end(size_bytes: int, amount: Amount) -> list[tuple[int, int]]:
    """The last bytes."""
    return [(size_bytes - counted(amount, size_bytes), size_bytes)]


def _sectors(first: int, count: int, size_bytes: int) -> tuple[int, int]:
    return first * SECTOR_BYTES, min((first + count) * SECTOR_BYTES, size_bytes)


def _zero(data: bytearray, ranges: Ranges) -> None:
    for start, end in ranges:
        data[start:end] = bytes(end - start)


def _garble(data: bytearray, ranges: Ranges, rng: np.random.Generator) -> None:
    for start, end in ranges:
        data[start:end] = rng.bytes(end - start)


def _flip(data: bytearray, amount: Amount, masks: Sequence[int], rng: np.random.Generator) -> None:
    """Change distinct bytes anywhere, each by one of the `masks`, which are not zero."""
    view: Bytes = np.frombuffer(data, dtype=np.uint8)
    places = rng.choice(len(view), counted(amount, len(view)), replace=False)
    view[places] ^= rng.choice(np.array(masks, dtype=np.uint8), len(places))


def _bytes_flipped(name: str, amount: Amount) -> Model:
    def strike(data: bytearray, rng: np.random.Generator) -> None:
        _flip(data, amount, range(1, 256), rng)

    return Model("flips", name, strike)


def _bits_flipped(name: str, amount: Amount) -> Model:
    def strike(data: bytearray, rng: np.random.Generator) -> None:
        _flip(data, amount, [1 << bit for bit in range(8)], rng)

    return Model("flips", name, strike)


def _unreadable(
    family: str, name: str, where: Callable[[int, Amount, np.random.Generator], Ranges], amount: Amount
) -> Model:
    def strike(data: bytearray, rng: np.random.Generator) -> None:
        _zero(data, where(len(data), amount, rng))

    return Model(family, name, strike)


def _garbage(name: str, amount: Amount) -> Model:
    def strike(data: bytearray, rng: np.random.Generator) -> None:
        _garble(data, burst(len(data), amount, rng), rng)

    return Model("garbage", name, strike)


def _overwritten(name: str, amount: Amount) -> Model:
    def strike(data: bytearray, rng: np.random.Generator) -> None:
        _garble(data, at_start(len(data), amount), rng)

    return Model("garbage", name, strike)


def _lost(name: str, amount: Amount, *, start: bool = False, end: bool = False) -> Model:
    def strike(data: bytearray, rng: np.random.Generator) -> None:
        size = len(data)
        _zero(data, [*(at_start(size, amount) if start else ()), *(at_end(size, amount) if end else ())])

    return Model("both" if start and end else "start" if start else "end", name, strike)


def _cut(name: str, share: float) -> Model:
    def strike(data: bytearray, rng: np.random.Generator) -> Shift:
        size, kept = len(data), round(share * len(data))
        del data[kept:]
        return Shift(kept, kept - size)

    return Model("cut", name, strike)


def _inserted(count: int) -> Model:
    def strike(data: bytearray, rng: np.random.Generator) -> Shift:
        at = _middle(len(data), rng)
        data[at:at] = rng.bytes(count)
        return Shift(at, count)

    return Model("inserted", str(count), strike)


def _deleted(count: int) -> Model:
    def strike(data: bytearray, rng: np.random.Generator) -> Shift:
        at = _middle(len(data), rng)
        gone = min(count, len(data) - at)
        del data[at : at + gone]
        return Shift(at, -gone)

    return Model("deleted", str(count), strike)


def _middle(size_bytes: int, rng: np.random.Generator) -> int:
    """A place in the middle half."""
    return int(rng.integers(size_bytes // 4, size_bytes - size_bytes // 4 + 1))


MODELS: Final = (
    _bits_flipped("50", 50),
    *(_bytes_flipped(f"{rate:.0e}".replace("e-0", "e-"), rate) for rate in (1e-6, 1e-5, 1e-4)),
    _unreadable("sectors", "10", scattered, 10),
    *(
        _unreadable("sectors", f"{share:.1%}".replace(".0", ""), scattered, share)
        for share in (0.001, 0.01, 0.05, 0.09)
    ),
    *(_unreadable("burst", f"{share:.0%}", burst, share) for share in (0.01, 0.05, 0.09)),
    *(_garbage(f"{share:.0%}", share) for share in (0.01, 0.05, 0.09)),
    _overwritten("start", 64 * KIB),
    *(_unreadable("scratches", f"{share:.0%}", scratched, share) for share in (0.01, 0.05)),
    *(_lost(name, amount, start=True) for name, amount in (("64K", 64 * KIB), ("5%", 0.05))),
    *(_lost(name, amount, end=True) for name, amount in (("64K", 64 * KIB), ("5%", 0.05))),
    *(_lost(name, amount, start=True, end=True) for name, amount in (("64K", 64 * KIB), ("2%", 0.02))),
    _cut("95%", 0.95),
    _cut("92%", 0.92),
    _cut("60%", 0.6),
    *(_inserted(count) for count in (1, 1_000, SECTOR_BYTES)),
    *(_deleted(count) for count in (1, 1_000, SECTOR_BYTES)),
)


def chosen(names: str | None) -> list[Model]:
    """The models named in the comma-separated `names`, each a model or a family of them; all when there are no names.

    Raises HarmError when a name is unknown.
    """
    if names is None:
        return list(MODELS)
    wanted = names.split(",")
    known = {model.name for model in MODELS} | {model.family for model in MODELS}
    if unknown := [name for name in wanted if name not in known]:
        raise HarmError(f"no such model: {', '.join(unknown)} (there are: {', '.join(m.name for m in MODELS)})")
    return [model for model in MODELS if model.name in wanted or model.family in wanted]
